// 5.1: personal data is sealed with the account's key before it is stored.
import { personalPaths, SEALED_PREFIX, type AnyEventType } from '@qiyue/decider';
import { UnfitEvent } from './faults';
import { isSealed } from './seal';
import type { Vault } from './types';

type Tree = Record<string, unknown>;
type PersonalPath = ReturnType<typeof personalPaths>[number];

interface Place {
  readonly holder: Tree;
  readonly key: string;
  /** `lines.0.name`. */
  readonly path: string;
  readonly subject: string;
}

const paths = new WeakMap<object, readonly PersonalPath[]>();

const personalPathsOf = (type: AnyEventType): readonly PersonalPath[] => {
  let found = paths.get(type.schema);
  if (found === undefined) paths.set(type.schema, (found = personalPaths(type.schema)));
  return found;
};

/** The strings a marked path leads to in this very event; a path through an absent or differently shaped part leads nowhere. */
const placesOf = (holder: unknown, [key, ...rest]: readonly string[], subject: string, walked: readonly string[] = []): Place[] => {
  if (typeof holder !== 'object' || holder === null || key === undefined) return [];
  const keys = key !== '*' ? [key] : Array.isArray(holder) ? Object.keys(holder) : [];
  return keys
    .filter((one) => Object.hasOwn(holder, one))
    .flatMap((one) => {
      const value = (holder as Tree)[one];
      const path = [...walked, one];
      if (rest.length > 0) return placesOf(value, rest, subject, path);
      return typeof value === 'string' ? [{ holder: holder as Tree, key: one, path: path.join('.'), subject }] : [];
    });
};

/** Where an event has text that looks sealed before anything was sealed. */
const forgedIn = (value: unknown, path: string): string | undefined => {
  if (isSealed(value)) return path;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, part] of Object.entries(value)) {
    const found = isSealed(key) ? path : forgedIn(part, `${path}/${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
};

/**
 * The event's data as it is stored: a copy with the personal fields sealed for their subjects. `json` is the data's JSON.
 * Throws `UnfitEvent` if a personal field has no subject (nothing personal is ever stored in the clear), or if a field that is not personal
 * holds something that looks sealed (it would be taken for somebody's secret when it is read); `AccountForgotten` if the subject's key is destroyed.
 */
export const sealData = async (vault: Vault, type: AnyEventType, eventId: string, json: string): Promise<unknown> => {
  const data = JSON.parse(json) as Tree;
  const places = personalPathsOf(type).flatMap(({ path, subject }) => placesOf(data, path, subject));
  const clear = places.map(({ holder, key }) => holder[key] as string);
  const sealed = await Promise.all(
    places.map(async ({ path, subject }, index) => {
      const accountId = Object.hasOwn(data, subject) ? data[subject] : undefined;
      if (typeof accountId !== 'string' || accountId === '')
        throw new UnfitEvent(`${type.type}.${path} is personal, but ${subject} does not say whose`);
      return vault.seal(accountId, eventId, path, clear[index] as string);
    }),
  );
  if (json.includes(`"${SEALED_PREFIX}`)) {
    for (const { holder, key } of places) holder[key] = '';
    const forged = forgedIn(data, '');
    if (forged !== undefined) throw new UnfitEvent(`${type.type}${forged} looks sealed, but is not personal`);
  }
  for (const [index, { holder, key }] of places.entries()) holder[key] = sealed[index];
  return data;
};

/** Whether events of this type hold anything personal. */
export const isPersonal = (type: AnyEventType): boolean => personalPathsOf(type).length > 0;
