/** Work that many things may call for at once. */
export interface Coalesced {
  /** Runs it now, or once more after the run that is under way. */
  (): Promise<void>;
  /** Resolves when nothing runs. */
  idle(): Promise<void>;
}

/** Joins calls that come while it runs into one further run, and loses none of them. Failures go to `onError`. */
export const coalesced = (run: () => Promise<void>, onError: (error: unknown) => void): Coalesced => {
  let running: Promise<void> | undefined;
  let again = false;
  const loop = async (): Promise<void> => {
    while (again) {
      again = false;
      await run().catch(onError);
    }
    // No await between the last look at `again` and this line, so a call is either seen above or starts anew.
    running = undefined;
  };
  const call = (): Promise<void> => {
    again = true;
    if (running !== undefined) return running;
    // Deferred by a tick: `loop` must not end before `running` is set.
    return (running = Promise.resolve().then(loop));
  };
  return Object.assign(call, {
    idle: async () => {
      while (running !== undefined) await running;
    },
  });
};

/** Answers that many ask for in the same turn are worked out once, after all of them have asked; later questions get later answers. */
export const oncePerTurn = <T>(work: (key: string) => Promise<T>): ((key: string) => Promise<T>) => {
  const asked = new Map<string, Promise<T>>();
  return (key) => {
    const known =
      asked.get(key) ??
      new Promise<void>((resolve) => void setImmediate(resolve)).then(() => {
        asked.delete(key);
        return work(key);
      });
    asked.set(key, known);
    return known;
  };
};
