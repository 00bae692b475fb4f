import { execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@qiyue/local-postgres';
import { Kafka, logLevel } from 'kafkajs';
import { isAlive, isBroker } from './broker';

const root = join(__dirname, '..', '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'qiyue-kafka-cli-'));
const data = join(folder, 'data');
const noted = (): { pid: number; port: number } =>
  JSON.parse(readFileSync(join(data, 'running.json'), 'utf8')) as { pid: number; port: number };

interface Said {
  readonly code: number;
  readonly out: string;
}
const run = (program: readonly string[], path = process.env['PATH']): Promise<Said> =>
  new Promise((resolve) => {
    execFile(process.execPath, [...program], { cwd: root, env: { ...process.env, PATH: path } }, (fault, out, err) =>
      resolve({ code: fault === null ? 0 : Number(fault.code), out: `${out}${err}` }),
    );
  });
const kafka = (verb: string, ...more: string[]): Promise<Said> =>
  run(['libs/workbench/bootstrap.cjs', 'kafka', verb, '--data', data, ...more]);

const topicsOf = async (brokers: string): Promise<string[]> => {
  const admin = new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  const topics = await admin.listTopics();
  await admin.disconnect();
  return topics;
};
const makeTopic = async (brokers: string, topic: string): Promise<void> => {
  const admin = new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic }], waitForLeaders: true });
  await admin.disconnect();
};

afterAll(async () => {
  await kafka('stop');
  rmSync(folder, { recursive: true });
});

describe('the broker from the command line', () => {
  test('starts, tells that it runs, keeps its data, and goes without leaving a process', async () => {
    const port = String(await freePort());
    expect(await kafka('status')).toMatchObject({ code: 1, out: 'not running\n' });
    expect(await kafka('start', '--port', port)).toMatchObject({
      code: 0,
      out: expect.stringContaining(`KAFKA_BROKERS=127.0.0.1:${port}`) as string,
    });
    const { pid } = noted();
    expect(await kafka('status')).toMatchObject({ code: 0, out: expect.stringContaining(`process ${pid}`) as string });
    expect((await kafka('start', '--port', port)).out).toContain('runs already');
    expect(noted().pid).toBe(pid);
    await makeTopic(`127.0.0.1:${port}`, 'kept');
    expect(await kafka('stop')).toMatchObject({ code: 0, out: 'stopped\n' });
    expect(isAlive(pid)).toBe(false);
    expect(await kafka('stop')).toMatchObject({ code: 0, out: 'was not running\n' });

    expect((await kafka('start', '--port', port)).code).toBe(0);
    expect(await topicsOf(`127.0.0.1:${port}`)).toContain('kept');
  });

  test('starts again after it was killed, with its data', async () => {
    const { pid, port } = noted();
    process.kill(pid, 'SIGKILL');
    while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await kafka('status')).toMatchObject({ code: 1, out: 'not running\n' });
    expect((await kafka('start', '--port', String(port))).code).toBe(0);
    expect(await topicsOf(`127.0.0.1:${port}`)).toContain('kept');
    await kafka('stop');
  });

  test('leaves alone a process that got the id of a broker that is gone', async () => {
    const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    const pid = other.pid ?? 0;
    mkdirSync(data, { recursive: true });
    writeFileSync(join(data, 'running.json'), JSON.stringify({ pid, port: 9092 }));
    expect(isBroker(pid, data)).toBe(false);
    expect(await kafka('status')).toMatchObject({ code: 1, out: 'not running\n' });
    expect(await kafka('stop')).toMatchObject({ code: 0, out: 'was not running\n' });
    expect(isAlive(pid)).toBe(true);
    other.kill();
  });

  test('takes a half-written note of a broker for none', async () => {
    writeFileSync(join(data, 'running.json'), '{"pid":1');
    expect(await kafka('status')).toMatchObject({ code: 1, out: 'not running\n' });
    rmSync(join(data, 'running.json'));
  });

  test('says that its port is taken', async () => {
    const squatter = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => squatter.once('listening', resolve));
    const { port } = squatter.address() as { port: number };
    expect(await kafka('start', '--port', String(port))).toMatchObject({ code: 1, out: `port ${port} is taken\n` });
    expect((await kafka('status')).out).toBe('not running\n');
    squatter.close();
  });
});

describe('a machine that lacks something', () => {
  const bare = join(folder, 'bin');
  beforeAll(() => mkdirSync(bare));
  test('Java: is told so in one line', async () => {
    const said = await run(['libs/local-kafka/dist/cli.js', 'start', '--data', join(folder, 'none')], bare);
    expect(said).toEqual({ code: 1, out: 'Kafka cannot run here: there is no Java, and 17 or newer is needed.\n' });
  });
  test('Maven, where the jars are not there yet: is told so in one line', async () => {
    const found = await run(['-e', "console.log(require('node:child_process').execFileSync('which', ['java']).toString().trim())"]);
    symlinkSync(found.out.trim(), join(bare, 'java'));
    const start = `require('./libs/local-kafka/dist').startKafka({ dataDir: ${JSON.stringify(join(folder, 'none'))}, jarsDir: ${JSON.stringify(join(folder, 'jars'))} })`;
    const said = await run(['-e', `${start}.catch((fault) => { console.error(fault.message); process.exit(1); })`], bare);
    expect(said).toEqual({ code: 1, out: 'Kafka cannot run here: there is no Maven, which fetches it.\n' });
  });
});
