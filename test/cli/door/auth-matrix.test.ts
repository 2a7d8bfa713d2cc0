/** Who may do what over HTTP: every route against everybody, and what each sees of what is not theirs. */

import express, { Router } from 'express';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { registeredRoutes, undeclaredRoutes } from '../../../cli/door/registered-routes.ts';
import { type RouteRow, routeRows, withMounted } from '../../../cli/door/route-table.ts';
import type { QuarantineWire, SampleWire, SiteWire } from '../../../energy-oracle/wire.ts';
import type { JobWire } from '../../../scheduler/wire.ts';
import { startDoor } from '../../fixtures/door.ts';

let door: Awaited<ReturnType<typeof startDoor>>;
/** `Authorization` of everybody who comes. */
const who: Record<string, string | undefined> = { none: undefined };
const jobOf: Record<string, string> = {};

const ask = (
  method: string,
  path: string,
  authorization: string | undefined,
  init: { body?: string; headers?: Record<string, string> } = {},
) =>
  fetch(`${door.url}${path}`, {
    ...init,
    method,
    headers: { ...init.headers, ...(authorization ? { Authorization: authorization } : {}) },
    signal: AbortSignal.timeout(path === '/v1/events' ? 300 : 10_000),
  });
const submit = (authorization: string | undefined, headers: Record<string, string> = {}) =>
  ask('POST', '/v1/jobs', authorization, { body: 'name: train\nmax_duration: 1h\n', headers });

beforeAll(async () => {
  door = await startDoor({ gate: { keyRate: { perS: 10_000, burst: 10_000 }, strangerRate: { perS: 10_000, burst: 10_000 } } });
  for (const [name, role, subject] of [
    ['provider ada', 'provider', 'ada'],
    ['provider bob', 'provider', 'bob'],
    ['owner ann', 'owner', 'ann'],
    ['owner ben', 'owner', 'ben'],
    ['operator', 'operator', undefined],
    ['reader', 'read-only', undefined],
    ['revoked', 'operator', undefined],
  ] as const) {
    const { key, text } = await door.keyFor(role, subject);
    who[name] = `Bearer ${text}`;
    if (name === 'revoked') await door.keys.revoke(key.id, door.clock.now());
    if (name === 'operator') {
      who['operator by a browser'] = `Basic ${Buffer.from(`me:${text}`).toString('base64')}`;
      who['right id, wrong secret'] = `Bearer ${text.slice(0, -5)}AAAAA`;
      who['the hash of a key'] = `Bearer sunward_${key.id}_${Buffer.from(key.hash, 'hex').toString('base64url')}`;
      who['another scheme'] = `Digest ${text}`;
      who['two keys'] = `Bearer ${text} ${text}`;
    }
  }
  who['expired'] = `Bearer ${(await door.keyFor('operator', undefined, door.clock.now())).text}`;
  who['malformed'] = 'Bearer eyJhbGciOiJub25lIn0.e30.';
  who['unknown'] = `Bearer sunward_${'0'.repeat(16)}_${'A'.repeat(43)}`;
  for (const owner of ['ann', 'ben']) jobOf[owner] = ((await (await submit(who[`owner ${owner}`])).json()) as JobWire).id;
});
afterAll(() => door.close());

const strangers = [
  'none',
  'malformed',
  'unknown',
  'expired',
  'revoked',
  'right id, wrong secret',
  'the hash of a key',
  'another scheme',
  'two keys',
];
const members = ['provider ada', 'provider bob', 'owner ann', 'owner ben', 'operator', 'operator by a browser', 'reader'];
const roleOf = (name: string) => (name === 'reader' ? 'read-only' : (name.split(' ')[0] as 'provider' | 'owner' | 'operator'));
/** What who may come finds, where it is not 200: some are there only with something behind them that this server has not. */
const foundAt: Record<string, number> = {
  ...Object.fromEntries(
    ['/metrics', '/', '/index.html', '/assets/:file', '/v1/settlements/:period/leaves'].map((path) => [`GET ${path}`, 404]),
  ),
  'POST /v1/jobs': 201,
  'POST /v1/sites/:id/keys': 400, // a job file is no statement of an owner
};

/** What a route answers to whom; written here a second time, by hand, so that a slip in the table shows. */
const mayCome: Record<string, string> = {
  'GET /livez': 'anybody',
  'GET /healthz': 'anybody',
  'GET /readyz': 'anybody',
  'GET /metrics': 'operator read-only',
  'GET /': 'provider owner operator read-only',
  'GET /index.html': 'provider owner operator read-only',
  'GET /assets/:file': 'provider owner operator read-only',
  'GET /v1/status': 'provider owner operator read-only',
  'GET /v1/summary': 'provider owner operator read-only',
  'GET /v1/claims': 'provider owner operator read-only',
  'GET /v1/events': 'operator read-only',
  'GET /v1/sites': 'provider owner operator read-only',
  'GET /v1/sites/:id/outlook': 'provider owner operator read-only',
  'GET /v1/sites/:id/verdicts': 'provider operator read-only',
  'GET /v1/sites/:id/pv-forecast': 'provider owner operator read-only',
  'GET /v1/sites/:id/keys': 'anybody',
  'POST /v1/sites/:id/keys': 'anybody',
  'GET /v1/series/latest': 'provider operator read-only',
  'GET /v1/series/:site/:stream': 'provider operator read-only',
  'GET /v1/signals/:zone/:signal': 'provider owner operator read-only',
  'GET /v1/feeds': 'provider owner operator read-only',
  'GET /openapi.json': 'anybody',
  'GET /v1/forecast/score': 'provider owner operator read-only',
  'GET /v1/oracle': 'provider owner operator read-only',
  'GET /v1/quarantine': 'provider operator read-only',
  'POST /v1/jobs': 'owner operator',
  'POST /v1/quotes': 'owner operator',
  'GET /v1/jobs': 'owner operator read-only',
  'GET /v1/jobs/:id': 'owner operator read-only',
  'DELETE /v1/jobs/:id': 'owner operator',
  'GET /v1/jobs/:id/events': 'owner operator read-only',
  'GET /v1/jobs/:id/receipts': 'owner operator read-only',
  'GET /v1/jobs/:id/explain': 'owner operator read-only',
  'GET /v1/plan': 'operator read-only',
  'GET /v1/prices': 'provider owner operator read-only',
  'GET /v1/settlements': 'anybody',
  'GET /v1/settlements/:period/leaves': 'anybody',
};

/** Asks a route as somebody would; `:id` is a site, or a job of ann's. */
const askRow = ({ method, path }: RouteRow, name: string) => {
  const id = path.startsWith('/v1/sites') ? 'rhine' : (jobOf['ann'] ?? '');
  const series = `rhine/pv_power?start=${encodeURIComponent('2026-06-01T00:00Z')}&end=${encodeURIComponent('2026-06-02T00:00Z')}`;
  const filled = path
    .replace(':site/:stream', series)
    .replace(':zone/:signal', 'GB/carbon_intensity')
    .replace(':id', id)
    .replace(':period', '1')
    .replace(':file', 'none.js');
  return ask(method, filled, who[name], method === 'POST' ? { body: 'name: train\nmax_duration: 1h\n' } : {});
};

describe('the route table', () => {
  test('is the one that is written here', () => {
    const told = routeRows.map(({ method, path, roles }) => [
      `${method} ${path}`,
      roles === 'public' ? 'anybody' : [roles].flat().join(' '),
    ]);
    expect(Object.fromEntries(told)).toEqual(mayCome);
  });

  test('is without a row for nothing: a route that is registered without one keeps the server from starting', async () => {
    const router = Router();
    router.get('/v1/new-thing', (_request, response) => void response.json({}));
    expect(undeclaredRoutes(express().use(router), routeRows)).toEqual(['GET /v1/new-thing']);
    await expect(startDoor({ http: { routers: [router] } })).rejects.toThrow(/without a row .*GET \/v1\/new-thing; add one/);
  });

  test.each([
    ['GET', '/V1/Jobs/:other', '/v1/jobs/:id'],
    ['GET', '/v1/:anything', '/v1/status'],
    ['GET', '/:anything', '/livez'],
    ['POST', '/v1/jobs/', '/v1/jobs'],
    ['GET', '/v1/sites/:a/:b', '/v1/sites/:id/outlook'],
  ] as const)('takes no mounted %s %s, which would open %s', (method, path, own) =>
    expect(() => withMounted(routeRows, [{ method, path, roles: 'asks for itself', whose: 'all', isLoose: true }])).toThrow(
      `would stand in for ${own}`,
    ),
  );

  test('reads routes off an application, those of routers inside routers too', () => {
    const inner = Router().delete('/b/:id', () => {});
    const app = express()
      .get(['/a', '/aa'], () => {})
      .use(
        Router()
          .use(inner)
          .post('/c', () => {}),
      );
    expect([...registeredRoutes(app)].sort()).toEqual(['DELETE /b/:id', 'GET /a', 'GET /aa', 'POST /c']);
  });
});

// cancelling comes last: ann's job is needed until then
const inOrder = [...routeRows].sort((a, b) => Number(a.method === 'DELETE') - Number(b.method === 'DELETE'));

describe.each(inOrder.map((row) => ({ name: `${row.method} ${row.path}`, row })))('$name', ({ name, row }) => {
  const isPublic = mayCome[name] === 'anybody';
  const found = foundAt[name] ?? 200;

  test.each(strangers)('answers nobody who comes with: %s', async (stranger) => {
    const response = await askRow(row, stranger);
    await response.body?.cancel();
    expect(response.status).toBe(isPublic ? found : 401);
    if (!isPublic) expect(response.headers.get('WWW-Authenticate')).toMatch(/^Bearer realm="sunward"/);
  });

  test.each(members.filter((member) => !(row.method === 'DELETE' && roleOf(member) === 'operator')))(
    'answers %s by the table',
    async (member) => {
      const response = await askRow(row, member);
      await response.body?.cancel();
      const comes = isPublic || mayCome[name]?.split(' ').includes(roleOf(member));
      const isOthersJob = row.path.startsWith('/v1/jobs/:id') && member === 'owner ben';
      const isOthersMeter = ['/v1/series/:site/:stream', '/v1/sites/:id/verdicts'].includes(row.path) && member === 'provider bob';
      const want = !comes || isOthersMeter ? 403 : isOthersJob ? 404 : found;
      // the page is there when it was built
      if (want === 404 && ['/', '/index.html'].includes(row.path)) expect([200, 404, 503]).toContain(response.status);
      else expect(response.status).toBe(want);
    },
  );
});

describe('what no row allows', () => {
  test.each([
    ['GET', '/v1/nothing'],
    ['PUT', '/v1/jobs'],
    ['PATCH', '/v1/sites'],
    ['GET', '/v1/jobs/'],
    ['GET', '/V1/jobs'],
    ['GET', '/v1//jobs'],
    ['GET', '/v1/jobs/a/b/c'],
    ['GET', '/v1/%6aobs'],
    ['DELETE', '/v1/jobs'],
    ['OPTIONS', '/v1/jobs'],
  ])('%s %s is 401 to strangers and 404 to an operator', async (method, path) => {
    expect((await ask(method, path, undefined)).status).toBe(401);
    expect((await ask(method, path, who['operator'])).status).toBe(404);
  });

  test('a HEAD needs what its GET needs', async () => {
    expect((await ask('HEAD', '/v1/plan', undefined)).status).toBe(401);
    expect((await ask('HEAD', '/v1/plan', who['owner ann'])).status).toBe(403);
    expect((await ask('HEAD', '/v1/plan', who['reader'])).status).toBe(200);
  });
});

describe('an owner', () => {
  test('lists own jobs only, whatever is asked for', async () => {
    for (const query of ['', '?owner=ben', '?state=queued&limit=1000']) {
      const jobs = (await (await ask('GET', `/v1/jobs${query}`, who['owner ann'])).json()) as JobWire[];
      expect(new Set(jobs.map(({ owner }) => owner))).toEqual(new Set(['ann']));
    }
  });

  test('cannot submit as another, by header or by file', async () => {
    expect((await submit(who['owner ann'], { 'X-Sunward-Owner': 'ben' })).status).toBe(403);
    expect((await submit(who['owner ann'], { 'X-Sunward-Owner': 'ann' })).status).toBe(201);
    for (const field of ['owner', 'spec', 'id', 'state', 'submittedAt']) {
      const body = JSON.stringify({ name: 'train', max_duration: '1h', [field]: 'ben' });
      expect((await ask('POST', '/v1/jobs', who['owner ann'], { body })).status).toBe(422);
    }
    const quote = await ask('POST', '/v1/quotes', who['owner ann'], {
      body: 'name: a\nmax_duration: 1h\n',
      headers: { 'X-Sunward-Owner': 'ben' },
    });
    expect(quote.status).toBe(403);
  });

  test('does not get at a job of another who used the same idempotency key', async () => {
    const first = (await (await submit(who['owner ann'], { 'Idempotency-Key': 'k' })).json()) as JobWire;
    const second = (await (await submit(who['owner ben'], { 'Idempotency-Key': 'k' })).json()) as JobWire;
    expect(second.id).not.toBe(first.id);
    expect([first.owner, second.owner]).toEqual(['ann', 'ben']);
  });

  test('is not told whether another’s job is there', async () => {
    const others = await ask('GET', `/v1/jobs/${jobOf['ben']}`, who['owner ann']);
    const none = await ask('GET', '/v1/jobs/job-none', who['owner ann']);
    expect([others.status, none.status]).toEqual([404, 404]);
    const text = async (response: Response) => (await response.text()).replace(/no job \S+;/, '');
    expect(await text(others)).toBe(await text(none));
  });

  test('leaves another’s job as it was when told to cancel it, and cancels its own', async () => {
    const id = jobOf['ben'] ?? '';
    expect((await ask('DELETE', `/v1/jobs/${id}`, who['owner ann'])).status).toBe(404);
    expect((await door.jobs.get(id))?.state).not.toBe('CANCELLED');
    expect((await ask('DELETE', `/v1/jobs/${id}`, who['owner ben'])).status).toBe(200);
    expect((await door.jobs.get(id))?.state).toBe('CANCELLED');
  });
});

describe('a provider', () => {
  test('sees of the quarantine what came from own sites, payloads included, and nothing else', async () => {
    const topics = async (name: string) =>
      ((await (await ask('GET', '/v1/quarantine', who[name])).json()) as QuarantineWire[]).map(({ topic }) => topic);
    expect(await topics('provider ada')).toEqual(['energy/v1/ada/rhine/pv_power']);
    expect(await topics('provider bob')).toEqual(['unsigned/v1/bob/thames/pv_power']);
    expect(await topics('operator')).toHaveLength(3);
  });

  test('reads of the newest values and of series what own meters sent, and no sum over all', async () => {
    const sites = async (name: string) =>
      ((await (await ask('GET', '/v1/series/latest', who[name])).json()) as SampleWire[]).map(({ site }) => site);
    expect(await sites('provider ada')).toEqual(['rhine']);
    expect(await sites('provider bob')).toEqual(['thames']);
    expect(await sites('reader')).toEqual(['rhine', 'thames']);
    const series = async (name: string, site: string) =>
      (await ask('GET', `/v1/series/${site}/pv_power?start=2026-06-21T00:00Z&end=2026-06-22T00:00Z`, who[name])).status;
    const statuses = async (name: string) => Promise.all(['rhine', 'thames', 'all'].map((site) => series(name, site)));
    expect(await statuses('provider ada')).toEqual([200, 403, 403]);
    expect(await statuses('reader')).toEqual([200, 200, 200]);
  });

  test('reads verdicts of own sites only', async () => {
    const statuses = async (name: string) =>
      Promise.all(['rhine', 'thames'].map(async (site) => (await ask('GET', `/v1/sites/${site}/verdicts`, who[name])).status));
    expect(await statuses('provider ada')).toEqual([200, 403]);
    expect(await statuses('provider bob')).toEqual([403, 200]);
    expect(await statuses('operator')).toEqual([200, 200]);
  });

  test.each([
    ['provider ada', { rhine: true, thames: false }],
    ['provider bob', { rhine: false, thames: true }],
    ['owner ann', { rhine: false, thames: false }],
    ['reader', { rhine: true, thames: true }],
  ])('%s sees meters of own sites, and surplus of all', async (name, want) => {
    const sites = (await (await ask('GET', '/v1/sites', who[name])).json()) as SiteWire[];
    expect(Object.fromEntries(sites.map(({ id, now }) => [id, now?.pvKw !== null && now?.loadKw !== null]))).toEqual(want);
    expect(sites.map(({ now }) => now?.surplusKw)).toEqual([2, 2]);
  });
});

describe('a key', () => {
  test('stops working when it expires or is revoked, at once', async () => {
    const { key, text } = await door.keyFor('operator', undefined, door.clock.now() + 1_000);
    const status = async () => (await ask('GET', '/v1/plan', `Bearer ${text}`)).status;
    expect(await status()).toBe(200);
    door.clock.set(door.clock.now() + 1_000);
    expect(await status()).toBe(401);
    const other = await door.keyFor('read-only');
    expect((await ask('GET', '/v1/plan', `Bearer ${other.text}`)).status).toBe(200);
    await door.keys.revoke(other.key.id, door.clock.now());
    expect((await ask('GET', '/v1/plan', `Bearer ${other.text}`)).status).toBe(401);
    expect(key.hash).not.toContain(text);
  });

  test('is proven alike through the port that other parts are given', async () => {
    const { key, text } = await door.keyFor('provider', 'ada');
    const principal = { role: 'provider', subject: 'ada', key: key.id };
    expect(await door.authenticate?.({ headers: { authorization: `Bearer ${text}` } })).toEqual(principal);
    expect(await door.authenticate?.({ headers: {} })).toBeUndefined();
  });
});

describe('a browser', () => {
  test.each([
    ['another site’s page', { 'Sec-Fetch-Site': 'cross-site' }],
    ['a page of a sister domain', { 'Sec-Fetch-Site': 'same-site' }],
    ['an older browser at another site', { Origin: 'http://evil.example' }],
    ['a sandboxed page', { Origin: 'null' }],
  ])('that was made to ask by %s changes nothing, although it sends the key', async (_, headers) => {
    expect((await submit(who['operator by a browser'], headers)).status).toBe(403);
  });

  test('on our own page submits a job', async () => {
    expect((await submit(who['operator by a browser'], { 'Sec-Fetch-Site': 'same-origin', Origin: door.url })).status).toBe(201);
  });
});
