import type { Type as Class, Abstract } from '@nestjs/common';
import type { AnyEventType, AnyStream, CodeOf, CommandName, CommandOf, FactLike, FactsOf, StateOf, Static, TObject } from '@qiyue/decider';
import type { Item } from '@qiyue/projections';
import type { Rows } from '../rows';

/** An instant, ISO 8601 in UTC with milliseconds. */
export type Instant = string;

/** What a reaction listens to: a fact of another service, or an event of a stream of its own service. */
export type Trigger = FactLike | AnyEventType;
type OneOf<On> = On extends readonly (infer T)[] ? T : On;

/** The data a trigger carries, personal fields revealed. */
export type TriggerData<On> =
  OneOf<On> extends infer T ? (T extends { readonly schema: infer Schema extends TObject } ? Static<Schema> : never) : never;

/** A class (abstract ones included) under which a service provides a port. */
export type PortToken<T> = Class<T> | Abstract<T>;

/** What a decision may need beside the command. */
export interface FactsContext {
  /** The platform's clock, read once per attempt. */
  readonly now: Instant;
  readonly rows: Rows;
  readonly item: Item;
  port<T>(token: PortToken<T>): T;
  load<S extends AnyStream>(stream: S, id: string): Promise<Loaded<S>>;
}

/** A stream as it stands, personal fields revealed. */
export interface Loaded<S extends AnyStream> {
  readonly state: StateOf<S>;
  /** Of the last event, as a decimal string; absent when there is no such stream. */
  readonly revision?: string;
}

/** How a command given by a reaction ended. A rejection that is not listed in `mayReject` is thrown instead. */
export type ReactionOutcome =
  | {
      readonly kind: 'accepted';
      readonly revision?: string;
      readonly events: readonly { readonly type: string; readonly data: unknown }[];
      readonly replayed: boolean;
    }
  | { readonly kind: 'rejected'; readonly code: string };

/** What a free-form reaction works with. Everything it does may happen twice: derive ids from `commandId`, hand them to the outside. */
export interface ReactionContext extends FactsContext {
  /**
   * Gives a command to a stream of this service. Its id is derived from the event, the reaction, the stream and the command's name;
   * a reaction that gives the same command to the same stream more than once tells the calls apart by `suffix`.
   */
  execute<S extends AnyStream, N extends CommandName<S>>(
    stream: S,
    id: string,
    name: N,
    command: CommandOf<S, N>,
    facts?: FactsOf<S, N>,
    suffix?: string,
  ): Promise<ReactionOutcome>;
  /** The same UUID each time this event is reacted to. */
  commandId(suffix: string): string;
  /** The same UUID each time, for a stream that the reaction opens. */
  newId(suffix?: string): string;
  /** W3C trace context of the event's cause, for calls to the outside. */
  readonly traceparent?: string;
}

/** Facts may be left out where the clock alone is enough. */
export type FactsOption<Facts, Context> = { readonly now: Instant } extends Facts
  ? { readonly facts?: (context: Context) => Facts | Promise<Facts> }
  : { readonly facts: (context: Context) => Facts | Promise<Facts> };

/** A reaction, whatever it listens to, as the runtime sees it. */
export interface AnyReaction {
  readonly kind: 'reaction';
  readonly name: string;
  readonly on: readonly Trigger[];
  readonly stream?: AnyStream;
  readonly decide?: string;
  readonly mayReject: readonly string[];
  readonly run: (context: ReactionContext, data: never, item: Item) => Promise<void>;
}

interface Common<On> {
  /** Unique in its service and part of the derived command ids: renaming one reacts again to what is redelivered. Defaults to `<decide>-on-<trigger>`. */
  readonly name?: string;
  readonly on: On;
}

interface Commanding<On, S extends AnyStream, N extends CommandName<S>> extends Common<On> {
  readonly stream: S;
  /** Which stream the command goes to; several get the same command; undefined when the trigger concerns none. */
  readonly id: (data: TriggerData<On>, item: Item) => string | readonly string[] | undefined;
  readonly decide: N;
  readonly command: (data: TriggerData<On>, item: Item) => CommandOf<S, N>;
  /** Codes that end the reaction quietly. Any other rejection is retried and then parked. */
  readonly mayReject?: readonly CodeOf<S, N>[];
}

interface FreeForm<On> extends Common<On> {
  readonly name: string;
  readonly mayReject?: readonly string[];
  readonly run: (context: ReactionContext, data: TriggerData<On>, item: Item) => Promise<void>;
}

const kebab = (name: string): string => name.replace(/([a-z0-9])([A-Z])/g, '$1-$2').toLowerCase();

/** The name of a trigger: its fact's or its event's. */
export const triggerName = (trigger: Trigger): string => ('service' in trigger ? trigger.name : trigger.type);

const runCommand =
  (declared: Commanding<Trigger, AnyStream, string> & { readonly facts?: (context: FactsContext) => unknown }) =>
  async (context: ReactionContext, data: never, item: Item): Promise<void> => {
    const found = declared.id(data, item);
    if (found === undefined) return;
    const ids = typeof found === 'string' ? [found] : found;
    for (const id of ids) {
      const facts = declared.facts === undefined ? { now: context.now } : await declared.facts(context);
      await context.execute(
        declared.stream,
        id,
        declared.decide,
        declared.command(data, item),
        facts as never,
        typeof found === 'string' ? '' : id,
      );
    }
  };

/**
 * Turns a fact of another service, or an event of this one, into a command on a stream of this service.
 * Foreign facts come by the bus, own events by the service's own subscription; both are retried a bounded number of times and then parked with their stream.
 * The free form (`run`) is for work outside: it loads, calls a port, records the outcome.
 */
export function reaction<const On extends Trigger | readonly Trigger[], S extends AnyStream, N extends CommandName<S>>(
  declared: Commanding<On, S, N> & FactsOption<FactsOf<S, N>, FactsContext>,
): AnyReaction;
export function reaction<const On extends Trigger | readonly Trigger[]>(declared: FreeForm<On>): AnyReaction;
export function reaction(declared: Commanding<Trigger, AnyStream, string> | FreeForm<Trigger>): AnyReaction {
  const on = (Array.isArray(declared.on) ? declared.on : [declared.on]) as readonly Trigger[];
  const mayReject = declared.mayReject ?? [];
  if ('run' in declared) return { kind: 'reaction', name: declared.name, on, mayReject, run: declared.run as AnyReaction['run'] };
  const name = declared.name ?? `${kebab(declared.decide)}-on-${on.map((trigger) => kebab(triggerName(trigger))).join('-or-')}`;
  return { kind: 'reaction', name, on, mayReject, stream: declared.stream, decide: declared.decide, run: runCommand(declared) };
}
