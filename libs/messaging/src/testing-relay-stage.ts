import pg from 'pg';
import { startRelay, type LogTransport, type Relay, type RelayOptions, type RelayProblem } from './index';
import { Reading, uniqueName, type Broker } from './testing-broker';
import { lamp } from './testing-lamp';
import { fakeStore, type FakeStore } from './testing-source';
import { temporaryDatabase, until } from './testing-support';

/** A relay's surroundings for one spec file: a store in memory, a bus, a database for each test. */
export class RelayStage {
  broker!: Broker;
  transport!: LogTransport;
  pool!: pg.Pool;
  topic!: string;
  store!: FakeStore;
  readonly relays: Relay[] = [];
  readonly problems: RelayProblem[] = [];
  private database!: Awaited<ReturnType<typeof temporaryDatabase>>;

  constructor(
    private readonly serverUrl: string,
    private readonly openBroker: () => Promise<Broker>,
  ) {}

  /** Ties it to the tests of the enclosing block. */
  install(): this {
    beforeAll(async () => {
      this.broker = await this.openBroker();
      this.transport = (await this.broker.connect()).transport;
    });
    beforeEach(async () => {
      this.database = await temporaryDatabase(this.serverUrl, 'relay');
      this.pool = new pg.Pool({ connectionString: this.database.url, max: 8 });
      this.problems.length = 0;
      this.newBus();
      this.store = fakeStore();
    });
    afterEach(async () => {
      await Promise.all(this.relays.splice(0).map((relay) => relay.stop()));
      await this.pool.end();
      await this.database.drop();
    });
    afterAll(async () => this.broker.close());
    return this;
  }

  /** An empty topic takes the place of the one before. */
  newBus(): void {
    this.topic = uniqueName('lamp');
  }

  async start(over: Partial<RelayOptions> = {}): Promise<Relay> {
    const relay = await startRelay({
      service: 'lamp',
      subscribe: this.store.subscribe,
      transport: this.transport,
      pool: this.pool,
      declarations: [lamp],
      topic: this.topic,
      partitions: 4,
      standbyMs: 20,
      onProblem: (problem) => void this.problems.push(problem),
      ...over,
    });
    this.relays.push(relay);
    return relay;
  }

  /** Stops the relay started last. */
  async stopLast(): Promise<void> {
    await this.relays.pop()?.stop();
  }

  /** Ids of everything on the bus, each partition in order. */
  async told(): Promise<readonly string[]> {
    const reading = new Reading(this.topic);
    const count = [...(await this.transport.head(this.topic)).values()].reduce((sum, head) => sum + Number(head), 0);
    const consumer = await reading.member(this.transport);
    await until('the whole topic', () => reading.messages.length >= count);
    await consumer.stop();
    return reading.messages.map(({ envelope }) => envelope!.id);
  }

  light(stream = 'lamp-1', times = 1): void {
    for (let at = 0; at < times; at += 1) this.store.append(stream, 'LampLit', { watt: at });
  }

  quiet(relay: Relay): Promise<boolean> {
    return until('the relay to be caught up', () => relay.caughtUp());
  }

  /** The transport with some verbs replaced. */
  but(verbs: Partial<LogTransport>): LogTransport {
    const { transport } = this;
    return {
      ensureTopics: (...args) => transport.ensureTopics(...args),
      publish: (...args) => transport.publish(...args),
      tail: (topic) => transport.tail(topic),
      head: (topic) => transport.head(topic),
      bounds: (topic) => transport.bounds(topic),
      consume: (options) => transport.consume(options),
      close: () => transport.close(),
      ...verbs,
    };
  }
}
