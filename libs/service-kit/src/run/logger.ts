import pino, { type DestinationStream, type Logger } from 'pino';

// Errors whose messages are written by this code base or by the language, and never quote data.
const speakingErrors = new Set([
  'UnexpectedRejection',
  'StoreFault',
  'WrongRevision',
  'AmbiguousAppend',
  'StoreUnavailable',
  'UnreadableEvent',
  'UnfitEvent',
  'SealBroken',
  'TypeError',
  'ReferenceError',
  'RangeError',
  'Unmappable',
  'Halt',
  'TryTimeout',
]);

/**
 * An error as the log may have it: name, code and where it came from. Messages of other code can quote data (PostgreSQL's do), so they are written
 * only at level `debug` and below, which is not for production.
 */
const errorForLog =
  (showMessages: boolean) =>
  (fault: unknown): object => {
    if (!(fault instanceof Error)) return { type: typeof fault };
    const { code } = fault as { code?: unknown };
    const isShown = showMessages || speakingErrors.has(fault.name);
    const frames = (fault.stack ?? '')
      .split('\n')
      .filter((line) => /^\s+at /.test(line))
      .map((line) => line.trim());
    return {
      type: fault.name,
      ...(isShown ? { message: fault.message } : {}),
      ...(typeof code === 'string' ? { code } : {}),
      at: frames.slice(0, 12),
      ...(fault.cause === undefined ? {} : { cause: errorForLog(showMessages)(fault.cause) }),
    };
  };

/** Fields that never reach the log, wherever they stand one or two levels deep. */
const redacted = [
  'authorization',
  'cookie',
  'password',
  'token',
  'secret',
  'body',
  'data',
  'phone',
  'email',
  'name',
  'address',
  'idNumber',
];

export const makeLogger = (level: string, logTo?: DestinationStream): Logger =>
  pino(
    {
      level,
      base: null,
      redact: { paths: redacted.flatMap((field) => [`*.${field}`, `*.*.${field}`, `*.headers.${field}`]), censor: '[redacted]' },
      serializers: { err: errorForLog(['trace', 'debug'].includes(level)) },
    },
    logTo ?? pino.destination({ fd: 1, sync: false }),
  );
