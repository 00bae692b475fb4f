export { brokerOf, isAlive, isBroker, startKafka, type KafkaOptions, type LocalKafka } from './broker';
export type { SecureListener } from './listener';
export { ensureJars, KafkaUnavailable, kafkaVersion, whyNoKafka } from './jars';
