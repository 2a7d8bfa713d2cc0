/**
 * Route: what an imitated API answers, as data: path, role, schemas of what is asked and answered, and who answers.
 *
 * The same row validates a request, mounts the route, stands in the OpenAPI document and in the matrix of who may ask.
 * A handler is a function from validated values to an answer and knows no HTTP server. Every API refuses in its own
 * shape, so that a client built for the original understands why.
 */
import type { z } from 'zod';

/** Who asks; whatever else the door knows of them is not looked at here. */
export interface Principal {
  /** Id of the key, for limits; never the key. */
  readonly key: string;
}

export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Proves a request by its `Authorization` header; `undefined` when it proves nobody. */
export type Authenticate = (request: {
  readonly headers: { readonly authorization: string | undefined };
}) => Promise<Principal | undefined>;

export interface Answer {
  readonly status: number;
  /** Text is sent as it is, anything else as JSON; absent: nothing. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly contentType?: 'application/json' | 'application/problem+json' | 'text/plain';
}

/** A request after its schemas. */
export interface Asked<Params, Query, Body> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly headers: Headers;
}

/** What schemas say of an answer: JSON that fits, plain text, or nothing at all. */
export type AnswerSchema = z.ZodType | 'text' | 'empty';

export interface ServedRoute {
  readonly method: 'get' | 'post';
  /** Below the API's mount, with `{name}` for a level. */
  readonly path: string;
  /** `public` asks for no key, even where there are keys. */
  readonly role: 'public' | 'read-only';
  readonly summary: string;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  readonly answers: Readonly<Record<number, AnswerSchema>>;
  handle(asked: Asked<unknown, unknown, unknown>): Promise<Answer>;
}

type Parsed<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined;

/** Types a handler by its schemas; the row itself forgets them. */
export function route<
  Params extends z.ZodObject | undefined = undefined,
  Query extends z.ZodObject | undefined = undefined,
  Body extends z.ZodType | undefined = undefined,
>(
  row: Omit<ServedRoute, 'handle' | 'params' | 'query' | 'body'> & {
    readonly params?: Params;
    readonly query?: Query;
    readonly body?: Body;
    handle(asked: Asked<Parsed<Params>, Parsed<Query>, Parsed<Body>>): Promise<Answer>;
  },
): ServedRoute {
  return row as unknown as ServedRoute;
}

/** Why a request is not answered, before an API puts it into its own shape. */
export interface Refusal {
  readonly status: 400 | 401 | 403 | 404 | 413 | 415 | 429 | 500 | 501;
  readonly message: string;
  /** By field, where fields are to blame. */
  readonly fields?: Readonly<Record<string, readonly string[]>>;
}

/** A refusal that a handler throws at any depth. */
export class RefusedError extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.message);
    this.name = 'RefusedError';
    this.refusal = refusal;
  }
}

/** Ends a handler with a refusal. @throws RefusedError always */
export function refuse(status: Refusal['status'], message: string, fields?: Refusal['fields']): never {
  throw new RefusedError({ status, message, ...(fields ? { fields } : {}) });
}

export interface ServedApi {
  readonly name: string;
  /** What a client's base URL ends with: starts with a slash and ends without one; empty is the root. */
  readonly mount: string;
  readonly routes: readonly ServedRoute[];
  /** A refusal in this API's shape. */
  refusal(refusal: Refusal): Answer;
  /** What that shape looks like. */
  readonly refusalSchema: z.ZodType;
  readonly refusalType?: 'application/problem+json';
  /** Names of query fields are told apart without their case. */
  readonly isCaseBlind?: boolean;
  /** Requests of one asker in five minutes; of the route at this path its own number. */
  readonly requestsMax?: number;
  readonly requestsMaxAt?: Readonly<Record<string, number>>;
}

const first = (value: string | readonly string[] | undefined): string | undefined => (typeof value === 'string' ? value : value?.[0]);

/**
 * The key that a request shows, wherever its API is used to putting it: `auth-token` and `X-BLOBR-KEY` (Electricity
 * Maps), `Authorization: Bearer`, or the password of `Authorization: Basic`. The first of these that is there counts.
 */
export function presentedKey(headers: Headers): string | undefined {
  const own = first(headers['auth-token']) ?? first(headers['x-blobr-key']);
  if (own) return own;
  const authorization = first(headers['authorization']);
  return bearer(authorization) ?? basic(authorization)?.password;
}

/** The token of `Bearer <token>`. */
export const bearer = (authorization: string | undefined): string | undefined => /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];

/** User and password of `Basic <base64>`; `undefined` for anything else. */
export function basic(authorization: string | undefined): { readonly user: string; readonly password: string } | undefined {
  const encoded = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(authorization ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}
