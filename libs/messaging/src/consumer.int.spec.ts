import { PartitionLost } from './log-transport';
import { OutOfPlace, Halt } from './faults';
import { TransportByHand } from './testing-hand';
import { gate, sampleEnvelope, sampleStream, SampleService, until, uniqueName } from './testing';
import { rewindGroup, forgetGroup } from './operations';

const serverUrl = process.env['QIYUE_TEST_POSTGRES_URL'] ?? '';

describe('a consumer', () => {
  let service: SampleService;
  let hand: TransportByHand;
  beforeEach(async () => {
    hand = new TransportByHand(uniqueName('facts'));
    service = await SampleService.open(serverUrl, hand.topic);
  });
  afterEach(async () => service.close());

  const [first, second, third] = sampleStream('lamp-1', 3) as [
    ReturnType<typeof sampleEnvelope>,
    ReturnType<typeof sampleEnvelope>,
    ReturnType<typeof sampleEnvelope>,
  ];
  const position = async (): Promise<string | undefined> =>
    (await service.pool.query<{ next: string }>('SELECT next FROM consumer_position')).rows[0]?.next;

  describe('that dies in the middle', () => {
    test('between effect and commit leaves neither, and the effect comes once when the batch comes again', async () => {
      let die = true;
      await service.project(hand, {
        apply: async (tx, envelopes) => {
          await service.write(tx, envelopes);
          if (!die) return;
          die = false;
          await tx.query('SELECT pg_terminate_backend(pg_backend_pid())');
        },
      });
      const batch = hand.batch(0, [
        [0, first],
        [1, second],
      ]);
      await expect(hand.deliver(batch)).rejects.toThrow();
      expect([await service.effects(), await position()]).toEqual([[], '0']);
      await hand.deliver(batch);
      await hand.deliver(batch);
      expect([await service.effects(), await position()]).toEqual([[first.id, second.id], '2']);
    });
    test('between reaction and record reacts again, in the same order', async () => {
      let die = true;
      await service.react(hand, {
        react: async (envelope) => {
          await service.write(service.pool, [envelope]);
          if (envelope.id !== second.id || !die) return;
          die = false;
          // The process is gone before anything can be recorded.
          await service.pool.query(`UPDATE consumer_position SET partition = 99`);
        },
      });
      const batch = hand.batch(0, [
        [0, first],
        [1, second],
      ]);
      await expect(hand.deliver(batch)).rejects.toThrow(OutOfPlace);
      await service.pool.query(`UPDATE consumer_position SET partition = 0`);
      expect(await position()).toBe('0');
      await hand.deliver(batch);
      expect(await service.effects()).toEqual([first.id, second.id, first.id, second.id]);
      expect(await position()).toBe('2');
    });
  });

  describe('whose partition another member has taken', () => {
    test('writes nothing twice when both apply the same batch at once', async () => {
      const both = gate();
      let inside = 0;
      const apply = async (...args: Parameters<typeof service.write>): Promise<void> => {
        inside += 1;
        await both.opened;
        await service.write(...args);
      };
      await service.project(hand, { apply });
      await service.project(hand, { apply });
      const batch = hand.batch(0, [
        [0, first],
        [1, second],
      ]);
      const deliveries = [hand.deliver(batch, 0), hand.deliver(batch, 1)];
      await until('one of them to hold the position', () => inside === 1);
      both.open();
      await Promise.all(deliveries);
      expect(inside).toBe(1);
      expect(await service.effects()).toEqual([first.id, second.id]);
    });
    test('records nothing of a reaction that was overtaken, and goes on from where the other is', async () => {
      const slow = gate();
      let began = false;
      await service.react(hand, {
        react: async () => {
          began = true;
          await slow.opened;
        },
      });
      await service.react(hand);
      const overtaken = hand.deliver(hand.batch(0, [[0, first]]), 0);
      await until('the slow one to have begun', () => began);
      await hand.deliver(
        hand.batch(0, [
          [0, first],
          [1, second],
        ]),
        1,
      );
      slow.open();
      await expect(overtaken).rejects.toThrow(OutOfPlace);
      expect(await hand.startAt()).toBe(2n);
    });
    test('stops working on the batch when it is told so', async () => {
      const go = gate();
      const tried: string[] = [];
      let beats = 0;
      await service.react(hand, {
        concurrency: 1,
        react: async ({ id }) => {
          tried.push(id);
          await go.opened;
        },
      });
      const lost = async (): Promise<void> => {
        beats += 1;
        throw new PartitionLost('gone');
      };
      const work = hand.deliver(
        hand.batch(
          0,
          [
            [0, first],
            [1, second],
          ],
          { heartbeat: lost },
        ),
      );
      await until('a heartbeat', () => beats > 0);
      go.open();
      await expect(work).rejects.toThrow(PartitionLost);
      expect(tried).toEqual([first.id]);
      expect(await position()).toBe('0');
    });
  });

  describe('keeps its place', () => {
    test('over offsets with gaps, even where nothing is left to read', async () => {
      await service.project(hand);
      await hand.deliver(
        hand.batch(0, [
          [3, first],
          [7, second],
        ]),
      );
      expect(await position()).toBe('8');
      await hand.deliver(hand.batch(8, [], { next: 12n }));
      expect(await position()).toBe('12');
      expect(await service.handles[0]?.caughtUp()).toBe(true);
    });
    test('against a batch that begins behind it, because what lies between would be lost', async () => {
      await service.project(hand);
      await expect(hand.deliver(hand.batch(5, [[5, first]]))).rejects.toThrow(OutOfPlace);
      expect(await service.effects()).toEqual([]);
    });
    test('against a batch that overlaps what it has, of which it takes the rest', async () => {
      await service.project(hand);
      await hand.deliver(
        hand.batch(0, [
          [0, first],
          [1, second],
        ]),
      );
      await hand.deliver(
        hand.batch(0, [
          [0, first],
          [1, second],
          [2, third],
        ]),
      );
      expect(await service.effects()).toEqual([first.id, second.id, third.id]);
    });
    test('and goes on where it kept no place of the last fact yet, with nothing to prove what came before', async () => {
      await service.project(hand);
      await hand.deliver(hand.batch(0, [[0, first]]));
      await service.pool.query('UPDATE consumer_position SET last_commit = NULL, last_prepare = NULL');
      hand.placed([second]);
      await hand.deliver(hand.batch(1, [[1, third]]));
      expect(await service.effects()).toEqual([first.id, third.id]);
      expect((await service.pool.query('SELECT last_commit, last_prepare FROM consumer_position')).rows).toEqual([
        { last_commit: '3', last_prepare: '3' },
      ]);
    });
    test('and halts, with nothing done, when the first fact of the log names one before it', async () => {
      const handle = await service.project(hand);
      hand.placed([first]);
      await expect(hand.deliver(hand.batch(0, [[0, second]]))).rejects.toThrow('lamp-1@1 was told after 1:1, but nothing was seen last');
      expect([await service.effects(), await position()]).toEqual([[], '0']);
      expect((await handle.stats()).halted).toHaveLength(1);
    });
    test('at offsets beyond what a double can count', async () => {
      const far = 9_007_199_254_740_993n;
      hand.bounds_ = { first: far, next: far };
      await service.project(hand);
      const batch = hand.batch(0, [], {
        from: far,
        next: far + 1n,
        messages: [{ offset: far, key: 'lamp-1', envelope: sampleEnvelope({ sequence: far, previous: far - 2n }) }],
      });
      await hand.deliver(batch);
      expect(await position()).toBe('9007199254740994');
      expect(await service.effects()).toHaveLength(1);
    });
    test('and halts when the log was cut before it was read', async () => {
      const handle = await service.project(hand);
      await hand.deliver(hand.batch(0, [[0, first]]));
      hand.bounds_ = { first: 5n, next: 9n };
      await expect(hand.startAt()).rejects.toThrow(Halt);
      expect((await handle.stats()).halted).toHaveLength(1);
      expect(await handle.caughtUp()).toBe(false);
    });
    test('and halts when the log is shorter than what was read of it; rewound, it takes what is new and only that', async () => {
      const handle = await service.project(hand);
      await hand.deliver(
        hand.batch(0, [
          [0, first],
          [1, second],
        ]),
      );
      hand.bounds_ = { first: 0n, next: 1n };
      await expect(hand.startAt()).rejects.toThrow(/another log/);
      expect(await handle.caughtUp()).toBe(false);
      await rewindGroup(service.pool, service.group);
      expect(await hand.startAt()).toBe(0n);
      await hand.deliver(
        hand.batch(0, [
          [0, first],
          [1, second],
          [2, third],
        ]),
      );
      expect(await service.effects()).toEqual([first.id, second.id, third.id]);
    });
    test('until its group is forgotten; then it begins again', async () => {
      await service.project(hand);
      await hand.deliver(hand.batch(0, [[0, first]]));
      await forgetGroup(service.pool, service.group);
      await expect(hand.startAt()).rejects.toThrow(OutOfPlace);
      expect(await hand.startAt()).toBe(0n);
      await hand.deliver(hand.batch(0, [[0, first]]));
      expect(await service.effects()).toEqual([first.id, first.id]);
    });
  });

  describe('meets failures', () => {
    test('of the moment: a projection that fails once is tried again and nothing is parked', async () => {
      let failures = 2;
      const handle = await service.project(hand, {
        apply: async (tx, envelopes) => {
          await service.write(tx, envelopes);
          if ((failures -= 1) >= 0) throw new Error('not now');
        },
      });
      await hand.deliver(hand.batch(0, [[0, first]]));
      expect(await service.effects()).toEqual([first.id]);
      expect(await handle.stats()).toMatchObject({ retries: 2, parkedKeys: 0 });
    });
    test('of an outage: nothing is parked however long it lasts, and the whole batch comes again', async () => {
      let down = true;
      const handle = await service.react(hand, {
        react: async (envelope) => {
          if (down) throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
          await service.write(service.pool, [envelope]);
        },
      });
      const batch = hand.batch(0, [
        [0, first],
        [1, second],
      ]);
      for (let times = 0; times < 3; times += 1) await expect(hand.deliver(batch)).rejects.toThrow('refused');
      down = false;
      await hand.deliver(batch);
      expect(await service.effects()).toEqual([first.id, second.id]);
      expect(await handle.stats()).toMatchObject({ parkedKeys: 0, deadLetters: 0 });
    });
    test('a reaction that never answers is given up after its time and parked', async () => {
      const handle = await service.react(hand, {
        tryTimeoutMs: 20,
        retry: { attempts: 2, firstDelayMs: 1 },
        react: () => new Promise(() => undefined),
      });
      await hand.deliver(hand.batch(0, [[0, first]]));
      expect(await handle.list()).toMatchObject([{ key: 'lamp-1', first: { reason: 'TryTimeout', attempts: 2 } }]);
    });
    test('a statement of a projection that never ends is given up after its time and parked', async () => {
      const handle = await service.project(hand, {
        tryTimeoutMs: 50,
        retry: { attempts: 1 },
        apply: async (tx) => void (await tx.query('SELECT pg_sleep(30)')),
      });
      await hand.deliver(hand.batch(0, [[0, first]]));
      expect(await handle.list()).toMatchObject([{ key: 'lamp-1', first: { reason: 'error/57014' } }]);
    });
    test('while one key is tried again, the other keys of the batch are not held up', async () => {
      const go = gate();
      await service.react(hand, {
        react: async (envelope) => {
          if (envelope.subject === 'lamp-1') await go.opened;
          await service.write(service.pool, [envelope]);
        },
      });
      const work = hand.deliver(
        hand.batch(0, [
          [0, first],
          [1, sampleEnvelope({ stream: 'lamp-2', sequence: 0 })],
          [2, second],
        ]),
      );
      await until('the other key', async () => (await service.effects('lamp-2')).length === 1);
      expect(await service.effects('lamp-1')).toEqual([]);
      go.open();
      await work;
      expect(await service.effects('lamp-1')).toEqual([first.id, second.id]);
    });
    test('in a projection over several keys, only what cannot be applied is left out and the order of the rest is kept', async () => {
      const handle = await service.project(hand, {
        apply: async (tx, envelopes) => {
          for (const envelope of envelopes) {
            if (envelope.id === 'lamp-2@1') await tx.query('SELECT 1 / 0');
            await service.write(tx, [envelope]);
          }
        },
      });
      const log = Array.from({ length: 4 }, (_, at) => ['lamp-1', 'lamp-2', 'lamp-3'].map((stream) => sampleStream(stream, 4)[at]!)).flat();
      await hand.deliver(
        hand.batch(
          0,
          log.map((envelope, offset) => [offset, envelope] as const),
        ),
      );
      expect(await service.effects()).toEqual(log.map(({ id }) => id).filter((id) => !['lamp-2@1', 'lamp-2@2', 'lamp-2@3'].includes(id)));
      expect(await handle.list()).toMatchObject([{ key: 'lamp-2', events: 3, first: { eventId: 'lamp-2@1', reason: 'error/22012' } }]);
    });
  });
});
