import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startKafka, type LocalKafka } from '@qiyue/local-kafka';
import { kafkaTransport, startConsumer, type LogTransport } from './index';
import { SampleService, sampleStream, uniqueName, until } from './testing';

const serverUrl = process.env['QIYUE_TEST_POSTGRES_URL'] ?? '';
const PARTITIONS = 4;
const streams = ['lamp-1', 'lamp-2', 'lamp-3', 'lamp-4', 'lamp-5'];
const ids = (stream: string, count: number): string[] => Array.from({ length: count }, (_, at) => `${stream}@${at}`);

/** A broker of this suite's own, because it is killed. */
describe('when the broker goes away', () => {
  let dataDir: string;
  let broker: LocalKafka;
  let transport: LogTransport;
  let service: SampleService;
  const restart = async (): Promise<void> => {
    broker = await startKafka({ dataDir, port: broker.port });
  };
  const publish = async (from: number, to: number): Promise<void> => {
    for (const stream of streams) {
      const facts = sampleStream(stream, to).slice(from);
      await until(
        'publishing to work',
        () =>
          service.tell(transport, facts).then(
            () => true,
            () => false,
          ),
        120_000,
      );
    }
  };
  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'qiyue-kafka-outage-'));
    broker = await startKafka({ dataDir });
    transport = kafkaTransport({ brokers: [broker.brokers], sessionMs: 6_000, retryMaxMs: 500 });
    const topic = uniqueName('facts');
    await transport.ensureTopics([topic], PARTITIONS);
    service = await SampleService.open(serverUrl, topic);
  });
  afterAll(async () => {
    await service.close();
    await transport.close();
    await broker.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  test('killed and started again at once, three times under load: everything once, in order', async () => {
    const [projecting, second] = [
      await service.project(transport),
      await service.project(kafkaTransport({ brokers: [broker.brokers], sessionMs: 6_000 })),
    ];
    for (let round = 0; round < 3; round += 1) {
      await publish(round * 20, round * 20 + 10);
      await broker.kill();
      await restart();
      await publish(round * 20 + 10, round * 20 + 20);
    }
    await service.quiet(projecting, 120_000);
    for (const stream of streams) expect(await service.effects(stream)).toEqual(ids(stream, 60));
    expect([projecting.fatal(), second.fatal()]).toEqual([undefined, undefined]);
    expect((await projecting.stats()).parkedKeys).toBe(0);
  }, 240_000);

  test('gone for a minute: nothing ends, nothing is parked, and both ways go on by themselves', async () => {
    const [handle] = service.handles;
    await broker.kill();
    const late = publish(60, 70);
    await pause(60_000);
    expect(
      await transport.head(service.topic).then(
        () => 'known',
        ({ name }: Error) => name,
      ),
    ).toBe('BusUnavailable');
    await restart();
    await late;
    await service.quiet(handle!, 120_000);
    for (const stream of streams) expect(await service.effects(stream)).toEqual(ids(stream, 70));
    expect(service.handles.map((one) => one.fatal())).toEqual([undefined, undefined]);
    expect((await handle!.stats()).parkedKeys).toBe(0);
  }, 300_000);

  test('a consumer that starts while it is away fails, says so, and leaves nothing running', async () => {
    await broker.kill();
    const other = kafkaTransport({ brokers: [broker.brokers] });
    await expect(
      startConsumer({
        transport: other,
        pool: service.pool,
        group: uniqueName('late'),
        topics: [service.topic],
        partitions: PARTITIONS,
        handles: [],
        mode: 'reaction',
        react: async () => undefined,
      }),
    ).rejects.toMatchObject({ name: 'BusUnavailable' });
    await other.close();
    await restart();
  }, 120_000);
});
