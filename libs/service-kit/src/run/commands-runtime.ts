import {
  AccountForgotten,
  AmbiguousAppend,
  AppendTooLarge,
  StoreUnavailable,
  uuid5,
  type CommandContext,
  type Executor,
} from '@qiyue/event-store';
import { isRejection, type AnyStream, type CommandName, type CommandOf, type RejectionEntry, type StateOf } from '@qiyue/decider';
import { OUTCOME, REVISION, type CommandAnswer } from '../answer';
import { Commands, type Facts } from '../commands';
import type { Clock } from '../clock';
import type { Loaded } from '../declare/reaction';
import { actorOf, newId, type Caller } from '../http/caller';
import { kitProblem, problemOf } from '../http/problem';
import type { ServiceMetrics } from './metrics';

/** Ids that a stream's name may end with; anything else names nothing. */
const STREAM_ID = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;

/** Whether an id can be a stream's. */
export const isStreamId = (id: unknown): id is string => typeof id === 'string' && STREAM_ID.test(id);

/** The id of a command on one stream, made of the request's (or event's) id: one request may command several streams. */
export const commandIdOn = (commandId: string, stream: AnyStream, id: string, name: string): string =>
  uuid5(commandId, `${stream.category}-${id}|${name}`);

/** Plain JSON of a validated body: no class, no undefined. */
export const toPlain = <T>(body: T): T => JSON.parse(JSON.stringify(body ?? {})) as T;

/** What the store throws, as what the edge answers. */
export const problemOfStoreFault = (fault: unknown): unknown => {
  if (fault instanceof AccountForgotten) return kitProblem('account-erased');
  if (fault instanceof AppendTooLarge) return kitProblem('too-large');
  if (fault instanceof StoreUnavailable || fault instanceof AmbiguousAppend) return kitProblem('unavailable', {}, 1);
  return fault;
};

interface Parts {
  readonly executor: Executor;
  readonly clock: Clock;
  readonly table: Readonly<Record<string, RejectionEntry>>;
  readonly metrics: ServiceMetrics;
  /** Commands that may wait for one stream; reactions and deadlines wait however many there are. */
  readonly waitingMax: number;
}

export class CommandsRuntime extends Commands {
  constructor(private readonly parts: Parts) {
    super();
  }

  override async execute<S extends AnyStream, N extends CommandName<S>>(
    stream: S,
    name: N,
    id: string,
    command: CommandOf<S, N>,
    facts: Facts<S, N>,
    who: Caller,
  ): Promise<CommandAnswer> {
    const { executor, table, metrics, waitingMax } = this.parts;
    if (!isStreamId(id)) throw kitProblem('not-found');
    const guarded = who.expectedRevision === undefined ? facts : this.guard(stream, id, facts, who.expectedRevision, { name, command });
    const outcome = await executor
      .execute(stream, id, name, toPlain(command), guarded as never, this.contextOf(commandIdOn(who.commandId, stream, id, name), who), {
        // Named by this very command: nobody else can have written to it.
        expectNew: id === newId(who),
        waitingMax,
      })
      .catch((fault: unknown) => {
        throw problemOfStoreFault(fault);
      });
    metrics.command(name, outcome.kind === 'rejected' ? outcome.code : outcome.replayed ? 'replayed' : 'accepted');
    if (outcome.kind === 'rejected') throw problemOf(outcome, table);
    const events = outcome.events.map(({ type, metadata }: { type: string; metadata: { clause?: string } }) => ({
      type,
      ...(metadata.clause === undefined ? {} : { clause: metadata.clause }),
    }));
    const created = events.length > 0 && BigInt(outcome.revision) === BigInt(events.length - 1);
    return {
      id,
      revision: outcome.revision,
      events,
      replayed: outcome.replayed,
      [REVISION]: outcome.revision,
      [OUTCOME]: { created, replayed: outcome.replayed },
    };
  }

  override async load<S extends AnyStream>(stream: S, id: string): Promise<Loaded<S>> {
    if (!isStreamId(id)) return { state: stream.initialState as StateOf<S> };
    const { state, revision } = await this.parts.executor.load(stream, id).catch((fault: unknown) => {
      throw problemOfStoreFault(fault);
    });
    return { state, ...(revision === undefined ? {} : { revision: revision.toString() }) };
  }

  override refuse(code: string, details?: Readonly<Record<string, string | number | boolean | null>>): never {
    throw problemOf({ code, details }, this.parts.table);
  }

  private contextOf(commandId: string, who: Caller): CommandContext {
    const { clock } = this.parts;
    return {
      commandId,
      fingerprint: who.fingerprint,
      correlationId: who.correlationId,
      causationId: who.commandId,
      actor: actorOf(who),
      now: clock.now(),
      ...(who.traceparent === '' ? {} : { traceparent: who.traceparent }),
    };
  }

  /**
   * Facts that are only given while the stream stands at the expected revision. They are asked for after the executor has read the stream, so if the append
   * then succeeds, the stream stood there all the while. That there is no such thing goes before that it is not as expected.
   */
  private guard<S extends AnyStream, N extends CommandName<S>>(
    stream: S,
    id: string,
    facts: Facts<S, N>,
    expected: string,
    { name, command }: { readonly name: N; readonly command: CommandOf<S, N> },
  ) {
    return async (state: StateOf<S>): Promise<unknown> => {
      const { revision } = await this.parts.executor.load(stream, id);
      const given: unknown = typeof facts === 'function' ? await (facts as (state: StateOf<S>) => unknown)(state) : facts;
      if ((revision ?? -1n).toString() === expected) return given;
      const decided: unknown = stream.decide[name]?.(state, toPlain(command), given);
      if (isRejection(decided) && this.parts.table[decided.code]?.status === 404) return given;
      throw kitProblem('revision-mismatch');
    };
  }
}
