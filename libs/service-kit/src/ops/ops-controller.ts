import { Body, Controller, Get, HttpCode, Inject, Post, Param } from '@nestjs/common';
import { IsIn, IsOptional, IsString, Length, Matches } from 'class-validator';
import { NothingParked } from '@qiyue/messaging';
import { Answers, For, KeepsSealed } from '../http/access';
import { Caller, Who } from '../http/caller';
import { kitProblem } from '../http/problem';
import type { ServiceRuntime } from '../run/service-runtime';
import { SERVICE_RUNTIME } from './service-token';

const stations = ['facts', 'read-models', 'events', 'deadlines'] as const;
type StationName = (typeof stations)[number];

/** Names something parked: at `facts` and `read-models` by stream, at `events` by stream and reaction, at `deadlines` by stream and deadline. */
export class ParkedEntry {
  @IsIn(stations)
  station!: StationName;

  @IsString()
  @Length(1, 300)
  stream!: string;

  /** The reaction or the deadline. */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  name?: string;
}

export class DiscardedEntry extends ParkedEntry {
  /** Why it is given up; kept with the dead letter and in the log. */
  @IsString()
  @Length(3, 500)
  @Matches(/\S/, { message: 'reason must say something' })
  reason!: string;
}

/** What operators need of one service: what is parked, and how to put it back or give it up. */
@Controller('ops')
@For('operator', 'auditor')
@KeepsSealed()
export class OpsController {
  constructor(@Inject(SERVICE_RUNTIME) private readonly service: ServiceRuntime) {}

  @Get('parked')
  async parked(): Promise<object> {
    const { consumers, parked, book } = this.service.stations;
    return {
      facts: (await consumers.reactions?.list()) ?? [],
      'read-models': (await consumers['read-models']?.list()) ?? [],
      events: await parked.list(),
      deadlines: (await book.parked()).map(({ stream, name, due_text, attempts, parked_reason }) => ({
        stream,
        name,
        dueAt: due_text,
        attempts,
        reason: parked_reason,
      })),
    };
  }

  @Get('health')
  async health(): Promise<object> {
    const { consumers, projections, relay, problems } = this.service.stations;
    const stats = await Promise.all(Object.entries(consumers).map(async ([name, consumer]) => [name, await consumer.stats()] as const));
    const readModels = (await projections.health()).map(({ position, ...rest }) => ({
      ...rest,
      position: position === undefined ? null : `${position.commit}:${position.prepare}`,
    }));
    return { problems: await problems(), relay: relay.health(), consumers: Object.fromEntries(stats), readModels };
  }

  @Post('parked/redrive')
  @HttpCode(200)
  @Answers('not-found')
  @For('operator')
  async redrive(@Body() entry: ParkedEntry): Promise<object> {
    const { ownReactions, book, consumers } = this.service.stations;
    if (entry.station === 'events') return ownReactions.redrive(this.nameOf(entry), entry.stream);
    if (entry.station === 'deadlines') return this.found(await book.redrive(entry.stream, this.nameOf(entry)));
    const consumer = entry.station === 'facts' ? consumers.reactions : consumers['read-models'];
    if (consumer === undefined) throw kitProblem('not-found');
    return consumer.redrive(entry.stream);
  }

  @Post('parked/discard')
  @HttpCode(200)
  @Answers('not-found')
  @For('operator')
  async discard(@Body() entry: DiscardedEntry, @Who() who: Caller): Promise<object> {
    const { parked, book, consumers } = this.service.stations;
    this.service.process.logger.warn(
      {
        service: this.service.definition.name,
        station: entry.station,
        stream: entry.stream,
        parkedBy: entry.name,
        reason: entry.reason,
        operator: who.id,
      },
      'a parked entry is given up',
    );
    if (entry.station === 'events') {
      const first = await parked.first(this.nameOf(entry), entry.stream);
      if (first === undefined) throw kitProblem('not-found');
      return { left: await parked.drop(this.nameOf(entry), entry.stream, first.revision) };
    }
    if (entry.station === 'deadlines') return this.found(await book.discard(entry.stream, this.nameOf(entry)));
    const consumer = entry.station === 'facts' ? consumers.reactions : consumers['read-models'];
    if (consumer === undefined) throw kitProblem('not-found');
    return consumer.discard(entry.stream, entry.reason, who.id).catch((fault: unknown) => {
      throw fault instanceof NothingParked ? kitProblem('not-found') : fault;
    });
  }

  /** Fills a read model anew beside the live one and swaps it in. */
  @Post('read-models/:name/rebuild')
  @HttpCode(202)
  @For('operator')
  rebuild(@Param('name') name: string): object {
    const model = this.service.definition.readModels.find((one) => one.name === name);
    if (model === undefined) throw kitProblem('not-found');
    const { logger } = this.service.process;
    this.service.stations.projections
      .rebuild(model)
      .catch((fault: unknown) => logger.error({ err: fault, model: name }, 'a rebuild failed'));
    return { rebuilding: name };
  }

  private nameOf({ name }: ParkedEntry): string {
    if (name === undefined)
      throw kitProblem('invalid', { errors: [{ pointer: '/name', detail: 'name must name the reaction or the deadline' }] });
    return name;
  }

  private found(wasFound: boolean): object {
    if (!wasFound) throw kitProblem('not-found');
    return { left: 0 };
  }
}
