import { faultsOf, type AnyEventType, type AnyStream, type DomainEvent } from '@qiyue/decider';
import { canonicalJson, sha256 } from './canonical-json';
import { UnfitEvent } from './faults';
import { chainHash } from './hash-chain';
import { isPersonal, sealData } from './personal-data';
import type { CommandContext, EventMetadata, ProposedEvent, StoredEvent, Vault } from './types';
import { uuid5 } from './uuid5';

/** Where in a stream the events go. */
export interface Place {
  readonly stream: string;
  /** Revision of the first of them. */
  readonly revision: bigint;
  readonly prevHash: string;
}

/** What all events of one command have in common. */
export interface CommandStamp {
  readonly ctx: CommandContext;
  readonly command: string;
  /** Keyed digests. */
  readonly fingerprint: string;
  readonly factsHash: string;
}

export interface Prepared {
  readonly proposed: readonly ProposedEvent[];
  /** The same events as they will be read back, personal fields in the clear. */
  readonly stored: readonly StoredEvent[];
  readonly lastHash: string;
  /** The state they lead to. */
  readonly state: unknown;
}

/**
 * Event ids are derived from the command id and the index. Everything else that goes into the events goes into the ids as well: by way of the
 * predecessor's hash the state, by way of the keyed digests body and facts. So an append that is repeated has the same ids, and the store knows
 * it; while the same command taken a second time, at another moment, has others, and the store does not take it for the first one.
 */
const eventIds = (place: Place, { ctx, command, fingerprint, factsHash }: CommandStamp): ((index: number) => string) => {
  const { now, actor, correlationId, causationId, traceparent = null } = ctx;
  const content = sha256(
    canonicalJson([place.prevHash, command, fingerprint, factsHash, now, actor.kind, actor.id, correlationId, causationId, traceparent]),
  );
  return (index) => uuid5(ctx.commandId, `${index}:${content}`);
};

const declared = (of: AnyStream, { type }: DomainEvent): AnyEventType => {
  if (!Object.hasOwn(of.events, type)) throw new UnfitEvent(`${type} is no event of ${of.category}`);
  return of.events[type] as AnyEventType;
};

const checkedJson = (type: AnyEventType, data: unknown): string => {
  const faults = faultsOf(type.schema, data);
  if (faults.length > 0) throw new UnfitEvent(`${type.type} does not fit its schema: ${faults.join('; ')}`);
  return JSON.stringify(data);
};

/** Makes decided events ready to be stored: checked against their schemas, numbered, sealed, stamped and chained. */
export const prepare = async (
  vault: Vault,
  of: AnyStream,
  streamId: string,
  decided: readonly DomainEvent[],
  before: unknown,
  place: Place,
  stamp: CommandStamp,
): Promise<Prepared> => {
  const { ctx, command, fingerprint, factsHash } = stamp;
  const idOf = eventIds(place, stamp);
  const proposed: ProposedEvent[] = [];
  const stored: StoredEvent[] = [];
  let state = before;
  let prevHash = place.prevHash;
  for (const [index, event] of decided.entries()) {
    const type = declared(of, event);
    const json = checkedJson(type, event.data);
    const id = idOf(index);
    const revision = place.revision + BigInt(index);
    const data = await sealData(vault, type, id, json);
    // What is folded and returned is what a reader gets: the data after its way through JSON.
    const clear: unknown = isPersonal(type) ? JSON.parse(json) : data;
    state = of.evolve(state, { type: event.type, data: clear });
    const clause = event.clause ?? type.clause;
    const agreementVersion = of.agreementVersion?.(state) as string | undefined;
    const unhashed: Omit<EventMetadata, 'hash'> = {
      schemaVersion: type.version,
      correlationId: ctx.correlationId,
      causationId: ctx.causationId,
      commandId: ctx.commandId,
      fingerprint,
      command,
      factsHash,
      actor: { kind: ctx.actor.kind, id: ctx.actor.id },
      ...(clause === undefined ? {} : { clause }),
      ...(agreementVersion === undefined ? {} : { agreementVersion }),
      recordedAt: ctx.now,
      ...(ctx.traceparent === undefined ? {} : { traceparent: ctx.traceparent }),
      prevHash,
    };
    const metadata: EventMetadata = {
      ...unhashed,
      hash: chainHash({ stream: place.stream, revision, id, type: event.type, data, metadata: unhashed }),
    };
    prevHash = metadata.hash;
    proposed.push({ id, type: event.type, data, metadata });
    stored.push({ id, stream: place.stream, category: of.category, streamId, revision, type: event.type, data: clear, metadata });
  }
  return { proposed, stored, lastHash: prevHash, state };
};
