import { orderFacts } from '@qiyue/contracts';
import { randomUUID } from 'node:crypto';
import { auditor, customer, enterprise, officer, password, startIdentity, type IdentityBench } from './testing';

let bench: IdentityBench;
beforeAll(async () => {
  bench = await startIdentity();
}, 60_000);
afterAll(() => bench?.qiyue.stop());

const wanted = (type: string, clause?: string) => (clause === undefined ? { type } : { type, clause });

describe('before an agreement is in force', () => {
  test('no account can be opened, because nobody could accept anything (1.1)', async () => {
    const { qiyue, register, anAddress, publishAgreement } = bench;
    expect(await register(anAddress())).toMatchObject({ status: 409, body: { code: 'no-agreement-in-force', clause: '1.1' } });
    await publishAgreement('2026-00', '2026-03-02T02:00:00.001Z');
    await qiyue.settle();
    expect(await register(anAddress())).toMatchObject({ status: 409, body: { code: 'no-agreement-in-force' } });
    await publishAgreement('2026-01');
    await qiyue.advanceTo('2026-03-02T02:00:00.001Z');
    await publishAgreement('2026-01b');
    await qiyue.settle();
  });
});

describe('an account', () => {
  test('is registered, proved and shown; proof accepts the agreement in force (1.1, 2.1.1)', async () => {
    const { qiyue, anAddress, register, prove, codeOf, typesOf, accountOf } = bench;
    const email = anAddress();
    const registered = await register(email, { locale: 'en' });
    expect(registered).toMatchObject({
      status: 201,
      body: { revision: '1', events: [wanted('AccountRegistered', '2.1.1'), wanted('EmailCodeIssued', '2.1.1')] },
    });
    const accountId = registered.body.id as string;
    expect(await prove(accountId, await codeOf(accountId))).toMatchObject({
      status: 200,
      body: { events: [wanted('EmailProved', '2.1.1'), wanted('AgreementAccepted', '1.1')] },
    });
    await qiyue.settle();
    expect(await typesOf(accountId)).toEqual(['AccountRegistered', 'EmailCodeIssued', 'EmailProved', 'AgreementAccepted']);
    expect(await accountOf(accountId, customer(accountId))).toMatchObject({
      email,
      locale: 'en',
      status: 'proved',
      acceptedVersion: '2026-01b',
      declinedVersion: null,
      registeredAt: qiyue.now(),
    });
    expect((await qiyue.get('/identity/accounts', officer)).body.items.map(({ accountId: id }: { accountId: string }) => id)).toContain(
      accountId,
    );
  });

  test('is one for an address, however that is written; asked for twice under one key it is registered once (2.1.1)', async () => {
    const { anAddress, register, typesOf } = bench;
    const email = anAddress();
    const [first, again] = [
      await register(email, {}, { key: `register-${email}` }),
      await register(email, {}, { key: `register-${email}` }),
    ];
    expect([again.status, again.body]).toEqual([201, { ...first.body, replayed: true }]);
    expect(await register(email, { password: 'vier-Hunde-8' }, { key: `register-${email}` })).toMatchObject({
      status: 422,
      body: { code: 'idempotency-key-reused' },
    });
    expect(await register(email.toUpperCase())).toMatchObject({ status: 409, body: { code: 'already-registered', clause: '2.1.1' } });
    expect(await typesOf(first.body.id)).toEqual(['AccountRegistered', 'EmailCodeIssued']);
  });

  test('needs a password that nobody would try first (3.2)', async () =>
    expect(await bench.register(bench.anAddress(), { password: 'Password123456' })).toMatchObject({
      status: 422,
      body: { code: 'password-too-weak', clause: '3.2' },
    }));

  test.each([
    ['no address', { email: 'li' }],
    ['an address that goes on for ever', { email: `${'l'.repeat(250)}@example.com` }],
    ['a line break in the address', { email: 'li@example.com\r\nBcc: all@example.com' }],
    ['a role of its own', { role: 'officer' }],
    ['an id of its own', { accountId: randomUUID() }],
    ['a language nobody speaks here', { locale: 'tlh' }],
    ['a password that is none', { password: { $ne: '' } }],
  ])('with %s is refused at the edge', async (_what, more) =>
    expect(await bench.register(bench.anAddress(), more)).toMatchObject({ status: 422, body: { code: 'invalid' } }),
  );

  test("is nobody else's: for another customer it does not exist", async () => {
    const { qiyue, anAccount } = bench;
    const [{ accountId }, other] = [await anAccount(), customer((await anAccount()).accountId)];
    expect((await qiyue.get(`/identity/accounts/${accountId}`, other)).status).toBe(404);
    expect((await qiyue.put(`/identity/accounts/${accountId}/contact`, { email: 'mallory@example.com' }, other)).status).toBe(404);
    expect((await qiyue.post(`/identity/accounts/${accountId}/agreement-refusal`, { agreementVersion: '2026-01b' }, other)).status).toBe(
      404,
    );
    expect((await qiyue.post(`/identity/accounts/${accountId}/verification`, enterprise, other)).status).toBe(404);
  });

  test('keeps its contact address current; every earlier one stays in the record (2.1.2)', async () => {
    const { qiyue, anAccount, typesOf, accountOf, logIn } = bench;
    const { accountId, email } = await anAccount();
    const move = (to: string) => qiyue.put(`/identity/accounts/${accountId}/contact`, { email: to }, customer(accountId));
    expect(await move('second@example.com')).toMatchObject({ status: 200, body: { events: [wanted('ContactChanged', '2.1.2')] } });
    expect(await move('second@example.com')).toMatchObject({ status: 200, body: { events: [] } });
    expect((await move('third@example.com')).status).toBe(200);
    await qiyue.settle();
    expect((await typesOf(accountId)).filter((type) => type === 'ContactChanged')).toHaveLength(2);
    expect((await accountOf(accountId)).email).toBe('third@example.com');
    expect((await logIn(email)).status).toBe(200);
  });
});

describe('the one-time code', () => {
  const started = async () => {
    const accountId = (await bench.register(bench.anAddress())).body.id as string;
    const code = await bench.codeOf(accountId);
    return { accountId, code, wrong: bench.otherThan(code) };
  };
  const refused = { status: 422, body: { code: 'code-wrong', clause: '2.1.1' } };

  test('that is wrong is counted, once a try, over retries and restarts; after five even the right one is refused (2.1.1)', async () => {
    const { qiyue, prove, typesOf } = bench;
    const { accountId, code, wrong } = await started();
    for (const key of ['a', 'a', 'b']) expect(await prove(accountId, wrong, { key })).toMatchObject(refused);
    await qiyue.restart();
    for (const key of ['b', 'c', 'd', 'e']) expect(await prove(accountId, wrong, { key })).toMatchObject(refused);
    expect((await typesOf(accountId)).filter((type) => type === 'EmailCodeRefused')).toHaveLength(5);
    expect(await prove(accountId, code)).toMatchObject({ status: 409, body: { code: 'code-tries-used-up', clause: '2.1.1' } });
    await qiyue.advanceTo(new Date(Date.parse(qiyue.now()) + 60_000).toISOString());
    expect((await qiyue.post(`/identity/accounts/${accountId}/email-code`, {})).status).toBe(200);
    expect((await prove(accountId, await bench.codeOf(accountId))).status).toBe(200);
  }, 60_000);

  test('tried by many at once gets five tries and no more (2.1.1)', async () => {
    const { prove, typesOf } = bench;
    const { accountId, code, wrong } = await started();
    await Promise.all(Array.from({ length: 12 }, () => prove(accountId, wrong)));
    for (let more = 0; more < 5; more += 1) await prove(accountId, wrong);
    expect((await typesOf(accountId)).filter((type) => type === 'EmailCodeRefused')).toHaveLength(5);
    expect((await prove(accountId, code)).body.code).toBe('code-tries-used-up');
  });

  test('holds to its last millisecond and not to the next one (2.1.1)', async () => {
    const { qiyue, prove } = bench;
    const [inTime, late] = [await started(), await started()];
    const end = Date.parse(qiyue.now()) + 15 * 60_000;
    await qiyue.advanceTo(new Date(end - 1).toISOString());
    expect((await prove(inTime.accountId, inTime.code)).status).toBe(200);
    await qiyue.advanceTo(new Date(end).toISOString());
    expect(await prove(late.accountId, late.code)).toMatchObject({ status: 409, body: { code: 'code-expired', clause: '2.1.1' } });
  });

  test('is sent again after a minute, and five times a day, whoever asks (2.1.1)', async () => {
    const { qiyue, typesOf } = bench;
    const { accountId } = await started();
    const more = () => qiyue.post(`/identity/accounts/${accountId}/email-code`, {});
    expect(await more()).toMatchObject({ status: 409, body: { code: 'code-sent-recently', clause: '2.1.1' } });
    for (let sent = 1; sent < 5; sent += 1) {
      await qiyue.advanceTo(new Date(Date.parse(qiyue.now()) + 60_000).toISOString());
      expect((await more()).status).toBe(200);
    }
    await qiyue.advanceTo(new Date(Date.parse(qiyue.now()) + 3_600_000).toISOString());
    expect((await more()).body.code).toBe('code-sent-recently');
    expect((await typesOf(accountId)).filter((type) => type === 'EmailCodeIssued')).toHaveLength(5);
  });
});

describe('logging in', () => {
  const wrong = { status: 403, body: { code: 'credentials-wrong', clause: '3.2' } };

  test('gives a token that other requests are let in with, for its account and no other (3.2)', async () => {
    const { qiyue, anAccount, logIn } = bench;
    const { accountId, email } = await anAccount();
    const { status, body } = await logIn(email.toUpperCase());
    expect([status, body.subject, body.role]).toEqual([200, accountId, 'customer']);
    const headers = { authorization: `Bearer ${body.accessToken}` };
    expect((await qiyue.get(`/identity/accounts/${accountId}`, { headers })).body.email).toBe(email);
    expect((await qiyue.get(`/identity/accounts/${(await anAccount()).accountId}`, { headers })).status).toBe(404);
  });

  test('with an address that nobody has is refused like a wrong password (3.2)', async () => {
    const { anAddress, logIn, anAccount } = bench;
    const [unknown, known] = [await logIn(anAddress()), await logIn((await anAccount()).email, 'wrong-Katze-9')];
    expect(unknown).toMatchObject(wrong);
    const without = ({ traceId: _traceId, ...rest }: Record<string, unknown>) => rest;
    expect(without(known.body)).toEqual(without(unknown.body));
  });

  test('needs a proved address; the password comes first, so that nobody learns who has registered (2.1.1)', async () => {
    const { anAddress, register, logIn } = bench;
    const email = anAddress();
    await register(email);
    expect(await logIn(email)).toMatchObject({ status: 409, body: { code: 'email-not-proved', clause: '2.1.1' } });
    expect(await logIn(email, 'wrong-Katze-9')).toMatchObject(wrong);
  });

  test('five wrong passwords, over retries and a restart, lock the account to the millisecond (3.2)', async () => {
    const { qiyue, anAccount, logIn, typesOf } = bench;
    const { accountId, email } = await anAccount();
    for (const key of ['1', '1', '2', '3'])
      expect(await logIn(email, 'wrong-Katze-9', { key: `${key}-${accountId}` })).toMatchObject(wrong);
    await qiyue.restart();
    for (const key of ['3', '4']) expect(await logIn(email, 'wrong-Katze-9', { key: `${key}-${accountId}` })).toMatchObject(wrong);
    expect((await typesOf(accountId)).filter((type) => type === 'LogInFailed')).toHaveLength(4);
    expect(await logIn(email, 'wrong-Katze-9')).toMatchObject(wrong);
    const open = new Date(Date.parse(qiyue.now()) + 15 * 60_000).toISOString();
    expect(await logIn(email)).toMatchObject({ status: 403, body: { code: 'locked-out', clause: '3.2', lockedUntil: open } });
    await qiyue.advanceTo(new Date(Date.parse(open) - 1).toISOString());
    expect((await logIn(email)).body.code).toBe('locked-out');
    await qiyue.advanceTo(open);
    expect((await logIn(email)).status).toBe(200);
  }, 60_000);

  test('a storm of guesses gets five tries and no more (3.2)', async () => {
    const { anAccount, logIn, typesOf } = bench;
    const { accountId, email } = await anAccount();
    await Promise.all(Array.from({ length: 12 }, (_, at) => logIn(email, `wrong-Katze-${at}`)));
    for (let more = 0; more < 5; more += 1) await logIn(email, 'wrong-Katze-9');
    expect((await typesOf(accountId)).filter((type) => type === 'LogInFailed')).toHaveLength(5);
    expect((await logIn(email)).body.code).toBe('locked-out');
  });

  test('asked twice under one key opens one session (3.2)', async () => {
    const { anAccount, logIn, typesOf } = bench;
    const { accountId, email } = await anAccount();
    expect([(await logIn(email, password, { key: accountId })).status, (await logIn(email, password, { key: accountId })).status]).toEqual([
      200, 200,
    ]);
    expect((await typesOf(accountId)).filter((type) => type === 'LoggedIn')).toHaveLength(1);
  });
});

describe('an anomaly', () => {
  const bearer = (body: { accessToken: string }) => ({ headers: { authorization: `Bearer ${body.accessToken}` } });
  const aSecondLater = () => bench.qiyue.advanceTo(new Date(Date.parse(bench.qiyue.now()) + 1_000).toISOString());

  test('that the holder reports ends every session opened before, over a restart, and none opened after (2.1.2, 3.2)', async () => {
    const { qiyue, anAccount, logIn, typesOf } = bench;
    const [{ accountId, email }, other] = [await anAccount(), await anAccount()];
    const [mine, thief, bystander] = [(await logIn(email)).body, (await logIn(email)).body, (await logIn(other.email)).body];
    const look = async (session: { accessToken: string }, id = accountId) =>
      (await qiyue.get(`/identity/accounts/${id}`, bearer(session))).status;
    expect([await look(mine), await look(thief)]).toEqual([200, 200]);
    const report = () =>
      qiyue.post(
        `/identity/accounts/${accountId}/anomaly`,
        { description: '夜里有人登录' },
        { ...bearer(mine), key: `report-${accountId}` },
      );
    expect(await report()).toMatchObject({ status: 200, body: { events: [{ type: 'AnomalyReported', clause: '2.1.2' }] } });
    await qiyue.settle();
    expect([await look(mine), await look(thief), (await report()).status]).toEqual([401, 401, 401]);
    expect(await look(bystander, other.accountId)).toBe(200);
    await aSecondLater();
    const fresh = (await logIn(email)).body;
    await qiyue.restart();
    expect([await look(fresh), await look(thief)]).toEqual([200, 401]);
    expect((await typesOf(accountId)).filter((type) => type === 'AnomalyReported')).toHaveLength(1);
  }, 60_000);
  test('is reported by the holder alone: of another account there is none, and words are needed (2.1.2)', async () => {
    const { qiyue, anAccount } = bench;
    const [{ accountId }, other] = [await anAccount(), await anAccount()];
    expect((await qiyue.post(`/identity/accounts/${accountId}/anomaly`, { description: 'x' }, customer(other.accountId))).status).toBe(404);
    expect((await qiyue.post(`/identity/accounts/${accountId}/anomaly`, {}, customer(accountId))).body.code).toBe('invalid');
  });
});

describe('staff', () => {
  const logIn = (name: string, given = password) => bench.qiyue.post('/identity/staff-sessions', { name, password: given });

  test('log in under their role, and leave a record of it (3.2, 5.2)', async () => {
    const { qiyue, typesOf } = bench;
    const { status, body } = await logIn('operator-1');
    expect([status, body.subject, body.role]).toEqual([200, 'operator-1', 'operator']);
    expect((await qiyue.get('/identity/accounts', { headers: { authorization: `Bearer ${body.accessToken}` } })).status).toBe(200);
    expect(await typesOf('operator-1', 'staff')).toEqual(['StaffLoggedIn']);
  });
  test('are locked out by five wrong passwords like everybody else (3.2)', async () => {
    const { qiyue } = bench;
    for (let tries = 0; tries < 5; tries += 1) expect((await logIn('officer-1', 'wrong-Katze-9')).body.code).toBe('credentials-wrong');
    expect((await logIn('officer-1')).body).toMatchObject({ code: 'locked-out', clause: '3.2' });
    await qiyue.advanceTo(new Date(Date.parse(qiyue.now()) + 15 * 60_000).toISOString());
    expect((await logIn('officer-1')).status).toBe(200);
  });
  test('that nobody configured are refused, and no stream is opened for their names (3.2)', async () => {
    for (const name of ['root', '../officer-1', 'staff'])
      expect(await logIn(name)).toMatchObject({ status: 403, body: { code: 'credentials-wrong' } });
    expect(await bench.typesOf('root', 'staff')).toEqual([]);
  });
});

describe('a new version of the agreement', () => {
  const ordered = (accountId: string, orderId: string = randomUUID()) =>
    bench.tell(orderFacts.OrderSubmitted, orderId, {
      ...orderFacts.OrderSubmitted.example,
      accountId,
      orderId,
      submittedAt: bench.qiyue.now(),
    });
  const acceptances = async (accountId: string) =>
    (await bench.eventsOf(accountId))
      .filter(({ type }) => type === 'AgreementAccepted')
      .map(({ data }) => [data['agreementVersion'], data['act']]);
  const inAMinute = (ms = 0) => new Date(Date.parse(bench.qiyue.now()) + 60_000 + ms).toISOString();

  test('is in force at its stated instant and not a millisecond before; the first log-in then accepts it, once (1.2)', async () => {
    const { qiyue, anAccount, logIn, publishAgreement, accountOf } = bench;
    const { accountId, email } = await anAccount();
    const effectiveAt = inAMinute();
    await publishAgreement('2026-02', effectiveAt);
    await qiyue.settle();
    await qiyue.advanceTo(new Date(Date.parse(effectiveAt) - 1).toISOString());
    await logIn(email);
    expect(await acceptances(accountId)).toEqual([['2026-01b', 'registration']]);
    await qiyue.advanceTo(effectiveAt);
    await logIn(email);
    await logIn(email);
    expect(await acceptances(accountId)).toEqual([
      ['2026-01b', 'registration'],
      ['2026-02', 'login'],
    ]);
    await qiyue.settle();
    expect((await accountOf(accountId)).acceptedVersion).toBe('2026-02');
  });

  test('is accepted by using a service, once, at the instant of the use (1.2)', async () => {
    const { qiyue, tell, anAccount, publishAgreement, eventsOf } = bench;
    const { accountId } = await anAccount();
    await publishAgreement('2026-03');
    await qiyue.settle();
    const [usedAt, told] = [qiyue.now(), await ordered(accountId)];
    await tell.again(told);
    await ordered(accountId);
    await qiyue.settle();
    expect(await acceptances(accountId)).toEqual([
      ['2026-02', 'registration'],
      ['2026-03', 'use'],
    ]);
    expect((await eventsOf(accountId)).at(-1)).toMatchObject({ data: { acceptedAt: usedAt }, metadata: { clause: '1.1' } });
  });

  test('stays the accepted one when an older use is told late (1.2)', async () => {
    const { qiyue, tell, anAccount, logIn, publishAgreement } = bench;
    const { accountId, email } = await anAccount();
    const told = await ordered(accountId);
    await qiyue.settle();
    const effectiveAt = inAMinute();
    await publishAgreement('2026-04', effectiveAt);
    await qiyue.settle();
    await qiyue.advanceTo(effectiveAt);
    await logIn(email);
    // Another event with the time of the first: what a service tells after an outage.
    await tell.again({ ...told, id: randomUUID(), subject: 'order-late', partitionkey: 'order-late' });
    await qiyue.settle();
    expect((await acceptances(accountId)).map(([version]) => version)).toEqual(['2026-03', '2026-04']);
  });

  test('that an account declines is not accepted by logging in or by use; it can still log in to settle and export (1.3)', async () => {
    const { qiyue, anAccount, logIn, publishAgreement, accountOf } = bench;
    const { accountId, email } = await anAccount();
    const decline = (agreementVersion: string) =>
      qiyue.post(`/identity/accounts/${accountId}/agreement-refusal`, { agreementVersion }, customer(accountId));
    expect(await decline('2026-05')).toMatchObject({ status: 422, body: { code: 'agreement-version-unknown', clause: '1.3' } });
    const effectiveAt = inAMinute();
    await publishAgreement('2026-05', effectiveAt);
    await qiyue.settle();
    expect(await decline('2026-05')).toMatchObject({ status: 200, body: { events: [wanted('AgreementDeclined', '1.3')] } });
    expect(await decline('2026-05')).toMatchObject({ status: 200, body: { events: [] } });
    await qiyue.advanceTo(effectiveAt);
    expect((await logIn(email)).status).toBe(200);
    await ordered(accountId);
    await qiyue.settle();
    expect((await acceptances(accountId)).map(([version]) => version)).toEqual(['2026-04']);
    expect(await accountOf(accountId, auditor)).toMatchObject({ acceptedVersion: '2026-04', declinedVersion: '2026-05' });
  });

  test('has nothing to say to accounts that nobody registered (1.2)', async () => {
    await ordered(randomUUID());
    await bench.qiyue.settle();
  });
});
