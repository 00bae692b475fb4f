import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { fingerprintOf, uuid5 } from '@qiyue/event-store';
import { CALLER, type Caller } from '../http/caller';
import { kitProblem } from '../http/problem';
import { TRACE, type TracedRequest } from '../http/problem-filter';
import { ROUTE, type RouteInfo, type RoutedRequest } from '../http/routes';
import type { Claims, IssuedClaims, Tokens } from './tokens';

/** Tells whether a valid token belongs to a session that has been ended. */
export type SessionGate = (request: FastifyRequest, claims: IssuedClaims) => Promise<boolean>;

/** Namespace of command ids that come from idempotency keys. */
const KEYED_COMMANDS = 'd9a3a1c4-6c0f-5f0b-9a44-6a3a5d0f6c11';
/** Where the request keeps what its token says, once it may go on; undefined there for whoever came without one. */
const CLAIMS = Symbol('claims');
type AdmittedRequest = RoutedRequest & { [CLAIMS]?: { readonly claims: Claims | undefined }; [CALLER]?: Caller };
const PRINTABLE = /^[\x21-\x7e]+$/;
const CORRELATION = /^[A-Za-z0-9._:-]{1,100}$/;
const unsafeMethods = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

const header = (request: FastifyRequest, name: string): string | undefined => {
  const value = request.headers[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
};

const bearerOf = (request: FastifyRequest): string | undefined => {
  const value = header(request, 'authorization');
  if (value === undefined) return undefined;
  const match = /^Bearer +([^\s]+)$/i.exec(value);
  if (match === null) throw kitProblem('unauthenticated');
  return match[1];
};

/** What is no ETag of ours stands for a revision that no stream ever has. */
const revisionOf = (request: FastifyRequest): string | undefined => {
  const value = header(request, 'if-match');
  if (value === undefined || value === '*') return undefined;
  return /^(?:W\/)?"(\d{1,20})"$/.exec(value)?.[1] ?? 'none of ours';
};

const keyOf = (request: FastifyRequest): string | undefined =>
  unsafeMethods.has(request.method) ? header(request, 'idempotency-key') : undefined;

const callerOf = (request: FastifyRequest, claims: Claims | undefined): Caller => {
  const path = request.url.split('?')[0] ?? '';
  const who = claims?.sub ?? 'anonymous';
  const role = claims?.role ?? 'anonymous';
  const key = keyOf(request);
  const commandId = key === undefined ? randomUUID() : uuid5(KEYED_COMMANDS, JSON.stringify([role, who, request.method, path, key]));
  const correlation = header(request, 'x-correlation-id');
  const accountId = claims?.accountId ?? (claims?.role === 'customer' ? claims.sub : undefined);
  const expectedRevision = revisionOf(request);
  return {
    id: who,
    role,
    commandId,
    keyed: key !== undefined,
    fingerprint: fingerprintOf([request.method, path, request.body ?? {}]),
    correlationId: correlation !== undefined && CORRELATION.test(correlation) ? correlation : commandId,
    traceparent: (request as TracedRequest)[TRACE]?.traceparent ?? '',
    route: `${request.method} ${request.routeOptions.url ?? path}`,
    ...(accountId === undefined ? {} : { accountId }),
    ...(claims?.sid === undefined ? {} : { sessionId: claims.sid }),
    ...(expectedRevision === undefined ? {} : { expectedRevision }),
  };
};

interface AdmissionRules {
  readonly tokens: Tokens;
  readonly hasEnded: SessionGate;
  readonly keyCharsMax: number;
}

/** Who a request is from, where its route lets them in; throws otherwise. */
const claimsFor = async (request: AdmittedRequest, { access }: RouteInfo, { tokens, hasEnded }: AdmissionRules) => {
  if (access === undefined) throw kitProblem('forbidden');
  const token = bearerOf(request);
  const claims = token === undefined ? undefined : await tokens.verify(token);
  if (claims === undefined && (token !== undefined || !access.public)) throw kitProblem('unauthenticated');
  if (claims !== undefined && (await hasEnded(request, claims))) throw kitProblem('unauthenticated');
  if (!access.public && claims !== undefined && !access.roles.includes(claims.role)) throw kitProblem('forbidden');
  return claims;
};

/**
 * Judges a request by its head alone, before a byte of its body is read: whether there is such a route, whether the caller may go there, whether the
 * idempotency key is one. Who may not go on costs us neither parsing nor memory. Throws the problem.
 */
export const admission =
  (routeOf: (request: FastifyRequest) => RouteInfo | undefined, rules: AdmissionRules) =>
  async (request: AdmittedRequest): Promise<void> => {
    if (request.is404) throw kitProblem('not-found');
    const route = routeOf(request);
    // Papers of the process, served beside Nest.
    if (route === undefined) return;
    request[ROUTE] = route;
    request[CLAIMS] = { claims: await claimsFor(request, route, rules) };
    const key = keyOf(request);
    if (key !== undefined && (key.length > rules.keyCharsMax || !PRINTABLE.test(key))) throw kitProblem('idempotency-key-invalid');
  };

/** Lets nothing through to a controller that was not admitted, and notes who asks. */
export class AccessGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<AdmittedRequest>();
    const admitted = request[CLAIMS];
    if (admitted === undefined) throw kitProblem('forbidden');
    request[CALLER] = callerOf(request, admitted.claims);
    return true;
  }
}
