import type { Schema } from './operations';

/** A body that has one fault. Raw text where JSON of ours cannot say it. */
export interface Mutation {
  readonly name: string;
  readonly raw: string;
  /** Whether it is JSON that we read; a number beyond all numbers is not. */
  readonly isReadable: boolean;
}

type Path = readonly (string | number)[];
interface Place {
  readonly path: Path;
  readonly schema: Schema;
  readonly value: unknown;
}

const ABSENT = Symbol('absent');

/** A copy of a value with something else at a place. */
const withAt = (value: unknown, [head, ...rest]: Path, put: unknown): unknown => {
  if (head === undefined) return put;
  if (Array.isArray(value)) return value.map((one, at) => (at === head ? withAt(one, rest, put) : (one as unknown)));
  const { [head]: own, ...others } = value as Record<string | number, unknown>;
  const changed = withAt(own, rest, put);
  return changed === ABSENT ? others : { ...others, [head]: changed };
};

/** Every place of a schema, with what the example has there. Optional properties that the example leaves out are places as well. */
const placesOf = (schema: Schema, value: unknown, path: Path = []): readonly Place[] => [
  { path, schema, value },
  ...Object.entries(schema.properties ?? {}).flatMap(([name, own]) =>
    placesOf(own, (value as Record<string, unknown> | undefined)?.[name], [...path, name]),
  ),
  ...(schema.items !== undefined && Array.isArray(value) && value.length > 0 ? placesOf(schema.items, value[0], [...path, 0]) : []),
];

const otherTypes: Readonly<Record<string, readonly unknown[]>> = {
  string: [7, true, ['a'], { a: 1 }],
  integer: ['1', true, [1], {}, 1.5],
  number: ['1', true, [1], {}],
  boolean: ['true', 1, [], {}],
  array: ['a', 7, { 0: 'a' }],
  object: ['a', 7, true, []],
};

/** What no money is: less than nothing, parts of a fen, more than a number holds exactly, text. */
const noMoney = ['-1', '0.5', '-0.01', '9007199254740992', '1e21', '1e400', '"100"', '"1,00"'];

const valuesOf = ({ schema, value, path }: Place): readonly (readonly [string, unknown])[] => {
  const { type = '', minLength = 0, maxLength, minimum, maximum, minItems = 0, maxItems = Infinity, pattern, enum: choices } = schema;
  const isText = type === 'string';
  return [
    ...(otherTypes[type] ?? []).map((wrong) => [`${JSON.stringify(wrong)} for ${type}`, wrong] as const),
    ['null', null],
    ...(type === 'object' && schema.properties !== undefined ? [['itself in a list', [value ?? {}]] as const] : []),
    ...(isText && minLength > 0 ? [['empty text', ''] as const] : []),
    ...(isText && maxLength !== undefined ? [['text one too long', 'x'.repeat(maxLength + 1)] as const] : []),
    ...(pattern === undefined ? [] : [['text that does not fit', '\u00a7 \n'] as const]),
    ...(schema.format === undefined ? [] : [['text of no such format', 'no such thing'] as const]),
    ...(choices === undefined ? [] : [['an outsider', 'outsider'] as const]),
    ...(minimum === undefined ? [] : [['one too little', minimum - 1] as const]),
    ...(maximum === undefined ? [] : [['one too much', maximum + 1] as const]),
    ...(minItems > 0 ? [['an empty list', []] as const] : []),
    ...(maxItems < 2_000 && Array.isArray(value)
      ? [['a list one too long', Array.from({ length: maxItems + 1 }, () => value[0])] as const]
      : []),
    ...(path.length > 0 && type === 'array' ? [['a list in a list', [value ?? []]] as const] : []),
  ];
};

const pointer = (path: Path): string => `/${path.join('/')}`;
const MARK = 'put-it-here';

const moneyMutations = (example: unknown, { path }: Place): readonly Mutation[] =>
  /Minor$/.test(String(path.at(-1)))
    ? noMoney.map((text) => ({
        name: `${pointer(path)}: money of ${text}`,
        raw: JSON.stringify(withAt(example, path, MARK)).replace(`"${MARK}"`, text),
        isReadable: text !== '1e400',
      }))
    : [];

/** Every way in which a body can miss its schema by one fault. Each must be answered 422. */
export const mutationsOf = (schema: Schema, example: unknown): readonly Mutation[] =>
  placesOf(schema, example).flatMap((place) => {
    const { path, value } = place;
    const isRequired = (name: string): boolean => (place.schema.required ?? []).includes(name);
    const json = (name: string, put: unknown): Mutation => ({
      name: `${pointer(path)}: ${name}`,
      raw: JSON.stringify(withAt(example, path, put)),
      isReadable: true,
    });
    const parts = typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
    return [
      ...valuesOf(place).map(([name, put]) => json(name, put)),
      ...moneyMutations(example, place),
      ...(parts === undefined || place.schema.properties === undefined
        ? []
        : [
            json('an unknown field', { ...parts, unknown_field: 'hunter2' }),
            ...Object.keys(parts)
              .filter(isRequired)
              .map((name) => json(`without ${name}`, withAt(value, [name], ABSENT))),
          ]),
    ];
  });
