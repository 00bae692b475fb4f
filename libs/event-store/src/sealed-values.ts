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

/** Reads as what the sealed text is replaced by, which is found out when it is first read. */
const whenRead = (sealed: string, replacement: (sealed: string) => string): PropertyDescriptor => {
  let text: string | undefined;
  return { get: () => (text ??= replacement(sealed)), enumerable: true, configurable: true };
};

/** A copy with sealed strings replaced, each at once or when it is first read; parts without one are shared with the original. */
export const replaceSealed = (value: unknown, replacement: (sealed: string) => string, lazily = false): unknown => {
  if (isSealed(value)) return replacement(value);
  if (!isTree(value)) return value;
  let copy: Record<string, unknown> | undefined;
  // Defined, not assigned: a key called `__proto__` is a key like any other.
  const put = (key: string, how: PropertyDescriptor): void => void Object.defineProperty((copy ??= shallowCopy(value)), key, how);
  for (const key of Object.keys(value)) {
    const part = value[key];
    if (lazily && isSealed(part)) {
      put(key, whenRead(part, replacement));
      continue;
    }
    const replaced = replaceSealed(part, replacement, lazily);
    if (replaced !== part) put(key, { value: replaced, writable: true, enumerable: true, configurable: true });
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
