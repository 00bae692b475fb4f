import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Look } from './quiet';

const PATIENCE_MS = 10_000;

const isLook = (value: unknown): value is Look =>
  typeof value === 'object' && value !== null && Array.isArray((value as Look).checks) && Array.isArray((value as Look).parked);

const passOf = (vaultKek: string): string =>
  createHmac('sha256', Buffer.from(vaultKek, 'base64')).update('looks at what this process is busy with').digest('hex');

/** Whether a request comes from a process of the same platform. Tokens do not serve: they age as the clock moves, and these looks are what moves it. */
export const isPeer = (pass: string | undefined, vaultKek: string): boolean => {
  const [given, right] = [Buffer.from(pass ?? ''), Buffer.from(passOf(vaultKek))];
  return given.length === right.length && timingSafeEqual(given, right);
};

/** Asks the other processes of the platform what they are busy with. `urls` are their base URLs. */
export const lookAround = (urls: readonly string[], vaultKek: string, withParked: boolean): Promise<readonly Look[]> =>
  Promise.all(
    urls.map(async (url): Promise<Look> => {
      try {
        const answer = await fetch(`${url}/clock/look?parked=${withParked}`, {
          headers: { 'x-qiyue-peer': passOf(vaultKek) },
          signal: AbortSignal.timeout(PATIENCE_MS),
        });
        const look: unknown = answer.ok ? await answer.json() : undefined;
        if (isLook(look)) return look;
      } catch {
        // Not there, or too slow to be quiet: told below by name.
      }
      return { checks: [{ name: `the process at ${url}`, quiet: false }], parked: [] };
    }),
  );
