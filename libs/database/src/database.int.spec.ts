import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { Client, Pool, type QueryConfig } from 'pg';
import { allOf, inTransaction, migrate, sqlStateOf, surviveDrops, together, transactShortly, withClient } from './index';

const server = (): string => process.env['QIYUE_TEST_POSTGRES_URL']!;
const name = `database_${randomBytes(6).toString('hex')}`;
let pool: Pool;

const asAdmin = async (text: string): Promise<void> => {
  const client = new Client({ connectionString: `${server()}/postgres` });
  await client.connect();
  await client.query(text);
  await client.end();
};

beforeAll(async () => {
  await asAdmin(`CREATE DATABASE ${name}`);
  pool = new Pool({ connectionString: `${server()}/${name}`, max: 4 });
});
afterAll(async () => {
  await pool.end();
  await asAdmin(`DROP DATABASE ${name}`);
});

const count = async (table: string): Promise<number> =>
  Number((await pool.query<{ n: string }>(`SELECT count(*) AS n FROM ${table}`)).rows[0]?.n);

describe('a transaction', () => {
  beforeAll(() => pool.query('CREATE TABLE things (id integer PRIMARY KEY)'));
  test('is there once it has ended well', async () => {
    await inTransaction(pool, (tx) => tx.query('INSERT INTO things VALUES (1)'));
    expect(await count('things')).toBe(1);
  });
  test('leaves nothing when it throws, and the error is the one that was thrown', async () => {
    const attempt = inTransaction(pool, async (tx) => {
      await tx.query('INSERT INTO things VALUES (2)');
      throw new Error('no');
    });
    await expect(attempt).rejects.toThrow('no');
    expect(await count('things')).toBe(1);
  });
  test('can be begun as something more than a transaction', async () => {
    const level = await inTransaction(
      pool,
      async (tx) => (await tx.query<{ transaction_isolation: string }>('SHOW transaction_isolation')).rows[0],
      'BEGIN ISOLATION LEVEL REPEATABLE READ',
    );
    expect(level).toEqual({ transaction_isolation: 'repeatable read' });
  });
  test('is not needed for a connection to break at the very instant it is handed out: nobody can listen yet, and nothing ends', async () => {
    const guarded = surviveDrops(new Pool({ connectionString: `${server()}/${name}`, max: 1 }));
    const client = await guarded.connect();
    expect(client.emit('error', new Error('terminating connection due to unexpected postmaster exit'))).toBe(true);
    client.release(true);
    expect((await guarded.query<{ one: number }>('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await guarded.end();
  });
  test('whose connection is cut rejects, ends no process and leaves a pool that works', async () => {
    const attempt = inTransaction(pool, async (tx) => {
      await tx.query('INSERT INTO things VALUES (3)');
      const { rows } = await tx.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      await asAdmin(`SELECT pg_terminate_backend(${rows[0]?.pid ?? 0})`);
      await tx.query('SELECT 1');
    });
    await expect(attempt).rejects.toThrow();
    expect(await count('things')).toBe(1);
  });
});

describe('a short transaction', () => {
  beforeAll(() => pool.query('CREATE TABLE notes (id integer PRIMARY KEY)'));
  const noting = (id: unknown): QueryConfig => ({ text: 'INSERT INTO notes VALUES ($1)', values: [id] });
  const noted = async (): Promise<readonly number[]> =>
    (await pool.query<{ id: number }>('SELECT id FROM notes ORDER BY id')).rows.map(({ id }) => id);

  test('goes there and back once for what is read and once for what is written, and is whole', async () => {
    const value = await withClient(pool, async (client) => {
      const { stream } = (client as unknown as { readonly connection: { readonly stream: Duplex } }).connection;
      const sent = jest.spyOn(stream, '_writev' as never);
      const found = await transactShortly(client, async (tx) => {
        const [one, two] = await Promise.all([tx.query<{ n: number }>('SELECT 1 AS n'), tx.query<{ n: number }>('SELECT 2 AS n')]);
        return { value: [one.rows[0]?.n, two.rows[0]?.n], last: [noting(1), noting(2)] };
      });
      return [...found, sent.mock.calls.length];
    });
    expect(value).toEqual([1, 2, 2]);
    expect(await noted()).toEqual([1, 2]);
  });
  test('leaves nothing when it throws in the middle, though more was on its way', async () => {
    const thrown = withClient(pool, (client) =>
      transactShortly(client, async (tx) => {
        const more = tx.query(noting(3));
        more.catch(() => undefined);
        throw new Error('no');
      }),
    );
    await expect(thrown).rejects.toThrow('no');
    expect(await noted()).toEqual([1, 2]);
  });
  test('leaves nothing when one of its last statements fails, names the failure, and gives back a connection that works', async () => {
    await withClient(pool, async (client) => {
      const failed = transactShortly(client, async () => ({ value: 0, last: [noting(4), noting(1), noting(5)] }));
      await expect(failed).rejects.toMatchObject({ code: '23505' });
      expect((await client.query<{ one: number }>('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    });
    expect(await noted()).toEqual([1, 2]);
  });
  test('commits nothing when one of its last statements cannot even be sent', async () => {
    const circular: { self?: unknown } = {};
    circular.self = circular;
    for (const value of [circular, [1, [circular]], () => 8]) {
      const failed = withClient(pool, (client) => transactShortly(client, async () => ({ value: 0, last: [noting(7), noting(value)] })));
      await expect(failed).rejects.toThrow(TypeError);
    }
    expect(await noted()).toEqual([1, 2]);
  });
  test('whose connection is cut rejects and leaves nothing', async () => {
    const cut = withClient(pool, (client) =>
      transactShortly(client, async () => ({
        value: 0,
        last: [noting(6), { text: 'SELECT pg_terminate_backend(pg_backend_pid())' }],
      })),
    );
    await expect(cut).rejects.toThrow();
    expect(await noted()).toEqual([1, 2]);
  });
});

describe('statements put together', () => {
  test('are answered or refused each by itself, in order, first and again', async () => {
    for (let round = 0; round < 3; round += 1) {
      const answers = await withClient(pool, (client) =>
        together(client, [
          { name: 'one', text: 'SELECT $1::int AS n', values: [1] },
          { name: 'none', text: 'SELECT 1 / $1::int AS n', values: [0] },
          { name: 'two', text: 'SELECT $1::int AS n', values: [2] },
        ]),
      );
      expect(answers.map((one) => (one.status === 'fulfilled' ? one.value.rows : sqlStateOf(one.reason)))).toEqual([
        [{ n: 1 }],
        '22012',
        [{ n: 2 }],
      ]);
    }
  });
  test('all fail when their connection is cut', async () => {
    const answers = await withClient(pool, (client) =>
      together(client, [{ text: 'SELECT pg_terminate_backend(pg_backend_pid())' }, { text: 'SELECT 1' }]),
    );
    expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });
});

test('all of several works are waited for, and the first failure in their order is thrown', async () => {
  const ended: string[] = [];
  const work = async (name: string, ms: number, fails: boolean): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, ms));
    ended.push(name);
    if (fails) throw new Error(name);
  };
  await expect(allOf([work('late', 20, true), undefined, work('soon', 1, true), work('good', 30, false)])).rejects.toThrow('late');
  expect(ended).toEqual(['soon', 'late', 'good']);
});

test('a connection is given back whatever became of its work', async () => {
  for (let n = 0; n < 10; n += 1) await withClient(pool, () => Promise.reject(new Error('no'))).catch(() => undefined);
  expect(pool.idleCount).toBe(pool.totalCount);
});

test('what PostgreSQL calls its error is found, and nothing in errors of others', async () => {
  const fault: unknown = await pool.query('SELECT * FROM nowhere').catch((error: unknown) => error);
  expect(sqlStateOf(fault)).toBe('42P01');
  expect([sqlStateOf(new Error('x')), sqlStateOf(undefined), sqlStateOf({ code: 'ECONNRESET' })]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

describe('migrations', () => {
  const first = 'CREATE TABLE first (id integer)';
  const second = 'CREATE TABLE second (id integer)';
  test('are applied once, however many processes start at once, and those of two libraries do not meet', async () => {
    await Promise.all([
      ...Array.from({ length: 3 }, () => migrate(pool, 'one', [first])),
      ...Array.from({ length: 3 }, () => migrate(pool, 'other', ['CREATE TABLE other (id integer)'])),
    ]);
    expect(await count('kit_migrations')).toBe(2);
  });
  test('that came later are applied to what is there', async () => {
    await migrate(pool, 'one', [first, second]);
    expect(await count('second')).toBe(0);
  });
  test('are all or none: a later step that fails takes the earlier ones back', async () => {
    await expect(migrate(pool, 'broken', ['CREATE TABLE half (id integer)', 'CREATE NONSENSE'])).rejects.toThrow();
    await expect(pool.query('SELECT * FROM half')).rejects.toThrow(/does not exist/);
  });
});
