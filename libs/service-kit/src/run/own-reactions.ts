import type { Pool } from 'pg';
import type { AnyStream } from '@qiyue/decider';
import { formatPosition, parsePosition, type Position, type StoredEvent } from '@qiyue/event-store';
import { statement, UNHURRIED } from '@qiyue/database';
import { describeError, isOutage } from '@qiyue/messaging';
import { itemOfStored } from '@qiyue/projections';
import type { AnyReaction } from '../declare/reaction';
import type { ServiceMetrics } from './metrics';
import type { ParkedStore } from './parked-store';
import { runReaction, traceOfStored, type ReactingParts } from './reacting';

const STATION = 'reactions';
const LANES = 8;

// Does not wait for the disk: reactions that a crash of PostgreSQL has forgotten are done again, which is doing them once.
const SAVE = statement(`INSERT INTO kit_positions (station, position, version) SELECT $1, $2, '1' WHERE ${UNHURRIED}
  ON CONFLICT (station) DO UPDATE SET position = excluded.position`);

interface OwnReactionsOptions {
  readonly pool: Pool;
  readonly parked: ParkedStore;
  readonly reactions: readonly AnyReaction[];
  readonly streams: readonly AnyStream[];
  readonly parts: ReactingParts;
  readonly metrics: ServiceMetrics;
  readonly attemptsMax: number;
  readonly backoffMs: number;
  readonly onTrouble: (reaction: string, event: StoredEvent, fault: unknown, isParked: boolean) => void;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Reactions of a service to its own events: in order within a stream, several streams at once; what fails for good is parked with its stream. */
export class OwnReactions {
  /** The stream that each own event belongs to. */
  private readonly categories: ReadonlyMap<unknown, string>;

  constructor(private readonly options: OwnReactionsOptions) {
    this.categories = new Map(
      options.streams.flatMap(({ category, events }) => Object.values<unknown>(events).map((event) => [event, category] as const)),
    );
  }

  async position(): Promise<Position | undefined> {
    const { rows } = await this.options.pool.query<{ position: string }>('SELECT position FROM kit_positions WHERE station = $1', [
      STATION,
    ]);
    return rows[0] === undefined ? undefined : parsePosition(rows[0].position);
  }

  /** Handles a batch and saves where it ends. Throws only when a part of the platform is away: then the batch comes again. */
  async handle(events: readonly StoredEvent[], upTo: Position): Promise<void> {
    const work = events.flatMap((event) => this.matching(event).map((reaction) => ({ event, reaction })));
    if (work.length > 0) await this.run(work);
    await this.options.pool.query({ ...SAVE, values: [STATION, formatPosition(upTo)] });
  }

  /** Runs what waits for a reaction on a stream, in order; stops at the first that fails. */
  async redrive(name: string, stream: string): Promise<{ readonly handled: number; readonly left: number; readonly reason?: string }> {
    const { parked, reactions, parts } = this.options;
    const reaction = reactions.find((one) => one.name === name);
    let handled = 0;
    for (let event = await parked.first(name, stream); event !== undefined; event = await parked.first(name, stream)) {
      try {
        if (reaction === undefined) throw Object.assign(new Error('the reaction is no longer declared'), { name: 'ReactionNotDeclared' });
        await runReaction(parts, reaction, { item: itemOfStored(event), traceparent: traceOfStored(event) });
      } catch (fault) {
        await parked.noteFailure(name, stream, describeError(fault));
        const left = (await parked.list()).find((one) => one.reaction === name && one.stream === stream)?.events ?? 0;
        return { handled, left, reason: describeError(fault) };
      }
      handled += 1;
      if ((await parked.drop(name, stream, event.revision)) === 0) break;
    }
    return { handled, left: 0 };
  }

  private matching({ category, type }: StoredEvent): readonly AnyReaction[] {
    const { reactions } = this.options;
    return reactions.filter(({ on }) =>
      on.some((trigger) => !('service' in trigger) && trigger.type === type && this.categories.get(trigger) === category),
    );
  }

  private async run(work: readonly { readonly event: StoredEvent; readonly reaction: AnyReaction }[]): Promise<void> {
    // Parking is rare, so one look serves a batch. Only this station parks, and what it parks on the way it knows.
    const parked = new Set(await this.options.parked.among(work.map(({ event }) => event.stream)));
    const lanes = new Map<string, (() => Promise<void>)[]>();
    for (const { event, reaction } of work) {
      const key = `${reaction.name}|${event.stream}`;
      const lane = lanes.get(key) ?? [];
      lane.push(async () => void ((await this.react(reaction, event, parked.has(key))) === 'parked' && parked.add(key)));
      lanes.set(key, lane);
    }
    const queue = [...lanes.values()];
    const worker = async (): Promise<void> => {
      for (let lane = queue.shift(); lane !== undefined; lane = queue.shift()) for (const step of lane) await step();
    };
    const results = await Promise.allSettled(Array.from({ length: LANES }, worker));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  /** `isParked`: something of the stream was parked for the reaction when last looked. */
  private async react(reaction: AnyReaction, event: StoredEvent, isParked: boolean): Promise<'done' | 'parked'> {
    const { parked, parts, metrics, attemptsMax, backoffMs, onTrouble } = this.options;
    if (isParked && (await parked.append(reaction.name, event))) return 'parked';
    for (let attempt = 1; ; attempt += 1) {
      try {
        await runReaction(parts, reaction, { item: itemOfStored(event), traceparent: traceOfStored(event) });
        metrics.reaction(reaction.name, 'done');
        return 'done';
      } catch (fault) {
        const isFinal = !isOutage(fault) && attempt >= attemptsMax;
        metrics.reaction(reaction.name, isFinal ? 'parked' : 'failed');
        onTrouble(reaction.name, event, fault, isFinal);
        if (isFinal) {
          await parked.park(reaction.name, event, describeError(fault), attempt);
          return 'parked';
        }
        if (isOutage(fault)) throw fault;
      }
      await pause(Math.min(2_000, backoffMs * 2 ** (attempt - 1)));
    }
  }
}
