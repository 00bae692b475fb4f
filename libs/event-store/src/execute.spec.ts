import { FORGOTTEN, stream } from '@qiyue/decider';
import { by, collect, noon, wallet } from './fixture';
import {
  AccountForgotten,
  AmbiguousAppend,
  AppendTooLarge,
  createExecutor,
  StoreUnavailable,
  UnfitEvent,
  UnreadableEvent,
  verifyChain,
  type EventStoreClient,
  type ExecutorOptions,
} from './index';
import { memoryStore, memoryVault, type MemoryStore } from './testing';

const anna = { accountId: 'anna', holder: 'Anna Li' };
const setUp = (options: Partial<ExecutorOptions> = {}) => {
  const store = memoryStore();
  const vault = memoryVault();
  const observed: string[] = [];
  const executor = createExecutor({ client: store, vault, random: () => 0, observe: (what) => observed.push(what), ...options });
  return { store, vault, observed, executor };
};

/** A store whose appends go wrong as a plan says: the request is lost on its way, or the answer is. */
const unreliable = (store: MemoryStore, plan: ('request lost' | 'answer lost' | 'fine')[]): EventStoreClient => ({
  ...store,
  append: async (...args) => {
    const fate = plan.shift() ?? 'fine';
    if (fate === 'request lost') throw new AmbiguousAppend('no answer');
    const result = await store.append(...args);
    if (fate === 'answer lost') throw new AmbiguousAppend('no answer');
    return result;
  },
});

describe('a command', () => {
  test('is decided on the stream and stored with everything that is known of it', async () => {
    const { executor, store } = setUp();
    await executor.execute(wallet, '1', 'open', anna, {}, by('c1', { now: noon, traceparent: '00-a-b-01' }));
    await executor.execute(wallet, '1', 'put', { amounts: [5, 6] }, {}, by('c2'));
    const outcome = await executor.execute(wallet, '1', 'take', { amount: 7 }, (state) => ({ now: `${noon} ${state.balance}` }), by('c3'));
    expect(outcome).toMatchObject({
      kind: 'accepted',
      stream: 'wallet-1',
      revision: '3',
      replayed: false,
      events: [{ type: 'MoneyTaken', data: { amount: 7, at: `${noon} 11` }, revision: 3n, streamId: '1', category: 'wallet' }],
    });
    expect(store.log.map(({ stream: name, revision, type }) => `${name}@${revision} ${type}`)).toEqual([
      'wallet-1@0 WalletOpened',
      'wallet-1@1 MoneyPut',
      'wallet-1@2 MoneyPut',
      'wallet-1@3 MoneyTaken',
    ]);
    expect(store.log[0]?.metadata).toEqual({
      schemaVersion: 1,
      correlationId: 'story-1',
      causationId: 'c1',
      commandId: 'c1',
      command: 'open',
      actor: { kind: 'service', id: 'order' },
      agreementVersion: '2026-01',
      recordedAt: noon,
      traceparent: '00-a-b-01',
      fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      factsHash: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      prevHash: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    });
    expect(store.log[1]?.metadata).toMatchObject({ schemaVersion: 2 });
    expect(store.log[3]?.metadata).toMatchObject({ clause: '2.2.6' });
  });
  test('may be as large as the limit and not a byte larger, whatever its texts are made of', async () => {
    const body = { ...anna, holder: 'Anna "Li" 李安娜' };
    const told: unknown[] = [];
    const client: EventStoreClient = {
      ...memoryStore(),
      append: async (_stream, events) => Promise.reject(new Error(String(told.push(...events)))),
    };
    const open = (appendLimitBytes: number) =>
      setUp({ client, appendLimitBytes }).executor.execute(wallet, '1', 'open', body, {}, by('c1'));
    await expect(open(1e6)).rejects.toThrow('1');
    const bytes = Buffer.byteLength(JSON.stringify(told[0]));
    await expect(open(bytes)).rejects.toThrow('2');
    await expect(open(bytes - 1)).rejects.toThrow(AppendTooLarge);
  });
  test('that is so already stores nothing and answers with the head', async () => {
    const { executor, store } = setUp();
    await executor.execute(wallet, '1', 'open', anna, {}, by('c1'));
    expect(await executor.execute(wallet, '1', 'open', anna, {}, by('c2'))).toEqual({
      kind: 'accepted',
      stream: 'wallet-1',
      revision: '0',
      events: [],
      replayed: false,
    });
    expect(await executor.execute(wallet, '2', 'put', { amounts: [] }, {}, by('c3'))).toMatchObject({ revision: '-1', events: [] });
    expect(store.log).toHaveLength(1);
  });
  test('that is refused stores nothing and says the code, the details and the agreement it was refused under', async () => {
    const { executor, store } = setUp();
    expect(await executor.execute(wallet, '1', 'take', { amount: 1 }, { now: noon }, by('c0'))).toEqual({
      kind: 'rejected',
      code: 'closed',
    });
    await executor.execute(wallet, '1', 'open', anna, {}, by('c1'));
    expect(await executor.execute(wallet, '1', 'take', { amount: 1 }, { now: noon }, by('c2'))).toEqual({
      kind: 'rejected',
      code: 'too-little',
      details: { balance: 0 },
      agreementVersion: '2026-01',
    });
    expect(store.log).toHaveLength(1);
  });
  test('of a customer on a stream of somebody else finds nothing there, even if it was given before', async () => {
    const { executor } = setUp();
    const as = (id: string) => ({ actor: { kind: 'customer', id } as const });
    await executor.execute(wallet, '1', 'open', anna, {}, by('c1', as('anna')));
    const notFound = { kind: 'rejected', code: 'not-found', status: 404 };
    expect(await executor.execute(wallet, '1', 'put', { amounts: [1] }, {}, by('c2', as('bert')))).toEqual(notFound);
    expect(await executor.execute(wallet, '1', 'open', anna, {}, by('c1', as('bert')))).toEqual(notFound);
    expect(await executor.execute(wallet, '1', 'put', { amounts: [1] }, {}, by('c3', as('anna')))).toMatchObject({ kind: 'accepted' });
  });
  test('whose events do not fit their schema, or are none of the stream, is a fault and stores nothing', async () => {
    const { executor, store } = setUp();
    await expect(executor.execute(wallet, '1', 'put', { amounts: [0.5] }, {}, by('c1'))).rejects.toThrow(UnfitEvent);
    const forgetful = stream({ ...wallet, decide: { ...wallet.decide, put: () => [{ type: 'Oops', data: {} } as never] } });
    await expect(executor.execute(forgetful, '1', 'put', { amounts: [1] }, {}, by('c1'))).rejects.toThrow(UnfitEvent);
    expect(store.log).toHaveLength(0);
  });
});

describe('a command given twice', () => {
  test('does its work once and answers the same again, whatever happened in between', async () => {
    const { executor, store, observed } = setUp();
    await executor.execute(wallet, '1', 'open', anna, {}, by('c1'));
    const first = await executor.execute(wallet, '1', 'put', { amounts: [1, 2] }, {}, by('c2'));
    await executor.execute(wallet, '1', 'take', { amount: 3 }, { now: noon }, by('c3'));
    const again = await executor.execute(wallet, '1', 'put', { amounts: [1, 2] }, {}, by('c2', { now: '2027-01-01T00:00:00.000Z' }));
    expect(again).toEqual({
      ...first,
      replayed: true,
      events: first.kind === 'accepted' ? first.events.map((event) => ({ ...event, position: expect.anything() as unknown })) : [],
    });
    expect(store.log).toHaveLength(4);
    expect(observed).toEqual(['replay']);
  });
  test('with another body, under another name or with another fingerprint is refused', async () => {
    const { executor } = setUp();
    const refused = { kind: 'rejected', code: 'idempotency-key-reused', status: 422 };
    await executor.execute(wallet, '1', 'put', { amounts: [1] }, {}, by('c1'));
    expect(await executor.execute(wallet, '1', 'put', { amounts: [2] }, {}, by('c1'))).toEqual(refused);
    expect(await executor.execute(wallet, '1', 'open', anna, {}, by('c1'))).toEqual(refused);
    expect(await executor.execute(wallet, '1', 'put', { amounts: [1] }, {}, by('c1', { fingerprint: 'other' }))).toEqual(refused);
  });
  test('fifty times at once, by two processes, leaves one set of events, and all are answered with the stored ones', async () => {
    const { executor, store, vault } = setUp();
    const other = createExecutor({ client: store, vault });
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        (index % 2 === 0 ? executor : other).execute(
          wallet,
          '1',
          'put',
          { amounts: [1, 2] },
          {},
          by('c1', { now: `2026-03-02T12:00:00.${100 + index}Z` }),
          { expectNew: index % 3 === 0 },
        ),
      ),
    );
    expect(store.log).toHaveLength(2);
    const stored = store.log.map(({ id, metadata }) => [id, (metadata as { recordedAt: string }).recordedAt]);
    for (const outcome of outcomes)
      expect(outcome.kind === 'accepted' && outcome.events.map(({ id, metadata }) => [id, metadata.recordedAt])).toEqual(stored);
    expect(outcomes.filter((outcome) => outcome.kind === 'accepted' && !outcome.replayed)).toHaveLength(1);
  });
  test('is answered by a process that was not there the first time', async () => {
    const { executor, store, vault } = setUp();
    await executor.execute(wallet, '1', 'put', { amounts: [1] }, {}, by('c1'));
    expect(await createExecutor({ client: store, vault }).execute(wallet, '1', 'put', { amounts: [1] }, {}, by('c1'))).toMatchObject({
      replayed: true,
      events: [{ data: { amount: 1 } }],
    });
  });
});

describe('a race for a stream', () => {
  /** Lets somebody else append just before each of the first appends. */
  const raced = (store: MemoryStore, times: number): EventStoreClient => {
    const rival = createExecutor({ client: store, vault: memoryVault() });
    let left = times;
    return {
      ...store,
      append: async (...args) => {
        if (left-- > 0) await rival.execute(wallet, '1', 'put', { amounts: [10] }, {}, by(`rival-${left}`));
        return store.append(...args);
      },
    };
  };
  test('is decided anew on the state of the winner', async () => {
    const store = memoryStore();
    const { executor, observed } = setUp({ client: raced(store, 2) });
    expect(await executor.execute(wallet, '1', 'open', anna, {}, by('c1'))).toMatchObject({
      kind: 'accepted',
      revision: '2',
      replayed: false,
    });
    expect(observed).toEqual(['conflict', 'conflict']);
    expect((await verifyChain(executor.history('wallet-1'))).ok).toBe(true);
  });
  test('that is lost as often as is allowed is refused as busy, with nothing stored', async () => {
    const store = memoryStore();
    const { executor } = setUp({ client: raced(store, 3), maxAttempts: 3 });
    expect(await executor.execute(wallet, '1', 'open', anna, {}, by('c1'))).toEqual({ kind: 'rejected', code: 'busy', status: 409 });
    expect(store.log).toHaveLength(3);
  });
  test('does not happen within a process: fifty commands on one stream all get through', async () => {
    const { executor, observed } = setUp({ maxAttempts: 1 });
    await Promise.all(
      Array.from({ length: 50 }, (_, index) => executor.execute(wallet, '1', 'put', { amounts: [1] }, {}, by(`c${index}`))),
    );
    expect((await executor.load(wallet, '1')).state.balance).toBe(50);
    expect(observed).toEqual([]);
  });
});

describe('an append without an answer', () => {
  test.each([
    [['answer lost']],
    [['request lost']],
    [['answer lost', 'answer lost']],
    [['request lost', 'answer lost', 'request lost']],
  ] as ('request lost' | 'answer lost')[][][])('%j: is the same append when it is tried again', async (plan) => {
    const store = memoryStore();
    const { executor, observed } = setUp({ client: unreliable(store, [...plan]) });
    expect(await executor.execute(wallet, '1', 'put', { amounts: [1, 2] }, {}, by('c1'))).toMatchObject({
      kind: 'accepted',
      revision: '1',
    });
    expect(store.log.map(({ revision }) => revision)).toEqual([0n, 1n]);
    expect(observed).toEqual(plan.map(() => 'doubt'));
  });
  test('that took place, while others went on, is found when it is read back', async () => {
    const store = memoryStore();
    const rival = createExecutor({ client: store, vault: memoryVault() });
    let first = true;
    const client: EventStoreClient = {
      ...store,
      append: async (...args) => {
        const result = await store.append(...args);
        if (!first) return result;
        first = false;
        await rival.execute(wallet, '1', 'put', { amounts: [10] }, {}, by('rival'));
        throw new AmbiguousAppend('no answer');
      },
    };
    const { executor } = setUp({ client });
    expect(await executor.execute(wallet, '1', 'put', { amounts: [1] }, {}, by('c1'))).toMatchObject({
      kind: 'accepted',
      revision: '0',
      replayed: false,
    });
    expect(store.log).toHaveLength(2);
  });
  test('that did not take place before others came is decided anew', async () => {
    const store = memoryStore();
    const rival = createExecutor({ client: store, vault: memoryVault() });
    let first = true;
    const client: EventStoreClient = {
      ...store,
      append: async (...args) => {
        if (!first) return store.append(...args);
        first = false;
        await rival.execute(wallet, '1', 'put', { amounts: [10] }, {}, by('rival'));
        throw new AmbiguousAppend('no answer');
      },
    };
    const { executor, observed } = setUp({ client });
    expect(await executor.execute(wallet, '1', 'put', { amounts: [1] }, {}, by('c1'))).toMatchObject({ kind: 'accepted', revision: '1' });
    expect(observed).toEqual(['doubt', 'conflict']);
  });
  test('that stays without one is a fault; given again, after a crash or not, the command does its work once', async () => {
    for (const fate of ['request lost', 'answer lost'] as const) {
      const store = memoryStore();
      const vault = memoryVault();
      // Nothing can be read back either: the process is as good as dead.
      const dead: EventStoreClient = {
        ...unreliable(store, [fate, 'request lost']),
        readStream: (name, options) =>
          options?.maxCount === undefined
            ? store.readStream(name, options)
            : (() => {
                throw new StoreUnavailable('gone');
              })(),
      };
      await expect(
        createExecutor({ client: dead, vault, tries: 2, random: () => 0 }).execute(wallet, '1', 'put', { amounts: [1] }, {}, by('c1')),
      ).rejects.toThrow(AmbiguousAppend);
      expect(
        await createExecutor({ client: store, vault }).execute(
          wallet,
          '1',
          'put',
          { amounts: [1] },
          {},
          by('c1', { now: '2027-01-01T00:00:00.000Z' }),
        ),
      ).toMatchObject({ kind: 'accepted', replayed: fate === 'answer lost' });
      expect(store.log).toHaveLength(1);
    }
  });
  test.each([
    [2, 'accepted'],
    [3, 'given up'],
  ])(
    'is tried as often as allowed and no more: after %i lost requests and three tries it is %s (STORE_ATTEMPTS_MAX)',
    async (lost, end) => {
      const store = memoryStore();
      const { executor } = setUp({
        client: unreliable(
          store,
          Array.from({ length: lost }, () => 'request lost' as const),
        ),
        tries: 3,
      });
      const outcome = await executor.execute(wallet, '1', 'put', { amounts: [1] }, {}, by('c1')).then(
        ({ kind }) => kind,
        () => 'given up',
      );
      expect([outcome, store.log.length]).toEqual([end, end === 'accepted' ? 1 : 0]);
    },
  );
  test('is found by reading back at last, when every answer is lost', async () => {
    const store = memoryStore();
    const { executor } = setUp({ client: unreliable(store, ['answer lost', 'answer lost', 'answer lost']), tries: 3 });
    expect(await executor.execute(wallet, '1', 'put', { amounts: [1] }, {}, by('c1'))).toMatchObject({ kind: 'accepted', revision: '0' });
  });
});

describe('a stream that is loaded', () => {
  test('is read again from the start when the store fails half-way', async () => {
    const store = memoryStore();
    let failures = 2;
    const client: EventStoreClient = {
      ...store,
      readStream: async function* (name, options) {
        let index = 0;
        for await (const event of store.readStream(name, options)) {
          if (index++ === 1 && failures-- > 0) throw new StoreUnavailable('gone');
          yield event;
        }
      },
    };
    const { executor } = setUp({ client });
    await executor.execute(wallet, '1', 'put', { amounts: [1, 2, 3] }, {}, by('c1'));
    expect((await executor.load(wallet, '1')).state.balance).toBe(6);
  });
  test('is upcast on the way; what is stored stays as it was', async () => {
    const { executor, store } = setUp();
    await executor.execute(wallet, '1', 'put', { amounts: [5] }, {}, by('c1'));
    const old = store.log[0] as { data: unknown; metadata: object };
    store.log[0] = { ...store.log[0], data: { sum: 5 }, metadata: { ...old.metadata, schemaVersion: 1 } } as never;
    const { state, events, revision } = await executor.load(wallet, '1');
    expect(state.balance).toBe(5);
    expect(revision).toBe(0n);
    expect(events[0]).toMatchObject({ data: { amount: 5 }, metadata: { schemaVersion: 1 } });
    expect((await collect(executor.history('wallet-1')))[0]?.data).toEqual({ sum: 5 });
  });
  test.each([
    ['of a type nobody declares', { type: 'MoneyBurnt' }],
    ['named like a method of objects', { type: 'toString' }],
    ['from a newer version of the code', { metadata: { schemaVersion: 9, hash: '', commandId: '' } }],
    ['without metadata', { metadata: undefined }],
    ['without a schema version', { metadata: { hash: '', commandId: '' } }],
    ['whose data is no object', { data: 'broken json' }],
  ])('with an event %s is a fault: nothing is decided past it', async (_, change) => {
    const { executor, store } = setUp();
    await executor.execute(wallet, '1', 'put', { amounts: [1] }, {}, by('c1'));
    store.log[0] = { ...store.log[0], ...change } as never;
    await expect(executor.execute(wallet, '1', 'put', { amounts: [1] }, {}, by('c2'))).rejects.toThrow(UnreadableEvent);
  });
  test('that does not exist is the initial state', async () =>
    expect(await setUp().executor.load(wallet, 'none')).toEqual({ state: wallet.initialState, revision: undefined, events: [] }));
});

describe('personal data', () => {
  test('is sealed in the store, and in the clear for decisions and in answers (5.1)', async () => {
    const { executor, store } = setUp();
    const outcome = await executor.execute(wallet, '1', 'open', { ...anna, heirs: [{ name: 'Bo' }, { name: '' }] }, {}, by('c1'));
    expect(outcome).toMatchObject({ events: [{ data: { holder: 'Anna Li', heirs: [{ name: 'Bo' }, { name: '' }] } }] });
    expect(store.log[0]?.data).toMatchObject({
      accountId: 'anna',
      holder: expect.stringMatching(/^sealed:1:anna:/) as string,
      heirs: [{ name: expect.stringMatching(/^sealed:1:anna:/) as string }, { name: expect.stringMatching(/^sealed:1:anna:/) as string }],
    });
    expect(JSON.stringify(store.log, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))).not.toMatch(
      /Anna Li|Bo"/,
    );
    expect((await executor.load(wallet, '1')).state.holder).toBe('Anna Li');
  });
  test('of an account whose key is destroyed reads as forgotten, and the chain stays whole', async () => {
    const { executor, vault } = setUp();
    await executor.execute(wallet, '1', 'open', anna, {}, by('c1'));
    await vault.destroy('anna');
    expect((await executor.load(wallet, '1')).state).toMatchObject({ holder: FORGOTTEN, balance: 0 });
    expect(await executor.execute(wallet, '1', 'open', anna, {}, by('c1'))).toMatchObject({
      replayed: true,
      events: [{ data: { holder: FORGOTTEN } }],
    });
    expect(await executor.execute(wallet, '1', 'put', { amounts: [1] }, {}, by('c2'))).toMatchObject({ kind: 'accepted' });
    expect(await verifyChain(executor.history('wallet-1'))).toMatchObject({ ok: true, events: 2 });
  });
  test('is not stored for an account whose key is destroyed, unless it is forgotten already', async () => {
    const { executor, vault, store } = setUp();
    await vault.destroy('anna');
    await expect(executor.execute(wallet, '1', 'open', anna, {}, by('c1'))).rejects.toThrow(AccountForgotten);
    expect(store.log).toHaveLength(0);
    expect(await executor.execute(wallet, '1', 'open', { ...anna, holder: FORGOTTEN }, {}, by('c2'))).toMatchObject({ kind: 'accepted' });
  });
  test('without a subject is a fault and never stored in the clear', async () => {
    const { executor, store } = setUp();
    await expect(executor.execute(wallet, '1', 'open', { ...anna, accountId: '' }, {}, by('c1'))).rejects.toThrow(UnfitEvent);
    expect(store.log).toHaveLength(0);
  });
  test('cannot be smuggled in as something sealed: a sealed look is refused where nothing is personal, and is plain text where something is', async () => {
    const { executor, store } = setUp();
    await expect(
      executor.execute(wallet, '1', 'put', { amounts: [1], note: 'sealed:1:anna:AAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAAAA' }, {}, by('c1')),
    ).rejects.toThrow(UnfitEvent);
    expect(await executor.execute(wallet, '1', 'put', { amounts: [1], note: 'so "sealed:1:" it says' }, {}, by('c2'))).toMatchObject({
      kind: 'accepted',
    });
    const holder = 'sealed:1:bert:AAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAAAA';
    expect(await executor.execute(wallet, '2', 'open', { accountId: 'anna', holder }, {}, by('c3'))).toMatchObject({
      events: [{ data: { holder } }],
    });
    expect((await executor.load(wallet, '2')).state.holder).toBe(holder);
    expect(store.log.at(-1)?.data).toMatchObject({ holder: expect.stringMatching(/^sealed:1:anna:/) as string });
  });
  test('leaves no trace that could be guessed at in what stands beside it', async () => {
    const one = setUp();
    const two = setUp();
    for (const { executor } of [one, two]) await executor.execute(wallet, '1', 'open', anna, { phone: '1' }, by('c1'));
    const [a, b] = [one, two].map(({ store }) => store.log[0] as { id: string; metadata: Record<string, unknown> });
    // The same command in another deployment: nothing derived from body or facts is the same.
    for (const key of ['fingerprint', 'factsHash', 'hash']) expect(a?.metadata[key]).not.toBe(b?.metadata[key]);
    expect(a?.id).not.toBe(b?.id);
  });
});

describe('a command that expects to create its stream', () => {
  const counting = () => {
    const store = memoryStore();
    let reads = 0;
    return {
      store,
      reads: () => reads,
      client: {
        ...store,
        readStream: (...args: Parameters<EventStoreClient['readStream']>) => {
          reads += 1;
          return store.readStream(...args);
        },
      } satisfies EventStoreClient,
    };
  };
  test('costs no read', async () => {
    const { client, reads } = counting();
    const { executor } = setUp({ client });
    expect(await executor.execute(wallet, '1', 'open', anna, {}, by('c1'), { expectNew: true })).toMatchObject({
      kind: 'accepted',
      revision: '0',
    });
    expect(reads()).toBe(0);
  });
  test('is decided on what is there if the stream exists', async () => {
    const { executor, store } = setUp();
    await executor.execute(wallet, '1', 'open', anna, {}, by('c1'));
    expect(await executor.execute(wallet, '1', 'open', anna, {}, by('c2'), { expectNew: true })).toMatchObject({
      events: [],
      revision: '0',
    });
    expect(await executor.execute(wallet, '1', 'put', { amounts: [1] }, {}, by('c3'), { expectNew: true })).toMatchObject({
      revision: '1',
    });
    expect(await executor.execute(wallet, '1', 'take', { amount: 1 }, { now: noon }, by('c4'), { expectNew: true })).toMatchObject({
      kind: 'accepted',
    });
    expect(store.log).toHaveLength(3);
  });
  test('given twice is answered with what is stored, and refused with another body', async () => {
    const { executor } = setUp();
    await executor.execute(wallet, '1', 'open', anna, {}, by('c1'), { expectNew: true });
    expect(
      await executor.execute(wallet, '1', 'open', anna, {}, by('c1', { now: '2027-01-01T00:00:00.000Z' }), { expectNew: true }),
    ).toMatchObject({ replayed: true, events: [{ metadata: { recordedAt: noon } }] });
    expect(await executor.execute(wallet, '1', 'open', { ...anna, holder: 'B' }, {}, by('c1'), { expectNew: true })).toMatchObject({
      code: 'idempotency-key-reused',
    });
  });
});

describe('streams kept between commands', () => {
  const two = () => {
    const store = memoryStore();
    const vault = memoryVault();
    let reads = 0;
    const client: EventStoreClient = {
      ...store,
      readStream: (...args) => {
        reads += 1;
        return store.readStream(...args);
      },
    };
    const make = () => createExecutor({ client, vault, cacheStreams: 2, random: () => 0 });
    return { store, here: make(), there: make(), reads: () => reads };
  };
  test('save the read', async () => {
    const { here, reads } = two();
    await here.execute(wallet, '1', 'open', anna, {}, by('c1'));
    const before = reads();
    await here.execute(wallet, '1', 'put', { amounts: [5] }, {}, by('c2'));
    await here.execute(wallet, '1', 'take', { amount: 5 }, { now: noon }, by('c3'));
    expect(reads()).toBe(before);
    expect(await verifyChain(here.history('wallet-1'))).toMatchObject({ ok: true, events: 3 });
  });
  test('never refuse, nor call a thing done, on what is out of date', async () => {
    const { here, there } = two();
    await here.execute(wallet, '1', 'open', anna, {}, by('c1'));
    await there.execute(wallet, '1', 'put', { amounts: [5] }, {}, by('c2'));
    expect(await here.execute(wallet, '1', 'take', { amount: 5 }, { now: noon }, by('c3'))).toMatchObject({
      kind: 'accepted',
      revision: '2',
    });
    expect(await there.execute(wallet, '1', 'take', { amount: 5 }, { now: noon }, by('c4'))).toMatchObject({
      kind: 'rejected',
      code: 'too-little',
      details: { balance: 0 },
    });
  });
  test('never let through what is out of date either: the store refuses, and the command is decided anew', async () => {
    const { here, there, store } = two();
    await here.execute(wallet, '1', 'open', anna, {}, by('c1'));
    await here.execute(wallet, '1', 'put', { amounts: [5] }, {}, by('c2'));
    await there.execute(wallet, '1', 'take', { amount: 5 }, { now: noon }, by('c3'));
    expect(await here.execute(wallet, '1', 'take', { amount: 5 }, { now: noon }, by('c4'))).toMatchObject({
      kind: 'rejected',
      code: 'too-little',
    });
    expect(store.log).toHaveLength(3);
    expect((await verifyChain(here.history('wallet-1'))).ok).toBe(true);
  });
  test('still answer a command given twice with what is stored, here and there', async () => {
    const { here, there } = two();
    await here.execute(wallet, '1', 'put', { amounts: [1] }, {}, by('c1'));
    await there.execute(wallet, '1', 'put', { amounts: [2] }, {}, by('c2'));
    const later = { now: '2027-01-01T00:00:00.000Z' };
    expect(await here.execute(wallet, '1', 'put', { amounts: [1] }, {}, by('c1', later))).toMatchObject({ replayed: true });
    expect(await here.execute(wallet, '1', 'put', { amounts: [2] }, {}, by('c2', later))).toMatchObject({ replayed: true });
    expect((await here.load(wallet, '1')).state.balance).toBe(3);
  });
});
