/**
 * Electricity Maps v3 as its clients see it.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { powerBody } from '../../../energy-oracle/served/electricity-maps/power.ts';
import { get, type ServedWorld, startServedWorld } from './served-world.ts';

let world: ServedWorld;
beforeAll(async () => {
  world = await startServedWorld();
});
afterAll(() => world?.close());
const ask = (path: string) => get(`${world.url}/electricity-maps/v3${path}`);

describe('Electricity Maps v3', () => {
  test('tells the newest measured hour as a whole number', async () => {
    const { status, body } = await ask('/carbon-intensity/latest?zone=DE');
    expect(status).toBe(200);
    expect(body).toEqual({
      zone: 'DE',
      carbonIntensity: 310,
      datetime: '2026-06-21T11:00:00.000Z',
      updatedAt: '2026-06-21T12:05:00.000Z',
      createdAt: '2026-06-21T12:05:00.000Z',
      emissionFactorType: 'lifecycle',
      isEstimated: false,
      estimationMethod: null,
      temporalGranularity: 'hourly',
    });
  });

  test.each([
    { by: 'zone, in any case', query: 'zone=de', zone: 'DE' },
    { by: 'coordinates', query: 'lat=52&lon=13', zone: 'DE' },
    { by: 'data centre', query: 'dataCenterProvider=gcp&dataCenterRegion=europe-west3', zone: 'DE' },
    { by: 'country', query: 'countryCode=GB', zone: 'GB' },
  ])('finds a zone by $by', async ({ query, zone }) => {
    expect((await ask(`/carbon-intensity/latest?${query}`)).body).toMatchObject({ zone });
  });

  test.each([
    { name: 'an unknown zone, with those it knows', query: 'zone=XX', status: 404, says: /no zone XX; known: DE, GB/ },
    {
      name: 'a place far from every site, with the distance',
      query: 'lat=40.4&lon=-3.7',
      status: 404,
      says: /london in GB, is 12\d\d km away; at most 500/,
    },
    { name: 'no place at all', query: '', status: 400, says: /name a place/ },
    { name: 'an empty place', query: 'lat=&lon=', status: 400, says: /name a place/ },
    { name: 'half a place', query: 'lat=52', status: 400, says: /name a place/ },
    { name: 'a latitude that is none', query: 'lat=152&lon=13', status: 400, says: /lat/ },
    { name: 'factors that nobody knows', query: 'zone=DE&emissionFactorType=direct', status: 400, says: /direct/ },
    { name: 'a granularity it has not', query: 'zone=DE&temporalGranularity=weekly', status: 400, says: /temporalGranularity/ },
    { name: 'a field given twice', query: 'zone=DE&zone=GB', status: 400, says: /zone/ },
  ])('refuses $name', async ({ query, status, says }) => {
    const answer = await ask(`/carbon-intensity/latest?${query}`);
    expect(answer.status).toBe(status);
    expect(answer.body).toEqual({ error: expect.stringMatching(says), message: expect.stringMatching(says) });
  });

  test('tells the last 24 hours, oldest first', async () => {
    const { body } = (await ask('/carbon-intensity/history?zone=DE')) as {
      body: { history: { datetime: string; carbonIntensity: number }[] };
    };
    expect(body.history).toHaveLength(24);
    expect(body.history[0]).toMatchObject({ datetime: '2026-06-20T12:00:00.000Z', carbonIntensity: 320 });
    expect(body.history[23]).toMatchObject({ datetime: '2026-06-21T11:00:00.000Z', carbonIntensity: 310 });
  });

  test('estimates an hour that is not measured from the forecast that was in force when it began, and says whose', async () => {
    const { body, headers } = await ask('/carbon-intensity/past-range?zone=DE&start=2026-06-21T11:00Z&end=2026-06-21T13:00Z');
    expect(body).toMatchObject({
      data: [
        { carbonIntensity: 310, isEstimated: false },
        { carbonIntensity: 302, isEstimated: true, estimationMethod: 'SUNWARD_FORECAST', datetime: '2026-06-21T12:00:00.000Z' },
      ],
    });
    expect(headers.get('x-sunward-provenance')).toBe('outlook; id="berlin@2026-06-21T12:00:00Z"; model="test-1"');
  });

  test('says null instead where estimates are not wanted, and where nothing is known', async () => {
    const { body } = await ask(
      '/carbon-intensity/past-range?zone=DE&start=2026-06-21T12:00Z&end=2026-06-21T13:00Z&disableEstimations=true',
    );
    expect(body).toMatchObject({ data: [{ carbonIntensity: null, isEstimated: false }] });
    const before = await ask('/carbon-intensity/past-range?zone=DE&start=2026-06-01T12:00Z&end=2026-06-01T13:00Z');
    expect(before.body).toMatchObject({ data: [{ carbonIntensity: null, isEstimated: false }] });
  });

  test.each(['horizonHours=6', 'horizon_hours=6'])('forecasts as far as %s says', async (horizon) => {
    const { body } = (await ask(`/carbon-intensity/forecast?zone=DE&${horizon}`)) as { body: { forecast: unknown[] } };
    expect(body.forecast).toHaveLength(6);
    expect(body.forecast.slice(0, 2)).toEqual([
      { carbonIntensity: 302, datetime: '2026-06-21T12:00:00.000Z' },
      { carbonIntensity: 306, datetime: '2026-06-21T13:00:00.000Z' },
    ]);
    expect(body).toMatchObject({ updatedAt: '2026-06-21T12:00:00.000Z' });
  });

  test.each([
    { granularity: 'hourly', days: 10 },
    { granularity: 'daily', days: 100 },
  ])('gives at most $days days at $granularity', async ({ granularity, days }) => {
    const span = (length: number) =>
      `start=${new Date(Date.UTC(2026, 5, 21) - length * 86_400_000).toISOString()}&end=2026-06-21T00:00:00.0000000Z`;
    expect((await ask(`/carbon-intensity/past-range?zone=DE&temporalGranularity=${granularity}&${span(days)}`)).status).toBe(200);
    const long = await ask(`/carbon-intensity/past-range?zone=DE&temporalGranularity=${granularity}&${span(days + 1)}`);
    expect(long.status).toBe(400);
    expect(long.body).toMatchObject({ error: expect.stringContaining(`at most ${days} days`) });
  });

  test('takes a day as the mean of its hours', async () => {
    const { body } = await ask('/carbon-intensity/past-range?zone=DE&temporalGranularity=daily&start=2026-06-20&end=2026-06-21');
    expect(body).toMatchObject({ data: [{ carbonIntensity: 315, datetime: '2026-06-20T00:00:00.000Z' }] }); // 200 to 430 by ten
  });

  test('tells one past hour, and refuses the future', async () => {
    expect((await ask('/carbon-intensity/past?zone=DE&datetime=2026-06-20T05:59:59%2B00:00')).body).toMatchObject({ carbonIntensity: 250 });
    expect((await ask('/carbon-intensity/past?zone=DE&datetime=2026-07-01')).status).toBe(400);
  });

  test('breaks generation down, and calls what the load exceeds it by imports of unknown source', async () => {
    const { body } = await ask('/power-breakdown/latest?zone=GB');
    expect(body).toMatchObject({
      powerProductionBreakdown: { wind: 12_000, nuclear: 4_000, gas: 8_000, coal: null, 'hydro discharge': null },
      powerConsumptionBreakdown: { wind: 12_000, nuclear: 4_000, gas: 8_000, unknown: 6_000 },
      powerProductionTotal: 24_000,
      powerConsumptionTotal: 30_000,
      powerImportTotal: 6_000,
      powerExportTotal: 0,
      fossilFreePercentage: 53,
      renewablePercentage: 40,
    });
  });

  test('lists its zones with what may be asked of each', async () => {
    const { body } = await ask('/zones');
    expect(body).toMatchObject({
      DE: {
        zoneName: 'Germany',
        access: ['latest', 'history', 'forecast', 'past', 'past-range'].map((path) => `carbon-intensity/${path}`),
      },
      GB: { zoneName: 'United Kingdom', access: expect.arrayContaining(['power-breakdown/latest']) },
    });
  });

  test('can be mounted where a client looks for it', async () => {
    const moved = await startServedWorld({ config: { mounts: { 'electricity-maps': '/v3' } } });
    expect((await get(`${moved.url}/v3/carbon-intensity/latest?zone=DE`)).body).toMatchObject({ carbonIntensity: 310 });
    await moved.close();
  });
});

describe('a power breakdown', () => {
  const mix = fc.record({
    generation: fc.record({
      wind: fc.integer({ min: 0, max: 1e5 }),
      coal: fc.integer({ min: 0, max: 1e5 }),
      hydro_storage: fc.integer({ min: 0, max: 1e5 }),
    }),
    load: fc.option(fc.integer({ min: 0, max: 3e5 }), { nil: undefined }),
  });
  test('consumes what it produces and imports less what it exports', () =>
    fc.assert(
      fc.property(mix, (one) => {
        const body = powerBody(one);
        const consumed = Object.values(body.powerConsumptionBreakdown).reduce<number>((sum, value) => sum + (value ?? 0), 0);
        expect(Math.abs(consumed - (body.powerConsumptionTotal ?? 0))).toBeLessThanOrEqual(3); // each of them is rounded
        if (one.load !== undefined)
          expect(body.powerConsumptionTotal).toBe(
            (body.powerProductionTotal ?? 0) + (body.powerImportTotal ?? 0) - (body.powerExportTotal ?? 0),
          );
        expect(body.renewablePercentage ?? 0).toBeLessThanOrEqual(body.fossilFreePercentage ?? 0);
      }),
    ));
});
