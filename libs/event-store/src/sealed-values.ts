import { isSealed } from './seal';

/** Whether a value can be walked: arrays, plain objects and rows, but not dates, buffers, maps and the like. */
const isTree = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' &&
  value !== null &&
  !(value instanceof Date) &&
  !ArrayBuffer.isView(value) &&
  !(Symbol.iterator in value && !Array.isArray(value));

/** Every sealed string in a value, added to `found`. */
export const collectSealed = (value: unknown, found: Set<string>): Set<string> => {
  if (isSealed(value)) found.add(value);
  else if (isTree(value)) for (const key of Object.keys(value)) collectSealed(value[key], found);
  return found;
};

/** A copy with sealed strings replaced; parts without one are shared with the original. */
export const replaceSealed = (value: unknown, replacement: (sealed: string) => string): unknown => {
  if (isSealed(value)) return replacement(value);
  if (!isTree(value)) return value;
  let copy: Record<string, unknown> | undefined;
  for (const key of Object.keys(value)) {
    const part = value[key];
    const replaced = replaceSealed(part, replacement);
    if (replaced === part) continue;
    // Defined, not assigned: a key called `__proto__` is a key like any other.
    Object.defineProperty((copy ??= shallowCopy(value)), key, { value: replaced, writable: true, enumerable: true, configurable: true });
  }
  return copy ?? value;
};

/** Of the same kind, and writable also where the original is not. */
const shallowCopy = (value: object): Record<string, unknown> => {
  if (Array.isArray(value)) return [...(value as unknown[])] as unknown as Record<string, unknown>;
  const copy = { ...value };
  const prototype: unknown = Object.getPrototypeOf(value);
  return Object.getPrototypeOf(copy) === prototype ? copy : (Object.setPrototypeOf(copy, prototype as object | null) as typeof copy);
};
