import { DELETED } from './model';

/** Who may do what with a stream; an absent list means the default for that action. */
export interface StreamAcl {
  readonly read?: readonly string[];
  readonly write?: readonly string[];
  readonly delete?: readonly string[];
  readonly metaRead?: readonly string[];
  readonly metaWrite?: readonly string[];
}

/** What the server itself obeys in a stream's metadata. */
export interface StreamMetadata {
  /** Only this many of the newest events are readable. */
  readonly maxCount?: number;
  /** Only events younger than this many seconds are readable. */
  readonly maxAgeSeconds?: number;
  /** Only events from this revision on are readable; `DELETED` marks a soft-deleted stream. */
  readonly truncateBefore?: number;
  readonly acl?: StreamAcl;
}

export const NO_METADATA: StreamMetadata = {};

/** A metastream keeps its newest event only. */
export const METASTREAM_METADATA: StreamMetadata = { maxCount: 1 };

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

const integer = (value: unknown): number | undefined => {
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value) || value > DELETED) throw new TypeError('not a 64-bit integer');
  return value;
};

const roles = (value: unknown): string[] | undefined => {
  if (value === undefined) return undefined;
  if (typeof value === 'string') return [value];
  if (Array.isArray(value) && value.every((role) => typeof role === 'string')) return value;
  throw new TypeError('not a list of roles');
};

const acl = (value: unknown): StreamAcl | undefined => {
  if (value === undefined) return undefined;
  if (!isObject(value)) throw new TypeError('not an access list');
  const [read, write, del, metaRead, metaWrite] = [
    roles(value['$r']),
    roles(value['$w']),
    roles(value['$d']),
    roles(value['$mr']),
    roles(value['$mw']),
  ];
  return {
    ...(read && { read }),
    ...(write && { write }),
    ...(del && { delete: del }),
    ...(metaRead && { metaRead }),
    ...(metaWrite && { metaWrite }),
  };
};

/** Reads the data of a metadata event. Data that is not valid metadata counts as no metadata at all, as with the server. */
export const parseStreamMetadata = (data: Uint8Array): StreamMetadata => {
  try {
    const json: unknown = JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8'));
    if (!isObject(json)) return NO_METADATA;
    const maxCount = integer(json['$maxCount']);
    const maxAgeSeconds = integer(json['$maxAge']);
    const truncateBefore = integer(json['$tb']);
    const access = acl(json['$acl']);
    return {
      ...(maxCount !== undefined && maxCount > 0 && { maxCount }),
      ...(maxAgeSeconds !== undefined && maxAgeSeconds > 0 && { maxAgeSeconds }),
      ...(truncateBefore !== undefined && truncateBefore >= 0 && { truncateBefore }),
      ...(access && { acl: access }),
    };
  } catch {
    return NO_METADATA;
  }
};

export const isSoftDeleted = (metadata: StreamMetadata): boolean => metadata.truncateBefore === DELETED;

/** The metadata a soft delete writes; like the server's, it replaces whatever was there. */
export const softDeleteData = (): Uint8Array => Buffer.from('{"$tb":9223372036854775807}');

/** The same metadata with the stream readable again from `revision` on, or undefined when it was no JSON object. */
export const recreatedFrom = (raw: Uint8Array, revision: number): Uint8Array | undefined => {
  try {
    const json: unknown = JSON.parse(Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString('utf8'));
    return isObject(json) ? Buffer.from(JSON.stringify({ ...json, $tb: revision })) : undefined;
  } catch {
    return undefined;
  }
};

/** The first revision that `$maxCount` and `$tb` leave readable in a stream whose last revision is `last`. */
export const firstReadable = (metadata: StreamMetadata, last: number): number =>
  Math.max(0, metadata.maxCount === undefined ? 0 : last - metadata.maxCount + 1, metadata.truncateBefore ?? 0);
