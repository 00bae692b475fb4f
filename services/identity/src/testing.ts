import { complianceFacts } from '@qiyue/contracts';
import { hash } from '@node-rs/argon2';
import { randomUUID } from 'node:crypto';
import {
  factTeller,
  startPlatform,
  type Answer,
  type RequestOptions,
  type TestPlatform,
  type TestPlatformOptions,
} from '@qiyue/service-kit/testing';
import { identityService } from './identity.module';

export const password = 'drei-Katzen-7';
export const enterprise = {
  subject: 'enterprise',
  name: '杭州示例科技有限公司',
  creditCode: '91330106MA28XXXX7E',
  legalRepresentative: '示例人',
};
export const individual = { subject: 'individual', name: '欧阳示例', idNumber: '11010519491231002X' };
export const customer = (accountId: string): RequestOptions => ({ as: { role: 'customer', sub: accountId } });
export const officer = { as: 'officer' } as const;
export const auditor = { as: 'auditor' } as const;

/** A stored event, as the audit endpoint shows it. */
interface Stored {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** The identity service at work, what compliance tells it, and the people who use it. */
export const startIdentity = async (options: TestPlatformOptions = {}) => {
  // The lightest hash there is, because the machine that runs tests has other work.
  const passwordHash = await hash(password, { memoryCost: 1_024, timeCost: 1, parallelism: 1 });
  const staff = (['operator', 'officer'] as const).map((role) => ({ name: `${role}-1`, role, passwordHash }));
  const qiyue: TestPlatform = await startPlatform([identityService], {
    ...options,
    env: { IDENTITY_PEPPER: 'p'.repeat(32), STAFF: JSON.stringify(staff), ...options.env },
  });
  const tell = factTeller(qiyue);

  const publishAgreement = (agreementVersion: string, effectiveAt = qiyue.now()) =>
    tell(complianceFacts.AgreementVersionPublished, 'user', {
      agreementVersion,
      documentHash: 'a'.repeat(64),
      effectiveAt,
      publishedAt: qiyue.now(),
      parameters: {},
      changes: [],
    });
  const anAddress = (): string => `li-${randomUUID()}@example.com`;
  const register = (email: string, more: object = {}, sent: RequestOptions = {}): Promise<Answer> =>
    qiyue.post('/identity/accounts', { email, password, ...more }, sent);
  const eventsOf = async (accountId: string, category = 'account'): Promise<readonly Stored[]> =>
    ((await qiyue.get(`/identity/audit/streams/${category}-${accountId}?limit=500`, auditor)).body.events ?? []) as readonly Stored[];
  const typesOf = async (accountId: string, category?: string): Promise<readonly string[]> =>
    (await eventsOf(accountId, category)).map(({ type }) => type);
  /** The one-time code that was sent last: what the holder of the address would read. */
  const codeOf = async (accountId: string): Promise<string> => {
    const sealed = (await eventsOf(accountId)).filter(({ type }) => type === 'EmailCodeIssued').at(-1)?.data['code'];
    return qiyue.platform.state.process.vault.reveal(String(sealed));
  };
  /** A code that is not this one. */
  const otherThan = (code: string): string => String((Number(code) + 1) % 1_000_000).padStart(6, '0');
  const prove = (accountId: string, code: string, sent: RequestOptions = {}): Promise<Answer> =>
    qiyue.post(`/identity/accounts/${accountId}/email-proof`, { code }, sent);
  const logIn = (email: string, given = password, sent: RequestOptions = {}): Promise<Answer> =>
    qiyue.post('/identity/sessions', { email, password: given }, sent);
  /** An account whose address is proved. */
  const anAccount = async (): Promise<{ readonly accountId: string; readonly email: string }> => {
    const email = anAddress();
    const accountId = (await register(email)).body.id as string;
    await prove(accountId, await codeOf(accountId));
    await qiyue.settle();
    return { accountId, email };
  };
  const accountOf = async (accountId: string, as: RequestOptions = officer) =>
    (await qiyue.get(`/identity/accounts/${accountId}`, as)).body;
  const verify = (accountId: string, papers: object = enterprise, sent: RequestOptions = {}): Promise<Answer> =>
    qiyue.post(`/identity/accounts/${accountId}/verification`, papers, { ...customer(accountId), ...sent });
  return {
    qiyue,
    tell,
    publishAgreement,
    anAddress,
    register,
    eventsOf,
    typesOf,
    codeOf,
    otherThan,
    prove,
    logIn,
    anAccount,
    accountOf,
    verify,
  };
};

export type IdentityBench = Awaited<ReturnType<typeof startIdentity>>;
