import type { Type as Class } from '@nestjs/common';
import { defaultMetadataStorage } from 'class-transformer/cjs/storage';
import { getMetadataStorage } from 'class-validator';
import { declaredExample } from './example';

/** A JSON schema, as far as this kit writes them. */
export type JsonSchema = { [keyword: string]: unknown };
type Rule = {
  readonly name?: string | undefined;
  readonly type: string;
  readonly constraints?: readonly unknown[];
  readonly each: boolean;
};

const formats: Readonly<Record<string, string>> = {
  isEmail: 'email',
  isUuid: 'uuid',
  isUrl: 'uri',
  isISO8601: 'date-time',
  isRFC3339: 'date-time',
  isDateString: 'date-time',
};

/** What one validator says, as keywords. Validators with no counterpart say nothing. */
const keywordsOf = (name: string, [first, second]: readonly unknown[]): JsonSchema => {
  switch (name) {
    case 'isString':
      return { type: 'string' };
    case 'isInt':
      return { type: 'integer' };
    case 'isNumber':
      return { type: 'number' };
    case 'isBoolean':
      return { type: 'boolean' };
    case 'isObject':
      return { type: 'object' };
    case 'isNotEmpty':
      return { minLength: 1 };
    case 'isLength':
      return { type: 'string', minLength: first, ...(second === undefined ? {} : { maxLength: second }) };
    case 'minLength':
      return { type: 'string', minLength: first };
    case 'maxLength':
      return { type: 'string', maxLength: first };
    case 'min':
      return { minimum: first };
    case 'max':
      return { maximum: first };
    case 'isPositive':
      return { exclusiveMinimum: 0 };
    case 'matches':
      return { type: 'string', pattern: (first as RegExp).source };
    case 'isIn':
      return { enum: first };
    case 'isEnum':
      return { enum: Object.values(first as object) };
    case 'equals':
      return { const: first };
    case 'isUuid':
    case 'isEmail':
    case 'isUrl':
    case 'isISO8601':
    case 'isRFC3339':
    case 'isDateString':
      return { type: 'string', format: formats[name] };
    default:
      return {};
  }
};

/** Keywords that hold for the list itself and not for its items. */
const listKeywordsOf = (name: string, [first]: readonly unknown[]): JsonSchema => {
  switch (name) {
    case 'isArray':
      return { type: 'array' };
    case 'arrayMinSize':
      return { type: 'array', minItems: first };
    case 'arrayNotEmpty':
      return { type: 'array', minItems: 1 };
    case 'arrayMaxSize':
      return { type: 'array', maxItems: first };
    case 'arrayUnique':
      return { type: 'array', uniqueItems: true };
    default:
      return {};
  }
};

const typeOfDesign = (design: unknown): JsonSchema =>
  design === String ? { type: 'string' } : design === Number ? { type: 'number' } : design === Boolean ? { type: 'boolean' } : {};

const nestedClass = (owner: Class<object>, property: string): Class<object> | undefined => {
  const typed = defaultMetadataStorage.findTypeMetadata(owner, property);
  return typed?.typeFunction() as Class<object> | undefined;
};

const propertySchema = (owner: Class<object>, property: string, rules: readonly Rule[]): JsonSchema => {
  const design: unknown = Reflect.getMetadata('design:type', owner.prototype as object, property);
  const named = rules.map((rule) => ({ ...rule, name: rule.name ?? rule.type, constraints: rule.constraints ?? [] }));
  const list: JsonSchema = Object.assign(
    {},
    ...named.filter(({ each }) => !each).map(({ name, constraints }) => listKeywordsOf(name, constraints)),
  );
  const isList = list['type'] === 'array' || design === Array || named.some(({ each }) => each);
  const nested = named.some(({ name }) => name === 'nestedValidation') ? nestedClass(owner, property) : undefined;
  const own = named.filter(({ each }) => each === isList).map(({ name, constraints }) => keywordsOf(name, constraints));
  const value: JsonSchema = nested === undefined ? Object.assign({}, isList ? {} : typeOfDesign(design), ...own) : schemaOfClass(nested);
  return isList ? { ...list, type: 'array', items: value } : value;
};

/** The JSON schema of a class, read off its validators; unknown properties are refused, as at the edge. */
export const schemaOfClass = (owner: Class<object>): JsonSchema => {
  const storage = getMetadataStorage();
  const grouped = storage.groupByPropertyName(storage.getTargetValidationMetadatas(owner, '', false, false));
  const properties: Record<string, JsonSchema> = {};
  const required: string[] = [];
  for (const [property, rules] of Object.entries(grouped)) {
    const example = declaredExample(owner, property);
    properties[property] = { ...propertySchema(owner, property, rules), ...(example === undefined ? {} : { examples: [example] }) };
    if (!rules.some(({ type }) => type === 'conditionalValidation')) required.push(property);
  }
  return { type: 'object', properties, additionalProperties: false, ...(required.length === 0 ? {} : { required }) };
};
