/**
 * Who may ask the served APIs: keys in every header that a client knows, tokens, limits, one matrix of all routes.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { servedApis, servedRouteRoles } from '../../../energy-oracle/served/api.ts';
import { createRateWindow } from '../../../energy-oracle/served/rate-window.ts';
import { basic, presentedKey } from '../../../energy-oracle/served/route.ts';
import { manualClock } from '../../../units/clock.ts';
import { MINUTE } from '../../../units/time.ts';
import { get, now, type ServedWorld, startServedWorld } from './served-world.ts';

const good = new Set(['good-key']);
let world: ServedWorld;
beforeAll(async () => {
  world = await startServedWorld({
    authenticate: async ({ headers: { authorization } }) => {
      const key = authorization?.replace('Bearer ', '') ?? '';
      return good.has(key) ? { key: 'k1' } : undefined;
    },
  });
});
afterAll(() => world?.close());
afterEach(() => {
  good.add('good-key');
  world.clock.set(now);
});

const latest = '/electricity-maps/v3/carbon-intensity/latest?zone=DE';
const asBasic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

describe('a key', () => {
  test.each([
    { header: 'auth-token', value: 'good-key' },
    { header: 'X-BLOBR-KEY', value: 'good-key' },
    { header: 'Authorization', value: 'Bearer good-key' },
    { header: 'Authorization', value: asBasic('anybody', 'good-key') },
  ])('is taken from $header', async ({ header, value }) =>
    expect((await get(`${world.url}${latest}`, { [header]: value })).status).toBe(200),
  );

  test.each([{}, { 'auth-token': 'bad' }, { Authorization: 'Bearer ' }, { Authorization: 'Basic %%%' }, { 'auth-token': '' }])(
    'that is none opens nothing: %j',
    async (headers) => expect((await get(`${world.url}${latest}`, headers)).status).toBe(401),
  );

  test('is needed for every route that is not public, and for no other', async () => {
    const rows = servedRouteRoles(world.served.apis);
    expect(rows.length).toBeGreaterThan(50);
    const found = await Promise.all(
      rows.map(async ({ method, path }) => {
        const url = `${world.url}${path.replaceAll(/:\w+/g, 'x')}`;
        return (await fetch(url, method === 'POST' ? { method, headers: { 'Content-Type': 'application/json' }, body: '[]' } : { method }))
          .status;
      }),
    );
    const open = rows.filter((_, i) => found[i] !== 401).map(({ path }) => path);
    expect(open.sort()).toEqual(['/carbon-aware/health', '/electricity-maps/v3/health', '/electricity-maps/v3/zones']); // a login without a password is 401 too
    expect(
      rows
        .filter(({ role }) => role === 'public')
        .map(({ path }) => path)
        .sort(),
    ).toEqual([...open, '/watttime/login']);
  });

  test('is what the zones tell more for', async () => {
    expect(JSON.stringify((await get(`${world.url}/electricity-maps/v3/zones`)).body)).not.toContain('access');
    expect(JSON.stringify((await get(`${world.url}/electricity-maps/v3/zones`, { 'auth-token': 'good-key' })).body)).toContain('access');
  });
});

describe('a token of a login', () => {
  const login = async (password: string) => get(`${world.url}/watttime/login`, { Authorization: asBasic('me', password) });
  const index = '/watttime/v3/signal-index?region=GB';

  test('stands for its key until half an hour has passed', async () => {
    const { token } = (await login('good-key')).body as { token: string };
    const bearer = { Authorization: `Bearer ${token}` };
    expect((await get(`${world.url}${index}`, bearer)).status).toBe(200);
    world.clock.set(now + 30 * MINUTE - 1);
    expect((await get(`${world.url}${index}`, bearer)).status).toBe(200);
    world.clock.set(now + 30 * MINUTE);
    expect((await get(`${world.url}${index}`, bearer)).status).toBe(401);
  });

  test('ends with its key', async () => {
    const { token } = (await login('good-key')).body as { token: string };
    good.delete('good-key');
    expect((await get(`${world.url}${index}`, { Authorization: `Bearer ${token}` })).status).toBe(401);
  });

  test('is not given for a bad password, nor made up', async () => {
    expect((await login('bad')).status).toBe(401);
    expect((await get(`${world.url}${index}`, { Authorization: 'Bearer session_00' })).status).toBe(401);
  });
});

describe('a limit', () => {
  test('refuses the 101st login in five minutes, says when to come again, and forgets', async () => {
    const open = await startServedWorld();
    const login = () => fetch(`${open.url}/watttime/login`, { headers: { Authorization: asBasic('a', 'b') } });
    const statuses: number[] = [];
    for (let i = 0; i < 100; i++) statuses.push((await login()).status);
    expect(new Set(statuses)).toEqual(new Set([200]));
    const refused = await login();
    expect({ status: refused.status, after: refused.headers.get('retry-after') }).toEqual({ status: 429, after: '300' });
    open.clock.set(now + 5 * MINUTE);
    expect((await login()).status).toBe(200);
    await open.close();
  });

  test('counts each asker apart, and no more of them than it can hold', () => {
    const clock = manualClock(0);
    const window = createRateWindow({ clock });
    expect([window.take('a', 1), window.take('b', 1), window.take('a', 1)]).toEqual([0, 0, 5 * MINUTE]);
    for (let i = 0; i < 20_000; i++) window.take(`flood-${i}`, 1);
    expect(window.take('a', 1)).toBe(0); // the oldest was forgotten
  });
});

test('a fault of the store is told in the shape of the API, without what happened', async () => {
  const app = express();
  app.use(
    servedApis({
      clock: manualClock(now),
      apis: world.served.apis.map((api) => ({
        ...api,
        routes: api.routes.map((row) => ({
          ...row,
          handle: async () => {
            throw new Error('secret');
          },
        })),
      })),
    }),
  );
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  expect(await get(`${url}/uk-carbon-intensity/intensity`)).toMatchObject({
    status: 500,
    body: { error: { code: '500 Internal Server Error' } },
  });
  expect(JSON.stringify((await get(`${url}/carbon-aware/health`)).body)).not.toContain('secret');
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

test('two APIs that would answer at one path are refused at the start', async () => {
  await expect(startServedWorld({ config: { mounts: { 'electricity-maps': '', 'carbon-aware': '' } } })).rejects.toThrow(
    /get \/health is a route of/,
  );
});

test('the key of a request is found in the first header that has one', () => {
  expect(presentedKey({ 'auth-token': 'a', authorization: 'Bearer b' })).toBe('a');
  expect(presentedKey({ authorization: asBasic('u', 'p:w') })).toBe('p:w');
  expect(presentedKey({})).toBeUndefined();
  expect(basic('Basic dXNlcg==')).toBeUndefined();
});
