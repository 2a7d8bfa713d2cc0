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
  /** `public` asks for no key; `asks for itself` is let through to a router that checks the key in its clients' own words. */
  readonly roles: 'public' | 'asks for itself' | readonly Role[];
  /** `all` shows the same to every role it lets in. */
  readonly whose: 'all' | 'own jobs' | 'own sites';
  /** Told apart without its case, and with or without a slash at its end, as clients of other makers are used to. */
  readonly isLoose?: boolean;
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
  get('/openapi.json', 'public'), // how to ask; nothing of anybody's
  get('/', everyone),
  get('/index.html', everyone),
  get('/assets/:file', everyone),
  get('/v1/status', everyone),
  get('/v1/summary', everyone),
  get('/v1/claims', everyone),
  get('/v1/events', watchers), // tells of everybody's jobs
  get('/v1/sites', everyone, 'own sites'),
  get('/v1/sites/:id/outlook', everyone),
  get('/v1/sites/:id/verdicts', meterReaders, 'own sites'),
  get('/v1/sites/:id/pv-forecast', everyone),
  // the owner's signature in the statement is the authority, whoever brings it; whoever checks readings needs the keys
  get('/v1/sites/:id/keys', 'public'),
  { method: 'POST', path: '/v1/sites/:id/keys', roles: 'public', whose: 'all' },
  get('/v1/series/latest', meterReaders, 'own sites'),
  get('/v1/series/:site/:stream', meterReaders, 'own sites'),
  get('/v1/signals/:zone/:signal', everyone),
  get('/v1/feeds', everyone),
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

/** Whether some path is one of both rows', however it is spelled. Express tells paths apart without their case. */
function meet(a: RouteRow, b: RouteRow): boolean {
  const [ours, theirs] = [levelsOf(a.path.toLowerCase()), levelsOf(b.path.toLowerCase())];
  const isAny = (level: string | undefined) => level?.startsWith(':') === true;
  return (
    a.method === b.method &&
    ours.length === theirs.length &&
    ours.every((level, i) => level === theirs[i] || isAny(level) || isAny(theirs[i]))
  );
}

/**
 * A table with the rows of routers that are mounted where an operator says; its own come first.
 *
 * @throws RangeError when a mounted row could stand for a path of the table, which it would open to whom the table does not let in
 */
export function withMounted(rows: readonly RouteRow[], mounted: readonly RouteRow[]): readonly RouteRow[] {
  for (const row of mounted) {
    const own = rows.find((candidate) => meet(candidate, row));
    if (own) throw new RangeError(`${row.method} ${row.path} would stand in for ${own.path}; give its API another mount in the fleet file`);
  }
  return [...rows, ...mounted];
}

const levelsOf = (path: string): readonly string[] => path.replace(/(?<=.)\/$/, '').split('/');

/** Finds the row of a request; `HEAD` goes with `GET`. Only what a row spells out is found. */
export function createRouteFinder(rows: readonly RouteRow[]): (method: string, path: string) => RouteRow | undefined {
  const compiled = rows.map((row) => ({ row, levels: (row.isLoose ? row.path.toLowerCase() : row.path).split('/') }));
  return (method, path) => {
    const asked = method === 'HEAD' ? 'GET' : method;
    const strict = path.split('/');
    const loose = levelsOf(path.toLowerCase());
    return compiled.find(({ row, levels: own }) => {
      const levels = row.isLoose ? loose : strict;
      return (
        row.method === asked &&
        own.length === levels.length &&
        own.every((level, i) => (level.startsWith(':') ? levels[i] !== '' : level === levels[i]))
      );
    })?.row;
  };
}
