import { eventFilter, InvalidFilterError } from './filter';

const event = (stream: string, type = 'T'): { stream: string; type: string } => ({ stream, type });

test.each([
  ['^order-', 'order-1', true],
  ['^order-', 'reorder-1', false],
  ['^[^$].*', '$$order-1', false],
  ['^(?!\\$)', 'order-1', true],
  ['(?i)^ORDER', 'order-1', true],
  ['^(order|invoice)-[0-9]+$', 'invoice-42', true],
  ['^(?:[a-z]+-)+[0-9]{2}$', 'a-b-c-42', true],
  ['订单', '订单-1', true],
])('the pattern %s on %s answers %s', (pattern, stream, expected) => {
  const filter = eventFilter('stream', pattern, []);
  expect([filter.matches(event(stream)), filter.matches(event(stream))]).toEqual([expected, expected]);
});

test('a type filter looks at the type only', () => {
  expect(eventFilter('type', '', ['Paid', 'Sub']).matches(event('Paid', 'Submitted'))).toBe(true);
  expect(eventFilter('type', '', ['Paid']).matches(event('Paid', 'Submitted'))).toBe(false);
});

test('an empty prefix lets everything through', () => {
  expect(eventFilter('stream', '', ['']).matches(event('anything'))).toBe(true);
});

test.each(['(a+)+$', '(a|aa)+$', '^(.*)*!$', '(x+x+)+y'])('the pattern %s, which tries for ever, is given up on', (pattern) => {
  const filter = eventFilter('stream', pattern, []);
  expect(() => [...'ax'].map((letter) => filter.matches(event(`${letter.repeat(60)}?`)))).toThrow(InvalidFilterError);
});

test.each([
  ['is no regular expression', '(', []],
  ['is too long', 'x'.repeat(1025), []],
  ['is empty', '', []],
])('a filter that %s is refused', (_case, pattern, prefixes) => {
  expect(() => eventFilter('stream', pattern, prefixes)).toThrow(InvalidFilterError);
});
