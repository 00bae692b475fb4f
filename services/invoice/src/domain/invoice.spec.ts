import { fold } from '@qiyue/decider';
import { checkStream, givenFor } from '@qiyue/decider/testing';
import { invoice, nextStep, tryAgainAt } from './invoice';
import { invoiceEvents as told } from './invoice-events';
import {
  aCancelledInvoice,
  anInvoiceOnItsWayBack,
  anInvoiceToReturn,
  anIssuedInvoice,
  anIssuingInvoice,
  anUndispatchedInvoice,
  aRefusedInvoice,
  aReturnedInvoice,
  aScheduledInvoice,
  cancelledEvent,
  content,
  dispatchedEvent,
  dueBy,
  ids,
  invoiceExamples,
  invoiceNumber,
  issueAt,
  issuedEvent,
  paidAt,
  redLetterNumber,
  refundWaitsEvent,
  returnRequiredEvent,
} from './invoice.examples';

const given = givenFor(invoice);
const { orderId } = ids;
const now = { now: issueAt };
const started = anIssuingInvoice.at(-1)!;
const overdue = told.InvoiceOverdue({ ...ids, dueBy });

test('a sound stream passes every check', () => checkStream(invoiceExamples));

describe('scheduling (2.2.3)', () => {
  test('money that has arrived makes an invoice due', () => given().when('schedule', content, { now: paidAt }).then(aScheduledInvoice[0]!));
  test('an order has one invoice', () =>
    given(...anIssuedInvoice)
      .when('schedule', content, { now: paidAt })
      .thenNothing());
  test('the same order with another sum is refused', () =>
    given(...aScheduledInvoice)
      .when('schedule', { ...content, amountMinor: 1 }, { now: paidAt })
      .thenRejected('invoice-exists', { orderId }));
  test('a refund heard of first keeps the invoice from ever being scheduled (2.2.5)', () =>
    given(cancelledEvent).when('schedule', content, { now: paidAt }).thenNothing());
});

describe('issuing (2.2.3)', () => {
  test('begins at its instant and not a millisecond earlier', () => {
    given(...aScheduledInvoice)
      .when('beginIssuing', { orderId }, { now: '2026-03-04T00:59:59.999Z' })
      .thenNothing();
    given(...aScheduledInvoice)
      .when('beginIssuing', { orderId }, now)
      .then(started);
  });
  test('never begins once it is cancelled (2.2.5)', () => {
    given(...aCancelledInvoice)
      .when('beginIssuing', { orderId }, now)
      .thenNothing();
    given(...aCancelledInvoice)
      .when('issueNow', { orderId }, now)
      .thenRejected('invoice-cancelled', { orderId });
    given(...aCancelledInvoice)
      .when('recordIssued', { orderId, invoiceNumber, issuedAt: issueAt }, now)
      .thenRejected('invoice-cancelled', { orderId });
  });
  test('can be ordered early, and again after a refusal', () => {
    given(...aScheduledInvoice)
      .when('issueNow', { orderId }, now)
      .then(started);
    given(...aRefusedInvoice)
      .when('issueNow', { orderId }, now)
      .then(started);
    given(...anIssuedInvoice)
      .when('issueNow', { orderId }, now)
      .thenNothing();
    given().when('issueNow', { orderId }, now).thenRejected('invoice-unknown', { orderId });
  });
  test("ends with the authority's number, once", () => {
    given(...anIssuingInvoice)
      .when('recordIssued', { orderId, invoiceNumber, issuedAt: issueAt }, now)
      .then(issuedEvent);
    given(...anIssuedInvoice)
      .when('recordIssued', { orderId, invoiceNumber: 'other', issuedAt: issueAt }, now)
      .thenNothing();
  });
  test('that the authority refuses waits for a person', () =>
    given(...anIssuingInvoice)
      .when('recordRefused', { orderId, reason: 'tax-id-unknown' }, now)
      .then(aRefusedInvoice.at(-1)!));
  test('that was thought refused is believed when the authority says the invoice exists', () =>
    given(...aRefusedInvoice)
      .when('recordIssued', { orderId, invoiceNumber, issuedAt: issueAt }, now)
      .then(issuedEvent));
  test('that is not answered is tried again later, once for each try', () => {
    const unanswered = told.InvoiceIssueUnanswered({ ...ids, attempt: 1, tryAgainAt: '2026-03-04T01:02:00.000Z' });
    given(...anIssuingInvoice)
      .when('recordUnanswered', { orderId, attempt: 1 }, now)
      .then(unanswered);
    given(...anIssuingInvoice, unanswered)
      .when('recordUnanswered', { orderId, attempt: 1 }, now)
      .thenNothing();
    given(...aScheduledInvoice)
      .when('recordUnanswered', { orderId, attempt: 1 }, now)
      .thenNothing();
  });
  test('tries get rarer, down to one an hour', () =>
    expect([0, 1, 5, 6, 999].map((attempts) => tryAgainAt(issueAt, attempts))).toEqual([
      '2026-03-04T01:01:00.000Z',
      '2026-03-04T01:02:00.000Z',
      '2026-03-04T01:32:00.000Z',
      '2026-03-04T02:00:00.000Z',
      '2026-03-04T02:00:00.000Z',
    ]));
});

describe('dispatch (2.2.3)', () => {
  test('goes the way the customer chose, once', () => {
    given(...anUndispatchedInvoice)
      .when('recordDispatched', { orderId }, now)
      .then(dispatchedEvent);
    given(...anIssuedInvoice)
      .when('recordDispatched', { orderId }, now)
      .thenNothing();
  });
  test('of what is not issued or cancelled is refused', () => {
    given(...aScheduledInvoice)
      .when('recordDispatched', { orderId }, now)
      .thenRejected('invoice-not-issued', { orderId });
    given(...aCancelledInvoice)
      .when('recordDispatched', { orderId }, now)
      .thenRejected('invoice-cancelled', { orderId });
  });
  test('that fails is tried again', () =>
    given(...anUndispatchedInvoice)
      .when('recordUnanswered', { orderId, attempt: 1 }, now)
      .then(told.InvoiceDispatchFailed({ ...ids, attempt: 1, tryAgainAt: '2026-03-04T01:02:00.000Z' })));
});

describe('the invoice term (2.2.3)', () => {
  test.each([
    ['scheduled', aScheduledInvoice],
    ['issuing', anIssuingInvoice],
    ['refused', aRefusedInvoice],
  ] as const)('an invoice that is %s when it ends is overdue, and not a millisecond earlier', (_status, history) => {
    given(...history)
      .when('noteOverdue', { orderId }, { now: '2026-03-12T15:59:59.999Z' })
      .thenNothing();
    given(...history)
      .when('noteOverdue', { orderId }, { now: dueBy })
      .then(overdue);
    given(...history, overdue)
      .when('noteOverdue', { orderId }, { now: dueBy })
      .thenNothing();
  });
  test.each([
    ['in its last millisecond', '2026-03-12T15:59:59.999Z', []],
    ['at its end', dueBy, [overdue]],
  ] as const)('an invoice issued %s is judged by that instant, however late one looks', (_when, issuedAt, expected) => {
    const history = [...anIssuingInvoice, told.InvoiceIssued({ ...ids, amountMinor: 191_000, currency: 'CNY', invoiceNumber, issuedAt })];
    const judged = given(...history).when('noteOverdue', { orderId }, { now: '2026-04-01T00:00:00.000Z' });
    if (expected.length === 0) judged.thenNothing();
    else judged.then(...expected);
  });
  test('a cancelled invoice and none at all are not overdue', () => {
    given(...aCancelledInvoice)
      .when('noteOverdue', { orderId }, { now: dueBy })
      .thenNothing();
    given().when('noteOverdue', { orderId }, { now: dueBy }).thenNothing();
  });
});

describe('a refund (2.2.5)', () => {
  test.each([
    ['none', []],
    ['scheduled', aScheduledInvoice],
    ['refused', aRefusedInvoice],
  ] as const)('cancels an invoice that is %s', (_status, history) =>
    given(...history)
      .when('giveWayToRefund', ids, now)
      .then(cancelledEvent),
  );
  test('needs an issued invoice back', () =>
    given(...anIssuedInvoice)
      .when('giveWayToRefund', ids, now)
      .then(returnRequiredEvent));
  test('that meets the authority at work waits for its answer', () => {
    given(...anIssuingInvoice)
      .when('giveWayToRefund', ids, now)
      .then(refundWaitsEvent);
    given(...anIssuingInvoice, refundWaitsEvent)
      .when('giveWayToRefund', ids, now)
      .thenNothing();
  });
  test('and then needs the invoice back, or cancels it when the authority refused', () => {
    given(...anIssuingInvoice, refundWaitsEvent)
      .when('recordIssued', { orderId, invoiceNumber, issuedAt: issueAt }, now)
      .then(issuedEvent, returnRequiredEvent);
    given(...anIssuingInvoice, refundWaitsEvent)
      .when('recordRefused', { orderId, reason: 'x' }, now)
      .then(cancelledEvent);
  });
  test.each([
    ['return-required', anInvoiceToReturn],
    ['returning', anInvoiceOnItsWayBack],
    ['returned', aReturnedInvoice],
    ['cancelled', aCancelledInvoice],
  ] as const)('asked again while the invoice is %s changes nothing', (_status, history) =>
    given(...history)
      .when('giveWayToRefund', ids, now)
      .thenNothing(),
  );
});

describe('the return of an invoice (2.2.5)', () => {
  const stated = { orderId, statedBy: 'customer' as const };
  test('is recorded when a refund waits for it, once', () => {
    given(...anInvoiceToReturn)
      .when('receiveReturn', stated, now)
      .then(anInvoiceOnItsWayBack.at(-1)!);
    given(...anInvoiceOnItsWayBack)
      .when('receiveReturn', { ...stated, evidence: 'photo' }, now)
      .thenNothing();
    given(...aReturnedInvoice)
      .when('receiveReturn', stated, now)
      .thenNothing();
  });
  test.each([
    ['nothing', [], 'invoice-unknown'],
    ['a scheduled invoice', aScheduledInvoice, 'invoice-not-issued'],
    ['one at the authority', anIssuingInvoice, 'invoice-not-issued'],
    ['a refused one', aRefusedInvoice, 'invoice-not-issued'],
    ['a cancelled one', aCancelledInvoice, 'invoice-cancelled'],
    ['one that nobody asked back', anIssuedInvoice, 'return-not-required'],
  ] as const)('of %s is refused', (_what, history, code) =>
    given(...history)
      .when('receiveReturn', stated, now)
      .thenRejected(code, { orderId }),
  );
  test('ends with a red-letter invoice, once', () => {
    const red = { orderId, redLetterNumber, returnedAt: issueAt };
    given(...anInvoiceOnItsWayBack)
      .when('recordReturned', red, now)
      .then(aReturnedInvoice.at(-1)!);
    given(...aReturnedInvoice)
      .when('recordReturned', red, now)
      .thenNothing();
    given(...anInvoiceToReturn)
      .when('recordReturned', red, now)
      .thenRejected('return-not-required', { orderId });
  });
  test('whose red letter is not answered is tried again', () =>
    given(...anInvoiceOnItsWayBack)
      .when('recordUnanswered', { orderId, attempt: 1, reason: 'refused' }, now)
      .then(told.RedLetterUnanswered({ ...ids, attempt: 1, reason: 'refused', tryAgainAt: '2026-03-04T01:02:00.000Z' })));
});

describe('the next step outside', () => {
  test.each([
    ['nothing before it is due', aScheduledInvoice, 'nothing'],
    ['issuing once that was started', anIssuingInvoice, 'issue'],
    [
      'withdrawing when a refund came meanwhile, so that it is not issued after all (2.2.5)',
      [...anIssuingInvoice, refundWaitsEvent],
      'withdraw',
    ],
    ['nothing after a refusal', aRefusedInvoice, 'nothing'],
    ['dispatch of what is issued', anUndispatchedInvoice, 'dispatch'],
    ['nothing once it is dispatched', anIssuedInvoice, 'nothing'],
    ['dispatch also when it is to come back', [...anUndispatchedInvoice, returnRequiredEvent], 'dispatch'],
    ['the red letter once it is back', anInvoiceOnItsWayBack, 'red-letter'],
    ['nothing in the end', aReturnedInvoice, 'nothing'],
    ['nothing for a cancelled one', aCancelledInvoice, 'nothing'],
    ['nothing without an invoice', [], 'nothing'],
  ] as const)('is %s', (_rule, history, step) => expect(nextStep(fold(invoice, history)).do).toBe(step));
});
