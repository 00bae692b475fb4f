import type { QueryConfig } from 'pg';
import { LookUps } from './gathering';

const fault = (code: string): Error => Object.assign(new Error(code), { code });

/** A database of one's own: finds what it is told, when it is told to, and refuses what it is told to refuse. */
const open = (refuses: (statement: QueryConfig) => string | undefined = () => undefined) => {
  const asked: QueryConfig[][] = [];
  const answers: ((outcome: Error | undefined) => void)[] = [];
  const lookUps = new LookUps(async (questions) => {
    asked.push([...questions]);
    const away = await new Promise<Error | undefined>((resolve) => answers.push(resolve));
    if (away !== undefined) throw away;
    return questions.map((question) => {
      const { text, values = [] } = question;
      const code = refuses(question);
      if (code !== undefined) return { status: 'rejected', reason: fault(code) };
      const found = (values as string[]).filter((key) => key !== 'none');
      return { status: 'fulfilled', value: { rows: found.map((key) => ({ key, row: `${text} ${key}` })) } };
    });
  });
  const kind = (text: string) =>
    lookUps.of<string>({
      ask: (keys) => ({ name: `named ${text}`, text, values: [...keys] }),
      sort: (rows) => new Map((rows as { key: string; row: string }[]).map(({ key, row }) => [key, row])),
    });
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  /** Answers what is under way, unless the database is away, and lets what follows begin. */
  const answer = async (away?: Error): Promise<void> => {
    await turn();
    answers.shift()?.(away);
    await turn();
  };
  const texts = (): string[][] => asked.map((questions) => questions.map(({ text, values = [] }) => `${text} ${values.join()}`));
  return { lookUps, kind, asked, texts, answer, turn };
};

const outcomes = (all: readonly PromiseSettledResult<string | undefined>[]) =>
  all.map((one) => (one.status === 'fulfilled' ? one.value : (one.reason as Error).message));

describe('look-ups', () => {
  test('of one turn go together, each key once, with one statement for each kind', async () => {
    const { kind, texts, answer } = open();
    const [orders, accounts] = [kind('order'), kind('account')];
    const all = [orders.get('a'), accounts.get('x'), orders.get('b'), orders.get('a'), orders.get('none')];
    await answer();
    expect(await Promise.all(all)).toEqual(['order a', 'account x', 'order b', 'order a', undefined]);
    expect(texts()).toEqual([['order a,b,none', 'account x']]);
  });

  test('that come meanwhile go together with the next, also for a key under way: what is found for that may be older', async () => {
    const { kind, texts, answer, turn } = open();
    const orders = kind('order');
    const before = orders.get('a');
    await turn();
    const after = [orders.get('a'), orders.get('b')];
    await turn();
    expect(texts()).toEqual([['order a']]);
    await answer();
    await answer();
    expect([await before, ...(await Promise.all(after))]).toEqual(['order a', 'order a', 'order b']);
    expect(texts()).toEqual([['order a'], ['order a,b']]);
  });

  test('go together up to a hundred keys', async () => {
    const { kind, asked, answer } = open();
    const orders = kind('order');
    const all = Array.from({ length: 202 }, (_, n) => orders.get(String(n)));
    for (let round = 0; round < 3; round += 1) await answer();
    expect(await Promise.all(all)).toHaveLength(202);
    expect(asked.map(([question]) => question?.values?.length)).toEqual([100, 100, 2]);
  });

  test('a key that PostgreSQL cannot take fails by itself, the others are answered', async () => {
    const { kind, texts, answer } = open(({ values = [] }) => (values.includes('bad') ? '22021' : undefined));
    const [orders, accounts] = [kind('order'), kind('account')];
    const all = Promise.allSettled([...['b', 'bad', 'c'].map((key) => orders.get(key)), accounts.get('x')]);
    await answer();
    await answer();
    expect(outcomes(await all)).toEqual(['order b', '22021', 'order c', 'account x']);
    expect(texts()).toEqual([
      ['order b,bad,c', 'account x'],
      ['order b', 'order bad', 'order c'],
    ]);
  });

  test('of a table whose columns are others since are asked anew, without the plan made for the old ones', async () => {
    const { kind, asked, answer } = open(({ name }) => (name === undefined ? undefined : '0A000'));
    const found = kind('order').get('a');
    await answer();
    await answer();
    expect([await found, asked.map(([question]) => question?.name)]).toEqual(['order a', ['named order', undefined]]);
  });

  test('of a statement that PostgreSQL refuses fail, and no others', async () => {
    const { kind, answer } = open(({ text }) => (text === 'order' ? '42P01' : undefined));
    const all = Promise.allSettled([kind('order').get('a'), kind('account').get('x')]);
    await answer();
    expect(outcomes(await all)).toEqual(['42P01', 'account x']);
  });

  test('whose rows cannot be sorted fail, and the next one is asked', async () => {
    const { lookUps, kind, answer } = open();
    const broken = lookUps.of<string>({
      ask: (keys) => ({ text: 'broken', values: [...keys] }),
      sort: () => {
        throw new TypeError('no row of mine');
      },
    });
    const all = Promise.allSettled([broken.get('a')]);
    await answer();
    expect(outcomes(await all)).toEqual(['no row of mine']);
    const later = kind('order').get('b');
    await answer();
    expect(await later).toBe('order b');
  });

  test('all fail together when the database is away, and the next one asks again', async () => {
    const { kind, texts, answer } = open();
    const [orders, accounts] = [kind('order'), kind('account')];
    const all = Promise.allSettled([orders.get('a'), orders.get('b'), accounts.get('x')]);
    await answer(new Error('connection refused'));
    expect(outcomes(await all)).toEqual(['connection refused', 'connection refused', 'connection refused']);
    const later = orders.get('b');
    await answer();
    expect([await later, texts().at(-1)]).toEqual(['order b', ['order b']]);
  });
});
