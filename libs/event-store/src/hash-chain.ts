import { canonicalJson, sha256 } from './canonical-json';
import type { EventMetadata } from './types';

/** What the first event of a stream has for a predecessor. */
export const chainStart = (streamName: string): string => sha256(streamName);

export interface Link {
  readonly stream: string;
  readonly revision: bigint;
  readonly id: string;
  readonly type: string;
  /** As stored: personal fields sealed. */
  readonly data: unknown;
  readonly metadata: Omit<EventMetadata, 'hash'>;
}

/** The hash of an event: SHA-256 over its predecessor's and the canonical JSON of all that is stored of it. Hexadecimal. */
export const chainHash = ({ stream, revision, id, type, data, metadata }: Link): string =>
  sha256(metadata.prevHash + canonicalJson({ stream, revision: String(revision), id, type, data, metadata }));
