/** Stops the PostgreSQL that the setup started. */
export default async (): Promise<void> => {
  await globalThis.qiyueTestPostgres?.stop();
};
