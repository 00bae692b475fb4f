import type { ArgumentMetadata, PipeTransform, Type as Class } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { validate, type ValidationError } from 'class-validator';
import { kitProblem, type FieldFault } from './problem';
import type { RouteInfo } from './routes';
import { escapePointer, shapeFaults } from './structure';

const faultsOf = (errors: readonly ValidationError[], at: string): readonly FieldFault[] =>
  errors.flatMap((error) => {
    const pointer = `${at}/${escapePointer(error.property)}`;
    return [...Object.values(error.constraints ?? {}).map((detail) => ({ pointer, detail })), ...faultsOf(error.children ?? [], pointer)];
  });

const plain = new Set<unknown>([String, Number, Boolean, Object, Array, Symbol, Date, Function]);

/**
 * Validates bodies and queries against their classes and refuses unknown fields, with a JSON pointer for each fault.
 * Pointers into a query start with `query`. Values are never repeated.
 */
export class StrictValidation implements PipeTransform {
  async transform(value: unknown, { metatype, type }: ArgumentMetadata): Promise<unknown> {
    if (metatype === undefined || plain.has(metatype) || type === 'custom' || type === 'param') return value;
    const given = value ?? {};
    const at = type === 'body' ? '' : type;
    if (typeof given !== 'object' || Array.isArray(given))
      throw kitProblem('invalid', { errors: [{ pointer: at, detail: 'must be an object' }] });
    const shape = shapeFaults(metatype as Class<object>, given, at);
    if (shape.length > 0) throw kitProblem('invalid', { errors: shape });
    const instance: unknown = plainToInstance(metatype, given);
    const errors = await validate(instance as object, {
      whitelist: true,
      forbidNonWhitelisted: true,
      forbidUnknownValues: true,
      validationError: { target: false, value: false },
    });
    if (errors.length > 0) throw kitProblem('invalid', { errors: faultsOf(errors, at) });
    return instance;
  }
}

const undeclared = (given: unknown, at: string): readonly FieldFault[] =>
  typeof given === 'object' && given !== null
    ? Object.keys(given).map((name) => ({ pointer: `${at}/${escapePointer(name)}`, detail: `${at === '' ? 'field' : 'parameter'} is not known here` }))
    : [];

/** Refuses what a route takes none of: fields of a body where it reads no body, parameters where it reads no query. */
export const refuseUndeclared = (route: RouteInfo, request: { readonly body?: unknown; readonly query?: unknown }): void => {
  const errors = [
    ...(route.query === undefined ? undeclared(request.query, 'query') : []),
    ...(route.body === undefined && !route.anyBody ? undeclared(request.body, '') : []),
  ];
  if (errors.length > 0) throw kitProblem('invalid', { errors });
};
