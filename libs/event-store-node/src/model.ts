/** The revision a tombstone has, and the `$tb` of a deleted stream: the greatest signed 64-bit number (as the nearest double). */
export const DELETED = Number(2n ** 63n - 1n);

/** The last revision of a stream that was never written to. */
export const NO_REVISION = -1;

/** What a writer says about the stream it writes to: a revision, or one of these. The numbers are the protocol's own. */
export const Expected = { any: -2, noStream: -1, streamExists: -4 } as const;

export const METADATA_TYPE = '$metadata';
export const TOMBSTONE_TYPE = '$streamDeleted';
export const LINK_TYPE = '$>';
export const ALL_STREAM = '$all';

/** An event as a client proposes it. */
export interface ProposedEvent {
  /** Lower-case UUID. */
  readonly id: string;
  readonly type: string;
  readonly isJson: boolean;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
}

/** An event as it is stored. */
export interface RecordedEvent extends ProposedEvent {
  /** Place in `$all`: 1, 2, 3 … without gaps. */
  readonly position: number;
  readonly stream: string;
  /** Place in the stream: 0, 1, 2 …, or `DELETED` for the tombstone. */
  readonly revision: number;
  /** Milliseconds since 1970. */
  readonly createdMs: number;
}

/** A read event: what was asked for, and the link it was found through, if any. */
export interface ResolvedEvent {
  readonly event: RecordedEvent | undefined;
  readonly link?: RecordedEvent;
}

/** What a client may ask the single writer to do. */
export type WriteRequest =
  | {
      readonly kind: 'append';
      readonly stream: string;
      readonly expected: number;
      readonly events: readonly ProposedEvent[];
      readonly expiresAtMs?: number;
    }
  | { readonly kind: 'delete'; readonly stream: string; readonly expected: number; readonly eventId: string }
  | { readonly kind: 'tombstone'; readonly stream: string; readonly expected: number; readonly eventId: string };

/** How a write ended. `revision` and `position` are those of the last event written (now or, for a repeated write, the first time). */
export type WriteOutcome =
  | { readonly kind: 'success'; readonly revision: number; readonly position: number | undefined }
  | { readonly kind: 'wrong-expected-version'; readonly current: number }
  | { readonly kind: 'stream-deleted' }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'unavailable'; readonly message: string };

export const isMetastream = (stream: string): boolean => stream.startsWith('$$');
export const metastreamOf = (stream: string): string => `$$${stream}`;
export const originalOf = (metastream: string): string => metastream.slice(2);
