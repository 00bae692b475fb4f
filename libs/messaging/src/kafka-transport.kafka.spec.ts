import { consumerContract, kafkaBroker, transportContract } from './testing';

const serverUrl = process.env['QIYUE_TEST_POSTGRES_URL'] ?? '';
const brokers = process.env['KAFKA_BROKERS'] ?? '';

transportContract('Kafka', () => kafkaBroker(brokers), { timeoutMs: 60_000 });
consumerContract('Kafka', () => kafkaBroker(brokers), serverUrl, { timeoutMs: 60_000 });
