import { types as pgTypes, type ClientBase, type Connection, type CustomTypesConfig, type PoolClient, type Submittable } from 'pg';
import { statement, type Statement } from './statement';

/** A statement with its values. One that has a name is parsed and planned once by each connection. */
export interface Question {
  readonly name?: string;
  readonly text: string;
  readonly values?: readonly unknown[];
  /** Rows as arrays, not as objects by column. */
  readonly rowMode?: 'array';
  /** In place of the parsers of `pg`. */
  readonly types?: CustomTypesConfig;
}

/** What a statement gave. */
export interface Answer<Row = Record<string, unknown>> {
  readonly rows: Row[];
  /** Rows found or written. */
  readonly rowCount: number;
}

interface Field {
  readonly name: string;
  readonly dataTypeID: number;
}

type Parse = (text: string) => unknown;

/** What is used of a connection of `pg` beyond what its types tell. */
interface Wire {
  readonly parsedStatements: Record<string, string>;
  readonly submittedNamedStatements: Record<string, string>;
  readonly stream: { cork(): void; uncork(): void };
  parse(statement: { readonly name: string; readonly text: string }): void;
  bind(portal: { readonly statement: string; readonly values: readonly (string | null)[] }): void;
  describe(portal: { readonly type: 'P'; readonly name: '' }): void;
  execute(portal: object): void;
  sync(): void;
}

/** The columns of statements that a connection knows. They stay what they are: PostgreSQL refuses a statement whose columns have changed. */
const columns = new WeakMap<Wire, Map<string, readonly Field[]>>();
const columnsOf = (wire: Wire): Map<string, readonly Field[]> => {
  const known = columns.get(wire) ?? new Map<string, readonly Field[]>();
  columns.set(wire, known);
  return known;
};

const textOf = (value: unknown): string | null => {
  if (value === null || value === undefined) return null;
  if (typeof value === 'object' || typeof value === 'function' || typeof value === 'symbol')
    throw new TypeError(`a ${typeof value} is no value of a statement`);
  return String(value as string | number | bigint | boolean);
};

const item = (value: unknown): string => {
  const text = textOf(value);
  return text === null ? 'NULL' : `"${text.replace(/["\\]/g, '\\$&')}"`;
};

/** A value as PostgreSQL reads it. */
const valueText = (value: unknown): string | null => (Array.isArray(value) ? `{${value.map(item).join(',')}}` : textOf(value));

/** Several statements as one query of `pg`: all their messages in one, and one sync behind them. */
class Together implements Submittable {
  private readonly answers: Answer<unknown>[] = [];
  private rows: unknown[] = [];
  private fields: readonly Field[] = [];
  private parsers: readonly Parse[] = [];
  private wire: Wire | undefined;

  constructor(
    private readonly questions: readonly Question[],
    private readonly values: readonly (readonly (string | null)[])[],
    private readonly resolve: (answers: readonly Answer<unknown>[]) => void,
    private readonly reject: (fault: Error) => void,
  ) {}

  /** The statement that answers are coming from: `pg` notes it as parsed when PostgreSQL says so. */
  get name(): string | undefined {
    return this.questions[this.answers.length]?.name;
  }

  get text(): string | undefined {
    return this.questions[this.answers.length]?.text;
  }

  readonly submit = (connection: Connection): void => {
    const wire = connection as unknown as Wire;
    this.wire = wire;
    wire.stream.cork();
    for (const [index, question] of this.questions.entries()) this.send(wire, question, this.values[index] ?? []);
    wire.sync();
    wire.stream.uncork();
    this.begin();
  };

  handleRowDescription({ fields }: { readonly fields: readonly Field[] }): void {
    this.read(fields);
  }

  handleDataRow({ fields: values }: { readonly fields: readonly (string | null)[] }): void {
    const { fields, parsers } = this;
    const row = (this.questions[this.answers.length]?.rowMode === 'array' ? [] : {}) as Record<string | number, unknown>;
    const isArray = Array.isArray(row);
    for (let index = 0; index < fields.length; index += 1) {
      const text = values[index];
      row[isArray ? index : (fields[index] as Field).name] = typeof text === 'string' ? (parsers[index] as Parse)(text) : null;
    }
    this.rows.push(row);
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    const { name } = this;
    if (name !== undefined && this.wire !== undefined) columnsOf(this.wire).set(name, this.fields);
    this.answers.push({ rows: this.rows, rowCount: Number(/\d+$/.exec(text)?.[0] ?? 0) });
    this.begin();
  }

  handleReadyForQuery(): void {
    this.resolve(this.answers);
  }

  /** The first fault: PostgreSQL passes over what follows it. */
  handleError(fault: Error): void {
    for (const { name } of this.questions) if (name !== undefined) delete this.wire?.submittedNamedStatements[name];
    this.reject(fault);
  }

  private send(wire: Wire, { name = '', text }: Question, values: readonly (string | null)[]): void {
    const isKnown = name !== '' && (wire.parsedStatements[name] ?? wire.submittedNamedStatements[name]) !== undefined;
    if (!isKnown) wire.parse({ name, text });
    if (!isKnown && name !== '') wire.submittedNamedStatements[name] = text;
    wire.bind({ statement: name, values });
    if (!columnsOf(wire).has(name)) wire.describe({ type: 'P', name: '' });
    wire.execute({});
  }

  /** Gets ready for what the next statement gives. */
  private begin(): void {
    const { name } = this;
    this.rows = [];
    this.read((name === undefined || this.wire === undefined ? undefined : columnsOf(this.wire).get(name)) ?? []);
  }

  private read(fields: readonly Field[]): void {
    const types = this.questions[this.answers.length]?.types ?? pgTypes;
    this.fields = fields;
    this.parsers = fields.map(({ dataTypeID }) => types.getTypeParser(dataTypeID, 'text') as Parse);
  }
}

/**
 * Puts several statements to PostgreSQL in one message and has all answers in one: what costs most of a small statement is its way. They run in order, and
 * outside a transaction as one: if one fails so do all. Values are texts, numbers, booleans, null and arrays of them.
 */
export const together = (client: ClientBase, questions: readonly Question[]): Promise<readonly Answer[]> =>
  new Promise((resolve, reject) => {
    const values = questions.map((question) => (question.values ?? []).map(valueText));
    client.query(new Together(questions, values, resolve as (answers: readonly Answer<unknown>[]) => void, reject));
  });

const names = new Map<string, Statement>();
const named = (text: string): Statement => {
  const known = names.get(text) ?? statement(text);
  names.set(text, known);
  return known;
};

/** The same connection, but its statements of one moment go together, and under names; those that have not left can be dropped. */
const bundling = (client: PoolClient): { readonly tx: PoolClient; readonly drop: () => void } => {
  let waiting: { readonly question: Question; readonly resolve: (answer: Answer) => void; readonly reject: (fault: unknown) => void }[] =
    [];
  const send = (): void => {
    const group = waiting;
    waiting = [];
    if (group.length === 0) return;
    together(
      client,
      group.map(({ question }) => question),
    ).then(
      (answers) => group.forEach(({ resolve }, index) => resolve(answers[index] as Answer)),
      (fault: unknown) => group.forEach(({ reject }) => reject(fault)),
    );
  };
  const query = (given: string | Question, values: readonly unknown[] = []): Promise<Answer> =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) process.nextTick(send);
      waiting.push({ question: typeof given === 'string' ? { ...named(given), values } : given, resolve, reject });
    });
  return { tx: Object.create(client, { query: { value: query } }) as PoolClient, drop: () => void (waiting = []) };
};

/** What a short transaction came to, and what it still has on the way. */
export interface Written<T> {
  readonly value: T;
  /** Its last statements, which the commit goes with: not to be waited for. */
  readonly last: readonly Promise<unknown>[];
}

/**
 * A transaction of few round trips: its beginning goes with the first statements of `run`, its commit with the last ones. Does not wait for the disk
 * (`BEGIN_UNHURRIED`). Rolls back and throws on when it throws.
 */
export const transactShortly = async <T>(client: PoolClient, run: (tx: PoolClient) => Promise<Written<T>>): Promise<T> => {
  const { tx, drop } = bundling(client);
  try {
    const begun = ['BEGIN', 'SET LOCAL synchronous_commit TO off'].map((text) => tx.query(text));
    const running = run(tx).then((written) => {
      // Nobody waits for them where something else has failed before.
      for (const one of written.last) one.catch(() => undefined);
      return written;
    });
    const [{ value, last }] = await Promise.all([running, ...begun]);
    await Promise.all([...last, tx.query('COMMIT')]);
    return value;
  } catch (fault) {
    // Behind the rollback it would be done for good.
    drop();
    // When even this fails the connection is gone, and its transaction with it; `withClient` then throws it away.
    await client.query('ROLLBACK').catch((error: Error) => client.emit('error', error));
    throw fault;
  }
};
