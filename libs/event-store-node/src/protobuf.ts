// As much of the protobuf encoding as the node needs. Generated code is not used on purpose: it registers its classes in
// globals of the process, so a node in the same process as a client of another package would break both, and it is slow.

import { DELETED } from './model';

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/** The bytes are not the message they should be. */
export class MalformedMessageError extends Error {
  constructor() {
    super('the message is malformed');
  }
}

/** Walks through the fields of a message. Values that are not asked for are skipped. */
export class FieldReader {
  /** Number of the current field. */
  field = 0;
  private wireType = 0;
  private unread = false;
  private at = 0;

  constructor(private readonly buffer: Buffer) {}

  /** Moves to the next field; false at the end. */
  next(): boolean {
    if (this.unread) this.skip();
    if (this.at >= this.buffer.length) return false;
    const tag = this.varint();
    this.field = Math.floor(tag / 8);
    this.wireType = tag % 8;
    this.unread = true;
    return true;
  }

  /** The current field as a whole number; from 2^53 on it is rounded. */
  number(): number {
    this.expect(VARINT);
    return this.varint();
  }

  /** The current field as an exact number between 0 and 2^64 - 1. */
  uint64(): bigint {
    this.expect(VARINT);
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return BigInt.asUintN(64, value);
    }
    throw new MalformedMessageError();
  }

  /** The current field as bytes: a view, not a copy. */
  bytes(): Buffer {
    this.expect(BYTES);
    const start = this.at;
    const size = this.varint();
    const from = this.at;
    if (size > this.buffer.length - from) {
      this.at = start;
      throw new MalformedMessageError();
    }
    this.at = from + size;
    return this.buffer.subarray(from, this.at);
  }

  text(): string {
    return this.bytes().toString('utf8');
  }

  /** The current field as a message. */
  message(): FieldReader {
    return new FieldReader(this.bytes());
  }

  private expect(wireType: number): void {
    if (!this.unread || this.wireType !== wireType) throw new MalformedMessageError();
    this.unread = false;
  }

  private skip(): void {
    if (this.wireType === VARINT) this.number();
    else if (this.wireType === BYTES) this.bytes();
    else if (this.wireType === FIXED64 || this.wireType === FIXED32) {
      this.unread = false;
      this.at += this.wireType === FIXED64 ? 8 : 4;
      if (this.at > this.buffer.length) throw new MalformedMessageError();
    } else throw new MalformedMessageError();
  }

  private byte(): number {
    const byte = this.buffer[this.at];
    if (byte === undefined) throw new MalformedMessageError();
    this.at += 1;
    return byte;
  }

  private varint(): number {
    let value = 0;
    for (let scale = 1; scale < 2 ** 70; scale *= 128) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    throw new MalformedMessageError();
  }
}

// 2^63 - 1, which no double can hold.
const GREATEST = Buffer.from('ffffffffffffffff7f', 'hex');

const varintSize = (value: number): number => {
  if (value >= DELETED) return GREATEST.length;
  let size = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size += 1;
  return size;
};

/** Size of a length-delimited field (numbered up to 15) with so much content. */
export const fieldSize = (content: number): number => 1 + varintSize(content) + content;

/** Size of a numeric field (numbered up to 15). */
export const numberSize = (value: number): number => 1 + varintSize(value);

/** Writes a message whose size is known, straight into one buffer. */
export class FieldWriter {
  readonly out: Buffer;
  private at = 0;

  constructor(size: number) {
    this.out = Buffer.allocUnsafe(size);
  }

  /** Starts a nested message of known size; its fields follow. */
  open(field: number, size: number): this {
    this.out[this.at++] = (field << 3) | BYTES;
    return this.varint(size);
  }

  number(field: number, value: number): this {
    this.out[this.at++] = (field << 3) | VARINT;
    return this.varint(value);
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

  private varint(value: number): this {
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
}

/** A message made of fields. */
export const message = (...fields: readonly Uint8Array[]): Buffer => Buffer.concat(fields);

export const numberField = (field: number, value: number): Buffer => new FieldWriter(numberSize(value)).number(field, value).out;

export const bytesField = (field: number, value: Uint8Array): Buffer => new FieldWriter(fieldSize(value.length)).bytes(field, value).out;

export const textField = (field: number, value: string): Buffer => bytesField(field, Buffer.from(value, 'utf8'));

/** An exact number between 0 and 2^64 - 1. */
export const uint64Field = (field: number, value: bigint): Buffer => {
  const bytes = [(field << 3) | VARINT];
  let rest = value;
  for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  return Buffer.from(bytes);
};

/** A field whose presence is all it says. */
export const emptyField = (field: number): Buffer => Buffer.of((field << 3) | BYTES, 0);
