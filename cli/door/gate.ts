/**
 * Gate: what every request passes before anybody answers it.
 *
 * In this order: number it, keep browsers of strangers out, limit its address, find its row, prove who asks, limit the
 * key, check the role. What no row allows is refused; a row that asks for itself is only limited here. Whose thing it is (own jobs, own sites) is checked by the floors'
 * handlers, which ask `principalOf`.
 */
import { randomUUID } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import type { Log } from '../log.ts';
import type { Prove } from './authenticate.ts';
import { localOperator, type Principal } from './principal.ts';
import { createRouteFinder, type RouteRow } from './route-table.ts';
import { createTokenBuckets, type Rate } from './token-bucket.ts';

export interface GateOptions {
  readonly rows: readonly RouteRow[];
  /** Proves an `Authorization` header; without it everybody is the operator, which is for a loopback address alone. */
  readonly prove?: Prove;
  /** Requests of one key, and of one address that shows none or a wrong one. */
  readonly keyRate?: Rate;
  readonly strangerRate?: Rate;
  /** Without `prove`: answer whatever name this machine is asked for by. */
  readonly anyHost?: boolean;
  readonly log?: Log;
  /** Told of every request when it is over. */
  readonly onAnswered?: (answered: Answered) => void;
}

export interface Answered {
  readonly method: string;
  /** Path of its row; `undefined` when there is none. */
  readonly route: string | undefined;
  readonly status: number;
  readonly ms: number;
}

/** A page polls a handful of routes a second. */
const keyRateUsual: Rate = { perS: 100, burst: 200 };
const strangerRateUsual: Rate = { perS: 20, burst: 60 };
const localHost = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i;

const principals = new WeakMap<Request, Principal>();

/** Who asks; for handlers behind the gate. A request that never passed it is nobody's. */
export const principalOf = (request: Request): Principal | undefined => principals.get(request);

/** The owner a request is bound to; `undefined` may act for anyone. */
export const onlyOwner = (request: Request): string | undefined => {
  const principal = principalOf(request);
  return principal?.role === 'owner' ? principal.subject : undefined;
};

/** Whether a request may see meters of a provider's sites; nobody's (`undefined`) are for those who see all. */
export const seesMetersOf = (request: Request, provider: string | undefined): boolean => {
  const principal = principalOf(request);
  if (principal?.role === 'provider') return provider !== undefined && provider === principal.subject;
  return principal?.role === 'operator' || principal?.role === 'read-only';
};

export function createGate(options: GateOptions): RequestHandler {
  const { rows, prove, log, onAnswered } = options;
  const find = createRouteFinder(rows);
  const keyBucket = createTokenBuckets(options.keyRate ?? keyRateUsual);
  const strangerBucket = createTokenBuckets(options.strangerRate ?? strangerRateUsual);

  const judge = async (request: Request): Promise<Verdict> => {
    const strange = strangeBrowser(request, prove === undefined && !options.anyHost);
    if (strange !== undefined) return { kind: 'refused', status: 403, error: 'forbidden', detail: strange };
    const row = find(request.method, request.path);
    if (!prove) return row ? { kind: 'passed', principal: localOperator } : { kind: 'nowhere' };
    const stranger = strangerBucket(request.ip ?? '', performance.now());
    if (row?.roles === 'public' || row?.roles === 'asks for itself')
      return limited(stranger.take(performance.now()), 'this address') ?? { kind: 'passed' };
    const proof = await prove(request.get('Authorization')).catch(() => undefined);
    if (!proof)
      return { kind: 'refused', status: 503, error: 'unavailable', detail: 'keys cannot be checked now; ask again', retryAfterS: 5 };
    if (proof.kind === 'unproven') return limited(stranger.take(performance.now()), 'this address') ?? unprovenBy(proof.why);
    const { principal } = proof;
    const hurried = limited(keyBucket(principal.key, performance.now()).take(performance.now()), 'this key');
    if (hurried) return hurried;
    if (!row) return { kind: 'nowhere' };
    if (row.roles.includes(principal.role)) return { kind: 'passed', principal };
    const detail = `${request.method} ${row.path} is for ${row.roles.join(', ')}; this key is of role ${principal.role}`;
    return { kind: 'refused', status: 403, error: 'forbidden', detail };
  };

  return async (request, response, next) => {
    const id = randomUUID();
    response.set('X-Request-Id', id);
    const began = performance.now();
    response.once('close', () => {
      const ms = performance.now() - began;
      onAnswered?.({ method: request.method, route: find(request.method, request.path)?.path, status: response.statusCode, ms });
      if (log) tellOf(log, id, request, response, ms);
    });
    const verdict = await judge(request);
    if (verdict.kind === 'nowhere') return notFound(request, response);
    if (verdict.kind === 'refused') return refuse(response, verdict);
    if (verdict.principal) principals.set(request, verdict.principal);
    next();
  };
}

interface Refused {
  readonly kind: 'refused';
  readonly status: 401 | 403 | 429 | 503;
  readonly error: string;
  readonly detail: string;
  readonly retryAfterS?: number;
}
type Verdict = Refused | { readonly kind: 'passed'; readonly principal?: Principal } | { readonly kind: 'nowhere' };

/** The answer to a request that nothing answers. */
export const notFound = (request: Request, response: Response): void =>
  void response.status(404).json({ error: 'not-found', detail: `nothing at ${request.method} ${request.path}` });

const limited = (waitMs: number, whose: string): Refused | undefined =>
  waitMs === 0
    ? undefined
    : {
        kind: 'refused',
        status: 429,
        error: 'too-many-requests',
        detail: `too many requests of ${whose}; ask again in ${waitMs} ms`,
        retryAfterS: Math.ceil(waitMs / 1_000),
      };

const unprovenBy = (why: string): Refused => ({
  kind: 'refused',
  status: 401,
  error: 'unauthorized',
  detail: `${why}; send Authorization: Bearer with a key made by \`sunward oracle keys add\``,
});

function refuse(response: Response, { status, error, detail, retryAfterS }: Refused): void {
  if (status === 401) response.set('WWW-Authenticate', ['Bearer realm="sunward"', 'Basic realm="sunward", charset="UTF-8"']);
  if (retryAfterS !== undefined) response.set('Retry-After', String(retryAfterS));
  response.status(status).json({ error, detail });
}

/**
 * Why a request looks as if a stranger's page made a browser send it; `undefined` when it does not.
 *
 * Browsers send a password they were given, and reach a loopback address, for any page that asks: so a change must come
 * from our own page, and without keys the name that was asked for must be this machine's (a name can be made to point here).
 */
function strangeBrowser(request: Request, open: boolean): string | undefined {
  const host = request.get('Host') ?? '';
  if (open && !localHost.test(host))
    return `asked for as ${JSON.stringify(host.slice(0, 80))}; without keys only this machine's own name is answered`;
  if (request.method === 'GET' || request.method === 'HEAD') return undefined;
  const from = request.get('Sec-Fetch-Site');
  const origin = request.get('Origin');
  if (from !== undefined && from !== 'same-origin' && from !== 'none') return 'a page of another site may change nothing here';
  if (origin !== undefined && !(URL.canParse(origin) && new URL(origin).host === host))
    return 'a page of another site may change nothing here';
  return undefined;
}

/** Tells of a request when it is over: changes and refusals always, what was merely read only to those who debug. */
function tellOf(log: Log, id: string, request: Request, response: Response, ms: number): void {
  const { statusCode: status } = response;
  const fields = {
    id,
    method: request.method,
    path: request.path,
    status,
    ms: Math.round(ms),
    key: principalOf(request)?.key,
  };
  const text = `${request.method} ${request.path} ${status}`;
  if (status >= 500) log.error('http.request', text, fields);
  else if ([401, 403, 413, 429].includes(status)) log.warn('http.refused', text, fields);
  else if (request.method === 'GET' || request.method === 'HEAD') log.debug('http.request', text, fields);
  else log.info('http.request', text, fields);
}
