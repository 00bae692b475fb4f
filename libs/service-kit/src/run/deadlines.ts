import type { Pool } from 'pg';
import { parseStreamName } from '@qiyue/decider';
import { uuid5 } from '@qiyue/event-store';
import { describeError, isOutage } from '@qiyue/messaging';
import type { AnyDeadline } from '../declare/deadline';
import { inTransaction } from '@qiyue/database';
import type { BookedDeadline, DeadlineBook } from './deadline-book';
import type { ServiceMetrics } from './metrics';
import { contextFor, type ReactingParts } from './reacting';

/** Namespace of the command ids of deadlines. */
const DEADLINES = 'f0c2a6de-57a8-5c1e-8a55-0f6f5b7a1d10';

/** The id of a deadline's command: the same however often and wherever it is fired. */
export const deadlineBase = (stream: string, name: string, dueAt: string): string => uuid5(DEADLINES, `${stream}|${name}|${dueAt}`);

interface DeadlinesOptions {
  readonly pool: Pool;
  readonly book: DeadlineBook;
  readonly declared: readonly AnyDeadline[];
  readonly parts: ReactingParts;
  readonly metrics: ServiceMetrics;
  readonly pollMs: number;
  readonly attemptsMax: number;
  readonly backoffMs: number;
  /** Whether the book has seen every event there was: before that, a deadline may be long cleared. */
  readonly isBookCurrent: () => Promise<boolean>;
  readonly onTrouble: (deadline: string, fault: unknown, isParked: boolean) => void;
}

/** Fires due deadlines, earliest first. Several processes may poll: a row is in one hand at a time, and firing twice is firing once. */
export class Deadlines {
  private stopped = false;
  private wake: () => void = () => undefined;
  private readonly running: Promise<void>;
  private isCurrent = false;

  constructor(private readonly options: DeadlinesOptions) {
    this.running = this.loop();
  }

  /** Looks for due deadlines now. */
  kick(): void {
    this.wake();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.wake();
    await this.running;
  }

  private async loop(): Promise<void> {
    while (!this.stopped) {
      let fired = false;
      try {
        this.isCurrent ||= await this.options.isBookCurrent();
        fired = this.isCurrent && (await this.fireNext());
      } catch (fault) {
        this.options.onTrouble('*', fault, false);
      }
      if (fired || this.stopped) continue;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.options.pollMs);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Fires the first due deadline; whether there was one. The row is held meanwhile, and goes away with the commit. */
  private async fireNext(): Promise<boolean> {
    const { pool, book, parts } = this.options;
    return inTransaction(pool, async (tx) => {
      const booked = await book.claim(tx, parts.clock.now());
      if (booked === undefined) return false;
      const declared = this.options.declared.find(
        ({ name, stream }) => name === booked.name && stream.category === parseStreamName(booked.stream).category,
      );
      if (declared === undefined) await book.postpone(tx, booked, 0, 'the deadline is no longer declared');
      else
        await this.fire(declared, booked).then(
          () => book.strike(tx, booked),
          (fault: unknown) => this.failed(fault, booked).then(({ delayMs, reason }) => book.postpone(tx, booked, delayMs, reason)),
        );
      return true;
    });
  }

  private async fire(declared: AnyDeadline, booked: BookedDeadline): Promise<void> {
    const { parts, metrics } = this.options;
    const { stream, name, due_text: dueAt, event_id: eventId } = booked;
    const context = contextFor(parts, {
      base: deadlineBase(stream, name, dueAt),
      eventId,
      correlationId: booked.correlation_id,
      traceparent: booked.traceparent ?? undefined,
      mayReject: declared.mayReject,
    });
    await declared.run(context, { name, streamId: parseStreamName(stream).id, dueAt, now: context.now, eventId });
    metrics.deadline(name, 'fired', parts.clock.nowMs() - Date.parse(dueAt));
  }

  private async failed(
    fault: unknown,
    { name, attempts }: BookedDeadline,
  ): Promise<{ readonly delayMs: number; readonly reason?: string }> {
    const { attemptsMax, backoffMs, metrics, onTrouble } = this.options;
    const isParked = !isOutage(fault) && attempts + 1 >= attemptsMax;
    metrics.deadline(name, isParked ? 'parked' : 'failed');
    onTrouble(name, fault, isParked);
    const delayMs = Math.min(5_000, backoffMs * 2 ** Math.min(attempts, 10));
    return isParked ? { delayMs, reason: describeError(fault) } : { delayMs };
  }
}
