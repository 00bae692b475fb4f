import { by, collect, noon, wallet } from './fixture';
import { chainHash, createExecutor, verifyChain, type StoredEvent } from './index';
import { memoryStore, memoryVault } from './testing';

/** Four events of one stream, as they are stored. */
const history = async (id = '1'): Promise<StoredEvent[]> => {
  const executor = createExecutor({ client: memoryStore(), vault: memoryVault() });
  await executor.execute(wallet, id, 'open', { accountId: 'anna', holder: 'Anna Li' }, {}, by('c1'));
  await executor.execute(wallet, id, 'put', { amounts: [5, 6] }, {}, by('c2'));
  await executor.execute(wallet, id, 'take', { amount: 7 }, { now: noon }, by('c3'));
  return collect(executor.history(`wallet-${id}`));
};

async function* each(events: readonly StoredEvent[]): AsyncGenerator<StoredEvent> {
  yield* events;
}

const change = (events: readonly StoredEvent[], index: number, by_: (event: StoredEvent) => Partial<StoredEvent>): StoredEvent[] =>
  events.map((event, at) => (at === index ? { ...event, ...by_(event) } : event));

/** A forger who knows how the chain is made: the event's own hash fits again. */
const rehashed = (event: StoredEvent): StoredEvent => {
  const { hash: _, ...metadata } = event.metadata;
  return { ...event, metadata: { ...metadata, hash: chainHash({ ...event, metadata }) } };
};

describe('the hash chain of a stream', () => {
  test('verifies as it was written', async () => {
    const events = await history();
    expect(await verifyChain(each(events))).toEqual({ ok: true, events: 4, head: events[3]?.metadata.hash });
  });
  test('of nothing is whole', async () => expect(await verifyChain(each([]))).toEqual({ ok: true, events: 0, head: '' }));

  const tampered: [string, (events: StoredEvent[], other: StoredEvent[]) => StoredEvent[], number, RegExp][] = [
    ['altered data', (events) => change(events, 1, () => ({ data: { amount: 50 } })), 1, /altered/],
    ['one more field in the data', (events) => change(events, 1, ({ data }) => ({ data: { ...(data as object), x: null } })), 1, /altered/],
    ['data that is no JSON any more', (events) => change(events, 2, () => ({ data: '{"amount":' })), 2, /altered/],
    ['data that no JSON has', (events) => change(events, 2, () => ({ data: { amount: NaN } })), 2, /altered/],
    [
      'another actor',
      (events) => change(events, 3, ({ metadata }) => ({ metadata: { ...metadata, actor: { kind: 'officer', id: 'x' } } })),
      3,
      /altered/,
    ],
    [
      'another time',
      (events) => change(events, 0, ({ metadata }) => ({ metadata: { ...metadata, recordedAt: '2020-01-01T00:00:00.000Z' } })),
      0,
      /altered/,
    ],
    [
      'one more field in the metadata',
      (events) => change(events, 0, ({ metadata }) => ({ metadata: { ...metadata, clause: '9' } })),
      0,
      /altered/,
    ],
    ['another type', (events) => change(events, 1, () => ({ type: 'MoneyTaken' })), 1, /altered/],
    ['another id', (events) => change(events, 1, () => ({ id: '00000000-0000-5000-8000-000000000000' })), 1, /altered/],
    ['no metadata', (events) => change(events, 2, () => ({ metadata: undefined as never })), 2, /no hash/],
    ['no hash', (events) => change(events, 2, () => ({ metadata: {} as never })), 2, /no hash/],
    ['a removed event', (events) => events.toSpliced(1, 1), 1, /missing/],
    ['a removed first event', (events) => events.slice(1), 0, /missing/],
    [
      'a removed event, the rest renumbered',
      (events) => events.toSpliced(1, 1).map((event, at) => ({ ...event, revision: BigInt(at) })),
      1,
      /follow/,
    ],
    [
      'a removed first event, the rest renumbered and its hash made anew',
      (events) => events.slice(1).map((event, at) => rehashed({ ...event, revision: BigInt(at) })),
      0,
      /follow/,
    ],
    ['swapped events', ([a, b, c, d]) => [a, c, b, d] as StoredEvent[], 1, /out of order/],
    ['swapped events, renumbered', ([a, b, c, d]) => [a, { ...c, revision: 1n }, { ...b, revision: 2n }, d] as StoredEvent[], 1, /follow/],
    [
      'altered data with its hash made anew',
      (events) => change(events, 1, (event) => rehashed({ ...event, data: { amount: 50 } })),
      2,
      /follow/,
    ],
    [
      'an event put in',
      (events) => events.toSpliced(1, 0, rehashed({ ...(events[1] as StoredEvent), data: { amount: 9 } })),
      2,
      /out of order/,
    ],
    ['an event of another stream', (events, other) => events.toSpliced(1, 1, other[1] as StoredEvent), 1, /another stream/],
    [
      'a whole history of another stream under this name',
      (_, other) => other.map((event) => ({ ...event, stream: 'wallet-1' })),
      0,
      /follow/,
    ],
  ];
  test.each(tampered)('shows %s, and where', async (_, tamper, at, problem) => {
    const events = await history();
    const verified = await verifyChain(each(tamper(events, await history('2'))));
    expect(verified).toMatchObject({ ok: false, problem: expect.stringMatching(problem) as string });
    const named = verified.ok ? undefined : verified.at;
    expect(named).toMatchObject({ stream: expect.any(String) as string, type: expect.any(String) as string });
    // The first that does not fit is the one that is named, by its place in what was read.
    expect(tamper(events, await history('2'))[at]).toMatchObject({ revision: named?.revision });
  });

  test('cannot show that its tail was cut off, unless somebody witnessed it', async () => {
    const events = await history();
    const witness = { revision: 3n, hash: events[3]?.metadata.hash ?? '' };
    expect(await verifyChain(each(events.slice(0, 3)))).toMatchObject({ ok: true, events: 3 });
    expect(await verifyChain(each(events), witness)).toMatchObject({ ok: true });
    expect(await verifyChain(each(events.slice(0, 3)), witness)).toMatchObject({
      ok: false,
      at: { revision: 2n },
      problem: expect.stringMatching(/ends before/) as string,
    });
    expect(await verifyChain(each([]), witness)).toMatchObject({ ok: false });
  });
  test('rewritten from some point on, by someone who knows how, shows against a witness', async () => {
    const events = await history();
    const witness = { revision: 2n, hash: events[2]?.metadata.hash ?? '' };
    const forged: StoredEvent[] = [];
    for (const event of events)
      forged.push(
        rehashed({
          ...event,
          data: event.revision === 1n ? { amount: 50 } : event.data,
          metadata: { ...event.metadata, prevHash: forged.at(-1)?.metadata.hash ?? event.metadata.prevHash },
        }),
      );
    expect(await verifyChain(each(forged))).toMatchObject({ ok: true });
    expect(await verifyChain(each(forged), witness)).toMatchObject({
      ok: false,
      at: { revision: 2n },
      problem: expect.stringMatching(/witnessed/) as string,
    });
  });
});
