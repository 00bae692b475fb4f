import { runCrash } from './crash';
import { build } from '../support/build';

// The harness runs what is built.
beforeAll(() => {
  build();
}, 600_000);

describe('whatever is killed, whenever', () => {
  test('every order ends, money is kept, held or back, once, every fact is told in order, every row is what its events say, and every chain verifies', async () => {
    const seed = Number(process.env['CRASH_SEED'] ?? Math.floor(Math.random() * 1_000_000));
    const said: string[] = [];
    const result = await runCrash({
      bus: 'kafka',
      seed,
      // Each tells one order; that takes long enough for every process to die.
      forMs: 0,
      stories: 200,
      // Printed with the failure, so that it can be repeated: CRASH_SEED=… or npm run crash -- --seed …
      print: (line) => said.push(line),
    });
    expect({ seed, problems: result.problems, told: result.problems.length === 0 ? [] : said }).toEqual({ seed, problems: [], told: [] });
    expect(result.orders).toBeGreaterThanOrEqual(200);
    const killed = Object.keys(result.kills);
    for (const part of ['postgres', 'node', 'kafka', 'identity-1', 'order-1', 'billing-1', 'invoice-1', 'notification-1', 'compliance-1'])
      expect(killed).toContain(part);
  }, 900_000);
});
