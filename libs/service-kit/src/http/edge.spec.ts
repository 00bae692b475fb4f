import {
  IsArray,
  IsEnum,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  Min,
  ValidateNested,
  ArrayMaxSize,
  ArrayMinSize,
  IsUUID,
} from 'class-validator';
import { Type } from 'class-transformer';
import { NotFoundException } from '@nestjs/common';
import { isSoundText, parseJsonBody } from './json-body';
import { kitProblem, kitProblems, problemOf, ProblemException } from './problem';
import { problemOfThrown } from './problem-filter';
import { traceOf } from './trace';
import { schemaOfClass } from '../docs/class-schema';
import { decodeCursor, encodeCursor } from '../run/cursor';
import { AccountForgotten, AmbiguousAppend, AppendTooLarge, StoreUnavailable } from '@qiyue/event-store';
import { lampRejections } from '../fixtures/lamp';
import { problemOfStoreFault } from '../run/commands-runtime';

describe('bodies', () => {
  const codeOf = (text: string | Buffer): string => {
    try {
      parseJsonBody(Buffer.from(text as string));
      return 'fine';
    } catch (fault) {
      return (fault as ProblemException).problem.code;
    }
  };
  test.each([
    ['{}', 'fine'],
    ['', 'fine'],
    ['{"a":"😀"}', 'fine'],
    ['{"a":"\\ud83d\\ude00"}', 'fine'],
    ['{"a":"\\ude00\\ud83d"}', 'malformed'],
    ['{"\\ud83d":1}', 'malformed'],
    ['{"a":{"b":["\\u0000"]}}', 'malformed'],
    ['{"a":{"__proto__":1}}', 'malformed'],
    ['{a:1}', 'malformed'],
    ['{"a":NaN}', 'malformed'],
    ['\ufeff{}', 'fine'],
    [`${'['.repeat(31)}${']'.repeat(31)}`, 'fine'],
    [`${'['.repeat(40)}${']'.repeat(40)}`, 'malformed'],
    [`${'['.repeat(100_000)}${']'.repeat(100_000)}`, 'malformed'],
  ])('%.40j is %s', (text, code) => expect(codeOf(text)).toBe(code));
  test('text with half a character is not sound', () =>
    expect([isSoundText('a\ud800'), isSoundText('\udc00'), isSoundText('😀')]).toEqual([false, false, true]));
});

describe('problems', () => {
  test('details never overwrite what a problem says itself', () =>
    expect(
      problemOf({ code: 'lamp-burnt-out', details: { status: 200, code: 'x', title: 'y', lampId: 'l' } }, lampRejections.table).problem,
    ).toEqual({
      type: 'urn:qiyue:problem:lamp-burnt-out',
      title: 'The lamp has burnt out.',
      status: 409,
      code: 'lamp-burnt-out',
      clause: '2.2.5',
      lampId: 'l',
    }));
  test("the clause of the decision wins over the table's", () =>
    expect(problemOf({ code: 'lamp-burnt-out', clause: '8.2.2' }, lampRejections.table).problem.clause).toBe('8.2.2'));
  test('a code that nobody declared is a fault of ours', () =>
    expect(() => problemOf({ code: 'lamp-stolen' }, lampRejections.table)).toThrow(/not declared/));
  test.each(Object.entries(kitProblems))('%s has its status and a sentence', (code, { status, meaning }) => {
    expect(kitProblem(code as never).problem).toMatchObject({ code, status, title: meaning });
    expect(meaning).toMatch(/^[A-Z].*\.$/);
  });
  test.each([
    [new NotFoundException('x'), 404, false],
    [Object.assign(new Error('x'), { statusCode: 413 }), 413, false],
    [Object.assign(new Error('x'), { statusCode: 415 }), 415, false],
    [new Error('inside'), 500, true],
    [Object.assign(new Error('x'), { statusCode: 299 }), 500, true],
    ['text', 500, true],
    [undefined, 500, true],
    [Object.assign(new Error('no database'), { code: 'ECONNREFUSED' }), 503, true],
    [new Error('timeout exceeded when trying to connect'), 503, true],
  ])('%s becomes %i', (thrown, status, isFault) => {
    const told = problemOfThrown(thrown);
    expect({ status: told.exception.problem.status, isFault: told.isFault }).toEqual({ status, isFault });
    expect(JSON.stringify(told.exception.problem)).not.toContain('inside');
  });
});

describe('what the store throws', () => {
  test.each([
    [new AppendTooLarge('x'), 'too-large'],
    [new AccountForgotten('a'), 'account-erased'],
    [new StoreUnavailable('x'), 'unavailable'],
    [new AmbiguousAppend('x'), 'unavailable'],
  ])('%s is %s', (fault, code) => expect(problemOfStoreFault(fault)).toMatchObject({ problem: { code } }));
  test('anything else stays what it is', () => {
    const fault = new Error('inside');
    expect(problemOfStoreFault(fault)).toBe(fault);
  });
});

describe('traces', () => {
  const id = '4bf92f3577b34da6a3ce929d0e0e4736';
  test('a trace goes on with a span of its own', () => {
    const { traceId, traceparent } = traceOf(`00-${id}-00f067aa0ba902b7-00`);
    expect(traceId).toBe(id);
    expect(traceparent).toMatch(new RegExp(`^00-${id}-(?!00f067aa0ba902b7)[0-9a-f]{16}-00$`));
  });
  test.each([
    undefined,
    '',
    'x',
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    `00-${id}-${'0'.repeat(16)}-01`,
    `01-${id}-00f067aa0ba902b7-01`,
    `00-${id.toUpperCase()}-00f067aa0ba902b7-01`,
    ['a', 'b'],
  ])('%j starts a new one', (header) => {
    const { traceId, traceparent } = traceOf(header);
    expect(traceId).not.toBe(id);
    expect(traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  });
});

describe('cursors', () => {
  const order = ['status', 'id'];
  test('what was put in comes out', () =>
    expect(decodeCursor(encodeCursor(order, { status: 'lit', id: 'x', other: 1 }), order)).toEqual(['lit', 'x']));
  test.each([
    '',
    'x',
    Buffer.from('[]').toString('base64url'),
    Buffer.from('["status,id",1]').toString('base64url'),
    Buffer.from('["status,id",{"$gt":1},"x"]').toString('base64url'),
    Buffer.from('["status,id","\\u0000","x"]').toString('base64url'),
    encodeCursor(['id'], { id: 'x' }),
  ])('%j is refused', (cursor) => expect(() => decodeCursor(cursor, order)).toThrow(ProblemException));
});

describe('schemas of bodies', () => {
  enum Colour {
    Red = 'red',
    Blue = 'blue',
  }
  class Part {
    @IsString()
    @Matches(/^[a-z]+$/)
    name!: string;
  }
  class Whole {
    @IsUUID() id!: string;
    @IsEnum(Colour) colour!: Colour;
    @IsIn([1, 2]) size!: number;
    @IsOptional() @IsInt() @Min(1) @Max(9) count?: number;
    @IsArray() @IsString({ each: true }) @Length(1, 5, { each: true }) @ArrayMinSize(1) tags!: string[];
    @ValidateNested({ each: true }) @Type(() => Part) @ArrayMaxSize(3) parts!: Part[];
    @ValidateNested() @Type(() => Part) part!: Part;
  }
  test('they say what the validators say', () =>
    expect(schemaOfClass(Whole)).toEqual({
      type: 'object',
      additionalProperties: false,
      required: expect.arrayContaining(['id', 'colour', 'size', 'tags', 'parts', 'part']),
      properties: {
        id: { type: 'string', format: 'uuid' },
        colour: { type: 'string', enum: ['red', 'blue'] },
        size: { type: 'number', enum: [1, 2] },
        count: { type: 'integer', minimum: 1, maximum: 9 },
        tags: { type: 'array', minItems: 1, items: { type: 'string', minLength: 1, maxLength: 5 } },
        parts: {
          type: 'array',
          maxItems: 3,
          items: {
            type: 'object',
            additionalProperties: false,
            required: ['name'],
            properties: { name: { type: 'string', pattern: '^[a-z]+$' } },
          },
        },
        part: {
          type: 'object',
          additionalProperties: false,
          required: ['name'],
          properties: { name: { type: 'string', pattern: '^[a-z]+$' } },
        },
      },
    }));
});
