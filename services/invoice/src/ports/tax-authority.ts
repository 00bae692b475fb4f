import type { InvoiceContent } from '../domain/invoice-events';

/** What the authority says about an order's invoice. `reason` is a short word for the record, never personal data. */
export type IssueAnswer =
  | { readonly outcome: 'issued'; readonly invoiceNumber: string; readonly issuedAt: string }
  | { readonly outcome: 'refused'; readonly reason: string };

/** Whoever makes invoices. All of it is about one order's one invoice, however often it is asked; silence is an error thrown. */
export abstract class TaxAuthority {
  /** Makes the invoice, or answers with the one that was made before. */
  abstract issue(content: InvoiceContent): Promise<IssueAnswer>;
  /** Keeps the invoice from ever being made (`refused`), also against requests still on their way; answers with it when it exists already. */
  abstract withdraw(orderId: string): Promise<IssueAnswer>;
  /** Cancels the invoice by a red-letter invoice, or answers with the one made before. */
  abstract redLetter(
    orderId: string,
  ): Promise<
    | { readonly outcome: 'red-lettered'; readonly redLetterNumber: string; readonly returnedAt: string }
    | { readonly outcome: 'refused'; readonly reason: string }
  >;
}
