/** The partition must not go on until somebody looks: something is missing, or there is no room left to park. */
export class Halt extends Error {
  override readonly name = 'Halt';
}

/** The batch does not continue where the group stands: another member was faster, or the transport read from elsewhere. Asked again, it will fit. */
export class OutOfPlace extends Error {
  override readonly name = 'OutOfPlace';
}

/** Nothing is parked where an operator wanted to give something up. */
export class NothingParked extends Error {
  override readonly name = 'NothingParked';
}

/** One try took longer than it may. What it still does must be harmless, as a reaction is idempotent. */
export class TryTimeout extends Error {
  override readonly name = 'TryTimeout';
}

/** An event cannot be told: it is not declared, or what would be told does not fit the fact's schema. */
export class Unmappable extends Error {
  override readonly name = 'Unmappable';
}

const part = (value: unknown): string | undefined =>
  (typeof value === 'string' || typeof value === 'number') && /^[\w.-]{1,64}$/.test(String(value)) ? String(value) : undefined;

/** Name and code of an error, never its message: messages quote data. */
export const describeError = (error: unknown): string => {
  if (!(error instanceof Error)) return 'not-an-error';
  // Not `name` alone: minified or wrapped errors carry their kind in the code.
  const code = part((error as { code?: unknown }).code);
  return `${part(error.name) ?? 'Error'}${code === undefined ? '' : `/${code}`}`;
};

// PostgreSQL: connection lost, shutting down, too many connections, serialisation, deadlock, lock not available.
const databaseOutage = /^(08...|57P0[1-5]|53...|40001|40P01|55P03)$/;
const networkOutage = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);
const outageNames = new Set(['StoreUnavailable', 'AmbiguousAppend', 'UnavailableError']);
// pg gives these no code.
const droppedConnection = /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error)/;

/** Whether an error says that something else is away rather than that the event is bad. gRPC's UNAVAILABLE counts; time-outs of a single try do not. */
export const isOutage = (error: unknown): boolean => {
  if (!(error instanceof Error)) return false;
  const { code, cause, transient } = error as { code?: unknown; cause?: unknown; transient?: unknown };
  return (
    transient === true ||
    code === 14 ||
    outageNames.has(error.name) ||
    droppedConnection.test(error.message) ||
    (typeof code === 'string' && (networkOutage.has(code) || databaseOutage.test(code))) ||
    (cause !== undefined && cause !== error && isOutage(cause))
  );
};
