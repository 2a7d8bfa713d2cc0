/**
 * HTTP server: the API of both floors, the page, health, and the event stream, on loopback unless told otherwise.
 */
import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import express, { type NextFunction, type Request, type Response, type Router } from 'express';
import type { ClaimsWire, StatusWire, SummaryWire } from '../scheduler/wire.ts';
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
const connectionsMax = 500;

/** Listens; resolves once it answers. @throws HttpFault when the port is taken. */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const app = express();
  app.disable('x-powered-by');
  app.use((_request, response, next) => {
    response.set({
      'X-Content-Type-Options': 'nosniff',
      'Content-Security-Policy': "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:",
    });
    next();
  });
  app.get('/healthz', (_request, response) => void response.json({ ok: true }));
  app.get('/readyz', async (_request, response) => {
    const missing = await options.missing();
    response.status(missing.length === 0 ? 200 : 503).json({ ready: missing.length === 0, missing });
  });
  app.get('/v1/status', (_request, response) => void response.json(options.status()));
  app.get('/v1/summary', async (_request, response) => void response.json(await options.summary()));
  app.get('/v1/claims', async (_request, response) => void response.json(await options.claims()));
  app.get('/v1/events', (request, response) => options.events.stream(request, response));
  for (const router of options.routers) app.use(router);
  if (existsSync(page)) app.use(express.static(page));
  else app.get('/', (_request, response) => void response.status(503).send('The page is not built: run `npm run page`.'));
  app.use(
    (request, response) => void response.status(404).json({ error: 'not-found', detail: `nothing at ${request.method} ${request.path}` }),
  );
  app.use((fault: unknown, _request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) return next(fault);
    const status = fault instanceof Error && 'status' in fault && typeof fault.status === 'number' ? fault.status : 500;
    response
      .status(status)
      .json({ error: status < 500 ? 'bad-request' : 'fault', detail: fault instanceof Error ? fault.message : String(fault) });
  });
  const server = createServer(limits, app);
  server.maxConnections = connectionsMax;
  await listening(server, options);
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : options.port;
  return {
    url: `http://${options.host}:${port}`,
    close: async () => {
      options.events.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

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
