import { describeError, isOutage } from './faults';

const error = (over: object, message = 'li@example.com is no number'): Error => Object.assign(new Error(message), over);

describe('what is said of an error', () => {
  test.each([
    [new TypeError('li@example.com'), 'TypeError'],
    [error({ code: '23505' }), 'Error/23505'],
    [error({ code: 14 }), 'Error/14'],
    [error({ name: 'li@example.com' }), 'Error'],
    [error({ code: 'li@example.com' }), 'Error'],
    ['li@example.com', 'not-an-error'],
  ])('only a name and a code, never a message', (thrown, said) => expect(describeError(thrown)).toBe(said));
});

describe('outages', () => {
  test.each([
    [error({ code: 'ECONNREFUSED' })],
    [error({ code: '57P01' })],
    [error({ code: '08006' })],
    [error({ code: '40P01' })],
    [error({ code: 14 })],
    [error({ name: 'StoreUnavailable' })],
    [error({ transient: true })],
    [error({ cause: error({ code: 'ECONNRESET' }) })],
    [error({}, 'Connection terminated unexpectedly')],
  ])('%p is retried for ever', (thrown) => expect(isOutage(thrown)).toBe(true));
  test.each([
    [error({})],
    [error({ code: '23505' })],
    [error({ code: '57014' })],
    [error({ code: 3 })],
    [error({ name: 'TryTimeout' })],
    ['text'],
    [undefined],
  ])('%p is a fault of the event', (thrown) => expect(isOutage(thrown)).toBe(false));
  test('an error that is its own cause is looked at once', () => {
    const loop = error({});
    loop.cause = loop;
    expect(isOutage(loop)).toBe(false);
  });
});
