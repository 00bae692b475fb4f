import type { Type as Class } from '@nestjs/common';
import { faultsOf, type TSchema } from '@qiyue/decider';
import { schemaOfClass, type JsonSchema } from '../docs/class-schema';
import type { FieldFault } from './problem';

/** A segment of a JSON pointer. */
export const escapePointer = (segment: string): string => segment.replaceAll('~', '~0').replaceAll('/', '~1');

/** The schema without what only readers need. Formats are left to the validators, which know the finer points. */
const enforced = (schema: unknown): unknown => {
  if (Array.isArray(schema)) return schema.map(enforced);
  if (typeof schema !== 'object' || schema === null) return schema;
  const kept = Object.entries(schema).filter(([keyword]) => keyword !== 'format' && keyword !== 'examples');
  return Object.fromEntries(
    kept.map(([keyword, value]) => [
      keyword,
      keyword === 'properties'
        ? Object.fromEntries(Object.entries(value as JsonSchema).map(([name, own]) => [name, enforced(own)]))
        : enforced(value),
    ]),
  );
};

const schemas = new WeakMap<Class<object>, TSchema>();

/**
 * Faults of a body against what the OpenAPI page says of it. The validators leave some of these through: null is to them an optional property left out, a
 * list of parts as good as the part, and a property that is looked at on some condition alone may otherwise be anything.
 */
export const schemaFaults = (owner: Class<object>, body: unknown): readonly FieldFault[] => {
  const schema = schemas.get(owner) ?? (enforced(schemaOfClass(owner)) as TSchema);
  schemas.set(owner, schema);
  return faultsOf(schema, body).map((fault) => {
    const end = fault.indexOf(': ');
    return { pointer: fault.slice(0, end), detail: fault.slice(end + 2) };
  });
};
