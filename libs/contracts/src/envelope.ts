import type { Fact } from './fact';
import type { ServiceName } from './topics';

/**
 * A fact on its way: CloudEvents 1.0 in structured JSON. One and the same message survives bus, webhook, feed, archive and audit.
 * Personal fields in `data` are sealed (see `Personal` in `@qiyue/decider`).
 */
export interface Envelope<Data = unknown> {
  readonly specversion: '1.0';
  /** The stored event's id (UUID). The same fact told twice has the same id. */
  readonly id: string;
  /** `/qiyue/<service>`. */
  readonly source: string;
  /** `qiyue.<service>.<Name>.v<version>`. */
  readonly type: string;
  /** The stream, which is also the message's key. */
  readonly subject: string;
  readonly partitionkey: string;
  /** When it happened, ISO 8601 UTC. */
  readonly time: string;
  readonly recordedtime: string;
  readonly datacontenttype: 'application/json';
  readonly dataschema: string;
  /** Revision of the event in its stream, as a decimal string; grows, with gaps where events are internal. */
  readonly sequence: string;
  /** `sequence` of the fact told before this one of the same stream; absent on the first. Proves that nothing was missed. */
  readonly previoussequence?: string;
  /** Place in the owner's event store, `<commit>:<prepare>`; grows from record to record of a partition. */
  readonly position: string;
  /** `position` of the fact told before this one in the same partition; absent on the first. Proves of a whole partition that nothing was missed. */
  readonly previousposition?: string;
  readonly correlationid: string;
  readonly causationid: string;
  readonly traceparent?: string;
  readonly clause?: string;
  readonly agreementversion?: string;
  /** Hash of the stored event in its stream's chain. */
  readonly chainhash: string;
  readonly data: Data;
}

/** The CloudEvents type of a fact. */
export const typeOf = (fact: Pick<Fact, 'service' | 'name' | 'version'>): string => `qiyue.${fact.service}.${fact.name}.v${fact.version}`;

/** A CloudEvents type of ours, taken apart. */
export interface FactType {
  readonly service: ServiceName;
  readonly name: string;
  readonly version: number;
}

// There are few types, and every fact names one. Anybody may make up more, so what is kept has an end.
const parsed = new Map<string, FactType>();
const PARSED_KEPT = 1_000;

/** The parts of a CloudEvents type of ours, or undefined for anybody else's. */
export const parseType = (type: string): FactType | undefined => {
  const known = parsed.get(type);
  if (known !== undefined) return known;
  const match = /^qiyue\.([a-z]+)\.([A-Za-z]+)\.v(\d+)$/.exec(type);
  if (match === null) return undefined;
  const parts = Object.freeze({ service: match[1] as ServiceName, name: match[2] as string, version: Number(match[3]) });
  if (parsed.size < PARSED_KEPT) parsed.set(type, parts);
  return parts;
};
