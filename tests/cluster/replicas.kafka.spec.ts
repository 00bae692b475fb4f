import { standAsTwo } from './replicas.contract';

standAsTwo({ bus: 'kafka', kafkaBrokers: process.env['KAFKA_BROKERS']! });
