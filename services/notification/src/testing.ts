import { identityFacts, type Fact, type FactData } from '@qiyue/contracts';
import { factTeller, startPlatform, type RequestOptions, type TestPlatform, type TestPlatformOptions } from '@qiyue/service-kit/testing';
import { randomUUID } from 'node:crypto';
import { createServer, type AddressInfo } from 'node:net';
import { notificationService } from './notification.module';

export const customer = (accountId: string): RequestOptions => ({ as: { role: 'customer', sub: accountId } });

/** The notification service at work, and what its neighbours tell it; personal data comes sealed, as a relay publishes it. */
export const startNotification = async (options: TestPlatformOptions = {}) => {
  const qiyue: TestPlatform = await startPlatform([notificationService], options);
  const tell = factTeller(qiyue);
  const sealed = (accountId: string, text: string): Promise<string> =>
    qiyue.platform.state.process.vault.seal(accountId, randomUUID(), 'told', text);
  /** A fact about an account, with its example's data for the rest. */
  const told = <F extends Fact>(fact: F, accountId: string, more: Partial<FactData<F>> = {}) =>
    tell(fact, randomUUID(), { ...(fact.example as FactData<F>), accountId, ...more });
  const anAccount = async (locale: 'zh' | 'en' = 'zh', email = `li-${randomUUID()}@example.com`) => {
    const accountId = randomUUID();
    await tell(identityFacts.AccountRegistered, accountId, {
      accountId,
      email: await sealed(accountId, email),
      locale,
      registeredAt: qiyue.now(),
    });
    return { accountId, email };
  };
  const code = async (accountId: string, email: string, digits: string) =>
    tell(identityFacts.EmailCodeIssued, accountId, {
      accountId,
      email: await sealed(accountId, email),
      code: await sealed(accountId, digits),
      expiresAt: qiyue.now(),
    });
  const inbox = async (accountId: string, as: RequestOptions = customer(accountId)) =>
    (await qiyue.get(`/notification/notices${as.as === undefined || typeof as.as !== 'string' ? '' : `?accountId=${accountId}`}`, as)).body
      .items as Record<string, unknown>[];
  const typesOf = async (noticeId: string): Promise<readonly string[]> =>
    ((await qiyue.get(`/notification/audit/streams/notice-${noticeId}`, { as: 'auditor' })).body.events as { type: string }[]).map(
      ({ type }) => type,
    );
  const noticesOf = async (accountId: string) =>
    (await qiyue.get(`/notification/notices?accountId=${accountId}`, { as: 'auditor' })).body.items as Record<string, unknown>[];
  return { qiyue, tell, told, anAccount, code, inbox, noticesOf, typesOf };
};

export type NotificationBench = Awaited<ReturnType<typeof startNotification>>;

/** A free port of this machine, for a server that starts later. */
export const freePort = async (): Promise<number> => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
};

export { startMailServer } from '../../../tests/support/mail-server';
