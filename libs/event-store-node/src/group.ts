import { randomUUID } from 'node:crypto';
import { checkWrite, metadataWriteRecreates, type SeenId, type View } from './commit-check';
import { headOf, type Head } from './heads';
import {
  DELETED,
  METADATA_TYPE,
  metastreamOf,
  TOMBSTONE_TYPE,
  type ProposedEvent,
  type RecordedEvent,
  type WriteOutcome,
  type WriteRequest,
} from './model';
import { recreatedFrom, softDeleteData } from './stream-metadata';

const NOTHING = new Uint8Array(0);

/** What is committed, as far as a group needs it. */
export interface Committed {
  head(stream: string): Head;
  seen(eventId: string): SeenId | undefined;
  eventAt(stream: string, revision: number): Promise<{ readonly id: string; readonly position: number } | undefined>;
}

/** The writes of one transaction, judged one after the other: each sees what is committed and what the writes before it add. */
export class Group implements View {
  readonly rows: RecordedEvent[] = [];
  private readonly heads = new Map<string, Head>();
  private readonly ids = new Map<string, SeenId>();

  /** @param after the last position given out. */
  constructor(
    private readonly committed: Committed,
    readonly after: number,
    private readonly nowMs: number,
  ) {}

  head(stream: string): Head {
    return this.heads.get(stream) ?? this.committed.head(stream);
  }

  seen(eventId: string): SeenId | undefined {
    return this.ids.get(eventId) ?? this.committed.seen(eventId);
  }

  async eventAt(stream: string, revision: number): Promise<{ readonly id: string; readonly position: number } | undefined> {
    const added = this.rows.find((row) => row.stream === stream && row.revision === revision);
    return added ?? (await this.committed.eventAt(stream, revision));
  }

  /** Decides one write and, if it is to happen, adds its events. */
  async judge(request: WriteRequest): Promise<WriteOutcome> {
    if (request.kind === 'append' && request.expiresAtMs !== undefined && request.expiresAtMs <= this.nowMs) return { kind: 'timeout' };
    const verdict = await checkWrite(request, this);
    if (verdict.kind === 'answer') return verdict.outcome;
    const { current, recreates } = verdict;
    switch (request.kind) {
      case 'tombstone':
        return this.tombstone(request.stream, request.eventId);
      case 'delete':
        return this.softDelete(request.stream, request.eventId, current);
      case 'append':
        return this.append(request, current, recreates);
    }
  }

  private append(request: WriteRequest & { kind: 'append' }, current: number, recreates: boolean): WriteOutcome {
    const { stream, events } = request;
    const broughtBack = metadataWriteRecreates(request, this);
    let last: RecordedEvent | undefined;
    events.forEach((event, index) => {
      last = this.add(stream, current + 1 + index, event);
    });
    if (!last) return { kind: 'success', revision: current, position: undefined };
    if (recreates) this.recreate(stream, current + 1);
    if (broughtBack !== undefined) this.recreate(broughtBack, this.head(broughtBack).last + 1);
    return { kind: 'success', revision: last.revision, position: last.position };
  }

  private tombstone(stream: string, id: string): WriteOutcome {
    const { revision, position } = this.add(stream, DELETED, { id, type: TOMBSTONE_TYPE, isJson: false, data: NOTHING, metadata: NOTHING });
    return { kind: 'success', revision, position };
  }

  private softDelete(stream: string, id: string, current: number): WriteOutcome {
    const metastream = metastreamOf(stream);
    const metaRevision = this.head(metastream).last;
    if (current < 0 && metaRevision < 0) return { kind: 'wrong-expected-version', current };
    const { position } = this.add(metastream, metaRevision + 1, {
      id,
      type: METADATA_TYPE,
      isJson: true,
      data: softDeleteData(),
      metadata: NOTHING,
    });
    return { kind: 'success', revision: current, position };
  }

  /** Makes a soft-deleted stream readable again from `revision` on. */
  private recreate(stream: string, revision: number): void {
    const metastream = metastreamOf(stream);
    const head = this.head(metastream);
    const data = head.raw && recreatedFrom(head.raw, revision);
    if (data) this.add(metastream, head.last + 1, { id: randomUUID(), type: METADATA_TYPE, isJson: true, data, metadata: NOTHING });
  }

  private add(stream: string, revision: number, event: ProposedEvent): RecordedEvent {
    const { id, type, isJson, data, metadata } = event;
    const position = this.after + this.rows.length + 1;
    const row: RecordedEvent = { position, stream, revision, id, type, isJson, data, metadata, createdMs: this.nowMs };
    this.rows.push(row);
    this.heads.set(stream, headOf(row));
    this.ids.set(id, { stream, revision, position });
    return row;
  }
}
