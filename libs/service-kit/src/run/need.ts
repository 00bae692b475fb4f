/** Something that a process needs to start does not answer, or says no; the message is one line and says what. */
export class CannotStart extends Error {
  override readonly name = 'CannotStart';
}

/** What a fault says, in one line, with its code; an error of several attempts to connect has its words in its parts. */
const wordsOf = (fault: unknown): string => {
  if (fault instanceof AggregateError) return [...new Set(fault.errors.map(wordsOf))].join('; ');
  if (!(fault instanceof Error)) return String(fault);
  const words = (fault.message.split('\n')[0] ?? '') || fault.name;
  const { code } = fault as { code?: unknown };
  return typeof code === 'string' && !words.includes(code) ? `${words} (${code})` : words;
};

/** Does the first thing that needs something else to be there. Throws `CannotStart` when it fails or takes too long: whoever starts processes starts this one again. */
export const need = async <T>(what: string, run: () => Promise<T>, patienceMs = 15_000): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${patienceMs / 1000} s`)), patienceMs);
  });
  try {
    return await Promise.race([run(), late]);
  } catch (fault) {
    throw new CannotStart(`cannot start: ${what}: ${wordsOf(fault)}`, { cause: fault });
  } finally {
    clearTimeout(timer);
  }
};
