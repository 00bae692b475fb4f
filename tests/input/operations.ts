import { allServices } from '@qiyue/all-in-one';
import { controllersOf, documentedPlatform, openApiOf, platformRoutes, routesOf } from '@qiyue/service-kit';
import type { Answer } from '@qiyue/service-kit/testing';

/** A JSON schema, as the OpenAPI document writes them. */
export interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly format?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly schema: Schema;
}

/** What a served OpenAPI document says of one operation. */
export interface Operation {
  /** `<METHOD> <path>`, the path with its `{parameters}`. */
  readonly id: string;
  readonly method: string;
  readonly path: string;
  /** Roles let in; `anyone` for open ones. */
  readonly roles: readonly string[];
  readonly parameters: readonly Parameter[];
  /** Absent where no body is read; without properties where any JSON object is. */
  readonly body?: { readonly schema: Schema; readonly example?: unknown };
  /** Documented codes of refusals, by status. */
  readonly codes: Readonly<Record<string, readonly string[]>>;
  /** Documented statuses, of success too. */
  readonly statuses: readonly number[];
  /** Of the answer of success, where it says. */
  readonly answer?: Schema;
}

interface DocumentedOperation {
  readonly 'x-roles': readonly string[];
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly content: { readonly 'application/json': { readonly schema: Schema; readonly example?: unknown } } };
  readonly responses: Readonly<
    Record<string, { readonly 'x-codes'?: readonly string[]; readonly content?: Readonly<Record<string, { readonly schema: Schema }>> }>
  >;
}

const operationOf = (method: string, path: string, documented: DocumentedOperation): Operation => {
  const { parameters, requestBody, responses } = documented;
  const body = requestBody?.content['application/json'];
  const answer = (responses['200'] ?? responses['201'])?.content?.['application/json']?.schema;
  return {
    id: `${method.toUpperCase()} ${path}`,
    method: method.toUpperCase(),
    path,
    roles: documented['x-roles'],
    parameters,
    codes: Object.fromEntries(Object.entries(responses).map(([status, { 'x-codes': codes = [] }]) => [status, codes])),
    statuses: Object.keys(responses).map(Number),
    ...(body === undefined ? {} : { body }),
    ...(answer === undefined ? {} : { answer }),
  };
};

/** Every operation that an OpenAPI document tells of. */
const operationsOf = (document: object): readonly Operation[] => {
  const { paths } = document as { readonly paths: Readonly<Record<string, Readonly<Record<string, DocumentedOperation>>>> };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, documented]) => operationOf(method, path, documented)),
  );
};

/** The document of the whole platform with its test clock; the one that is served is this one, which a test shows. */
export const platformDocument = (): object =>
  openApiOf([
    ...allServices.map((definition) => ({ definition, routes: routesOf(definition.name, controllersOf(definition)) })),
    documentedPlatform(platformRoutes(true)),
  ]);

export const operations = operationsOf(platformDocument());

export const pathParameters = ({ parameters }: Operation): readonly string[] =>
  parameters.filter((one) => one.in === 'path').map(({ name }) => name);
export const queryParameters = ({ parameters }: Operation): readonly Parameter[] => parameters.filter((one) => one.in === 'query');
export const readsBody = ({ method }: Operation): boolean => method !== 'GET';

/** The path with its parameters filled in; an id that names nothing where none is given. */
export const pathOf = ({ path }: Operation, values: Readonly<Record<string, string>> = {}): string =>
  path.replace(/\{(\w+)\}/g, (_all, name: string) => encodeURIComponent(values[name] ?? 'names-nothing'));

/** The query that an operation cannot do without. */
export const requiredQuery = (operation: Operation): string => {
  const needed = queryParameters(operation).filter(({ required }) => required);
  const texts: Readonly<Record<string, string>> = { email: 'li@example.com' };
  return needed.length === 0
    ? ''
    : `?${needed.map(({ name, schema }) => `${name}=${encodeURIComponent(texts[schema.format ?? ''] ?? 'example')}`).join('&')}`;
};

/** Whether an operation's document tells of this refusal. */
export const isDocumented = ({ codes }: Operation, { status, body }: Pick<Answer, 'status' | 'body'>): boolean =>
  (codes[String(status)] ?? []).includes((body as { code: string }).code);
