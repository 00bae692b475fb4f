import type { Look } from './quiet';

const PATIENCE_MS = 10_000;

const isLook = (value: unknown): value is Look =>
  typeof value === 'object' && value !== null && Array.isArray((value as Look).checks) && Array.isArray((value as Look).parked);

/** Asks the other processes of the platform what they are busy with, on behalf of whoever asked this one. `urls` are their base URLs. */
export const lookAround = (urls: readonly string[], authorization: string, withParked: boolean): Promise<readonly Look[]> =>
  Promise.all(
    urls.map(async (url): Promise<Look> => {
      try {
        const answer = await fetch(`${url}/clock/look?parked=${withParked}`, {
          headers: { authorization },
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
