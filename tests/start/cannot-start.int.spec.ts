import { startTestNode, type TestNode } from '@qiyue/event-store-node/testing';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { Client } from 'pg';
import { build } from '../support/build';

const root = join(__dirname, '..', '..');
const postgresUrl = process.env['QIYUE_TEST_POSTGRES_URL']!;
const prefix = `cannot_start_${randomBytes(4).toString('hex')}_`;
// Nobody may listen below 1024 but root's own services, and none of those has this number.
const nobody = '127.0.0.1:9';

/** Takes connections and never says a word. */
class Mute {
  private readonly sockets = new Set<Socket>();
  private readonly server: Server = createServer((socket) => void this.sockets.add(socket.on('error', () => undefined)));

  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }
}

/** Starts the order service as a process of its own and gives back how it ended and what it said. */
const runOrder = (env: Readonly<Record<string, string>>): Promise<{ code: number | null; said: string }> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [join(root, 'services/order/dist/main.js')], {
      env: {
        PATH: process.env['PATH'],
        PORT: '0',
        POSTGRES_URL: postgresUrl,
        DATABASE_PREFIX: prefix,
        VAULT_KEK: Buffer.alloc(32, 7).toString('base64'),
        LOG_LEVEL: 'silent',
        ...env,
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    child.once('close', (code) => resolve({ code, said }));
  });

describe('a service that lacks something it needs to start ends with 1 and says in one line', () => {
  const mute = new Mute();
  let silence: string;
  let node: TestNode;
  beforeAll(async () => {
    build();
    silence = await mute.open();
    node = await startTestNode();
  }, 600_000);
  afterAll(async () => {
    mute.close();
    await node.stop();
    const admin = new Client({ connectionString: `${postgresUrl}/postgres` });
    await admin.connect();
    const { rows } = await admin.query<{ datname: string }>('SELECT datname FROM pg_database WHERE starts_with(datname, $1)', [prefix]);
    for (const { datname } of rows) await admin.query(`DROP DATABASE "${datname}" WITH (FORCE)`);
    await admin.end();
  });

  test('that PostgreSQL is not there', async () =>
    expect(await runOrder({ POSTGRES_URL: `postgres://someone:secret-word@${nobody}`, EVENT_STORE_URL: node.connectionString })).toEqual({
      code: 1,
      said: `cannot start: PostgreSQL: connect ECONNREFUSED ${nobody}\n`,
    }));
  test('that PostgreSQL does not answer', async () => {
    const { code, said } = await runOrder({
      POSTGRES_URL: `postgres://someone:secret-word@${silence}`,
      EVENT_STORE_URL: node.connectionString,
    });
    expect({ code, said }).toEqual({ code: 1, said: expect.stringMatching(/^cannot start: PostgreSQL: [^\n]+\n$/) });
    expect(said).not.toContain('secret-word');
  });
  test('that PostgreSQL turns it away', async () => {
    const url = new URL(postgresUrl);
    url.username = 'nobody_of_that_name';
    expect(await runOrder({ POSTGRES_URL: url.toString().replace(/\/$/, ''), EVENT_STORE_URL: node.connectionString })).toEqual({
      code: 1,
      said: expect.stringMatching(/^cannot start: PostgreSQL: [^\n]*nobody_of_that_name[^\n]*\n$/),
    });
  });
  test('that its port is taken', async () => {
    const [host, port] = silence.split(':') as [string, string];
    expect(await runOrder({ EVENT_STORE_URL: node.connectionString, HOST: host, PORT: port })).toEqual({
      code: 1,
      said: `cannot start: ${silence}: listen EADDRINUSE: address already in use ${silence}\n`,
    });
  });
  test('that the event store is not there', async () =>
    expect(await runOrder({ EVENT_STORE_URL: `esdb://${nobody}?tls=false` })).toEqual({
      code: 1,
      said: expect.stringMatching(/^cannot start: the event store: [^\n]+\n$/),
    }));
  test('that the event store does not answer', async () =>
    expect(await runOrder({ EVENT_STORE_URL: `esdb://${silence}?tls=false` })).toEqual({
      code: 1,
      said: expect.stringMatching(/^cannot start: the event store: [^\n]+\n$/),
    }));
});
