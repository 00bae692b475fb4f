import type { ArgumentMetadata, PipeTransform } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { validate, type ValidationError } from 'class-validator';
import { kitProblem, type FieldFault } from './problem';

const escape = (segment: string): string => segment.replaceAll('~', '~0').replaceAll('/', '~1');

const faultsOf = (errors: readonly ValidationError[], at: string): readonly FieldFault[] =>
  errors.flatMap((error) => {
    const pointer = `${at}/${escape(error.property)}`;
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
