import type { Envelope } from '@qiyue/contracts';
import { Halt, OutOfPlace } from './faults';
import { sampleEnvelope, sampleStream, SampleService, until, uniqueName } from './testing';
import { TransportByHand } from './testing-hand';

const serverUrl = process.env['QIYUE_TEST_POSTGRES_URL'] ?? '';

describe.each(['project', 'react'] as const)('what is parked of a consumer that %ss', (kind) => {
  let service: SampleService;
  let hand: TransportByHand;
  let broken: Set<string>;
  beforeEach(async () => {
    hand = new TransportByHand(uniqueName('facts'));
    service = await SampleService.open(serverUrl, hand.topic);
    broken = new Set();
  });
  afterEach(async () => service.close());

  const check = ({ id }: Envelope): void => {
    if (broken.has(id)) throw new RangeError('li@example.com');
  };
  const start = (over: object = {}) =>
    service[kind](hand, {
      retry: { attempts: 1 },
      apply: async (tx, envelopes) => {
        for (const envelope of envelopes) {
          check(envelope);
          await service.write(tx, [envelope]);
        }
      },
      react: async (envelope) => {
        check(envelope);
        await service.write(service.pool, [envelope]);
      },
      ...over,
    });
  const stream = sampleStream('lamp-1', 6);
  const deliver = (from: number, to: number): Promise<void> =>
    hand.deliver(
      hand.batch(
        from,
        stream.slice(from, to).map((envelope, at) => [from + at, envelope] as const),
      ),
    );
  const letters = async () =>
    (
      await service.pool.query<{
        event_id: string;
        reason: string;
        attempts: number;
        resolution: string | null;
        resolved_by: string | null;
        resolved_why: string | null;
      }>('SELECT event_id, reason, attempts, resolution, resolved_by, resolved_why FROM dead_letter ORDER BY "offset"')
    ).rows;

  test('is handled in order when it is re-driven, with what came later, and the key flows again', async () => {
    broken.add('lamp-1@1');
    const handle = await start();
    await deliver(0, 3);
    await deliver(3, 5);
    expect(await service.effects()).toEqual(['lamp-1@0']);
    broken.clear();
    expect(await handle.redrive('lamp-1')).toEqual({ handled: 4, left: 0 });
    await deliver(5, 6);
    expect(await service.effects()).toEqual(stream.map(({ id }) => id));
    expect(await handle.stats()).toMatchObject({ parkedKeys: 0, parkedEvents: 0, oldestParkedSeconds: 0, deadLetters: 0 });
    expect(await letters()).toMatchObject([{ event_id: 'lamp-1@1', reason: 'RangeError', resolution: 'redriven' }]);
  });
  test('stops at the first event that fails again, and counts it', async () => {
    broken.add('lamp-1@0').add('lamp-1@2');
    const handle = await start();
    await deliver(0, 4);
    expect(await handle.redrive('lamp-1')).toEqual({ handled: 0, left: 4, reason: 'RangeError' });
    broken.delete('lamp-1@0');
    expect(await handle.redrive('lamp-1')).toEqual({ handled: 2, left: 2, reason: 'RangeError' });
    expect(await service.effects()).toEqual(['lamp-1@0', 'lamp-1@1']);
    expect(await letters()).toMatchObject([
      { event_id: 'lamp-1@0', attempts: 2, resolution: 'redriven' },
      { event_id: 'lamp-1@2', attempts: 1, resolution: null },
    ]);
    expect((await handle.stats()).deadLetters).toBe(1);
    expect(await handle.list()).toMatchObject([{ first: { eventId: 'lamp-1@2', reason: 'RangeError' } }]);
  });
  test('counts as caught up, so that nobody waits for a person', async () => {
    broken.add('lamp-1@0');
    const handle = await start();
    await deliver(0, 3);
    expect(await handle.caughtUp()).toBe(true);
    expect(await handle.stats()).toMatchObject({ parkedKeys: 1, parkedEvents: 3, deadLetters: 1, lag: 0 });
  });
  test('is not parked twice when the fact comes again', async () => {
    broken.add('lamp-1@0');
    const handle = await start();
    await deliver(0, 2);
    await hand.deliver(
      hand.batch(2, [
        [2, stream[0]!],
        [3, stream[1]!],
        [4, stream[2]!],
      ]),
    );
    expect(await handle.list()).toMatchObject([{ events: 3 }]);
  });
  test('of an unknown version waits until the code knows it', async () => {
    const old = await start();
    await hand.deliver(
      hand.batch(0, [
        [0, sampleEnvelope({ sequence: 0, type: 'qiyue.lamp.LampLit.v2' })],
        [1, sampleEnvelope({ sequence: 1, previous: 0 })],
      ]),
    );
    expect(await old.redrive('lamp-1')).toEqual({ handled: 0, left: 2, reason: 'unknown-version' });
    const fresh = await start({
      handles: [
        { service: 'lamp', name: 'LampLit', version: 1 },
        { service: 'lamp', name: 'LampLit', version: 2 },
      ],
    });
    expect(await fresh.redrive('lamp-1')).toEqual({ handled: 2, left: 0 });
    expect(await service.effects()).toEqual(['lamp-1@0', 'lamp-1@1']);
  });
  test('is given up one event at a time, on record, and what waits behind it still waits', async () => {
    broken.add('lamp-1@0');
    const handle = await start();
    await deliver(0, 3);
    expect(await handle.discard('lamp-1', 'told in error, case 17', 'operator-7')).toEqual({ left: 2 });
    expect(await service.effects()).toEqual([]);
    expect(await letters()).toEqual([
      {
        event_id: 'lamp-1@0',
        reason: 'RangeError',
        attempts: 1,
        resolution: 'discarded',
        resolved_by: 'operator-7',
        resolved_why: 'told in error, case 17',
      },
    ]);
    await deliver(3, 4);
    expect(await handle.redrive('lamp-1')).toEqual({ handled: 3, left: 0 });
    expect(await service.effects()).toEqual(['lamp-1@1', 'lamp-1@2', 'lamp-1@3']);
  });
  test('is not given up without a reason and a name, nor where nothing is parked', async () => {
    broken.add('lamp-1@0');
    const handle = await start();
    await deliver(0, 1);
    expect(() => handle.discard('lamp-1', ' ', 'operator-7')).toThrow(TypeError);
    expect(() => handle.discard('lamp-1', 'why', '')).toThrow(TypeError);
    await expect(handle.discard('lamp-2', 'why', 'operator-7')).rejects.toThrow('nothing is parked');
    expect(await handle.discard('lamp-1', 'why', 'operator-7')).toEqual({ left: 0 });
    expect(await handle.list()).toEqual([]);
  });
  test('an event that waited and is given up is on record as well', async () => {
    broken.add('lamp-1@0');
    const handle = await start();
    await deliver(0, 2);
    await handle.discard('lamp-1', 'one', 'operator-7');
    await handle.discard('lamp-1', 'two', 'operator-7');
    expect(await letters()).toMatchObject([
      { event_id: 'lamp-1@0', resolved_why: 'one' },
      { event_id: 'lamp-1@1', reason: 'discarded', resolution: 'discarded', resolved_why: 'two' },
    ]);
  });
  test('is re-driven by one at a time', async () => {
    broken.add('lamp-1@0');
    const [one, other] = [await start(), await start()];
    await deliver(0, 6);
    broken.clear();
    const results = await Promise.all([one.redrive('lamp-1'), other.redrive('lamp-1'), one.redrive('lamp-1')]);
    expect(results.reduce((sum, { handled }) => sum + handled, 0)).toBe(6);
    expect(await service.effects()).toEqual(stream.map(({ id }) => id));
  });
  test('grows and shrinks at once without losing or turning anything round', async () => {
    broken.add('lamp-1@0');
    const handle = await start();
    await deliver(0, 1);
    broken.clear();
    const arriving = (async () => {
      for (let at = 1; at < 6; at += 1)
        for (let done = false; !done;)
          done = await deliver(at, at + 1).then(
            () => true,
            (error: unknown) => {
              if (error instanceof OutOfPlace) return false;
              throw error;
            },
          );
    })();
    await until('the key to flow', async () => (await handle.redrive('lamp-1')).left === 0);
    await arriving;
    await until('the key to flow', async () => (await handle.redrive('lamp-1')).left === 0);
    expect(await service.effects()).toEqual(stream.map(({ id }) => id));
  });
  test('halts the partition when too many keys would be parked, and goes on when there is room (PARKED_KEYS_MAX)', async () => {
    for (let at = 0; at < 4; at += 1) broken.add(`lamp-${at}@0`);
    const handle = await start({ limits: { keys: 2 } });
    const batch = hand.batch(
      0,
      [0, 1, 2].map((at) => [at, sampleEnvelope({ stream: `lamp-${at}`, sequence: 0 })] as const),
    );
    await expect(hand.deliver(batch)).rejects.toThrow(Halt);
    expect(await handle.stats()).toMatchObject({ parkedKeys: 0, halted: [expect.stringContaining('more than 2 keys')] });
    broken.delete('lamp-2@0');
    await hand.deliver(batch);
    expect(await handle.stats()).toMatchObject({ parkedKeys: 2, halted: [] });
    expect(await service.effects()).toEqual(expect.arrayContaining(['lamp-2@0']));
  });
  test('halts the partition when too many events of one key would wait (PARKED_EVENTS_MAX)', async () => {
    broken.add('lamp-1@0');
    const handle = await start({ limits: { eventsPerKey: 3 } });
    await deliver(0, 3);
    await expect(deliver(3, 4)).rejects.toThrow(Halt);
    await expect(deliver(3, 4)).rejects.toThrow(/more than 3 events/);
    expect(await handle.stats()).toMatchObject({ parkedEvents: 3 });
    expect(service.problems.filter((problem) => problem.kind === 'halted')).toHaveLength(1);
  });
  test('does not remember the words of an error, which may be personal, only its kind', async () => {
    broken.add('lamp-1@0');
    const handle = await start();
    await deliver(0, 2);
    await handle.redrive('lamp-1');
    expect(JSON.stringify([await letters(), await handle.list(), service.problems])).not.toContain('li@example');
  });
  test('a re-drive that dies in the middle of an event leaves it parked', async () => {
    broken.add('lamp-1@0');
    let die = false;
    const handle = await start({
      apply: async (tx: Parameters<typeof service.write>[0], envelopes: readonly Envelope[]) => {
        envelopes.forEach(check);
        await service.write(tx, envelopes);
        if (die) await tx.query('SELECT pg_terminate_backend(pg_backend_pid())');
      },
      react: async (envelope: Envelope) => {
        check(envelope);
        if (die) throw Object.assign(new Error('gone'), { code: 'ECONNRESET' });
        await service.write(service.pool, [envelope]);
      },
    });
    await deliver(0, 2);
    broken.clear();
    die = true;
    await handle.redrive('lamp-1').then(
      ({ handled }) => expect(handled).toBe(0),
      (error: unknown) => expect(error).toBeInstanceOf(Error),
    );
    expect(await service.effects()).toEqual([]);
    die = false;
    expect(await handle.redrive('lamp-1')).toEqual({ handled: 2, left: 0 });
    expect(await service.effects()).toEqual(['lamp-1@0', 'lamp-1@1']);
  });
});
