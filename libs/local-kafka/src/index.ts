export { brokerOf, isAlive, startKafka, type KafkaOptions, type LocalKafka } from './broker';
export { ensureJars, KafkaUnavailable, kafkaVersion, whyNoKafka } from './jars';
