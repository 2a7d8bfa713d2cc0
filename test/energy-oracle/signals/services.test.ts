/**
 * Signal services, each against a server that answers in its documented shape with its traps in it.
 *
 * Shapes were taken from the services' own pages: portal.electricitymaps.com (API reference), docs.watttime.org and its
 * Python client, carbon-intensity.github.io/api-definitions, awattar.de, api.energy-charts.info (OpenAPI),
 * docs.octopus.energy. The values are made up.
 */
import { describe, expect, test } from 'vitest';
import { createHttpAwattar } from '../../../energy-oracle/signals/http-awattar.ts';
import { createHttpElectricityMaps } from '../../../energy-oracle/signals/http-electricity-maps.ts';
import { createHttpEnergyCharts } from '../../../energy-oracle/signals/http-energy-charts.ts';
import { createHttpOctopus } from '../../../energy-oracle/signals/http-octopus.ts';
import { createHttpUkCarbonIntensity } from '../../../energy-oracle/signals/http-uk-carbon-intensity.ts';
import { createHttpWattTime } from '../../../energy-oracle/signals/http-watttime.ts';
import { createMixSource } from '../../../energy-oracle/signals/mix-source.ts';
import type { SignalSource, SignalTopic } from '../../../energy-oracle/signals/signal-source.ts';
import { wattTimeInstant } from '../../../energy-oracle/signals/watttime.ts';
import { DAY, HOUR, type Interval, MINUTE, SECOND, toIso } from '../../../units/time.ts';
import { answerFrom, askerAt, stubServer } from './stub.ts';

const noon = Date.UTC(2026, 5, 21, 12);
const berlin = { timeZone: 'Europe/Berlin' };
type Served = Awaited<ReturnType<typeof stubServer>> & ReturnType<typeof askerAt>;
const serve = async (reply: Parameters<typeof stubServer>[0], now = noon): Promise<Served> => ({
  ...(await stubServer(reply)),
  ...askerAt(now),
});
const ask = (source: SignalSource, topic: SignalTopic, interval: Interval) => answerFrom(source, { zone: 'Z', topic, interval });
const lastDay = { start: noon - DAY, end: noon };
const refusal = async (source: SignalSource, topic: SignalTopic, interval = lastDay) => {
  const answer = await source.ask({ zone: 'Z', topic, interval });
  return answer.kind === 'unreadable' ? `${answer.reason}: ${answer.detail}` : 'it was read';
};

describe('Electricity Maps', () => {
  const value = (hour: number, more = {}) => ({
    zone: 'DE',
    carbonIntensity: 300 + hour,
    datetime: new Date(noon - hour * HOUR).toISOString(), // with milliseconds
    updatedAt: '2026-06-21T11:32:00.350Z',
    createdAt: '2026-06-20T10:00:00.000Z',
    emissionFactorType: 'lifecycle',
    isEstimated: false,
    estimationMethod: null,
    ...more,
  });
  const make = async (body: (path: string) => object) => {
    const served = await serve((url) => ({ body: body(url.pathname) }));
    return {
      ...served,
      source: createHttpElectricityMaps({ ...served, name: 'electricity-maps', url: `${served.url}/v3`, token: 'tok', zone: 'DE' }),
    };
  };

  test('is read hour by hour with its estimates, nulls left out, and asked with its token', async () => {
    const { source, asked } = await make(() => ({
      zone: 'DE',
      history: [value(3), value(2, { carbonIntensity: null }), value(1, { isEstimated: true, estimationMethod: 'TIME_SLICER_AVERAGE' })],
    }));
    const answer = await ask(source, 'carbon_intensity', lastDay);
    expect(answer.series).toEqual([
      {
        signal: 'carbon_intensity',
        unit: 'gCO2eq/kWh',
        unitFound: 'gCO2eq/kWh',
        steps: [
          { start: noon - 3 * HOUR, end: noon - 2 * HOUR, value: 303 },
          { start: noon - HOUR, end: noon, value: 301, estimated: true },
        ],
      },
    ]);
    expect(answer.issuedAt).toBe(Date.UTC(2026, 5, 21, 11, 32, 0, 350));
    expect(asked[0]?.url.pathname).toBe('/v3/carbon-intensity/history');
    expect(asked[0]?.headers['auth-token']).toBe('tok');
  });

  test('is asked for the forecast of what lies ahead, and for ten days at most of what lies behind', async () => {
    const { source, asked } = await make((path) =>
      path.endsWith('forecast')
        ? { zone: 'DE', forecast: [{ carbonIntensity: 250, datetime: toIso(noon) }], updatedAt: toIso(noon) }
        : { zone: 'DE', data: [value(30)] },
    );
    const { series } = await ask(source, 'carbon_intensity', { start: noon - 25 * DAY, end: noon + DAY });
    expect(asked.map(({ url }) => url.pathname.split('/').at(-1))).toEqual(['past-range', 'past-range', 'past-range', 'forecast']);
    expect(series[0]?.steps.at(-1)).toEqual({ start: noon, end: noon + HOUR, value: 250, forecast: true });
  });

  test('tells what is produced, without what storage takes in', async () => {
    const { source } = await make(() => ({
      zone: 'DE',
      history: [
        {
          ...value(1, { carbonIntensity: undefined }),
          powerProductionBreakdown: { wind: 9_000, gas: null, 'hydro discharge': 120, 'battery discharge': -50, solar: 0 },
          powerImportBreakdown: { FR: 10 },
        },
      ],
    }));
    const { series } = await ask(source, 'generation', lastDay);
    expect(Object.fromEntries(series.map(({ signal, steps }) => [signal, steps[0]?.value]))).toEqual({
      generation_wind: 9_000,
      generation_hydro_storage: 120,
      generation_solar: 0,
    });
  });

  test.each([
    { what: 'another zone', body: { zone: 'FR', history: [] }, says: 'asked was zone DE' },
    {
      what: 'direct factors for life-cycle ones',
      body: { zone: 'DE', history: [value(1, { emissionFactorType: 'direct' })] },
      says: 'lifecycle factors',
    },
    {
      what: 'stamps without their zone',
      body: { zone: 'DE', history: [value(1, { datetime: '2026-06-21 11:00' })] },
      says: 'a stamp with its offset',
    },
    { what: 'something else', body: { message: 'ok' }, says: 'schema' },
  ])('is refused with $what', async ({ body, says }) => {
    const { source } = await make(() => body);
    expect(await refusal(source, 'carbon_intensity')).toContain(says);
  });
});

describe('WattTime', () => {
  const meta = {
    region: 'CAISO_NORTH',
    signal_type: 'co2_moer',
    units: 'lbs_co2_per_mwh',
    data_point_period_seconds: 300,
    warnings: [],
    model: { date: '2023-03-01' },
  };
  const data = [
    { point_time: '2026-06-21 11:00:00+00:00', value: 1_000 }, // a space, as its clients write it
    { point_time: '2026-06-21T11:05:00+00:00', value: 870 },
    { point_time: '2026-06-21T04:10:00-07:00', value: null },
  ];
  const make = async (reply: (path: string, bearer: string) => { status?: number; body: object }) => {
    let logins = 0;
    const served = await serve((url, _, headers) => {
      if (url.pathname !== '/login') return reply(url.pathname, String(headers.authorization));
      logins += 1;
      const isRight = headers.authorization === `Basic ${Buffer.from('me:pass').toString('base64')}`;
      return isRight ? { body: { token: `token-${logins}` } } : { status: 401, body: { error: 'wrong' } };
    });
    const source = createHttpWattTime({ name: 'watttime', user: 'me', password: 'pass', region: 'CAISO_NORTH', ...served });
    return { ...served, source, logins: () => logins };
  };

  test('tells pounds a megawatt-hour, which are grams a kilowatt-hour times 0.45359237', async () => {
    const { source } = await make((path) => (path.endsWith('historical') ? { body: { data, meta } } : { body: {} }));
    const { series } = await ask(source, 'carbon_intensity_marginal', { start: noon - HOUR, end: noon });
    expect(series).toMatchObject([{ signal: 'carbon_intensity_marginal', unit: 'gCO2eq/kWh', unitFound: 'lbs_co2_per_mwh' }]);
    expect(series[0]?.steps.map(({ start, end, value }) => [toIso(start), end - start, value])).toEqual([
      ['2026-06-21T11:00:00Z', 5 * MINUTE, 453.59237],
      ['2026-06-21T11:05:00Z', 5 * MINUTE, expect.closeTo(394.625, 3)],
    ]);
  });

  test('is logged in to once in half an hour, and again when a token is refused', async () => {
    let accepted = 'Bearer token-1';
    const { source, logins, clock } = await make((_, bearer) =>
      bearer === accepted ? { body: { data, meta } } : { status: 403, body: { error: 'expired' } },
    );
    const hour = { start: noon - HOUR, end: noon };
    await ask(source, 'carbon_intensity_marginal', hour);
    clock.set(noon + 10 * MINUTE);
    await ask(source, 'carbon_intensity_marginal', hour);
    expect(logins()).toBe(1);
    accepted = 'Bearer token-2';
    clock.set(noon + 20 * MINUTE);
    await ask(source, 'carbon_intensity_marginal', hour);
    expect(logins()).toBe(2);
    accepted = 'Bearer token-3';
    clock.set(noon + 50 * MINUTE);
    await ask(source, 'carbon_intensity_marginal', hour);
    expect(logins()).toBe(3);
  });

  test('that refuses every token is given up after one more login, and the password is not told', async () => {
    const { source, logins } = await make(() => ({ status: 403, body: { error: 'no' } }));
    const thrown = await source.ask({ zone: 'Z', topic: 'carbon_intensity_marginal', interval: lastDay }).catch((fault) => fault);
    expect(thrown.message).toContain('HTTP 403');
    expect(thrown.message).not.toContain('pass');
    expect(logins()).toBe(2);
  });

  test.each([
    { what: 'another region', change: { region: 'PJM' } },
    { what: 'another signal', change: { signal_type: 'co2_aoer' } },
    { what: 'kilograms', change: { units: 'kg_co2_per_mwh' } },
  ])('is refused with $what', async ({ change }) => {
    const { source } = await make(() => ({ body: { data, meta: { ...meta, ...change } } }));
    expect(await refusal(source, 'carbon_intensity_marginal')).toContain('schema');
  });

  test.each(['2026-01-01 00:00:00+00:00', '2026-01-01T00:00:00+00:00', '2026-01-01T00:00Z', '2026-01-01 00:00:00+0000'])(
    'reads %j',
    (text) => expect(wattTimeInstant(text)).toBe(Date.UTC(2026, 0, 1)),
  );
});

describe('UK Carbon Intensity', () => {
  const period = (hour: number, intensity: object) => ({
    from: `${toIso(noon + hour * HOUR).slice(0, 16)}Z`, // no seconds
    to: `${toIso(noon + hour * HOUR + 30 * MINUTE).slice(0, 16)}Z`,
    intensity: { index: 'moderate', ...intensity },
  });
  const make = async (body: object, regionId?: number) => {
    const served = await serve(() => ({ body }));
    return { ...served, source: createHttpUkCarbonIntensity({ name: 'uk', regionId, ...served }) };
  };

  test('tells what was, an estimate while that is not known, and a forecast ahead', async () => {
    const { source, asked } = await make({
      data: [
        period(-2, { forecast: 266, actual: 263 }),
        period(-1, { forecast: 250, actual: null }),
        period(1, { forecast: 240, actual: null }),
      ],
    });
    const { series } = await ask(source, 'carbon_intensity', { start: noon - DAY, end: noon + DAY });
    expect(series[0]?.steps.map(({ value, estimated, forecast }) => [value, estimated, forecast])).toEqual([
      [263, undefined, undefined],
      [250, true, undefined],
      [240, undefined, true],
    ]);
    expect(decodeURIComponent(asked[0]?.url.pathname ?? '')).toBe('/intensity/2026-06-20T12:00Z/2026-06-22T12:00Z');
  });

  test('of a region is wrapped once more, as an object or as a list of one', async () => {
    const region = {
      regionid: 3,
      dnoregion: 'Electricity North West',
      shortname: 'North West England',
      data: [period(-1, { forecast: 31 })],
    };
    for (const data of [region, [region]]) {
      const { source } = await make({ data }, 3);
      expect((await ask(source, 'carbon_intensity', lastDay)).series[0]?.steps).toMatchObject([{ value: 31, estimated: true }]);
    }
    const other = await make({ data: region }, 5);
    expect(await refusal(other.source, 'carbon_intensity')).toContain('asked was region 5');
  });

  test('is asked fourteen days at a time', async () => {
    const { source, asked } = await make({ data: [] });
    await ask(source, 'carbon_intensity', { start: noon - 30 * DAY, end: noon });
    expect(asked).toHaveLength(3);
  });
});

describe('aWATTar', () => {
  const row = (hour: number, marketprice: number, unit = 'Eur/MWh') => ({
    start_timestamp: noon + hour * HOUR,
    end_timestamp: noon + (hour + 1) * HOUR,
    marketprice,
    unit,
  });
  const make = async (body: object) => {
    const served = await serve(() => ({ body }));
    return { ...served, source: createHttpAwattar({ name: 'awattar', calendar: berlin, ...served }) };
  };

  test('tells prices in milliseconds, the negative ones too', async () => {
    const { source, asked } = await make({ object: 'list', data: [row(1, -5.12), row(0, 42.09)], url: '/de/v1/marketdata' });
    const { series } = await ask(source, 'day_ahead_price', { start: noon, end: noon + DAY });
    expect(series).toEqual([
      {
        signal: 'day_ahead_price',
        unit: 'EUR/MWh',
        unitFound: 'Eur/MWh',
        steps: [
          { start: noon, end: noon + HOUR, value: 42.09 },
          { start: noon + HOUR, end: noon + 2 * HOUR, value: -5.12 },
        ],
      },
    ]);
    expect(asked[0]?.url.search).toBe(`?start=${noon}&end=${noon + DAY}`);
  });

  test.each([
    { what: 'two units', body: { data: [row(0, 1), row(1, 1, 'Ct/kWh')] } },
    { what: 'cents', body: { data: [row(0, 1, 'Ct/kWh')] } },
    { what: 'seconds for milliseconds', body: { data: [{ ...row(0, 1), end_timestamp: noon / SECOND }] } },
  ])('is refused with $what', async ({ body }) => {
    const { source } = await make(body);
    expect(await refusal(source, 'day_ahead_price')).toContain('schema');
  });
});

describe('Energy-Charts', () => {
  const seconds = [0, 1, 2, 4].map((quarter) => (noon - HOUR + quarter * 15 * MINUTE) / SECOND); // one is missing
  const make = async (body: (path: string) => object) => {
    const served = await serve((url) => ({ body: body(url.pathname) }));
    return {
      ...served,
      source: createHttpEnergyCharts({ name: 'energy-charts', calendar: berlin, bzn: 'DE-LU', country: 'de', ...served }),
    };
  };

  test('tells prices in columns; a null is a gap and a hole is no longer step', async () => {
    const { source, asked } = await make(() => ({
      license_info: 'CC BY 4.0',
      unix_seconds: seconds,
      price: [10, null, -1, 4],
      unit: 'EUR / MWh',
      deprecated: false,
    }));
    const { series } = await ask(source, 'day_ahead_price', { start: noon - DAY, end: noon + DAY });
    expect(series).toMatchObject([{ unit: 'EUR/MWh', unitFound: 'EUR / MWh' }]);
    expect(series[0]?.steps.map(({ start, end, value }) => [(start - noon) / MINUTE, (end - start) / MINUTE, value])).toEqual([
      [-60, 15, 10],
      [-30, 15, -1],
      [0, 15, 4],
    ]);
    expect(asked[0]?.url.searchParams.get('bzn')).toBe('DE-LU');
  });

  const types = [
    { name: 'Hydro pumped storage consumption', data: [-900, -900, -900, -900] },
    { name: 'Fossil brown coal / lignite', data: [100, 100, null, 100] },
    { name: 'Fossil hard coal', data: [50, 50, 50, 50] },
    { name: 'Wind onshore', data: [10, 11, 12, 13] },
    { name: 'Load', data: [500, 510, 520, 530] },
    { name: 'Renewable share of generation', data: [50, 50, 50, 50] },
  ];

  test('tells power by fuel under its own names, and load beside it', async () => {
    const { source, asked } = await make(() => ({ unix_seconds: seconds, production_types: types, deprecated: false }));
    const { series } = await ask(source, 'generation', { start: noon - DAY, end: noon + DAY });
    expect(Object.fromEntries(series.map(({ signal, steps }) => [signal, steps.map(({ value }) => value)]))).toEqual({
      generation_coal: [150, 150, 150],
      generation_wind: [10, 11, 12, 13],
    });
    expect((await ask(source, 'grid_load', { start: noon - DAY, end: noon + DAY })).series[0]?.steps).toHaveLength(4);
    expect(asked).toHaveLength(1); // one answer told both
  });

  test('becomes carbon intensity where every fuel is told', async () => {
    const { source } = await make(() => ({ unix_seconds: seconds, production_types: types }));
    const { series, evidence } = await ask(createMixSource(source, 'lifecycle'), 'carbon_intensity', {
      start: noon - DAY,
      end: noon + DAY,
    });
    expect(series).toMatchObject([{ signal: 'carbon_intensity', unitFound: 'MW by fuel, lifecycle factors' }]);
    expect(series[0]?.steps.map(({ start, value }) => [(start - noon) / MINUTE, value])).toEqual([
      [-60, (150 * 820 + 10 * 11) / 160],
      [-45, (150 * 820 + 11 * 11) / 161],
      [0, (150 * 820 + 13 * 11) / 163],
    ]);
    expect(evidence).toHaveLength(1);
  });

  test('becomes marginal intensity from four weeks of quarter hours', async () => {
    const quarters = 28 * 96;
    const wave = (i: number) => 500 * Math.sin(i / 9) + 200 * Math.sin(i / 31);
    const { source } = await make(() => ({
      unix_seconds: Array.from({ length: quarters }, (_, i) => (noon - 28 * DAY) / SECOND + i * 900),
      production_types: [
        { name: 'Fossil gas', data: Array.from({ length: quarters }, (_, i) => 2_000 + wave(i)) },
        { name: 'Nuclear', data: new Array(quarters).fill(900) },
      ],
    }));
    const { series } = await ask(createMixSource(source, 'direct'), 'carbon_intensity_marginal', lastDay);
    expect(series[0]?.steps).toHaveLength(24);
    expect(series[0]?.steps[0]).toMatchObject({ value: expect.closeTo(370, 6), estimated: true });
  });

  test.each([
    { what: 'columns of several lengths', body: { unix_seconds: seconds, price: [1], unit: 'EUR / MWh' } },
    { what: 'stamps out of order', body: { unix_seconds: [2, 1], price: [1, 1], unit: 'EUR / MWh' } },
    { what: 'a unit that is no price', body: { unix_seconds: seconds, price: [1, 1, 1, 1], unit: 'MW' } },
  ])('is refused with $what', async ({ body }) => {
    const { source } = await make(() => body);
    expect(await refusal(source, 'day_ahead_price')).toContain('schema');
  });
});

describe('Octopus', () => {
  const rate = (hour: number, value: number, more = {}) => ({
    value_exc_vat: value,
    value_inc_vat: value * 1.05,
    valid_from: toIso(noon + hour * HOUR),
    valid_to: toIso(noon + (hour + 0.5) * HOUR),
    payment_method: null,
    ...more,
  });
  const make = async (reply: (url: URL) => object, more: { readonly vat?: 'inc' } = {}) => {
    const served = await serve((url) => ({ body: reply(url) }));
    return {
      ...served,
      source: createHttpOctopus({ name: 'octopus', product: 'AGILE-24-10-01', tariff: 'E-1R-AGILE-24-10-01-C', ...served, ...more }),
    };
  };
  const day = { start: noon, end: noon + DAY };

  test('tells pence newest first, on pages, which become GBP/MWh in order', async () => {
    const { source, asked, url } = await make((page) => ({
      count: 3,
      next: page.searchParams.get('page') ? null : `${url}${page.pathname}?page=2`,
      previous: null,
      results: page.searchParams.get('page') ? [rate(0, 20)] : [rate(1, -3), rate(0.5, 10)],
    }));
    const { series, evidence } = await ask(source, 'day_ahead_price', day);
    expect(series).toMatchObject([{ unit: 'GBP/MWh', unitFound: 'p/kWh exc. VAT' }]);
    expect(series[0]?.steps.map(({ start, value }) => [(start - noon) / HOUR, value])).toEqual([
      [0, 200],
      [0.5, 100],
      [1, -30],
    ]);
    expect([asked.length, evidence.length]).toEqual([2, 2]);
  });

  test('tells rates without an end up to the end of what was asked, with VAT when wanted, and of one way to pay', async () => {
    const open = { valid_to: null };
    const { source } = await make(
      () => ({
        count: 2,
        next: null,
        previous: null,
        results: [
          rate(-100, 20, { ...open, payment_method: 'DIRECT_DEBIT' }),
          rate(-100, 25, { ...open, payment_method: 'NON_DIRECT_DEBIT' }),
        ],
      }),
      { vat: 'inc' },
    );
    expect((await ask(source, 'day_ahead_price', day)).series[0]?.steps).toEqual([{ start: noon - 100 * HOUR, end: day.end, value: 210 }]);
  });

  test('is not followed elsewhere for its next page', async () => {
    const inside = await stubServer(() => ({ body: {} }));
    const { source } = await make(() => ({ count: 1, next: `${inside.url}/v1/products/`, previous: null, results: [] }));
    await expect(source.ask({ zone: 'GB', topic: 'day_ahead_price', interval: day })).rejects.toThrow('lies elsewhere');
    expect(inside.asked).toEqual([]);
  });
});
