import { hashAgreement, parseAgreement, policyParameters } from '@qiyue/agreement';
import { fold } from '@qiyue/decider';
import { checkStream, givenFor } from '@qiyue/decider/testing';
import { agreement, agreementEvents as e } from './agreement';
import { agreementExamples, aPublishedAgreement, smallAgreement } from './agreement.examples';

const given = givenFor(agreement);
const now = '2026-04-01T00:00:00.000Z';
const second = parseAgreement(smallAgreement('5 个'));

test('every kit-level property holds', () => checkStream(agreementExamples));

test('a new version takes its numbers from the document and says which clauses changed (1.2)', () =>
  given(...aPublishedAgreement)
    .when('publish', { agreementVersion: '2026-02', document: second }, { now })
    .then(
      e.AgreementVersionPublished({
        agreementVersion: '2026-02',
        documentHash: hashAgreement(second),
        document: second,
        effectiveAt: now,
        publishedAt: now,
        parameters: { ...policyParameters({ refundWindowWorkingDays: 5 }) },
        changes: [{ clause: '2.2.5', change: 'changed' }],
      }),
    ));

test('the first version adds every clause (1.2)', () => {
  const [event] = agreement.decide.publish(
    agreement.initialState,
    { agreementVersion: '1', document: second },
    { now },
  ) as unknown as readonly [ReturnType<typeof e.AgreementVersionPublished>];
  expect(event.data.changes.every(({ change }) => change === 'added')).toBe(true);
  expect(event.data.changes.map(({ clause }) => clause)).toContain('2.2.5');
});

test('the same version with the same words is published already (1.2)', () =>
  given(...aPublishedAgreement)
    .when('publish', { agreementVersion: '2026-01', document: parseAgreement(smallAgreement()) }, { now })
    .thenNothing());
test('a published version never changes (1.2)', () =>
  given(...aPublishedAgreement)
    .when('publish', { agreementVersion: '2026-01', document: second }, { now })
    .thenRejected('agreement-version-exists'));
test.each([
  ['another instant', { effectiveAt: '2026-09-01T00:00:00.000Z' }],
  ['other numbers', { parameters: { refundWindowWorkingDays: 9 } }],
])('nor does it take the same words with %s (1.2)', (_what, more) =>
  given(...aPublishedAgreement)
    .when('publish', { agreementVersion: '2026-01', document: parseAgreement(smallAgreement()), ...more }, { now })
    .thenRejected('agreement-version-exists'),
);
test('told again with the instant and the numbers it has, it is published already (1.2)', () =>
  given(...aPublishedAgreement)
    .when(
      'publish',
      {
        agreementVersion: '2026-01',
        document: parseAgreement(smallAgreement()),
        effectiveAt: '2026-03-01T00:00:00.000Z',
        parameters: { refundWindowWorkingDays: 3 },
      },
      { now },
    )
    .thenNothing());

test.each([
  ['a millisecond ago', '2026-03-31T23:59:59.999Z', false],
  ['at this very instant', now, true],
  ['later', '2026-05-01T00:00:00.000Z', true],
])('a version that takes effect %s is %s (1.2)', (_when, effectiveAt, good) => {
  const state = fold(agreement, aPublishedAgreement);
  const decided = agreement.decide.publish(state, { agreementVersion: '2026-02', document: second, effectiveAt }, { now });
  expect(decided).toMatchObject(good ? [{ data: { effectiveAt } }] : { code: 'agreement-effective-in-past' });
});

test('a number that cannot be read has to be stated, so that none is ever guessed (1.2)', () => {
  const vague = parseAgreement(smallAgreement('数个'));
  given().when('publish', { agreementVersion: '1', document: vague }, { now }).thenRejected('agreement-parameter-unread');
  const decided = agreement.decide.publish(
    agreement.initialState,
    { agreementVersion: '1', document: vague, parameters: { refundWindowWorkingDays: 4 } },
    { now },
  );
  expect(decided).toMatchObject([{ data: { parameters: { refundWindowWorkingDays: 4, invoiceTermWorkingDays: 7 } } }]);
});
test('a stated number goes before the one read (1.2)', () =>
  expect(
    agreement.decide.publish(
      agreement.initialState,
      { agreementVersion: '1', document: second, parameters: { refundWindowWorkingDays: 9 } },
      { now },
    ),
  ).toMatchObject([{ data: { parameters: { refundWindowWorkingDays: 9 } } }]));
