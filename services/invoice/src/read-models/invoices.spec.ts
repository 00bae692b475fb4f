import { streamName, type DomainEvent } from '@qiyue/decider';
import { foldRows, type Item } from '@qiyue/projections';
import { anIssuedInvoice, ids, invoiceExamples } from '../domain/invoice.examples';
import { invoices } from './invoices';

const rowsOf = (history: readonly DomainEvent[]) =>
  foldRows(
    invoices,
    history.map(({ type, data }, at): Item => ({
      source: 'own',
      type,
      data,
      id: `event-${at}`,
      stream: streamName(invoiceExamples.stream, ids.orderId),
      streamId: ids.orderId,
      revision: BigInt(at),
      recordedAt: '2026-03-04T01:00:00.000Z',
      correlationId: 'c',
      causationId: 'c',
    })),
  );

test.each(Object.entries(invoiceExamples.histories))('an invoice that is %s shows the status that decisions see', (status, history) =>
  expect(rowsOf(history).map((row) => row.status)).toEqual(status === 'none' ? [] : [status]),
);
test('an issued invoice shows as dispatched once it is', () =>
  expect(rowsOf(anIssuedInvoice).map((row) => row.status)).toEqual(['dispatched']));
