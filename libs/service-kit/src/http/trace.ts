import { randomBytes } from 'node:crypto';

/** W3C trace context of one request. */
export interface Trace {
  readonly traceId: string;
  /** To be carried on: same trace, this request's span as the parent. */
  readonly traceparent: string;
}

const TRACEPARENT = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})$/;

/** Continues the caller's trace, or starts one when there is none or it cannot be read. */
export const traceOf = (header: unknown): Trace => {
  const match = typeof header === 'string' ? TRACEPARENT.exec(header) : null;
  const traceId = match?.[1] ?? randomBytes(16).toString('hex');
  return { traceId, traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-${match?.[2] ?? '01'}` };
};
