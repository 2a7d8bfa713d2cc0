/**
 * The UK Carbon Intensity API as its clients see it.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { indexOf } from '../../../energy-oracle/served/uk-carbon-intensity/bands.ts';
import { generationMix } from '../../../energy-oracle/served/uk-carbon-intensity/factors.ts';
import { get, type ServedWorld, startServedWorld } from './served-world.ts';

let world: ServedWorld;
beforeAll(async () => {
  world = await startServedWorld();
});
afterAll(() => world?.close());
const ask = async (path: string) => get(`${world.url}/uk-carbon-intensity${path}`);
const data = async (path: string) => ((await ask(path)).body as { data: Record<string, unknown>[] }).data;

describe('the UK Carbon Intensity API', () => {
  test('tells the half hour that it is, without seconds in its stamps', async () => {
    expect(await data('/intensity')).toEqual([
      { from: '2026-06-21T12:00Z', to: '2026-06-21T12:30Z', intensity: { forecast: 151, actual: null, index: 'moderate' } },
    ]);
  });

  test('tells of a past half hour what was measured, and what was forecast at the start of its day', async () => {
    expect(await data('/intensity/2026-06-21T03:31Z')).toEqual([
      { from: '2026-06-21T03:30Z', to: '2026-06-21T04:00Z', intensity: { forecast: 165, actual: 107, index: 'moderate' } },
    ]);
  });

  test.each([
    { path: '/intensity/date', count: 48, first: '2026-06-21T00:00Z' },
    { path: '/intensity/date/2026-06-20', count: 48, first: '2026-06-20T00:00Z' },
    { path: '/intensity/date/2026-06-20/48', count: 1, first: '2026-06-20T23:30Z' },
    { path: '/intensity/2026-06-21T12:31Z/fw24h', count: 48, first: '2026-06-21T12:30Z' },
    { path: '/intensity/2026-06-21T12:31Z/fw48h', count: 96, first: '2026-06-21T12:30Z' },
    { path: '/intensity/2026-06-21T12:31Z/pt24h', count: 48, first: '2026-06-20T12:30Z' },
    { path: '/intensity/2026-06-21T00:00Z/2026-06-21T06:00Z', count: 12, first: '2026-06-21T00:00Z' },
    { path: '/generation/2026-06-21T06:00Z/pt24h', count: 48, first: '2026-06-20T06:00Z' },
  ])('tells $count half hours at $path', async ({ path, count, first }) => {
    const slots = await data(path);
    expect(slots).toHaveLength(count);
    expect(slots[0]).toMatchObject({ from: first });
  });

  test('sums a range up by blocks of hours', async () => {
    expect(await data('/intensity/stats/2026-06-21T00:00Z/2026-06-21T04:00Z/2')).toEqual([
      { from: '2026-06-21T00:00Z', to: '2026-06-21T02:00Z', intensity: { max: 103, average: 102, min: 100, index: 'moderate' } },
      { from: '2026-06-21T02:00Z', to: '2026-06-21T04:00Z', intensity: { max: 107, average: 106, min: 104, index: 'moderate' } },
    ]);
  });

  test('tells the generation mix in percent, imports included', async () => {
    const { body } = await ask('/generation');
    expect(body).toMatchObject({
      data: {
        generationmix: expect.arrayContaining([
          { fuel: 'wind', perc: 40 },
          { fuel: 'imports', perc: 20 },
          { fuel: 'coal', perc: 0 },
        ]),
      },
    });
  });

  test('answers a region with the whole of it, wrapped once more', async () => {
    const { body } = await ask('/regional/intensity/2026-06-21T12:31Z/fw48h/postcode/RG10');
    expect(body).toMatchObject({ data: { regionid: 18, postcode: 'RG10', data: expect.any(Array) } });
  });

  test.each([
    { name: 'a range of more than 14 days', path: '/intensity/2026-05-01T00:00Z/2026-06-01T00:00Z', says: /at most 14/ },
    { name: 'a period that no day has', path: '/intensity/date/2026-06-20/49', says: /period/ },
    { name: 'a day that no month has', path: '/intensity/date/2026-02-30', says: /date/ },
    { name: 'a postcode that is none', path: '/regional/postcode/nowhere', says: /postcode/ },
  ])('refuses $name', async ({ path, says }) => {
    const { status, body } = await ask(path);
    expect({ status, body }).toEqual({ status: 400, body: { error: { code: '400 Bad Request', message: expect.stringMatching(says) } } });
  });

  test('tells another zone where the operator says so, and refuses while there is no site in its own', async () => {
    const german = await startServedWorld({ config: { ukZone: 'DE' } });
    const lost = await startServedWorld({ config: { ukZone: 'FR' } });
    expect((await get(`${german.url}/uk-carbon-intensity/intensity`)).body).toMatchObject({ data: [{ intensity: { forecast: 301 } }] });
    expect((await get(`${lost.url}/uk-carbon-intensity/intensity`)).status).toBe(404);
    await Promise.all([german.close(), lost.close()]);
  });
});

describe('the index of an intensity', () => {
  test.each([
    { year: 2018, grams: 266, index: 'moderate' }, // the example of the API's own reference
    { year: 2026, grams: 168, index: 'moderate' }, // as the API answered on 2026-03-20
    { year: 2026, grams: 170, index: 'high' },
    { year: 2026, grams: 57, index: 'low' },
    { year: 2026, grams: 24, index: 'very low' },
    { year: 2026, grams: 230, index: 'very high' },
    { year: 2045, grams: 150, index: 'very high' },
  ])('of $grams g/kWh in $year is $index', ({ year, grams, index }) => expect(indexOf(grams, Date.UTC(year, 5, 1))).toBe(index));
});

test('a generation mix of which nothing is known is empty', () => expect(generationMix({}, 30_000)).toEqual([]));
