import { createContext, Script } from 'node:vm';
import { LruMap } from './lru';

/** A filter over `$all`, by stream name or by event type. */
export interface EventFilter {
  readonly on: 'stream' | 'type';
  /** Set when the filter is a list of prefixes, which the database can then apply. */
  readonly prefixes?: readonly string[];
  /** @throws InvalidFilterError when the pattern takes too long to try. */
  matches(event: { readonly stream: string; readonly type: string }): boolean;
}

/** The client's filter is not one. */
export class InvalidFilterError extends Error {}

const MAX_PATTERN_LENGTH = 1024;

// A pattern may try names for ever; one that does would stop the whole node. Those that cannot are tried directly, the others
// under a time limit, which costs a good deal more, so their answers are remembered.
const TIME_LIMIT_MS = 100;
const REMEMBERED = 10_000;

const compile = (pattern: string): RegExp => {
  if (pattern.length > MAX_PATTERN_LENGTH) throw new InvalidFilterError(`a filter pattern may have ${MAX_PATTERN_LENGTH} characters`);
  // The server's dialect writes flags for the whole pattern at its beginning.
  const [flagged, flags = ''] = /^\(\?([ims]+)\)/.exec(pattern) ?? [''];
  try {
    return new RegExp(pattern.slice(flagged.length), flags);
  } catch (error) {
    throw new InvalidFilterError(error instanceof Error ? error.message : 'not a regular expression');
  }
};

/** At most two repetitions, none of them of a group, and no back-references: at worst quadratic in the length of a name. */
const isHarmless = (source: string): boolean => !/\)[*+?{]|\\[1-9k]/.test(source) && (source.match(/[*+}]/g) ?? []).length <= 2;

const guarded = (pattern: RegExp): ((name: string) => boolean) => {
  const answers = new LruMap<string, boolean>(REMEMBERED);
  const script = new Script('pattern.test(name)');
  const context = createContext({ pattern, name: '' });
  return (name) => {
    const known = answers.get(name);
    if (known !== undefined) return known;
    context['name'] = name;
    let answer: boolean;
    try {
      answer = script.runInContext(context, { timeout: TIME_LIMIT_MS }) === true;
    } catch {
      throw new InvalidFilterError('the filter pattern takes too long');
    }
    answers.set(name, answer);
    return answer;
  };
};

/** A filter from what the client sent: a regular expression (JavaScript's dialect), or prefixes of which one must fit. */
export const eventFilter = (on: 'stream' | 'type', regex: string, prefixes: readonly string[]): EventFilter => {
  if (regex !== '') {
    const pattern = compile(regex);
    const test = isHarmless(pattern.source) ? (name: string): boolean => pattern.test(name) : guarded(pattern);
    return { on, matches: (event) => test(event[on]) };
  }
  if (prefixes.length === 0) throw new InvalidFilterError('a filter needs a regular expression or at least one prefix');
  return { on, prefixes, matches: (event) => prefixes.some((prefix) => event[on].startsWith(prefix)) };
};
