import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, startCluster, type Cluster, type ClusterOptions } from '../cluster/cluster';
import { staffOf, tamperIn } from './embedded-story';
import { Story } from './story';
import { build } from '../support/build';

/** The story told on separate processes, one and two of each service: a contract of both buses. */
export const tellsTheStoryOnProcesses = (bus: Pick<ClusterOptions, 'bus' | 'kafkaBrokers'>): void => {
  describe.each([1, 2])('the order story on %i process(es) of every service', (replicas) => {
    let cluster: Cluster | undefined;
    beforeAll(async () => {
      build();
      const env = { QIYUE_TEST_CLOCK: 'frozen', QIYUE_TEST_CLOCK_START: '2026-03-02T01:00:00.000Z', SETTLE_TIMEOUT_MS: '120000' };
      cluster = await startCluster({ ...bus, replicas, env });
    }, 600_000);
    afterAll(() => cluster?.stop(), 120_000);

    test('holds, and every process lives to its end', async () => {
      if (cluster === undefined) throw new Error('there are no processes');
      const told: string[] = [];
      const result = await new Story({
        place: cluster.urls,
        agreement: readFileSync(join(root, 'libs/agreement/sample/user-agreement.zh.txt'), 'utf8'),
        staff: staffOf(cluster),
        run: `processes${replicas}`,
        print: (line) => told.push(line),
        mailTo: cluster.mailTo,
        tamper: tamperIn(cluster.eventsUrl),
      }).run();
      expect({ failed: result.failed, told: result.failed === 0 ? '' : told.join('\n') }).toEqual({ failed: 0, told: '' });
      expect(result.steps).toBeGreaterThanOrEqual(18);
      expect(cluster.ended).toEqual([]);
    }, 600_000);
  });
};
