import { Body, Controller, Get, HttpCode, Post, Req } from '@nestjs/common';
import { Answers, Clock, Commands, For, kitProblem, newId, Who, type Caller } from '@qiyue/service-kit';
import { ArrayMaxSize, IsArray, IsIn, IsInt, IsOptional, IsString, Length, Matches, Max, MaxLength, Min } from 'class-validator';
import type { FastifyRequest } from 'fastify';
import { BillingConfig } from '../config';
import { accountOf, receivable } from '../domain/receivable';
import { SandboxGateway, sandboxFaults, type SandboxFault, type SandboxLedger } from '../ports/sandbox-gateway';
import { sign, SIGNATURE_HEADER } from '../ports/signature';

class SandboxPaymentBody {
  @Matches(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$/)
  receivableId!: string;

  /** To tell one payment again; a new one if left out. */
  @IsOptional()
  @Matches(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$/)
  paymentId?: string;

  /** The right one if left out, like everything below. */
  @IsOptional()
  @IsString()
  @MaxLength(200)
  payerName?: string;

  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(Number.MAX_SAFE_INTEGER)
  amountMinor?: number;

  @IsOptional()
  @Matches(/^[A-Z]{3}$/)
  currency?: string;

  @IsOptional()
  @IsString()
  @Length(1, 64)
  method?: string;

  @IsOptional()
  @IsString()
  @Matches(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?(Z|[+-]\d\d:\d\d)$/)
  paidAt?: string;

  /** How often the gateway tells it, all at once. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(20)
  times?: number;
}

class SandboxFaultsBody {
  /** What the next payouts meet, one each: `lose-answer`, `lose-order`, `delay`, `refuse`. */
  @IsArray()
  @ArrayMaxSize(100)
  @IsIn(sandboxFaults, { each: true })
  faults!: SandboxFault[];
}

/** What the sandbox did: the payment and how each telling of it was answered; 504 stands for no answer. */
interface SandboxPayment {
  readonly paymentId: string;
  readonly answers: readonly { readonly status: number; readonly body: unknown }[];
}

/** Plays the payment gateway, for stories, tests and the tour. Not there when a real gateway is configured. */
@Controller('sandbox')
export class PlayGateway {
  constructor(
    private readonly commands: Commands,
    private readonly clock: Clock,
    private readonly config: BillingConfig,
    private readonly gateway: SandboxGateway,
  ) {}

  /** `POST /billing/sandbox/payments`: somebody pays; the gateway tells it by signed callbacks through the front door. */
  @Post('payments')
  @For('customer', 'operator')
  @Answers('receivable-unknown', 'not-found')
  async pay(@Body() body: SandboxPaymentBody, @Who() who: Caller, @Req() request: FastifyRequest): Promise<SandboxPayment> {
    this.mustBeOn();
    const payment = await this.paymentOf(body, who);
    const { paymentId, receivableId, amountMinor, currency } = payment;
    await this.gateway.takeIn({ paymentId, receivableId, amountMinor, currency, at: payment.paidAt });
    const { localAddress = '127.0.0.1', localPort } = request.socket;
    const door = `http://${localAddress.includes(':') ? `[${localAddress}]` : localAddress}:${localPort ?? 0}/billing/payments/callbacks`;
    const bytes = Buffer.from(JSON.stringify(payment));
    const tell = async (): Promise<SandboxPayment['answers'][number]> => {
      const headers = {
        'content-type': 'application/json',
        'x-correlation-id': who.correlationId,
        [SIGNATURE_HEADER]: sign(this.config.callbackSecret, bytes),
      };
      const signal = AbortSignal.timeout(this.config.gatewayTimeoutMs);
      // A gateway that gets no answer tells again; here whoever plays it decides that.
      return fetch(door, { method: 'POST', body: bytes, headers, signal }).then(
        async (answer) => ({ status: answer.status, body: (await answer.json()) as unknown }),
        () => ({ status: 504, body: null }),
      );
    };
    return { paymentId, answers: await Promise.all(Array.from({ length: body.times ?? 1 }, tell)) };
  }

  /** `POST /billing/sandbox/faults`: how the gateway will misbehave. */
  @Post('faults')
  @HttpCode(200)
  @For('operator')
  async faults(@Body() { faults }: SandboxFaultsBody): Promise<{ readonly faults: readonly SandboxFault[] }> {
    this.mustBeOn();
    await this.gateway.misbehave(faults);
    return { faults };
  }

  /** `GET /billing/sandbox/ledger`: money in, money out, as the gateway remembers it. */
  @Get('ledger')
  @For('operator', 'finance', 'auditor')
  ledger(): Promise<SandboxLedger> {
    this.mustBeOn();
    return this.gateway.ledger();
  }

  private mustBeOn(): void {
    if (this.config.gateway !== 'sandbox') throw kitProblem('not-found');
  }

  private async paymentOf({ receivableId, times: _times, ...given }: SandboxPaymentBody, who: Caller) {
    const { state } = await this.commands.load(receivable, receivableId);
    if (who.role === 'customer' && (state.status === 'unopened' || accountOf(state) !== who.accountId)) throw kitProblem('not-found');
    const owed = 'owed' in state ? state.owed : undefined;
    const amountMinor = given.amountMinor ?? owed?.amountMinor;
    if (amountMinor === undefined) return this.commands.refuse('receivable-unknown', { receivableId });
    return {
      paymentId: given.paymentId ?? `sandbox.${newId(who, 'payment')}`,
      receivableId,
      amountMinor,
      currency: given.currency ?? owed?.currency ?? 'CNY',
      method: given.method ?? 'alipay',
      payerName: given.payerName ?? owed?.payerName ?? '',
      paidAt: given.paidAt ?? this.clock.now(),
    };
  }
}
