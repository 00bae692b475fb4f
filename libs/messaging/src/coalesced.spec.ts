import { coalesced, oncePerTurn } from './coalesced';
import { gate } from './testing-support';

describe('joined work', () => {
  test('calls during a run become one further run', async () => {
    const first = gate();
    let runs = 0;
    const work = coalesced(
      async () => {
        runs += 1;
        if (runs === 1) await first.opened;
      },
      () => undefined,
    );
    const done = [work(), work(), work()];
    await Promise.resolve();
    void work();
    first.open();
    await Promise.all(done);
    await work.idle();
    expect(runs).toBe(2);
  });
  test('a call at the very end of a run is not lost', async () => {
    let runs = 0;
    const work = coalesced(
      async () => void (runs += 1),
      () => undefined,
    );
    await work().then(() => work());
    expect(runs).toBe(2);
  });
  test('a failure is told and the next call runs again', async () => {
    const errors: unknown[] = [];
    const work = coalesced(
      async () => Promise.reject(new Error('no')),
      (error) => errors.push(error),
    );
    await work();
    await work();
    expect(errors).toHaveLength(2);
  });
});

describe('questions of one turn', () => {
  test('are answered together, by a look that comes after all of them', async () => {
    let looks = 0;
    const ask = oncePerTurn(async (key: string) => `${key}${(looks += 1)}`);
    expect(await Promise.all([ask('a'), ask('b'), ask('a')])).toEqual(['a1', 'b2', 'a1']);
    expect(await ask('a')).toBe('a3');
  });
  test('fail together and are asked anew', async () => {
    let fails = true;
    const ask = oncePerTurn(async () => {
      if (fails) throw new Error('no');
      return 'yes';
    });
    expect(await Promise.allSettled([ask(''), ask('')])).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }]);
    fails = false;
    expect(await ask('')).toBe('yes');
  });
});
