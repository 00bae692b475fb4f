import type { FastifyInstance } from 'fastify';
import { kitProblem } from './problem';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

// With the u flag a surrogate matches only where it stands alone.
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Text that every part behind the edge can hold: PostgreSQL takes no NUL, UTF-8 no lone surrogate. */
export const isSoundText = (text: string): boolean => !text.includes('\u0000') && !LONE_SURROGATE.test(text);

// Names that reach a prototype when an object is copied carelessly somewhere down the line.
const refusedKeys = new Set(['__proto__', 'constructor', 'prototype']);

const faultOf = (root: unknown, depthMax: number): string | undefined => {
  let level: unknown[] = [root];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > depthMax) return `the body is nested deeper than ${depthMax}`;
    const next: unknown[] = [];
    for (const value of level) {
      if (typeof value === 'number' && !Number.isFinite(value)) return 'the body holds a number that is too large';
      if (typeof value === 'string' && !isSoundText(value)) return 'the body holds text that is not valid Unicode, or a NUL';
      if (typeof value !== 'object' || value === null) continue;
      for (const [key, child] of Object.entries(value)) {
        if (refusedKeys.has(key) || !isSoundText(key)) return 'the body holds a key that is not allowed';
        next.push(child);
      }
    }
    level = next;
  }
  return undefined;
};

/** Where the request keeps its body as it came: signatures are over bytes, not over what they parse to. */
export const RAW_BODY = Symbol('raw body');

/** Parses a JSON body strictly: valid UTF-8, valid Unicode, no NUL, no key that reaches a prototype, at most so deep. Throws a 400 problem. */
export const parseJsonBody = (bytes: Buffer, depthMax = 32): unknown => {
  if (bytes.length === 0) return {};
  let body: unknown;
  try {
    body = JSON.parse(utf8.decode(bytes));
  } catch {
    throw kitProblem('malformed', { detail: 'the body is not JSON in UTF-8' });
  }
  const fault = faultOf(body, depthMax);
  if (fault !== undefined) throw kitProblem('malformed', { detail: fault });
  return body;
};

/** Makes JSON the only media type of bodies, and refuses unsound text in paths and queries. */
export const acceptJsonOnly = (fastify: FastifyInstance, depthMax: number): void => {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, bytes, done) => {
    (request as { [RAW_BODY]?: Buffer })[RAW_BODY] = bytes as Buffer;
    try {
      done(null, parseJsonBody(bytes as Buffer, depthMax));
    } catch (fault) {
      done(fault as Error);
    }
  });
  fastify.addHook('preValidation', (request, _reply, done) => {
    const texts = [request.params, request.query].flatMap((part) => Object.entries((part ?? {}) as Record<string, unknown>).flat());
    done(
      texts.flat().every((text) => typeof text !== 'string' || isSoundText(text))
        ? undefined
        : kitProblem('malformed', { detail: 'path or query holds text that is not valid Unicode, or a NUL' }),
    );
  });
};
