import { onDeadline, reaction, type ReactionContext } from '@qiyue/service-kit';
import { invoice, nextStep, type Step } from '../domain/invoice';
import { invoiceEvents } from '../domain/invoice-events';
import { InvoiceDispatch } from '../ports/invoice-dispatch';
import { TaxAuthority } from '../ports/tax-authority';

type Context = Pick<ReactionContext, 'now' | 'load' | 'execute' | 'port'>;
type Work = Exclude<Step, { readonly do: 'nothing' }>;

/** What the outside answered, or its silence. */
type Heard =
  | Awaited<ReturnType<TaxAuthority['issue']>>
  | Awaited<ReturnType<TaxAuthority['redLetter']>>
  | { readonly outcome: 'sent' }
  | { readonly outcome: 'silence' };

const ask = (context: Context, step: Work): Promise<Heard> => {
  switch (step.do) {
    case 'issue':
      return context.port(TaxAuthority).issue(step.content);
    case 'withdraw':
      return context.port(TaxAuthority).withdraw(step.content.orderId);
    case 'red-letter':
      return context.port(TaxAuthority).redLetter(step.content.orderId);
    case 'dispatch':
      return context
        .port(InvoiceDispatch)
        .send(step.invoiceNumber, step.content)
        .then(() => ({ outcome: 'sent' as const }));
  }
};

/** Writes down what came of a step. Answers whether the next one can be taken now. */
const record = async (context: Context, step: Work, heard: Heard): Promise<boolean> => {
  const { orderId } = step.content;
  const facts = { now: context.now };
  const suffix = `${step.do}-${step.attempt}`;
  if (heard.outcome === 'issued') {
    await context.execute(
      invoice,
      orderId,
      'recordIssued',
      { orderId, invoiceNumber: heard.invoiceNumber, issuedAt: heard.issuedAt },
      facts,
      suffix,
    );
  } else if (heard.outcome === 'red-lettered') {
    await context.execute(
      invoice,
      orderId,
      'recordReturned',
      { orderId, redLetterNumber: heard.redLetterNumber, returnedAt: heard.returnedAt },
      facts,
      suffix,
    );
  } else if (heard.outcome === 'sent') {
    await context.execute(invoice, orderId, 'recordDispatched', { orderId }, facts, suffix);
  } else if (heard.outcome === 'refused' && step.do !== 'red-letter') {
    await context.execute(invoice, orderId, 'recordRefused', { orderId, reason: heard.reason }, facts, suffix);
  } else {
    // Silence, or a red letter refused: the invoice is back, so it has to be cancelled in the end. It is tried again at its instant.
    const reason = heard.outcome === 'refused' ? { reason: heard.reason } : {};
    await context.execute(invoice, orderId, 'recordUnanswered', { orderId, attempt: step.attempt, ...reason }, facts, suffix);
    return false;
  }
  return true;
};

/**
 * Takes an invoice as far as it goes now: load, do the next step outside, write down what came of it, again. It may end anywhere and begin anew, because
 * the outside does each step once for an order. What is not answered is asked once more at once, since most answers are only lost, and then at its instant.
 */
const carryOut = async (context: Context, orderId: string): Promise<void> => {
  let silences = 0;
  while (silences < 2) {
    const { state } = await context.load(invoice, orderId);
    const step = nextStep(state);
    if (step.do === 'nothing') return;
    const heard = await ask(context, step).catch(() => ({ outcome: 'silence' as const }));
    if (!(await record(context, step, heard))) silences += 1;
  }
};

/** 2.2.3, 2.2.5: issues, dispatches, withdraws and cancels in red. */
export const carryOutOnInvoiceStep = reaction({
  name: 'carry-out-on-invoice-step',
  on: [invoiceEvents.InvoiceIssueStarted, invoiceEvents.InvoiceIssued, invoiceEvents.RefundWaits, invoiceEvents.InvoiceReturnReceived],
  run: (context, { orderId }) => carryOut(context, orderId),
});

/** What stayed without an answer is tried again. */
export const carryOutOnNextTry = onDeadline({
  name: 'next-try',
  stream: invoice,
  set: {
    InvoiceIssueStarted: ({ tryAgainAt }) => tryAgainAt,
    InvoiceIssueUnanswered: ({ tryAgainAt }) => tryAgainAt,
    InvoiceDispatchFailed: ({ tryAgainAt }) => tryAgainAt,
    InvoiceReturnReceived: ({ tryAgainAt }) => tryAgainAt,
    RedLetterUnanswered: ({ tryAgainAt }) => tryAgainAt,
  },
  clear: ['InvoiceIssueRefused', 'InvoiceCancelled', 'InvoiceDispatched', 'InvoiceReturned'],
  run: (context, { streamId }) => carryOut(context, streamId),
});
