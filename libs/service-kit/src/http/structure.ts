import type { Type as Class } from '@nestjs/common';
import { schemaOfClass, type JsonSchema } from '../docs/class-schema';
import type { FieldFault } from './problem';

/** A segment of a JSON pointer. */
export const escapePointer = (segment: string): string => segment.replaceAll('~', '~0').replaceAll('/', '~1');

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Faults of shape alone: null, a list where an object belongs, an object where a list does. The validators leave some of these through: to them null is
 * an optional property left out, and a list of parts is as good as the part.
 */
const faultsOfShape = (schema: JsonSchema, value: unknown, pointer: string): readonly FieldFault[] => {
  if (value === undefined) return [];
  if (value === null) return [{ pointer, detail: 'must not be null' }];
  if (schema['type'] === 'array') {
    if (!Array.isArray(value)) return [{ pointer, detail: 'must be a list' }];
    return value.flatMap((one, at) => faultsOfShape(schema['items'] as JsonSchema, one, `${pointer}/${at}`));
  }
  if (schema['type'] !== 'object') return [];
  if (!isObject(value)) return [{ pointer, detail: 'must be an object' }];
  const properties = schema['properties'] as Readonly<Record<string, JsonSchema>> | undefined;
  return Object.entries(properties ?? {}).flatMap(([name, own]) =>
    Object.hasOwn(value, name) ? faultsOfShape(own, value[name], `${pointer}/${escapePointer(name)}`) : [],
  );
};

const schemas = new WeakMap<Class<object>, JsonSchema>();

/** Faults of shape of a value that is to be an instance of a class. */
export const shapeFaults = (owner: Class<object>, value: unknown, at: string): readonly FieldFault[] => {
  const known = schemas.get(owner);
  const schema = known ?? schemaOfClass(owner);
  if (known === undefined) schemas.set(owner, schema);
  return faultsOfShape(schema, value, at);
};
