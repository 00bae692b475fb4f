import { events, internal, stream, Type } from '@qiyue/decider';
import { Column, Entity, Index, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';
import { foldRows } from './fold';
import { readModel } from './read-model';
import {
  AccountOpened,
  accountsModel,
  AccountRow,
  BalanceRow,
  balancesModel,
  itemOf,
  order,
  OrderRow,
  ordersModel,
} from './testing-support';

const refusal = (declare: () => unknown): string => {
  try {
    declare();
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    return (error as Error).message;
  }
  throw new Error('it was not refused');
};
const on = { OrderPaid: () => undefined };

describe('the table of a read model', () => {
  test('is read off the entity, without a data source', () => {
    const { shape } = ordersModel();
    expect(shape.name).toBe('orders');
    expect(shape.columns.map(({ name, type, nullable }) => `${name} ${type}${nullable ? '?' : ''}`)).toEqual([
      'orderId text',
      'customer text',
      'minor integer',
      'paidMinor bigint',
      'open boolean',
      'note text?',
      'lines jsonb',
    ]);
    expect(shape.key.map(({ name }) => name)).toEqual(['orderId']);
    expect(shape.indexes).toEqual([{ columns: ['customer'] }]);
  });
  test('may have a key of several columns', () =>
    expect(balancesModel().shape.key.map(({ property }) => property)).toEqual(['side', 'bucket']));
  test('takes columns of a parent class', () => {
    abstract class Parent {
      @PrimaryColumn() id!: string;
    }
    @Entity('children')
    class Child extends Parent {
      @Column({ name: 'the_name' }) name!: string;
    }
    const { shape } = readModel(Child, { version: 1, own: [order], on });
    expect(shape.columns.map(({ property, name }) => [property, name])).toEqual([
      ['id', 'id'],
      ['name', 'the_name'],
    ]);
  });
  test('has nothing that would come back other than it went in', () => {
    @Entity('dated')
    class Dated {
      @PrimaryColumn() id!: string;
      @Column() at!: Date;
    }
    @Entity('listed')
    class Listed {
      @PrimaryColumn() id!: string;
      @Column('text', { array: true }) tags!: string[];
    }
    @Entity('cut')
    class Cut {
      @PrimaryColumn() id!: string;
      @Column({ length: 3 }) code!: string;
    }
    @Entity('generated')
    class Generated {
      @PrimaryGeneratedColumn() id!: number;
    }
    @Entity('keyless')
    class Keyless {
      @Column() id!: string;
    }
    @Entity('unique_rows')
    class Unique {
      @PrimaryColumn() id!: string;
      @Index({ unique: true }) @Column() email!: string;
    }
    @Entity('jsonkey')
    class JsonKey {
      @PrimaryColumn('jsonb') id!: object;
    }
    @Entity('Bad Name"')
    class BadName {
      @PrimaryColumn() id!: string;
    }
    class NoEntity {
      id!: string;
    }
    const declared = (row: new () => object) => refusal(() => readModel(row, { version: 1, own: [order], on }));
    expect(declared(Dated)).toMatch(/dated\.at: Date is no column type/);
    expect(declared(Listed)).toMatch(/"array".*jsonb/);
    expect(declared(Cut)).toMatch(/cut\.code.*"length"/);
    expect(declared(Generated)).toMatch(/generated/);
    expect(declared(Keyless)).toMatch(/no primary column/);
    expect(declared(Unique)).toMatch(/streams decide uniqueness/);
    expect(declared(JsonKey)).toMatch(/jsonkey\.id/);
    expect(declared(BadName)).toMatch(/lower-case/);
    expect(declared(NoEntity)).toMatch(/no TypeORM entity/);
  });
});

describe('a declaration', () => {
  test('that handles what it does not follow is refused', () =>
    expect(refusal(() => readModel(OrderRow, { version: 1, own: [order], on: { OrderEaten: () => undefined } as never }))).toMatch(
      /OrderEaten/,
    ));
  test('that handles nothing is refused', () =>
    expect(refusal(() => readModel(OrderRow, { version: 1, own: [order], on: {} }))).toMatch(/nothing/));
  test('without a source is refused', () => expect(refusal(() => readModel(OrderRow, { version: 1, on: {} }))).toMatch(/neither/));
  test('with a version that is no whole number from 1 on is refused', () =>
    expect(refusal(() => readModel(OrderRow, { version: 0, own: [order], on }))).toMatch(/version/));
  test('of several sources must say that its handlers commute', () => {
    const declare = (more: { commutes?: true }) => readModel(OrderRow, { version: 1, own: [order], facts: [AccountOpened], on, ...more });
    expect(refusal(() => declare({}))).toMatch(/commutes/);
    expect(declare({ commutes: true }).facts).toHaveLength(1);
    expect(
      refusal(() =>
        readModel(AccountRow, {
          version: 1,
          facts: [AccountOpened, { ...AccountOpened, service: 'billing', name: 'PaymentApplied' }],
          on: { AccountOpened: () => undefined },
        }),
      ),
    ).toMatch(/commutes/);
  });
  test('in which one name comes from two places is refused', () => {
    const other = stream({
      category: 'other',
      events: events({ OrderPaid: internal('spec', Type.Object({})) }),
      initialState: { status: 'none' },
      evolve: (state) => state,
      decide: {},
    });
    expect(refusal(() => readModel(OrderRow, { version: 1, own: [order, other], on }))).toMatch(
      /OrderPaid comes from stream order and from stream other/,
    );
  });
  test('has another hash when a column, an index, a source or a handled name changes, and only then', () => {
    expect(ordersModel(2).hash).toBe(ordersModel(1).hash);
    expect(readModel(OrderRow, { version: 1, own: [order], on }).hash).not.toBe(ordersModel().hash);
  });
  test('that does not fit its types does not compile', () => {
    const types = (): void => {
      // @ts-expect-error -- no such event
      readModel(OrderRow, { version: 1, own: [order], on: { OrderEaten: () => undefined } });
      // @ts-expect-error -- a field that the event does not have
      readModel(OrderRow, { version: 1, own: [order], on: { OrderPaid: (row, { euros }) => row && { ...row, euros } } });
      // @ts-expect-error -- a row without its columns
      readModel(BalanceRow, { version: 1, own: [order], on: { OrderPaid: (_row, { minor }) => ({ side: 'x', minor: String(minor) }) } });
      readModel(AccountRow, {
        version: 1,
        facts: [AccountOpened],
        // @ts-expect-error -- a fact's field that is not there
        on: { AccountOpened: (row, { euros }) => row && { ...row, name: euros } },
      });
    };
    expect(types).toBeInstanceOf(Function);
  });
});

describe('a fold in memory', () => {
  const placed = itemOf('order-1', 0, 'OrderPlaced', { customer: 'a', minor: 5 });
  test('gives the rows a history leads to', () =>
    expect(
      foldRows(ordersModel(), [
        placed,
        itemOf('order-1', 1, 'LineAdded', { sku: 's', minor: 2 }),
        itemOf('order-1', 2, 'OrderPaid', { minor: 7 }),
      ]),
    ).toEqual([{ orderId: '1', customer: 'a', minor: 7, paidMinor: '7', open: false, note: null, lines: [{ minor: 2, sku: 's' }] }]));
  test('goes on from rows that are there', () => {
    const rows = foldRows(ordersModel(), [placed]);
    expect(foldRows(ordersModel(), [itemOf('order-1', 1, 'OrderDropped', {})], rows)).toEqual([]);
  });
  test('passes by what the model does not follow', () => expect(foldRows(accountsModel(), [placed])).toEqual([]));
  test('takes one and the same key twice as once', () => {
    const model = readModel(OrderRow, {
      version: 1,
      own: [order],
      on: {
        OrderPlaced: {
          key: ({ streamId }) => [streamId, streamId],
          fold: (row, { customer, minor }, { streamId }) => ({
            orderId: streamId,
            customer,
            minor: minor + (row?.minor ?? 0),
            paidMinor: '0',
            open: true,
            note: null,
            lines: [],
          }),
        },
      },
    });
    expect(foldRows(model, [placed])[0]?.minor).toBe(5);
  });
  test('gives handlers a row they cannot change', () => {
    const model = readModel(OrderRow, {
      version: 1,
      own: [order],
      on: {
        OrderPlaced: ordersModel().handlers.get('OrderPlaced')?.fold as never,
        LineAdded: (row, line) => {
          (row?.lines as unknown[]).push(line);
          return row as OrderRow;
        },
      },
    });
    expect(() => foldRows(model, [placed, itemOf('order-1', 1, 'LineAdded', { sku: 's', minor: 1 })])).toThrow(TypeError);
  });
  test.each([
    ['a fraction in an integer column', { minor: 1.5 }],
    ['an integer beyond 32 bits', { minor: 2 ** 31 }],
    ['text in a bigint column', { paidMinor: '1e3' }],
    ['a bigint beyond 64 bits', { paidMinor: '9223372036854775808' }],
    ['nothing in a column that is not null', { customer: null }],
    ['a date in jsonb', { lines: [new Map()] }],
    ['a number that is none in jsonb', { lines: [NaN] }],
    ['another primary key', { orderId: '2' }],
  ])('refuses %s', (_name, change) => {
    const model = readModel(OrderRow, {
      version: 1,
      own: [order],
      on: {
        OrderPlaced: (_row, { customer, minor }, { streamId }) => ({
          orderId: streamId,
          customer,
          minor,
          paidMinor: '0',
          open: true,
          note: null,
          lines: [],
          ...(change as object),
        }),
      },
    });
    expect(() => foldRows(model, [placed])).toThrow(TypeError);
  });
});
