import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startCluster, root, type ClusterOptions } from '../cluster/cluster';
import { staffOf } from '../story/embedded-story';
import { Chaos } from './chaos';
import { Crowd, kinds, type Kind, type Told } from './crowd';
import { Dice } from './dice';
import { StubbornClient } from './stubborn-client';
import { judge } from './verdict';

export interface CrashOptions extends Pick<ClusterOptions, 'bus' | 'replicas' | 'kafkaBrokers'> {
  readonly seed: number;
  /** How long processes are killed while orders come in, in milliseconds; at least as long as the orders take. */
  readonly forMs: number;
  /** Orders told at once. */
  readonly stories: number;
  readonly print: (line: string) => void;
}

export interface CrashResult {
  /** What does not hold; empty when all does. */
  readonly problems: readonly string[];
  readonly orders: number;
  readonly kills: Readonly<Record<string, number>>;
  /** Requests sent again with the same key. */
  readonly again: number;
}

/** Tells orders of every kind at once, again and again for as long as it is to last, while `chaos` is at work. */
const tellAll = async (crowd: Crowd, { stories, forMs, seed, print }: CrashOptions): Promise<readonly Told[]> => {
  const until = performance.now() + forMs;
  const told: Told[] = [];
  let number = 0;
  const lane = async (index: number): Promise<void> => {
    const dice = new Dice(seed * 1_000 + index);
    do {
      const kind = dice.pick(Object.keys(kinds) as Kind[]);
      const customer = crowd.customers[(number += 1) % crowd.customers.length];
      if (customer !== undefined) told.push(await crowd.tell(kind, customer, dice));
    } while (performance.now() < until);
  };
  await Promise.all(Array.from({ length: stories }, (_, index) => lane(index)));
  print(`  ${told.length} orders told`);
  return told;
};

/** The whole trial: set up, kill while orders come in and while time passes, then judge. */
export const runCrash = async (options: CrashOptions): Promise<CrashResult> => {
  const { seed, print } = options;
  print(`seed ${seed}`);
  const env = {
    QIYUE_TEST_CLOCK: 'frozen',
    QIYUE_TEST_CLOCK_START: '2026-03-02T01:00:00.000Z',
    BILLING_SANDBOX_SEED: String(seed),
    SETTLE_TIMEOUT_MS: '60000',
    REQUEST_TIMEOUT_MS: '300000',
  };
  const cluster = await startCluster({ ...options, env });
  try {
    const client = new StubbornClient(cluster.urls, 5 * 60_000);
    const agreement = readFileSync(join(root, 'libs/agreement/sample/user-agreement.zh.txt'), 'utf8');
    const run = `c${seed}`;
    const crowd = new Crowd({ place: cluster.urls, agreement, staff: staffOf(cluster), run, print, mailTo: cluster.mailTo }, client);
    await crowd.gather(12);
    const chaos = new Chaos(cluster, new Dice(seed), print);
    chaos.begin();
    const told = await Promise.race([tellAll(crowd, options), chaos.ended.then(() => [])]);
    print('  time passes');
    await Promise.all([crowd.longAfter(40), chaos.endAfter(cluster.parts.length)]);
    await crowd.longAfter(1);
    print('  judging');
    const problems = [...client.faults, ...(await judge(cluster, crowd, told))];
    if (problems.length > 0) {
      const kept = join(root, '.data', `crash-${seed}`);
      cpSync(cluster.logDir, kept, { recursive: true });
      print(`  logs are kept in ${kept}`);
    }
    return { problems, orders: told.length, kills: Object.fromEntries(chaos.kills), again: client.again };
  } finally {
    await cluster.stop();
  }
};
