import { consumerContract, factServerContract, kafkaBroker, relayContract, relayCrashContract, transportContract } from './testing';

const serverUrl = process.env['QIYUE_TEST_POSTGRES_URL'] ?? '';
const open = () => kafkaBroker(process.env['KAFKA_BROKERS'] ?? '');

transportContract('Kafka', open, { timeoutMs: 60_000 });
consumerContract('Kafka', open, serverUrl, { timeoutMs: 60_000 });
factServerContract('Kafka', open, serverUrl);
relayContract('Kafka', open, serverUrl);
relayCrashContract('Kafka', open, serverUrl);
