import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, Max, Min } from 'class-validator';
import { parseStreamName } from '@qiyue/decider';
import { verifyChain } from '@qiyue/event-store';
import { For, KeepsSealed } from '../http/access';
import { kitProblem } from '../http/problem';
import type { ServiceRuntime } from '../run/service-runtime';
import { SERVICE_RUNTIME } from './service-token';

export class EventsPage {
  /** Revision of the last event of the page before. */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(0)
  after?: number;

  /** Events a page. */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(500)
  limit?: number;
}

/** An event as auditors read it: just as it is stored, personal fields sealed. */
export interface AuditedEvent {
  readonly id: string;
  readonly revision: string;
  readonly type: string;
  readonly data: unknown;
  readonly metadata: unknown;
}

/** Streams of the service as they are stored, and whether their hash chains hold. */
@Controller('audit/streams')
@For('auditor')
@KeepsSealed()
export class AuditController {
  constructor(@Inject(SERVICE_RUNTIME) private readonly service: ServiceRuntime) {}

  @Get(':stream')
  async events(
    @Param('stream') stream: string,
    @Query() { after, limit = 100 }: EventsPage,
  ): Promise<{ stream: string; events: readonly AuditedEvent[]; next?: number }> {
    this.refuseForeign(stream);
    const from = after === undefined ? 0n : BigInt(after) + 1n;
    const events: AuditedEvent[] = [];
    for await (const { id, revision, type, data, metadata } of this.service.process.client.readStream(stream, {
      from,
      maxCount: limit + 1,
    }))
      events.push({ id, revision: revision.toString(), type, data, metadata });
    if (events.length === 0 && after === undefined) throw kitProblem('not-found');
    const page = events.slice(0, limit);
    return { stream, events: page, ...(events.length > limit ? { next: Number(page.at(-1)?.revision) } : {}) };
  }

  @Get(':stream/verify')
  async verify(@Param('stream') stream: string): Promise<object> {
    this.refuseForeign(stream);
    const verified = await verifyChain(this.service.executor.history(stream));
    if (verified.ok) {
      if (verified.events === 0) throw kitProblem('not-found');
      return verified;
    }
    return { ...verified, at: { ...verified.at, revision: verified.at.revision.toString() } };
  }

  private refuseForeign(stream: string): void {
    const { category, id } = parseStreamName(stream);
    if (id === '' || !this.service.auditable.some((own) => own.category === category)) throw kitProblem('not-found');
  }
}
