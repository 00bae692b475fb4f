import { setTimeout as pause } from 'node:timers/promises';
import type { Envelope } from '@qiyue/contracts';
import { Kafka, logLevel, Partitioners, type Admin, type Message, type Producer, type SASLOptions } from 'kafkajs';
import { oncePerTurn } from './coalesced';
import { writeEnvelope } from './envelope-text';
import { KafkaConsumer } from './kafka-consumer';
import { BusUnavailable } from './kafka-faults';
import { topicSettings, tuningOf, type KafkaTransportOptions, type KafkaTuning } from './kafka-options';
import { readTail } from './kafka-tail';
import { WrongPartitionCount, type Bounds, type ConsumeOptions, type LogConsumer, type LogTransport } from './log-transport';
import { partitionOf } from './partition-of';

/** Records of one partition go to the broker as one batch, which must stay below what a topic takes. */
const MOST_BYTES_OF_A_PARTITION = 512 * 1024;

const NEW_TOPIC_PATIENCE_MS = 5_000;
const NEW_TOPIC_PAUSE_MS = 200;

const asOutage = (error: unknown): never => {
  throw new BusUnavailable(error);
};

/**
 * The envelope as a record: structured CloudEvents, with headers for whoever filters without reading. Not all attributes: each costs every reader of the
 * topic more than all that it reads of the value.
 */
const recordOf = (envelope: Envelope, partitions: number): Message & { readonly value: string; readonly partition: number } => {
  const { specversion, id, source, type, subject, traceparent } = envelope;
  return {
    key: envelope.partitionkey,
    value: writeEnvelope(envelope),
    partition: partitionOf(envelope.partitionkey, partitions),
    headers: {
      'content-type': 'application/cloudevents+json; charset=UTF-8',
      ce_specversion: specversion,
      ce_id: id,
      ce_source: source,
      ce_type: type,
      ce_subject: subject,
      ...(traceparent === undefined ? {} : { traceparent }),
    },
  };
};

/** Cuts records into rounds, in order, so that no partition gets more in a round than one batch may hold. */
const roundsOf = (records: readonly (Message & { readonly value: string; readonly partition: number })[]): readonly Message[][] => {
  const rounds: Message[][] = [[]];
  let sizes = new Map<number, number>();
  for (const record of records) {
    const size = Buffer.byteLength(record.value) + 1_024;
    const sum = sizes.get(record.partition) ?? 0;
    if (sum > 0 && sum + size > MOST_BYTES_OF_A_PARTITION) {
      rounds.push([]);
      sizes = new Map();
    }
    rounds.at(-1)?.push(record);
    sizes.set(record.partition, (sizes.get(record.partition) ?? 0) + size);
  }
  return rounds;
};

/** The log on Apache Kafka, through the one client that this library knows. */
class KafkaTransport implements LogTransport {
  private readonly kafka: Kafka;
  private readonly tuning: KafkaTuning;
  private readonly consumers = new Set<KafkaConsumer>();
  private readonly partitions = new Map<string, number>();
  private admin: Promise<Admin> | undefined;
  private producer: Promise<Producer> | undefined;
  private closed = false;

  constructor(private readonly options: KafkaTransportOptions) {
    const { brokers, clientId = 'qiyue', ssl, sasl, socketFactory } = options;
    this.tuning = tuningOf(options);
    this.kafka = new Kafka({
      clientId,
      brokers: [...brokers],
      // What it says goes to nobody; what matters reaches whoever called.
      logLevel: logLevel.NOTHING,
      connectionTimeout: 3_000,
      requestTimeout: 20_000,
      retry: { retries: 3, initialRetryTime: 100, maxRetryTime: 1_000 },
      ...(ssl === undefined ? {} : { ssl }),
      ...(sasl === undefined ? {} : { sasl: sasl as SASLOptions }),
      ...(socketFactory === undefined ? {} : { socketFactory }),
    });
  }

  /** Makes what is missing, and waits until every partition has a leader: of a topic that another process has only just made, brokers know before they can serve it. */
  async ensureTopics(names: readonly string[], partitions: number): Promise<void> {
    for (const giveUpAt = performance.now() + NEW_TOPIC_PATIENCE_MS; ;) {
      try {
        await this.makeTopics(names, partitions);
        for (const name of names) {
          const found = await this.partitionsOf(name);
          if (found !== partitions) throw new WrongPartitionCount(`topic ${name} has ${found} partitions, not ${partitions}`);
          await this.bounds(name);
        }
        return;
      } catch (error) {
        if (error instanceof WrongPartitionCount || performance.now() > giveUpAt) throw error;
        await pause(NEW_TOPIC_PAUSE_MS);
      }
    }
  }

  private async makeTopics(names: readonly string[], partitions: number): Promise<void> {
    const admin = await this.adminClient();
    const present = new Set(await admin.listTopics().catch(asOutage));
    const missing = names.filter((name) => !present.has(name));
    if (missing.length === 0) return;
    // Another process may make them at the same time: that is no error, and what counts is what is there afterwards.
    await admin
      .createTopics({
        waitForLeaders: true,
        topics: missing.map((topic) => ({
          topic,
          numPartitions: partitions,
          replicationFactor: this.options.replicationFactor ?? -1,
          configEntries: Object.entries(topicSettings).map(([name, value]) => ({ name, value })),
        })),
      })
      .catch(asOutage);
  }

  /** Once the broker has acknowledged everything; a failed producer is never used again, because its numbering may be off. */
  async publish(topic: string, messages: readonly Envelope[]): Promise<void> {
    if (messages.length === 0) return;
    const partitions = await this.partitionsOf(topic);
    for (const round of roundsOf(messages.map((envelope) => recordOf(envelope, partitions)))) {
      const used = (this.producer ??= this.openProducer());
      try {
        await (await used).send({ topic, acks: -1, messages: round });
      } catch (error) {
        if (this.producer === used) this.producer = undefined;
        void used.then((producer) => producer.disconnect()).catch(() => undefined);
        throw new BusUnavailable(error);
      }
    }
  }

  readonly bounds = oncePerTurn((topic) => this.readBounds(topic));

  private async readBounds(topic: string): Promise<ReadonlyMap<number, Bounds>> {
    const admin = await this.adminClient();
    const offsets = await admin.fetchTopicOffsets(topic).catch(asOutage);
    return new Map(
      offsets
        .toSorted((a, b) => a.partition - b.partition)
        .map(({ partition, low, high }) => [partition, { first: BigInt(low), next: BigInt(high) }]),
    );
  }

  async head(topic: string): Promise<ReadonlyMap<number, bigint>> {
    return new Map([...(await this.bounds(topic))].map(([partition, { next }]) => [partition, next]));
  }

  async tail(topic: string): Promise<ReadonlyMap<number, Envelope>> {
    const [admin, bounds] = await Promise.all([this.adminClient(), this.bounds(topic)]);
    return readTail(this.kafka, admin, this.tuning, topic, bounds);
  }

  async consume(options: ConsumeOptions): Promise<LogConsumer> {
    if (this.closed) throw new Error('the transport is closed');
    for (const topic of options.topics) await this.partitionsOf(topic);
    const consumer = new KafkaConsumer(this.kafka, options, this.tuning, (stopped) => this.consumers.delete(stopped));
    this.consumers.add(consumer);
    try {
      await consumer.start();
    } catch (error) {
      await consumer.stop();
      throw new BusUnavailable(error);
    }
    return consumer;
  }

  async close(): Promise<void> {
    this.closed = true;
    await Promise.all([...this.consumers].map((consumer) => consumer.stop()));
    const clients = [this.producer, this.admin];
    this.producer = this.admin = undefined;
    await Promise.all(clients.map((client) => client?.then((open) => open.disconnect()).catch(() => undefined)));
  }

  /** How many partitions a topic has; that never changes. @throws when there is no such topic: topics are made on purpose, never by the way. */
  private async partitionsOf(topic: string): Promise<number> {
    const known = this.partitions.get(topic);
    if (known !== undefined) return known;
    const admin = await this.adminClient();
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] }).catch(asOutage);
    const count = topics[0]?.partitions.length ?? 0;
    if (count === 0) throw new Error(`there is no topic ${topic}`);
    this.partitions.set(topic, count);
    return count;
  }

  /** The client that asks and administers; it finds its way back to the brokers by itself once it was there. */
  private adminClient(): Promise<Admin> {
    this.admin ??= this.open(
      this.kafka.admin({ retry: { retries: 3, initialRetryTime: 100, maxRetryTime: 500 } }),
      () => (this.admin = undefined),
    );
    return this.admin;
  }

  private openProducer(): Promise<Producer> {
    const producer = this.kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner,
      retry: { retries: 3, initialRetryTime: 100, maxRetryTime: 500 },
    });
    return this.open(producer, () => undefined);
  }

  private async open<Client extends { connect(): Promise<void>; disconnect(): Promise<void> }>(
    client: Client,
    onFailure: () => void,
  ): Promise<Client> {
    try {
      await client.connect();
      return client;
    } catch (error) {
      onFailure();
      await client.disconnect().catch(() => undefined);
      throw new BusUnavailable(error);
    }
  }
}

/**
 * The log on Apache Kafka: an idempotent producer with one request in flight and `acks=all`, topics made on purpose, groups whose places come from the
 * consumers' own databases. Nothing is connected before it is used.
 */
export const kafkaTransport = (options: KafkaTransportOptions): LogTransport => new KafkaTransport(options);
