import { join } from 'node:path';
import { startEventStoreNode, type EventStoreNode } from '@qiyue/event-store-node';
import { startPostgres, type LocalPostgres } from '@qiyue/local-postgres';
import { selfSigned } from '../../event-store-node/src/spec-certificate';
import { certificates } from './testing/certificates';
import { createPlatform, Tokens, type Platform } from './index';
import { lampService } from './fixtures/lamp';
import { request } from './testing/http';

const { folder, file, files, server, client, remove } = certificates();
const [databasePassword, storePassword] = ['hunter2-d@ta?b:se', 'hunter2-st@re?:/'];
const kek = Buffer.alloc(32, 9).toString('base64');
/** What must never be read anywhere, as it is or percent-encoded. */
const secrets = [databasePassword, storePassword, kek].flatMap((secret) => [secret, encodeURIComponent(secret)]);

let postgres: LocalPostgres;
let node: EventStoreNode;
const lines: string[] = [];

interface Where {
  readonly host?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly password?: string;
}
const postgresUrl = ({
  host = '127.0.0.1',
  ca = files.ca,
  cert = files.cert,
  key = files.key,
  password = databasePassword,
}: Where = {}): string => {
  const options = new URLSearchParams({ sslmode: 'verify-full', sslrootcert: ca, ...(cert === '' ? {} : { sslcert: cert, sslkey: key }) });
  return `postgres://postgres:${encodeURIComponent(password)}@${host}:${postgres.port}?${options.toString()}`;
};
const storeUrl = ({ host = '127.0.0.1', ca = files.ca, password = storePassword }: Where = {}): string =>
  `esdb://qiyue:${encodeURIComponent(password)}@${host}:${node.port}?tls=true&tlsCaFile=${encodeURIComponent(ca)}`;

beforeAll(async () => {
  const [tls, clientCa] = [{ cert: server.cert.toString(), key: server.key.toString() }, client.cert.toString()];
  postgres = await startPostgres({
    dataDir: join(folder, 'pg'),
    durable: false,
    persistent: false,
    password: databasePassword,
    tls: { ...tls, clientCa },
  });
  node = await startEventStoreNode({
    postgresUrl: postgresUrl(),
    database: 'events',
    port: 0,
    tls: server,
    users: [{ name: 'qiyue', password: storePassword, admin: true }],
  });
});
afterAll(async () => {
  await node?.stop();
  await postgres?.stop();
  remove();
});

const start = (env: Readonly<Record<string, string>> = {}): Promise<Platform> =>
  createPlatform({
    services: [lampService],
    logTo: { write: (line: string) => void lines.push(line) },
    env: {
      PORT: '0',
      DATABASE_PREFIX: 'secure_',
      POSTGRES_URL: postgresUrl(),
      EVENT_STORE_URL: storeUrl(),
      VAULT_KEK: kek,
      LOG_LEVEL: 'trace',
      ...env,
    },
  });
const refusal = async (env: Readonly<Record<string, string>>): Promise<string> => {
  try {
    await (await start(env)).stop();
    return 'started';
  } catch (fault) {
    return (fault as Error).message;
  }
};
const expectNoSecret = (text: string): void => {
  for (const secret of secrets) expect(text).not.toContain(secret);
};

describe('a process whose PostgreSQL and event store speak TLS and ask who is there', () => {
  test('takes commands, follows its events and is told of changes, by TLS and with its password everywhere', async () => {
    const platform = await start();
    const { token } = await platform.get('lamp', Tokens).issue({ role: 'customer', sub: 'anna' });
    const made = await request(platform.url, 'POST', '/lamp/lamps', { owner: 'Anna Secretname' }, token, {});
    expect(made.status).toBe(201);
    await platform.state.process.quiet.settle(30_000);
    const connections = await platform.state.process.platformPool.query<{ ssl: boolean; datname: string }>(
      'SELECT ssl, datname FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE client_port IS NOT NULL',
    );
    expect(new Set(connections.rows.map(({ datname }) => datname))).toEqual(
      new Set(['secure_lamp', 'secure_bus', 'secure_vault', 'secure_platform', 'events']),
    );
    expect(connections.rows.every(({ ssl }) => ssl)).toBe(true);
    await platform.stop();
    expectNoSecret(lines.join(''));
  });

  test.each([
    [
      'PostgreSQL that another authority vouches for',
      () => ({ POSTGRES_URL: postgresUrl({ ca: files.strangerCert }) }),
      /^cannot start: PostgreSQL: .*(self-signed certificate|unable to verify)/,
    ],
    [
      'PostgreSQL with a wrong password',
      () => ({ POSTGRES_URL: postgresUrl({ password: 'hunter2-wrong' }) }),
      /^cannot start: PostgreSQL: .*password authentication failed/,
    ],
    [
      'PostgreSQL without a certificate of ours',
      () => ({ POSTGRES_URL: postgresUrl({ cert: '' }) }),
      /^cannot start: PostgreSQL: .*valid client certificate/,
    ],
    [
      'PostgreSQL with a certificate it does not know',
      () => ({ POSTGRES_URL: postgresUrl({ cert: files.strangerCert, key: files.strangerKey }) }),
      /^cannot start: PostgreSQL: /,
    ],
    [
      'PostgreSQL without TLS',
      () => ({ POSTGRES_URL: postgresUrl().replace(/\?.*/, '') }),
      /^cannot start: PostgreSQL: .*no pg_hba.conf entry/,
    ],
    [
      'an event store that another authority vouches for',
      () => ({ EVENT_STORE_URL: storeUrl({ ca: files.strangerCert }) }),
      /^cannot start: the event store: .*(self-signed certificate|unable to verify)/,
    ],
    [
      'an event store with a wrong password',
      () => ({ EVENT_STORE_URL: storeUrl({ password: 'hunter2-wrong' }) }),
      /^cannot start: the event store: .*access-denied|not authenticated/i,
    ],
    [
      'an event store without credentials',
      () => ({ EVENT_STORE_URL: storeUrl().replace(/\/\/.*@/, '//') }),
      /^cannot start: the event store: .*access-denied/,
    ],
    [
      'an event store without TLS',
      () => ({ EVENT_STORE_URL: `esdb://127.0.0.1:${node.port}?tls=false` }),
      /^cannot start: the event store: /,
    ],
  ])('does not start with %s, and says so in one line that holds no secret', async (_what, env, why) => {
    const message = await refusal(env());
    expect(message).toMatch(why);
    // OpenSSL ends its line.
    expect(message.trim()).not.toMatch(/\n|hunter2/);
    expectNoSecret(message);
  });

  test('does not start with PostgreSQL of another name', async () => {
    const elsewhere = selfSigned('elsewhere.example');
    const tls = { cert: elsewhere.cert.toString(), key: elsewhere.key.toString() };
    const other = await startPostgres({ dataDir: join(folder, 'pg-elsewhere'), durable: false, persistent: false, tls });
    const url = `${other.url}?sslmode=verify-full&sslrootcert=${file('pg-elsewhere.pem', elsewhere.cert)}`;
    expect(await refusal({ POSTGRES_URL: url })).toMatch(/^cannot start: PostgreSQL: .*(altnames|cert's list)/);
    await other.stop();
  });

  test('does not start with an event store of another name', async () => {
    const elsewhere = selfSigned('elsewhere.example');
    const other = await startEventStoreNode({ postgresUrl: postgresUrl(), database: 'elsewhere', port: 0, tls: elsewhere });
    const url = `esdb://127.0.0.1:${other.port}?tlsCaFile=${encodeURIComponent(file('elsewhere.pem', elsewhere.cert))}`;
    expect(await refusal({ EVENT_STORE_URL: url })).toMatch(/^cannot start: the event store: .*(altnames|cert's list)/);
    await other.stop();
  });
});
