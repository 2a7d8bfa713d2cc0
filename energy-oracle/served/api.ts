/**
 * Served APIs over HTTP: every row of every imitated API becomes a route that proves, counts, validates and answers.
 *
 * Rows and their handlers are in the folders beside; here is the order of things. First the key (401), then the count
 * (429), then the schemas (400), then the handler. Whatever is refused is refused in the shape of the API it was asked of.
 */
import express, { type NextFunction, type Request, type Response, Router } from 'express';
import type { z } from 'zod';
import type { Clock } from '../../units/clock.ts';
import { createRateWindow, type RateWindow } from './rate-window.ts';
import { type Answer, type Authenticate, presentedKey, type Refusal, RefusedError, type ServedApi, type ServedRoute } from './route.ts';

export interface ServedApisPorts {
  readonly clock: Clock;
  readonly apis: readonly ServedApi[];
  /** Without it everybody may ask. */
  readonly authenticate?: Authenticate | undefined;
  /** The key behind what a request shows, where an API hands out tokens of its own; `undefined` for a token that is over. */
  readonly keyBehind?: (shown: string) => string | undefined;
}

const bodyBytesMax = '128kb';
const requestsMaxDefault = 3_000;

/** One row of who may ask what, for a matrix of all routes. */
export interface RouteRole {
  readonly method: 'GET' | 'POST';
  /** As express writes it: `/intensity/:from`. */
  readonly path: string;
  readonly role: ServedRoute['role'];
}

const expressPath = (api: ServedApi, { path }: ServedRoute): string => `${api.mount}${path}`.replaceAll(/\{(\w+)\}/g, ':$1');

/** Every route of the served APIs with the role it needs. */
export const servedRouteRoles = (apis: readonly ServedApi[]): readonly RouteRole[] =>
  apis.flatMap((api) =>
    api.routes.map((row) => ({ method: row.method === 'get' ? 'GET' : 'POST', path: expressPath(api, row), role: row.role }) as const),
  );

/** A router of all of them. Paths are told apart without their case. */
export function servedApis(ports: ServedApisPorts): Router {
  const router = Router();
  const window = createRateWindow(ports);
  for (const api of ports.apis) {
    const parse = express.json({ limit: bodyBytesMax, type: ['application/json', 'application/*+json'] });
    const answerFault = (fault: unknown, _request: Request, response: Response, next: NextFunction) => {
      if (response.headersSent) return next(fault);
      send(response, api.refusal(faultRefusal(fault)));
    };
    for (const row of api.routes) {
      const handler = async (request: Request, response: Response) => send(response, await answer(ports, window, api, row, request));
      if (row.method === 'get') router.get(expressPath(api, row), handler, answerFault);
      else router.post(expressPath(api, row), parse, handler, answerFault);
    }
  }
  return router;
}

async function answer(ports: ServedApisPorts, window: RateWindow, api: ServedApi, row: ServedRoute, request: Request): Promise<Answer> {
  try {
    const asker = await askerOf(ports, row, request);
    const requestsMax = api.requestsMaxAt?.[row.path];
    const waitMs = window.take(
      `${api.name} ${requestsMax === undefined ? '' : row.path} ${asker}`,
      requestsMax ?? api.requestsMax ?? requestsMaxDefault,
    );
    if (waitMs > 0) {
      const seconds = Math.ceil(waitMs / 1_000);
      const refused = api.refusal({ status: 429, message: `too many requests; ask again in ${seconds} s` });
      return { ...refused, headers: { ...refused.headers, 'Retry-After': String(seconds) } };
    }
    return await row.handle({
      params: parsed(row.params, request.params, 'path'),
      query: parsed(row.query, filled(api.isCaseBlind ? respelled(row.query, request.query) : request.query), 'query'),
      body: parsed(row.body, request.body, 'body'),
      headers: request.headers,
    });
  } catch (fault) {
    if (fault instanceof RefusedError) return api.refusal(fault.refusal);
    throw fault;
  }
}

/** Who is counted: the key, else the address. @throws RefusedError when a key is needed and none is proved */
async function askerOf({ authenticate, keyBehind }: ServedApisPorts, row: ServedRoute, request: Request): Promise<string> {
  const address = request.socket.remoteAddress ?? 'nobody';
  if (row.role === 'public') return address;
  const shown = presentedKey(request.headers);
  const key = shown === undefined ? undefined : keyBehind ? keyBehind(shown) : shown;
  if (authenticate === undefined) {
    if (shown !== undefined && key === undefined) throw new RefusedError({ status: 401, message: 'this token is over; log in again' });
    return address;
  }
  if (shown === undefined) throw new RefusedError({ status: 401, message: 'no key: send one in the header that this API takes it from' });
  const principal = key === undefined ? undefined : await authenticate({ headers: { authorization: `Bearer ${key}` } });
  if (!principal) throw new RefusedError({ status: 401, message: 'this key or token is unknown, revoked or over' });
  return principal.key;
}

/** @throws RefusedError with what was wrong, by field */
function parsed(schema: z.ZodType | undefined, value: unknown, where: 'path' | 'query' | 'body'): unknown {
  if (!schema) return undefined;
  const result = schema.safeParse(value ?? (where === 'body' ? undefined : {}));
  if (result.success) return result.data;
  const fields: Record<string, string[]> = {};
  for (const { path, message } of result.error.issues) {
    const field = path.map(String).join('.') || where;
    fields[field] = [...(fields[field] ?? []), message];
  }
  const message = Object.entries(fields)
    .map(([field, why]) => `${field}: ${why.join('; ')}`)
    .join('. ');
  throw new RefusedError({ status: 400, message, fields });
}

/** A query whose names are spelled as the schema spells them. */
function respelled(schema: z.ZodObject | undefined, query: Request['query']): Record<string, unknown> {
  const spelling = new Map(Object.keys(schema?.shape ?? {}).map((name) => [name.toLowerCase(), name]));
  return Object.fromEntries(Object.entries(query).map(([name, value]) => [spelling.get(name.toLowerCase()) ?? name, value]));
}

/** A query without the fields that were named and left empty: an empty latitude is none, and not the equator. */
const filled = (query: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(query).filter(([, value]) => value !== ''));

/** What the body parser refuses is the caller's doing; all else is a fault here, of which the caller is told nothing. */
function faultRefusal(fault: unknown): Refusal {
  const status = fault instanceof Error && 'status' in fault ? fault.status : 500;
  const message = fault instanceof Error ? fault.message : String(fault);
  if (status === 400 || status === 413 || status === 415) return { status, message };
  return { status: 500, message: 'something went wrong here; it is not your request' };
}

function send(response: Response, { status, body, headers = {}, contentType }: Answer): void {
  response.status(status).set(headers);
  if (body === undefined) response.end();
  else if (typeof body === 'string') response.type(contentType ?? 'text/plain').send(body);
  else response.type(contentType ?? 'application/json').json(body);
}
