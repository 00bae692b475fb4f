import { SetMetadata, type CustomDecorator, type Type as Class } from '@nestjs/common';
import type { AnyStream, CodeOf, CommandName } from '@qiyue/decider';
import type { Role } from './caller';

export const ACCESS = 'qiyue:access';
export const ANSWERS = 'qiyue:answers';
export const REVEALS = 'qiyue:reveals';
export const KEEPS_SEALED = 'qiyue:keeps-sealed';

/** Who may call a route. A controller with a route that says neither `For` nor `Public` does not start. */
export type Access = { readonly public: true } | { readonly public: false; readonly roles: readonly Role[] };

/** Roles that may call the route, or every route of the controller. */
export const For = (...allowed: [Role, ...Role[]]): CustomDecorator =>
  SetMetadata(ACCESS, { public: false, roles: allowed } satisfies Access);

/** Anyone may call the route; a token, if sent, must still be valid. */
export const Public = (): CustomDecorator => SetMetadata(ACCESS, { public: true } satisfies Access);

/** What a route can refuse with. */
export interface RouteAnswers {
  readonly stream?: AnyStream;
  readonly decide?: string;
  readonly codes: readonly string[];
}

/**
 * Documents what a command route can refuse with. `@Answers(order, 'requestRefund', 'order-unpaid', …)` checks the codes against the decision's;
 * codes that the stream's examples show are added. `@Answers('order-unpaid')` names codes alone.
 */
export function Answers<S extends AnyStream, N extends CommandName<S>>(stream: S, decide: N, ...codes: CodeOf<S, N>[]): MethodDecorator;
export function Answers(...codes: string[]): MethodDecorator;
export function Answers(first?: AnyStream | string, ...rest: string[]): MethodDecorator {
  const answers: RouteAnswers =
    typeof first === 'object'
      ? { stream: first, ...(rest[0] === undefined ? {} : { decide: rest[0] }), codes: rest.slice(1) }
      : { codes: first === undefined ? [] : [first, ...rest] };
  return SetMetadata(ANSWERS, answers);
}

export const REFUSES = 'qiyue:refuses';

/** Documents codes that a route refuses with beside its decision's: what its controller or a guard of it refuses by itself. */
export const Refuses = (...codes: [string, ...string[]]): CustomDecorator => SetMetadata(REFUSES, codes);

/**
 * Staff roles that see personal fields in the answers of this route (5.2); each such read is recorded. The account's own customer always does,
 * everyone else reads a mask.
 */
export const Reveals = (...allowed: [Role, ...Role[]]): CustomDecorator => SetMetadata(REVEALS, allowed);

/** The route answers with stored data as it is, personal fields sealed. */
export const KeepsSealed = (): CustomDecorator => SetMetadata(KEEPS_SEALED, true);

export const RETURNS = 'qiyue:returns';

/** What a route answers with, for the OpenAPI page. */
export interface Returned {
  readonly row: Class<object>;
  readonly list: boolean;
}

/** Documents a query route's answer: a row, or with `list: true` a page of rows. */
export const Returns = (row: Class<object>, options: { readonly list?: boolean } = {}): CustomDecorator =>
  SetMetadata(RETURNS, { row, list: options.list === true } satisfies Returned);
