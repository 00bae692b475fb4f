import { randomBytes } from 'node:crypto';
import { Client, Pool, type PoolClient } from 'pg';
import { together, transactShortly, withClient } from './index';

const name = `together_${randomBytes(6).toString('hex')}`;
let client: Client;

beforeAll(async () => {
  client = new Client({ connectionString: `${process.env['QIYUE_TEST_POSTGRES_URL']!}/postgres` });
  client.on('error', () => undefined);
  await client.connect();
  await client.query(`CREATE TABLE ${name} (id integer PRIMARY KEY, note text)`);
});
afterAll(async () => {
  await client.query(`DROP TABLE ${name}`);
  await client.end();
});

const insert = { name: `${name}_insert`, text: `INSERT INTO ${name} SELECT * FROM unnest($1::int[], $2::text[])` };
const all = { name: `${name}_all`, text: `SELECT id, note FROM ${name} ORDER BY id` };
const noted = async (): Promise<string> => (await together(client, [all]))[0]!.rows.map(({ id, note }) => `${id}:${note}`).join();

describe('statements put together', () => {
  test('are answered each with its own rows, in order, first and again', async () => {
    for (let round = 0; round < 3; round += 1) {
      const base = 2 * round;
      const answers = await together(client, [
        {
          ...insert,
          values: [
            [base, base + 1],
            ['say "\\"', null],
          ],
        },
        { ...all, rowMode: 'array' },
        {
          text: 'SELECT $1::bigint AS big, $2::boolean AS yes, $3::text AS none, $4::jsonb AS json',
          values: [7n, true, null, '{"a":[1]}'],
        },
        { text: `UPDATE ${name} SET note = note WHERE id < 0` },
      ]);
      expect(answers[0]).toEqual({ rows: [], rowCount: 2 });
      expect(answers[1]?.rows.slice(-2)).toEqual([
        [base, 'say "\\"'],
        [base + 1, null],
      ]);
      expect(answers[2]?.rows).toEqual([{ big: '7', yes: true, none: null, json: { a: [1] } }]);
      expect(answers.map(({ rowCount }) => rowCount)).toEqual([2, base + 2, 1, 0]);
    }
  });

  test('are all done or none, and what PostgreSQL has prepared before the fault is known to be prepared', async () => {
    const before = await noted();
    const fresh = { name: `${name}_fresh`, text: `SELECT count(*)::int AS n FROM ${name}` };
    const late = { name: `${name}_late`, text: 'SELECT 1 AS one' };
    const broken = together(client, [fresh, { ...insert, values: [[900], ['x']] }, { ...insert, values: [[900], ['again']] }, late]);
    await expect(broken).rejects.toMatchObject({ code: '23505' });
    expect(await noted()).toBe(before);
    const [count, one] = await together(client, [fresh, late]);
    expect([count?.rows, one?.rows]).toEqual([[{ n: before.split(',').length }], [{ one: 1 }]]);
  });

  test('go on in a transaction that is open, and can end it', async () => {
    await together(client, [{ text: 'BEGIN' }, { ...insert, values: [[100], ['kept']] }]);
    await together(client, [{ ...insert, values: [[101], ['kept']] }, { text: 'COMMIT' }]);
    expect(await noted()).toMatch(/100:kept,101:kept$/);
  });

  test('find the columns as they are, and fail where they have changed since they were prepared', async () => {
    const star = { name: `${name}_star`, text: `SELECT * FROM ${name} WHERE id = 100` };
    expect((await together(client, [star]))[0]?.rows).toEqual([{ id: 100, note: 'kept' }]);
    await client.query(`ALTER TABLE ${name} ADD COLUMN more integer DEFAULT 5`);
    await expect(together(client, [star])).rejects.toMatchObject({ code: '0A000' });
    expect((await together(client, [{ text: star.text }]))[0]?.rows).toEqual([{ id: 100, note: 'kept', more: 5 }]);
  });

  test('with a value that is none never leave, and the connection goes on', async () => {
    await expect(together(client, [{ text: 'SELECT $1::text', values: [{}] }])).rejects.toThrow(TypeError);
    expect((await client.query<{ one: number }>('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });

  test('fail when their connection is cut', async () => {
    const other = new Client({ connectionString: `${process.env['QIYUE_TEST_POSTGRES_URL']!}/postgres` });
    other.on('error', () => undefined);
    await other.connect();
    await expect(together(other, [{ text: 'SELECT pg_terminate_backend(pg_backend_pid())' }, all])).rejects.toThrow();
    await expect(together(other, [all])).rejects.toThrow();
  });
});

describe('a short transaction', () => {
  let pool: Pool;
  beforeAll(() => void (pool = new Pool({ connectionString: `${process.env['QIYUE_TEST_POSTGRES_URL']!}/postgres`, max: 1 })));
  afterAll(() => pool.end());
  const note = (tx: PoolClient, id: number): Promise<unknown> => tx.query({ ...insert, values: [[200 + id], ['short']] });
  const short = async (): Promise<readonly number[]> =>
    (await client.query<{ id: number }>(`SELECT id FROM ${name} WHERE note = 'short' ORDER BY id`)).rows.map(({ id }) => id - 200);

  test('goes there and back once for what is read and once for what is written, and is whole', async () => {
    await withClient(pool, async (one) => {
      const sent = jest.spyOn((one as unknown as { connection: { sync(): void } }).connection, 'sync');
      const value = await transactShortly(one, async (tx) => {
        const found = await Promise.all([tx.query('SELECT $1::int AS n', [1]), tx.query('SELECT $1::int AS n', [2])]);
        return { value: found.map(({ rows }) => (rows[0] as { n: number }).n), last: [note(tx, 1), note(tx, 2)] };
      });
      expect([value, sent.mock.calls.length]).toEqual([[1, 2], 2]);
    });
    expect(await short()).toEqual([1, 2]);
  });

  test('leaves nothing when it throws, not even what was still to be sent', async () => {
    const thrown = withClient(pool, (one) =>
      transactShortly(one, async (tx) => {
        await tx.query('SELECT 1');
        void note(tx, 3).catch(() => undefined);
        throw new Error('no');
      }),
    );
    await expect(thrown).rejects.toThrow('no');
    await pool.query('SELECT 1');
    expect(await short()).toEqual([1, 2]);
  });

  test('leaves nothing when its last statements fail, and a connection that works', async () => {
    const failed = withClient(pool, (one) => transactShortly(one, (tx) => Promise.resolve({ value: 0, last: [note(tx, 4), note(tx, 1)] })));
    await expect(failed).rejects.toMatchObject({ code: '23505' });
    expect((await pool.query<{ one: number }>('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    expect(await short()).toEqual([1, 2]);
  });
});
