import { isBefore, isWorkingDay, shanghaiDate } from '@qiyue/calendar';
import fc from 'fast-check';
import { issueTime } from './issue-time';

describe('an invoice is issued on the morning of the next working day (2.2.3)', () => {
  test.each([
    ['paid on a Tuesday', '2026-03-03T02:00:00.000Z', '2026-03-12T16:00:00.000Z', '2026-03-04T01:00:00.000Z'],
    ['paid a millisecond before midnight in Shanghai', '2026-03-03T15:59:59.999Z', '2026-03-12T16:00:00.000Z', '2026-03-04T01:00:00.000Z'],
    ['paid at midnight in Shanghai', '2026-03-03T16:00:00.000Z', '2026-03-13T16:00:00.000Z', '2026-03-05T01:00:00.000Z'],
    ['paid on a Friday', '2026-03-06T02:00:00.000Z', '2026-03-17T16:00:00.000Z', '2026-03-09T01:00:00.000Z'],
    ['paid before the National Day holidays', '2026-09-30T02:00:00.000Z', '2026-10-15T16:00:00.000Z', '2026-10-08T01:00:00.000Z'],
    [
      'paid on the Friday before a Saturday that is worked',
      '2026-02-13T02:00:00.000Z',
      '2026-03-03T16:00:00.000Z',
      '2026-02-14T01:00:00.000Z',
    ],
  ])('%s', (_when, paidAt, dueBy, expected) => expect(issueTime(paidAt, dueBy)).toBe(expected));

  test('at once when the term would have ended by then', () => {
    expect(issueTime('2026-03-03T02:00:00.000Z', '2026-03-03T16:00:00.000Z')).toBe('2026-03-03T02:00:00.000Z');
    expect(issueTime('2026-03-03T02:00:00.000Z', '2026-03-04T01:00:00.000Z')).toBe('2026-03-03T02:00:00.000Z');
    expect(issueTime('2026-03-03T02:00:00.000Z', '2026-03-04T01:00:00.001Z')).toBe('2026-03-04T01:00:00.000Z');
  });

  test('never in the past, never on a day off, never after the term', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: Date.UTC(2024, 0, 1), max: Date.UTC(2027, 0, 1) }),
        fc.integer({ min: 1, max: 20 * 86_400_000 }),
        (ms, termMs) => {
          const [paidAt, dueBy] = [new Date(ms).toISOString(), new Date(ms + termMs).toISOString()];
          const at = issueTime(paidAt, dueBy);
          expect(isBefore(at, paidAt)).toBe(false);
          expect(isBefore(at, dueBy)).toBe(true);
          expect(at === paidAt || isWorkingDay(shanghaiDate(at))).toBe(true);
        },
      ),
    ));
});
