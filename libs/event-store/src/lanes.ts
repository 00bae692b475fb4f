/**
 * Runs work of one name one after the other, of different names side by side. Commands on one stream wait for each other
 * here instead of racing at the store, where all but one would lose.
 */
export class Lanes {
  readonly #tails = new Map<string, Promise<unknown>>();
  readonly #lengths = new Map<string, number>();

  /** How many of this name run or wait. */
  length(name: string): number {
    return this.#lengths.get(name) ?? 0;
  }

  async run<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(name);
    const mine = before === undefined ? work() : before.then(work, work);
    this.#tails.set(name, mine);
    this.#lengths.set(name, this.length(name) + 1);
    try {
      return await mine;
    } finally {
      if (this.#tails.get(name) === mine) this.#tails.delete(name);
      const left = this.length(name) - 1;
      if (left > 0) this.#lengths.set(name, left);
      else this.#lengths.delete(name);
    }
  }
}
