import { Gathering } from './gathering';

/** A table of one's own: finds what it is told, when it is told to. */
const open = () => {
  const asked: string[][] = [];
  const answers: ((outcome: Error | undefined) => void)[] = [];
  const gathering = new Gathering<string>(async (keys) => {
    asked.push([...keys]);
    const fault = await new Promise<Error | undefined>((resolve) => answers.push(resolve));
    if (fault !== undefined) throw fault;
    return new Map(keys.filter((key) => key !== 'none').map((key) => [key, `row of ${key}`]));
  });
  /** Answers the statement under way, with the fault if there is one, and lets what follows begin. */
  const answer = async (fault?: Error): Promise<void> => {
    answers.shift()?.(fault);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { gathering, asked, answer };
};

const fault = (code: string): Error => Object.assign(new Error(code), { code });

describe('look-ups', () => {
  test('the first goes at once; those that come meanwhile go together, each key once', async () => {
    const { gathering, asked, answer } = open();
    const first = gathering.get('a');
    const rest = ['b', 'c', 'b', 'a', 'none'].map((key) => gathering.get(key));
    expect(asked).toEqual([['a']]);
    await answer();
    expect(await first).toBe('row of a');
    expect(asked).toEqual([['a'], ['b', 'c', 'a', 'none']]);
    await answer();
    expect(await Promise.all(rest)).toEqual(['row of b', 'row of c', 'row of b', 'row of a', undefined]);
  });

  test('one that comes while its key is being looked for is not given what may be older than it: it goes with the next', async () => {
    const { gathering, asked, answer } = open();
    const before = gathering.get('a');
    const after = gathering.get('a');
    await answer();
    await answer();
    expect([await before, await after, asked]).toEqual(['row of a', 'row of a', [['a'], ['a']]]);
  });

  test('no more than a hundred keys go together', async () => {
    const { gathering, asked, answer } = open();
    const all = Array.from({ length: 202 }, (_, n) => gathering.get(String(n)));
    for (let round = 0; round < 4; round += 1) await answer();
    expect(await Promise.all(all)).toHaveLength(202);
    expect(asked.map(({ length }) => length)).toEqual([1, 100, 100, 1]);
  });

  test('a key that PostgreSQL cannot take fails by itself, the others are answered', async () => {
    const { gathering, asked, answer } = open();
    const all = Promise.allSettled(['a', 'b', 'bad', 'c'].map((key) => gathering.get(key)));
    await answer();
    await answer(fault('22021'));
    await answer();
    await answer(fault('22021'));
    await answer();
    expect((await all).map((one) => (one.status === 'fulfilled' ? one.value : (one.reason as Error).message))).toEqual([
      'row of a',
      'row of b',
      '22021',
      'row of c',
    ]);
    expect(asked).toEqual([['a'], ['b', 'bad', 'c'], ['b'], ['bad'], ['c']]);
  });

  test('a database that is away fails all that went together, and the next look-up asks again', async () => {
    const { gathering, asked, answer } = open();
    const all = Promise.allSettled(['a', 'b', 'c'].map((key) => gathering.get(key)));
    await answer();
    await answer(fault('57P01'));
    expect((await all).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    const later = gathering.get('b');
    await answer();
    expect([await later, asked.at(-1)]).toEqual(['row of b', ['b']]);
  });
});
