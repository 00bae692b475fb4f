import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { fingerprintOf, uuid5 } from '@qiyue/event-store';
import { ACCESS, type Access } from '../http/access';
import { CALLER, type Caller } from '../http/caller';
import { kitProblem } from '../http/problem';
import { TRACE, type TracedRequest } from '../http/problem-filter';
import type { Claims, IssuedClaims, Tokens } from './tokens';

/** Tells whether a valid token belongs to a session that has been ended. */
export type SessionGate = (request: FastifyRequest, claims: IssuedClaims) => Promise<boolean>;

/** Namespace of command ids that come from idempotency keys. */
const KEYED_COMMANDS = 'd9a3a1c4-6c0f-5f0b-9a44-6a3a5d0f6c11';
const KEY = /^[\x21-\x7e]{1,200}$/;
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

const revisionOf = (request: FastifyRequest): string | undefined => {
  const value = header(request, 'if-match');
  if (value === undefined || value === '*') return undefined;
  const match = /^(?:W\/)?"(\d{1,20})"$/.exec(value);
  if (match === null) throw kitProblem('revision-mismatch', { detail: 'If-Match must be one ETag as given by an answer' });
  return match[1];
};

const callerOf = (request: FastifyRequest, claims: Claims | undefined): Caller => {
  const path = request.url.split('?')[0] ?? '';
  const who = claims?.sub ?? 'anonymous';
  const role = claims?.role ?? 'anonymous';
  const key = unsafeMethods.has(request.method) ? header(request, 'idempotency-key') : undefined;
  if (key !== undefined && !KEY.test(key)) throw kitProblem('idempotency-key-invalid');
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

/** Lets a request through to a route that is open to its caller's role, and to no other. */
export class AccessGuard implements CanActivate {
  constructor(
    private readonly tokens: Tokens,
    private readonly hasEnded: SessionGate,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest & { [CALLER]?: Caller }>();
    const access = (Reflect.getMetadata(ACCESS, context.getHandler()) ?? Reflect.getMetadata(ACCESS, context.getClass())) as
      Access | undefined;
    if (access === undefined) throw kitProblem('forbidden');
    const token = bearerOf(request);
    const claims = token === undefined ? undefined : await this.tokens.verify(token);
    if (claims === undefined && (token !== undefined || !access.public)) throw kitProblem('unauthenticated');
    if (claims !== undefined && (await this.hasEnded(request, claims))) throw kitProblem('unauthenticated');
    if (!access.public && claims !== undefined && !access.roles.includes(claims.role)) throw kitProblem('forbidden');
    request[CALLER] = callerOf(request, claims);
    return true;
  }
}
