import type { SeenId } from './commit-check';

/** The newest event ids and where they went, oldest forgotten first; what makes a repeated append without an expected revision harmless. */
export class RecentIds {
  private readonly ids = new Map<string, SeenId>();

  constructor(private readonly capacity: number) {}

  get(id: string): SeenId | undefined {
    return this.ids.get(id);
  }

  note(id: string, seen: SeenId): void {
    this.ids.delete(id);
    this.ids.set(id, seen);
    if (this.ids.size <= this.capacity) return;
    const oldest = this.ids.keys().next();
    if (!oldest.done) this.ids.delete(oldest.value);
  }

  clear(): void {
    this.ids.clear();
  }
}
