import type { TSchema } from '@sinclair/typebox';
import Ajv, { type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import { PERSONAL } from './personal';

const ajv = addFormats(new Ajv({ allErrors: true, strict: false }));
ajv.addKeyword({ keyword: PERSONAL, schemaType: 'string' });

const compiled = new WeakMap<object, ValidateFunction>();

/** Faults of a value against a schema, as `pointer: problem`; empty when it fits. Never repeats the value itself. */
export const faultsOf = (schema: TSchema, value: unknown): readonly string[] => {
  let validate = compiled.get(schema);
  if (validate === undefined) compiled.set(schema, (validate = ajv.compile(schema)));
  return validate(value) ? [] : (validate.errors ?? []).map((fault) => `${fault.instancePath || '/'}: ${fault.message ?? 'does not fit'}`);
};
