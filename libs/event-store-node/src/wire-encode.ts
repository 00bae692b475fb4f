import type { RecordedEvent, ResolvedEvent } from './model';
import { fieldSize, FieldWriter, message, numberField, numberSize, textField, bytesField, uint64Field } from './protobuf';

// The answers of `Streams.Read`: one message per event, so these are written without detours. The numbers are those of the
// public streams.proto.

const JSON_TYPE = 'application/json';
const BINARY_TYPE = 'application/octet-stream';

const structuredUuid = (id: string): Buffer => {
  const bits = Buffer.from(id.replaceAll('-', ''), 'hex');
  return bytesField(1, message(uint64Field(1, bits.readBigUInt64BE(0)), uint64Field(2, bits.readBigUInt64BE(8))));
};

const mapEntry = (key: string, valueSize: number): number => fieldSize(key.length) + fieldSize(valueSize);

const recordedEvent = (event: RecordedEvent, structuredIds: boolean): Buffer => {
  const uuid = structuredIds ? structuredUuid(event.id) : textField(2, event.id);
  // Clients want tenths of microseconds.
  const created = `${event.createdMs}0000`;
  const contentType = event.isJson ? JSON_TYPE : BINARY_TYPE;
  const streamSize = Buffer.byteLength(event.stream);
  const properties = [
    ['type', event.type, Buffer.byteLength(event.type)],
    ['created', created, created.length],
    ['content-type', contentType, contentType.length],
  ] as const;
  let size =
    fieldSize(uuid.length) +
    fieldSize(fieldSize(streamSize)) +
    numberSize(event.revision) +
    2 * numberSize(event.position) +
    fieldSize(event.metadata.length) +
    fieldSize(event.data.length);
  for (const [key, , valueSize] of properties) size += fieldSize(mapEntry(key, valueSize));
  const writer = new FieldWriter(size);
  writer.bytes(1, uuid).open(2, fieldSize(streamSize)).text(3, event.stream, streamSize);
  writer.number(3, event.revision).number(4, event.position).number(5, event.position);
  for (const [key, value, valueSize] of properties)
    writer.open(6, mapEntry(key, valueSize)).text(1, key, key.length).text(2, value, valueSize);
  writer.bytes(7, event.metadata).bytes(8, event.data);
  return writer.out;
};

/** An event. `structuredIds`: the client wants UUIDs as two numbers instead of text. */
export const encodeEvent = ({ event, link }: ResolvedEvent, structuredIds: boolean): Buffer => {
  const target = event && recordedEvent(event, structuredIds);
  const pointer = link && recordedEvent(link, structuredIds);
  const position = (link ?? event)?.position ?? 0;
  const size = (target ? fieldSize(target.length) : 0) + (pointer ? fieldSize(pointer.length) : 0) + numberSize(position);
  const writer = new FieldWriter(fieldSize(size)).open(1, size);
  if (target) writer.bytes(1, target);
  if (pointer) writer.bytes(2, pointer);
  return writer.number(3, position).out;
};

/** A position as clients know it: two numbers, equal with us. */
export const positionFields = (position: number): Buffer => message(numberField(1, position), numberField(2, position));

/** A stream name as the protocol wraps it. */
export const streamIdentifier = (stream: string): Buffer => textField(3, stream);

export const encodeConfirmation = (subscriptionId: string): Buffer => bytesField(2, textField(1, subscriptionId));

export const encodeCheckpoint = (position: number): Buffer => bytesField(3, positionFields(position));

export const encodeStreamNotFound = (stream: string): Buffer => bytesField(4, bytesField(1, streamIdentifier(stream)));

export const encodeFirstStreamPosition = (revision: number): Buffer => numberField(5, revision);

export const encodeLastStreamPosition = (revision: number): Buffer => numberField(6, revision);

type Place = { readonly position: number } | { readonly revision: number };

/** When and where a subscription caught up or fell behind; older clients skip what it says. */
const standing = (field: 8 | 9, nowMs: number, place: Place): Buffer => {
  const time = bytesField(1, message(numberField(1, Math.floor(nowMs / 1000)), numberField(2, (nowMs % 1000) * 1_000_000)));
  if ('position' in place) return bytesField(field, message(time, bytesField(3, positionFields(place.position))));
  return bytesField(field, place.revision < 0 ? time : message(time, numberField(2, place.revision)));
};

export const encodeCaughtUp = (nowMs: number, place: Place): Buffer => standing(8, nowMs, place);

export const encodeFellBehind = (nowMs: number, place: Place): Buffer => standing(9, nowMs, place);
