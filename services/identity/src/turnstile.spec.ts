import { ProblemException } from '@qiyue/service-kit';
import { Turnstile } from './turnstile';

/** Work that ends when it is told to. */
const work = () => {
  const begun: (() => void)[] = [];
  return { begun, run: () => new Promise<void>((resolve) => begun.push(resolve)) };
};
const turns = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the turnstile of password hashes (3.2)', () => {
  test('lets the allowed number through at a time, the allowed number wait, and sends the next one away with 503', async () => {
    const turnstile = new Turnstile(2, 3);
    const { begun, run } = work();
    const inside = Array.from({ length: 5 }, () => turnstile.run(run));
    await turns();
    expect(begun).toHaveLength(2);
    const refusal = await turnstile.run(run).catch((thrown: unknown) => thrown as ProblemException);
    expect(refusal).toMatchObject({ problem: { status: 503, code: 'overloaded' }, retryAfterSeconds: 1 });
    while (begun.length > 0) {
      begun.shift()?.();
      await turns();
    }
    await Promise.all(inside);
    const after = turnstile.run(() => Promise.resolve('let in'));
    expect(await after).toBe('let in');
  });
  test('whoever fails leaves the place free', async () => {
    const turnstile = new Turnstile(1, 1);
    await expect(turnstile.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await turnstile.run(() => Promise.resolve(7))).toBe(7);
  });
});
