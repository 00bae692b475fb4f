import { chainHash, chainStart } from './hash-chain';
import type { EventMetadata, StoredEvent } from './types';

/** What is known of a stream from elsewhere (a witness, an earlier verification): only with it does a missing tail show. */
export interface Witness {
  readonly revision: bigint;
  readonly hash: string;
}

export type Verification =
  /** `head` is the last event's hash; of an empty stream, empty. */
  | { readonly ok: true; readonly events: number; readonly head: string }
  /** The first event that does not fit, and why. */
  | {
      readonly ok: false;
      readonly at: { readonly stream: string; readonly revision: bigint; readonly id: string; readonly type: string };
      readonly problem: string;
    };

const problemOf = (event: StoredEvent, stream: string, revision: bigint, prevHash: string): string | undefined => {
  if (event.stream !== stream) return `belongs to another stream, ${event.stream}`;
  if (event.revision !== revision) return `revision ${event.revision} stands where ${revision} should: events are missing or out of order`;
  const metadata = event.metadata as Partial<EventMetadata> | undefined;
  if (typeof metadata !== 'object' || typeof metadata.hash !== 'string' || typeof metadata.prevHash !== 'string') return 'carries no hash';
  if (metadata.prevHash !== prevHash) return 'does not follow from the event before it: that one was replaced, or this one was moved here';
  const { hash, ...rest } = event.metadata;
  return hashOf(event, rest) === hash ? undefined : 'its content does not give its hash: it was altered after it was stored';
};

const hashOf = (event: StoredEvent, metadata: Omit<EventMetadata, 'hash'>): string | undefined => {
  try {
    return chainHash({ ...event, metadata });
  } catch {
    // What has no canonical JSON was never written by this library.
    return undefined;
  }
};

/**
 * Recomputes the hash chain of one stream over its events as they are stored (`Executor.history`), from the first on, and names the first
 * event that does not fit. A chain cannot show that its own tail was cut off; give a `witness` for that.
 */
export const verifyChain = async (events: AsyncIterable<StoredEvent>, witness?: Witness): Promise<Verification> => {
  let count = 0;
  let head = '';
  let last: StoredEvent | undefined;
  const fail = ({ stream, revision, id, type }: StoredEvent, problem: string): Verification => ({
    ok: false,
    at: { stream, revision, id, type },
    problem,
  });
  for await (const event of events) {
    const stream = last?.stream ?? event.stream;
    const problem = problemOf(event, stream, BigInt(count), last === undefined ? chainStart(stream) : head);
    if (problem !== undefined) return fail(event, problem);
    if (witness?.revision === event.revision && witness.hash !== event.metadata.hash)
      return fail(event, 'is not the event that was witnessed at this revision');
    last = event;
    head = event.metadata.hash;
    count += 1;
  }
  if (witness !== undefined && witness.revision >= BigInt(count)) {
    const problem = `the stream ends before revision ${witness.revision}, which was witnessed`;
    return last === undefined ? { ok: false, at: { stream: '', revision: -1n, id: '', type: '' }, problem } : fail(last, problem);
  }
  return { ok: true, events: count, head };
};
