import { Personal, Type, type TUnsafe } from '@qiyue/decider';

/** Schemas that every service's facts share. Facts are open for readers: unknown fields are ignored, never refused. */

/** An opaque identifier: what stands after the dash of a stream's name. */
export const Id = Type.String({ minLength: 1, maxLength: 128, pattern: '^[A-Za-z0-9._:-]+$' });
/** ISO 8601 UTC with milliseconds. */
export const At = Type.String({ format: 'date-time', pattern: 'Z$' });
/** Money in integer minor units (fen), not negative. */
export const Minor = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
/** ISO 4217. */
export const CurrencyCode = Type.String({ pattern: '^[A-Z]{3}$' });
/** `2.2.5` and the like. */
export const ClauseRef = Type.String({ pattern: '^\\d+(\\.\\d+)*$' });
/** A version name of an agreement, as its publisher gave it. */
export const VersionName = Type.String({ minLength: 1, maxLength: 64 });

/** One of a fixed set of words. */
export const OneOf = <const Word extends string>(...words: readonly Word[]): TUnsafe<Word> =>
  Type.Unsafe<Word>({ type: 'string', enum: words });

/** What an order carries of the agreement it was submitted under; later versions never change it. */
export const Terms = Type.Object({
  agreementVersion: VersionName,
  refundWindowWorkingDays: Type.Integer({ minimum: 0 }),
  invoiceTermWorkingDays: Type.Integer({ minimum: 0 }),
});

/** How and to whom an invoice goes, as the customer gave it with the order. */
export const InvoiceData = Type.Object({
  title: Personal(),
  taxId: Personal(),
  way: OneOf('e-mail', 'post', 'in-site'),
  address: Personal({ description: 'E-mail address, postal address or in-site account, by way.' }),
});

/** The buyer as the order shows it. */
export const CompanyData = Type.Object({ name: Personal(), address: Personal(), contact: Personal() });

/** Which calendar a deadline was counted with. */
export const CalendarRef = Type.Object({ version: Type.String(), status: OneOf('official', 'provisional') });
