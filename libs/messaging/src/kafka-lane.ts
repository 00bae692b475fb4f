import type { KafkaMessage } from 'kafkajs';
import { readEnvelope } from './envelope-text';
import type { LogMessage } from './log-transport';

/** What is kept of a record until it is handled; its headers only repeat the envelope. */
interface Fetched {
  readonly offset: bigint;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
}

/** A piece of a partition as it was fetched: everything there is from `from` up to `next`. */
interface Run {
  readonly from: bigint;
  readonly next: bigint;
  readonly messages: readonly Fetched[];
}

export const laneKey = (topic: string, partition: number): string => `${topic}/${partition}`;

const read = ({ offset, key, value }: Fetched): LogMessage => {
  const text = value?.toString('utf8') ?? '';
  const envelope = readEnvelope(text);
  return { offset, key: key?.toString('utf8') ?? '', envelope, ...(envelope === undefined ? { raw: text } : {}) };
};

/** A partition this member reads: what was fetched of it and waits, and what is being worked on. */
export class Lane {
  /** Where the next fetch goes on; undefined while nobody knows, and then whatever comes is dropped. */
  fetchNext: bigint | undefined;
  /** Where the group stands, as far as this member has come. */
  next: bigint | undefined;
  /** What the broker was told last, for lag tools. */
  committed: bigint | undefined;
  busy = false;
  /** After a failure, until the place is known again. */
  resting = false;
  /** Not fetched because too much waits. */
  paused = false;
  /** Belongs to somebody else by now. */
  lost = false;
  failures = 0;
  /** When the running batch last said that it makes progress, on the process's monotonic clock. */
  beatAt = 0;
  private runs: Run[] = [];
  private waiting = 0;

  constructor(
    readonly topic: string,
    readonly partition: number,
  ) {}

  get name(): string {
    return laneKey(this.topic, this.partition);
  }

  /** Records that wait to be handled. */
  get queued(): number {
    return this.waiting;
  }

  get isReady(): boolean {
    return this.runs.length > 0 && !this.busy && !this.resting && !this.lost;
  }

  /** Goes on at a place; what was fetched before is dropped. */
  place(at: bigint | undefined): void {
    this.fetchNext = this.next = at;
    this.runs = [];
    this.waiting = 0;
  }

  add(next: bigint, messages: readonly KafkaMessage[]): void {
    const from = this.fetchNext;
    if (from === undefined) return;
    const fetched = messages.map(({ offset, key, value }): Fetched => ({ offset: BigInt(offset), key, value }));
    const fresh = fetched.filter(({ offset }) => offset >= from);
    this.runs.push({ from, next, messages: fresh });
    this.waiting += fresh.length;
    this.fetchNext = next;
  }

  /** The next batch: runs joined, or the front of a long one, with at most `limit` records. */
  take(limit: number): { readonly from: bigint; readonly next: bigint; readonly messages: readonly LogMessage[] } {
    const from = this.runs[0]?.from ?? 0n;
    let next = from;
    const messages: Fetched[] = [];
    while (this.runs.length > 0 && messages.length < limit) {
      const run = this.runs.shift() as Run;
      const room = limit - messages.length;
      messages.push(...run.messages.slice(0, room));
      const left = run.messages.slice(room);
      next = left[0] === undefined ? run.next : left[0].offset;
      if (left.length > 0) this.runs.unshift({ from: next, next: run.next, messages: left });
    }
    this.waiting -= messages.length;
    return { from, next, messages: messages.map(read) };
  }
}
