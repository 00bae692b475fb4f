import { setTimeout as pause } from 'node:timers/promises';
import type { Cluster } from '../cluster/cluster';
import type { Dice } from './dice';

/** Kills one process after the other, in an order and at moments of chance, and starts each again. */
export class Chaos {
  /** How often each was killed. */
  readonly kills = new Map<string, number>();
  private left = Infinity;
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly cluster: Cluster,
    private readonly dice: Dice,
    private readonly print: (line: string) => void,
  ) {}

  begin(): void {
    this.running = this.run();
  }

  /** Kills so many more, then no more. Resolves when everything runs again; rejects when something does not come up. */
  async endAfter(more: number): Promise<void> {
    this.left = more;
    await this.running;
  }

  /** Rejects when something does not come up; resolves when it has ended. */
  get ended(): Promise<void> {
    return this.running;
  }

  private async run(): Promise<void> {
    while (this.left > 0) {
      for (const part of this.dice.shuffled(this.cluster.parts)) {
        if (this.left <= 0) return;
        this.left -= 1;
        await pause(this.dice.between(100, 2_500));
        this.print(`  killed ${part.name}`);
        await part.kill();
        this.kills.set(part.name, (this.kills.get(part.name) ?? 0) + 1);
        await pause(this.dice.between(0, 1_500));
        await part.start();
      }
    }
  }
}
