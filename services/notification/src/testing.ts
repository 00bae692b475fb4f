import { identityFacts, type Fact, type FactData } from '@qiyue/contracts';
import { factTeller, startPlatform, type RequestOptions, type TestPlatform, type TestPlatformOptions } from '@qiyue/service-kit/testing';
import { randomUUID } from 'node:crypto';
import { createServer, type AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
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

/** An e-mail as a mail server received it. */
export interface Received {
  readonly messageId: string;
  readonly to: readonly string[];
  readonly from: string;
  readonly text: string;
}

const decoded = (source: string): string => {
  const [head = '', ...rest] = source.split('\r\n\r\n');
  const body = rest.join('\r\n\r\n');
  if (/^content-transfer-encoding: base64/im.test(head)) return Buffer.from(body, 'base64').toString('utf8');
  if (!/^content-transfer-encoding: quoted-printable/im.test(head)) return body;
  const bytes = body.replace(/=\r\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
};

/** A free port of this machine, for a server that starts later. */
export const freePort = async (): Promise<number> => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
};

/** A real mail server on this machine. */
export const startMailServer = async (options: SMTPServerOptions = {}, port = 0) => {
  const received: Received[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData: (stream, session, done) => {
      const parts: Buffer[] = [];
      stream.on('data', (part: Buffer) => parts.push(part));
      stream.on('end', () => {
        const source = Buffer.concat(parts).toString('utf8');
        const { mailFrom, rcptTo } = session.envelope;
        received.push({
          messageId: /^message-id: (.*)$/im.exec(source)?.[1] ?? '',
          to: rcptTo.map(({ address }) => address),
          from: mailFrom === false ? '' : mailFrom.address,
          text: decoded(source),
        });
        done();
      });
    },
    ...options,
  });
  // A client that goes away in the middle is the other side's business.
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const { port: taken } = server.server.address() as AddressInfo;
  return { url: `smtp://127.0.0.1:${taken}`, received, stop: () => new Promise<void>((resolve) => server.close(resolve)) };
};
