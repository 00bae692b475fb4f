import { HttpStatus, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { HTTP_CODE_METADATA } from '@nestjs/common/constants';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { defer, from, lastValueFrom, type Observable } from 'rxjs';
import { OUTCOME, REVISION, type CommandAnswer } from '../answer';
import type { Rows } from '../rows';
import { KEEPS_SEALED, REVEALS } from './access';
import type { AnswersStore } from './answers-store';
import { CALLER, type Caller, type Role } from './caller';
import { kitProblem, ProblemException, type Problem } from './problem';
import { ROUTE, type RoutedRequest } from './routes';
import { refuseUndeclared } from './validation';

/** What answering needs of the service that a route belongs to. */
export interface RouteOwner {
  readonly rows: Rows;
  readonly answers: AnswersStore;
  /** Keyed digest under which fingerprints are stored. */
  digest(text: string): Promise<string>;
  /** Codes whose refusal is final for the same key: those of the service's own table. */
  isFinal(code: string): boolean;
}

type Outcome = NonNullable<CommandAnswer[typeof OUTCOME]>;
const outcomeOf = (answer: unknown): Outcome | undefined =>
  typeof answer === 'object' && answer !== null ? (answer as { [OUTCOME]?: Outcome })[OUTCOME] : undefined;
const revisionOf = (answer: unknown): string | undefined =>
  typeof answer === 'object' && answer !== null ? (answer as { [REVISION]?: string })[REVISION] : undefined;

/** Fields of a command's answer that may be stored; anything a controller adds (a token, say) may not. */
const storedFields = new Set(['id', 'revision', 'events', 'replayed']);
const isPlainAnswer = (answer: object): boolean => Object.keys(answer).every((key) => storedFields.has(key));

/** What the route says, or its controller. */
const declared = (context: ExecutionContext, key: string): unknown =>
  Reflect.getMetadata(key, context.getHandler()) ?? Reflect.getMetadata(key, context.getClass());

/** What the controller answers, unless the request brings what the route takes none of. */
const handle = (request: RoutedRequest, next: CallHandler): Observable<unknown> => {
  if (request[ROUTE] !== undefined) refuseUndeclared(request[ROUTE], request);
  return next.handle();
};

/** What is not answered in time is refused; its work goes on. */
const inTime = <T>(work: Promise<T>, ms: number): Promise<T> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(kitProblem('timed-out', {}, 1)), ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });

/** Personal fields by role, ETag, status, `Idempotency-Key` and the time limit: what every route does the same way. */
export class Answering implements NestInterceptor {
  private readonly inFlight = new Set<string>();

  constructor(
    private readonly serviceOf: (request: FastifyRequest) => RouteOwner | undefined,
    private readonly timeoutMs: number,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const request = http.getRequest<RoutedRequest & { [CALLER]?: Caller }>();
    const service = this.serviceOf(request);
    const who = request[CALLER];
    if (service === undefined || who === undefined) return defer(() => handle(request, next));
    const reply = http.getResponse<FastifyReply>();
    const answer = async (): Promise<unknown> => this.answer(context, handle(request, next), service, who, reply);
    return from(inTime(who.keyed ? this.once(service, who, reply, answer) : answer(), this.timeoutMs));
  }

  private async answer(
    context: ExecutionContext,
    handled: Observable<unknown>,
    service: RouteOwner,
    who: Caller,
    reply: FastifyReply,
  ): Promise<unknown> {
    const answered: unknown = await lastValueFrom(handled, { defaultValue: undefined });
    const revision = revisionOf(answered);
    if (revision !== undefined) void reply.header('etag', `"${revision}"`);
    const outcome = outcomeOf(answered);
    if (outcome?.replayed === true) void reply.header('idempotency-replayed', 'true');
    if (outcome !== undefined && Reflect.getMetadata(HTTP_CODE_METADATA, context.getHandler()) === undefined)
      void reply.status(outcome.created ? HttpStatus.CREATED : HttpStatus.OK);
    if (!reply.hasHeader('cache-control')) void reply.header('cache-control', 'no-store');
    if (declared(context, KEEPS_SEALED) === true) return answered;
    const staff = (declared(context, REVEALS) ?? []) as readonly Role[];
    return service.rows.reveal(answered, who, staff);
  }

  /** One run at a time for a key in this process; what is stored under it is answered again. */
  private async once(service: RouteOwner, who: Caller, reply: FastifyReply, answer: () => Promise<unknown>): Promise<unknown> {
    const key = who.commandId;
    if (this.inFlight.has(key)) throw kitProblem('in-progress', {}, 1);
    this.inFlight.add(key);
    try {
      const fingerprint = await service.digest(who.fingerprint);
      const stored = await service.answers.find(key);
      if (stored !== undefined) {
        if (stored.fingerprint !== fingerprint) throw kitProblem('idempotency-key-reused');
        void reply.header('idempotency-replayed', 'true');
        if (stored.status >= 400) throw new ProblemException(stored.body as Problem);
        if (stored.etag !== undefined && stored.etag !== null) void reply.header('etag', stored.etag);
        void reply.status(stored.status);
        return { ...(stored.body as object), replayed: true };
      }
      return await this.runAndKeep(service, key, fingerprint, reply, answer);
    } finally {
      this.inFlight.delete(key);
    }
  }

  private async runAndKeep(
    service: RouteOwner,
    key: string,
    fingerprint: string,
    reply: FastifyReply,
    answer: () => Promise<unknown>,
  ): Promise<unknown> {
    try {
      const answered = await answer();
      // What led to events is told by the stream itself, however often it is asked (docs/decisions/0004).
      if (outcomeOf(answered) !== undefined && isPlainAnswer(answered as object) && (answered as CommandAnswer).events.length === 0) {
        const revision = revisionOf(answered);
        await service.answers.keep(key, {
          fingerprint,
          status: reply.statusCode,
          body: answered,
          etag: revision === undefined ? undefined : `"${revision}"`,
        });
      }
      return answered;
    } catch (thrown) {
      if (thrown instanceof ProblemException && service.isFinal(thrown.problem.code)) {
        await service.answers.keep(key, { fingerprint, status: thrown.problem.status, body: thrown.problem, etag: undefined });
      }
      throw thrown;
    }
  }
}
