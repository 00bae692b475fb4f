import type { Pool } from 'pg';
import { createExecutor, type Executor } from '@qiyue/event-store';
import type { AnyStream } from '@qiyue/decider';
import { EndedSessions, hasEnded } from '../auth/ended-sessions';
import type { IssuedClaims } from '../auth/tokens';
import type { Commands } from '../commands';
import type { PortToken } from '../declare/reaction';
import type { ServiceDefinition } from '../declare/service';
import type { RouteOwner } from '../http/answering';
import { AnswersStore } from '../http/answers-store';
import type { RouteInfo } from '../http/routes';
import type { Rows } from '../rows';
import { migrate, together, withClient } from '@qiyue/database';
import { LookUps } from '../store/gathering';
import { rowTables } from '../store/row-table';
import { serviceSchema } from '../store/schema';
import { accessBook, noteInBook } from './access-book';
import { CommandsRuntime } from './commands-runtime';
import type { ServiceMetrics } from './metrics';
import type { Process } from './process';
import type { ReactingParts } from './reacting';
import { RowsRuntime } from './rows-runtime';
import { startStations, type Stations } from './stations';

/** One service at work in a process. */
export class ServiceRuntime implements RouteOwner {
  readonly pool: Pool;
  readonly executor: Executor;
  readonly commands: Commands;
  readonly rows: Rows;
  readonly answers: AnswersStore;
  readonly metrics: ServiceMetrics;
  /** Streams an auditor may read: the service's own, and its book of who read personal data. */
  readonly auditable: readonly AnyStream[];
  private running: Stations | undefined;

  constructor(
    readonly process: Process,
    readonly definition: ServiceDefinition,
    readonly routes: readonly RouteInfo[],
  ) {
    const { config, client, vault, clock } = process;
    this.metrics = process.metrics.of(definition.name);
    this.pool = process.openServicePool(definition.name);
    this.executor = createExecutor({
      client,
      vault,
      maxAttempts: config.commandAttemptsMax,
      tries: config.storeAttemptsMax,
      appendLimitBytes: config.appendLimitBytes,
    });
    const lookUps = new LookUps((questions) => withClient(this.pool, (client) => together(client, questions)));
    this.answers = new AnswersStore(this.pool, lookUps, config.answerDays);
    this.commands = new CommandsRuntime({
      executor: this.executor,
      clock,
      table: definition.rejections.table,
      metrics: this.metrics,
      waitingMax: config.streamWaitingMax,
    });
    this.rows = new RowsRuntime({
      pool: this.pool,
      lookUps,
      tableOf: rowTables(definition.readModels),
      vault,
      pageSizeMax: config.pageSizeMax,
      notePersonalRead: noteInBook(definition.name, this.executor, clock, this.metrics),
    });
    this.auditable = [...definition.streams, accessBook(definition.name) as AnyStream];
  }

  digest(text: string): Promise<string> {
    return this.process.vault.digest(text);
  }

  /** Whether the session a token belongs to has been ended, as far as the service keeps track of that. */
  async sessionEnded(claims: IssuedClaims): Promise<boolean> {
    return this.definition.readModels.some(({ row }) => row === EndedSessions) && hasEnded(this.rows, claims);
  }

  isFinal(code: string): boolean {
    return this.definition.rejections.table[code] !== undefined;
  }

  /** Brings the service's database up to date. */
  async migrate(): Promise<void> {
    await migrate(this.pool, 'service-kit', serviceSchema);
    await this.answers.dropExpired();
  }

  /** Runs the service's own start, then everything that works by itself. `get` finds the service's providers. */
  async start(get: <T>(token: PortToken<T>) => T): Promise<void> {
    const { commands, rows, executor, definition, process } = this;
    const { clock, vault } = process;
    const parts: ReactingParts = { service: definition.name, executor, vault, clock, commands, rows, get };
    this.running = await startStations(this, parts);
    process.quiet.register(...this.running.checks);
    process.quiet.onSettle(() => this.running?.kick());
    await definition.onStart?.({ now: clock.now(), commands, rows, get });
  }

  get stations(): Stations {
    if (this.running === undefined) throw new Error(`service ${this.definition.name} is not running`);
    return this.running;
  }

  async stop(): Promise<void> {
    await this.running?.stop();
  }
}
