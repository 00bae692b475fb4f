/** Fewer than half of the 16 messages a stream of the database client takes before it asks its writer to wait. */
const room = 7;

/**
 * Lets appends in to the database client. Its batch stream queues messages beyond the sixteenth unwritten one, and if the connection breaks while there is
 * such a queue, it rejects promises nobody holds, which ends the process. So no more are let in than are surely written: while the connection works,
 * that is as many as the stream has taken off the writer's hands; while it is in doubt, as many as were answered.
 */
export class AppendGate {
  #entering = 0;
  #proven = false;
  readonly #waiting: (() => void)[] = [];
  #recheck: NodeJS.Timeout | undefined;

  /** `unwritten`: how many messages the stream has not written yet. */
  constructor(private readonly unwritten: () => number) {}

  /** Resolves when it is this append's turn, with what to call once it is settled; rejects with `late()` if that takes longer than `patienceMs`. */
  async enter(patienceMs: number, late: () => Error): Promise<(answered: boolean) => void> {
    if (this.#waiting.length > 0 || this.#free() <= 0) await this.#turn(patienceMs, late);
    else this.#entering += 1;
    let entering = true;
    const entered = (): void => {
      if (!entering) return;
      entering = false;
      this.#entering -= 1;
      this.#admit();
    };
    // What is let in to a working connection is in its stream's hands one turn of the event loop later.
    if (this.#proven) setImmediate(entered);
    return (answered) => {
      this.#proven = answered;
      entered();
    };
  }

  #free(): number {
    return room - this.#entering - this.unwritten();
  }

  #turn(patienceMs: number, late: () => Error): Promise<void> {
    return new Promise((resolve, reject) => {
      const admitted = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(admitted), 1);
        reject(late());
      }, patienceMs);
      this.#waiting.push(admitted);
      this.#admit();
    });
  }

  #admit(): void {
    for (let free = this.#free(); free > 0 && this.#waiting.length > 0; free -= 1) {
      this.#entering += 1;
      this.#waiting.shift()?.();
    }
    // The stream says nothing when it has written something, so it is asked again.
    if (this.#waiting.length === 0 || this.#entering > 0 || this.#recheck !== undefined) return;
    this.#recheck = setTimeout(() => {
      this.#recheck = undefined;
      this.#admit();
    }, 2);
  }
}
