import 'reflect-metadata';
import { Controller, Module, UseFilters, type INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { Envelope } from '@qiyue/contracts';
import { FactServer, PassFaults } from './fact-server';
import type { LogTransport } from './log-transport';
import { uniqueName, type Broker } from './testing-broker';
import { sampleEnvelope, sampleStream } from './testing-envelopes';
import { SampleService } from './testing-service';
import { until } from './testing-support';

const PARTITIONS = 4;

/** What an internal team writes: handlers with Nest's decorators. `seen` and `fail` are the test's. */
const controllerOf = (seen: string[], fail: (envelope: Envelope) => Promise<void>) => {
  class Lamps {
    async lit(envelope: Envelope): Promise<void> {
      await fail(envelope);
      seen.push(`lit ${envelope.id}`);
    }
    counted(envelope: Envelope): void {
      seen.push(`counted ${envelope.id}`);
    }
  }
  for (const method of ['lit', 'counted'] as const) {
    Payload()(Lamps.prototype, method, 0);
    EventPattern('qiyue.lamp.LampLit.v1')(Lamps.prototype, method, Object.getOwnPropertyDescriptor(Lamps.prototype, method)!);
  }
  UseFilters(PassFaults)(Lamps);
  Controller()(Lamps);
  return Lamps;
};

/** A Jest suite with what handlers declared with Nest's decorators can count on, on any transport. */
export const factServerContract = (name: string, openBroker: () => Promise<Broker>, serverUrl: string): void => {
  describe(`facts for Nest on the ${name} transport`, () => {
    let broker: Broker;
    let transport: LogTransport;
    let service: SampleService;
    let server: FactServer;
    let app: INestMicroservice | undefined;
    const seen: string[] = [];
    beforeAll(async () => {
      broker = await openBroker();
      transport = (await broker.connect()).transport;
    });
    beforeEach(async () => {
      seen.length = 0;
      const topic = uniqueName('facts');
      await transport.ensureTopics([topic], PARTITIONS);
      service = await SampleService.open(serverUrl, topic);
    });
    afterEach(async () => {
      await app?.close();
      app = undefined;
      await service.close();
    });
    afterAll(() => broker.close());

    const start = async (fail: (envelope: Envelope) => Promise<void> = async () => undefined): Promise<void> => {
      class Root {}
      Module({ controllers: [controllerOf(seen, fail)] })(Root);
      const { pool, group, topic } = service;
      const catalogue = [{ service: 'lamp', name: 'LampLit', version: 1 }];
      const retry = { attempts: 3, firstDelayMs: 1, maxDelayMs: 5 };
      server = new FactServer({ transport, pool, group, topics: [topic], partitions: PARTITIONS, catalogue, retry });
      app = await NestFactory.createMicroservice(Root, { strategy: server, logger: false });
      await app.listen();
    };
    const quiet = (): Promise<boolean> => until('the consumer to be caught up', () => server.consumer!.caughtUp());

    test('every handler of a fact gets its envelope, in the order of the stream', async () => {
      await start();
      await service.tell(transport, sampleStream('lamp-1', 3));
      await quiet();
      const order = (what: string): string[] => seen.filter((one) => one.startsWith(what));
      expect(order('lit')).toEqual(['lit lamp-1@0', 'lit lamp-1@1', 'lit lamp-1@2']);
      expect(order('counted')).toEqual(['counted lamp-1@0', 'counted lamp-1@1', 'counted lamp-1@2']);
    });
    test('a fact that fails for good parks its own key, with its name and code and no word of its data; others flow', async () => {
      await start(async ({ subject }) => {
        if (subject === 'lamp-1') throw Object.assign(new RangeError('li@example.com'), { code: 'too-bright' });
      });
      await service.tell(transport, [...sampleStream('lamp-1', 2), ...sampleStream('lamp-2', 2)]);
      await quiet();
      expect(seen.filter((one) => one.startsWith('lit'))).toEqual(['lit lamp-2@0', 'lit lamp-2@1']);
      expect(await server.consumer!.list()).toMatchObject([
        { key: 'lamp-1', events: 2, first: { reason: 'RangeError/too-bright', attempts: 3 } },
      ]);
    });
    test('an outage behind a handler is waited out and parks nothing', async () => {
      let down = 12;
      await start(async () => {
        if ((down -= 1) >= 0) throw Object.assign(new Error('away'), { code: 'ECONNREFUSED' });
      });
      await service.tell(transport, [sampleEnvelope({ sequence: 0 })]);
      await quiet();
      expect(seen).toContain('lit lamp-1@0');
      expect(await server.consumer!.list()).toEqual([]);
    });
    test('a pattern that is not the type of a fact keeps it from starting', async () => {
      const wrong = new FactServer({ transport, pool: service.pool, group: service.group });
      wrong.addHandler('OrderPaid', async () => undefined, true);
      await expect(wrong.start()).rejects.toThrow('OrderPaid is not the type of a fact');
    });
    test('what stops and starts again goes on where it was', async () => {
      await start();
      await service.tell(transport, sampleStream('lamp-1', 2));
      await quiet();
      await app?.close();
      await service.tell(transport, [sampleEnvelope({ sequence: 2, previous: 1 })]);
      await start();
      await quiet();
      expect(seen.filter((one) => one.startsWith('lit'))).toEqual(['lit lamp-1@0', 'lit lamp-1@1', 'lit lamp-1@2']);
    });
  });
};
