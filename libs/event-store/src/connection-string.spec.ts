import { apart, readConnectionString } from './connection-string';

test.each([
  ['esdb://127.0.0.1:2113?tls=false', 'esdb://127.0.0.1:2113?tls=false'],
  [' esdb://one:2113,two:2113/ ', 'esdb://one:2113,two:2113'],
  ['kurrentdb+discover://cluster:2113/?tlsCaFile=/ca.pem', 'esdb+discover://cluster:2113?tlsCaFile=/ca.pem'],
  ['kdb://qiyue:p%3Fw%40%3A@one:2113?tls=true&node-preference=leader', 'esdb://qiyue:p%3Fw%40%3A@one:2113?tls=true&node-preference=leader'],
])('%s can be used', (text, wanted) => expect(readConnectionString(text)).toBe(wanted));

test.each([
  ['http://qiyue:hunter2@one:2113', /is not esdb:/],
  ['esdb://qiyue:hunter2@', /is not esdb:/],
  ['esdb://qiyue:hunter2@two@one:2113', /is not esdb:/],
  ['esdb://qiyue:hunter2:3@one:2113', /colon in its password/],
  ['esdb://qiyue:hunter2@one:2113?tslCaFile=ca.pem', /unknown option tslCaFile/],
  ['esdb://qiyue:hunter2@one:2113?tlsVerifyCert=false', /always verified/],
  ['esdb://qiyue:hunter2@one:2113?tls', /the option tls no value/],
])('%s is refused with what is wrong, and its password is not repeated', (text, why) => {
  expect(() => readConnectionString(text)).toThrow(why);
  expect(() => readConnectionString(text)).not.toThrow(/hunter2/);
});

test('the same connection is told apart from the ones before it, whatever its options', () => {
  const plain = 'esdb://u:p%3F@one:2113';
  expect(apart(plain, 0)).toBe(plain);
  expect(apart(plain, 1)).toBe(`${plain}?keepAliveTimeout=10001`);
  expect(apart(`${plain}?tls=false`, 7)).toBe(`${plain}?tls=false&keepAliveTimeout=10007`);
  expect(apart(`${plain}?keep-alive-timeout=500`, 3)).toBe(`${plain}?keep-alive-timeout=500&keepAliveTimeout=503`);
  expect(apart(`${plain}?keepAliveTimeout=-1`, 3)).toBe(`${plain}?keepAliveTimeout=-1`);
});
