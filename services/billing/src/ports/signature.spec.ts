import { isGenuine, sign } from './signature';

const secret = 'a secret of at least thirty-two characters';
const bytes = Buffer.from('{"paymentId":"p-1"}');
const right = sign(secret, bytes);

describe('the signature of a callback (2.2.2)', () => {
  test('is the HMAC-SHA256 of the bytes, as RFC 4231 computes it', () =>
    expect(sign('Jefe', Buffer.from('what do ya want for nothing?'))).toBe(
      'sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    ));
  test('holds for the very bytes', () => expect(isGenuine(secret, bytes, right)).toBe(true));
  test.each([
    ['other bytes', Buffer.from('{"paymentId":"p-2"}'), right],
    ['a space more', Buffer.from('{"paymentId": "p-1"}'), right],
    ['no bytes', Buffer.alloc(0), right],
    ['no signature', bytes, undefined],
    ['several signatures', bytes, [right, right]],
    ['no scheme', bytes, right.slice(7)],
    ['capitals', bytes, right.toUpperCase()],
    ['a signature cut short', bytes, right.slice(0, -1)],
    ['a signature that is too long', bytes, `${right}0`],
    ['zeros', bytes, `sha256=${'0'.repeat(64)}`],
  ])('does not hold for %s', (_what, given, signature) => expect(isGenuine(secret, given, signature)).toBe(false));
  test('does not hold under another secret', () => expect(isGenuine(`${secret}!`, bytes, right)).toBe(false));
});
