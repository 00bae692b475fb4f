import type { InvoiceContent } from '../domain/invoice-events';

/** Whoever carries invoices to customers: by e-mail, by post or into the in-site account. The same number is sent once; throws when it could not be sent. */
export abstract class InvoiceDispatch {
  abstract send(invoiceNumber: string, content: InvoiceContent): Promise<void>;
}
