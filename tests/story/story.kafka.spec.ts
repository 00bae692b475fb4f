import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, startCluster, type Cluster } from '../cluster/cluster';
import { staffOf, tamperIn } from './embedded-story';
import { Story } from './story';

describe('the order story on Kafka, with a process for every service', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    const built = spawnSync(process.execPath, [join(root, 'libs/workbench/bootstrap.cjs'), 'build'], { encoding: 'utf8' });
    if (built.status !== 0) throw new Error(built.stderr);
    cluster = await startCluster({
      bus: 'kafka',
      env: { QIYUE_TEST_CLOCK: 'frozen', QIYUE_TEST_CLOCK_START: '2026-03-02T01:00:00.000Z' },
    });
  }, 600_000);
  afterAll(() => cluster?.stop(), 120_000);

  test('holds, step by step, as it does in one process', async () => {
    const told: string[] = [];
    const result = await new Story({
      place: cluster.urls,
      agreement: readFileSync(join(root, 'libs/agreement/sample/user-agreement.zh.txt'), 'utf8'),
      staff: staffOf(cluster),
      run: 'kafka',
      print: (line) => told.push(line),
      tamper: tamperIn(cluster.eventsUrl),
      mailTo: cluster.mailTo,
    }).run();
    expect({ failed: result.failed, told: result.failed === 0 ? '' : told.join('\n') }).toEqual({ failed: 0, told: '' });
    expect(result.steps).toBe(22);
    expect(cluster.ended).toEqual([]);
  }, 300_000);
});
