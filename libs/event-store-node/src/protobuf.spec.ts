import * as fc from 'fast-check';
import { ReadResp } from '@eventstore/db-client/generated/streams_pb';
import { DELETED, type RecordedEvent } from './model';
import { bytesField, emptyField, FieldReader, MalformedMessageError, message, numberField, textField, uint64Field } from './protobuf';
import {
  encodeCaughtUp,
  encodeCheckpoint,
  encodeConfirmation,
  encodeEvent,
  encodeLastStreamPosition,
  encodeStreamNotFound,
} from './wire-encode';

const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

test('fields are read as they were written, whichever of them are skipped', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({ field: fc.integer({ min: 1, max: 15 }), number: uint64, bytes: fc.uint8Array({ maxLength: 300 }), skip: fc.boolean() }),
      ),
      (fields) => {
        const written = message(...fields.flatMap(({ field, number, bytes }) => [uint64Field(field, number), bytesField(field, bytes)]));
        const reader = new FieldReader(written);
        for (const { field, number, bytes, skip } of fields) {
          expect([reader.next(), reader.field]).toEqual([true, field]);
          if (!skip) expect(reader.uint64()).toBe(number);
          expect([reader.next(), reader.field]).toEqual([true, field]);
          if (!skip) expect(Buffer.from(reader.bytes())).toEqual(Buffer.from(bytes));
        }
        expect(reader.next()).toBe(false);
      },
    ),
  );
});

test('whatever bytes come in, reading them ends, with the fields or with an error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      const walk = (reader: FieldReader, depth: number): void => {
        while (reader.next()) {
          if (reader.field % 3 === 0) reader.number();
          else if (reader.field % 3 === 1 && depth < 5) walk(reader.message(), depth + 1);
        }
      };
      try {
        walk(new FieldReader(Buffer.from(bytes)), 0);
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedMessageError);
      }
    }),
  );
});

test('numbers are exact up to 2^53, and the greatest revision is written as it is', () => {
  for (const number of [0, 1, 127, 128, 2 ** 31, 2 ** 32 + 5, Number.MAX_SAFE_INTEGER]) {
    const reader = new FieldReader(numberField(1, number));
    reader.next();
    expect(reader.number()).toBe(number);
  }
  const reader = new FieldReader(numberField(1, DELETED));
  reader.next();
  expect(reader.uint64()).toBe(2n ** 63n - 1n);
});

describe("the client's own decoder reads", () => {
  const event: RecordedEvent = {
    position: 12_345_678_901,
    stream: '写-1',
    revision: 300,
    id: '0a1b2c3d-ffff-4fff-bfff-00ff00ff00ff',
    type: 'Päid',
    isJson: true,
    createdMs: 1_760_000_000_123,
    data: Buffer.from('{"a":1}'),
    metadata: Buffer.alloc(200, 7),
  };

  test('an event', () => {
    const read = ReadResp.deserializeBinary(encodeEvent({ event }, false)).getEvent();
    const recorded = read?.getEvent();
    expect(read?.getCommitPosition()).toBe('12345678901');
    expect(recorded?.getId()?.getString()).toBe(event.id);
    expect(Buffer.from(recorded?.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString()).toBe('写-1');
    expect([recorded?.getStreamRevision(), recorded?.getCommitPosition(), recorded?.getPreparePosition()]).toEqual([
      '300',
      '12345678901',
      '12345678901',
    ]);
    expect(Object.fromEntries(recorded?.getMetadataMap().toObject() ?? [])).toEqual({
      type: 'Päid',
      created: '17600000001230000',
      'content-type': 'application/json',
    });
    expect(Buffer.from(recorded?.getData_asU8() ?? [])).toEqual(event.data);
    expect(Buffer.from(recorded?.getCustomMetadata_asU8() ?? [])).toEqual(event.metadata);
  });

  test('an id in two numbers', () => {
    const id = ReadResp.deserializeBinary(encodeEvent({ event }, true)).getEvent()?.getEvent()?.getId()?.getStructured();
    expect(
      [id?.getMostSignificantBits(), id?.getLeastSignificantBits()]
        .map((half) =>
          BigInt.asUintN(64, BigInt(half ?? 0))
            .toString(16)
            .padStart(16, '0'),
        )
        .join(''),
    ).toBe(event.id.replaceAll('-', ''));
  });

  test('a link to nothing, a tombstone, and an event without body', () => {
    const dangling = ReadResp.deserializeBinary(encodeEvent({ event: undefined, link: event }, false)).getEvent();
    expect([dangling?.hasEvent(), dangling?.hasLink(), dangling?.getCommitPosition()]).toEqual([false, true, '12345678901']);
    const empty = Buffer.alloc(0);
    const tombstone = ReadResp.deserializeBinary(
      encodeEvent({ event: { ...event, revision: DELETED, data: empty, metadata: empty } }, false),
    )
      .getEvent()
      ?.getEvent();
    expect([tombstone?.getStreamRevision(), tombstone?.getData_asU8().length]).toEqual(['9223372036854775807', 0]);
  });

  test('all that is no event', () => {
    expect(ReadResp.deserializeBinary(encodeConfirmation('abc')).getConfirmation()?.getSubscriptionId()).toBe('abc');
    expect(ReadResp.deserializeBinary(encodeCheckpoint(300)).getCheckpoint()?.toObject()).toEqual({
      commitPosition: '300',
      preparePosition: '300',
    });
    expect(
      Buffer.from(
        ReadResp.deserializeBinary(encodeStreamNotFound('s')).getStreamNotFound()?.getStreamIdentifier()?.getStreamName_asU8() ?? [],
      ).toString(),
    ).toBe('s');
    expect(ReadResp.deserializeBinary(encodeLastStreamPosition(5)).getLastStreamPosition()).toBe('5');
    expect(ReadResp.deserializeBinary(encodeCaughtUp(1_760_000_000_123, { position: 5 })).hasCaughtUp()).toBe(true);
    expect(ReadResp.deserializeBinary(encodeCaughtUp(0, { revision: -1 })).hasCaughtUp()).toBe(true);
  });
});

test('a malformed message is told apart from a good one', () => {
  for (const bytes of ['0a', '0a05', 'ffffffffffffffffffff', '0b', '08']) {
    const reader = new FieldReader(Buffer.from(bytes, 'hex'));
    expect(() => {
      while (reader.next());
    }).toThrow(MalformedMessageError);
  }
  const reader = new FieldReader(message(textField(1, 'x'), emptyField(2)));
  expect(reader.next()).toBe(true);
  expect(() => reader.number()).toThrow(MalformedMessageError);
});
