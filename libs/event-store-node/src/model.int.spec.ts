import { randomUUID } from 'node:crypto';
import {
  ANY,
  BACKWARDS,
  END,
  EventStoreDBClient,
  isCommandError,
  jsonEvent,
  NO_STREAM,
  STREAM_EXISTS,
  type AppendExpectedRevision,
} from '@eventstore/db-client';
import * as fc from 'fast-check';
import { collect, connect, revisions } from './spec-client';
import { startTestNode, type TestNode } from './testing';

// Random histories on a few streams, against a model that is as simple as the rules: what each operation answers, and what
// each stream shows afterwards, must be the same.

const STREAMS = 3;
type Expected = 'any' | 'none' | 'exists' | number;

type Operation =
  | { readonly kind: 'append'; readonly stream: number; readonly expected: Expected; readonly ids: readonly number[] }
  | { readonly kind: 'delete' | 'tombstone'; readonly stream: number; readonly expected: Exclude<Expected, 'exists'> }
  | { readonly kind: 'metadata'; readonly stream: number; readonly maxCount?: number; readonly truncateBefore?: number };

/** An answer: the last revision after a success, or the kind of refusal. */
type Answer = number | 'done' | 'wrong-expected-version' | 'stream-deleted';

class StreamModel {
  private readonly ids: number[] = [];
  private tombstoned = false;
  private hasMetadata = false;
  private maxCount: number | undefined;
  private truncateBefore: number | undefined;

  /** @param home the stream that each event id went to last: like the server, the node knows an id by that one only. */
  constructor(private readonly home: Map<number, StreamModel>) {}

  apply(operation: Operation): Answer {
    if (this.tombstoned) return 'stream-deleted';
    switch (operation.kind) {
      case 'append':
        return this.append(operation.expected, operation.ids);
      case 'metadata':
        return this.setMetadata(operation.maxCount, operation.truncateBefore);
      default:
        return this.remove(operation.kind, operation.expected);
    }
  }

  /** Readable revisions, or why there are none. */
  read(): number[] | 'stream-deleted' | 'stream-not-found' {
    if (this.tombstoned) return 'stream-deleted';
    if (this.ids.length === 0 || this.softDeleted) return 'stream-not-found';
    const first = Math.max(0, this.truncateBefore ?? 0, this.maxCount === undefined ? 0 : this.ids.length - this.maxCount);
    return this.ids.map((_, revision) => revision).filter((revision) => revision >= first);
  }

  private get last(): number {
    return this.ids.length - 1;
  }

  private get softDeleted(): boolean {
    return this.truncateBefore === Infinity;
  }

  private append(expected: Expected, ids: readonly number[]): Answer {
    if (expected === 'exists' && this.softDeleted) return 'stream-deleted';
    if (expected === 'exists' && this.last < 0 && !this.hasMetadata) return 'wrong-expected-version';
    if (expected === 'any' || expected === 'exists') {
      const seen = ids.map((id) => (this.home.get(id) === this ? this.ids.lastIndexOf(id) : -1));
      const unseen = seen.indexOf(-1);
      if (unseen === -1) return seen.at(-1) ?? this.last;
      return unseen === 0 ? this.add(ids) : 'wrong-expected-version';
    }
    const after = expected === 'none' ? -1 : expected;
    if (after > this.last) return 'wrong-expected-version';
    if (after === this.last) return this.add(ids);
    if (ids.every((id, index) => this.ids[after + 1 + index] === id)) return after + ids.length;
    return expected === 'none' && this.softDeleted && this.ids[0] !== ids[0] ? this.add(ids) : 'wrong-expected-version';
  }

  private add(ids: readonly number[]): Answer {
    if (this.softDeleted) this.truncateBefore = this.ids.length;
    this.ids.push(...ids);
    for (const id of ids) this.home.set(id, this);
    return this.last;
  }

  private setMetadata(maxCount: number | undefined, truncateBefore: number | undefined): Answer {
    this.truncateBefore = this.softDeleted ? this.ids.length : truncateBefore;
    this.maxCount = maxCount;
    this.hasMetadata = true;
    return 'done';
  }

  private remove(kind: 'delete' | 'tombstone', expected: Exclude<Expected, 'exists'>): Answer {
    const after = expected === 'none' ? -1 : expected;
    if (after !== 'any' && after !== this.last && !(expected === 'none' && this.softDeleted)) return 'wrong-expected-version';
    if (kind === 'delete' && this.last < 0 && !this.hasMetadata) return 'wrong-expected-version';
    if (kind === 'tombstone') this.tombstoned = true;
    this.truncateBefore = Infinity;
    this.maxCount = undefined;
    this.hasMetadata = true;
    return 'done';
  }
}

const modelStreams = (): StreamModel[] => {
  const home = new Map<number, StreamModel>();
  return Array.from({ length: STREAMS }, () => new StreamModel(home));
};

const stream = fc.nat({ max: STREAMS - 1 });
const revision = fc.nat({ max: 8 });
const operation: fc.Arbitrary<Operation> = fc.oneof(
  // Few ids, so that repeated and half-repeated appends are common.
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      stream,
      expected: fc.oneof(fc.constantFrom<Expected>('any', 'none', 'exists'), revision),
      ids: fc.uniqueArray(fc.nat({ max: 15 }), { minLength: 1, maxLength: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('delete' as const),
      stream,
      expected: fc.oneof(fc.constantFrom('any' as const, 'none' as const), revision),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('tombstone' as const),
      stream,
      expected: fc.oneof(fc.constantFrom('any' as const, 'none' as const), revision),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record(
      { kind: fc.constant('metadata' as const), stream, maxCount: fc.integer({ min: 1, max: 4 }), truncateBefore: fc.nat({ max: 6 }) },
      { requiredKeys: ['kind', 'stream'] },
    ),
  },
);

let server: TestNode;
let client: EventStoreDBClient;
beforeAll(async () => {
  server = await startTestNode();
  client = connect(server.connectionString);
});
afterAll(async () => {
  await client.dispose();
  await server.stop();
});

const revisionOption = (expected: Expected): AppendExpectedRevision =>
  expected === 'any' ? ANY : expected === 'none' ? NO_STREAM : expected === 'exists' ? STREAM_EXISTS : BigInt(expected);

const refusal = (error: unknown): string => {
  if (isCommandError(error as Error)) return (error as { readonly type: string }).type;
  throw error;
};

/** A UUID for each of the small numbers, different in every run. */
const eventId = (run: string, id: number): string => `${run.slice(0, 24)}${String(id).padStart(12, '0')}`;

const perform = async (run: string, done: Operation): Promise<unknown> => {
  const name = `model-${run}-${done.stream}`;
  try {
    switch (done.kind) {
      case 'append': {
        const events = done.ids.map((id) => jsonEvent({ id: eventId(run, id), type: 'Numbered', data: { id } }));
        return Number(
          (await client.appendToStream(name, events, { expectedRevision: revisionOption(done.expected) })).nextExpectedRevision,
        );
      }
      case 'metadata': {
        const { maxCount, truncateBefore } = done;
        await client.setStreamMetadata(name, {
          ...(maxCount !== undefined && { maxCount }),
          ...(truncateBefore !== undefined && { truncateBefore }),
        });
        return 'done';
      }
      case 'delete':
        await client.deleteStream(name, { expectedRevision: revisionOption(done.expected) as typeof ANY });
        return 'done';
      case 'tombstone':
        await client.tombstoneStream(name, { expectedRevision: revisionOption(done.expected) as typeof ANY });
        return 'done';
    }
  } catch (error) {
    return refusal(error);
  }
};

const shown = async (name: string, direction: 'forwards' | 'backwards'): Promise<unknown> => {
  try {
    return revisions(await collect(client.readStream(name, direction === 'forwards' ? {} : { direction: BACKWARDS, fromRevision: END })));
  } catch (error) {
    return refusal(error);
  }
};

test('the node answers and shows the same as the rules, whatever is done in whatever order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { minLength: 1, maxLength: 25 }), async (operations) => {
      const run = randomUUID();
      const models = modelStreams();
      const [expected, actual]: [unknown[], unknown[]] = [[], []];
      for (const done of operations) {
        expected.push(models[done.stream]?.apply(done));
        actual.push(await perform(run, done));
      }
      for (const [index, model] of models.entries()) {
        const readable = model.read();
        expected.push(readable, typeof readable === 'string' ? readable : [...readable].reverse());
        actual.push(await shown(`model-${run}-${index}`, 'forwards'), await shown(`model-${run}-${index}`, 'backwards'));
      }
      expect(actual).toEqual(expected);
    }),
    { numRuns: 150 },
  );
});

test('appends sent at the same time are answered as if sent one after the other', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        operation.filter(({ kind }) => kind === 'append'),
        { minLength: 2, maxLength: 30 },
      ),
      async (operations) => {
        const run = randomUUID();
        const models = modelStreams();
        // One client sends them in this order on one call, and the node takes them in order.
        const answers = operations.map((done) => perform(run, done));
        expect(await Promise.all(answers)).toEqual(operations.map((done) => models[done.stream]?.apply(done)));
      },
    ),
    { numRuns: 100 },
  );
});
