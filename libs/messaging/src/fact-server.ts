import { Catch, type RpcExceptionFilter } from '@nestjs/common';
import { Server, type BaseRpcContext, type CustomTransportStrategy } from '@nestjs/microservices';
import { parseType, topicOf, type Envelope } from '@qiyue/contracts';
import { isObservable, lastValueFrom, throwError, type Observable } from 'rxjs';
import { startConsumer } from './consumer';
import type { ConsumerHandle, ReactionOptions } from './consumer-options';

export interface FactServerOptions extends Omit<ReactionOptions, 'mode' | 'react' | 'topics' | 'handles'> {
  /** Topics beside those of the services whose facts are handled. */
  readonly topics?: readonly string[];
}

/**
 * Nest's way to facts: a microservice whose event patterns are CloudEvents types, `@EventPattern('qiyue.order.OrderPaid.v1')`, and whose payload is the
 * envelope. On top of it everything that consumers of this library promise: places in the service's own database, duplicates dropped, gaps that halt,
 * a bad fact that parks its own key after bounded tries. Several handlers of one fact run side by side; when any fails, all are tried again, so
 * they have to be idempotent (the envelope's `id` is the same each time).
 *
 * Nest's own Kafka server takes one message at a time, drops what it has no pattern for, and lets a bad message hold up its partition for ever.
 */
export class FactServer extends Server implements CustomTransportStrategy {
  private running: ConsumerHandle | undefined;

  constructor(private readonly options: FactServerOptions) {
    super();
  }

  /** The consumer at work: what is parked, its figures, whether it can go on. Undefined before it listens. */
  get consumer(): ConsumerHandle | undefined {
    return this.running;
  }

  /** @throws TypeError when a pattern is not the type of a fact, and what `startConsumer` throws. */
  async start(): Promise<ConsumerHandle> {
    const handles = [...this.messageHandlers.keys()].map((pattern) => {
      const fact = parseType(pattern);
      if (fact === undefined) throw new TypeError(`${pattern} is not the type of a fact: qiyue.<service>.<Name>.v<version>`);
      return fact;
    });
    const topics = [...new Set([...handles.map(({ service }) => topicOf(service)), ...(this.options.topics ?? [])])].sort();
    this.running = await startConsumer({ ...this.options, topics, handles, mode: 'reaction', react: (envelope) => this.react(envelope) });
    return this.running;
  }

  /** For Nest's `startAllMicroservices`. */
  listen(done: (error?: unknown) => void): void {
    this.start().then(() => done(), done);
  }

  /** Lets running facts finish and leaves the group. */
  async close(): Promise<void> {
    await this.running?.stop();
  }

  on(): never {
    throw new Error('a consumer of facts has no events of its own: see onProblem');
  }

  unwrap<T>(): T {
    return this.running as T;
  }

  private async react(envelope: Envelope): Promise<void> {
    // Further handlers of the same fact hang on the first, and Nest calls them with it.
    const answer: unknown = await this.getHandlerByPattern(envelope.type)?.(envelope, undefined as unknown as BaseRpcContext);
    if (isObservable(answer)) await lastValueFrom(answer as Observable<unknown>, { defaultValue: undefined });
  }
}

/**
 * Lets what a handler throws through as it is; Nest would turn it into "Internal server error", and then nobody could tell an outage, which is waited
 * out, from a bad fact, which is parked. `app.useGlobalFilters(new PassFaults())`, or `@UseFilters(PassFaults)`.
 */
@Catch()
export class PassFaults implements RpcExceptionFilter {
  catch(fault: unknown): Observable<never> {
    return throwError(() => fault);
  }
}
