/**
 * OpenAPI: one 3.1 document of everything this server answers, made from the schemas that validate it.
 *
 * Takes the rows of every floor as they are; a row says no more here than it does where it is mounted. The document is the
 * same with and without keys: it names the headers that a key may come in.
 */
import { OpenAPIRegistry, OpenApiGeneratorV31, type RouteConfig } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';

/** What a floor says of its routes; `ServedApi` is one, and so are the floors' own contracts. */
export interface Contract {
  readonly name: string;
  readonly mount: string;
  readonly refusalSchema: z.ZodType;
  readonly refusalType?: string | undefined;
  readonly routes: readonly ContractRow[];
}

export interface ContractRow {
  readonly method: string;
  readonly path: string;
  readonly role: string;
  readonly summary: string;
  readonly params?: z.ZodObject | undefined;
  readonly query?: z.ZodObject | undefined;
  readonly body?: z.ZodType | undefined;
  readonly answers: Readonly<Record<number, z.ZodType | 'text' | 'empty'>>;
}

export type OpenApiDocument = ReturnType<OpenApiGeneratorV31['generateDocument']>;

type ComponentSchema = Parameters<typeof OpenAPIRegistry.prototype.registerComponent<'schemas'>>[2];

const json = 'application/json';
const refusals: Readonly<Record<number, string>> = {
  400: 'What was found and what is allowed',
  401: 'No key, or one that is not good',
  403: 'Not for this key',
  404: 'Nothing there',
  413: 'The body is too long',
  415: 'The body is no JSON',
  429: 'Too many requests; Retry-After says when',
  500: 'A fault here',
  501: 'Nobody forecasts it',
};

/** Every API refuses in one shape, which stands once. */
const refusalName = ({ name }: Contract): string => `${name.replaceAll(/\W/g, '')}Refusal`;
const refusalRef = (contract: Contract): string => `#/components/schemas/${refusalName(contract)}`;

const methods = ['get', 'post', 'delete'] as const;

function routeConfig(contract: Contract, row: ContractRow): RouteConfig {
  const method = methods.find((known) => known === row.method);
  if (method === undefined) throw new RangeError(`${row.method} ${row.path}: allowed methods are ${methods.join(', ')}`);
  const responses: RouteConfig['responses'] = {};
  for (const [status, description] of Object.entries(refusals))
    responses[status] = { description, content: { [contract.refusalType ?? json]: { schema: { $ref: refusalRef(contract) } } } };
  for (const [status, schema] of Object.entries(row.answers)) {
    const description = status === '204' ? 'Nothing is known' : row.summary;
    if (schema === 'empty') responses[status] = { description };
    else if (schema === 'text') responses[status] = { description, content: { 'text/plain': { schema: { type: 'string' } } } };
    else responses[status] = { description, content: { [json]: { schema } } };
  }
  const { params, query, body } = row;
  return {
    method,
    path: `${contract.mount}${row.path}`,
    tags: [contract.name],
    summary: row.summary,
    'x-role': row.role,
    security: row.role === 'public' ? [] : [{}, { bearer: [] }, { basic: [] }, { authToken: [] }],
    request: {
      ...(params ? { params } : {}),
      ...(query ? { query } : {}),
      ...(body ? { body: { required: true, content: { [json]: { schema: body } } } } : {}),
    },
    responses,
  };
}

/** The document. @throws RangeError for a method that no floor uses */
export function openApiDocument(contracts: readonly Contract[]): OpenApiDocument {
  const registry = new OpenAPIRegistry();
  registry.registerComponent('securitySchemes', 'bearer', { type: 'http', scheme: 'bearer' });
  registry.registerComponent('securitySchemes', 'basic', { type: 'http', scheme: 'basic' });
  registry.registerComponent('securitySchemes', 'authToken', { type: 'apiKey', in: 'header', name: 'auth-token' });
  for (const contract of contracts) {
    const { $schema: _, ...schema } = z.toJSONSchema(contract.refusalSchema);
    registry.registerComponent('schemas', refusalName(contract), schema as ComponentSchema);
    for (const row of contract.routes) registry.registerPath(routeConfig(contract, row));
  }
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'Sunward',
      version: '1',
      description: 'Where and when power is green and cheap: the oracle and scheduler, and APIs that existing clients already speak.',
    },
    servers: [{ url: '/' }],
    tags: [...new Set(contracts.map(({ name }) => name))].map((name) => ({ name })),
  });
}
