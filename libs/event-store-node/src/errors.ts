import { Metadata, status } from '@grpc/grpc-js';
import { InvalidFilterError } from './filter';
import { MalformedMessageError } from './protobuf';

/** An error as gRPC carries it; clients tell the kinds apart by the `exception` trailer. */
export class NodeError extends Error {
  constructor(
    readonly code: status,
    readonly details: string,
    readonly metadata: Metadata = new Metadata(),
  ) {
    super(details);
  }
}

const withTrailers = (code: status, details: string, exception: string, trailers: Readonly<Record<string, string>> = {}): NodeError => {
  const metadata = new Metadata();
  metadata.set('exception', exception);
  for (const [key, value] of Object.entries(trailers)) metadata.set(key, value);
  return new NodeError(code, details, metadata);
};

/** Trailers are ASCII: other characters of a stream name would break the whole answer. */
const trailerText = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?');

export const streamDeleted = (stream: string): NodeError =>
  withTrailers(status.FAILED_PRECONDITION, `Event stream '${stream}' is deleted.`, 'stream-deleted', {
    'stream-name': trailerText(stream),
  });

/** `expected` and `actual` as the protocol numbers them: -1 for no stream. Clients read an empty `actual-version` as no stream. */
export const wrongExpectedVersion = (operation: string, stream: string, expected: bigint, actual: number): NodeError =>
  withTrailers(
    status.FAILED_PRECONDITION,
    `${operation} failed due to WrongExpectedVersion. Stream: ${stream}, Expected version: ${expected}, Actual version: ${actual}`,
    'wrong-expected-version',
    {
      'stream-name': trailerText(stream),
      'expected-version': expected.toString(),
      'actual-version': actual < 0 ? '' : BigInt(actual).toString(),
    },
  );

export const maxAppendSizeExceeded = (limit: number): NodeError =>
  withTrailers(status.INVALID_ARGUMENT, `Maximum Append Size of ${limit} Exceeded.`, 'maximum-append-size-exceeded', {
    'maximum-append-size': String(limit),
  });

export const missingMetadata = (property: string): NodeError =>
  withTrailers(status.INVALID_ARGUMENT, `Required Metadata Property '${property}' is missing`, 'missing-required-metadata-property', {
    'required-metadata-properties': 'type,content-type',
  });

export const accessDenied = (): NodeError => withTrailers(status.PERMISSION_DENIED, 'Access Denied', 'access-denied');

export const notAuthenticated = (): NodeError => new NodeError(status.UNAUTHENTICATED, 'Bad credentials');

export const timedOut = (): NodeError => new NodeError(status.ABORTED, 'Operation timed out');

export const unavailable = (message: string): NodeError => new NodeError(status.UNAVAILABLE, message);

export const invalidArgument = (message: string): NodeError => new NodeError(status.INVALID_ARGUMENT, message);

/** The client's own doing, and already in words for it. */
const isForClient = (error: unknown): error is Error =>
  error instanceof NodeError || error instanceof MalformedMessageError || error instanceof InvalidFilterError;

/** Anything thrown, as an error gRPC can carry. What the database said stays inside; `onFault` may hear it. */
export const toNodeError = (error: unknown, onFault?: (what: string, error: unknown) => void): NodeError => {
  if (error instanceof NodeError) return error;
  if (isForClient(error)) return invalidArgument(error.message);
  onFault?.('a request failed', error);
  return unavailable('the database of this node is not reachable');
};
