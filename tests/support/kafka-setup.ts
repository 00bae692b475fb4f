import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startKafka, type LocalKafka } from '../../libs/local-kafka/src';
import startPostgres from './global-setup';

declare global {
  var qiyueTestKafka: LocalKafka | undefined;
}

/** Starts one Kafka broker for all suites that want one, unless `KAFKA_BROKERS` names one that is up already; and PostgreSQL, as for every integration suite. */
export default async (): Promise<void> => {
  await startPostgres();
  if (process.env['KAFKA_BROKERS']) return;
  const broker = await startKafka({ dataDir: mkdtempSync(join(tmpdir(), 'qiyue-test-kafka-')) });
  globalThis.qiyueTestKafka = broker;
  process.env['KAFKA_BROKERS'] = broker.brokers;
};
