import type { TestPlatform } from '@qiyue/service-kit/testing';
import { createHmac, generateKeyPairSync } from 'node:crypto';
import { SignJWT } from 'jose';
import { mutationsOf } from './mutations';
import { pathOf, pathParameters, queryParameters, readsBody, requiredQuery, type Operation, type Schema } from './operations';

/** A request with one fault, and how it must be refused. */
export interface FaultyRequest {
  readonly name: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly raw?: string | Uint8Array<ArrayBuffer>;
  readonly refusal: readonly [status: number, code: string];
}

/** Stands in requests wherever text may be put; no answer may say it. */
export const SECRET = 'hunter2';

/** The signature that the payment gateway puts on its callbacks; no other operation looks at it. */
export const signed = (raw: string | Uint8Array): Readonly<Record<string, string>> => ({
  'x-gateway-signature': `sha256=${createHmac('sha256', 'c'.repeat(32)).update(raw).digest('hex')}`,
});

interface Forgery {
  readonly alg?: string;
  readonly iss?: string;
  readonly aud?: string;
  readonly key?: Parameters<SignJWT['sign']>[0];
}

const forged = ({ alg = 'EdDSA', iss = 'qiyue', aud = 'qiyue', key = generateKeyPairSync('ed25519').privateKey }: Forgery, now: number) =>
  new SignJWT({ role: 'operator' })
    .setProtectedHeader({ alg })
    .setSubject('x')
    .setIssuer(iss)
    .setAudience(aud)
    .setIssuedAt(now)
    .setExpirationTime(now + 60)
    .sign(key);

const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** `Authorization` headers that must not open anything, by what is wrong with them. */
export const badTokens = async (qiyue: TestPlatform): Promise<Readonly<Record<string, string>>> => {
  const { config, tokens } = qiyue.platform.state.process;
  const { signing } = (tokens as unknown as { options: { signing: { key: Parameters<SignJWT['sign']>[0] } } }).options;
  const now = Math.floor(Date.parse(qiyue.now()) / 1_000);
  const aged = now - config.tokenTtlSeconds - config.tokenSkewSeconds;
  const good = await qiyue.as('operator');
  const [head = '', payload = '', signature = ''] = good.split('.');
  const changed = encoded({ ...(JSON.parse(Buffer.from(payload, 'base64url').toString()) as object), role: 'auditor' });
  return {
    garbage: 'Bearer garbage',
    'no bearer': 'Basic eDp5',
    'another key': `Bearer ${await forged({}, now)}`,
    'another issuer': `Bearer ${await forged({ iss: 'other', key: signing.key }, now)}`,
    'another audience': `Bearer ${await forged({ aud: 'other', key: signing.key }, now)}`,
    'another algorithm': `Bearer ${await forged({ alg: 'HS256', key: new TextEncoder().encode('k'.repeat(32)) }, now)}`,
    'no algorithm': `Bearer ${encoded({ alg: 'none' })}.${payload}.`,
    'too great an age': `Bearer ${await forged({ key: signing.key }, aged)}`,
    'a changed payload': `Bearer ${head}.${changed}.${signature}`,
  };
};

const unreadableBodies: readonly (readonly [string, string | Uint8Array<ArrayBuffer>])[] = [
  ['JSON that ends early', `{"a":"${SECRET}`],
  ['what is no JSON', `{a:${SECRET}}`],
  ['bytes that are not UTF-8', new Uint8Array([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d])],
  ['half a character', '{"a":"\\ud800"}'],
  ['a NUL', '{"a":"\\u0000"}'],
  ['a prototype', `{"__proto__":{"isAdmin":true}}`],
  ['a constructor', `{"constructor":{"prototype":{}}}`],
  ['nesting without end', `{"a":${'['.repeat(100)}${']'.repeat(100)}}`],
];

/** Texts that a query parameter must not be. */
const badTexts = ({ type, minimum, maximum, minLength = 0, maxLength, enum: choices, pattern, format }: Schema): readonly string[] => [
  ...(type === 'integer' || type === 'number' ? ['x', '1.5', '', '1&again'] : []),
  ...(minimum === undefined ? [] : [String(minimum - 1)]),
  ...(maximum === undefined ? [] : [String(maximum + 1)]),
  ...(minLength > 0 ? [''] : []),
  ...(maxLength === undefined ? [] : ['x'.repeat(maxLength + 1)]),
  ...(choices === undefined && pattern === undefined && format === undefined ? [] : ['\u00a7', 'a&again']),
];

const faultyQueries = (operation: Operation): readonly (readonly [string, string])[] => {
  const needed = requiredQuery(operation);
  const others = (name: string): string => (needed.startsWith(`?${name}=`) ? '' : needed.slice(1));
  const cases = queryParameters(operation).flatMap(({ name, schema, required }) => [
    ...badTexts(schema).map((text): readonly [string, string] => {
      const again = text.endsWith('&again');
      const value = encodeURIComponent(again ? text.slice(0, -6) : text);
      return [`${name} of "${text.slice(0, 20)}"`, `${others(name)}&${name}=${value}${again ? `&${name}=${value}` : ''}`];
    }),
    ...(name === 'after' && schema.type === 'string' && pathParameters(operation).length === 0
      ? [[`a cursor of no list`, `after=${SECRET}`] as const]
      : []),
    ...(required ? [[`no ${name}`, others(name)] as const] : []),
  ]);
  return [...cases, ['an unknown parameter', `${needed.slice(1)}&unknown=${SECRET}`] as const];
};

/** Every faulty request that the document lets one derive for an operation. `authorization` is of somebody who may call it. */
export const faultyRequests = (
  operation: Operation,
  authorization: Readonly<Record<string, string>>,
  tokens: Readonly<Record<string, string>>,
): readonly FaultyRequest[] => {
  const path = `${pathOf(operation)}${requiredQuery(operation)}`;
  const { body } = operation;
  const example = JSON.stringify(body?.example ?? {});
  const isOpen = operation.roles.includes('anyone');
  const fault = (
    name: string,
    refusal: FaultyRequest['refusal'],
    {
      raw = readsBody(operation) ? example : undefined,
      headers = {},
      at = path,
    }: { raw?: FaultyRequest['raw']; headers?: object; at?: string } = {},
  ): FaultyRequest => ({
    name,
    path: at,
    refusal,
    headers: {
      ...authorization,
      'content-type': 'application/json',
      ...(raw === undefined ? {} : signed(raw)),
      ...(headers as Record<string, string>),
    },
    ...(raw === undefined ? {} : { raw }),
  });
  const shapes =
    body === undefined
      ? ['{"unknown_field":1}', '[1]', '7', '"a"', 'null']
      : body.schema.properties === undefined
        ? []
        : ['[]', '7', '"a"', 'null'];
  return [
    ...(isOpen ? [] : [fault('no token', [401, 'unauthenticated'], { headers: { authorization: '' } })]),
    ...Object.entries(tokens).map(([name, token]) =>
      fault(`a token of ${name}`, [401, 'unauthenticated'], { headers: { authorization: token } }),
    ),
    ...faultyQueries(operation).map(([name, query]) =>
      fault(name, [422, 'invalid'], { at: `${pathOf(operation)}?${query.replace(/^&/, '')}` }),
    ),
    ...pathParameters(operation).flatMap((name) => [
      fault(`a NUL in ${name}`, [400, 'malformed'], { at: path.replace('names-nothing', 'a%00b') }),
      fault(`bytes that are no text in ${name}`, [400, 'malformed'], { at: path.replace('names-nothing', '%ff') }),
      fault(`a ${name} without end`, [400, 'malformed'], { at: path.replace('names-nothing', 'x'.repeat(1_000)) }),
    ]),
    ...(!readsBody(operation)
      ? []
      : [
          ...unreadableBodies.map(([name, raw]) => fault(name, [400, 'malformed'], { raw })),
          fault('another media type', [415, 'unsupported-media-type'], {
            raw: `a=${SECRET}`,
            headers: { 'content-type': 'application/x-www-form-urlencoded' },
          }),
          fault('text', [415, 'unsupported-media-type'], { raw: SECRET, headers: { 'content-type': 'text/plain' } }),
          fault('a body beyond the limit', [413, 'too-large'], { raw: JSON.stringify({ a: 'x'.repeat(300_000) }) }),
          fault('a key with a space', [400, 'idempotency-key-invalid'], { headers: { 'idempotency-key': 'a b' } }),
          fault('a key that is too long', [400, 'idempotency-key-invalid'], { headers: { 'idempotency-key': 'k'.repeat(201) } }),
          ...shapes.map((raw) => fault(`a body of ${raw}`, [422, 'invalid'], { raw })),
          ...(body?.schema.properties === undefined
            ? []
            : mutationsOf(body.schema, body.example).map(({ name, raw, isReadable }) =>
                fault(name, isReadable ? [422, 'invalid'] : [400, 'malformed'], { raw }),
              )),
        ]),
  ];
};
