import type { Envelope } from '@qiyue/contracts';
import type { AnyStream } from '@qiyue/decider';
import { comparePlaces, declarationOf, envelopeOf, placeOf } from './envelope-of';
import { Unmappable } from './faults';
import { partitionOf } from './partition-of';
import type { Position, RelayedEvent } from './relay-options';

/** What is to be told of a run of events. */
export interface RelayPlan {
  readonly envelopes: readonly Envelope[];
  /** Facts that are on the bus already. */
  readonly skipped: number;
  /** Sequence told last, of the streams that change. */
  readonly tails: ReadonlyMap<string, bigint>;
  /** Place of the last event the plan covers; undefined when it covers none. */
  readonly upTo: Position | undefined;
  /** Place of the last fact told. */
  readonly told: Position | undefined;
  /** Place of the last record of each partition once the envelopes are on the bus. */
  readonly onBus: ReadonlyMap<number, Position>;
  /** The event that cannot be told; the plan ends before it. */
  readonly stuck?: Unmappable;
}

export interface RelayPlanInput {
  readonly events: readonly RelayedEvent[];
  readonly streams: readonly AnyStream[];
  /** Sequence told last of each stream, before these events. */
  readonly tails: ReadonlyMap<string, bigint>;
  /** Place of the last record of each partition: facts up to there need not be told again. */
  readonly onBus: ReadonlyMap<number, Position>;
  readonly partitions: number;
}

/** Maps events to facts. Pure: the same events and the same tails give the same envelopes, so telling again is telling the same. */
export const planRelay = ({ events, streams, tails: before, onBus: held, partitions }: RelayPlanInput): RelayPlan => {
  const envelopes: Envelope[] = [];
  const tails = new Map<string, bigint>();
  const onBus = new Map(held);
  let skipped = 0;
  let upTo: Position | undefined;
  let told: Position | undefined;
  for (const event of events) {
    const partition = partitionOf(event.stream, partitions);
    const last = onBus.get(partition);
    let envelope: Envelope | undefined;
    try {
      envelope = envelopeOf(event, declarationOf(streams, event), {
        sequence: tails.get(event.stream) ?? before.get(event.stream),
        place: last,
      });
    } catch (error) {
      if (error instanceof Unmappable) return { envelopes, skipped, tails, upTo, told, onBus, stuck: error };
      throw error;
    }
    upTo = event.position;
    if (envelope === undefined) continue;
    tails.set(event.stream, event.revision);
    told = event.position;
    const place = placeOf(envelope);
    if (last !== undefined && comparePlaces(place, last) <= 0) {
      skipped += 1;
      continue;
    }
    onBus.set(partition, place);
    envelopes.push(envelope);
  }
  return { envelopes, skipped, tails, upTo, told, onBus };
};
