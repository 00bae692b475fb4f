import { Module, type DynamicModule, type LoggerService, type Type as Class } from '@nestjs/common';
import { NestFactory, RouterModule } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import { Logger as NestLogger, LoggerModule } from 'nestjs-pino';
import { AccessGuard, admission } from '../auth/guard';
import { PlatformConfig } from '../config/platform-config';
import { readSettings } from '../config/setting';
import type { PortToken } from '../declare/reaction';
import type { ServiceDefinition } from '../declare/service';
import { serveDocs } from '../docs/serve-docs';
import { Answering } from '../http/answering';
import { fastifyAdapter, prepareFastify } from '../http/app';
import { ProblemFilter } from '../http/problem-filter';
import { refuseOpenRoutes, routesOf, routeTable } from '../http/routes';
import { StrictValidation } from '../http/validation';
import { documentedPlatform, platformControllers, platformRoutes } from '../ops/platform-controllers';
import { PLATFORM } from '../ops/service-token';
import { need } from './need';
import { PlatformState } from './platform-state';
import { openProcess, type OpenTransport, type Process, type ProcessOptions } from './process';
import { controllersOf, serviceModule, type PortOverride } from './service-module';
import { ServiceRuntime } from './service-runtime';

/** What a platform is made of. */
export interface PlatformOptions {
  readonly services: readonly ServiceDefinition[];
  /** The environment that settings are read from; the process's own unless told. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Opens another bus than the embedded one. */
  readonly openTransport?: OpenTransport;
  /** Ports in place of the services' own. */
  readonly ports?: readonly PortOverride[];
  readonly logTo?: ProcessOptions['logTo'];
}

/** Services at work in one process. */
export interface Platform {
  /** Where it answers, without a slash at the end. */
  readonly url: string;
  readonly state: PlatformState;
  /** A provider of one of its services. */
  get<T>(service: string, token: PortToken<T>): T;
  /** Stops accepting, finishes what is being answered and handled, closes; at most for the configured time. */
  stop(): Promise<void>;
}

const rootModule = (state: PlatformState, modules: readonly (DynamicModule & { readonly module: Class<unknown> })[]): Class<unknown> => {
  const { process, services } = state;
  class PlatformRoot {}
  const imports = [
    LoggerModule.forRoot({
      // The edge notes requests itself, by their routes; a logger for each of them would be asked for nothing.
      forRoutes: [],
      pinoHttp: {
        logger: process.logger as never,
        autoLogging: false,
        quietReqLogger: true,
        serializers: { req: () => undefined, res: () => undefined },
      },
    }),
    ...modules,
    RouterModule.register(modules.map(({ module }, index) => ({ path: (services[index] as ServiceRuntime).definition.name, module }))),
  ];
  Module({
    imports,
    controllers: [...platformControllers(process.testClock !== undefined)],
    providers: [{ provide: PLATFORM, useValue: state }],
  })(PlatformRoot);
  return PlatformRoot;
};

/** What Nest says while it starts is of no use to operators; what goes wrong is. */
const onlyTrouble = (logger: NestLogger): LoggerService => ({
  log: () => undefined,
  debug: () => undefined,
  verbose: () => undefined,
  warn: (message: unknown, ...more: unknown[]) => logger.warn(message, ...more),
  error: (message: unknown, ...more: unknown[]) => logger.error(message, ...more),
  fatal: (message: unknown, ...more: unknown[]) => logger.fatal(message, ...more),
});

interface BuiltApp {
  readonly app: NestFastifyApplication;
  readonly get: Platform['get'];
  /** Resolves at a moment when no request is being worked on. */
  readonly idle: () => Promise<void>;
}

const buildApp = async (
  state: PlatformState,
  options: PlatformOptions,
  env: Readonly<Record<string, string | undefined>>,
): Promise<BuiltApp> => {
  const { process, services } = state;
  const modules = services.map((service) => serviceModule(service, env, options.ports ?? []));
  const app = await NestFactory.create<NestFastifyApplication>(rootModule(state, modules), fastifyAdapter(process.config), {
    bodyParser: false,
    bufferLogs: true,
    abortOnError: false,
  });
  app.useLogger(onlyTrouble(app.get(NestLogger)));
  const byName = new Map(services.map((service) => [service.definition.name as string, service]));
  const serviceOf = (request: FastifyRequest): ServiceRuntime | undefined =>
    byName.get((request.routeOptions.url ?? '').split('/')[1] ?? '');
  const own = platformRoutes(process.testClock !== undefined);
  const routeOf = routeTable([...services.flatMap(({ routes }) => routes), ...own]);
  const admit = admission(routeOf, {
    tokens: process.tokens,
    hasEnded: async (request, claims) => (await serviceOf(request)?.sessionEnded(claims)) === true,
    keyCharsMax: process.config.idempotencyKeyCharsMax,
  });
  const idle = prepareFastify(app, { ...process, admit, isStopping: () => state.isStopping() });
  app.useGlobalFilters(new ProblemFilter(process.logger));
  app.useGlobalGuards(new AccessGuard());
  app.useGlobalPipes(new StrictValidation());
  app.useGlobalInterceptors(new Answering(serviceOf, process.config.requestTimeoutMs));
  serveDocs(app.getHttpAdapter().getInstance() as never, [
    ...services.map(({ definition, routes }) => ({ definition, routes })),
    documentedPlatform(own),
  ]);
  const get: Platform['get'] = (service, token) => {
    const module = modules[services.findIndex(({ definition }) => definition.name === service)];
    if (module === undefined) throw new Error(`no service ${service} runs here`);
    return app.select(module).get(token as Class<never>, { strict: true });
  };
  return { app, get, idle };
};

const limited = async (run: () => Promise<unknown>, ms: number): Promise<boolean> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => (timer = setTimeout(resolve, ms, false)));
  return Promise.race([run().then(() => true), late]).finally(() => clearTimeout(timer));
};

/** Starts services in this process: databases and tables are made, everything that works by itself runs, then the port opens. Throws `ConfigFaults`, or the first thing that stands in the way. */
export const createPlatform = async (options: PlatformOptions): Promise<Platform> => {
  const env = options.env ?? process.env;
  const [config] = readSettings(
    [PlatformConfig, ...options.services.flatMap(({ config: own }) => own as readonly (new () => object)[])],
    env,
  ) as readonly [PlatformConfig];
  const described = options.services.map((definition) => ({ definition, routes: routesOf(definition.name, controllersOf(definition)) }));
  refuseOpenRoutes(described.flatMap(({ routes }) => routes));
  const shared = await openProcess({
    config,
    serviceNames: options.services.map(({ name }) => name),
    ...(options.openTransport === undefined ? {} : { openTransport: options.openTransport }),
    ...(options.logTo === undefined ? {} : { logTo: options.logTo }),
  });
  const services: ServiceRuntime[] = [];
  let built: BuiltApp | undefined;
  const stopAll = async (): Promise<void> => {
    // The port closes last: until then `/readyz` says 503, and what still comes is told to go elsewhere instead of being cut off.
    await Promise.all([built?.idle(), ...services.map((service) => service.stop())]);
    await built?.app.close();
    shared.quiet.clear();
    await shared.close();
  };
  try {
    for (const { definition, routes } of described) services.push(new ServiceRuntime(shared, definition, routes));
    await Promise.all(services.map((service) => service.migrate()));
    const state = new PlatformState(shared, services);
    const { app, get } = (built = await buildApp(state, options, env));
    await app.init();
    await Promise.all(services.map((service) => service.start((token) => get(service.definition.name, token))));
    state.markStarted();
    await need(`${config.host}:${config.port}`, () => app.listen(config.port, config.host));
    shared.logger.info({ services: services.map(({ definition }) => definition.name), url: await app.getUrl() }, 'started');
    return { url: (await app.getUrl()).replace('[::1]', '127.0.0.1'), state, get, stop: stopOnce(state, shared, stopAll) };
  } catch (fault) {
    await stopAll().catch((second: unknown) => shared.logger.warn({ err: second }, 'could not be stopped'));
    throw fault;
  }
};

const stopOnce = (state: PlatformState, shared: Process, stopAll: () => Promise<void>): (() => Promise<void>) => {
  let stopping: Promise<void> | undefined;
  return () => {
    stopping ??= (async () => {
      state.markStopping();
      const done = await limited(stopAll, shared.config.stopTimeoutMs);
      if (!done) shared.logger.error('stopping took too long; what was being done is left to be done again');
    })();
    return stopping;
  };
};

/** What a process says that cannot start: one line where it is somebody else's fault, everything where it may be ours. */
const lastWords = (fault: unknown): string =>
  !(fault instanceof Error)
    ? String(fault)
    : fault.name === 'ConfigFaults' || fault.name === 'CannotStart'
      ? fault.message
      : (fault.stack ?? fault.message);

/** The whole life of a process: starts, stops on SIGTERM or SIGINT, ends with 1 when it cannot start or a consumer cannot go on. */
export const runPlatform = async (options: PlatformOptions): Promise<void> => {
  let platform: Platform;
  try {
    platform = await createPlatform(options);
  } catch (fault) {
    process.stderr.write(`${lastWords(fault)}\n`);
    process.exit(1);
  }
  const end = (code: number): void => void platform.stop().finally(() => process.exit(code));
  // Not `once`: a second signal, as from a terminal and from npm at the same time, would end the process in the middle of stopping.
  process.on('SIGTERM', () => end(0));
  process.on('SIGINT', () => end(0));
  setInterval(() => {
    if (platform.state.fatal() !== undefined) end(1);
  }, 5_000).unref();
};

/** `main.ts` of one service: `void runService(order)`. */
export const runService = (definition: ServiceDefinition): Promise<void> => runPlatform({ services: [definition] });
