import type { StoredEvent, SubscribeOptions, Subscription } from '@qiyue/event-store';
import type { AnyDeadline } from '../declare/deadline';
import type { DeadlineBook } from './deadline-book';
import { Deadlines } from './deadlines';
import { Leadership } from './leadership';
import type { OwnReactions } from './own-reactions';
import type { ReactingParts } from './reacting';
import type { ServiceRuntime } from './service-runtime';
import type { Source } from './stations';

/** What only one process of a service runs: reactions to own events, and deadlines. */
export class LeaderStations {
  private subscriptions: Subscription[] = [];
  private deadlines: Deadlines | undefined;
  private readonly leadership: Leadership;

  constructor(
    private readonly runtime: ServiceRuntime,
    private readonly parts: ReactingParts,
    private readonly source: Source,
    private readonly ownReactions: OwnReactions,
    private readonly book: DeadlineBook,
    private readonly declared: readonly AnyDeadline[],
  ) {
    const { process, pool, definition } = runtime;
    this.leadership = new Leadership({
      pool,
      name: `${definition.name}.own-stations`,
      lead: () => this.lead(),
      onTrouble: (fault) => process.logger.warn({ err: fault, service: definition.name }, 'the lead of the own stations was lost'),
    });
  }

  kick(): void {
    this.deadlines?.kick();
  }

  async caughtUp(): Promise<boolean> {
    if (!this.leadership.isLeading()) return false;
    const answers = await Promise.all(this.subscriptions.map((subscription) => subscription.caughtUp()));
    return answers.every(Boolean) && this.leadership.isLeading();
  }

  stop(): Promise<void> {
    return this.leadership.stop();
  }

  private async lead(): Promise<() => Promise<void>> {
    const { ownReactions, book, declared, runtime, parts } = this;
    const { process, pool, metrics, definition } = runtime;
    const reacting = this.follow('reactions', await ownReactions.position(), (events, upTo) => ownReactions.handle(events, upTo));
    const booking = this.follow('deadlines', await book.position(), async (events, upTo) => {
      const booked = await book.apply(events, upTo);
      const nowMs = process.clock.nowMs();
      if (booked.some((dueAt) => Date.parse(dueAt) <= nowMs)) this.deadlines?.kick();
    });
    this.subscriptions = [reacting, booking];
    this.deadlines = new Deadlines({
      pool,
      book,
      declared,
      parts,
      metrics,
      pollMs: process.config.deadlinePollMs,
      attemptsMax: process.config.reactionAttemptsMax,
      backoffMs: process.config.reactionBackoffMs,
      isBookCurrent: () => booking.caughtUp(),
      onTrouble: (deadline, fault, isParked) =>
        process.logger[isParked ? 'error' : 'warn'](
          { err: fault, service: definition.name, deadline },
          isParked ? 'a deadline is parked' : 'a deadline failed',
        ),
    });
    return async () => {
      await Promise.all([this.deadlines?.stop(), ...this.subscriptions.map((subscription) => subscription.stop())]);
      this.subscriptions = [];
      this.deadlines = undefined;
    };
  }

  private follow(
    station: string,
    from: SubscribeOptions['from'],
    onBatch: (events: readonly StoredEvent[], upTo: NonNullable<SubscribeOptions['from']>) => Promise<void>,
  ): Subscription {
    const { definition, process, metrics } = this.runtime;
    return this.source({
      categories: definition.streams.map(({ category }) => category),
      streams: definition.streams,
      onBatch,
      batchSize: process.config.reactionBatchMax,
      ...(from === undefined ? {} : { from }),
      onTrouble: ({ kind, error, attempt }) => {
        metrics.trouble(station, kind);
        process.logger.warn({ err: error, service: definition.name, station, kind, attempt }, 'a subscription is in trouble');
      },
    });
  }
}
