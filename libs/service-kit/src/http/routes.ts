import { RequestMethod, type Type as Class } from '@nestjs/common';
import { HTTP_CODE_METADATA, METHOD_METADATA, PATH_METADATA, ROUTE_ARGS_METADATA } from '@nestjs/common/constants';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum';
import { ACCESS, ANSWERS, REFUSES, RETURNS, REVEALS, type Access, type Returned, type RouteAnswers } from './access';
import type { FastifyRequest } from 'fastify';
import type { Role } from './caller';

/** One route, as its controller declares it. */
export interface RouteInfo {
  readonly service: string;
  readonly controller: Class<unknown>;
  readonly handler: string;
  readonly method: string;
  /** With the service's prefix and Fastify's `:parameters`. */
  readonly path: string;
  readonly access?: Access;
  readonly answers: RouteAnswers;
  readonly reveals: readonly Role[];
  readonly returns?: Returned;
  readonly body?: Class<object>;
  readonly query?: Class<object>;
  /** Takes any JSON as its body; said by `@Body() body: object`. */
  readonly anyBody: boolean;
  readonly status?: number;
}

/** Where the request keeps the route it goes to. */
export const ROUTE = Symbol('route');
export type RoutedRequest = FastifyRequest & { [ROUTE]?: RouteInfo };

const text = (value: unknown): readonly string[] => (Array.isArray(value) ? (value as string[]) : [typeof value === 'string' ? value : '']);
const join = (...parts: readonly string[]): string =>
  `/${parts
    .flatMap((part) => part.split('/'))
    .filter((part) => part !== '')
    .join('/')}`;
const plain = new Set<unknown>([String, Number, Boolean, Object, Array, undefined]);

const argumentClass = (controller: Class<unknown>, handler: string, kind: RouteParamtypes): Class<object> | undefined => {
  const args = (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, handler) ?? {}) as Record<string, { index: number; data?: unknown }>;
  const types = (Reflect.getMetadata('design:paramtypes', controller.prototype as object, handler) ?? []) as unknown[];
  for (const [key, { index, data }] of Object.entries(args)) {
    if (key.startsWith(`${kind}:`) && data === undefined && !plain.has(types[index])) return types[index] as Class<object>;
  }
  return undefined;
};

const takes = (controller: Class<unknown>, handler: string, kind: RouteParamtypes): boolean =>
  Object.keys((Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, handler) ?? {}) as object).some((key) => key.startsWith(`${kind}:`));

const routesOfHandler = (service: string, controller: Class<unknown>, handler: string): readonly RouteInfo[] => {
  const method = (controller.prototype as Record<string, object>)[handler];
  const verb = typeof method === 'function' ? (Reflect.getMetadata(METHOD_METADATA, method) as RequestMethod | undefined) : undefined;
  if (method === undefined || verb === undefined) return [];
  const read = <T>(key: string): T | undefined =>
    (Reflect.getMetadata(key, method) ?? Reflect.getMetadata(key, controller)) as T | undefined;
  const answers = read<RouteAnswers>(ANSWERS) ?? { codes: [] };
  const access = read<Access>(ACCESS);
  const returns = read<Returned>(RETURNS);
  const status = Reflect.getMetadata(HTTP_CODE_METADATA, method) as number | undefined;
  const body = argumentClass(controller, handler, RouteParamtypes.BODY);
  const query = argumentClass(controller, handler, RouteParamtypes.QUERY);
  const common = {
    service,
    controller,
    handler,
    method: RequestMethod[verb],
    answers: { ...answers, codes: [...answers.codes, ...(read<readonly string[]>(REFUSES) ?? [])] },
    reveals: read<readonly Role[]>(REVEALS) ?? [],
    anyBody: body === undefined && takes(controller, handler, RouteParamtypes.BODY),
    ...(access === undefined ? {} : { access }),
    ...(returns === undefined ? {} : { returns }),
    ...(body === undefined ? {} : { body }),
    ...(query === undefined ? {} : { query }),
    ...(status === undefined ? {} : { status }),
  };
  return text(Reflect.getMetadata(PATH_METADATA, controller)).flatMap((prefix) =>
    text(Reflect.getMetadata(PATH_METADATA, method)).map((path) => ({ ...common, path: join(service, prefix, path) })),
  );
};

/** The routes of controllers, read off their decorators; nothing is started. */
export const routesOf = (service: string, controllers: readonly Class<unknown>[]): readonly RouteInfo[] =>
  controllers.flatMap((controller) =>
    Object.getOwnPropertyNames(controller.prototype).flatMap((handler) => routesOfHandler(service, controller, handler)),
  );

/** Throws when a route does not say who may call it. */
export const refuseOpenRoutes = (routes: readonly RouteInfo[]): void => {
  const open = routes.filter(({ access }) => access === undefined).map(({ method, path }) => `${method} ${path}`);
  if (open.length > 0) throw new TypeError(`routes that say neither @For nor @Public: ${open.join(', ')}`);
};

/** Finds the route that a request goes to, or nothing where it is none of these. */
export const routeTable = (routes: readonly RouteInfo[]): ((request: FastifyRequest) => RouteInfo | undefined) => {
  const table = new Map(routes.map((route) => [`${route.method} ${route.path}`, route]));
  return ({ method, routeOptions: { url = '' } }) => table.get(`${method === 'HEAD' ? 'GET' : method} ${url}`);
};
