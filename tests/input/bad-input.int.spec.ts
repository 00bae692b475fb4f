import { everythingStored, type Answer, type TestPlatform } from '@qiyue/service-kit/testing';
import type { Role } from '@qiyue/service-kit';
import fc from 'fast-check';
import { badTokens, faultyRequests, SECRET, signed, type FaultyRequest } from './faulty-requests';
import { isDocumented, operations, pathOf, platformDocument, readsBody, requiredQuery, type Operation } from './operations';
import { startEverything } from './world';

const SEED = Number(process.env['QIYUE_FUZZ_SEED'] ?? 20_260_302);
const RUNS = 400;

let qiyue: TestPlatform;
let tokens: Readonly<Record<string, string>>;
beforeAll(async () => {
  qiyue = await startEverything();
  tokens = await badTokens(qiyue);
}, 120_000);
afterAll(() => qiyue?.stop());

/** The header of somebody who may call the operation. */
const allowed = async ({ roles }: Operation): Promise<Readonly<Record<string, string>>> => {
  const [role] = roles;
  return role === undefined || role === 'anyone' ? {} : { authorization: `Bearer ${await qiyue.as(role as Role)}` };
};

const send = async (method: string, path: string, { raw, headers }: Pick<FaultyRequest, 'raw' | 'headers'>): Promise<Answer> => {
  const given = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== ''));
  const response = await fetch(`${qiyue.platform.url}${path}`, { method, headers: given, ...(raw === undefined ? {} : { body: raw }) });
  const text = await response.text();
  const body: unknown = response.headers.get('content-type')?.includes('json') === true ? JSON.parse(text) : text;
  return { status: response.status, body, text, headers: response.headers, revision: undefined };
};

/** Runs a few at a time, so that the machine has something to do while it waits. */
const each = async <T>(all: readonly T[], run: (one: T) => Promise<void>): Promise<void> => {
  const left = all.values();
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (const one of left) await run(one);
    }),
  );
};

/** What is wrong with an answer to a faulty request, in words; nothing when it is as it should be. */
const complaints = (operation: Operation, { name, refusal }: FaultyRequest, answer: Answer): readonly string[] => {
  const [status, code] = refusal;
  const got = (answer.body as { code?: string }).code;
  return [
    ...(answer.status === status && got === code ? [] : [`${name}: ${answer.status} ${got ?? ''} instead of ${status} ${code}`]),
    ...(answer.headers.get('content-type') === 'application/problem+json; charset=utf-8' ? [] : [`${name}: not problem+json`]),
    ...(isDocumented(operation, answer) ? [] : [`${name}: ${answer.status} ${got ?? ''} is not documented`]),
    ...(answer.text.includes(SECRET) ? [`${name}: the answer repeats what was sent`] : []),
  ];
};

const stored = async (): Promise<Readonly<Record<string, string>>> => {
  await qiyue.settle();
  const tables = [...(await everythingStored(qiyue))];
  // Who is at work on the bus, and until when they are believed to be: renewed all the time.
  return Object.fromEntries(tables.filter(([name]) => !/\.bus_(member|assignment)$/.test(name)));
};

test('the document that is served is the one that is tried here', async () =>
  expect((await qiyue.get('/openapi.json')).body).toEqual(JSON.parse(JSON.stringify(platformDocument()))));

test('the document says of every operation who may call it, and shows a body wherever one is read', () =>
  expect(
    operations
      .filter(({ roles, body }) => roles.length === 0 || (body?.schema.properties !== undefined && body.example === undefined))
      .map(({ id }) => id),
  ).toEqual([]));

describe('an example of the document is answered, and not for its form', () => {
  test.each(operations.map((one) => [one.id, one] as const))('%s', async (_id, operation) => {
    const raw = readsBody(operation) ? JSON.stringify(operation.body?.example ?? {}) : undefined;
    const path = `${pathOf(operation)}${requiredQuery(operation)}`;
    const headers = { ...(await allowed(operation)), 'content-type': 'application/json', ...(raw === undefined ? {} : signed(raw)) };
    const answer = await send(operation.method, path, { headers, ...(raw === undefined ? {} : { raw }) });
    const { code } = answer.body as { code?: string };
    if (answer.status >= 400) expect([answer.status, code, isDocumented(operation, answer)]).toEqual([answer.status, code, true]);
    else expect(operation.statuses).toContain(answer.status);
    expect(['invalid', 'malformed', 'fault']).not.toContain(code);
  });
});

describe('a request with one fault is refused as documented, says nothing of what was sent, and leaves nothing behind', () => {
  let before: Readonly<Record<string, string>>;
  beforeAll(async () => {
    before = await stored();
  });

  test.each(operations.map((one) => [one.id, one] as const))('%s', async (_id, operation) => {
    const wrong: string[] = [];
    const requests = faultyRequests(operation, await allowed(operation), tokens);
    await each(requests, async (request) => {
      wrong.push(...complaints(operation, request, await send(operation.method, request.path, request)));
    });
    expect(wrong).toEqual([]);
    expect(requests.length).toBeGreaterThanOrEqual(9);
  });

  test('not a row of any table is another than before', async () => expect(await stored()).toEqual(before));
});

describe(`bodies of any shape (seed ${SEED}, ${RUNS} runs)`, () => {
  const json = fc.jsonValue({ maxDepth: 3 });
  const bodied = operations.filter((one) => one.body?.schema.properties !== undefined && one.path !== '/clock/advance');

  /** The example with some of its properties replaced by anything. */
  const body = (example: unknown): fc.Arbitrary<unknown> => {
    const names = Object.keys(example as object);
    const some = fc.dictionary(names.length === 0 ? fc.string() : fc.oneof(fc.constantFrom(...names), fc.string()), json, { maxKeys: 3 });
    return fc.oneof(
      { weight: 1, arbitrary: json },
      { weight: 3, arbitrary: some.map((changes) => ({ ...(example as object), ...changes })) },
    );
  };
  const request = fc.constantFrom(...bodied).chain((operation) => body(operation.body?.example).map((sent) => ({ operation, sent })));

  test('are never a fault of ours, and always answered as documented', () =>
    fc.assert(
      fc.asyncProperty(request, async ({ operation, sent }) => {
        const raw = JSON.stringify(sent);
        const headers = { ...(await allowed(operation)), 'content-type': 'application/json', ...signed(raw) };
        const answer = await send(operation.method, pathOf(operation), { headers, raw });
        if (answer.status >= 400) expect([answer.body, isDocumented(operation, answer)]).toEqual([answer.body, true]);
        expect(answer.status).toBeLessThan(500);
      }),
      { seed: SEED, numRuns: RUNS },
    ));
});
