import { coalesced } from './coalesced';
import { gate } from './testing-support';

describe('joined work', () => {
  test('calls during a run become one further run', async () => {
    const first = gate();
    let runs = 0;
    const work = coalesced(async () => {
      runs += 1;
      if (runs === 1) await first.opened;
    }, () => undefined);
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
    const work = coalesced(async () => void (runs += 1), () => undefined);
    await work().then(() => work());
    expect(runs).toBe(2);
  });
  test('a failure is told and the next call runs again', async () => {
    const errors: unknown[] = [];
    const work = coalesced(async () => Promise.reject(new Error('no')), (error) => errors.push(error));
    await work();
    await work();
    expect(errors).toHaveLength(2);
  });
});
