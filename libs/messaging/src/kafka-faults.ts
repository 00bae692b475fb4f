/** Faults that no waiting mends: wrong credentials, missing rights, a broker that speaks another protocol, a bug. */
const hopelessNames = new Set([
  'KafkaJSSASLAuthenticationError',
  'KafkaJSServerDoesNotSupportApiKey',
  'KafkaJSNotImplemented',
  'KafkaJSInvariantViolation',
  'KafkaJSUnsupportedMagicByteInMessageSet',
  'RangeError',
  'ReferenceError',
  'SyntaxError',
  'TypeError',
]);
const hopelessTypes = /_AUTHORIZATION_FAILED$|^(UNSUPPORTED_VERSION|INCONSISTENT_GROUP_PROTOCOL|INVALID_SESSION_TIMEOUT|INVALID_GROUP_ID)$/;

/** The fault inside its wrappings: the client wraps once for every layer that has tried. */
const innermost = (error: unknown): unknown => {
  const cause = (error as { readonly cause?: unknown } | undefined)?.cause;
  return cause === undefined || cause === error ? error : innermost(cause);
};

/** Whether a member that met this fault cannot find its way back, however long it tries. */
export const isHopeless = (error: unknown): boolean => {
  const { name, type } = (innermost(error) ?? {}) as { readonly name?: string; readonly type?: string };
  return hopelessNames.has(name ?? '') || hopelessTypes.test(type ?? '');
};

/** A fault of the broker or of the way to it, in the words of the rest of the library: an outage, so nothing is parked for it. */
export class BusUnavailable extends Error {
  override readonly name = 'BusUnavailable';
  readonly transient = true;
  readonly code: string;

  constructor(error: unknown) {
    super('the bus cannot be used now', { cause: error });
    const { name, type } = (innermost(error) ?? {}) as { readonly name?: string; readonly type?: string };
    this.code = type ?? name ?? 'unknown';
  }
}
