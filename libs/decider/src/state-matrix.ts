import { isRejection, type Rejection } from './rejection';
import type { EventOf } from './event';
import { fold, type AnyStream, type CodeOf, type CommandName, type CommandOf, type FactsOf, type StateOf } from './stream';

/** One history for each status a stream can have. */
export type Histories<S extends AnyStream> = Readonly<Record<StateOf<S>['status'], readonly EventOf<S['events']>[]>>;

/** One command with its facts for each decision of a stream. */
export type SampleCommands<S extends AnyStream> = { readonly [Name in CommandName<S>]: readonly [CommandOf<S, Name>, FactsOf<S, Name>] };

/** What makes a decision refuse: what to put in place of the good history (by status, or event by event), or of a part of the good command or facts (by its path). */
export type Fault<S extends AnyStream = AnyStream> = {
  readonly [Place in `command.${string}` | `facts.${string}`]?: unknown;
} & { readonly history?: StateOf<S>['status'] | readonly EventOf<S['events']>[] };

/** The faults that a decision refuses, each code with one, in order of precedence: of two faults at once the first is told. */
export interface DecisionRefusals<S extends AnyStream = AnyStream, Code extends string = string> {
  /** The status on which the sample command is taken. */
  readonly on: StateOf<S>['status'];
  readonly faults: Readonly<Record<Code, Fault<S>>>;
}

/** Every decision that can refuse, with every code it can refuse with; one left out does not compile. */
export type Refusals<S extends AnyStream> = {
  readonly [Name in CommandName<S> as [CodeOf<S, Name>] extends [never] ? never : Name]: DecisionRefusals<S, CodeOf<S, Name>>;
};

/** A stream together with examples of everything it can be and be asked; fixtures, state matrix and kit-level checks all read them. */
export interface StreamExamples<S extends AnyStream = AnyStream> {
  readonly stream: S;
  readonly histories: Histories<S>;
  readonly commands: SampleCommands<S>;
  readonly refusals: Refusals<S>;
}

/** Declares the examples of a stream; a status or a command without one does not compile. */
export const examplesOf = <S extends AnyStream>(stream: S, examples: Omit<StreamExamples<S>, 'stream'>): StreamExamples<S> => ({
  stream,
  ...examples,
});

/** Prints statuses × commands as a Markdown table: events, a rejection's code, or "already so". */
export const stateMatrix = ({ stream, histories, commands }: StreamExamples): string => {
  const names = Object.keys(commands).sort();
  const cell = (history: readonly never[], name: string): string => {
    const [command, facts] = commands[name] as readonly [never, never];
    const decided = (stream.decide[name] as (...args: never[]) => readonly { type: string }[] | Rejection)(
      fold(stream, history) as never,
      command,
      facts,
    );
    if (isRejection(decided)) return `\`${decided.code}\``;
    return decided.length === 0 ? 'already so' : decided.map((event) => event.type).join(', ');
  };
  const rows = Object.entries(histories as Readonly<Record<string, readonly never[]>>).map(
    ([status, history]) => `| ${status} | ${names.map((name) => cell(history, name)).join(' | ')} |`,
  );
  return [`| | ${names.join(' | ')} |`, `|---|${names.map(() => '---').join('|')}|`, ...rows].join('\n');
};
