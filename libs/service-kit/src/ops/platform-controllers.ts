import { Body, Controller, Get, Header, Headers, HttpCode, Inject, Post, Query, Res, type Type as Class } from '@nestjs/common';
import { IsIn, IsInt, IsOptional, Matches, Max, Min } from 'class-validator';
import type { FastifyReply } from 'fastify';
import type { DocumentedService } from '../docs/openapi';
import { Answers, For, Public } from '../http/access';
import { kitProblem } from '../http/problem';
import { routesOf, type RouteInfo } from '../http/routes';
import type { PlatformState } from '../run/platform-state';
import { advance } from '../run/time-travel';
import { isPeer, lookAround } from '../run/peers';
import type { Look, Settled } from '../run/quiet';
import { PLATFORM } from './service-token';

/** Health of the process, and its metrics. */
@Controller()
@Public()
export class HealthController {
  constructor(@Inject(PLATFORM) private readonly platform: PlatformState) {}

  /** The process only: an outage of anything else must not restart it. */
  @Get('livez')
  live(@Res({ passthrough: true }) reply: FastifyReply): object {
    const fatal = this.platform.fatal();
    if (fatal !== undefined) void reply.status(503);
    return { status: fatal === undefined ? 'alive' : 'fatal' };
  }

  /** Whether requests can be answered: databases and event store reachable, not stopping. A bus that is away is told, and no reason to be unready. */
  @Get('readyz')
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<object> {
    const { ready, checks, degraded } = await this.platform.readiness();
    if (!ready) void reply.status(503);
    return { status: ready ? (degraded.length === 0 ? 'ready' : 'degraded') : 'unready', checks, degraded };
  }

  @Get('metrics')
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  async metrics(): Promise<string> {
    await this.platform.measure();
    return this.platform.process.metrics.registry.metrics();
  }
}

export class Journey {
  /** Instant to move to. */
  @IsOptional()
  @Matches(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,3})?(Z|[+-]\d{2}:\d{2})$/, { message: 'to must be an ISO 8601 instant' })
  to?: string;

  /** Or how far, in milliseconds. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(10 * 366 * 86_400_000)
  byMs?: number;
}

export class WhatToLookAt {
  /** Whether to tell what is parked as well. */
  @IsOptional()
  @IsIn(['true', 'false'])
  parked?: string;
}

/** The test clock. Only there when `QIYUE_TEST_CLOCK` is `on` or `frozen`. */
@Controller('clock')
@For('operator')
export class ClockController {
  private travelling: Promise<unknown> = Promise.resolve();

  constructor(@Inject(PLATFORM) private readonly platform: PlatformState) {}

  @Get()
  now(): object {
    return { now: this.platform.process.clock.now(), mode: this.platform.process.config.testClock };
  }

  /** Moves the platform ahead through every deadline on the way, in due order. One journey at a time. */
  @Post('advance')
  @HttpCode(200)
  @Answers('not-quiet')
  async advance(@Body() { to, byMs }: Journey): Promise<object> {
    const clock = this.platform.process.testClock;
    if (clock === undefined) throw kitProblem('not-found');
    const journey = this.travelling.then(async () => {
      const targetMs = to === undefined ? clock.nowMs() + (byMs ?? 0) : Date.parse(to);
      if (Number.isNaN(targetMs))
        throw kitProblem('invalid', { errors: [{ pointer: '/to', detail: 'to must be an instant that exists' }] });
      if (targetMs < clock.nowMs()) throw kitProblem('invalid', { errors: [{ pointer: '/to', detail: 'to must not lie in the past' }] });
      return advance({ clock, settle: () => this.settled(), nextDue: () => this.nextDue() }, targetMs);
    });
    this.travelling = journey.catch(() => undefined);
    const { now, stops, ...settled } = await journey;
    return { now, stops, ...answered(settled) };
  }

  /** Answers when every relay, consumer, projection, reaction and due deadline is quiet, in all processes that this one knows of. */
  @Post('settle')
  @HttpCode(200)
  @Answers('not-quiet')
  async settle(): Promise<object> {
    const settled = await this.settled();
    return { now: this.platform.process.clock.now(), ...answered(settled) };
  }

  /** What this process alone is busy with, at the clock's present place: asked by the process that settles for all, and nobody else. */
  @Get('look')
  @Public()
  async look(@Query() { parked }: WhatToLookAt, @Headers('x-qiyue-peer') pass?: string): Promise<Look> {
    const { testClock, quiet, config } = this.platform.process;
    if (!isPeer(pass, config.vaultKek)) throw kitProblem('unauthenticated');
    await testClock?.read();
    const [look, nextDue] = await Promise.all([quiet.look(parked === 'true'), this.platform.nextDue()]);
    return { ...look, ...(nextDue === undefined ? {} : { nextDue }) };
  }

  private others(withParked = false): Promise<readonly Look[]> {
    const { testClockPeers = '', vaultKek } = this.platform.process.config;
    return lookAround(testClockPeers.split(',').filter(Boolean), vaultKek, withParked);
  }

  private settled(): Promise<Settled> {
    const { quiet, config } = this.platform.process;
    return quiet.settle(config.settleTimeoutMs, (withParked) => this.others(withParked));
  }

  private async nextDue(): Promise<string | undefined> {
    const [own, around] = await Promise.all([this.platform.nextDue(), this.others()]);
    return [own, ...around.map((look) => look.nextDue)].filter((due) => due !== undefined).sort()[0];
  }
}

/** Controllers of the process itself; the test clock's where there is one. */
export const platformControllers = (withClock: boolean): readonly Class<unknown>[] =>
  withClock ? [HealthController, ClockController] : [HealthController];

export const platformRoutes = (withClock: boolean): readonly RouteInfo[] => routesOf('', platformControllers(withClock));

/** The routes of the process itself, as the OpenAPI page shows them: what every service process has beside its service. */
export const documentedPlatform = (routes: readonly RouteInfo[]): DocumentedService => ({
  definition: {
    name: 'platform',
    title: 'Health of the process, and the test clock',
    rejections: { service: 'platform', table: {} },
    readModels: [],
    examples: [],
  },
  routes,
});

const answered = ({ quiet, busy, lastBusy, parked, rounds }: Settled): object => {
  if (!quiet) throw kitProblem('not-quiet', { busy, lastBusy, parked }, 1);
  return { quiet, lastBusy, parked, rounds };
};
