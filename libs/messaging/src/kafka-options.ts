import type { ISocketFactory } from 'kafkajs';

/** What a process needs to reach its Kafka, and how it behaves there. */
export interface KafkaTransportOptions {
  /** `host:port` of some of the brokers. */
  readonly brokers: readonly string[];
  /** TLS, with certificates and keys in PEM; an empty object trusts the certificate authorities of the system. Plain TCP unless told. */
  readonly ssl?: { readonly ca?: string[]; readonly cert?: string; readonly key?: string };
  readonly sasl?: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
    readonly username: string;
    readonly password: string;
  };
  /** Names this process in the brokers' logs and quotas; `qiyue` unless told. */
  readonly clientId?: string;
  /** How long a silent member keeps its partitions; 10,000 unless told. Brokers refuse less than their `group.min.session.timeout.ms`. */
  readonly sessionMs?: number;
  /** How often a member says that it lives; a quarter of the session unless told. */
  readonly heartbeatMs?: number;
  /** How long a fetch waits at the broker when there is nothing; 250 unless told. What comes meanwhile is answered at once. */
  readonly fetchWaitMs?: number;
  /** Partitions of one consumer worked on at once; 4 unless told. */
  readonly concurrency?: number;
  /** First and longest pause after a failed batch or a lost membership; 100 and 5,000 unless told. */
  readonly retryFirstMs?: number;
  readonly retryMaxMs?: number;
  /** Copies of a topic that is made here; the brokers' default unless told. */
  readonly replicationFactor?: number;
  /** How often what was handled is told to the broker, for lag tools alone; 5,000 unless told. */
  readonly commitMs?: number;
  /** How connections are made, where that is not simply TCP or TLS. */
  readonly socketFactory?: ISocketFactory;
}

export type KafkaTuning = Required<
  Pick<KafkaTransportOptions, 'sessionMs' | 'heartbeatMs' | 'fetchWaitMs' | 'concurrency' | 'retryFirstMs' | 'retryMaxMs' | 'commitMs'>
>;

export const tuningOf = ({
  sessionMs = 10_000,
  heartbeatMs = Math.ceil(sessionMs / 4),
  fetchWaitMs = 250,
  concurrency = 4,
  retryFirstMs = 100,
  retryMaxMs = 5_000,
  commitMs = 5_000,
}: KafkaTransportOptions): KafkaTuning => ({ sessionMs, heartbeatMs, fetchWaitMs, concurrency, retryFirstMs, retryMaxMs, commitMs });

/**
 * Settings of a topic of facts. They are kept for ever, because read models of other services are filled again from here; a record may be as large
 * as the event store takes an event, and a bit more.
 */
export const topicSettings = {
  'cleanup.policy': 'delete',
  'retention.ms': '-1',
  'retention.bytes': '-1',
  'max.message.bytes': '4194304',
} as const;
