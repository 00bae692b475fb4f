import type { PayoutOrder } from '../domain/payout';
import { PaymentGateway, type GatewayAnswer } from './payment-gateway';
import { sign, SIGNATURE_HEADER } from './signature';

interface Options {
  readonly url: string;
  readonly secret: string;
  readonly timeoutMs: number;
}

const isText = (value: unknown): value is string => typeof value === 'string' && value.length > 0 && value.length <= 200;

const answerOf = (body: unknown): GatewayAnswer => {
  const { outcome, settledAt, reason } = (body ?? {}) as Record<string, unknown>;
  if (outcome === 'settled' && isText(settledAt) && !Number.isNaN(Date.parse(settledAt)))
    return { outcome, settledAt: new Date(settledAt).toISOString() };
  if (outcome === 'refused' && isText(reason)) return { outcome, reason };
  if (outcome === 'pending') return { outcome };
  throw new Error('the gateway answered something that says nothing about the outcome');
};

/**
 * A gateway over HTTP: `PUT <url>/payouts/<payoutId>` with `{paymentId, amountMinor, currency}`, signed like its own callbacks, and `GET` of the same.
 * Both answer `{outcome: 'settled', settledAt} | {outcome: 'refused', reason} | {outcome: 'pending'}`; 404 to the GET means that it was never received.
 */
export class HttpGateway extends PaymentGateway {
  constructor(private readonly options: Options) {
    super();
  }

  override async payOut({ payoutId, paymentId, amountMinor, currency }: PayoutOrder): Promise<GatewayAnswer> {
    const body = Buffer.from(JSON.stringify({ paymentId, amountMinor, currency }));
    const response = await this.call(payoutId, {
      method: 'PUT',
      body,
      headers: { 'content-type': 'application/json', [SIGNATURE_HEADER]: sign(this.options.secret, body) },
    });
    if (!response.ok) throw new Error(`the gateway answered ${response.status}`);
    return answerOf(await response.json());
  }

  override async outcomeOf(payoutId: string): Promise<GatewayAnswer | { readonly outcome: 'not-received' }> {
    const response = await this.call(payoutId, { headers: { [SIGNATURE_HEADER]: sign(this.options.secret, Buffer.from(payoutId)) } });
    if (response.status === 404) return { outcome: 'not-received' };
    if (!response.ok) throw new Error(`the gateway answered ${response.status}`);
    return answerOf(await response.json());
  }

  private call(payoutId: string, request: RequestInit): Promise<Response> {
    return fetch(`${this.options.url.replace(/\/$/, '')}/payouts/${encodeURIComponent(payoutId)}`, {
      ...request,
      redirect: 'error',
      signal: AbortSignal.timeout(this.options.timeoutMs),
    });
  }
}
