import 'reflect-metadata';
import { join } from 'node:path';
import { startEmbedded } from './embedded';

const dataDir = process.env['QIYUE_DATA'] ?? join(__dirname, '..', '..', '..', '.data', 'embedded');

const main = async (): Promise<void> => {
  const { PORT = '3000', ...env } = process.env;
  const embedded = await startEmbedded({
    dataDir,
    port: Number(PORT),
    env: Object.fromEntries(
      Object.entries(env).filter(([name]) =>
        /^(QIYUE_TEST_CLOCK|SMTP_URL|MAIL_FROM|LOG_LEVEL|HOST|[A-Z_]+_(MAX|MS|BYTES|DAYS|SECONDS))$/.test(name),
      ),
    ),
  });
  let ending: Promise<void> | undefined;
  const end = (): void => {
    ending ??= embedded.stop().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  // Not `once`: Ctrl-C comes twice, from the terminal and from npm, and the second one would end the process in the middle of stopping.
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
  console.log(
    [
      '',
      'Qiyue is up.',
      '',
      `  API            ${embedded.url}/docs`,
      `  OpenAPI        ${embedded.url}/openapi.json`,
      `  metrics        ${embedded.url}/metrics`,
      `  data           ${dataDir}`,
      '',
      '  staff          name, password',
      ...embedded.staff.map(({ name, password }) => `                 ${name}, ${password}`),
      '',
      'Ctrl-C stops it; the data stays.',
      '',
    ].join('\n'),
  );
};

main().catch((fault: unknown) => {
  console.error(fault instanceof Error ? (fault.name === 'ConfigFaults' ? fault.message : (fault.stack ?? fault.message)) : fault);
  process.exit(1);
});
