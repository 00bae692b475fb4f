import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock, Rows } from '@qiyue/service-kit';
import { BillingConfig } from '../config';
import type { PayoutOrder } from '../domain/payout';
import { PaymentGateway, type GatewayAnswer } from './payment-gateway';

/** How the sandbox can misbehave with a payout. */
export const sandboxFaults = ['lose-answer', 'lose-order', 'delay', 'refuse'] as const;
export type SandboxFault = (typeof sandboxFaults)[number];

/** Money that the sandbox took in or sent out, as it remembers it. */
export interface SandboxLedger {
  readonly moneyIn: readonly {
    readonly paymentId: string;
    readonly receivableId: string;
    readonly amountMinor: number;
    readonly currency: string;
    readonly at: string;
  }[];
  /** `ordered`: how often the payout was ordered; the money went out once. */
  readonly moneyOut: readonly {
    readonly payoutId: string;
    readonly paymentId: string;
    readonly amountMinor: number;
    readonly currency: string;
    readonly at: string;
    readonly ordered: number;
  }[];
}

interface Out {
  readonly paymentId: string;
  readonly amountMinor: string;
  readonly currency: string;
  readonly at: string;
  readonly silent: number;
}

// The sandbox is the world outside, so what it remembers is no read model: events cannot rebuild it. The lock keeps two pods from creating the tables at once.
const tables = `
  SELECT pg_advisory_xact_lock(770001);
  CREATE TABLE IF NOT EXISTS sandbox_money_in (payment_id text PRIMARY KEY, receivable_id text NOT NULL, amount_minor bigint NOT NULL, currency text NOT NULL, at text NOT NULL);
  CREATE TABLE IF NOT EXISTS sandbox_money_out (payout_id text PRIMARY KEY, payment_id text NOT NULL, amount_minor bigint NOT NULL, currency text NOT NULL, at text NOT NULL, ordered integer NOT NULL, silent integer NOT NULL);
  CREATE TABLE IF NOT EXISTS sandbox_seeded (payout_id text PRIMARY KEY);
  CREATE TABLE IF NOT EXISTS sandbox_faults (number bigserial PRIMARY KEY, fault text NOT NULL);`;

/** A gateway of our own invention: exactly once by payout id, forgetful and slow by script (`misbehave`) or by seed. */
@Injectable()
export class SandboxGateway extends PaymentGateway {
  private prepared: Promise<unknown> | undefined;

  constructor(
    private readonly rows: Rows,
    private readonly clock: Clock,
    private readonly config: BillingConfig,
  ) {
    super();
  }

  override async payOut({ payoutId, paymentId, amountMinor, currency }: PayoutOrder): Promise<GatewayAnswer> {
    const fault = await this.nextFault(payoutId);
    if (fault === 'lose-order') throw new Error('sandbox: the order did not arrive');
    if (fault === 'refuse' && (await this.find(payoutId)) === undefined) return { outcome: 'refused', reason: 'sandbox-says-no' };
    const [out] = await this.sql<Out>(
      `INSERT INTO sandbox_money_out (payout_id, payment_id, amount_minor, currency, at, ordered, silent) VALUES ($1, $2, $3, $4, $5, 1, $6)
       ON CONFLICT (payout_id) DO UPDATE SET ordered = sandbox_money_out.ordered + 1
       RETURNING payment_id AS "paymentId", amount_minor AS "amountMinor", currency, at, silent`,
      [payoutId, paymentId, amountMinor, currency, this.clock.now(), fault === 'delay' ? 2 : 0],
    );
    if (out === undefined || out.paymentId !== paymentId || out.amountMinor !== String(amountMinor) || out.currency !== currency)
      throw new Error('sandbox: this payout was ordered with another content');
    if (fault === 'lose-answer') throw new Error('sandbox: the answer got lost');
    return out.silent > 0 ? { outcome: 'pending' } : { outcome: 'settled', settledAt: out.at };
  }

  override async outcomeOf(payoutId: string): Promise<GatewayAnswer | { readonly outcome: 'not-received' }> {
    const out = await this.find(payoutId);
    if (out === undefined) return { outcome: 'not-received' };
    if (out.silent === 0) return { outcome: 'settled', settledAt: out.at };
    await this.sql('UPDATE sandbox_money_out SET silent = silent - 1 WHERE payout_id = $1 AND silent > 0', [payoutId]);
    return { outcome: 'pending' };
  }

  /** Notes money that a payer gave; the same payment counts once. */
  async takeIn(payment: SandboxLedger['moneyIn'][number]): Promise<void> {
    const { paymentId, receivableId, amountMinor, currency, at } = payment;
    await this.sql(
      'INSERT INTO sandbox_money_in (payment_id, receivable_id, amount_minor, currency, at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (payment_id) DO NOTHING',
      [paymentId, receivableId, amountMinor, currency, at],
    );
  }

  /** The next payouts meet these faults, one each, in this order. */
  async misbehave(faults: readonly SandboxFault[]): Promise<void> {
    for (const fault of faults) await this.sql('INSERT INTO sandbox_faults (fault) VALUES ($1)', [fault]);
  }

  async ledger(): Promise<SandboxLedger> {
    const moneyIn = await this.sql<SandboxLedger['moneyIn'][number]>(
      'SELECT payment_id AS "paymentId", receivable_id AS "receivableId", amount_minor AS "amountMinor", currency, at FROM sandbox_money_in ORDER BY at, payment_id',
    );
    const moneyOut = await this.sql<SandboxLedger['moneyOut'][number]>(
      'SELECT payout_id AS "payoutId", payment_id AS "paymentId", amount_minor AS "amountMinor", currency, at, ordered FROM sandbox_money_out ORDER BY at, payout_id',
    );
    const inNumbers = <T extends { readonly amountMinor: number }>(list: readonly T[]): readonly T[] =>
      list.map((one) => ({ ...one, amountMinor: Number(one.amountMinor) }));
    return { moneyIn: inNumbers(moneyIn), moneyOut: inNumbers(moneyOut) };
  }

  private async find(payoutId: string): Promise<Out | undefined> {
    const [out] = await this.sql<Out>(
      'SELECT payment_id AS "paymentId", amount_minor AS "amountMinor", currency, at, silent FROM sandbox_money_out WHERE payout_id = $1',
      [payoutId],
    );
    return out;
  }

  private async nextFault(payoutId: string): Promise<SandboxFault | undefined> {
    const [scripted] = await this.sql<{ fault: SandboxFault }>(
      'DELETE FROM sandbox_faults WHERE number = (SELECT number FROM sandbox_faults ORDER BY number LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING fault',
    );
    return scripted?.fault ?? this.seededFault(payoutId);
  }

  /** By seed two payouts of five meet a fault at their first order, the same ones every time; later orders do not, so that everything ends. None is refused: that needs a person. */
  private async seededFault(payoutId: string): Promise<SandboxFault | undefined> {
    const seed = this.config.sandboxSeed;
    if (seed === undefined || seed === '') return undefined;
    const dice = (createHash('sha256').update(`${seed}|${payoutId}`).digest()[0] ?? 0) % 10;
    const fault = (['lose-answer', 'lose-answer', 'lose-order', 'delay'] as const)[dice];
    if (fault === undefined) return undefined;
    const [first] = await this.sql<{ payoutId: string }>(
      'INSERT INTO sandbox_seeded (payout_id) VALUES ($1) ON CONFLICT DO NOTHING RETURNING payout_id AS "payoutId"',
      [payoutId],
    );
    return first === undefined ? undefined : fault;
  }

  private async sql<T extends object>(text: string, values: readonly unknown[] = []): Promise<readonly T[]> {
    this.prepared ??= this.rows.sql(tables);
    await this.prepared.catch((fault: unknown) => {
      this.prepared = undefined;
      throw fault;
    });
    return this.rows.sql<T>(text, values);
  }
}
