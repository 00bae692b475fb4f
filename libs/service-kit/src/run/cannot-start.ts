/** Something that a process needs at its start cannot be reached or does not let it in. One line; no value of a setting is in it. */
export class CannotStart extends Error {
  override readonly name = 'CannotStart';
}

/** The first line of what stands in the way; an error of several connection attempts has its words in its parts. */
const wordsOf = (fault: unknown): string => {
  const { errors, message = String(fault) } = fault as { readonly errors?: readonly unknown[]; readonly message?: string };
  return errors === undefined ? (message.split('\n')[0] ?? '') : errors.map(wordsOf).join('; ');
};

/** Does what needs `what`; throws `CannotStart` with its name. */
export const reaching = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (fault) {
    throw new CannotStart(`${what} cannot be used: ${wordsOf(fault)}`, { cause: fault });
  }
};
