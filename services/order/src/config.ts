import { Setting } from '@qiyue/service-kit';
import { Matches } from 'class-validator';

/** Settings of the order service. */
export class OrderConfig {
  @Setting('ORDER_CURRENCIES', { meaning: 'Currencies that prices and vouchers may be in, ISO 4217, comma separated.', default: 'CNY' })
  @Matches(/^[A-Z]{3}(,[A-Z]{3})*$/)
  currencies!: string;
}

/** Currencies that prices and vouchers may be in. */
export const currenciesOf = ({ currencies }: OrderConfig): readonly string[] => currencies.split(',');
