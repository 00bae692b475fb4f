import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startTestNode } from '@qiyue/event-store-node/testing';
import { freePort } from '@qiyue/local-postgres';
import { dropDatabase } from '../../event-store-node/src/schema';
import { compile, startProcess, type NodeProcess } from '../../event-store-node/src/spec-process';
import { collect, until } from './fixture';
import { startNetwork } from './fixture-network';
import { connectEventStore } from './index';

const postgresUrl = process.env['QIYUE_TEST_POSTGRES_URL'] ?? '';
const nodeProgram = compile();
const writerProgram = compile(__dirname);
afterAll(() => {
  nodeProgram.remove();
  writerProgram.remove();
});

interface Writer {
  readonly name: string;
  /** How many appends were acknowledged so far. */
  acknowledged(): number;
  /** Whether it is still there. */
  alive(): boolean;
  /** Lets it end by itself; how many events each of its streams got, and what it had to complain of. */
  finish(): Promise<{ readonly counts: readonly number[]; readonly code: number | null; readonly complaints: string }>;
}

const writers: ChildProcess[] = [];
afterEach(() => writers.splice(0).forEach((child) => child.kill('SIGKILL')));

const startWriter = (url: string, name: string, streams: number, patienceMs = 1_000, bytes = 0): Writer => {
  const child = spawn(
    process.execPath,
    [join(writerProgram.folder, 'fixture-writer.js'), url, name, ...[streams, patienceMs, bytes].map(String)],
    {
      env: { ...process.env, NODE_PATH: join(__dirname, '../../../node_modules') },
      stdio: 'pipe',
    },
  );
  writers.push(child);
  let acknowledged = 0;
  let last = '';
  let complaints = '';
  child.stdout.on('data', (bytesSaid: Buffer) => {
    const said = bytesSaid.toString();
    acknowledged += said.split('+').length - 1;
    last += said.replaceAll('+', '');
  });
  child.stderr.on('data', (said: Buffer) => (complaints += said.toString()));
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  return {
    name,
    acknowledged: () => acknowledged,
    alive: () => child.exitCode === null && child.signalCode === null,
    finish: async () => {
      child.stdin.end();
      const code = await ended;
      return { counts: JSON.parse(last || '[]') as number[], code, complaints };
    },
  };
};

/** Waits until each writer has been acknowledged some more, or is dead. */
const progress = async (all: readonly Writer[], more: number): Promise<void> => {
  const before = all.map((writer) => writer.acknowledged());
  await until(() => all.every((writer, index) => !writer.alive() || writer.acknowledged() >= (before[index] ?? 0) + more));
  expect(all.filter((writer) => !writer.alive()).map(({ name }) => name)).toEqual([]);
};

/** Ends the writers and compares what they were told with what is stored. */
const expectWhole = async (all: readonly Writer[], connectionString: string): Promise<void> => {
  const reader = connectEventStore(connectionString);
  for (const writer of all) {
    const { counts, code, complaints } = await writer.finish();
    expect([code, complaints]).toEqual([0, '']);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(writer.acknowledged());
    for (const [index, count] of counts.entries()) {
      const stored = await collect(reader.readStream(`${writer.name}-${index}`));
      expect(stored.map(({ data }) => (data as { n: number }).n)).toEqual(Array.from({ length: count }, (_, n) => n));
    }
  }
  await reader.dispose();
};

describe('processes with many appends under way', () => {
  test('outlive the death of the node again and again; what was acknowledged is stored once and in order, and nothing is left waiting', async () => {
    const database = `esn_${randomBytes(8).toString('hex')}`;
    const port = await freePort();
    const start = (): NodeProcess =>
      startProcess(nodeProgram.folder, ['--port', String(port), '--database', database, '--postgres-url', postgresUrl, '--insecure']);
    const url = `esdb://127.0.0.1:${port}?tls=false`;
    let node = start();
    await node.ready;
    const all = [startWriter(url, 'one', 64), startWriter(url, 'other', 200)];
    for (let round = 0; round < 6; round += 1) {
      await progress(all, 400);
      node.kill('SIGKILL');
      await node.ended;
      await pause(round * 200);
      node = start();
      await node.ready;
    }
    await progress(all, 400);
    await expectWhole(all, url);
    node.kill('SIGTERM');
    await node.ended;
    await dropDatabase(postgresUrl, database);
  });

  test('outlive cuts of the network while more is written than the connection takes', async () => {
    const { node, connectionString, stop } = await startTestNode();
    const network = await startNetwork(node.port);
    const all = [startWriter(network.connectionString, 'cut', 128, 2_000, 20_000)];
    for (let round = 0; round < 25; round += 1) {
      await progress(all, 60);
      network.cut();
    }
    await progress(all, 200);
    await expectWhole(all, connectionString);
    await network.stop();
    await stop();
  });

  test('outlive silence in either direction', async () => {
    const { node, connectionString, stop } = await startTestNode();
    const network = await startNetwork(node.port);
    const all = [startWriter(network.connectionString, 'silent', 64, 500)];
    for (const direction of ['requests', 'answers', 'both', 'answers'] as const) {
      await progress(all, 100);
      network.silence(direction);
      await pause(1_200);
      network.heal();
    }
    await progress(all, 100);
    await expectWhole(all, connectionString);
    await network.stop();
    await stop();
  });
});
