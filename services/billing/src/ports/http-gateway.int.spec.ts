import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { anOrder } from '../domain/payout.examples';
import { HttpGateway } from './http-gateway';
import { isGenuine, SIGNATURE_HEADER } from './signature';

const secret = 'a secret of at least thirty-two characters';
let server: Server;
let gateway: HttpGateway;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
const seen: { method: string; url: string; body: Buffer; signature: unknown }[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      seen.push({
        method: request.method ?? '',
        url: request.url ?? '',
        body: Buffer.concat(chunks),
        signature: request.headers[SIGNATURE_HEADER],
      });
      answer(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  gateway = new HttpGateway({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/`, secret, timeoutMs: 300 });
});
afterAll(() => {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(resolve));
});
beforeEach(() => seen.splice(0));

const says = (status: number, body: unknown) => () => {
  answer = (_request, response) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(typeof body === 'string' ? body : JSON.stringify(body));
};

describe('the gateway over HTTP (2.2.5)', () => {
  test('is given a payout under its id, signed over the bytes', async () => {
    says(200, { outcome: 'settled', settledAt: '2026-03-03T10:00:00+08:00' })();
    expect(await gateway.payOut(anOrder)).toEqual({ outcome: 'settled', settledAt: '2026-03-03T02:00:00.000Z' });
    const [request] = seen;
    expect([request?.method, request?.url, JSON.parse(String(request?.body))]).toEqual([
      'PUT',
      '/v1/payouts/payout-1',
      { paymentId: 'p-1', amountMinor: 191_000, currency: 'CNY' },
    ]);
    expect(isGenuine(secret, request?.body ?? Buffer.alloc(0), request?.signature)).toBe(true);
  });
  test.each([
    [
      'a settled payout',
      200,
      { outcome: 'settled', settledAt: '2026-03-03T02:00:00.000Z' },
      { outcome: 'settled', settledAt: '2026-03-03T02:00:00.000Z' },
    ],
    ['a refused one', 200, { outcome: 'refused', reason: 'account-closed' }, { outcome: 'refused', reason: 'account-closed' }],
    ['a pending one', 202, { outcome: 'pending' }, { outcome: 'pending' }],
    ['one it never received', 404, {}, { outcome: 'not-received' }],
  ])('is asked and tells of %s', async (_what, status, body, expected) => {
    says(status, body)();
    expect(await gateway.outcomeOf('payout-1')).toEqual(expected);
    expect([seen[0]?.method, isGenuine(secret, Buffer.from('payout-1'), seen[0]?.signature)]).toEqual(['GET', true]);
  });
  test.each([
    ['an error', 500, { outcome: 'settled', settledAt: '2026-03-03T02:00:00.000Z' }],
    ['nonsense', 200, 'hello'],
    ['an unknown outcome', 200, { outcome: 'maybe' }],
    ['a settlement without its time', 200, { outcome: 'settled' }],
    ['a settlement at no time', 200, { outcome: 'settled', settledAt: 'yesterday' }],
    ['a refusal without a reason', 200, { outcome: 'refused' }],
    ['another place', 302, {}],
  ])('that answers with %s leaves the outcome unknown', async (_what, status, body) => {
    says(status, body)();
    await expect(gateway.payOut(anOrder)).rejects.toThrow();
    await expect(gateway.outcomeOf('payout-1')).rejects.toThrow();
  });
  test('that says nothing in time (BILLING_GATEWAY_TIMEOUT_MS), or hangs up, leaves the outcome unknown', async () => {
    answer = () => undefined;
    await expect(gateway.payOut(anOrder)).rejects.toThrow();
    answer = (request) => request.socket.destroy();
    await expect(gateway.outcomeOf('payout-1')).rejects.toThrow();
  });
  test('to which a PUT is not found is not believed to have refused', async () => {
    says(404, {})();
    await expect(gateway.payOut(anOrder)).rejects.toThrow();
  });
});
