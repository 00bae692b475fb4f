import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock, Rows } from '@qiyue/service-kit';
import { InvoiceConfig } from '../config';
import type { InvoiceContent } from '../domain/invoice-events';
import { InvoiceDispatch } from './invoice-dispatch';
import { TaxAuthority, type IssueAnswer } from './tax-authority';

/** How the sandbox can misbehave: with a request to the authority (the first three) or with a dispatch. */
export const sandboxFaults = ['lose-answer', 'lose-order', 'refuse', 'fail-dispatch'] as const;
export type SandboxFault = (typeof sandboxFaults)[number];

/** What the sandbox made and sent, as it remembers it. */
export interface SandboxLedger {
  /** `asked`: how often the invoice was asked for; it was made once. `withdrawn`: it never will be. */
  readonly invoices: readonly {
    readonly orderId: string;
    readonly invoiceNumber: string | null;
    readonly amountMinor: number;
    readonly issuedAt: string | null;
    readonly redLetterNumber: string | null;
    readonly withdrawn: boolean;
    readonly asked: number;
  }[];
  /** One for each invoice, however often it was handed in. */
  readonly dispatches: readonly {
    readonly invoiceNumber: string;
    readonly orderId: string;
    readonly way: string;
    readonly at: string;
    readonly asked: number;
  }[];
}

interface Made {
  readonly invoiceNumber: string | null;
  readonly issuedAt: string | null;
  readonly redLetterNumber: string | null;
  readonly redLetterAt: string | null;
  readonly withdrawn: boolean;
}

// The sandbox is the world outside, so what it remembers is no read model: events cannot rebuild it. The lock keeps two pods from creating the tables at once.
const tables = `
  SELECT pg_advisory_xact_lock(770002);
  CREATE SEQUENCE IF NOT EXISTS sandbox_invoice_numbers;
  CREATE TABLE IF NOT EXISTS sandbox_invoices (order_id text PRIMARY KEY, invoice_number text, amount_minor bigint NOT NULL, issued_at text, red_letter_number text, red_letter_at text, withdrawn boolean NOT NULL, asked integer NOT NULL);
  CREATE TABLE IF NOT EXISTS sandbox_dispatches (invoice_number text PRIMARY KEY, order_id text NOT NULL, way text NOT NULL, at text NOT NULL, asked integer NOT NULL);
  CREATE TABLE IF NOT EXISTS sandbox_seeded (about text PRIMARY KEY);
  CREATE TABLE IF NOT EXISTS sandbox_faults (number bigserial PRIMARY KEY, fault text NOT NULL);`;

const made =
  'invoice_number AS "invoiceNumber", issued_at AS "issuedAt", red_letter_number AS "redLetterNumber", red_letter_at AS "redLetterAt", withdrawn';
const aNumber = `'2633' || lpad(nextval('sandbox_invoice_numbers')::text, 16, '0')`;

/** A tax authority and a post office of our own invention: exactly once by order, forgetful by script (`misbehave`) or by seed. */
@Injectable()
export class SandboxAuthority extends TaxAuthority implements InvoiceDispatch {
  private prepared: Promise<unknown> | undefined;

  constructor(
    private readonly rows: Rows,
    private readonly clock: Clock,
    private readonly config: InvoiceConfig,
  ) {
    super();
  }

  override issue({ orderId, amountMinor }: InvoiceContent): Promise<IssueAnswer> {
    return this.asked(orderId, async () => {
      const [row] = await this.sql<Made>(
        `INSERT INTO sandbox_invoices (order_id, invoice_number, amount_minor, issued_at, withdrawn, asked) VALUES ($1, ${aNumber}, $2, $3, false, 1)
         ON CONFLICT (order_id) DO UPDATE SET asked = sandbox_invoices.asked + 1 RETURNING ${made}`,
        [orderId, amountMinor, this.clock.now()],
      );
      return answerOf(row);
    });
  }

  override withdraw(orderId: string): Promise<IssueAnswer> {
    return this.asked(orderId, async () => {
      const [row] = await this.sql<Made>(
        `INSERT INTO sandbox_invoices (order_id, amount_minor, withdrawn, asked) VALUES ($1, 0, true, 1) ON CONFLICT (order_id) DO UPDATE SET asked = sandbox_invoices.asked + 1 RETURNING ${made}`,
        [orderId],
      );
      return answerOf(row);
    });
  }

  override async redLetter(orderId: string) {
    return this.asked(orderId, async () => {
      const [row] = await this.sql<Made>(
        `UPDATE sandbox_invoices SET red_letter_number = coalesce(red_letter_number, ${aNumber}), red_letter_at = coalesce(red_letter_at, $2) WHERE order_id = $1 AND invoice_number IS NOT NULL RETURNING ${made}`,
        [orderId, this.clock.now()],
      );
      const { redLetterNumber, redLetterAt } = row ?? {};
      if (redLetterNumber == null || redLetterAt == null) return { outcome: 'refused' as const, reason: 'no-such-invoice' };
      return { outcome: 'red-lettered' as const, redLetterNumber, returnedAt: redLetterAt };
    });
  }

  async send(invoiceNumber: string, { orderId, invoice }: InvoiceContent): Promise<void> {
    if ((await this.nextFault(invoiceNumber, ['fail-dispatch'])) !== undefined) throw new Error('sandbox: the post office is closed');
    await this.sql(
      'INSERT INTO sandbox_dispatches (invoice_number, order_id, way, at, asked) VALUES ($1, $2, $3, $4, 1) ON CONFLICT (invoice_number) DO UPDATE SET asked = sandbox_dispatches.asked + 1',
      [invoiceNumber, orderId, invoice.way, this.clock.now()],
    );
  }

  /** The next requests meet these faults, one each, in this order. */
  async misbehave(faults: readonly SandboxFault[]): Promise<void> {
    for (const fault of faults) await this.sql('INSERT INTO sandbox_faults (fault) VALUES ($1)', [fault]);
  }

  async ledger(): Promise<SandboxLedger> {
    const invoices = await this.sql<SandboxLedger['invoices'][number]>(
      'SELECT order_id AS "orderId", invoice_number AS "invoiceNumber", amount_minor AS "amountMinor", issued_at AS "issuedAt", red_letter_number AS "redLetterNumber", withdrawn, asked FROM sandbox_invoices ORDER BY order_id',
    );
    const dispatches = await this.sql<SandboxLedger['dispatches'][number]>(
      'SELECT invoice_number AS "invoiceNumber", order_id AS "orderId", way, at, asked FROM sandbox_dispatches ORDER BY at, invoice_number',
    );
    return { invoices: invoices.map((one) => ({ ...one, amountMinor: Number(one.amountMinor) })), dispatches };
  }

  private async asked<T>(orderId: string, answer: () => Promise<T>): Promise<T | { readonly outcome: 'refused'; readonly reason: string }> {
    const fault = await this.nextFault(orderId, ['lose-answer', 'lose-order', 'refuse']);
    if (fault === 'lose-order') throw new Error('sandbox: the request did not arrive');
    if (fault === 'refuse') return { outcome: 'refused', reason: 'sandbox-says-no' };
    const answered = await answer();
    if (fault === 'lose-answer') throw new Error('sandbox: the answer got lost');
    return answered;
  }

  private async nextFault(about: string, kinds: readonly SandboxFault[]): Promise<SandboxFault | undefined> {
    const [scripted] = await this.sql<{ fault: SandboxFault }>(
      'DELETE FROM sandbox_faults WHERE number = (SELECT number FROM sandbox_faults WHERE fault = ANY($1) ORDER BY number LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING fault',
      [kinds],
    );
    return scripted?.fault ?? this.seededFault(about, kinds);
  }

  /** By seed every fourth first request meets a fault, the same ones every time; the tries that follow do not, so that everything ends. */
  private async seededFault(about: string, kinds: readonly SandboxFault[]): Promise<SandboxFault | undefined> {
    const seed = this.config.sandboxSeed;
    if (seed === undefined || seed === '') return undefined;
    const dice = (createHash('sha256').update(`${seed}|${kinds.join()}|${about}`).digest()[0] ?? 0) % 8;
    const fault = kinds.includes('fail-dispatch')
      ? (['fail-dispatch', 'fail-dispatch'] as const)[dice]
      : (['lose-answer', 'lose-order'] as const)[dice];
    if (fault === undefined) return undefined;
    const [first] = await this.sql<{ about: string }>(
      'INSERT INTO sandbox_seeded (about) VALUES ($1) ON CONFLICT DO NOTHING RETURNING about',
      [`${kinds.join()}|${about}`],
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

const answerOf = (row: Made | undefined): IssueAnswer => {
  const { invoiceNumber, issuedAt } = row ?? {};
  return invoiceNumber == null || issuedAt == null
    ? { outcome: 'refused', reason: 'withdrawn' }
    : { outcome: 'issued', invoiceNumber, issuedAt };
};
