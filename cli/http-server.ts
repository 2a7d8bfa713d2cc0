/**
 * HTTP server: the API of both floors, the page, health, and the event stream, on loopback unless told otherwise.
 */
import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { join } from 'node:path';
import express, { type NextFunction, type Request, type Response, type Router } from 'express';
import type { ClaimsWire, StatusWire, SummaryWire } from '../scheduler/wire.ts';
import { createGate, type GateOptions, notFound } from './door/gate.ts';
import { undeclaredRoutes } from './door/registered-routes.ts';
import { routeRows } from './door/route-table.ts';
import { shedIdle } from './door/shed.ts';
import type { EventLog } from './event-log.ts';

export interface HttpOptions {
  readonly host: string;
  readonly port: number;
  readonly routers: readonly Router[];
  readonly events: EventLog;
  readonly status: () => StatusWire;
  readonly summary: () => Promise<SummaryWire>;
  readonly claims: () => Promise<ClaimsWire>;
  /** Names what is missing; empty when everything answers. */
  readonly missing: () => Promise<readonly string[]>;
  /** What guards it; the rows are those of this server unless told. Without `prove` it must listen on loopback alone. */
  readonly gate?: Partial<GateOptions>;
  /** PEM of the certificate and its key; without them it speaks HTTP. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Answers `/metrics`. */
  readonly metrics?: Router;
}

export interface HttpServer {
  readonly url: string;
  close(): Promise<void>;
}

/** The address cannot be had. */
export class HttpFault extends Error {
  constructor(what: string, cause?: unknown) {
    super(what, { cause });
    this.name = 'HttpFault';
  }
}

const page = join(import.meta.dirname, '..', 'dashboards', 'dist');
const limits = { headersTimeout: 5_000, requestTimeout: 10_000, connectionsCheckingInterval: 1_000 };
const connectionsMax = 2_500;
/** Of those, how many may not have asked anything yet. */
const idleMax = 400;
const handshakeMsMax = 5_000;

/** Listens; resolves once it answers. @throws HttpFault when the port is taken; RangeError when a route has no row. */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const rows = options.gate?.rows ?? routeRows;
  const app = express();
  app.disable('x-powered-by');
  app.use((_request, response, next) => {
    response.set({
      'X-Content-Type-Options': 'nosniff',
      'Content-Security-Policy': "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:",
    });
    next();
  });
  app.use(createGate({ ...options.gate, rows }));
  app.get(['/livez', '/healthz'], (_request, response) => void response.json({ ok: true }));
  app.get('/readyz', async (_request, response) => {
    const missing = await options.missing();
    response.status(missing.length === 0 ? 200 : 503).json({ ready: missing.length === 0, missing });
  });
  app.get('/v1/status', (_request, response) => void response.json(options.status()));
  app.get('/v1/summary', async (_request, response) => void response.json(await options.summary()));
  app.get('/v1/claims', async (_request, response) => void response.json(await options.claims()));
  app.get('/v1/events', (request, response) => options.events.stream(request, response));
  for (const router of [...options.routers, ...(options.metrics ? [options.metrics] : [])]) app.use(router);
  if (existsSync(page)) app.use(express.static(page));
  else app.get('/', (_request, response) => void response.status(503).send('The page is not built: run `npm run page`.'));
  app.use(notFound);
  app.use((fault: unknown, _request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) return next(fault);
    const status = fault instanceof Error && 'status' in fault && typeof fault.status === 'number' ? fault.status : 500;
    response.status(status).json({ error: wordOf(status), detail: fault instanceof Error ? fault.message : String(fault) });
  });
  const undeclared = undeclaredRoutes(app, rows);
  if (undeclared.length > 0) throw new RangeError(`routes without a row in the route table: ${undeclared.join(', ')}; add one`);
  const server = options.tls
    ? createTlsServer({ ...limits, ...options.tls, handshakeTimeout: handshakeMsMax, minVersion: 'TLSv1.2' }, app)
    : createServer(limits, app);
  server.maxConnections = connectionsMax;
  shedIdle(server, idleMax);
  await listening(server, options);
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : options.port;
  return {
    url: `${options.tls ? 'https' : 'http'}://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`,
    close: async () => {
      options.events.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const wordOf = (status: number) => (status === 413 ? 'too-large' : status < 500 ? 'bad-request' : 'fault');

function listening(server: Server, { host, port }: HttpOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (fault: NodeJS.ErrnoException) =>
      reject(
        new HttpFault(
          fault.code === 'EADDRINUSE' ? `port ${port} is taken; stop what holds it or choose another with --port` : fault.message,
          fault,
        ),
      ),
    );
    server.listen(port, host, resolve);
  });
}
