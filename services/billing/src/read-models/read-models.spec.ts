import { fold, streamName, type AnyStream, type DomainEvent, type StreamExamples } from '@qiyue/decider';
import { foldRows, type Item } from '@qiyue/projections';
import { payoutExamples } from '../domain/payout.examples';
import { receivableExamples, receivableId } from '../domain/receivable.examples';
import { payments } from './payments';
import { payouts } from './payouts';
import { receivables } from './receivables';

const itemsOf = (stream: AnyStream, id: string, history: readonly DomainEvent[]): readonly Item[] =>
  history.map(({ type, data }, at) => ({
    source: 'own',
    type,
    data,
    id: `event-${at}`,
    stream: streamName(stream, id),
    streamId: id,
    revision: BigInt(at),
    recordedAt: '2026-03-03T02:00:00.000Z',
    correlationId: 'c',
    causationId: 'c',
  }));
const historiesOf = ({ histories }: StreamExamples) => Object.entries(histories as Readonly<Record<string, readonly DomainEvent[]>>);

describe.each(historiesOf(receivableExamples))('a receivable that is %s', (status, history) => {
  const { stream } = receivableExamples;
  const items = itemsOf(stream, receivableId, history);
  test('shows the status that decisions see', () =>
    expect(foldRows(receivables, items).map((row) => row.status)).toEqual(status === 'unopened' ? [] : [status]));
  test('shows each piece of money in the place where decisions see it', () => {
    const state = fold(stream, history);
    expect(foldRows(payments, items).map(({ paymentId, place }) => [paymentId, place])).toEqual(
      state.money.map(({ paymentId, place }) => [paymentId, place]),
    );
  });
});

describe.each(historiesOf(payoutExamples))('a payout that is %s', (status, history) => {
  test('shows the status that decisions see', () =>
    expect(foldRows(payouts, itemsOf(payoutExamples.stream, 'payout-1', history)).map((row) => row.status)).toEqual(
      status === 'none' ? [] : [status],
    ));
});

test('personal fields are kept as they come, sealed', () => {
  const sealed = 'sealed:1:account-1:aXY:Y3Q';
  const history = historiesOf(receivableExamples).find(([status]) => status === 'open')?.[1] ?? [];
  const items = itemsOf(receivableExamples.stream, receivableId, history).map((item) => ({
    ...item,
    data: { ...(item.data as object), payerName: sealed },
  }));
  expect(foldRows(payments, items).map(({ payerName }) => payerName)).toEqual([sealed]);
});
