import { kitProblem } from '@qiyue/service-kit';

/** Lets some through at a time and a bounded number wait; whoever comes then is told to come again (503), so that a flood costs neither memory nor everybody else's turn. */
export class Turnstile {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly atATime: number,
    private readonly waitingMax: number,
  ) {}

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.running >= this.atATime) {
      if (this.waiting.length >= this.waitingMax) throw kitProblem('overloaded', {}, 1);
      // Whoever leaves hands over its place.
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    } else {
      this.running += 1;
    }
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next === undefined) this.running -= 1;
      else next();
    }
  }
}
