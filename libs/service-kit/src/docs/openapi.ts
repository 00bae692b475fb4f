import { DocumentBuilder, type OpenAPIObject } from '@nestjs/swagger';
import type { AnyReadModel, ReadColumn } from '@qiyue/projections';
import type { ServiceDefinition } from '../declare/service';
import { kitProblems, type KitCode } from '../http/problem';
import type { RouteInfo } from '../http/routes';
import { codesOf } from './codes';
import { schemaOfClass, type JsonSchema } from './class-schema';

/** A service with its routes, as the page shows it. */
export interface DocumentedService {
  readonly definition: ServiceDefinition;
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

const title = (definition: ServiceDefinition, code: string): { status: number; text: string } => {
  const entry = definition.rejections.table[code];
  if (entry !== undefined)
    return { status: entry.status, text: `\`${code}\`${entry.clause === undefined ? '' : ` (${entry.clause})`}: ${entry.meaning}` };
  const { status, meaning } = kitProblems[code as KitCode];
  return { status, text: `\`${code}\`: ${meaning}` };
};

const isCommand = (method: string): boolean => !['GET', 'HEAD', 'OPTIONS'].includes(method);

const responsesOf = (service: DocumentedService, route: RouteInfo): Record<string, object> => {
  const edge: KitCode[] = [
    ...(route.access?.public === true ? [] : (['unauthenticated', 'forbidden'] as const)),
    ...(isCommand(route.method)
      ? ([
          'malformed',
          'too-large',
          'unsupported-media-type',
          'invalid',
          'busy',
          'in-progress',
          'revision-mismatch',
          'idempotency-key-reused',
        ] as const)
      : route.query === undefined
        ? []
        : (['invalid'] as const)),
    'overloaded',
  ];
  const byStatus = new Map<number, string[]>();
  for (const code of [...codesOf(service.definition, route), ...edge]) {
    const { status, text } = title(service.definition, code);
    byStatus.set(status, [...(byStatus.get(status) ?? []), text]);
  }
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
    ...Object.fromEntries([...byStatus].map(([status, texts]) => [status, { description: texts.join('\n\n'), content: problemRef }])),
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

const operationOf = (service: DocumentedService, route: RouteInfo): object => ({
  tags: [service.definition.name],
  operationId: `${service.definition.name}.${route.controller.name}.${route.handler}`,
  summary: route.controller.name.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase(),
  description: route.access?.public === true ? 'Open to anyone.' : `Roles: ${route.access?.roles.join(', ') ?? ''}.`,
  ...(route.access?.public === true ? { security: [] } : {}),
  parameters: parametersOf(route),
  ...(route.body === undefined ? {} : { requestBody: { required: true, content: json(schemaOfClass(route.body)) } }),
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
