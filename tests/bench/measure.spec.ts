import { interleaved, load, quantile, timed } from './measure';
import { atMost, ratio } from './scenario';
import { tableOf } from './table';

test('each round of ours is held against the mean of the raw rounds before and after it', async () => {
  const order: string[] = [];
  const raws = [100, 300, 100];
  const compared = await interleaved(
    2,
    async () => (order.push('raw'), raws.shift() ?? 0),
    async () => (order.push('ours'), 100),
  );
  expect(order).toEqual(['raw', 'ours', 'raw', 'ours', 'raw']);
  expect(compared).toEqual({ raw: [100, 300, 100], ours: [100, 100], ratios: [0.5, 0.5] });
});

test('a quantile is a value that was measured', () => {
  const values = [5, 1, 4, 2, 3];
  expect([quantile(values, 0), quantile(values, 0.5), quantile(values, 0.99), quantile(values, 1)]).toEqual([1, 3, 5, 5]);
  expect(quantile([], 0.5)).toBeNaN();
});

test('a load keeps so much in flight and counts what is done', async () => {
  let now = 0;
  let most = 0;
  const { perSecond, latenciesMs } = await load(3, 30, async () => {
    most = Math.max(most, (now += 1));
    await new Promise((resolve) => setTimeout(resolve, 1));
    now -= 1;
  });
  expect([most, latenciesMs.length > 3, perSecond > 0]).toEqual([3, true, true]);
  expect(await timed(10, () => new Promise((resolve) => setTimeout(resolve, 1)))).toBeGreaterThan(0);
});

test('the table says what a median meets, and why a scenario did not run', () => {
  const scenario = { name: 'one', title: 'One', raw: 'nothing' };
  const figures = [
    ratio('a', [0.5, 0.7, 0.9], 0.6, 1),
    ratio('b', [1.2], 0.6, 1),
    ratio('c', [0.1], 0.6, 1),
    atMost('d', 'ms', [9], 50, 10),
  ];
  expect(tableOf({ scenario, figures })).toMatch(
    /a +0\.70 +0\.50 – 0\.90 .*first\n.*b .*wanted\n.*c .*below\n.*d +9\.00 ms +≤ 50\.0 +≤ 10\.0 +wanted\n/,
  );
  expect(tableOf({ scenario, figures: [], skipped: 'no Java 17/Maven: there is no Java' })).toContain('skipped: no Java 17/Maven');
});
