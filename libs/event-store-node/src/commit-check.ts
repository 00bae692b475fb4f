import { lastRevision, metadataOf, type Head } from './heads';
import {
  DELETED,
  Expected,
  isMetastream,
  metastreamOf,
  NO_REVISION,
  originalOf,
  type ProposedEvent,
  type WriteOutcome,
  type WriteRequest,
} from './model';
import { isSoftDeleted } from './stream-metadata';

/** Where an event id was last seen. */
export interface SeenId {
  readonly stream: string;
  readonly revision: number;
  readonly position: number;
}

/** What is committed, or about to be by the writes that go before. */
export interface View {
  head(stream: string): Head;
  /** Among the recent events. */
  seen(eventId: string): SeenId | undefined;
  /** From the recent events or else the database. */
  eventAt(stream: string, revision: number): Promise<{ readonly id: string; readonly position: number } | undefined>;
}

export type Verdict =
  | { readonly kind: 'write'; readonly current: number; readonly recreates: boolean }
  | { readonly kind: 'answer'; readonly outcome: WriteOutcome };

const wrong = (current: number): Verdict => ({ kind: 'answer', outcome: { kind: 'wrong-expected-version', current } });
const alreadyWritten = (revision: number, position: number | undefined): Verdict => ({
  kind: 'answer',
  outcome: { kind: 'success', revision, position },
});
const DELETED_VERDICT: Verdict = { kind: 'answer', outcome: { kind: 'stream-deleted' } };

const softDeleted = (view: View, stream: string): boolean => isSoftDeleted(metadataOf((name) => view.head(name), stream));

/** No revision is expected: the append is a repetition if its event ids are known in this stream, all or none. */
const checkByIds = (view: View, stream: string, current: number, events: readonly { readonly id: string }[]): Verdict => {
  let last: SeenId | undefined;
  for (const event of events) {
    const seen = view.seen(event.id);
    if (seen?.stream !== stream) return last ? wrong(current) : { kind: 'write', current, recreates: softDeleted(view, stream) };
    last = seen;
  }
  return last ? alreadyWritten(last.revision, last.position) : { kind: 'write', current, recreates: softDeleted(view, stream) };
};

/** The expected revision lies behind the head: the append is a repetition if the same events follow it there. */
const checkByRevisions = async (
  view: View,
  stream: string,
  expected: number,
  current: number,
  events: readonly { readonly id: string }[],
): Promise<Verdict> => {
  let revision = expected;
  let position: number | undefined;
  for (const { id } of events) {
    revision += 1;
    const seen = view.seen(id);
    const there =
      seen?.stream === stream && seen.revision === revision ? { id, position: seen.position } : await view.eventAt(stream, revision);
    if (there?.id === id) {
      position = there.position;
      continue;
    }
    if (revision === expected + 1 && expected === Expected.noStream && softDeleted(view, stream))
      return { kind: 'write', current, recreates: true };
    return wrong(current);
  }
  return events.length === 0 ? wrong(current) : alreadyWritten(revision, position);
};

/** The server's own rules for the expected revision and for repeated writes. */
export const checkWrite = async (request: WriteRequest, view: View): Promise<Verdict> => {
  const { stream, expected } = request;
  const head = (name: string): Head => view.head(name);
  const current = lastRevision(head, stream);
  if (current === DELETED) return DELETED_VERDICT;
  const events: readonly { readonly id: string }[] = request.kind === 'append' ? request.events : [{ id: request.eventId }];
  if (expected === Expected.streamExists) {
    if (softDeleted(view, stream)) return DELETED_VERDICT;
    if (current === NO_REVISION && lastRevision(head, metastreamOf(stream)) === NO_REVISION) return wrong(current);
  }
  if (expected === Expected.any || expected === Expected.streamExists) return checkByIds(view, stream, current, events);
  if (expected < current) return checkByRevisions(view, stream, expected, current, events);
  if (expected > current) return wrong(current);
  return { kind: 'write', current, recreates: softDeleted(view, stream) };
};

/** A metadata write to a soft-deleted stream brings that stream back. */
export const metadataWriteRecreates = (request: WriteRequest, view: View): string | undefined => {
  if (request.kind !== 'append' || request.events.length === 0 || !isMetastream(request.stream)) return undefined;
  const original = originalOf(request.stream);
  return softDeleted(view, original) ? original : undefined;
};

/** Size of an event as the append limit counts it, in bytes. */
export const appendSize = (event: ProposedEvent): number => event.data.length + event.metadata.length + event.type.length * 2;
