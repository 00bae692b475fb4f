import { uuid5, type Executor, type StoredEvent, type Vault } from '@qiyue/event-store';
import type { AnyStream, CommandName, CommandOf, FactsOf } from '@qiyue/decider';
import type { Item } from '@qiyue/projections';
import type { Clock } from '../clock';
import type { Commands } from '../commands';
import type { PortToken, ReactionContext, ReactionOutcome } from '../declare/reaction';
import type { Rows } from '../rows';
import { toPlain } from './commands-runtime';

/** What reactions and deadlines of one service work with. */
export interface ReactingParts {
  readonly service: string;
  readonly executor: Executor;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly commands: Commands;
  readonly rows: Rows;
  get<T>(token: PortToken<T>): T;
}

/** Why a command is given. */
export interface Cause {
  /** UUID; every id the reaction uses is derived from it. */
  readonly base: string;
  /** The event that is reacted to. */
  readonly eventId: string;
  readonly correlationId: string;
  readonly traceparent?: string | undefined;
  readonly mayReject: readonly string[];
}

/** A command of a reaction was refused with a code that it does not expect. */
export class UnexpectedRejection extends Error {
  constructor(
    readonly code: string,
    readonly command: string,
  ) {
    super(`${command} was refused: ${code}`);
    this.name = 'UnexpectedRejection';
  }
}

/** The base of a reaction's ids. */
export const reactionBase = (eventId: string, reaction: string): string => uuid5(eventId, reaction);

/** The context a reaction (or, without an item, a deadline) works with. `now` is read once. */
export const contextFor = (parts: ReactingParts, cause: Cause): Omit<ReactionContext, 'item'> => {
  const { service, executor, clock, commands, rows } = parts;
  const now = clock.now();
  const execute = async <S extends AnyStream, N extends CommandName<S>>(
    stream: S,
    id: string,
    name: N,
    command: CommandOf<S, N>,
    facts?: FactsOf<S, N>,
    suffix = 'command',
  ): Promise<ReactionOutcome> => {
    // The one command of a declared reaction has the base itself as its id; a free-form reaction gives any number of them.
    const commandId = suffix === '' ? cause.base : uuid5(cause.base, `${stream.category}-${id}|${name}|${suffix}`);
    const context = {
      commandId,
      correlationId: cause.correlationId,
      causationId: cause.eventId,
      actor: { kind: 'service' as const, id: service },
      now: clock.now(),
      ...(cause.traceparent === undefined ? {} : { traceparent: cause.traceparent }),
    };
    const outcome = await executor.execute(stream, id, name, toPlain(command), (facts ?? { now }) as FactsOf<S, N>, context);
    if (outcome.kind === 'rejected') {
      if (cause.mayReject.includes(outcome.code)) return { kind: 'rejected', code: outcome.code };
      throw new UnexpectedRejection(outcome.code, `${stream.category}.${name}`);
    }
    const events = outcome.events.map(({ type, data }: { type: string; data: unknown }) => ({ type, data }));
    return { kind: 'accepted', events, replayed: outcome.replayed, ...(outcome.revision === '-1' ? {} : { revision: outcome.revision }) };
  };
  return {
    now,
    rows,
    execute,
    port: (token) => parts.get(token),
    load: (stream, id) => commands.load(stream, id),
    commandId: (suffix) => uuid5(cause.base, suffix),
    newId: (suffix = 'id') => uuid5(cause.base, `new|${suffix}`),
    ...(cause.traceparent === undefined ? {} : { traceparent: cause.traceparent }),
  };
};

/** What a reaction is run on: an own event or a fact, with where it came from. */
export interface Occurrence {
  readonly item: Item;
  readonly traceparent?: string | undefined;
}

/** Runs one reaction on one occurrence, its personal fields revealed. */
export const runReaction = async (
  parts: ReactingParts,
  reaction: {
    readonly name: string;
    readonly mayReject: readonly string[];
    readonly run: (context: ReactionContext, data: never, item: Item) => Promise<void>;
  },
  { item, traceparent }: Occurrence,
): Promise<void> => {
  await parts.clock.reach(item.recordedAt);
  // Most reactions read few of an event's personal fields.
  const data = await parts.vault.revealWhenRead(item.data);
  const revealed = { ...item, data };
  const context = contextFor(parts, {
    base: reactionBase(item.id, reaction.name),
    eventId: item.id,
    correlationId: item.correlationId,
    traceparent,
    mayReject: reaction.mayReject,
  });
  await reaction.run({ ...context, item: revealed }, data as never, revealed);
};

/** The trace that a stored event belongs to. */
export const traceOfStored = ({ metadata }: StoredEvent): string | undefined => metadata.traceparent;
