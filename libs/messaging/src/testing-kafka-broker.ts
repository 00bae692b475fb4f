import { Socket, connect } from 'node:net';
import { Kafka, logLevel, Partitioners, type ISocketFactory } from 'kafkajs';
import { kafkaTransport } from './kafka-transport';
import type { KafkaTransportOptions } from './kafka-options';
import type { LogTransport } from './log-transport';
import type { Broker } from './testing-broker';

/** The client hears of an error, as it would from the network; a plain `destroy` would tell it nothing. */
const broken = (code: string): Error => Object.assign(new Error('the line was cut'), { code });

/** The connections of one process, which can be cut and made anew. */
class Line {
  private readonly sockets = new Set<Socket>();
  private whole = true;

  readonly connect: ISocketFactory = ({ host, port, onConnect }) => {
    const socket = this.whole ? connect({ host, port }, onConnect) : new Socket();
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
    if (!this.whole) setImmediate(() => socket.destroy(broken('ECONNREFUSED')));
    return socket;
  };

  cut(): void {
    this.whole = false;
    for (const socket of this.sockets) socket.destroy(broken('ECONNRESET'));
  }

  mend(): void {
    this.whole = true;
  }
}

/** A Kafka broker that runs already, behind lines that can be cut; `brokers` as in KAFKA_BROKERS. */
export const kafkaBroker = async (brokers: string, tuning: Partial<KafkaTransportOptions> = {}): Promise<Broker> => {
  const options = {
    brokers: brokers.split(','),
    sessionMs: 1_500,
    heartbeatMs: 200,
    fetchWaitMs: 100,
    retryFirstMs: 10,
    retryMaxMs: 200,
    ...tuning,
  };
  const direct = new Kafka({ clientId: 'qiyue-tests', brokers: brokers.split(','), logLevel: logLevel.NOTHING });
  const producer = direct.producer({ createPartitioner: Partitioners.DefaultPartitioner, allowAutoTopicCreation: false });
  await producer.connect();
  const open: { readonly transport: LogTransport; readonly line: Line; dead: boolean }[] = [];
  return {
    sessionMs: options.sessionMs,
    connect: async () => {
      const line = new Line();
      const connection = { transport: kafkaTransport({ ...options, socketFactory: line.connect }), line, dead: false };
      open.push(connection);
      return {
        transport: connection.transport,
        die: async () => {
          connection.dead = true;
          line.cut();
        },
      };
    },
    writeRaw: async (topic, partition, key, text) => {
      await producer.send({ topic, acks: -1, messages: [{ partition, key, value: text }] });
    },
    outage: async () => {
      for (const { line } of open) line.cut();
      return { end: async () => open.forEach(({ line, dead }) => (dead ? undefined : line.mend())) };
    },
    close: async () => {
      await Promise.all(open.map(({ transport }) => transport.close()));
      await producer.disconnect();
    },
  };
};
