const known = new WeakMap<object, Buffer>();

/** JSON of a part of an event, in UTF-8. Made once: it is measured, sent, and sent again where an answer was lost. The part must not change any more. */
export const jsonBytes = (part: unknown): Buffer => {
  if (typeof part !== 'object' || part === null) return Buffer.from(JSON.stringify(part));
  const bytes = known.get(part) ?? Buffer.from(JSON.stringify(part));
  known.set(part, bytes);
  return bytes;
};
