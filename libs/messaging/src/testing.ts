export { embeddedBroker, Reading, uniqueName, type Broker, type BrokerConnection } from './testing-broker';
export { kafkaBroker } from './testing-kafka-broker';
export { transportContract, type ContractOptions } from './testing-transport-contract';
export { sampleEnvelope, sampleStream, type SampleEnvelope } from './testing-envelopes';
export { gate, temporaryDatabase, until, wireTo, type Wire } from './testing-support';
export { fakeStore, streamsNamed, type FakeStore } from './testing-source';
export { consumerContract } from './testing-consumer-contract';
export { SampleService } from './testing-service';
