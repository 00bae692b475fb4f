import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { checkWrite, metadataWriteRecreates, type SeenId, type View } from './commit-check';
import { headOf, Heads, NO_HEAD, relatedStreams, type Head } from './heads';
import { DELETED, METADATA_TYPE, metastreamOf, TOMBSTONE_TYPE, type ProposedEvent, type RecordedEvent, type WriteOutcome, type WriteRequest } from './model';
import { RecentIds } from './recent-ids';
import { recreatedFrom, softDeleteData } from './stream-metadata';
import type { Tail } from './tail';
import { WriterConnection } from './writer-connection';

interface Pending {
  readonly request: WriteRequest;
  readonly bytes: number;
  readonly settle: (outcome: WriteOutcome) => void;
}

export interface AppenderOptions {
  readonly url: string;
  readonly lockWaitMs: number;
  readonly recentIds: number;
  /** Most writes, and most bytes of events, in one transaction. */
  readonly groupWrites: number;
  readonly groupBytes: number;
  readonly nowMs: () => number;
}

const NOTHING = new Uint8Array(0);
const RECONNECT_MS = 200;
const UNAVAILABLE: WriteOutcome = { kind: 'unavailable', message: 'the database of this node is not reachable' };

/** One group of writes being judged: what is committed, overlaid with what the earlier writes of the group add. */
class Group implements View {
  readonly rows: RecordedEvent[] = [];
  private readonly heads = new Map<string, Head>();
  private readonly ids = new Map<string, SeenId>();

  constructor(
    private readonly committedHead: (stream: string) => Head,
    private readonly committedIds: RecentIds,
    private readonly readEvent: (stream: string, revision: number) => Promise<{ id: string; position: number } | undefined>,
    private position: number,
    private readonly createdMs: number,
  ) {}

  head(stream: string): Head {
    return this.heads.get(stream) ?? this.committedHead(stream);
  }

  seen(eventId: string): SeenId | undefined {
    return this.ids.get(eventId) ?? this.committedIds.get(eventId);
  }

  async eventAt(stream: string, revision: number): Promise<{ id: string; position: number } | undefined> {
    return this.rows.find((row) => row.stream === stream && row.revision === revision) ?? (await this.readEvent(stream, revision));
  }

  add(stream: string, revision: number, event: ProposedEvent): RecordedEvent {
    this.position += 1;
    const { id, type, isJson, data, metadata } = event;
    const row: RecordedEvent = { position: this.position, stream, revision, id, type, isJson, data, metadata, createdMs: this.createdMs };
    this.rows.push(row);
    this.heads.set(stream, headOf(row));
    this.ids.set(id, { stream, revision, position: row.position });
    return row;
  }

  /** Makes a soft-deleted stream readable again from `revision` on. */
  recreate(stream: string, revision: number): void {
    const metastream = metastreamOf(stream);
    const head = this.head(metastream);
    const data = head.raw && recreatedFrom(head.raw, revision);
    if (data) this.add(metastream, head.last + 1, { id: randomUUID(), type: METADATA_TYPE, isJson: true, data, metadata: NOTHING });
  }
}

/**
 * The single writer. Everything that arrives while one transaction commits goes into the next, in order of arrival; positions
 * are given out here and nowhere else, so the order of `$all` is the order of commits and has no gaps.
 */
export class Appender {
  private readonly writer: WriterConnection;
  private readonly ids: RecentIds;
  private queue: Pending[] = [];
  private position = 0;
  private running: Promise<void> | undefined;
  private reconnecting: Promise<void> | undefined;
  private stopped = false;

  constructor(private readonly options: AppenderOptions, private readonly pool: Pool, private readonly heads: Heads, private readonly tail: Tail) {
    this.ids = new RecentIds(options.recentIds);
    this.writer = new WriterConnection(options.url, () => this.reconnect());
  }

  /** Takes the writer's lock and reads where to go on. Fails with `DatabaseInUseError` when another node keeps the lock. */
  async start(): Promise<void> {
    const { position, recent } = await this.writer.open(this.options.lockWaitMs, this.options.recentIds);
    this.position = position;
    this.ids.clear();
    for (const { id, ...seen } of recent) this.ids.note(id, seen);
    this.heads.clear();
    this.tail.reset(position);
  }

  submit(request: WriteRequest): Promise<WriteOutcome> {
    if (this.stopped) return Promise.resolve({ kind: 'unavailable', message: 'the node is shutting down' });
    return new Promise((settle) => {
      const events = request.kind === 'append' ? request.events : [];
      this.queue.push({ request, settle, bytes: events.reduce((sum, event) => sum + event.data.length + event.metadata.length, 0) });
      this.running ??= this.run();
    });
  }

  /** Finishes what was submitted and gives the lock back. */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.running;
    await this.reconnecting;
    await this.writer.close();
  }

  private async run(): Promise<void> {
    // Requests read from the network in the same turn of the event loop shall share the first transaction.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.queue.length > 0) await this.commit(this.takeGroup());
    this.running = undefined;
  }

  private takeGroup(): Pending[] {
    let bytes = 0;
    let count = 0;
    for (const pending of this.queue) {
      if (count > 0 && (count >= this.options.groupWrites || bytes + pending.bytes > this.options.groupBytes)) break;
      bytes += pending.bytes;
      count += 1;
    }
    return this.queue.splice(0, count);
  }

  private async commit(group: readonly Pending[]): Promise<void> {
    let outcomes: readonly WriteOutcome[];
    try {
      outcomes = await this.write(group.map((pending) => pending.request));
    } catch {
      outcomes = await this.retry(group);
    }
    group.forEach((pending, index) => pending.settle(outcomes[index] ?? UNAVAILABLE));
  }

  /** A group the database refused is tried again with fresh heads, one write at a time, so that one bad write fails alone. */
  private async retry(group: readonly Pending[]): Promise<WriteOutcome[]> {
    const outcomes: WriteOutcome[] = [];
    this.heads.clear();
    for (const { request } of group) {
      try {
        outcomes.push(this.writer.isOpen ? ((await this.write([request]))[0] ?? UNAVAILABLE) : UNAVAILABLE);
      } catch {
        outcomes.push(UNAVAILABLE);
      }
    }
    return outcomes;
  }

  private async write(requests: readonly WriteRequest[]): Promise<WriteOutcome[]> {
    if (!this.writer.isOpen) throw new Error('no connection');
    const nowMs = this.options.nowMs();
    const head = await this.heads.load(new Set(requests.flatMap((request) => relatedStreams(request.stream))));
    const group = new Group(head, this.ids, (stream, revision) => this.readEvent(stream, revision), this.position, nowMs);
    const outcomes: WriteOutcome[] = [];
    for (const request of requests) outcomes.push(await this.judge(request, group, nowMs));
    if (group.rows.length === 0) return outcomes;
    await this.writer.insert(group.rows);
    this.position += group.rows.length;
    this.heads.note(group.rows);
    for (const { id, stream, revision, position } of group.rows) this.ids.note(id, { stream, revision, position });
    this.tail.publish(group.rows);
    return outcomes;
  }

  private async judge(request: WriteRequest, group: Group, nowMs: number): Promise<WriteOutcome> {
    const { stream } = request;
    if (request.kind === 'append' && request.expiresAtMs !== undefined && request.expiresAtMs <= nowMs) return { kind: 'timeout' };
    const verdict = await checkWrite(request, group);
    if (verdict.kind === 'answer') return verdict.outcome;
    const { current } = verdict;
    if (request.kind === 'tombstone') {
      const row = group.add(stream, DELETED, { id: request.eventId, type: TOMBSTONE_TYPE, isJson: false, data: NOTHING, metadata: NOTHING });
      return { kind: 'success', revision: DELETED, position: row.position };
    }
    if (request.kind === 'delete') {
      const metastream = metastreamOf(stream);
      const metaRevision = group.head(metastream).last;
      if (current < 0 && metaRevision < 0) return { kind: 'wrong-expected-version', current };
      const row = group.add(metastream, metaRevision + 1, { id: request.eventId, type: METADATA_TYPE, isJson: true, data: softDeleteData(), metadata: NOTHING });
      return { kind: 'success', revision: current, position: row.position };
    }
    const broughtBack = metadataWriteRecreates(request, group);
    let last: RecordedEvent | undefined;
    request.events.forEach((event, index) => { last = group.add(stream, current + 1 + index, event); });
    if (!last) return { kind: 'success', revision: current, position: undefined };
    if (verdict.recreates) group.recreate(stream, current + 1);
    if (broughtBack !== undefined) group.recreate(broughtBack, group.head(broughtBack).last + 1);
    return { kind: 'success', revision: last.revision, position: last.position };
  }

  private async readEvent(stream: string, revision: number): Promise<{ id: string; position: number } | undefined> {
    const { rows } = await this.pool.query<{ id: string; position: string }>({
      name: 'event-at', text: 'SELECT id, position FROM events WHERE stream = $1 AND revision = $2', values: [stream, revision],
    });
    return rows[0] && { id: rows[0].id, position: Number(rows[0].position) };
  }

  private reconnect(): void {
    if (this.stopped || this.reconnecting) return;
    this.reconnecting = this.untilReconnected().finally(() => { this.reconnecting = undefined; });
  }

  private async untilReconnected(): Promise<void> {
    while (!this.stopped) {
      try {
        await this.start();
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS));
      }
    }
  }
}
