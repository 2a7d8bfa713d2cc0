/**
 * WattTime v3 as its clients see it.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { percentile, poundsPerMwh } from '../../../energy-oracle/served/watttime/signal.ts';
import { get, type ServedWorld, startServedWorld } from './served-world.ts';

let world: ServedWorld;
beforeAll(async () => {
  world = await startServedWorld();
});
afterAll(() => world?.close());
const ask = (path: string) => get(`${world.url}/watttime${path}`);
interface Points {
  readonly data: { point_time: string; value: number }[];
}

describe('WattTime v3', () => {
  test('forecasts marginal intensity in pounds per MWh, five minutes at a time', async () => {
    const { body } = (await ask('/v3/forecast?region=GB&signal_type=co2_moer')) as { body: Points };
    expect(body.data).toHaveLength(288);
    expect(body.data[0]).toEqual({ point_time: '2026-06-21T12:20:00+00:00', value: 884.1 }); // 401 g/kWh
    expect(body).toMatchObject({
      meta: {
        region: 'GB',
        signal_type: 'co2_moer',
        units: 'lbs_co2_per_mwh',
        data_point_period_seconds: 300,
        generated_at: '2026-06-21T12:00:00+00:00',
        warnings: [],
      },
    });
  });

  test('takes an horizon of 0 hours for the point that it is', async () => {
    expect(((await ask('/v3/forecast?region=GB&horizon_hours=0')).body as Points).data).toHaveLength(1);
  });

  test.each(['2026-06-21 00:00:00%2B00:00', '2026-06-21 00:00:00+00:00', '2026-06-21T02:00%2B02:00', '2026-06-21T00:00:00Z', '2026-06-21'])(
    'reads the start %s',
    async (start) => {
      const { body } = (await ask(`/v3/historical?region=GB&signal_type=co2_moer&start=${start}&end=2026-06-21T01:00Z`)) as {
        body: Points;
      };
      expect(body.data).toHaveLength(12);
      expect(body.data[0]).toEqual({ point_time: '2026-06-21T00:00:00+00:00', value: 440.9 }); // 200 g/kWh
    },
  );

  test('gives forecasts as they were issued', async () => {
    const { body } = (await ask('/v3/forecast/historical?region=GB&start=2026-06-21T00:00Z&end=2026-06-21T05:00Z&horizon_hours=1')) as {
      body: { data: { generated_at: string; forecast: Points['data'] }[] };
    };
    expect(body.data.map(({ generated_at }) => generated_at)).toEqual([0, 1, 2, 3, 4, 5].map((hour) => `2026-06-21T0${hour}:00:00+00:00`));
    expect(body.data[3]?.forecast).toHaveLength(12);
    expect(body.data[3]?.forecast[0]).toEqual({ point_time: '2026-06-21T03:00:00+00:00', value: poundsPerMwh(400) });
  });

  test('ranks now among the next 24 hours', async () => {
    expect((await ask('/v3/signal-index?region=GB')).body).toMatchObject({
      data: [{ point_time: '2026-06-21T12:20:00+00:00', value: 0 }],
      meta: { units: 'percentile' },
    });
  });

  test('names the region of a place', async () => {
    expect((await ask('/v3/region-from-loc?latitude=52&longitude=13&signal_type=co2_aoer')).body).toEqual({
      region: 'DE',
      region_full_name: 'Germany',
      signal_type: 'co2_aoer',
    });
    expect((await ask('/v3/region-from-loc?latitude=0&longitude=0')).status).toBe(404);
  });

  test('tells of each region only the signals it has', async () => {
    const { body } = (await ask('/v3/my-access')) as { body: { signal_types: { signal_type: string; regions: { region: string }[] }[] } };
    expect(body.signal_types.map(({ signal_type, regions }) => [signal_type, regions.map(({ region }) => region)])).toEqual([
      ['co2_moer', ['GB']],
      ['co2_aoer', ['DE', 'GB']],
    ]);
  });

  test.each([
    {
      name: 'a marginal signal that no feed tells, with the one there is',
      path: '/v3/forecast?region=DE&signal_type=co2_moer',
      status: 404,
      says: /co2_aoer/,
    },
    {
      name: 'harm to health, which nobody here knows',
      path: '/v3/forecast?region=GB&signal_type=health_damage',
      status: 403,
      says: /no access/,
    },
    { name: 'a signal that is none', path: '/v3/forecast?region=GB&signal_type=co2', status: 400, says: /signal_type/ },
    { name: 'a region that is none', path: '/v3/forecast?region=MARS', status: 404, says: /no zone MARS/ },
    {
      name: 'more than 32 days at once',
      path: '/v3/historical?region=GB&start=2026-01-01&end=2026-03-01',
      status: 400,
      says: /at most 32/,
    },
    {
      name: 'forecasts of more than a day',
      path: '/v3/forecast/historical?region=GB&start=2026-01-01&end=2026-03-01',
      status: 400,
      says: /at most 1/,
    },
    { name: 'a stamp that is none', path: '/v3/historical?region=GB&start=yesterday&end=2026-03-01', status: 400, says: /ISO 8601/ },
    { name: 'a login without a password', path: '/login', status: 401, says: /Basic/ },
  ])('refuses $name', async ({ path, status, says }) => {
    const answer = await ask(path);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ message: expect.stringMatching(says) });
  });
});

describe('a percentile', () => {
  const values = fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 50 });
  test('lies from 0 to 100 and never falls as the value rises', () =>
    fc.assert(
      fc.property(values, fc.integer({ min: -5, max: 25 }), fc.nat(10), (among, value, more) => {
        const rank = percentile(value, among);
        expect(rank).toBeGreaterThanOrEqual(0);
        expect(rank).toBeLessThanOrEqual(100);
        expect(percentile(value + more, among)).toBeGreaterThanOrEqual(rank);
      }),
    ));
  test('is 0 below all, 100 above all, 50 where all are the same', () =>
    expect([percentile(1, [2, 3]), percentile(9, [2, 3]), percentile(4, [4, 4, 4])]).toEqual([0, 100, 50]));
});
