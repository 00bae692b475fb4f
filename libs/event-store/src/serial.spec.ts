import fc from 'fast-check';
import { by, collect, noon, wallet } from './fixture';
import { AmbiguousAppend, createExecutor, verifyChain, type EventStoreClient, type Outcome } from './index';
import { memoryStore, memoryVault } from './testing';

const command = fc.record({
  executor: fc.nat({ max: 2 }),
  id: fc.constantFrom('1', '2'),
  /** Few, so that commands come twice. */
  commandId: fc.nat({ max: 7 }),
  verb: fc.constantFrom('put' as const, 'take' as const),
  amount: fc.integer({ min: 1, max: 5 }),
  expectNew: fc.boolean(),
});

/** Where an operation of the store may be held up, and where an append may lose its request or its answer. */
const fates = fc.array(
  fc.record({ turns: fc.nat({ max: 4 }), fate: fc.constantFrom('fine', 'fine', 'fine', 'request lost', 'answer lost') }),
  { maxLength: 60 },
);

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await new Promise(setImmediate);
};

describe('commands of several processes at once', () => {
  test('come to the same as one after the other in the order of their events, whatever is held up or lost', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 1, maxLength: 14 }), fates, async (commands, plan) => {
        const store = memoryStore();
        const vault = memoryVault();
        const left = [...plan];
        const client: EventStoreClient = {
          ...store,
          append: async (...args) => {
            const { turns: count, fate } = left.shift() ?? { turns: 0, fate: 'fine' };
            await turns(count);
            if (fate === 'request lost') throw new AmbiguousAppend('no answer');
            const result = await store.append(...args);
            await turns(count);
            if (fate === 'answer lost') throw new AmbiguousAppend('no answer');
            return result;
          },
          readStream: async function* (name, options) {
            const events = await collect(store.readStream(name, options));
            await turns(left.shift()?.turns ?? 0);
            yield* events;
          },
        };
        const executors = [0, 2, 100].map((cacheStreams) =>
          createExecutor({ client, vault, cacheStreams, maxAttempts: 50, tries: 3, random: () => 0 }),
        );
        const run = ({ executor, id, commandId, verb, amount, expectNew }: (typeof commands)[number], index: number): Promise<Outcome> => {
          const ctx = by(`c${commandId}`, { now: `2026-03-02T12:00:00.${100 + index}Z` });
          const chosen = executors[executor] ?? fail();
          return verb === 'put'
            ? chosen.execute(wallet, id, 'put', { amounts: [amount, amount] }, {}, ctx, { expectNew })
            : chosen.execute(wallet, id, 'take', { amount }, { now: noon }, ctx, { expectNew });
        };
        const outcomes = await Promise.all(commands.map((one, index) => run(one, index).catch((error: unknown) => error as Error)));

        // Serially, on a store of its own, in the order the events came to stand in: the same events.
        for (const id of ['1', '2']) {
          const name = `wallet-${id}`;
          expect((await verifyChain(createExecutor({ client: store, vault }).history(name))).ok).toBe(true);
          const written = store.log.filter((event) => event.stream === name);
          const serial = memoryStore();
          const alone = createExecutor({ client: serial, vault });
          const done = new Set<string>();
          for (const { metadata } of written) {
            const { commandId, recordedAt } = metadata as { commandId: string; recordedAt: string };
            if (done.has(commandId)) continue;
            done.add(commandId);
            const one =
              commands.find(
                (given, index) => given.id === id && `c${given.commandId}` === commandId && recordedAt.endsWith(`.${100 + index}Z`),
              ) ?? fail();
            const ctx = by(commandId, { now: recordedAt });
            const outcome =
              one.verb === 'put'
                ? await alone.execute(wallet, id, 'put', { amounts: [one.amount, one.amount] }, {}, ctx)
                : await alone.execute(wallet, id, 'take', { amount: one.amount }, { now: noon }, ctx);
            expect(outcome).toMatchObject({ kind: 'accepted', replayed: false });
          }
          expect(serial.log.map((event) => [event.id, event.data, event.metadata])).toEqual(
            written.map((event) => [event.id, event.data, event.metadata]),
          );
        }

        // What was answered is what is stored; what was refused is not.
        for (const [index, outcome] of outcomes.entries()) {
          const { id, commandId } = commands[index] ?? fail();
          if (outcome instanceof Error) expect(outcome).toBeInstanceOf(AmbiguousAppend);
          else if (outcome.kind === 'accepted') {
            const stored = store.log.filter(
              (event) => event.stream === `wallet-${id}` && (event.metadata as { commandId: string }).commandId === `c${commandId}`,
            );
            expect(outcome.events.map((event) => event.id)).toEqual(stored.map((event) => event.id));
            expect(stored.length).toBeGreaterThan(0);
          } else expect(['too-little', 'closed', 'idempotency-key-reused']).toContain(outcome.code);
        }
      }),
      { numRuns: 60 },
    );
  });
});

const fail = (): never => {
  throw new Error('the property is written wrongly');
};
