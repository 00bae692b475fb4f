import type { Envelope } from '@qiyue/contracts';

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
