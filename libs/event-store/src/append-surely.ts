import { setTimeout as pause } from 'node:timers/promises';
import { pauseMs, retrying, type BackOff } from './back-off';
import { AmbiguousAppend, StoreUnavailable, WrongRevision } from './faults';
import type { EventStoreClient, ProposedEvent } from './types';

/** Whether exactly these events stand in the stream after the expected revision. */
const areStored = async (
  client: EventStoreClient,
  stream: string,
  events: readonly ProposedEvent[],
  expected: bigint | 'no_stream',
): Promise<boolean> => {
  const from = expected === 'no_stream' ? 0n : expected + 1n;
  let index = 0;
  for await (const { id } of client.readStream(stream, { from, maxCount: events.length })) {
    if (events[index]?.id !== id) return false;
    index += 1;
  }
  return index === events.length;
};

/**
 * Appends, and stays with it while the answer is lost: the same events with the same ids and the same expected revision again, which the store takes for
 * one append. If the stream has moved on meanwhile, it may have moved on by these very events: they are read back before anybody is told of a conflict.
 * Throws `WrongRevision` if others were faster, `AmbiguousAppend` if it is still unknown after `tries` attempts.
 */
export const appendSurely = async (
  client: EventStoreClient,
  stream: string,
  events: readonly ProposedEvent[],
  expected: bigint | 'no_stream',
  { tries, backOff, onDoubt }: { readonly tries: number; readonly backOff: BackOff; readonly onDoubt?: () => void },
): Promise<void> => {
  // What broke the append may well break the look at what became of it.
  const readBack = (): Promise<boolean> =>
    retrying(
      () => areStored(client, stream, events, expected),
      (fault) => fault instanceof StoreUnavailable,
      tries,
      backOff,
    );
  for (let attempt = 1, doubtful = false; ; attempt += 1) {
    try {
      await client.append(stream, events, expected);
      return;
    } catch (error) {
      if (error instanceof WrongRevision) {
        if (doubtful && (await readBack())) return;
        throw error;
      }
      if (!(error instanceof AmbiguousAppend)) throw error;
      doubtful = true;
      onDoubt?.();
      if (attempt >= tries) {
        if (await readBack().catch(() => false)) return;
        throw error;
      }
    }
    await pause(pauseMs(attempt, backOff));
  }
};
