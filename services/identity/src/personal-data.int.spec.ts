import { everythingStored, freshFold, tablesHolding } from '@qiyue/service-kit/testing';
import { randomUUID } from 'node:crypto';
import { identityService } from './identity.module';
import { Verifier, type VerifierFinding } from './ports/verifier';
import type { Papers } from './domain/policies/verification-papers';
import { auditor, customer, enterprise, individual, officer, password, startIdentity, type IdentityBench } from './testing';

/** Finds as its script says, and fails with what a careless library would say: the papers themselves. */
class ScriptedVerifier extends Verifier {
  down = false;

  override async check(_requestId: string, papers: Papers): Promise<VerifierFinding> {
    if (this.down) throw new Error(`no answer about ${JSON.stringify(papers)}`);
    if (papers.name.includes('拒绝')) return { result: 'rejected', reason: 'name-and-number-differ' };
    return papers.name.includes('复核') ? { result: 'needs-review', reason: 'name-similar' } : { result: 'verified', reason: 'scripted' };
  }
}

const verifier = new ScriptedVerifier();
const log: string[] = [];
const secrets = [
  '欧阳见到异地登录',
  enterprise.name,
  enterprise.creditCode,
  enterprise.legalRepresentative,
  individual.name,
  individual.idNumber,
  password,
];
let bench: IdentityBench;
const people: { accountId: string; email: string }[] = [];

beforeAll(async () => {
  bench = await startIdentity({
    env: { LOG_LEVEL: 'info' },
    logTo: { write: (line: string) => void log.push(line) },
    ports: [{ provide: Verifier, useValue: verifier }],
  });
  await bench.publishAgreement('2026-01');
  await bench.qiyue.settle();
}, 60_000);
afterAll(() => bench?.qiyue.stop());

const aPerson = async () => {
  const person = await bench.anAccount();
  people.push(person);
  return person;
};

describe('verification', () => {
  test('of an enterprise finds its name, which the account then bears (2.1.1)', async () => {
    const { qiyue, verify, accountOf, typesOf } = bench;
    const { accountId } = await aPerson();
    const [first, again] = [await verify(accountId, enterprise, { key: 'papers' }), await verify(accountId, enterprise, { key: 'papers' })];
    expect(first).toMatchObject({ status: 200, body: { events: [{ type: 'VerificationRequested', clause: '2.1.1' }] } });
    expect(again.body).toEqual({ ...first.body, replayed: true });
    await qiyue.settle();
    expect((await typesOf(accountId)).slice(-2)).toEqual(['VerificationRequested', 'AccountVerified']);
    expect(await accountOf(accountId, customer(accountId))).toMatchObject({
      status: 'verified',
      subject: 'enterprise',
      verifiedName: enterprise.name,
    });
    expect(await verify(accountId, { ...enterprise, name: '另一家公司' })).toMatchObject({
      status: 409,
      body: { code: 'already-verified', clause: '2.1.1' },
    });
  });
  test('that is rejected says why, and may be asked for again (2.1.1)', async () => {
    const { qiyue, verify, accountOf } = bench;
    const { accountId } = await aPerson();
    await verify(accountId, { ...individual, name: `${individual.name}拒绝` });
    await qiyue.settle();
    expect(await accountOf(accountId)).toMatchObject({ status: 'proved', rejectionReason: 'name-and-number-differ', verifiedName: null });
    await verify(accountId, individual);
    await qiyue.settle();
    expect(await accountOf(accountId)).toMatchObject({ status: 'verified', rejectionReason: null, verifiedName: individual.name });
  });
  test('in doubt waits for an officer, who decides once (2.1.1)', async () => {
    const { qiyue, verify, accountOf, typesOf } = bench;
    const { accountId } = await aPerson();
    await verify(accountId, { ...enterprise, name: `${enterprise.name}复核` });
    await qiyue.settle();
    expect((await accountOf(accountId)).status).toBe('reviewing');
    const review = (approve: boolean) =>
      qiyue.post(`/identity/accounts/${accountId}/verification-review`, { approve, reason: 'papers seen' }, officer);
    expect(await review(true)).toMatchObject({ status: 200, body: { events: [{ type: 'AccountVerified', clause: '2.1.1' }] } });
    expect(await review(false)).toMatchObject({ status: 200, body: { events: [] } });
    expect((await typesOf(accountId)).filter((type) => type === 'AccountVerified')).toHaveLength(1);
  });
  test.each([
    ['a wrong check digit of the credit code', { ...enterprise, creditCode: '91330106MA28XXXX70' }, 'credit-code-invalid'],
    ['a wrong check digit of the identity card', { ...individual, idNumber: '11010519491231002Y' }, 'id-card-invalid'],
    ['no papers', {}, 'invalid'],
    ['a name in pieces', { ...individual, name: ['欧阳'] }, 'invalid'],
  ])('with %s is refused (2.1.1)', async (_what, papers, code) => {
    const { accountId } = await aPerson();
    expect(await bench.verify(accountId, papers)).toMatchObject({ status: 422, body: { code } });
  });
  test('that nobody answers is set aside, with nothing personal in clear, and done once somebody does (2.1.1, 5.1)', async () => {
    const { qiyue, verify, accountOf } = bench;
    const { accountId } = await aPerson();
    verifier.down = true;
    await verify(accountId, individual);
    expect((await qiyue.settle({ allowParked: true })).parked.join()).toContain(`account-${accountId}`);
    expect((await accountOf(accountId)).status).toBe('verifying');
    const [entry] = (await qiyue.get('/identity/ops/parked', { as: 'operator' })).body.events;
    expect(entry).toMatchObject({ stream: `account-${accountId}`, reason: 'Error' });
    const stored = await everythingStored(qiyue);
    expect([...stored].find(([name]) => name.endsWith('kit_parked_events'))?.[1]).toContain(accountId);
    expect(await tablesHolding(qiyue, secrets)).toEqual([]);
    verifier.down = false;
    expect(
      (
        await qiyue.post(
          '/identity/ops/parked/redrive',
          { station: 'events', stream: entry.stream, name: entry.reaction },
          { as: 'operator' },
        )
      ).body,
    ).toEqual({ handled: 1, left: 0 });
    await qiyue.settle();
    expect((await accountOf(accountId)).status).toBe('verified');
  });
});

describe('personal data', () => {
  const addresses = () => people.map(({ email }) => email);

  test('stands nowhere in clear: not in the event store, on the bus, in read models, among kept answers or in the vault (5.1)', async () => {
    const { qiyue } = bench;
    const [first] = people;
    await qiyue.put(
      `/identity/accounts/${first?.accountId}/contact`,
      { email: 'moved@example.net' },
      { ...customer(first?.accountId ?? ''), key: 'move' },
    );
    await qiyue.post(
      `/identity/accounts/${first?.accountId}/anomaly`,
      { description: '欧阳见到异地登录' },
      customer(first?.accountId ?? ''),
    );
    await qiyue.settle();
    // Tokens of the second in which an anomaly is reported are refused with those before it.
    await qiyue.advanceTo(new Date(Date.parse(qiyue.now()) + 1_000).toISOString());
    const stored = await everythingStored(qiyue);
    // The search looks where it should: each of these holds the account.
    for (const place of ['esn_', 'bus.', 'identity.public.my_account', 'vault.'])
      expect(
        [...stored].filter(([name, text]) => name.includes(place) && people.some(({ accountId }) => text.includes(accountId))),
      ).not.toEqual([]);
    expect(await tablesHolding(qiyue, [...secrets, ...addresses(), 'moved@example.net'])).toEqual([]);
  });
  test('is in no line of the log, not even when a port fails with it (5.1)', async () => {
    await bench.logIn(addresses()[0] ?? '', 'wrong-Katze-9');
    const text = log.join('');
    expect(text).toContain('reaction');
    for (const secret of [...secrets, ...addresses(), 'wrong-Katze-9']) expect(text).not.toContain(secret);
  });
  test('is shown to its holder and to officers, masked for others, and each look of an officer is recorded (5.2)', async () => {
    const { qiyue, accountOf, eventsOf } = bench;
    const { accountId } = people[1] ?? (await aPerson());
    expect(await accountOf(accountId, customer(accountId))).toMatchObject({ verifiedName: individual.name });
    expect(await accountOf(accountId, auditor)).toMatchObject({ email: '[personal]', verifiedName: '[personal]' });
    const before = (await eventsOf(accountId, 'identity_access')).length;
    expect(await accountOf(accountId, { as: { role: 'officer', sub: 'officer-7' } })).toMatchObject({ verifiedName: individual.name });
    await qiyue.settle();
    const reads = await eventsOf(accountId, 'identity_access');
    expect(reads).toHaveLength(before + 1);
    expect(reads.at(-1)).toMatchObject({
      type: 'PersonalDataRead',
      data: { accountId, staffId: 'officer-7', route: 'GET /identity/accounts/:accountId' },
      metadata: { clause: '5.2' },
    });
  });
  test('is gone with the key of its account: nobody reads it, and nobody logs in with it any more (8.4)', async () => {
    const { qiyue, anAccount, accountOf, logIn } = bench;
    const { accountId, email } = await anAccount();
    await qiyue.platform.state.process.vault.destroy(accountId);
    expect(await accountOf(accountId)).toMatchObject({ email: '[forgotten]', status: 'proved' });
    expect(await logIn(email)).toMatchObject({ status: 403, body: { code: 'credentials-wrong' } });
    expect((await qiyue.get(`/identity/audit/streams/account-${accountId}/verify`, auditor)).body.ok).toBe(true);
  });
});

test.each(identityService.readModels.map((model) => [model.name, model] as const))(
  'the rows of %s are what a fresh fold of all events gives',
  async (_name, model) => {
    const diff = await freshFold(bench.qiyue, 'identity', model);
    expect(diff).toMatchObject({ equal: true, differences: [] });
    expect(diff.rows).toBeGreaterThan(0);
  },
);

test('an account whose id is none is not found, whatever is asked of it', async () => {
  for (const id of [randomUUID(), '..', '%00', "' OR 1=1"])
    expect((await bench.qiyue.get(`/identity/accounts/${encodeURIComponent(id)}`, officer)).status).toBe(404);
});
