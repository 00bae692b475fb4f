import { Setting } from '@qiyue/service-kit';
import { IsIn, IsOptional, IsString } from 'class-validator';

/** Settings of the invoice service. */
export class InvoiceConfig {
  @Setting('INVOICE_AUTHORITY', {
    meaning:
      'Tax authority and dispatch: `sandbox` (of our own invention, kept in our database) is the only one built in; others join as ports.',
    default: 'sandbox',
  })
  @IsIn(['sandbox'])
  authority!: 'sandbox';

  @Setting('INVOICE_SANDBOX_SEED', {
    meaning: 'Seed by which the sandbox authority misbehaves (answers lost, requests lost); empty: it behaves.',
  })
  @IsOptional()
  @IsString()
  sandboxSeed?: string;
}
