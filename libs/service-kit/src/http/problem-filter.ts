import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import { isOutage } from '@qiyue/messaging';
import { kitProblem, ProblemException, type KitCode } from './problem';
import type { Trace } from './trace';

/** Where the request keeps its trace. */
export const TRACE = Symbol('trace');
export type TracedRequest = FastifyRequest & { [TRACE]?: Trace };

const codeOfStatus: Readonly<Record<number, KitCode>> = {
  400: 'malformed',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not-found',
  405: 'not-found',
  408: 'too-slow',
  413: 'too-large',
  414: 'malformed',
  415: 'unsupported-media-type',
  431: 'headers-too-large',
  503: 'unavailable',
};

/** The problem that anything thrown while answering becomes. What is not known is a fault, and its message stays inside; faults are logged. */
export const problemOfThrown = (thrown: unknown): { readonly exception: ProblemException; readonly isFault: boolean } => {
  if (thrown instanceof ProblemException) return { exception: thrown, isFault: thrown.problem.status === 500 };
  if (isOutage(thrown)) return { exception: kitProblem('unavailable', {}, 1), isFault: true };
  const status = thrown instanceof HttpException ? thrown.getStatus() : (thrown as { statusCode?: unknown } | undefined)?.statusCode;
  const code = typeof status === 'number' ? codeOfStatus[status] : undefined;
  return code === undefined
    ? { exception: kitProblem('fault'), isFault: true }
    : { exception: kitProblem(code, {}, code === 'unavailable' ? 1 : undefined), isFault: false };
};

/** Writes a problem as the answer. */
export const sendProblem = (reply: FastifyReply, request: TracedRequest, { problem, retryAfterSeconds }: ProblemException): void => {
  if (reply.sent) return;
  if (retryAfterSeconds !== undefined) void reply.header('retry-after', String(retryAfterSeconds));
  if (problem.status === 401) void reply.header('www-authenticate', 'Bearer');
  const answer = { ...problem, instance: request.url.split('?')[0] ?? '', traceId: request[TRACE]?.traceId };
  void reply
    .status(problem.status)
    .header('content-type', 'application/problem+json; charset=utf-8')
    .header('cache-control', 'no-store')
    .serializer(JSON.stringify)
    .send(answer);
};

/** Turns everything that is thrown into problem+json. The one place that does. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly logger: Logger) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<TracedRequest>();
    const { exception, isFault } = problemOfThrown(thrown);
    if (isFault)
      this.logger.error(
        { err: thrown, traceId: request[TRACE]?.traceId, method: request.method, route: request.routeOptions?.url },
        'a request failed',
      );
    sendProblem(http.getResponse<FastifyReply>(), request, exception);
  }
}

const codeOfUnreadable: Readonly<Record<string, KitCode>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'too-slow',
  HPE_HEADER_OVERFLOW: 'headers-too-large',
};

/** Connections whose request has been answered before the whole of it was there. */
const answeredEarly = new WeakSet<Socket>();

/** Notes whether a request was answered before it was all there, so that the rest of it is not answered once more. */
export const noteAnswered = ({ raw }: FastifyRequest): void => {
  if (!raw.complete) answeredEarly.add(raw.socket);
};
export const noteBegun = ({ raw }: FastifyRequest): void => void answeredEarly.delete(raw.socket);

/** Answers what never became a request: too slow, too large a head, no HTTP. The connection ends with it. */
export const answerUnreadable = (fault: Error & { readonly code?: string }, socket: Socket): void => {
  if (fault.code === 'ECONNRESET' || socket.destroyed) return;
  const { problem } = kitProblem(codeOfUnreadable[fault.code ?? ''] ?? 'malformed');
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}`,
    'content-type: application/problem+json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'cache-control: no-store',
    'connection: close',
  ];
  if (socket.writable && !answeredEarly.has(socket)) socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  else socket.destroy();
};
