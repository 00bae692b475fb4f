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
import { connectEventStore, subscribe, uuid5 } from './index';

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

/** How often something must be tried until it succeeds. */
const triesOf = async (work: () => Promise<unknown>): Promise<number> => {
  let tries = 1;
  const once = (): Promise<boolean> =>
    work().then(
      () => true,
      () => false,
    );
  while (!(await once())) tries += 1;
  return tries;
};

/** A node that can be killed and started again, on one port and one database. */
const mortalNode = async () => {
  const database = `esn_${randomBytes(8).toString('hex')}`;
  const port = await freePort();
  return {
    url: `esdb://127.0.0.1:${port}?tls=false`,
    start: async (): Promise<NodeProcess> => {
      const node = startProcess(nodeProgram.folder, [
        ...['--port', String(port), '--database', database, '--postgres-url', postgresUrl, '--insecure'],
      ]);
      await node.ready;
      return node;
    },
    drop: async (node: NodeProcess): Promise<void> => {
      node.kill('SIGTERM');
      await node.ended;
      await dropDatabase(postgresUrl, database);
    },
  };
};

describe('processes with many appends under way', () => {
  test('outlive the death of the node again and again; what was acknowledged is stored once and in order, and nothing is left waiting', async () => {
    const { url, start, drop } = await mortalNode();
    let node = await start();
    const all = [startWriter(url, 'one', 64), startWriter(url, 'other', 200)];
    for (let round = 0; round < 6; round += 1) {
      await progress(all, 250);
      node.kill('SIGKILL');
      await node.ended;
      await pause(round * 200);
      node = await start();
    }
    await progress(all, 250);
    await expectWhole(all, url);
    await drop(node);
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

  test('store appends of many events whole or not at all, in one message or several, however the network is cut', async () => {
    const { node, connectionString, stop } = await startTestNode();
    const network = await startNetwork(node.port);
    const client = connectEventStore(network.connectionString, { patienceMs: 1_000 });
    const reader = connectEventStore(connectionString);
    const append = async (stream: string, events: number, bytes: number): Promise<void> => {
      const padding = 'x'.repeat(bytes);
      const all = Array.from({ length: events }, (_, n) => ({
        id: uuid5('6ba7b810-9dad-11d1-80b4-00c04fd430c8', `${stream}@${n}`),
        type: 'Counted',
        data: { n, padding },
        metadata: {} as never,
      }));
      await client.append(stream, all, 'no_stream').catch(() => undefined);
    };
    for (let round = 0; round < 40; round += 1) {
      const appending = Promise.all([
        ...Array.from({ length: 20 }, (_, n) => append(`small-${round}-${n}`, 40, 100)),
        append(`large-${round}`, 30, 30_000),
      ]);
      await pause(round % 12);
      network.cut();
      await appending;
    }
    const lengthOf = async (stream: string): Promise<number> => (await collect(reader.readStream(stream))).length;
    const counts = async (name: string, last: number) =>
      new Set(await Promise.all(Array.from({ length: 40 }, (_, round) => lengthOf(`${name}-${round}${last < 0 ? '' : `-${last}`}`))));
    for (let n = 0; n < 20; n += 1) for (const count of await counts('small', n)) expect([0, 40]).toContain(count);
    for (const count of await counts('large', -1)) expect([0, 30]).toContain(count);
    await Promise.all([client.dispose(), reader.dispose(), network.stop()]);
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

describe('a connection to a store that is away', () => {
  const patienceMs = 400;
  const event = { id: '00000000-0000-5000-8000-000000000001', type: 'X', data: {}, metadata: {} as never };
  const nowhere = async (): Promise<string[]> => Promise.all(Array.from({ length: 3 }, async () => `127.0.0.1:${await freePort()}`));

  test.each([
    ['one node', async () => `esdb://${(await nowhere())[0]}?tls=false`],
    ['a cluster of which no node answers', async () => `esdb://${(await nowhere()).join(',')}?tls=false`],
    ['a cluster behind a name that is none', () => Promise.resolve('esdb+discover://nowhere.invalid:2113?tls=false')],
  ])('%s: everything asked of it is answered with what is wrong, and it can be left at once', async (_what, url) => {
    const client = connectEventStore(await url(), { patienceMs });
    const asked = await Promise.allSettled([
      ...Array.from({ length: 30 }, () => client.append('away-1', [event], 'no_stream')),
      collect(client.readStream('away-1')),
      client.readAllBackwards({ maxCount: 1 }),
      client.subscribeToAll({ categories: ['away'], bufferSize: 1 }).next(1),
    ]);
    for (const answer of asked) expect(answer.status).toBe('rejected');
    await client.dispose();
  });

  test('falls silent: appends and reads under way are given up, and it can be left', async () => {
    const { node, stop } = await startTestNode();
    const network = await startNetwork(node.port);
    const client = connectEventStore(network.connectionString, { patienceMs });
    await client.append('quiet-1', [event], 'no_stream');
    network.silence('both');
    const source = client.subscribeToAll({ categories: ['quiet'], bufferSize: 1 });
    const asked = await Promise.allSettled([client.append('quiet-2', [event], 'no_stream'), collect(client.readStream('quiet-1'))]);
    expect(asked.map((answer) => answer.status === 'rejected' && (answer.reason as Error).name)).toEqual([
      'AmbiguousAppend',
      'StoreUnavailable',
    ]);
    await client.dispose();
    await expect(source.next(1)).rejects.toThrow();
    await network.stop();
    await stop();
  });

  test('two connections of one process: that one breaks is nothing to the other', async () => {
    const { node, stop } = await startTestNode();
    const [bad, good] = await Promise.all([startNetwork(node.port), startNetwork(node.port)]);
    const [broken, whole] = [bad, good].map(({ connectionString }) => connectEventStore(connectionString, { patienceMs: 5_000 }));
    for (let round = 0; round < 5; round += 1) {
      const doubtful = Array.from({ length: 40 }, (_, n) => broken!.append(`bad-${round}-${n}`, [event], 'no_stream'));
      const certain = Array.from({ length: 40 }, (_, n) => whole!.append(`good-${round}-${n}`, [event], 'no_stream'));
      bad.cut();
      await Promise.allSettled(doubtful);
      expect((await Promise.all(certain)).every(({ revision }) => revision === 0n)).toBe(true);
    }
    await Promise.all([broken!.dispose(), whole!.dispose(), bad.stop(), good.stop()]);
    await stop();
  });

  test('goes on over a new connection when the one it has is dead without a word', async () => {
    const { node, stop } = await startTestNode();
    const network = await startNetwork(node.port);
    const client = connectEventStore(network.connectionString, { patienceMs });
    await client.append('dead-1', [event], 'no_stream');
    network.strand();
    const tries = await triesOf(() => client.append('dead-2', [event], 'no_stream'));
    // The transport itself takes twenty seconds to notice, which are fifty tries.
    expect(tries).toBeLessThan(10);
    await client.dispose();
    await network.stop();
    await stop();
  });

  test('comes back after a long time: the next append is on its way at once, however often the ones before were refused', async () => {
    const { url, start, drop } = await mortalNode();
    let node = await start();
    const client = connectEventStore(url, { patienceMs });
    await client.append('back-1', [event], 'no_stream');
    node.kill('SIGKILL');
    await node.ended;
    // As long as it takes until an ordinary connection pauses for many seconds between its attempts.
    const enough = performance.now() + 20_000;
    while (performance.now() < enough) {
      await expect(client.append('back-2', [event], 'no_stream')).rejects.toThrow(/no answer|failed on its way/);
      await pause(50);
    }
    node = await start();
    // Refused at once each time, and half a second between: one that needs many was held up by what was before.
    const tries = await triesOf(() => client.append('back-2', [event], 'no_stream').finally(() => pause(500)));
    expect(tries).toBeLessThan(7);
    await client.dispose();
    await drop(node);
  });
});

test('a subscription goes on by itself after the death of the node, while another process appends', async () => {
  const { url, start, drop } = await mortalNode();
  let node = await start();
  const client = connectEventStore(url);
  const seen = new Map<string, bigint[]>();
  let events = 0;
  const subscription = subscribe({
    client,
    categories: ['told'],
    onBatch: (batch) => {
      for (const { stream, revision } of batch) seen.set(stream, [...(seen.get(stream) ?? []), revision]);
      events += batch.length;
      return Promise.resolve();
    },
  });
  const writer = startWriter(url, 'told', 32);
  for (let round = 0; round < 4; round += 1) {
    await progress([writer], 300);
    const before = events;
    await until(() => events > before);
    node.kill('SIGKILL');
    await node.ended;
    node = await start();
  }
  await progress([writer], 300);
  const { counts, code, complaints } = await writer.finish();
  expect([code, complaints]).toEqual([0, '']);
  await until(() => events >= counts.reduce((sum, count) => sum + count, 0));
  for (const [index, count] of counts.entries())
    expect(seen.get(`told-${index}`)).toEqual(Array.from({ length: count }, (_, n) => BigInt(n)));
  await subscription.stop();
  await client.dispose();
  await drop(node);
});
