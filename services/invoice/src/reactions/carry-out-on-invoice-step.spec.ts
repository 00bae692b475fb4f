import { addMs } from '@qiyue/calendar';
import { fold, isRejection } from '@qiyue/decider';
import type { ReactionContext } from '@qiyue/service-kit';
import fc from 'fast-check';
import { invoice } from '../domain/invoice';
import { anIssuingInvoice, ids } from '../domain/invoice.examples';
import type { InvoiceEvent } from '../domain/invoice-events';
import type { Invoice } from '../domain/invoice-state';
import { InvoiceDispatch } from '../ports/invoice-dispatch';
import { TaxAuthority, type IssueAnswer } from '../ports/tax-authority';
import { carryOutOnInvoiceStep } from './carry-out-on-invoice-step';

/** The process ended here. */
class Crash extends Error {}
type Mishap = 'none' | 'crash-before' | 'crash-after' | 'silence-before' | 'silence-after';
const { orderId } = ids;

/** An authority and a post office that do each thing once for an order, and may be struck by mishaps. */
class World {
  readonly history: InvoiceEvent[] = [...anIssuingInvoice];
  made = 0;
  red = 0;
  private withdrawn = false;
  private readonly done = new Map<string, readonly InvoiceEvent[]>();
  now = '2026-03-04T01:00:00.000Z';

  constructor(
    readonly mishaps: Mishap[],
    private readonly turn: () => Promise<void> = async () => {},
  ) {}

  get state(): Invoice {
    return fold(invoice, this.history);
  }
  get exists(): boolean {
    return this.made > 0;
  }

  decide(name: string, command: unknown, facts: unknown = { now: this.now }): readonly InvoiceEvent[] {
    const decided = (invoice.decide as unknown as Record<string, (...args: unknown[]) => readonly InvoiceEvent[]>)[name]!(
      this.state,
      command,
      facts,
    );
    if (isRejection(decided)) throw new Error(`${name} was refused: ${decided.code} in ${this.state.status}`);
    this.history.push(...decided);
    return decided;
  }

  async refund(): Promise<void> {
    await this.turn();
    this.decide('giveWayToRefund', ids);
  }

  /** One life of the reaction; whatever it had in hand is lost when it crashes. */
  async live(cause: string): Promise<void> {
    const context = {
      now: this.now,
      port: (token: unknown) => (token === InvoiceDispatch ? { send: () => this.call(() => undefined) } : this.authority()),
      load: async () => (await this.turn(), { state: this.state }),
      execute: async (_stream: unknown, _id: string, name: string, command: unknown, facts: unknown, suffix = '') => {
        await this.turn();
        const mishap = this.mishaps.shift();
        if (mishap === 'crash-before') throw new Crash();
        const key = `${cause}|${name}|${suffix}`;
        const events = this.done.get(key) ?? this.decide(name, command, facts);
        if (events.length > 0) this.done.set(key, events);
        if (mishap === 'crash-after') throw new Crash();
        return { kind: 'accepted', events, replayed: false };
      },
    } as unknown as ReactionContext;
    await carryOutOnInvoiceStep.run(context, { orderId } as never, {} as never).catch((fault: unknown) => {
      if (!(fault instanceof Crash)) throw fault;
    });
  }

  private authority(): TaxAuthority {
    const answer = (): IssueAnswer =>
      this.exists ? { outcome: 'issued', invoiceNumber: 'n-1', issuedAt: this.now } : { outcome: 'refused', reason: 'withdrawn' };
    return {
      issue: () =>
        this.call(() => {
          if (!this.exists && !this.withdrawn) this.made += 1;
          return answer();
        }),
      withdraw: () =>
        this.call(() => {
          if (!this.exists) this.withdrawn = true;
          return answer();
        }),
      redLetter: () =>
        this.call(() => {
          if (this.red === 0) this.red += 1;
          return { outcome: 'red-lettered' as const, redLetterNumber: 'r-1', returnedAt: this.now };
        }),
    };
  }

  private async call<T>(answer: () => T): Promise<T> {
    await this.turn();
    const mishap = this.mishaps.shift();
    if (mishap === 'crash-before' || mishap === 'silence-before') throw new Error('nobody answers');
    const answered = answer();
    if (mishap === 'crash-after' || mishap === 'silence-after') throw new Error('the answer got lost');
    return answered;
  }
}

const aMishap = fc.constantFrom<Mishap>('none', 'crash-before', 'crash-after', 'silence-before', 'silence-after');
const count = (world: World, type: InvoiceEvent['type']): number => world.history.filter((event) => event.type === type).length;
const finish = async (world: World): Promise<void> => {
  for (let life = 0; life < 60; life += 1) {
    world.now = addMs(world.now, 60_000);
    await world.live(`late-${life}`);
  }
};

describe('an invoice at the authority (2.2.3)', () => {
  test('is made, recorded and dispatched once, wherever the process ends and whatever gets lost', () =>
    fc.assert(
      fc.asyncProperty(fc.array(aMishap, { maxLength: 30 }), async (mishaps) => {
        const world = new World([...mishaps]);
        await finish(world);
        expect([world.made, count(world, 'InvoiceIssued'), count(world, 'InvoiceDispatched'), world.state.status]).toEqual([
          1,
          1,
          1,
          'issued',
        ]);
      }),
      { numRuns: 200 },
    ));
});

describe('a refund that meets the authority at work (2.2.5)', () => {
  const race = fc.asyncProperty(fc.scheduler(), fc.array(aMishap, { maxLength: 15 }), async (scheduler, mishaps) => {
    let isOver = false;
    const world = new World([...mishaps], () => (isOver ? Promise.resolve() : scheduler.schedule(Promise.resolve())));
    await scheduler.waitFor(Promise.all([world.live('event'), world.refund(), world.live('deadline'), world.live('refund-waits')]));
    isOver = true;
    await finish(world);
    // Cancelled and never made, or made and asked back: nothing between, in any order of things.
    expect([
      world.state.status,
      world.exists,
      count(world, 'InvoiceIssued'),
      count(world, 'InvoiceReturnRequired'),
      count(world, 'InvoiceCancelled'),
    ]).toEqual(world.exists ? ['return-required', true, 1, 1, 0] : ['cancelled', false, 0, 0, 1]);
  });
  test('finds it never made, or made and asked back', () => fc.assert(race, { numRuns: 400 }));

  test('red-letters it once when it comes back', () =>
    fc.assert(
      fc.asyncProperty(fc.array(aMishap, { maxLength: 20 }), async (mishaps) => {
        const world = new World([]);
        await finish(world);
        await world.refund();
        world.decide('receiveReturn', { orderId, statedBy: 'customer' });
        world.mishaps.push(...mishaps);
        await finish(world);
        expect([world.red, count(world, 'InvoiceReturned'), world.state.status]).toEqual([1, 1, 'returned']);
      }),
      { numRuns: 200 },
    ));
});
