import { DELETED, type RecordedEvent, type ResolvedEvent } from './model';

// The answers of `Streams.Read`, written straight into one buffer each. Reads and subscriptions send one message per event,
// and the generated encoder is several times slower. Field numbers are those of the public streams.proto.

const VARINT = 0;
const BYTES = 2;

const GREATEST = Buffer.from('ffffffffffffffff7f', 'hex');

const varintSize = (value: number): number => {
  if (value >= DELETED) return GREATEST.length;
  let size = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size += 1;
  return size;
};

class Writer {
  readonly out: Buffer;
  private at = 0;

  constructor(size: number) {
    this.out = Buffer.allocUnsafe(size);
  }

  varint(value: number): this {
    if (value >= DELETED) {
      this.at += GREATEST.copy(this.out, this.at);
      return this;
    }
    let rest = value;
    while (rest >= 128) {
      this.out[this.at++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.out[this.at++] = rest;
    return this;
  }

  tag(field: number, type: number): this {
    this.out[this.at++] = (field << 3) | type;
    return this;
  }

  /** Opens a nested message (or a byte field) of known size. */
  open(field: number, size: number): this {
    return this.tag(field, BYTES).varint(size);
  }

  number(field: number, value: number): this {
    return this.tag(field, VARINT).varint(value);
  }

  text(field: number, value: string, size: number): this {
    this.open(field, size);
    this.at += this.out.write(value, this.at, size, 'utf8');
    return this;
  }

  bytes(field: number, value: Uint8Array): this {
    this.open(field, value.length);
    this.out.set(value, this.at);
    this.at += value.length;
    return this;
  }
}

/** Size of a length-delimited field with this content. */
const field = (content: number): number => 1 + varintSize(content) + content;
const numberField = (value: number): number => 1 + varintSize(value);

const signed = (value: bigint): number => (value < 0n ? 10 : varintSize(Number(value)));

const structuredUuid = (id: string): Buffer => {
  const bits = Buffer.from(id.replaceAll('-', ''), 'hex');
  const halves = [bits.readBigInt64BE(0), bits.readBigInt64BE(8)];
  const content = halves.reduce((sum, half) => sum + 1 + (half < 0n ? 10 : signed(half)), 0);
  const out = Buffer.alloc(2 + content);
  let at = out.writeUInt8(0x0a, 0);
  at = out.writeUInt8(content, at);
  halves.forEach((half, index) => {
    at = out.writeUInt8((index + 1) << 3, at);
    let rest = BigInt.asUintN(64, half);
    while (rest >= 128n) {
      at = out.writeUInt8(Number(rest & 127n) | 128, at);
      rest >>= 7n;
    }
    at = out.writeUInt8(Number(rest), at);
  });
  return out.subarray(0, at);
};

const stringUuid = (id: string): Buffer => Buffer.from(`\x12\x24${id}`, 'latin1');

const JSON_TYPE = 'application/json';
const BINARY_TYPE = 'application/octet-stream';

const entry = (key: string, valueSize: number): number => field(key.length) + field(valueSize);

const recordedEvent = (event: RecordedEvent, structured: boolean): Buffer => {
  const uuid = structured ? structuredUuid(event.id) : stringUuid(event.id);
  const created = `${event.createdMs}0000`;
  const contentType = event.isJson ? JSON_TYPE : BINARY_TYPE;
  const streamSize = Buffer.byteLength(event.stream);
  const typeSize = Buffer.byteLength(event.type);
  const entries = [['type', event.type, typeSize], ['created', created, created.length], ['content-type', contentType, contentType.length]] as const;
  let size = field(uuid.length) + field(field(streamSize)) + numberField(event.revision) + 2 * numberField(event.position)
    + field(event.metadata.length) + field(event.data.length);
  for (const [key, , valueSize] of entries) size += field(entry(key, valueSize));
  const writer = new Writer(size);
  writer.bytes(1, uuid).open(2, field(streamSize)).text(3, event.stream, streamSize);
  writer.number(3, event.revision).number(4, event.position).number(5, event.position);
  for (const [key, value, valueSize] of entries) writer.open(6, entry(key, valueSize)).text(1, key, key.length).text(2, value, valueSize);
  writer.bytes(7, event.metadata).bytes(8, event.data);
  return writer.out;
};

/** A ReadResp with an event. `structuredIds`: the client wants UUIDs as two numbers instead of text. */
export const encodeEvent = ({ event, link }: ResolvedEvent, structuredIds: boolean): Buffer => {
  const target = event && recordedEvent(event, structuredIds);
  const pointer = link && recordedEvent(link, structuredIds);
  const position = (link ?? event)?.position ?? 0;
  const size = (target ? field(target.length) : 0) + (pointer ? field(pointer.length) : 0) + numberField(position);
  const writer = new Writer(field(size)).open(1, size);
  if (target) writer.bytes(1, target);
  if (pointer) writer.bytes(2, pointer);
  return writer.number(3, position).out;
};

export const encodeConfirmation = (subscriptionId: string): Buffer => {
  const size = Buffer.byteLength(subscriptionId);
  return new Writer(field(field(size))).open(2, field(size)).text(1, subscriptionId, size).out;
};

export const encodeCheckpoint = (position: number): Buffer => {
  const size = 2 * numberField(position);
  return new Writer(field(size)).open(3, size).number(1, position).number(2, position).out;
};

export const encodeStreamNotFound = (stream: string): Buffer => {
  const size = Buffer.byteLength(stream);
  return new Writer(field(field(field(size)))).open(4, field(field(size))).open(1, field(size)).text(3, stream, size).out;
};

export const encodeFirstStreamPosition = (revision: number): Buffer => new Writer(numberField(revision)).number(5, revision).out;

export const encodeLastStreamPosition = (revision: number): Buffer => new Writer(numberField(revision)).number(6, revision).out;

/** Where a subscription stands as it catches up or falls behind: newer clients read time and place, older ones skip them. */
const standing = (fieldNumber: 8 | 9, nowMs: number, at: { readonly position: number } | { readonly revision: number }): Buffer => {
  const seconds = Math.floor(nowMs / 1000);
  const nanos = (nowMs % 1000) * 1_000_000;
  const time = numberField(seconds) + numberField(nanos);
  const place = 'position' in at ? field(2 * numberField(at.position)) : at.revision < 0 ? 0 : numberField(at.revision);
  const writer = new Writer(field(field(time) + place)).open(fieldNumber, field(time) + place);
  writer.open(1, time).number(1, seconds).number(2, nanos);
  if ('position' in at) writer.open(3, 2 * numberField(at.position)).number(1, at.position).number(2, at.position);
  else if (at.revision >= 0) writer.number(2, at.revision);
  return writer.out;
};

export const encodeCaughtUp = (nowMs: number, at: { readonly position: number } | { readonly revision: number }): Buffer => standing(8, nowMs, at);

export const encodeFellBehind = (nowMs: number, at: { readonly position: number } | { readonly revision: number }): Buffer => standing(9, nowMs, at);
