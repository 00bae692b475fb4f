import { EventEmitter } from 'node:events';
import { ErrorType } from '@eventstore/db-client';
import { Empty, UUID, WrongExpectedVersion } from '@eventstore/db-client/generated/shared_pb';
import { BatchAppendResp, type BatchAppendReq } from '@eventstore/db-client/generated/streams_pb';
import { Status } from '@eventstore/db-client/generated/status_pb';
import { bytesField, message, numberField, textField } from '../../event-store-node/src/protobuf';
import { Appends } from './appends';
import type { ProposedEvent } from './types';

/** A call that a test answers by hand. */
const setUp = (untilCall: Promise<void> = Promise.resolve()) => {
  const written: BatchAppendReq[] = [];
  const call = Object.assign(new EventEmitter(), { write: (message: BatchAppendReq) => written.push(message) });
  const client = {
    callArguments: () => [],
    GRPCStreamCreator: (_client: unknown, _name: string, create: (streams: unknown) => unknown) => {
      let made: unknown;
      return () => untilCall.then(() => (made ??= create({ batchAppend: () => call })));
    },
  };
  const appends = new Appends(client as never);
  const append = (bytes: readonly number[] = [1], patienceMs = 60_000): Promise<unknown> => {
    const events = bytes.map((count, n) => ({
      id: `00000000-0000-5000-8000-00000000000${n}`,
      type: 'X',
      data: 'x'.repeat(count),
      metadata: {},
    }));
    return appends.append('wallet-1', events as unknown as readonly ProposedEvent[], 4n, patienceMs);
  };
  /** Once so many messages have gone out. */
  const sent = async (count: number): Promise<readonly BatchAppendReq[]> => {
    while (written.length < count) await new Promise((resolve) => setImmediate(resolve));
    return written;
  };
  return { call, append, sent };
};

const idOf = (request: BatchAppendReq | undefined): string => request?.getCorrelationId()?.getString() ?? '';

/** The id as a server writes it: two numbers. */
const structured = (id: string): UUID => {
  const [most, least] = [id.slice(0, 18), id.slice(18)].map((half) =>
    BigInt.asIntN(64, BigInt(`0x${half.replaceAll('-', '')}`)).toString(),
  );
  const uuid = new UUID();
  const numbers = new UUID.Structured();
  numbers.setMostSignificantBits(most as string);
  numbers.setLeastSignificantBits(least as string);
  uuid.setStructured(numbers);
  return uuid;
};

const stored = (id: string, revision: number): BatchAppendResp => {
  const answer = new BatchAppendResp();
  const success = new BatchAppendResp.Success();
  success.setCurrentRevision(String(revision));
  success.setNoPosition(new Empty());
  answer.setCorrelationId(structured(id));
  answer.setSuccess(success);
  return answer;
};

const refused = (id: string, code: number, details?: readonly [string, Uint8Array]): BatchAppendResp => {
  const answer = new BatchAppendResp();
  const [type, content] = details ?? [];
  const any = message(textField(1, `type.googleapis.com/event_store.client.${type}`), bytesField(2, content ?? Buffer.alloc(0)));
  answer.setCorrelationId(structured(id));
  answer.setError(Status.deserializeBinary(message(numberField(1, code), ...(type === undefined ? [] : [bytesField(3, any)]))));
  return answer;
};

describe('appends of one call', () => {
  test('are told apart by their ids, in whatever order and form the server answers; an answer for nobody is dropped', async () => {
    const { call, append, sent } = setUp();
    const both = [append(), append()];
    const [one, other] = (await sent(2)).map(idOf);
    call.emit('data', stored('11111111-1111-4111-8111-111111111111', 9));
    call.emit('data', stored(other ?? '', 7));
    call.emit('data', stored(one ?? '', 5));
    expect(await Promise.all(both)).toEqual([{ revision: 5n }, { revision: 7n }]);
  });

  test('are whole with their last message only, however many it takes', async () => {
    const { call, append, sent } = setUp();
    const appending = append([400_000, 200_000, 10, 700_000]);
    const messages = await sent(3);
    expect(messages.map((message) => [message.getProposedMessagesList().length, message.hasOptions(), message.getIsFinal()])).toEqual([
      [1, true, false],
      [2, false, false],
      [1, false, true],
    ]);
    expect(new Set(messages.map(idOf)).size).toBe(1);
    call.emit('data', stored(idOf(messages[0]), 8));
    expect(await appending).toEqual({ revision: 8n });
  });

  test('that are refused say why', async () => {
    const { call, append, sent } = setUp();
    const settled = Promise.allSettled([append(), append(), append()]);
    const [version, bad, nothing] = (await sent(3)).map(idOf);
    call.emit('data', refused(version ?? '', 6, ['WrongExpectedVersion', new WrongExpectedVersion().serializeBinary()]));
    call.emit('data', refused(bad ?? '', 3, ['BadRequest', new Uint8Array()]));
    call.emit('data', refused(nothing ?? '', 13));
    expect((await settled).map((one) => one.status === 'rejected' && (one.reason as { type?: string; name: string }))).toEqual([
      expect.objectContaining({ type: ErrorType.WRONG_EXPECTED_VERSION }),
      expect.objectContaining({ name: 'StoreFault' }),
      expect.objectContaining({ name: 'StoreUnavailable' }),
    ]);
  });

  test('settle with the end of their call, and none goes out on it any more', async () => {
    const { call, append, sent } = setUp();
    const settled = Promise.allSettled([append(), append()]);
    await sent(2);
    call.emit('error', new Error('cut'));
    expect((await settled).map((one) => one.status === 'rejected' && (one.reason as Error).message)).toEqual(['cut', 'cut']);
    await expect(append()).rejects.toThrow(/has ended/);
  });

  test('are given up when they hear nothing; what comes later is for nobody', async () => {
    const { call, append, sent } = setUp();
    await expect(append([1], 5)).rejects.toThrow(/no answer in time/);
    call.emit('data', stored(idOf((await sent(1))[0]), 1));
    expect((await sent(1)).length).toBe(1);
  });

  test('are given up when there is no call to go out on in time, and do not go out later', async () => {
    let open = (): void => undefined;
    const { append, sent } = setUp(new Promise((resolve) => (open = resolve)));
    await expect(append([1], 5)).rejects.toThrow(/no answer in time/);
    open();
    const next = append([2]).catch(() => undefined);
    const [first] = await sent(1);
    expect(first?.getProposedMessagesList()[0]?.getData_asU8().length).toBe(4);
    await expect(Promise.race([next, Promise.resolve('waits')])).resolves.toBe('waits');
  });
});
