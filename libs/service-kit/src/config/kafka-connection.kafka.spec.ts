import { join } from 'node:path';
import { startKafka, type LocalKafka } from '@qiyue/local-kafka';
import { Kafka, logLevel } from 'kafkajs';
import { selfSigned } from '../../../event-store-node/src/spec-certificate';
import { certificates } from '../testing/certificates';
import { kafkaConnection } from './connections';
import { PlatformConfig } from './platform-config';
import { readSettings } from './setting';

const { folder, file, files, server, client, remove } = certificates();
const password = 'hunter2-of-qiyue';
let broker: LocalKafka;

beforeAll(async () => {
  const secure = { cert: server.cert.toString(), key: server.key.toString(), clientCa: client.cert.toString(), users: { qiyue: password } };
  broker = await startKafka({ dataDir: join(folder, 'broker'), secure });
});
afterAll(async () => {
  await broker.stop();
  remove();
});

const settings = (more: Readonly<Record<string, string>>): PlatformConfig =>
  readSettings([PlatformConfig], {
    POSTGRES_URL: 'postgres://127.0.0.1:5432',
    EVENT_STORE_URL: 'esdb://127.0.0.1:2113?tls=false',
    VAULT_KEK: Buffer.alloc(32).toString('base64'),
    BUS: 'kafka',
    KAFKA_BROKERS: broker.brokers,
    KAFKA_TLS: 'on',
    KAFKA_TLS_CA_FILE: files.ca,
    KAFKA_TLS_CERT_FILE: files.cert,
    KAFKA_TLS_KEY_FILE: files.key,
    KAFKA_SASL_MECHANISM: 'scram-sha-256',
    KAFKA_SASL_USERNAME: 'qiyue',
    KAFKA_SASL_PASSWORD: password,
    ...more,
  })[0];

const told: string[] = [];
const open = (config: PlatformConfig, retries = 5): Kafka =>
  new Kafka({
    ...kafkaConnection(config),
    retry: { retries },
    logLevel: logLevel.ERROR,
    logCreator: () => (entry) => void told.push(JSON.stringify(entry)),
  });

/** What stands in the way of these settings, if something does. */
const refusal = async (more: Readonly<Record<string, string>>): Promise<string | undefined> => {
  const admin = open(settings(more), 0).admin();
  try {
    await admin.connect();
    await admin.listTopics();
    return undefined;
  } catch (fault) {
    return (fault as Error).message.trim(); // OpenSSL ends its lines.
  } finally {
    await admin.disconnect();
  }
};

describe('Kafka by TLS, with certificates on both sides and a password', () => {
  test.each([['plain'], ['scram-sha-256'], ['scram-sha-512']])('a fact goes there and back, signed in by %s', async (mechanism) => {
    const kafka = open(settings({ KAFKA_SASL_MECHANISM: mechanism }));
    const topic = `told-by-${mechanism}`;
    const [admin, producer, consumer] = [kafka.admin(), kafka.producer(), kafka.consumer({ groupId: `group-${mechanism}` })];
    await admin.connect();
    await admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true });
    await producer.connect();
    await producer.send({ topic, messages: [{ key: 'order-1', value: 'paid' }] });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    const value = await new Promise((resolve) => {
      void consumer.run({ eachMessage: ({ message }) => Promise.resolve(resolve(message.value?.toString())) });
    });
    expect(value).toBe('paid');
    await Promise.all([admin.disconnect(), producer.disconnect(), consumer.disconnect()]);
  });

  test.each([
    ['a wrong password', { KAFKA_SASL_PASSWORD: 'hunter2-of-others' }, /authentication failed/i],
    [
      'a wrong password, by plain',
      { KAFKA_SASL_MECHANISM: 'plain', KAFKA_SASL_PASSWORD: 'hunter2-of-others' },
      /authentication failed|Invalid username or password/i,
    ],
    ['a user there is not', { KAFKA_SASL_USERNAME: 'nobody' }, /authentication failed/i],
    ['a broker that another authority vouches for', { KAFKA_TLS_CA_FILE: files.strangerCert }, /self-signed certificate|unable to verify/],
    [
      'a certificate of ours that the broker does not know',
      { KAFKA_TLS_CERT_FILE: files.strangerCert, KAFKA_TLS_KEY_FILE: files.strangerKey },
      /Connection error|alert|closed/i,
    ],
  ])('%s is refused in one line that holds no secret', async (_what, more, why) => {
    const message = await refusal(more);
    expect(message).toMatch(why);
    expect(message).not.toMatch(/\n|hunter2|PRIVATE KEY/);
    expect(told.join()).not.toMatch(/hunter2|PRIVATE KEY/);
  });

  test('a broker of another name is refused', async () => {
    const elsewhere = selfSigned('elsewhere.example');
    const other = await startKafka({
      dataDir: join(folder, 'elsewhere'),
      secure: { cert: elsewhere.cert.toString(), key: elsewhere.key.toString(), users: { qiyue: password } },
    });
    try {
      const message = await refusal({ KAFKA_BROKERS: other.brokers, KAFKA_TLS_CA_FILE: file('elsewhere.pem', elsewhere.cert) });
      expect(message).toMatch(/does not match certificate's altnames|is not in the cert's list/);
    } finally {
      await other.stop();
    }
  });

  test('nothing is told to a broker without TLS or without signing in', async () => {
    expect(await refusal({ KAFKA_TLS: 'off', KAFKA_TLS_CA_FILE: '', KAFKA_TLS_CERT_FILE: '', KAFKA_TLS_KEY_FILE: '' })).toBeDefined();
    expect(await refusal({ KAFKA_SASL_MECHANISM: '', KAFKA_SASL_USERNAME: '', KAFKA_SASL_PASSWORD: '' })).toBeDefined();
  });
});
