import { QuietRegistry, type QuietCheck } from './quiet';
import { advance } from './time-travel';

const answers = (name: string, ...all: (boolean | Error)[]): QuietCheck & { asked: number } => {
  const check = {
    name,
    asked: 0,
    isQuiet: async () => {
      const answer = all[Math.min(check.asked, all.length - 1)] as boolean | Error;
      check.asked += 1;
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
  return check;
};

describe('settling', () => {
  test('everybody has to be quiet twice in a row', async () => {
    const registry = new QuietRegistry(async () => '1');
    const relay = answers('relay', true, false, true, true);
    registry.register(relay);
    expect(await registry.settle(5_000)).toEqual({ quiet: true, busy: [], lastBusy: ['relay'], parked: [], rounds: 4 });
  });
  test('an append between two quiet rounds starts the count again', async () => {
    const heads = ['1', '1', '2', '2', '2', '2'];
    const registry = new QuietRegistry(async () => heads.shift() ?? '2');
    registry.register(answers('relay', true));
    expect((await registry.settle(5_000)).rounds).toBe(3);
  });
  test('an append during a round does as well', async () => {
    const heads = ['1', '2', '2', '2', '2', '2'];
    const registry = new QuietRegistry(async () => heads.shift() ?? '2');
    registry.register(answers('relay', true));
    expect((await registry.settle(5_000)).rounds).toBe(3);
  });
  test('who cannot tell is busy', async () => {
    const registry = new QuietRegistry(async () => '1');
    registry.register(answers('relay', new Error('away'), true));
    expect(await registry.settle(5_000)).toMatchObject({ quiet: true, lastBusy: ['relay'] });
  });
  test('it gives up in time and says who is not quiet, and what is parked', async () => {
    const registry = new QuietRegistry(async () => '1');
    registry.register(answers('relay', false), { name: 'consumer', isQuiet: async () => true, parked: async () => ['order-1: rejected'] });
    expect(await registry.settle(20)).toMatchObject({ quiet: false, busy: ['relay'], parked: ['order-1: rejected'] });
  });
  test('of a check that several processes run one has to be quiet, since a stand-by never knows', async () => {
    const registry = new QuietRegistry(async () => '1');
    registry.register(answers('relay', false));
    const leader = { checks: [{ name: 'relay', quiet: true }], parked: [] };
    expect(await registry.settle(5_000, async () => [leader])).toMatchObject({ quiet: true, busy: [] });
    expect(await registry.settle(20, async () => [])).toMatchObject({ quiet: false, busy: ['relay'] });
  });
  test('what another process is busy with, or has parked, counts', async () => {
    const registry = new QuietRegistry(async () => '1');
    const other = (quiet: boolean) => async () => [{ checks: [{ name: 'consumer', quiet }], parked: ['order-1: rejected'] }];
    expect(await registry.settle(20, other(false))).toMatchObject({ quiet: false, busy: ['consumer'] });
    expect(await registry.settle(5_000, other(true))).toMatchObject({ quiet: true, parked: ['order-1: rejected'] });
  });
  test('a consumer that was asked before a relay elsewhere told it something is asked again', async () => {
    // The consumer answers first, the relay then tells it a fact; the second round finds it busy, then it stores something, then all is quiet.
    const heads = ['1', '1', '1', '1', '2', '2', '2', '2'];
    const registry = new QuietRegistry(async () => heads.shift() ?? '2');
    registry.register(answers('consumer', true, false, true));
    expect((await registry.settle(5_000, async () => [{ checks: [{ name: 'relay', quiet: true }], parked: [] }])).rounds).toBe(4);
  });
  test('those who wait for their next poll are woken', async () => {
    const registry = new QuietRegistry(async () => '1');
    let woken = 0;
    registry.onSettle(() => (woken += 1));
    await registry.settle(100);
    expect(woken).toBeGreaterThan(0);
  });
});

describe('moving the clock ahead', () => {
  const clockAt = (startMs: number) => {
    const clock = {
      ms: startMs,
      moves: [] as number[],
      nowMs: () => clock.ms,
      now: () => new Date(clock.ms).toISOString(),
      moveTo: async (ms: number) => void clock.moves.push((clock.ms = ms)),
    };
    return clock;
  };
  const travel = async (due: number[], targetMs: number, startMs = 0) => {
    const clock = clockAt(startMs);
    const quiet = new QuietRegistry(async () => String(due.length));
    // Settling fires what is due, as the real stations do.
    quiet.onSettle(() => {
      while (due.length > 0 && (due[0] as number) <= clock.ms) due.shift();
    });
    const travelled = await advance(
      {
        clock: clock as never,
        settle: () => quiet.settle(1_000),
        nextDue: async () => (due[0] === undefined ? undefined : new Date(due[0]).toISOString()),
      },
      targetMs,
    );
    return { moves: clock.moves, stops: travelled.stops };
  };
  test('it stops at each deadline on the way', async () =>
    expect(await travel([10, 20, 40], 30)).toEqual({ moves: [10, 20, 30], stops: 2 }));
  test('a deadline at the very end is reached', async () => expect(await travel([30], 30)).toEqual({ moves: [30], stops: 1 }));
  test('with nothing on the way it goes straight there', async () => expect(await travel([], 30)).toEqual({ moves: [30], stops: 0 }));
  test('what is overdue does not turn the clock back', async () => expect(await travel([5], 30, 20)).toEqual({ moves: [30], stops: 0 }));
});
