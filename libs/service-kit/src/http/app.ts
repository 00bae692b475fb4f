import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { INestApplication } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';
import type { PlatformConfig } from '../config/platform-config';
import type { Metrics } from '../run/metrics';
import { acceptJsonOnly } from './json-body';
import { kitProblem } from './problem';
import { answerUnreadable, noteAnswered, noteBegun, problemOfThrown, sendProblem, TRACE, type TracedRequest } from './problem-filter';
import { traceOf } from './trace';

/** Answered however many requests are being worked on, and not counted among them. */
const unlimited = new Set(['/livez', '/readyz', '/metrics']);
const pathOf = (url: string): string => url.split('?')[0] ?? url;

/** Fastify as every process has it. */
export const fastifyAdapter = (config: PlatformConfig): FastifyAdapter =>
  new FastifyAdapter({
    bodyLimit: config.bodyLimitBytes,
    requestTimeout: config.receiveTimeoutMs,
    connectionTimeout: 0,
    keepAliveTimeout: config.keepAliveMs,
    http: {
      maxHeaderSize: config.headersLimitBytes,
      headersTimeout: config.receiveTimeoutMs,
      // How often slow senders are looked for; their time is up at most this much later.
      connectionsCheckingInterval: Math.min(1_000, config.receiveTimeoutMs),
    },
    clientErrorHandler: answerUnreadable,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    routerOptions: { maxParamLength: 300 },
    logger: false,
    // A URL that cannot be decoded never reaches a route, nor Nest's filters.
    frameworkErrors: (fault: unknown, request: TracedRequest, reply: FastifyReply) =>
      sendProblem(reply, request, problemOfThrown(fault).exception),
  } as never);

/** What the edge has to know of the process behind it. */
export interface EdgeParts {
  readonly config: PlatformConfig;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** Throws the problem of a request that may not go on. */
  readonly admit: (request: FastifyRequest) => Promise<void>;
  /** Whether the process takes no more requests; it finishes those it has. */
  readonly isStopping: () => boolean;
}

/** Trace, limits, admission, bodies and metrics: what happens before and after Nest. Gives back what resolves at a moment when no request is being worked on. */
export const prepareFastify = (app: INestApplication, { config, metrics, logger, admit, isStopping }: EdgeParts): (() => Promise<void>) => {
  const fastify = (app as NestFastifyApplication).getHttpAdapter().getInstance() as unknown as FastifyInstance;
  let inFlight = 0;
  let onIdle: () => void = () => undefined;
  acceptJsonOnly(fastify, config.jsonDepthMax);
  fastify.server.maxConnections = config.connectionsMax;
  fastify.addHook('onRequest', (request: TracedRequest, reply, done) => {
    noteBegun(request);
    request[TRACE] = traceOf(request.headers['traceparent']);
    void reply.header('x-trace-id', request[TRACE].traceId);
    void reply.header('x-content-type-options', 'nosniff');
    if (unlimited.has(pathOf(request.url))) {
      done();
      return;
    }
    if (isStopping()) {
      sendProblem(reply, request, kitProblem('unavailable', { detail: 'this process is stopping' }, 1));
      return;
    }
    if (inFlight >= config.requestsMax) {
      metrics.overloaded.inc();
      sendProblem(reply, request, kitProblem('overloaded', {}, 1));
      return;
    }
    inFlight += 1;
    metrics.inFlight.inc();
    let isCounted = true;
    // Also when the caller goes away before the answer.
    reply.raw.once('close', () => {
      if (!isCounted) return;
      isCounted = false;
      inFlight -= 1;
      metrics.inFlight.dec();
      if (inFlight === 0) onIdle();
    });
    done();
  });
  fastify.addHook('onRequest', admit);
  // Sends callers elsewhere with their next request. A connection that was busy when Fastify closes what is idle would also be kept alive, and hold the stop up.
  fastify.addHook('onSend', (_request, reply, _payload, done) => {
    if (isStopping()) void reply.header('connection', 'close');
    done();
  });
  fastify.addHook('onResponse', (request: TracedRequest, reply, done) => {
    noteAnswered(request);
    // The route, not the URL: a URL can hold what nobody may read in a log.
    logger.debug(
      {
        method: request.method,
        route: request.routeOptions.url,
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
        traceId: request[TRACE]?.traceId,
      },
      'answered',
    );
    metrics.requests.observe(
      { method: request.method, route: request.routeOptions.url ?? 'none', status: reply.statusCode },
      reply.elapsedTime / 1000,
    );
    done();
  });
  return () => new Promise((resolve) => (inFlight === 0 ? resolve() : (onIdle = resolve)));
};
