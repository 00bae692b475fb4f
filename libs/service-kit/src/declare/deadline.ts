import type { AnyStream, CodeOf, CommandName, CommandOf, FactsOf, Static, TObject } from '@qiyue/decider';
import type { Item } from '@qiyue/projections';
import type { FactsContext, FactsOption, Instant, ReactionContext } from './reaction';

/** A deadline that has come. */
export interface DueDeadline {
  readonly name: string;
  /** Id of the stream it is set on, without the category. */
  readonly streamId: string;
  /** When it was due; `now` may be later after an outage. */
  readonly dueAt: Instant;
  readonly now: Instant;
  /** The event that set it. */
  readonly eventId: string;
}

type DataOf<Type> = Type extends { readonly schema: infer Schema extends TObject } ? Static<Schema> : never;
export type DeadlineContext = Omit<FactsContext, 'item'> & { readonly deadline: DueDeadline };
export type DeadlineRunContext = Omit<ReactionContext, 'item'>;

/** A deadline as the runtime sees it. */
export interface AnyDeadline {
  readonly kind: 'deadline';
  readonly name: string;
  readonly stream: AnyStream;
  readonly set: Readonly<Record<string, (data: never, item: Item) => Instant | undefined>>;
  readonly clear: readonly string[];
  readonly decide?: string;
  readonly mayReject: readonly string[];
  readonly run: (context: DeadlineRunContext, deadline: DueDeadline) => Promise<void>;
}

interface Common<S extends AnyStream> {
  /** Unique on its stream and part of the derived command id. */
  readonly name: string;
  readonly stream: S;
  /** Events that set or move it, with the instant (the deadline is over from that very instant on); undefined clears it. Personal fields are sealed here. */
  readonly set: { readonly [E in keyof S['events'] & string]?: (data: DataOf<S['events'][E]>, item: Item) => Instant | undefined };
  /** Events after which it is no longer waited for. */
  readonly clear?: readonly (keyof S['events'] & string)[];
}

interface Commanding<S extends AnyStream, N extends CommandName<S>> extends Common<S> {
  readonly decide: N;
  /** Codes that end the deadline quietly. Any other rejection is retried and then parked. */
  readonly mayReject?: readonly CodeOf<S, N>[];
}

type CommandOption<Command> = object extends Command
  ? { readonly command?: (deadline: DueDeadline) => Command }
  : { readonly command: (deadline: DueDeadline) => Command };

interface FreeForm<S extends AnyStream> extends Common<S> {
  readonly mayReject?: readonly string[];
  readonly run: (context: DeadlineRunContext, deadline: DueDeadline) => Promise<void>;
}

interface Loose {
  readonly decide: string;
  readonly command?: (deadline: DueDeadline) => unknown;
  readonly facts?: (context: DeadlineContext) => unknown;
}

/**
 * A deadline of a stream: set and cleared by the stream's own events, given as a command to that same stream once it is due.
 * The command's id is derived from stream, name and instant, so firing twice is firing once. Missed ones fire in due order.
 */
export function onDeadline<S extends AnyStream, N extends CommandName<S>>(
  declared: Commanding<S, N> & CommandOption<CommandOf<S, N>> & FactsOption<FactsOf<S, N>, DeadlineContext>,
): AnyDeadline;
export function onDeadline<S extends AnyStream>(declared: FreeForm<S>): AnyDeadline;
export function onDeadline(declared: (Common<AnyStream> & Loose & { mayReject?: readonly string[] }) | FreeForm<AnyStream>): AnyDeadline {
  const { name, stream } = declared;
  const common = {
    kind: 'deadline' as const,
    name,
    stream,
    set: declared.set as AnyDeadline['set'],
    clear: declared.clear ?? [],
    mayReject: declared.mayReject ?? [],
  };
  if ('run' in declared) return { ...common, run: declared.run };
  const { decide, command, facts } = declared;
  return {
    ...common,
    decide,
    run: async (context, deadline) => {
      const known = facts === undefined ? { now: context.now } : await facts({ ...context, deadline });
      await context.execute(stream, deadline.streamId, decide, (command?.(deadline) ?? {}) as never, known as never, '');
    },
  };
}
