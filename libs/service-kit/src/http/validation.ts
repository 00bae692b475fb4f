import type { ArgumentMetadata, PipeTransform, Type as Class } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { validate, type ValidationError } from 'class-validator';
import { schemaOfClass } from '../docs/class-schema';
import { kitProblem, type FieldFault } from './problem';
import type { RouteInfo } from './routes';
import { escapePointer, schemaFaults } from './structure';

const faultsOf = (errors: readonly ValidationError[], at: string): readonly FieldFault[] =>
  errors.flatMap((error) => {
    const pointer = `${at}/${escapePointer(error.property)}`;
    return [...Object.values(error.constraints ?? {}).map((detail) => ({ pointer, detail })), ...faultsOf(error.children ?? [], pointer)];
  });

const plain = new Set<unknown>([String, Number, Boolean, Object, Array, Symbol, Date, Function]);

/** Number('') is 0 and Number('0x10') is 16; a parameter that is a number says so in digits. */
const refuseOddNumbers = (owner: Class<object>, given: object): void => {
  const { properties = {} } = schemaOfClass(owner) as { readonly properties?: Readonly<Record<string, { readonly type?: string }>> };
  const errors = Object.entries(given)
    .filter(([name, text]) => ['integer', 'number'].includes(properties[name]?.type ?? '') && !/^-?\d+(\.\d+)?$/.test(String(text)))
    .map(([name]) => ({ pointer: `query/${escapePointer(name)}`, detail: `${name} must be one number` }));
  if (errors.length > 0) throw kitProblem('invalid', { errors });
};

/**
 * Validates bodies and queries against their classes and refuses unknown fields, with a JSON pointer for each fault.
 * Pointers into a query start with `query`. Values are never repeated.
 */
export class StrictValidation implements PipeTransform {
  async transform(value: unknown, { metatype, type }: ArgumentMetadata): Promise<unknown> {
    if (metatype === undefined || plain.has(metatype) || type === 'custom' || type === 'param') return value;
    const given = value === undefined ? {} : value;
    const at = type === 'body' ? '' : type;
    if (typeof given !== 'object' || given === null || Array.isArray(given))
      throw kitProblem('invalid', { errors: [{ pointer: at, detail: 'must be an object' }] });
    if (type === 'query') refuseOddNumbers(metatype as Class<object>, given);
    const instance: unknown = plainToInstance(metatype, given);
    const errors = await validate(instance as object, {
      whitelist: true,
      forbidNonWhitelisted: true,
      forbidUnknownValues: true,
      validationError: { target: false, value: false },
    });
    if (errors.length > 0) throw kitProblem('invalid', { errors: faultsOf(errors, at) });
    const further = type === 'body' ? schemaFaults(metatype as Class<object>, given) : [];
    if (further.length > 0) throw kitProblem('invalid', { errors: further });
    return instance;
  }
}

const namesIn = (given: unknown): readonly string[] => (typeof given === 'object' && given !== null ? Object.keys(given) : []);

/** Refuses what a route takes none of: a body where it reads none, parameters where it reads no query. An empty object is no body. */
export const refuseUndeclared = (route: RouteInfo, { body, query }: { readonly body?: unknown; readonly query?: unknown }): void => {
  const errors: FieldFault[] = [];
  if (route.query === undefined)
    errors.push(...namesIn(query).map((name) => ({ pointer: `query/${escapePointer(name)}`, detail: 'is not known here' })));
  if (route.body === undefined && !route.anyBody && body !== undefined) {
    if (typeof body !== 'object' || body === null || Array.isArray(body))
      errors.push({ pointer: '', detail: 'must be an object, or left out' });
    else errors.push(...namesIn(body).map((name) => ({ pointer: `/${escapePointer(name)}`, detail: 'is not known here' })));
  }
  if (errors.length > 0) throw kitProblem('invalid', { errors });
};
