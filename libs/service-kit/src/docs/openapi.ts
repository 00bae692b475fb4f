import { DocumentBuilder, type OpenAPIObject } from '@nestjs/swagger';
import type { AnyReadModel, ReadColumn } from '@qiyue/projections';
import type { ServiceDefinition } from '../declare/service';
import { kitProblems, type KitCode } from '../http/problem';
import type { RouteInfo } from '../http/routes';
import { codesOf } from './codes';
import { schemaOfClass, type JsonSchema } from './class-schema';
import { exampleOf } from './example';

/** A service with its routes, as the page shows it. */
export interface DocumentedService {
  readonly definition: Pick<ServiceDefinition, 'title' | 'rejections' | 'readModels' | 'examples'> & { readonly name: string };
  readonly routes: readonly RouteInfo[];
}

const problemRef = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };
const json = (schema: JsonSchema): object => ({ 'application/json': { schema } });

const problemSchema: JsonSchema = {
  type: 'object',
  required: ['type', 'title', 'status', 'code'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string' },
    detail: { type: 'string' },
    instance: { type: 'string' },
    traceId: { type: 'string' },
    clause: { type: 'string', description: 'Clause of the user agreement behind the refusal.' },
    agreementVersion: { type: 'string' },
    errors: { type: 'array', items: { type: 'object', properties: { pointer: { type: 'string' }, detail: { type: 'string' } } } },
  },
};
const commandAnswer: JsonSchema = {
  type: 'object',
  properties: {
    id: { type: 'string' },
    revision: { type: 'string' },
    replayed: { type: 'boolean' },
    events: { type: 'array', items: { type: 'object', properties: { type: { type: 'string' }, clause: { type: 'string' } } } },
  },
};

const columnSchema = ({ type, nullable }: ReadColumn): JsonSchema => {
  const base = type === 'jsonb' ? {} : { type: type === 'text' || type === 'bigint' ? 'string' : type };
  return nullable && 'type' in base ? { type: [base.type, 'null'] } : base;
};
const rowSchema = (models: readonly AnyReadModel[], row: unknown): JsonSchema => {
  const model = models.find((one) => one.row === row);
  if (model === undefined) return schemaOfClass(row as never);
  return { type: 'object', properties: Object.fromEntries(model.shape.columns.map((column) => [column.property, columnSchema(column)])) };
};

const answerSchema = ({ definition }: DocumentedService, { returns, answers }: RouteInfo): JsonSchema => {
  if (returns !== undefined) {
    const row = rowSchema(definition.readModels, returns.row);
    return returns.list ? { type: 'object', properties: { items: { type: 'array', items: row }, next: { type: 'string' } } } : row;
  }
  return answers.stream === undefined ? {} : { $ref: '#/components/schemas/CommandAnswer' };
};

const title = (definition: DocumentedService['definition'], code: string): { status: number; text: string } => {
  const entry = definition.rejections.table[code];
  if (entry !== undefined)
    return { status: entry.status, text: `\`${code}\`${entry.clause === undefined ? '' : ` (${entry.clause})`}: ${entry.meaning}` };
  const { status, meaning } = kitProblems[code as KitCode];
  return { status, text: `\`${code}\`: ${meaning}` };
};

const isCommand = (method: string): boolean => !['GET', 'HEAD', 'OPTIONS'].includes(method);

/** What the edge itself can answer on a route, in the order in which it looks. */
const edgeCodesOf = (route: RouteInfo): readonly KitCode[] => {
  const isOpen = route.access?.public === true;
  const isService = route.service !== '';
  return [
    'overloaded',
    'malformed',
    'headers-too-large',
    'unauthenticated',
    ...(isOpen ? [] : (['forbidden'] as const)),
    ...(isCommand(route.method) ? (['idempotency-key-invalid', 'too-slow', 'unsupported-media-type', 'too-large'] as const) : []),
    ...(isCommand(route.method) && isService ? (['in-progress', 'idempotency-key-reused'] as const) : []),
    'invalid',
    ...(route.path.includes(':') ? (['not-found'] as const) : []),
    ...(route.answers.stream === undefined ? [] : (['revision-mismatch', 'account-erased', 'busy'] as const)),
    'fault',
    'unavailable',
    'timed-out',
  ];
};

const problemsOf = (service: DocumentedService, route: RouteInfo): Record<string, object> => {
  const byStatus = new Map<number, { readonly code: string; readonly text: string }[]>();
  for (const code of new Set([...codesOf(service.definition, route), ...edgeCodesOf(route)])) {
    const { status, text } = title(service.definition, code);
    byStatus.set(status, [...(byStatus.get(status) ?? []), { code, text }]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, told]) => [
      status,
      { description: told.map(({ text }) => text).join('\n\n'), content: problemRef, 'x-codes': told.map(({ code }) => code) },
    ]),
  );
};

const responsesOf = (service: DocumentedService, route: RouteInfo): Record<string, object> => {
  const success = route.status ?? (route.method === 'POST' ? 201 : 200);
  const answer = answerSchema(service, route);
  const headers =
    route.answers.stream === undefined ? {} : { headers: { ETag: { description: 'Revision of the stream.', schema: { type: 'string' } } } };
  const content = {
    description: success === 204 ? 'Done.' : 'The answer.',
    ...(success === 204 ? {} : { content: json(answer) }),
    ...headers,
  };
  const successes =
    route.answers.stream !== undefined && route.status === undefined
      ? { 200: content, 201: { ...content, description: 'Something new was opened.' } }
      : { [success]: content };
  return {
    ...successes,
    ...problemsOf(service, route),
  };
};

const parametersOf = (route: RouteInfo): readonly object[] => {
  const path = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => ({ name, in: 'path', required: true, schema: { type: 'string' } }));
  const query = route.query === undefined ? undefined : schemaOfClass(route.query);
  const queries = Object.entries((query?.['properties'] ?? {}) as Record<string, JsonSchema>).map(([name, schema]) => ({
    name,
    in: 'query',
    required: ((query?.['required'] ?? []) as string[]).includes(name),
    schema,
  }));
  const headers = isCommand(route.method)
    ? [
        { name: 'Idempotency-Key', in: 'header', required: false, schema: { type: 'string', maxLength: 200 } },
        { name: 'If-Match', in: 'header', required: false, schema: { type: 'string' } },
      ]
    : [];
  return [...path, ...queries, ...headers];
};

const bodyOf = (route: RouteInfo): object => {
  if (route.anyBody) return { requestBody: { required: false, content: json({ type: 'object' }) } };
  if (route.body === undefined) return {};
  const schema = schemaOfClass(route.body);
  const example = exampleOf(schema);
  return { requestBody: { required: true, content: { 'application/json': { schema, ...(example === undefined ? {} : { example }) } } } };
};

const operationOf = (service: DocumentedService, route: RouteInfo): object => ({
  tags: [service.definition.name],
  operationId: `${service.definition.name}.${route.controller.name}.${route.handler}`,
  summary: route.controller.name.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase(),
  description: route.access?.public === true ? 'Open to anyone.' : `Roles: ${route.access?.roles.join(', ') ?? ''}.`,
  ...(route.access?.public === true ? { security: [] } : {}),
  'x-roles': route.access?.public === true ? ['anyone'] : (route.access?.roles ?? []),
  parameters: parametersOf(route),
  ...bodyOf(route),
  responses: responsesOf(service, route),
});

/** The OpenAPI 3.1 document of the services, read off their declarations; nothing has to run. */
export const openApiOf = (services: readonly DocumentedService[], version = '1'): OpenAPIObject => {
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Qiyue')
    .setDescription(services.map(({ definition }) => `- **${definition.name}**: ${definition.title}`).join('\n'))
    .setVersion(version)
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' })
    .addSecurityRequirements('bearer');
  for (const { definition } of services) builder.addTag(definition.name, definition.title);
  const paths: Record<string, Record<string, object>> = {};
  for (const service of services) {
    for (const route of service.routes) {
      const path = route.path.replace(/:(\w+)/g, '{$1}');
      paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(service, route) };
    }
  }
  const base = builder.build();
  return {
    ...base,
    paths: paths as unknown as OpenAPIObject['paths'],
    components: { ...base.components, schemas: { Problem: problemSchema as never, CommandAnswer: commandAnswer as never } },
  };
};
