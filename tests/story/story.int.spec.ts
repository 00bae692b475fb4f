import { startEmbedded, type Embedded } from '@qiyue/all-in-one';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { staffOf, tamperIn } from './embedded-story';
import { Story } from './story';

const root = join(__dirname, '..', '..');
const documents = [
  ['the sample agreement', join(root, 'libs/agreement/sample/user-agreement.zh.txt')],
  // The real document is not part of the project; where it lies beside it, the story must hold under it too.
  ['the real agreement', join(root, '../shared/spec/anheng-cloud-user-agreement.zh.txt')],
].filter(([, file]) => existsSync(file as string)) as [string, string][];

describe('the order story on the embedded profile', () => {
  let dataDir: string;
  let embedded: Embedded;
  const databasePrefix = `story_${process.pid}_`;
  const start = (): Promise<Embedded> =>
    startEmbedded({
      dataDir,
      port: 0,
      databasePrefix,
      postgresUrl: process.env['QIYUE_TEST_POSTGRES_URL']!,
      env: { QIYUE_TEST_CLOCK: 'frozen', QIYUE_TEST_CLOCK_START: '2026-03-02T01:00:00.000Z' },
    });

  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'qiyue-story-'));
    embedded = await start();
  }, 120_000);
  afterAll(async () => {
    await embedded.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }, 60_000);

  test.each(documents.map(([name, file], at) => [name, file, at] as const))(
    'holds under %s',
    async (_name, file, at) => {
      const told: string[] = [];
      const result = await new Story({
        place: embedded.url,
        agreement: readFileSync(file, 'utf8'),
        staff: staffOf(embedded),
        run: `test${at}`,
        print: (line) => told.push(line),
        tamper: tamperIn(embedded.eventsUrl),
      }).run();
      expect({ failed: result.failed, told: result.failed === 0 ? '' : told.join('\n') }).toEqual({ failed: 0, told: '' });
      expect(result.steps).toBeGreaterThanOrEqual(18);
    },
    180_000,
  );

  test('what happened is still there after a restart', async () => {
    const read = async (): Promise<unknown> => {
      const response = await fetch(`${embedded.url}/compliance/agreements`);
      return response.json();
    };
    const before = await read();
    await embedded.stop();
    embedded = await start();
    expect(await read()).toEqual(before);
  }, 120_000);
});
