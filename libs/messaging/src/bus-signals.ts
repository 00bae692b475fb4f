import type { Pool, PoolClient } from 'pg';
import { BUS_CHANNEL } from './bus-log';

/** What the log says over its one listening connection. */
export interface SignalHandlers {
  /** Records were written; `heads` is undefined when the topic is too wide to tell them. */
  onMessages(topicId: number, heads: ReadonlyMap<number, bigint> | undefined): void;
  /** A member of a group came, went or gave partitions back. */
  onGroup(group: string, sender: string): void;
  /** The connection is (again) there; anything may have been missed before. */
  onConnected(): void;
  onError(error: unknown): void;
}

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;

/** One LISTEN connection for all groups of a transport; connects again for ever. Signals are only for speed: polling finds everything as well. */
export class BusSignals {
  private client: PoolClient | undefined;
  private stopped = false;
  private pauseMs = FIRST_PAUSE_MS;
  private timer: NodeJS.Timeout | undefined;
  private connecting: Promise<void> | undefined;

  constructor(
    private readonly pool: Pool,
    private readonly handlers: SignalHandlers,
  ) {}

  start(): void {
    this.connecting ??= this.connect().finally(() => (this.connecting = undefined));
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.connecting;
    this.client?.removeAllListeners('notification');
    // The connection goes with its subscription; returned to the pool it would go on listening.
    this.client?.release(true);
    this.client = undefined;
  }

  private async connect(): Promise<void> {
    let client: PoolClient | undefined;
    try {
      client = await this.pool.connect();
      const mine = client;
      client.on('error', (error) => this.lost(mine, error));
      client.on('notification', ({ payload }) => this.read(payload ?? ''));
      this.client = client;
      await client.query(`LISTEN ${BUS_CHANNEL}`);
      this.pauseMs = FIRST_PAUSE_MS;
      if (!this.stopped) this.handlers.onConnected();
    } catch (error) {
      if (client === undefined) this.again(error);
      else this.lost(client, error);
    }
  }

  private lost(client: PoolClient, error: unknown): void {
    if (this.client !== client) return;
    this.client = undefined;
    client.removeAllListeners('notification');
    client.release(true);
    this.again(error);
  }

  private again(error: unknown): void {
    if (this.stopped) return;
    this.handlers.onError(error);
    this.timer = setTimeout(() => this.start(), this.pauseMs);
    this.pauseMs = Math.min(this.pauseMs * 2, LONGEST_PAUSE_MS);
  }

  private read(payload: string): void {
    const group = /^g(\S+) (.*)$/s.exec(payload);
    if (group !== null) return this.handlers.onGroup(group[2] as string, group[1] as string);
    const match = /^m(\d+)(?: ([\d:,]+))?$/.exec(payload);
    if (match === null) return;
    const heads = match[2]?.split(',').map((head) => {
      const [partition, next] = head.split(':') as [string, string];
      return [Number(partition), BigInt(next)] as const;
    });
    this.handlers.onMessages(Number(match[1]), heads === undefined ? undefined : new Map(heads));
  }
}
