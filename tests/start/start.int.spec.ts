import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { build } from '../support/build';
import { ended, root, start } from '../support/own-process';

const post = async (
  url: string,
  path: string,
  body: unknown,
  token?: string,
): Promise<{ status: number; body: Record<string, unknown> }> => {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};

const versions = async (url: string): Promise<readonly string[]> => {
  const { items } = (await (await fetch(`${url}/compliance/agreements`)).json()) as { items: { agreementVersion: string }[] };
  return items.map(({ agreementVersion }) => agreementVersion);
};

const untilListed = async (url: string, version: string): Promise<void> => {
  while (!(await versions(url)).includes(version)) await pause(50);
};

const isReady = (url: string): Promise<boolean> =>
  fetch(`${url}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  );

describe('npm start', () => {
  let dataDir: string;
  beforeAll(() => {
    build();
    dataDir = mkdtempSync(join(tmpdir(), 'qiyue-start-'));
  }, 600_000);
  afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

  test('comes up on an empty folder, says where to click, and keeps what it acknowledged when it is killed', async () => {
    const first = await start(dataDir);
    expect(await (await fetch(`${first.url}/readyz`)).json()).toMatchObject({ status: 'ready' });
    expect((await fetch(`${first.url}/docs`)).status).toBe(200);
    const session = await post(first.url, '/identity/staff-sessions', { name: 'operator', password: first.password });
    expect(session.status).toBe(200);
    const text = readFileSync(join(root, 'libs/agreement/sample/user-agreement.zh.txt'), 'utf8');
    const published = await post(
      first.url,
      '/compliance/agreements',
      { agreementVersion: '2026-01', text },
      session.body['accessToken'] as string,
    );
    expect(published.status).toBe(201);
    first.child.kill('SIGKILL');
    await ended(first.child);

    const second = await start(dataDir);
    expect(second.password).toBe(first.password);
    await untilListed(second.url, '2026-01');
    expect(await versions(second.url)).toEqual(['2026-01']);
    // Twice, as Ctrl-C comes: from the terminal, and a moment later from npm.
    second.child.kill('SIGINT');
    while (await isReady(second.url)) await pause(1);
    second.child.kill('SIGINT');
    expect(await ended(second.child)).toBe(0);
    expect(existsSync(join(dataDir, 'pg', 'postmaster.pid'))).toBe(false);
  }, 240_000);

  test('keeps the secrets it made up to itself', () => {
    const mode = spawnSync('stat', ['-c', '%a', join(dataDir, 'secrets.json')], { encoding: 'utf8' }).stdout.trim();
    expect(mode).toBe('600');
  });
});
