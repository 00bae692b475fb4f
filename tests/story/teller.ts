import { deepEqual, equal, ok } from 'node:assert/strict';
import { Client, type Answer, type Place } from './client';

export interface StoryOptions {
  readonly place: Place;
  /** The agreement's text. */
  readonly agreement: string;
  /** Names and passwords of staff, by role. */
  readonly staff: Readonly<Record<'operator' | 'officer' | 'finance' | 'auditor', { readonly name: string; readonly password: string }>>;
  /** Tells runs against one and the same platform apart. */
  readonly run: string;
  readonly print: (line: string) => void;
  /** Text of the last e-mail to an address; read from the sandbox mailbox of the platform if left out. */
  readonly mailTo?: (address: string) => Promise<string>;
  /** Alters one byte of the last stored event of a stream behind the platform's back and gives back its revision; without it that step is left out. */
  readonly tamper?: (stream: string) => Promise<string>;
}

export interface StoryResult {
  readonly steps: number;
  readonly failed: number;
}

export type Role = keyof StoryOptions['staff'];

interface Ledger {
  readonly moneyIn: readonly { readonly paymentId: string; readonly receivableId: string; readonly amountMinor: number }[];
  readonly moneyOut: readonly { readonly paymentId: string; readonly amountMinor: number }[];
}

export interface Customer {
  readonly id: string;
  readonly email: string;
  readonly password: string;
  readonly name: string;
}

/** How a story is told: steps are numbered, printed and counted; callers log in when they have to; time and money are asked of the platform. */
export abstract class Teller {
  protected readonly client: Client;
  private steps = 0;
  private failed = 0;
  private readonly tokens = new Map<string, string>();

  constructor(
    protected readonly options: StoryOptions,
    client?: Client,
  ) {
    this.client = client ?? new Client(options.place);
  }

  protected get result(): StoryResult {
    return { steps: this.steps, failed: this.failed };
  }

  protected get version(): string {
    return `story-${this.options.run}`;
  }

  protected async step(title: string, clause: string, does: () => Promise<string | void>): Promise<void> {
    this.steps += 1;
    try {
      const said = await does();
      this.options.print(`✓ ${String(this.steps).padStart(2)} ${title} (${clause})${said === undefined ? '' : `\n       ${said}`}`);
    } catch (fault) {
      this.failed += 1;
      this.options.print(
        `✗ ${String(this.steps).padStart(2)} ${title} (${clause})\n       ${fault instanceof Error ? fault.message : String(fault)}`,
      );
    }
  }

  protected refused(answer: Answer, code: string, clause: string): void {
    deepEqual([answer.body?.code, answer.body?.clause], [code, clause], `${answer.status} ${JSON.stringify(answer.body)}`);
    ok(answer.status >= 400 && answer.status < 500);
  }

  /** Tokens age with the platform's clock, so a caller that is turned away logs in again, once. */
  private async called(
    who: string,
    logIn: () => Promise<Answer>,
    method: string,
    path: string,
    body?: unknown,
    key?: string,
  ): Promise<Answer> {
    const known = this.tokens.get(who);
    const first = known === undefined ? undefined : await this.client.call(method, path, { token: known, body, key });
    if (first !== undefined && first.status !== 401) return first;
    const session = await logIn();
    equal(session.status, 200, JSON.stringify(session.body));
    this.tokens.set(who, session.body.accessToken);
    return this.client.call(method, path, { token: session.body.accessToken, body, key });
  }

  as(role: Role, method: string, path: string, body?: unknown): Promise<Answer> {
    return this.called(role, () => this.client.post('/identity/staff-sessions', this.options.staff[role]), method, path, body);
  }

  asCustomer({ email, password: secret }: Customer, method: string, path: string, body?: unknown, key?: string): Promise<Answer> {
    return this.called(email, () => this.client.post('/identity/sessions', { email, password: secret }), method, path, body, key);
  }

  protected async lastMailTo(address: string): Promise<string> {
    const { mailTo } = this.options;
    if (mailTo !== undefined) return mailTo(address);
    const mails = await this.as('operator', 'GET', `/notification/sandbox/mails?to=${encodeURIComponent(address)}`);
    return mails.body.items.at(-1).text as string;
  }

  protected async settle(): Promise<void> {
    const settled = await this.as('operator', 'POST', '/clock/settle', {});
    equal(settled.status, 200, JSON.stringify(settled.body));
  }

  protected async now(): Promise<string> {
    return (await this.as('operator', 'GET', '/clock')).body.now as string;
  }

  protected async advance(to: string): Promise<void> {
    const moved = await this.as('operator', 'POST', '/clock/advance', { to });
    equal(moved.status, 200, JSON.stringify(moved.body));
  }

  /** What the gateway took in for a receivable, and what of that it sent out again, in fen. */
  protected async ledger(receivableId: string): Promise<{ readonly inMinor: number; readonly outMinor: number }> {
    const { moneyIn, moneyOut } = (await this.as('operator', 'GET', '/billing/sandbox/ledger')).body as Ledger;
    const ours = moneyIn.filter((one) => one.receivableId === receivableId);
    const back = moneyOut.filter((one) => ours.some(({ paymentId }) => paymentId === one.paymentId));
    const total = (list: readonly { readonly amountMinor: number }[]): number =>
      list.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
    return { inMinor: total(ours), outMinor: total(back) };
  }
}
