import { Pace } from './pace';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

/** Whether a rest is over without any time having passed. */
const isOver = async (rest: Promise<void>): Promise<boolean> => {
  let over = false;
  void rest.then(() => (over = true));
  await Promise.resolve();
  await Promise.resolve();
  return over;
};

test('a process with time to spare does not rest; a busy one does, until it is idle again', async () => {
  let share = 0.59;
  const pace = new Pace(() => share);
  expect(await isOver(pace.rest())).toBe(true);
  jest.advanceTimersByTime(200);
  expect(await isOver(pace.rest())).toBe(true);
  share = 0.6;
  jest.advanceTimersByTime(200);
  const rest = pace.rest();
  expect(await isOver(rest)).toBe(false);
  jest.advanceTimersByTime(20);
  await rest;
  share = 0.2;
  jest.advanceTimersByTime(200);
  expect(await isOver(pace.rest())).toBe(true);
  pace.stop();
  expect(jest.getTimerCount()).toBe(0);
});

test('looks at the event loop of its process', async () => {
  const pace = new Pace();
  jest.advanceTimersByTime(1_000);
  await expect(Promise.race([pace.rest(), Promise.resolve()])).resolves.toBeUndefined();
  pace.stop();
});
