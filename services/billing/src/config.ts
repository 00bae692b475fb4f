import { PaymentMethod } from '@qiyue/contracts';
import { Setting } from '@qiyue/service-kit';
import type { Static } from '@qiyue/decider';
import { IsIn, IsInt, IsOptional, IsString, IsUrl, Matches, Max, Min, MinLength } from 'class-validator';

/** Settings of the billing service. */
export class BillingConfig {
  @Setting('BILLING_METHODS', {
    meaning: 'Methods of payment that are taken, comma separated: `alipay`, `wechat-pay`, `bank-transfer`.',
    default: 'alipay,wechat-pay,bank-transfer',
  })
  @Matches(/^(alipay|wechat-pay|bank-transfer)(,(alipay|wechat-pay|bank-transfer))*$/)
  methods!: string;

  @Setting('BILLING_CURRENCIES', { meaning: 'Currencies that bills may be in, ISO 4217, comma separated.', default: 'CNY' })
  @Matches(/^[A-Z]{3}(,[A-Z]{3})*$/)
  currencies!: string;

  @Setting('BILLING_CALLBACK_SECRET', {
    meaning: 'Secret of 32 characters or more that the gateway signs its callbacks with and we sign our orders to it with.',
    secret: true,
  })
  @IsString()
  @MinLength(32)
  callbackSecret!: string;

  @Setting('BILLING_GATEWAY', {
    meaning: '`sandbox` (money of our own invention, kept in our database) or `http` (the gateway at BILLING_GATEWAY_URL).',
    default: 'sandbox',
  })
  @IsIn(['sandbox', 'http'])
  gateway!: 'sandbox' | 'http';

  @Setting('BILLING_GATEWAY_URL', { meaning: 'Address of the payment gateway; needed when BILLING_GATEWAY is `http`.' })
  @IsOptional()
  @IsUrl({ require_tld: false })
  gatewayUrl?: string;

  @Setting('BILLING_GATEWAY_TIMEOUT_MS', {
    meaning: 'How long the gateway may take to answer, in milliseconds; then the outcome counts as unknown.',
    default: '10000',
  })
  @IsInt()
  @Min(10)
  @Max(60_000)
  gatewayTimeoutMs!: number;

  @Setting('BILLING_SANDBOX_SEED', {
    meaning: 'Seed by which the sandbox gateway misbehaves (answers lost, orders lost, late answers); empty: it behaves.',
  })
  @IsOptional()
  @IsString()
  sandboxSeed?: string;
}

/** Methods of payment that are taken. */
export const methodsOf = ({ methods }: BillingConfig) => methods.split(',') as readonly Static<typeof PaymentMethod>[];
/** Currencies that bills may be in. */
export const currenciesOf = ({ currencies }: BillingConfig): readonly string[] => currencies.split(',');
