import { trace, type SpanContext } from '@opentelemetry/api';
import { randomBytes } from 'node:crypto';

/** W3C trace context of one request. */
export interface Trace {
  readonly traceId: string;
  /** To be carried on: same trace, this request's span as the parent. */
  readonly traceparent: string;
}

const TRACEPARENT = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})$/;

const write = ({ traceId, spanId, traceFlags }: SpanContext): Trace => ({
  traceId,
  traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`,
});

/**
 * Continues the caller's trace, or starts one when there is none or it cannot be read.
 * Where an OpenTelemetry SDK is registered (`--import` of its bootstrap), the span it has opened for the request is carried on instead;
 * what is exported, and where to, is the SDK's business. Without one this costs a random number.
 */
export const traceOf = (header: unknown): Trace => {
  const active = trace.getActiveSpan()?.spanContext();
  if (active !== undefined) return write(active);
  const match = typeof header === 'string' ? TRACEPARENT.exec(header) : null;
  const traceFlags = Number.parseInt(match?.[2] ?? '01', 16);
  const random = randomBytes(24).toString('hex');
  return write({ traceId: match?.[1] ?? random.slice(16), spanId: random.slice(0, 16), traceFlags });
};
