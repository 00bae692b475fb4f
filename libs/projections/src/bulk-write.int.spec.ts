import { inOrder, inTransaction } from '@qiyue/database';
import type { ClientBase, Pool } from 'pg';
import { loadRows, writesOf } from './bulk-write';
import { slotOf, type Row } from './canonical';
import type { RowKey, TableShape } from './declaration';
import { openDatabase } from './testing-support';

const column = (property: string, type: 'text' | 'integer') => ({ property, name: property, type, nullable: false }) as const;
const [place, k1, note] = [column('place', 'text'), column('k1', 'integer'), column('note', 'text')];

let db: { readonly pool: Pool; readonly close: () => Promise<void> };
beforeAll(async () => (db = await openDatabase('bulk')));
afterAll(() => db.close());

describe.each([
  ['one column', [place], (n: number): RowKey => `p${n}`],
  ['several', [place, k1], (n: number): RowKey => ({ place: `p${n}`, k1: n })],
] as const)('rows with a key of %s', (_, key, keyOf) => {
  const name = `rows_${key.length}`;
  const shape: TableShape = { name, columns: [place, k1, note], key: [...key], indexes: [] };
  const rowOf = (n: number): Row => ({ place: `p${n}`, k1: n, note: `note ${n}` });
  const slots = (count: number) => Array.from({ length: count }, (_each, n) => slotOf(shape, keyOf(n)));

  test('are found by their keys alone, also in a table that is young: one that grows is never read whole', async () => {
    await db.pool.query(
      `CREATE TABLE ${name} (place text COLLATE "C" NOT NULL, k1 integer NOT NULL, note text NOT NULL, PRIMARY KEY (${key.map((one) => one.name).join(', ')}))`,
    );
    const scans = async (tx: ClientBase): Promise<string | undefined> =>
      (await tx.query<{ n: string }>('SELECT seq_scan AS n FROM pg_stat_xact_user_tables WHERE relname = $1', [name])).rows[0]?.n;
    await inTransaction(db.pool, async (tx) => {
      const rows = Array.from({ length: 30 }, (_each, n) => rowOf(n));
      await inOrder(tx, writesOf(shape, name, { added: rows, replaced: [], removed: [] }));
      const before = await scans(tx);
      expect([...(await loadRows(tx, shape, name, slots(60))).values()]).toEqual(rows);
      expect(await scans(tx)).toBe(before);
    });
  });
});
