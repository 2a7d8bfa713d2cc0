/**
 * evcc rates as evcc's custom tariff reads them.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { get, type ServedWorld, startServedWorld } from './served-world.ts';

let world: ServedWorld;
beforeAll(async () => {
  world = await startServedWorld();
});
afterAll(() => world?.close());
const rates = async (tariff: string) =>
  ((await get(`${world.url}/evcc/tariff/${tariff}?site=berlin`)).body as { rates: { start: string; end: string; value: number }[] }).rates;

describe('evcc rates', () => {
  test.each([
    { tariff: 'grid', value: 0.1234, what: 'the import price per kWh' },
    { tariff: 'feedin', value: 0.082, what: 'the feed-in tariff per kWh' },
    { tariff: 'co2', value: 301, what: 'grams per kWh' },
    { tariff: 'solar', value: 2_500, what: 'the surplus in watts' },
  ])('of $tariff are $what, from the slot that it is on', async ({ tariff, value }) => {
    expect((await rates(tariff))[0]).toEqual({ start: '2026-06-21T12:15:00Z', end: '2026-06-21T12:30:00Z', value });
  });

  test('leave out a slot that the outlook does not say, and never overlap', async () => {
    const solar = await rates('solar');
    expect(solar.map(({ start }) => start)).not.toContain('2026-06-21T12:45:00Z');
    for (const [i, { end }] of solar.entries()) expect(solar[i + 1] === undefined || (solar[i + 1]?.start as string) >= end).toBe(true);
  });

  test.each([
    { path: '/evcc/tariff/grid?site=atlantis', status: 404 },
    { path: '/evcc/tariff/grid', status: 400 },
    { path: '/evcc/tariff/wind?site=berlin', status: 400 },
  ])('are refused at $path', async ({ path, status }) => {
    expect(await get(`${world.url}${path}`)).toMatchObject({ status, body: { error: expect.any(String) } });
  });
});
