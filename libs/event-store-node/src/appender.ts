import type { Pool } from 'pg';
import type { SeenId } from './commit-check';
import { Group } from './group';
import type { Heads } from './heads';
import { LruMap } from './lru';
import { Expected, isMetastream, metastreamOf, type RecordedEvent, type WriteOutcome, type WriteRequest } from './model';
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
  readonly onFault: (what: string, error: unknown) => void;
}

const RECONNECT_MS = 200;
const UNAVAILABLE: WriteOutcome = { kind: 'unavailable', message: 'the database of this node is not reachable' };
const STOPPING: WriteOutcome = { kind: 'unavailable', message: 'the node is shutting down' };

const bytesOf = (request: WriteRequest): number =>
  request.kind === 'append' ? request.events.reduce((sum, event) => sum + event.data.length + event.metadata.length, 0) : 0;

/** Streams that most likely do not exist, as the writer says so. */
const saidToBeNew = (requests: readonly WriteRequest[]): Set<string> => {
  const names = new Set<string>();
  for (const { kind, stream, expected } of requests) {
    if (kind === 'append' && expected === Expected.noStream && !isMetastream(stream)) names.add(stream).add(metastreamOf(stream));
  }
  return names;
};

/**
 * The single writer. Everything that arrives while one transaction commits goes into the next one, in order of arrival;
 * positions are given out here and nowhere else, so the order of `$all` is the order of commits and has no gaps.
 */
export class Appender {
  private readonly writer: WriterConnection;
  /** The newest event ids and where they went: what makes a repeated append harmless when it expects no revision. */
  private readonly ids: LruMap<string, SeenId>;
  private queue: Pending[] = [];
  private running: Promise<void> | undefined;
  private reconnecting: Promise<void> | undefined;
  private stopped = false;

  constructor(
    private readonly options: AppenderOptions,
    private readonly pool: Pool,
    private readonly heads: Heads,
    private readonly tail: Tail,
  ) {
    this.ids = new LruMap(options.recentIds);
    this.writer = new WriterConnection(options.url, (error) => {
      options.onFault('the connection for writing was lost', error);
      this.reconnect();
    });
  }

  /** Takes the writer's lock and reads where to go on. Fails with `DatabaseInUseError` when another node keeps the lock. */
  async start(): Promise<void> {
    const { position, recent } = await this.writer.open(this.options.lockWaitMs, this.options.recentIds);
    this.ids.clear();
    for (const { id, ...seen } of recent) this.ids.set(id, seen);
    this.heads.clear();
    this.tail.reset(position);
  }

  submit(request: WriteRequest): Promise<WriteOutcome> {
    if (this.stopped) return Promise.resolve(STOPPING);
    return new Promise((settle) => {
      this.queue.push({ request, settle, bytes: bytesOf(request) });
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
    while (this.queue.length > 0) {
      // What is read from the network in the same turn of the event loop shall share a transaction.
      await new Promise((resolve) => setImmediate(resolve));
      const pendings = this.takeGroup();
      if (!(await this.write(pendings, true))) await this.recover(pendings);
    }
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

  /**
   * Judges the writes, writes their events, makes them known, and only then tells the writers.
   *
   * @param trusting writers who say that a stream is new are taken at their word, for the database to check.
   * @returns whether it happened; if not, nobody was told anything.
   */
  private async write(pendings: readonly Pending[], trusting: boolean): Promise<boolean> {
    try {
      const requests = pendings.map((pending) => pending.request);
      const { head, fresh } = await this.heads.load(
        requests.map((request) => request.stream),
        trusting ? saidToBeNew(requests) : undefined,
      );
      const committed = {
        head,
        seen: (id: string) => this.ids.get(id),
        eventAt: (stream: string, revision: number) => this.readEvent(stream, revision),
      };
      const group = new Group(committed, this.tail.committed, this.options.nowMs());
      const outcomes: WriteOutcome[] = [];
      for (const request of requests) outcomes.push(await group.judge(request));
      const { rows } = group;
      if (!this.writer.isOpen || (rows.length > 0 && !(await this.writer.insert(rows, group.after, fresh)))) return false;
      if (rows.length > 0) this.makeKnown(rows, fresh);
      pendings.forEach((pending, index) => pending.settle(outcomes[index] ?? UNAVAILABLE));
      return true;
    } catch (error) {
      this.options.onFault('a write failed', error);
      return false;
    }
  }

  private makeKnown(rows: readonly RecordedEvent[], absentBefore: readonly string[]): void {
    this.heads.noteAbsent(absentBefore);
    this.heads.note(rows);
    for (const { id, stream, revision, position } of rows) this.ids.set(id, { stream, revision, position });
    this.tail.publish(rows);
  }

  /** Writes that the database refused are tried again on fresh knowledge: together, and if need be one by one, so that a bad one fails alone. */
  private async recover(pendings: readonly Pending[]): Promise<void> {
    if (await this.tryAgain(pendings)) return;
    for (const pending of pendings) if (!(await this.tryAgain([pending]))) pending.settle(UNAVAILABLE);
  }

  private async tryAgain(pendings: readonly Pending[]): Promise<boolean> {
    try {
      const position = await this.writer.lastPosition();
      if (position !== this.tail.committed) this.tail.reset(position);
    } catch {
      return false;
    }
    this.heads.clear();
    return this.write(pendings, false);
  }

  private async readEvent(stream: string, revision: number): Promise<{ id: string; position: number } | undefined> {
    const { rows } = await this.pool.query<{ id: string; position: string }>({
      name: 'event-at',
      text: 'SELECT id, position FROM events WHERE stream = $1 AND revision = $2',
      values: [stream, revision],
    });
    return rows[0] && { id: rows[0].id, position: Number(rows[0].position) };
  }

  private reconnect(): void {
    if (this.stopped || this.reconnecting) return;
    this.reconnecting = this.untilReconnected().finally(() => {
      this.reconnecting = undefined;
    });
  }

  private async untilReconnected(): Promise<void> {
    while (!this.stopped) {
      try {
        await this.start();
        return;
      } catch (error) {
        this.options.onFault('the connection for writing could not be made anew', error);
        await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS));
      }
    }
  }
}
