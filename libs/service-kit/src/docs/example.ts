import type { JsonSchema } from './class-schema';

type Owner = abstract new (...args: never[]) => unknown;
const declared = new Map<Owner, Map<string, unknown>>();

/** What a property may look like, for the OpenAPI page: `@Example('91330106MA28XXXX7E')`. Needed where validators alone do not say, and for optional properties that should be shown. */
export const Example =
  (value: unknown): PropertyDecorator =>
  (target, property) => {
    const owner = target.constructor as Owner;
    declared.set(owner, (declared.get(owner) ?? new Map<string, unknown>()).set(String(property), value));
  };

/** The example that a class declares of its property, inherited ones included. */
export const declaredExample = (owner: Owner, property: string): unknown => {
  for (let one: unknown = owner; typeof one === 'function'; one = Object.getPrototypeOf(one)) {
    const found = declared.get(one as Owner);
    if (found?.has(property) === true) return found.get(property);
  }
  return undefined;
};

const texts = ['example', 'CNY', '123456', '2026-06-01T00:00:00+08:00'];
const formats: Readonly<Record<string, string>> = {
  email: 'li@example.com',
  uuid: '0b7f6f0e-0000-4000-8000-00000000000a',
  uri: 'https://example.com/',
  'date-time': '2026-06-01T00:00:00+08:00',
};

const textOf = ({ format, pattern, minLength = 0, maxLength = Infinity }: JsonSchema): string | undefined => {
  const candidates = typeof format === 'string' ? [formats[format] ?? ''] : texts;
  const fits = (text: string): boolean =>
    text.length >= (minLength as number) &&
    text.length <= (maxLength as number) &&
    (pattern === undefined || new RegExp(pattern as string, 'u').test(text));
  return candidates.find(fits);
};

const objectOf = ({ properties = {}, required = [] }: JsonSchema): unknown => {
  const example: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(properties as Readonly<Record<string, JsonSchema>>)) {
    const isShown = (required as readonly string[]).includes(name) || schema['examples'] !== undefined;
    const value = isShown ? exampleOf(schema) : undefined;
    if (isShown && value === undefined) return undefined;
    if (isShown) example[name] = value;
  }
  return example;
};

/** Something that fits a schema: what it declares, or the simplest there is. Undefined where nothing is declared and nothing simple fits. */
export const exampleOf = (schema: JsonSchema): unknown => {
  const { type, examples, enum: choices, const: only, minimum = 1, exclusiveMinimum } = schema;
  if (Array.isArray(examples)) return examples[0];
  if (only !== undefined) return only;
  if (Array.isArray(choices)) return choices[0];
  switch (type) {
    case 'object':
      return objectOf(schema);
    case 'array': {
      const item = exampleOf(schema['items'] as JsonSchema);
      return item === undefined ? undefined : [item];
    }
    case 'integer':
    case 'number':
      return Math.max(1, minimum as number, exclusiveMinimum === undefined ? 1 : (exclusiveMinimum as number) + 1);
    case 'boolean':
      return true;
    default:
      return textOf(schema);
  }
};
