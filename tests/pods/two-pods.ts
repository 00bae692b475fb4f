import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { allServices, openSecrets, platformSettings } from '@qiyue/all-in-one';
import { serviceNames } from '@qiyue/contracts';
import { freePort } from '@qiyue/local-postgres';
import { createPlatform, type PlatformOptions } from '@qiyue/service-kit';
import { startPlatform, type TestPlatform } from '@qiyue/service-kit/testing';
import { root } from '../cluster/cluster';
import { Crowd } from '../crash/crowd';
import { staffOf } from '../story/embedded-story';
import { startMailServer } from '../support/mail-server';

/** The six services twice over, on one event store and one bus, and customers who are served by both in turn. */
export interface TwoPods {
  readonly first: TestPlatform;
  readonly crowd: Crowd;
  readonly urls: Readonly<Record<string, readonly string[]>>;
  stop(): Promise<void>;
}

/** Starts two pods; `customers` are registered and verified. */
export const startTwoPods = async (customers: number, options: Pick<PlatformOptions, 'openTransport' | 'logTo'> = {}): Promise<TwoPods> => {
  const dir = mkdtempSync(join(tmpdir(), 'qiyue-pods-'));
  const secrets = await openSecrets(join(dir, 'secrets.json'));
  const mails = await startMailServer();
  const port = await freePort();
  const nowhere = { postgresUrl: '', databasePrefix: '', eventStoreUrl: '' };
  const { IDENTITY_PEPPER, STAFF, BILLING_CALLBACK_SECRET } = platformSettings(secrets, nowhere) as Record<string, string>;
  const env = {
    IDENTITY_PEPPER,
    STAFF,
    BILLING_CALLBACK_SECRET,
    SMTP_URL: mails.url,
    SETTLE_TIMEOUT_MS: '150000',
    REQUEST_TIMEOUT_MS: '200000',
  } as Record<string, string>;
  const first = await startPlatform(allServices, {
    ...options,
    env: { ...env, LOG_LEVEL: 'info', QIYUE_TEST_CLOCK_PEERS: `http://127.0.0.1:${port}` },
  });
  const second = await createPlatform({
    ...options,
    services: allServices,
    env: { ...first.env, PORT: String(port), QIYUE_TEST_CLOCK_PEERS: first.platform.url },
  });
  const pods = [first.platform.url, second.url];
  const urls = Object.fromEntries(serviceNames.map((name) => [name, pods]));
  const agreement = readFileSync(join(root, 'libs/agreement/sample/user-agreement.zh.txt'), 'utf8');
  const mailTo = async (address: string): Promise<string> => mails.received.findLast(({ to }) => to.includes(address))?.text ?? '';
  const crowd = new Crowd({ place: urls, agreement, staff: staffOf(secrets), run: `p${process.pid}`, print: () => undefined, mailTo });
  await crowd.gather(customers);
  return {
    first,
    crowd,
    urls,
    stop: async () => {
      await second.stop();
      await first.stop();
      await mails.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
};
