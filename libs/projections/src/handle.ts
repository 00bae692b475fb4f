import type { Pool } from 'pg';
import type { AnyReadModel } from './declaration';
import type { Position, Replay, Subscribe } from './sources';

/** Why a model stands still: a handler threw, or its row cannot be stored. Nothing is skipped; everything before the item is applied. */
export interface Halt {
  readonly model: string;
  readonly table: string;
  /** The item that could not be folded. */
  readonly item: { readonly id: string; readonly type: string; readonly stream: string; readonly revision: string };
  /** Message of the error. */
  readonly reason: string;
}

export interface ProjectionHooks {
  /** A model has halted. Log it as an error and raise an alarm. */
  readonly onHalt?: (halt: Halt) => void;
  /** A batch is committed: items folded per model, and how long the transaction took. */
  readonly onBatch?: (batch: { readonly items: number; readonly rows: number; readonly elapsedMs: number }) => void;
  /** A batch failed for a reason that passes (database away, for instance) and is tried again. */
  readonly onTrouble?: (trouble: { readonly error: unknown; readonly attempt: number }) => void;
  /** A rebuild begins or is live. */
  readonly onRebuild?: (rebuild: { readonly model: string; readonly table: string; readonly state: 'filling' | 'live' }) => void;
}

export interface OwnProjectionsOptions {
  readonly pool: Pool;
  /** Every read model of the service, those that follow facts alone too: their tables are made and rebuilt here. */
  readonly models: readonly AnyReadModel[];
  readonly subscribe: Subscribe;
  /** Needed as soon as a model follows facts and has to be filled or rebuilt. */
  readonly replay?: Replay;
  readonly hooks?: ProjectionHooks;
  /** Most own events in one transaction; 5,000 if left out. What is there is taken at once, nothing waits for a full batch. */
  readonly maxBatch?: number;
}

export interface ModelHealth {
  readonly model: string;
  /**
   * `live`: follows · `filling`: a new model is read from the start, or a resumed one from where it stood · `rebuilding`: the old rows serve
   * while the new ones fill · `halted`: see `halt`; if its table is not the one that serves, a rebuild halted and the old rows go on serving · `superseded`: the stored version is newer than this program's, which leaves the rows alone.
   */
  readonly state: 'live' | 'filling' | 'rebuilding' | 'halted' | 'superseded';
  /** The physical table that serves queries. */
  readonly table: string | undefined;
  readonly position: Position | undefined;
  readonly halt?: Halt;
}

/** The read models of a service, at work. */
export interface OwnProjections {
  /** Whether every own event of `$all` at the time of the call is in the rows and no rebuild is under way. Halted models are left out: see `health`. */
  caughtUp(): Promise<boolean>;
  /** Resolves when every filling and rebuild known at the time of the call is done; rejects with the first that cannot be done, or has halted already. */
  ready(): Promise<void>;
  /** How every model stands, as the database has it. */
  health(): Promise<readonly ModelHealth[]>;
  /** Fills a shadow table from the start and swaps it in, while the live one serves. Resolves after the swap. */
  rebuild(model: AnyReadModel): Promise<void>;
  /** Tries a halted model again: from where it stands, or, if it follows facts, by a rebuild. */
  resume(model: AnyReadModel): Promise<void>;
  /** Ends after the transaction in hand; resolves when nothing runs any more. A rebuild goes on at the next start. */
  stop(): Promise<void>;
}
