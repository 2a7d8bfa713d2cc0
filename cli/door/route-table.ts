/**
 * Route table: every route there is, who may use it, and whose things it shows or changes.
 *
 * The gate lets nothing through that has no row, and the server refuses to start with a route that has none. A row says
 * which roles may come at all; `whose` says what is then theirs, which the floors' handlers keep to.
 */
import type { Role } from './principal.ts';

export interface RouteRow {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Levels are literal or `:name`, which stands for one level of anything. */
  readonly path: string;
  /** `public` asks for no key. */
  readonly roles: 'public' | readonly Role[];
  /** `all` shows the same to every role it lets in. */
  readonly whose: 'all' | 'own jobs' | 'own sites';
}

const everyone: readonly Role[] = ['provider', 'owner', 'operator', 'read-only'];
const watchers: readonly Role[] = ['operator', 'read-only'];
const payers: readonly Role[] = ['owner', 'operator'];
const jobReaders: readonly Role[] = ['owner', 'operator', 'read-only'];
const meterReaders: readonly Role[] = ['provider', 'operator', 'read-only'];

const get = (path: string, roles: RouteRow['roles'], whose: RouteRow['whose'] = 'all'): RouteRow => ({ method: 'GET', path, roles, whose });

/** What this server answers. Parts that bring routers bring their rows. */
export const routeRows: readonly RouteRow[] = [
  get('/livez', 'public'),
  get('/healthz', 'public'),
  get('/readyz', 'public'),
  get('/metrics', watchers),
  get('/', everyone),
  get('/index.html', everyone),
  get('/assets/:file', everyone),
  get('/v1/status', everyone),
  get('/v1/summary', everyone),
  get('/v1/claims', everyone),
  get('/v1/events', watchers), // tells of everybody's jobs
  get('/v1/sites', everyone, 'own sites'),
  get('/v1/sites/:id/outlook', everyone),
  get('/v1/forecast/score', everyone),
  get('/v1/oracle', everyone),
  get('/v1/quarantine', meterReaders, 'own sites'),
  { method: 'POST', path: '/v1/jobs', roles: payers, whose: 'own jobs' },
  { method: 'POST', path: '/v1/quotes', roles: payers, whose: 'own jobs' },
  get('/v1/jobs', jobReaders, 'own jobs'),
  get('/v1/jobs/:id', jobReaders, 'own jobs'),
  { method: 'DELETE', path: '/v1/jobs/:id', roles: payers, whose: 'own jobs' },
  get('/v1/jobs/:id/events', jobReaders, 'own jobs'),
  get('/v1/jobs/:id/receipts', jobReaders, 'own jobs'),
  get('/v1/jobs/:id/explain', jobReaders, 'own jobs'),
  get('/v1/plan', watchers), // places everybody's jobs
  get('/v1/prices', everyone),
  // law 8: whoever holds a root must be able to check it, whoever that is
  get('/v1/settlements', 'public'),
  get('/v1/settlements/:period/leaves', 'public'),
];

/** Finds the row of a request; `HEAD` goes with `GET`. Only what a row spells out is found. */
export function createRouteFinder(rows: readonly RouteRow[]): (method: string, path: string) => RouteRow | undefined {
  const compiled = rows.map((row) => ({ row, levels: row.path.split('/') }));
  return (method, path) => {
    const asked = method === 'HEAD' ? 'GET' : method;
    const levels = path.split('/');
    return compiled.find(
      ({ row, levels: own }) =>
        row.method === asked &&
        own.length === levels.length &&
        own.every((level, i) => (level.startsWith(':') ? levels[i] !== '' : level === levels[i])),
    )?.row;
  };
}
