import type { RejectionEntry } from '@qiyue/decider';

/** Codes that belong to no service: what the edge itself answers, in the order in which it looks. A request with two faults gets the first. */
export const kitProblems = {
  'headers-too-large': { status: 431, meaning: 'The headers of the request are larger than allowed.' },
  'too-slow': { status: 408, meaning: 'The request did not arrive in time.' },
  overloaded: { status: 503, meaning: 'Too many requests at a time; try again.' },
  'not-found': { status: 404, meaning: 'There is no such thing here.' },
  unauthenticated: { status: 401, meaning: 'A valid token is needed.' },
  forbidden: { status: 403, meaning: 'The role of the caller may not do this.' },
  'idempotency-key-invalid': { status: 400, meaning: 'The idempotency key is too long, or not made of printable characters.' },
  'unsupported-media-type': { status: 415, meaning: 'The body must be JSON.' },
  'too-large': { status: 413, meaning: 'The request is larger than allowed.' },
  malformed: { status: 400, meaning: 'The request could not be read.' },
  'in-progress': { status: 409, meaning: 'The same command is still being worked on.' },
  'idempotency-key-reused': { status: 422, meaning: 'The idempotency key was used for another request.' },
  invalid: { status: 422, meaning: 'The request has faults.' },
  'revision-mismatch': { status: 412, meaning: 'It has changed since it was read.' },
  'account-erased': { status: 409, meaning: 'The personal data of the account has been erased; nothing more can be recorded for it.' },
  busy: { status: 409, meaning: 'Others change the same thing at the same time; try again.' },
  fault: { status: 500, meaning: 'Something is wrong on our side.' },
  unavailable: { status: 503, meaning: 'Something the service depends on is not available; try again.' },
  'timed-out': { status: 503, meaning: 'The request took too long; the same idempotency key tells what became of it.' },
  'not-quiet': { status: 503, meaning: 'The platform did not become quiet in time.' },
} as const satisfies Record<string, { status: number; meaning: string }>;
export type KitCode = keyof typeof kitProblems;

/** One fault of a request: a JSON pointer into the body (or `query`, `path`) and what is wrong there. Never repeats the value. */
export interface FieldFault {
  readonly pointer: string;
  readonly detail: string;
}

/** RFC 9457 problem details, with ours added. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail?: string;
  readonly clause?: string;
  readonly agreementVersion?: string;
  readonly errors?: readonly FieldFault[];
  readonly [extension: string]: unknown;
}

/** Thrown at the edge to answer with a problem. `retryAfterSeconds` becomes the `Retry-After` header. */
export class ProblemException extends Error {
  constructor(
    readonly problem: Problem,
    readonly retryAfterSeconds?: number,
  ) {
    super(`${problem.status} ${problem.code}`);
    this.name = 'ProblemException';
  }
}

const typeOfCode = (code: string): string => `urn:qiyue:problem:${code}`;
const reserved = new Set(['type', 'title', 'status', 'code', 'detail', 'clause', 'agreementVersion', 'instance', 'traceId', 'errors']);

/** A problem of the edge itself. */
export const kitProblem = (
  code: KitCode,
  extra: { readonly detail?: string; readonly errors?: readonly FieldFault[]; readonly [extension: string]: unknown } = {},
  retryAfterSeconds?: number,
): ProblemException =>
  new ProblemException(
    { type: typeOfCode(code), title: kitProblems[code].meaning, status: kitProblems[code].status, code, ...extra },
    retryAfterSeconds,
  );

interface Refusal {
  readonly code: string;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  readonly clause?: string | undefined;
  readonly agreementVersion?: string | undefined;
}

/** The problem of a rejection, looked up in its service's table; kit codes are known everywhere. */
export const problemOf = (
  { code, details = {}, clause, agreementVersion }: Refusal,
  table: Readonly<Record<string, RejectionEntry>>,
): ProblemException => {
  const entry: { status: number; meaning: string; clause?: string } | undefined = table[code] ?? kitProblems[code as KitCode];
  if (entry === undefined) throw new Error(`rejection code ${code} is not declared`);
  const under = clause ?? entry.clause;
  return new ProblemException(
    {
      ...Object.fromEntries(Object.entries(details).filter(([name]) => !reserved.has(name))),
      type: typeOfCode(code),
      title: entry.meaning,
      status: entry.status,
      code,
      ...(under === undefined ? {} : { clause: under }),
      ...(agreementVersion === undefined ? {} : { agreementVersion }),
    },
    code === 'busy' ? 1 : undefined,
  );
};
