import type { Pool } from 'pg';
import type { EventFilter } from './filter';
import { lastRevision, metadataOf, type Heads } from './heads';
import { DELETED, LINK_TYPE, NO_REVISION, type RecordedEvent, type ResolvedEvent } from './model';
import { textArray } from './pg-arrays';
import { firstReadable, isSoftDeleted, type StreamMetadata } from './stream-metadata';

/** What a stream looks like to a reader. */
export type StreamState =
  | { readonly kind: 'tombstoned'; readonly last: number }
  | { readonly kind: 'none'; readonly last: number }
  | { readonly kind: 'readable'; readonly last: number; readonly first: number; readonly metadata: StreamMetadata };

/** Some events of `$all`, and how far the search for them went: up to and including `searchedTo` (forwards) or down to it (backwards). */
export interface AllPage {
  readonly events: readonly RecordedEvent[];
  readonly searchedTo: number;
  /** Positions looked at. */
  readonly considered: number;
}

type Row = [
  position: string,
  stream: string,
  revision: string,
  id: string,
  type: string,
  isJson: boolean,
  createdMs: string,
  data: Buffer,
  metadata: Buffer,
];

const COLUMNS = 'position, stream, revision, id, type, is_json, created_ms, data, metadata';

/**
 * A page is bounded in events and in bytes. The database adds up the sizes (without reading the bodies it leaves out), and
 * at least one event always comes through.
 */
const page = (where: string, order: string): string => `
SELECT ${COLUMNS} FROM (
  SELECT ${COLUMNS}, octet_length(data) + octet_length(metadata) AS size,
         sum(octet_length(data) + octet_length(metadata)) OVER (ORDER BY ${order}) AS running
  FROM events WHERE ${where} ORDER BY ${order} LIMIT $1) AS page
WHERE running - size < $2 ORDER BY ${order}`;

const QUERIES = {
  'all-forwards': page('position >= $3', 'position'),
  'all-backwards': page('position < $3', 'position DESC'),
  'all-forwards-by-stream': page('position >= $3 AND position < $4 AND stream ^@ ANY($5::text[])', 'position'),
  'all-forwards-by-type': page('position >= $3 AND position < $4 AND type ^@ ANY($5::text[])', 'position'),
  'all-at': page('position = ANY($3::bigint[])', 'position'),
  'stream-forwards': page('stream = $3 AND revision >= $4 AND revision <= $5 AND created_ms >= $6', 'revision'),
  'stream-backwards': page('stream = $3 AND revision >= $4 AND revision <= $5 AND created_ms >= $6', 'revision DESC'),
} as const;

const recorded = ([position, stream, revision, id, type, isJson, createdMs, data, metadata]: Row): RecordedEvent => ({
  position: Number(position),
  stream,
  revision: Number(revision),
  id,
  type,
  isJson,
  createdMs: Number(createdMs),
  data,
  metadata,
});

const revisionParameter = (revision: number): string => (revision >= DELETED ? '9223372036854775807' : String(Math.max(0, revision)));

export interface ReaderOptions {
  /** Most events, and about most bytes, held for one read at a time. */
  readonly pageEvents: number;
  readonly pageBytes: number;
  readonly nowMs: () => number;
}

/** Reads committed events, always from the database. */
export class Reader {
  constructor(
    private readonly pool: Pool,
    private readonly heads: Heads,
    private readonly options: ReaderOptions,
  ) {}

  async streamState(stream: string): Promise<StreamState> {
    const { head } = await this.heads.load([stream]);
    const last = lastRevision(head, stream);
    if (last === DELETED) return { kind: 'tombstoned', last };
    const metadata = metadataOf(head, stream);
    if (last === NO_REVISION || isSoftDeleted(metadata)) return { kind: 'none', last };
    return { kind: 'readable', last, first: firstReadable(metadata, last), metadata };
  }

  /** Up to `limit` readable events from revision `from` on. */
  streamForwards(stream: string, state: StreamState & { kind: 'readable' }, from: number, limit: number): Promise<RecordedEvent[]> {
    return this.streamPage('stream-forwards', stream, state, Math.max(from, state.first), DELETED, limit);
  }

  /** Up to `limit` readable events from revision `from` down. */
  streamBackwards(stream: string, state: StreamState & { kind: 'readable' }, from: number, limit: number): Promise<RecordedEvent[]> {
    return this.streamPage('stream-backwards', stream, state, state.first, from, limit);
  }

  /** The tombstone of a tombstoned stream. */
  async tombstone(stream: string): Promise<RecordedEvent | undefined> {
    const [event] = await this.query('stream-forwards', 1, [stream, revisionParameter(DELETED), revisionParameter(DELETED), '0']);
    return event;
  }

  /** Events from `position` on. */
  async allForwards(position: number, limit: number): Promise<RecordedEvent[]> {
    return this.query('all-forwards', limit, [String(position)]);
  }

  /** Events before `position`, newest first. */
  async allBackwards(position: number, limit: number): Promise<RecordedEvent[]> {
    return this.query('all-backwards', limit, [String(position)]);
  }

  /** Looks through at most `window` positions from `position` on, none beyond `end`, for events that the filter lets through. */
  async filteredForwards(position: number, end: number, window: number, filter: EventFilter): Promise<AllPage> {
    const before = Math.min(position + window, end + 1);
    if (before <= position) return { events: [], searchedTo: position - 1, considered: 0 };
    if (filter.prefixes) {
      const name = filter.on === 'stream' ? 'all-forwards-by-stream' : 'all-forwards-by-type';
      const events = await this.query(name, window, [String(position), String(before), textArray(filter.prefixes)]);
      const bytes = events.reduce((sum, event) => sum + event.data.length + event.metadata.length, 0);
      return this.searched(events, position, before, bytes >= this.options.pageBytes || events.length >= this.options.pageEvents);
    }
    const { rows } = await this.pool.query<{ position: string; stream: string; type: string }>({
      name: 'names-forwards',
      text: 'SELECT position, stream, type FROM events WHERE position >= $1 AND position < $2 ORDER BY position',
      values: [position, before],
    });
    const wanted = rows.filter((row) => filter.matches(row)).map((row) => row.position);
    const events = wanted.length === 0 ? [] : await this.query('all-at', wanted.length, [wanted]);
    return this.searched(events, position, before, events.length < wanted.length);
  }

  /** The event each link points to, in the same order. An event that is no link is its own answer. */
  async resolve(events: readonly RecordedEvent[]): Promise<ResolvedEvent[]> {
    const resolved: ResolvedEvent[] = [];
    for (const event of events) resolved.push(event.type === LINK_TYPE ? { event: await this.target(event), link: event } : { event });
    return resolved;
  }

  private async target(link: RecordedEvent): Promise<RecordedEvent | undefined> {
    const match = /^(\d{1,18})@(.+)$/s.exec(Buffer.from(link.data).toString('utf8'));
    const [, revision, stream] = match ?? [];
    if (revision === undefined || stream === undefined || stream.includes('\0')) return undefined;
    const state = await this.streamState(stream);
    if (state.kind !== 'readable' || Number(revision) < state.first) return undefined;
    const [event] = await this.streamPage('stream-forwards', stream, state, Number(revision), Number(revision), 1);
    return event;
  }

  /** A page that may have been cut short ended the search at its last event; any other went through the whole window. */
  private searched(events: readonly RecordedEvent[], position: number, before: number, cut: boolean): AllPage {
    const searchedTo = cut ? (events.at(-1)?.position ?? before - 1) : before - 1;
    return { events, searchedTo, considered: searchedTo - position + 1 };
  }

  private streamPage(
    name: 'stream-forwards' | 'stream-backwards',
    stream: string,
    state: StreamState & { kind: 'readable' },
    from: number,
    to: number,
    limit: number,
  ): Promise<RecordedEvent[]> {
    const { maxAgeSeconds } = state.metadata;
    const youngest = maxAgeSeconds === undefined ? 0 : this.options.nowMs() - maxAgeSeconds * 1000;
    return this.query(name, limit, [stream, revisionParameter(from), revisionParameter(to), String(Math.max(0, Math.trunc(youngest)))]);
  }

  private async query(name: keyof typeof QUERIES, limit: number, values: readonly unknown[]): Promise<RecordedEvent[]> {
    const { pageEvents, pageBytes } = this.options;
    const { rows } = await this.pool.query<Row>({
      name,
      text: QUERIES[name],
      rowMode: 'array',
      values: [Math.min(limit, pageEvents), pageBytes, ...values],
    });
    return rows.map(recorded);
  }
}
