/** A filter over `$all`, by stream name or by event type. */
export interface EventFilter {
  readonly on: 'stream' | 'type';
  /** Set when the filter is a list of prefixes, which the database can then apply. */
  readonly prefixes?: readonly string[];
  matches(event: { readonly stream: string; readonly type: string }): boolean;
}

/** The client's filter is not one. */
export class InvalidFilterError extends Error {}

const MAX_PATTERN_LENGTH = 1024;

const compile = (pattern: string): RegExp => {
  if (pattern.length > MAX_PATTERN_LENGTH) throw new InvalidFilterError(`a filter pattern may have ${MAX_PATTERN_LENGTH} characters`);
  try {
    return new RegExp(pattern);
  } catch (error) {
    throw new InvalidFilterError(error instanceof Error ? error.message : 'not a regular expression');
  }
};

/** A filter from what the client sent: a regular expression (JavaScript's dialect), or prefixes of which one must fit. */
export const eventFilter = (on: 'stream' | 'type', regex: string, prefixes: readonly string[]): EventFilter => {
  if (regex !== '') {
    const pattern = compile(regex);
    return { on, matches: (event) => pattern.test(event[on]) };
  }
  if (prefixes.length === 0) throw new InvalidFilterError('a filter needs a regular expression or at least one prefix');
  return { on, prefixes, matches: (event) => prefixes.some((prefix) => event[on].startsWith(prefix)) };
};
