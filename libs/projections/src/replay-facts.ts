import type { ClientBase, Pool } from 'pg';
import type { ReadModel } from './declaration';
import { factsFor, foldFacts } from './facts-batch';
import { inTransaction } from '@qiyue/database';
import type { Halt } from './handle';
import { foldCarefully, type Member } from './member';
import { lockTables } from './registry';
import { Stopped, type Stopper } from './retry';
import { sourceOf, type Replay, type ReplayBatch } from './sources';

/** A rebuild that no retry can finish. */
export class RebuildImpossible extends Error {
  override readonly name = 'RebuildImpossible';
  constructor(
    message: string,
    readonly halt?: Halt,
  ) {
    super(message);
  }
}

/** A model that cannot fold its own history. */
export const haltedRebuild = (halt: Halt): RebuildImpossible =>
  new RebuildImpossible(`${halt.model} halted at ${halt.item.type} ${halt.item.stream}@${halt.item.revision}: ${halt.reason}`, halt);

/** Another program has swapped, dropped or replaced the table. Trying again finds out what there is to do now. */
export const gone = ({ physical, model }: Member): Error => new Error(`${physical} is gone: another program rebuilds ${model.name}`);

/** The services whose facts a model follows. */
export const servicesOf = (model: ReadModel): readonly string[] => [...new Set(model.facts.map(({ service }) => service))].sort();

/** Folds one piece of a replay and notes how far it came. The caller has locked the position row. */
const foldReplayed = async (tx: ClientBase, member: Member, batch: ReplayBatch): Promise<Halt | undefined> => {
  const facts = factsFor([member.model], batch.envelopes);
  const halts = await foldFacts(tx, [member], facts, { source: sourceOf(batch), coming: 'replayed' }, foldCarefully);
  await tx.query('UPDATE read_model_tables SET replay_cursor = $2 WHERE physical = $1', [member.physical, batch.next]);
  return halts[0];
};

/** Replays from the table's cursor to the end of the log, a transaction for each piece. Gives the number of envelopes read. */
export const replayInPieces = async (
  pool: Pool,
  stop: Stopper,
  replay: Replay,
  member: Member,
  cursor: string | undefined,
): Promise<number> => {
  let read = 0;
  for await (const batch of replay(servicesOf(member.model), cursor, stop.signal)) {
    if (stop.stopped) throw new Stopped();
    const halt = await inTransaction(pool, async (tx) => {
      const [table] = await lockTables(tx, [member.physical]);
      if (table === undefined || table.state === 'retired') throw gone(member);
      return table.halt ?? foldReplayed(tx, member, batch);
    });
    if (halt !== undefined) throw haltedRebuild(halt);
    read += batch.envelopes.length;
  }
  return read;
};

/** The last piece of a replay, inside the transaction that makes the table ready: nothing is delivered to the model while it runs. */
export const replayRest = async (
  tx: ClientBase,
  stop: Stopper,
  replay: Replay,
  member: Member,
  cursor: string | undefined,
): Promise<void> => {
  for await (const batch of replay(servicesOf(member.model), cursor, stop.signal)) {
    const halt = await foldReplayed(tx, member, batch);
    if (halt !== undefined) throw haltedRebuild(halt);
  }
};
