// PostgreSQL's binary array format. node-postgres sends a Buffer parameter as binary, so a whole batch of events
// travels as one array per column, without escaping or hex.

const OID = { bool: 16, bytea: 17, int8: 20, text: 25, uuid: 2950 } as const;

const pack = (oid: number, items: readonly Uint8Array[]): Buffer => {
  let size = 20;
  for (const item of items) size += 4 + item.length;
  const out = Buffer.allocUnsafe(size);
  out.writeInt32BE(items.length === 0 ? 0 : 1, 0);
  out.writeInt32BE(0, 4);
  out.writeInt32BE(oid, 8);
  out.writeInt32BE(items.length, 12);
  out.writeInt32BE(1, 16);
  let at = 20;
  for (const item of items) {
    at = out.writeInt32BE(item.length, at);
    out.set(item, at);
    at += item.length;
  }
  return items.length === 0 ? out.subarray(0, 12) : out;
};

export const byteaArray = (items: readonly Uint8Array[]): Buffer => pack(OID.bytea, items);

export const textArray = (items: readonly string[]): Buffer =>
  pack(
    OID.text,
    items.map((item) => Buffer.from(item, 'utf8')),
  );

export const uuidArray = (items: readonly string[]): Buffer =>
  pack(
    OID.uuid,
    items.map((item) => Buffer.from(item.replaceAll('-', ''), 'hex')),
  );

export const boolArray = (items: readonly boolean[]): Buffer =>
  pack(
    OID.bool,
    items.map((item) => Buffer.of(item ? 1 : 0)),
  );

/** Numbers at or above 2^63 - 1 are written as exactly that. */
export const int8Array = (items: readonly number[]): Buffer =>
  pack(
    OID.int8,
    items.map((item) => {
      const out = Buffer.allocUnsafe(8);
      out.writeBigInt64BE(item >= 2 ** 63 ? 2n ** 63n - 1n : BigInt(item));
      return out;
    }),
  );
