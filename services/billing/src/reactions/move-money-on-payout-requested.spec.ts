import { addMs } from '@qiyue/calendar';
import { fold, isRejection } from '@qiyue/decider';
import type { ReactionContext } from '@qiyue/service-kit';
import fc from 'fast-check';
import { payout, type Payout, type PayoutEvent, type PayoutOrder } from '../domain/payout';
import { anOrder, aRequestedPayout, payoutId } from '../domain/payout.examples';
import { PaymentGateway, type GatewayAnswer } from '../ports/payment-gateway';
import { moveMoneyOnPayoutRequested } from './move-money-on-payout-requested';

/** The process ended here. */
class Crash extends Error {}
type Mishap = 'none' | 'crash-before' | 'crash-after' | 'silence-before' | 'silence-after' | 'pending' | 'refused';

/** A stream, a gateway and a script of what goes wrong with each call, in order. Interleaving comes from `turn`. */
class World {
  readonly history: PayoutEvent[] = [...aRequestedPayout];
  readonly moneyOut: PayoutOrder[] = [];
  private readonly done = new Map<string, readonly PayoutEvent[]>();
  now = '2026-03-03T02:00:00.000Z';

  constructor(
    private readonly mishaps: Mishap[],
    private readonly turn: () => Promise<void> = async () => {},
  ) {}

  get state(): Payout {
    return fold(payout, this.history);
  }

  /** One life of the reaction; whatever it had in hand is lost when it crashes. Lives of one event give commands with the same ids, deadlines with others. */
  async live(cause: string): Promise<void> {
    const gateway: PaymentGateway = {
      payOut: (order) =>
        this.call(() => {
          if (!this.moneyOut.some((one) => one.payoutId === order.payoutId)) this.moneyOut.push(order);
          return { outcome: 'settled', settledAt: this.now };
        }),
      outcomeOf: () =>
        this.call(() => (this.moneyOut.length === 0 ? { outcome: 'not-received' } : { outcome: 'settled', settledAt: this.now })),
    };
    const context = {
      now: this.now,
      port: () => gateway,
      load: async () => (await this.turn(), { state: this.state }),
      execute: async (_stream: unknown, _id: string, name: string, command: unknown, facts: unknown, suffix = '') => {
        await this.turn();
        const mishap = this.mishaps.shift();
        if (mishap === 'crash-before') throw new Crash();
        const key = `${cause}|${name}|${suffix}`;
        const events = this.done.get(key) ?? this.decide(name, command, facts);
        const replayed = this.done.has(key);
        if (events.length > 0) this.done.set(key, events);
        if (mishap === 'crash-after') throw new Crash();
        return { kind: 'accepted', events, replayed };
      },
    } as unknown as ReactionContext;
    await moveMoneyOnPayoutRequested.run(context, { payoutId } as never, {} as never).catch((fault: unknown) => {
      if (!(fault instanceof Crash)) throw fault;
    });
  }

  private decide(name: string, command: unknown, facts: unknown): readonly PayoutEvent[] {
    const decided = (payout.decide as unknown as Record<string, (...args: unknown[]) => readonly PayoutEvent[]>)[name]!(
      this.state,
      command,
      facts,
    );
    if (isRejection(decided)) throw new Error(`refused: ${decided.code}`);
    this.history.push(...decided);
    return decided;
  }

  private async call<T extends GatewayAnswer | { outcome: 'not-received' }>(answer: () => T): Promise<T | GatewayAnswer> {
    await this.turn();
    const mishap = this.mishaps.shift();
    if (mishap === 'crash-before' || mishap === 'silence-before') throw new Error('nobody answers');
    if (mishap === 'refused' && this.moneyOut.length === 0) return { outcome: 'refused', reason: 'no' };
    const answered = answer();
    if (mishap === 'crash-after' || mishap === 'silence-after') throw new Error('the answer got lost');
    return mishap === 'pending' && answered.outcome === 'settled' ? { outcome: 'pending' } : answered;
  }
}

const harmless = fc.constantFrom<Mishap>('none', 'crash-before', 'crash-after', 'silence-before', 'silence-after', 'pending');
const outOf = (world: World): number => world.moneyOut.length;
const settledOf = (world: World): number => world.history.filter(({ type }) => type === 'PayoutSettled').length;

describe('money that is sent back (2.2.2, 2.2.5)', () => {
  test('goes out once and is settled once, wherever the process ends and whatever the gateway keeps to itself', () =>
    fc.assert(
      fc.asyncProperty(fc.array(harmless, { maxLength: 30 }), async (mishaps) => {
        const world = new World([...mishaps]);
        for (let life = 0; life < 80 && world.state.status !== 'settled'; life += 1) {
          world.now = addMs(world.now, 60_000);
          // The event is told again after a crash; a deadline comes with an id of its own.
          await world.live(life % 3 === 0 ? 'event' : `deadline-${life}`);
          expect(outOf(world)).toBeLessThanOrEqual(1);
        }
        expect([outOf(world), settledOf(world), world.moneyOut[0]]).toEqual([1, 1, anOrder]);
      }),
      { numRuns: 400 },
    ));

  test('goes out once and is settled once when pods and deadlines work on it at the same time', () =>
    fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(harmless, { maxLength: 12 }), async (scheduler, mishaps) => {
        const world = new World([...mishaps], () => scheduler.schedule(Promise.resolve()));
        const lives = Promise.all(['event', 'event', 'deadline-1', 'deadline-2'].map((cause) => world.live(cause)));
        await scheduler.waitFor(lives);
        const alone = new World([]);
        alone.history.splice(0, alone.history.length, ...world.history);
        alone.moneyOut.push(...world.moneyOut);
        for (let life = 0; life < 5; life += 1) await alone.live(`late-${life}`);
        expect([outOf(alone), settledOf(alone)]).toEqual([1, 1]);
      }),
      { numRuns: 300 },
    ));

  test('is never ordered while an earlier order has no known outcome, except again under the same id after the gateway said it has none', () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(harmless, fc.constant<Mishap>('refused')), { maxLength: 20 }), async (mishaps) => {
        const world = new World([...mishaps]);
        for (let life = 0; life < 40; life += 1) await world.live(`life-${life}`);
        expect(world.history.filter(({ type }) => type === 'PayoutStarted')).toHaveLength(1);
        expect(['settled', 'refused']).toContain(world.state.status);
        expect(outOf(world)).toBe(world.state.status === 'settled' ? 1 : 0);
      }),
      { numRuns: 300 },
    ));
});
