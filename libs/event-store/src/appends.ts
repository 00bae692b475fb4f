// Appends over one call, as the client's own batch append does it, but with a table of answers that belongs to the call.
import { randomUUID } from 'node:crypto';
import type { EventStoreDBClient } from '@eventstore/db-client';
import { unpackToCommandError } from '@eventstore/db-client/dist/streams/appendToStream/unpackError';
import { createStreamIdentifier, createUUID, parseUUID } from '@eventstore/db-client/dist/utils';
import { Code } from '@eventstore/db-client/generated/code_pb';
import { Empty, type UUID } from '@eventstore/db-client/generated/shared_pb';
import { StreamsClient, type IStreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb';
import { BatchAppendReq, type BatchAppendResp } from '@eventstore/db-client/generated/streams_pb';
import { StoreFault, StoreUnavailable } from './faults';
import { jsonBytes } from './json-bytes';
import type { Position, ProposedEvent } from './types';

type Call = ReturnType<IStreamsClient['batchAppend']>;
type Stored = { readonly revision: bigint; readonly position?: Position };

interface Waiting {
  readonly stream: string;
  readonly resolve: (stored: Stored) => void;
  readonly reject: (fault: Error) => void;
}

/** The protected members of the client that are used. */
interface Inner {
  callArguments(base: { requiresLeader: boolean }, options: { deadline: number }): Parameters<IStreamsClient['batchAppend']>;
  GRPCStreamCreator(
    client: typeof StreamsClient,
    name: string,
    create: (client: StreamsClient) => Call,
    kept: WeakMap<StreamsClient, Promise<Call>>,
  ): () => Promise<Call>;
}

/** Larger messages a server may refuse to read. */
const MESSAGE_BYTES = 500_000;

const proposed = ({
  id,
  type,
  data,
  metadata,
}: ProposedEvent): { readonly event: BatchAppendReq.ProposedMessage; readonly bytes: number } => {
  const event = new BatchAppendReq.ProposedMessage();
  const [body, about] = [jsonBytes(data), jsonBytes(metadata)];
  event.setId(createUUID(id));
  event.getMetadataMap().set('type', type);
  event.getMetadataMap().set('content-type', 'application/json');
  event.setData(body);
  event.setCustomMetadata(about);
  return { event, bytes: body.length + about.length };
};

const optionsOf = (stream: string, expected: bigint | 'no_stream'): BatchAppendReq.Options => {
  const options = new BatchAppendReq.Options();
  options.setStreamIdentifier(createStreamIdentifier(stream));
  if (expected === 'no_stream') options.setNoStream(new Empty());
  else options.setStreamPosition(String(expected));
  return options;
};

/** The messages of one append. Only the last says that it is whole: what breaks off before is never stored, not even in part. */
function* messagesOf(id: UUID, options: BatchAppendReq.Options, events: readonly ProposedEvent[]): Generator<BatchAppendReq> {
  const begin = (): BatchAppendReq => {
    const message = new BatchAppendReq();
    message.setCorrelationId(id);
    return message;
  };
  let message = begin();
  message.setOptions(options);
  let size = 0;
  for (const { event, bytes } of events.map(proposed)) {
    if (size > 0 && size + bytes > MESSAGE_BYTES) {
      yield message;
      message = begin();
      size = 0;
    }
    message.addProposedMessages(event);
    size += bytes;
  }
  message.setIsFinal(true);
  yield message;
}

const storedOf = (answer: BatchAppendResp): Stored => {
  const success = answer.getSuccess();
  const position = success?.getPosition();
  return {
    revision: BigInt(success?.getCurrentRevision() ?? 0),
    ...(position === undefined
      ? {}
      : { position: { commit: BigInt(position.getCommitPosition()), prepare: BigInt(position.getPreparePosition()) } }),
  };
};

/** Why an append was refused: the client's own error, or one of ours where it has none for that. */
const refusalOf = (answer: BatchAppendResp, stream: string): Error => {
  const refusal = answer.getError();
  const type = refusal?.getDetails()?.getTypeName();
  if (refusal !== undefined && type !== undefined && type !== 'event_store.client.BadRequest') return unpackToCommandError(refusal, stream);
  return refusal?.getCode() === Code.INVALID_ARGUMENT
    ? new StoreFault(`the store refused an append to ${stream}: invalid`)
    : new StoreUnavailable(`the store gave up an append to ${stream}`);
};

/** Appends of one client of the package. Each settles by its answer, or by the end of the call it went out on; whoever gave up waiting is forgotten. */
export class Appends {
  private readonly calls = new WeakMap<StreamsClient, Promise<Call>>();
  private readonly waiting = new WeakMap<Call, Map<string, Waiting>>();
  private readonly callOf: () => Promise<Call>;

  constructor(client: EventStoreDBClient) {
    const inner = client as unknown as Inner;
    this.callOf = inner.GRPCStreamCreator.call(
      client,
      StreamsClient,
      'appends',
      (streams) => this.open(streams.batchAppend(...inner.callArguments({ requiresLeader: true }, { deadline: Infinity }))),
      this.calls,
    );
  }

  /** @throws the client's own errors, and `StoreUnavailable` where the call ended before the answer came. */
  async append(stream: string, events: readonly ProposedEvent[], expected: bigint | 'no_stream', patienceMs: number): Promise<Stored> {
    const id = randomUUID();
    let waiting: Map<string, Waiting> | undefined;
    let late: NodeJS.Timeout | undefined;
    let isOver = false;
    try {
      return await new Promise<Stored>((resolve, reject) => {
        // Also while there is no call yet: as long as no node of a cluster is found, there is none.
        late = setTimeout(() => reject(new StoreUnavailable('no answer in time')), patienceMs);
        const send = (call: Call): void => {
          if (isOver) return;
          waiting = this.waiting.get(call);
          if (waiting === undefined) return reject(new StoreUnavailable('the call that appends go out on has ended'));
          waiting.set(id, { stream, resolve, reject });
          for (const message of messagesOf(createUUID(id), optionsOf(stream, expected), events)) call.write(message);
        };
        this.callOf().then(send).catch(reject);
      });
    } finally {
      isOver = true;
      clearTimeout(late);
      waiting?.delete(id);
    }
  }

  private open(call: Call): Call {
    const waiting = new Map<string, Waiting>();
    this.waiting.set(call, waiting);
    const end = (fault: Error): void => {
      this.waiting.delete(call);
      for (const { reject } of waiting.values()) reject(fault);
    };
    call.on('error', end);
    call.on('end', () => end(new StoreUnavailable('the server ended the call that appends go out on')));
    call.on('data', (answer: BatchAppendResp) => {
      // Servers write the id in their own way, as two numbers.
      const one = waiting.get(parseUUID(answer.getCorrelationId()) ?? '');
      if (answer.hasError()) one?.reject(refusalOf(answer, one.stream));
      else one?.resolve(storedOf(answer));
    });
    return call;
  }
}
