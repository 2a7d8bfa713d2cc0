/** Who may ask the imitated APIs behind the door: every route of theirs, with and without a key, in their clients' own words. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { servedParts } from '../../../cli/served-http.ts';
import { manualClock } from '../../../units/clock.ts';
import { asked } from '../../energy-oracle/served/asked.ts';
import { knownStore, now, sites } from '../../energy-oracle/served/served-world.ts';
import { startDoor } from '../../fixtures/door.ts';

const served = { clock: manualClock(now), sites, store: await knownStore() };
const rate = { perS: 10_000, burst: 10_000 };
let door: Awaited<ReturnType<typeof startDoor>>;
let key = '';
let over = '';
beforeAll(async () => {
  door = await startDoor({ served, gate: { keyRate: rate, strangerRate: rate } });
  key = (await door.keyFor('provider', 'ada')).text; // any role may ask: what these tell is of zones
  over = (await door.keyFor('operator', undefined, door.clock.now())).text;
});
afterAll(() => door.close());

const asBasic = (password: string) => `Basic ${Buffer.from(`anybody:${password}`).toString('base64')}`;
async function ask(path: string, headers: Record<string, string>, body?: unknown, method = body === undefined ? 'GET' : 'POST') {
  const json: Record<string, string> = body === undefined ? {} : { 'Content-Type': 'application/json' };
  const init = { method, headers: { ...headers, ...json }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
  const response = await fetch(`${door.url}${path}`, init);
  const text = await response.text();
  const type = response.headers.get('content-type')?.split(';')[0];
  return { status: response.status, type, body: type?.endsWith('json') ? (JSON.parse(text) as unknown) : text };
}

/** A refusal in the words of each API; `why` is the sentence in it. */
const refusalOf: Readonly<Record<string, (why: string) => { type: string; body: unknown }>> = {
  'electricity-maps': (why) => ({ type: 'application/json', body: { error: why, message: why } }),
  watttime: (why) => ({ type: 'application/json', body: { error: 'unauthorized', message: why } }),
  'carbon-aware': (why) => ({
    type: 'application/problem+json',
    body: {
      type: 'https://www.rfc-editor.org/rfc/rfc9110#section-15.5.2',
      title: 'Unauthorized',
      status: 401,
      detail: why,
      errors: {},
      traceId: expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/),
    },
  }),
  'uk-carbon-intensity': (why) => ({ type: 'application/json', body: { error: { code: '401 Unauthorized', message: why } } }),
  evcc: (why) => ({ type: 'application/json', body: { error: why } }),
};
const refused = (path: string, why: string) => ({ status: 401, ...refusalOf[path.split('/')[1] ?? '']?.(why) });
const noKey = 'no key: send one in the header that this API takes it from';
const badKey = 'this key or token is unknown, revoked or over';
/** Written here a second time: what asks for no key. A login asks for one in its own way. */
const open = ['/electricity-maps/v3/zones', '/electricity-maps/v3/health', '/carbon-aware/health'];
const login = '/watttime/login';
const closed = asked.filter(({ at }) => !open.includes(at) && at !== login);

test('the questions here are one for every row that the imitated APIs bring', () => {
  const { rows } = servedParts(served);
  expect(rows.length).toBeGreaterThan(50);
  expect(new Set(asked.map(({ at }) => at))).toEqual(new Set(rows.map(({ path }) => path.replaceAll(/:(\w+)/g, '{$1}'))));
  const free = rows.filter(({ roles }) => roles === 'public').map(({ path }) => path);
  expect(free.sort()).toEqual([...open, login].sort());
});

describe.each(closed)('$url', ({ url, body, status = 200 }) => {
  test('is refused without a key, and with one that is none or over, in the shape of its API', async () => {
    expect(await ask(url, {}, body)).toEqual(refused(url, noKey));
    for (const bad of ['Bearer guessed', `Bearer ${over}`, asBasic(over)])
      expect(await ask(url, { Authorization: bad }, body)).toEqual(refused(url, badKey));
  });

  test.each([
    { header: 'auth-token', shown: (text: string) => text },
    { header: 'X-BLOBR-KEY', shown: (text: string) => text },
    { header: 'Authorization: Bearer', shown: (text: string) => `Bearer ${text}` },
    { header: 'Authorization: Basic', shown: asBasic },
  ])('answers a key in $header', async ({ header, shown }) => {
    expect((await ask(url, { [header.split(':')[0] as string]: shown(key) }, body)).status).toBe(status);
  });
});

test.each(open)('%s is for anybody', async (path) => expect((await ask(path, {})).status).toBe(200));

describe('a login at WattTime', () => {
  test('gives a key a token that opens what the key does there, and nobody else one', async () => {
    expect((await ask(login, {})).status).toBe(401);
    expect((await ask(login, { Authorization: asBasic('guessed') })).status).toBe(401);
    const { token } = (await ask(login, { Authorization: asBasic(key) })).body as { token: string };
    expect((await ask('/watttime/v3/my-access', { Authorization: `Bearer ${token}` })).status).toBe(200);
    expect((await ask('/v1/sites', { Authorization: `Bearer ${token}` })).status).toBe(401);
  });
});

describe('a header of theirs', () => {
  test.each(['/v1/sites', '/v1/plan', '/metrics', '/v1/nothing'])('opens nothing else: %s', async (path) => {
    expect((await ask(path, {})).status).toBe(401);
    expect((await ask(path, { 'auth-token': key })).status).toBe(401);
  });
});

describe('a path of theirs', () => {
  test.each(['/CARBON-AWARE/Locations', '/carbon-aware/locations/', '/Electricity-Maps/V3/carbon-intensity/LATEST?zone=DE'])(
    'is told apart without its case: %s',
    async (path) => {
      expect((await ask(path, {})).status).toBe(401);
      expect((await ask(path, { 'auth-token': key })).status).toBe(200);
    },
  );

  test.each([
    ['GET', '/carbon-aware/locations//'],
    ['GET', '/carbon-aware/locations/x'],
    ['GET', '/carbon-aware/../v1/plan'],
    ['GET', '/carbon-aware/%2e%2e/v1/plan'],
    ['DELETE', '/carbon-aware/locations'],
    ['POST', '/carbon-aware/locations'],
  ])('that is none is the door’s to refuse: %s %s', async (method, path) => {
    const refusal = { status: 401, body: { error: 'unauthorized' } };
    expect(await ask(path, { 'auth-token': key }, undefined, method)).toMatchObject(refusal);
  });
});

test('an address that shows no key asks them no more often than it asks anything else', async () => {
  const slow = await startDoor({ served, gate: { strangerRate: { perS: 0.001, burst: 3 } } });
  const statuses: number[] = [];
  for (let i = 0; i < 5; i++) statuses.push((await fetch(`${slow.url}/evcc/tariff/co2?site=berlin`)).status);
  await slow.close();
  expect(statuses).toEqual([401, 401, 401, 429, 429]);
});

describe('a mount at the root', () => {
  test('leaves every other route to whom it is for', async () => {
    const mounts = { 'electricity-maps': '', watttime: '', 'uk-carbon-intensity': '', evcc: '' };
    const rooted = await startDoor({ served: { ...served, config: { mounts } }, gate: { keyRate: rate, strangerRate: rate } });
    const { text } = await rooted.keyFor('operator');
    const status = async (path: string, headers: Record<string, string> = {}) => (await fetch(`${rooted.url}${path}`, { headers })).status;
    for (const path of ['/carbon-intensity/latest?zone=DE', '/v3/my-access', '/intensity', '/tariff/co2?site=berlin']) {
      expect(await status(path)).toBe(401);
      expect(await status(path, { 'auth-token': text })).toBe(200);
    }
    for (const path of ['/livez', '/openapi.json', '/zones']) expect(await status(path)).toBe(200);
    for (const path of ['/v1/plan', '/v1/sites', '/V1/plan', '/v1/jobs/x/y/z', '/assets/none.js', '/other']) {
      expect(await status(path)).toBe(401);
      expect(await status(path, { 'auth-token': text })).toBe(401);
    }
    expect(await status('/v1/plan', { Authorization: `Bearer ${text}` })).toBe(200);
    await rooted.close();
  });

  test('that would stand in for a route of the server’s own is refused at the start', () =>
    expect(startDoor({ served: { ...served, config: { mounts: { watttime: '/v1/signals' } } } })).rejects.toThrow(
      /would stand in for \/v1\/signals\/:zone\/:signal; give its API another mount/,
    ));
});
