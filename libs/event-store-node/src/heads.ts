import type { Pool } from 'pg';
import { LruMap } from './lru';
import { DELETED, isMetastream, METADATA_TYPE, metastreamOf, NO_REVISION, originalOf, type RecordedEvent } from './model';
import { textArray } from './pg-arrays';
import { METASTREAM_METADATA, NO_METADATA, parseStreamMetadata, type StreamMetadata } from './stream-metadata';

/** The newest event of one stream, without its body; for a metastream also the metadata it holds. */
export interface Head {
  readonly last: number;
  readonly position: number | undefined;
  readonly metadata?: StreamMetadata;
  /** The metadata event's bytes, kept because bringing a deleted stream back rewrites them. */
  readonly raw?: Uint8Array;
}

export const NO_HEAD: Head = { last: NO_REVISION, position: undefined };

/** The streams one must know the heads of to judge a write to, or a read of, `stream`. */
export const relatedStreams = (stream: string): string[] =>
  isMetastream(stream) ? [stream, originalOf(stream)] : [stream, metastreamOf(stream)];

export const headOf = (event: RecordedEvent): Head => {
  const { revision: last, position, isJson, data, stream } = event;
  if (!isMetastream(stream)) return { last, position };
  const readable = isJson && data.length > 0;
  return { last, position, metadata: readable ? parseStreamMetadata(data) : NO_METADATA, ...(readable && { raw: data }) };
};

/** The last revision as a writer or reader must see it: the metastream of a tombstoned stream is tombstoned too. */
export const lastRevision = (head: (stream: string) => Head, stream: string): number =>
  isMetastream(stream) && head(originalOf(stream)).last === DELETED ? DELETED : head(stream).last;

/** The metadata in force for a stream. */
export const metadataOf = (head: (stream: string) => Head, stream: string): StreamMetadata =>
  isMetastream(stream) ? METASTREAM_METADATA : (head(metastreamOf(stream)).metadata ?? NO_METADATA);

interface HeadRow {
  stream: string;
  position: string | null;
  revision: string | null;
  is_json: boolean | null;
  data: Buffer | null;
}

const SELECT_HEADS = `
SELECT s.stream, e.position, e.revision, e.is_json, e.data
FROM unnest($1::text[]) AS s(stream)
LEFT JOIN LATERAL (
  SELECT position, revision, is_json, CASE WHEN starts_with(s.stream, '$$') THEN data END AS data
  FROM events WHERE events.stream = s.stream COLLATE "C" ORDER BY revision DESC LIMIT 1
) AS e ON true`;

const fromRow = (row: HeadRow): Head =>
  row.revision === null
    ? NO_HEAD
    : headOf({
        stream: row.stream,
        position: Number(row.position),
        revision: Number(row.revision),
        isJson: row.is_json ?? false,
        data: row.data ?? Buffer.alloc(0),
        id: '',
        type: METADATA_TYPE,
        metadata: Buffer.alloc(0),
        createdMs: 0,
      });

/**
 * The heads of the streams used recently. As this process is the only writer, a head once loaded stays right as long as
 * every commit is noted here; bodies of ordinary events are never kept.
 */
export class Heads {
  private readonly cache: LruMap<string, Head>;
  private epoch = 0;

  constructor(
    private readonly pool: Pool,
    capacity: number,
  ) {
    this.cache = new LruMap(capacity);
  }

  /**
   * A lookup of the heads of these streams and those related to them, loaded where they are missing. If all that is missing is
   * `saidToBeNew`, nothing is loaded: those streams are taken to be absent and returned as `fresh`, for the caller to make sure.
   */
  async load(
    streams: Iterable<string>,
    saidToBeNew?: ReadonlySet<string>,
  ): Promise<{ readonly head: (stream: string) => Head; readonly fresh: readonly string[] }> {
    const found = new Map<string, Head>();
    const missing = new Set<string>();
    for (const stream of streams) {
      for (const name of relatedStreams(stream)) {
        const head = this.cache.get(name);
        if (head) found.set(name, head);
        else missing.add(name);
      }
    }
    const names = [...missing];
    const head = (stream: string): Head => found.get(stream) ?? NO_HEAD;
    if (names.length === 0) return { head, fresh: [] };
    if (saidToBeNew && names.every((name) => saidToBeNew.has(name))) return { head, fresh: names };
    const epoch = this.epoch;
    const { rows } = await this.pool.query<HeadRow>({ name: 'heads', text: SELECT_HEADS, values: [textArray(names)] });
    for (const row of rows) found.set(row.stream, this.keepNewer(row.stream, fromRow(row), epoch));
    return { head, fresh: [] };
  }

  /** Notes what was just committed. */
  note(events: readonly RecordedEvent[]): void {
    for (const event of events) this.cache.set(event.stream, headOf(event));
  }

  /** Notes streams that a commit proved not to have existed before it. */
  noteAbsent(streams: readonly string[]): void {
    for (const stream of streams) this.cache.set(stream, NO_HEAD);
  }

  /** Forgets everything, because somebody else may have written. */
  clear(): void {
    this.epoch += 1;
    this.cache.clear();
  }

  /** A commit may have overtaken the query; then what it noted is newer than what the query saw. */
  private keepNewer(stream: string, loaded: Head, epoch: number): Head {
    const noted = this.cache.get(stream);
    if (noted && noted.last >= loaded.last) return noted;
    if (epoch === this.epoch) this.cache.set(stream, loaded);
    return loaded;
  }
}
