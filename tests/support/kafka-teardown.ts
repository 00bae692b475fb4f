import stopPostgres from './global-teardown';

/** Stops the broker that the setup started, and PostgreSQL. */
export default async (): Promise<void> => {
  await globalThis.qiyueTestKafka?.stop();
  await stopPostgres();
};
