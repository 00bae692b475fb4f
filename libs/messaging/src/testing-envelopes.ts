import type { Envelope } from '@qiyue/contracts';
import { partitionOf } from './partition-of';

export interface SampleEnvelope {
  /** `lamp-1` unless told. */
  readonly stream?: string;
  readonly sequence: number | bigint;
  readonly previous?: number | bigint | undefined;
  /** `qiyue.lamp.LampLit.v1` unless told. */
  readonly type?: string;
  readonly data?: unknown;
  /** Place in the event store; the sequence unless told. */
  readonly commit?: number | bigint;
}

/** An envelope whose id is a function of stream and sequence: the same event made twice has the same id. */
export const sampleEnvelope = ({
  stream = 'lamp-1',
  sequence,
  previous,
  type = 'qiyue.lamp.LampLit.v1',
  data = { watt: 5 },
  commit = sequence,
}: SampleEnvelope): Envelope => ({
  specversion: '1.0',
  id: `${stream}@${sequence}`,
  source: '/qiyue/lamp',
  type,
  subject: stream,
  partitionkey: stream,
  time: '2026-03-02T00:00:00.000Z',
  recordedtime: '2026-03-02T00:00:00.000Z',
  datacontenttype: 'application/json',
  dataschema: `urn:qiyue:schema:${type}`,
  sequence: String(sequence),
  ...(previous === undefined ? {} : { previoussequence: String(previous) }),
  position: `${commit}:${commit}`,
  correlationid: 'correlation',
  causationid: 'causation',
  chainhash: 'a'.repeat(64),
  data,
});

/** The first `count` envelopes of a stream, each naming the one before it. */
export const sampleStream = (stream: string, count: number, data: unknown = { watt: 5 }): readonly Envelope[] =>
  Array.from({ length: count }, (_, at) => sampleEnvelope({ stream, sequence: at, previous: at === 0 ? undefined : at - 1, data }));

/**
 * Gives envelopes the places of a store, as the relay that tells them does: each stands behind the ones before and names the last one of its partition.
 * An envelope that is told again (by its id) keeps what it was given.
 */
export const placing = (partitions: number): ((envelopes: readonly Envelope[]) => readonly Envelope[]) => {
  const placed = new Map<string, Pick<Envelope, 'position' | 'previousposition'>>();
  const ends = new Map<number, string>();
  return (envelopes) =>
    envelopes.map(({ previousposition: _none, ...envelope }) => {
      const partition = partitionOf(envelope.partitionkey, partitions);
      const end = ends.get(partition);
      const position = `${placed.size + 1}:${placed.size + 1}`;
      const place = placed.get(envelope.id) ?? { position, ...(end === undefined ? {} : { previousposition: end }) };
      if (!placed.has(envelope.id)) ends.set(partition, position);
      placed.set(envelope.id, place);
      return { ...envelope, ...place };
    });
};
