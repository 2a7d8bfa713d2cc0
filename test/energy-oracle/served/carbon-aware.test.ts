/**
 * The Carbon Aware SDK's WebAPI as its clients see it.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { optimal, rollingMeans, type WindowPoint } from '../../../energy-oracle/served/carbon-aware/windows.ts';
import { get, post, type ServedWorld, startServedWorld } from './served-world.ts';

let world: ServedWorld;
beforeAll(async () => {
  world = await startServedWorld();
});
afterAll(() => world?.close());
const ask = (path: string) => get(`${world.url}/carbon-aware${path}`);

describe('the Carbon Aware SDK WebAPI', () => {
  test('tells measured slots of a location, whatever the case of route, field and name', async () => {
    const { body } = (await ask('/Emissions/byLocation?Location=de&TIME=2026-06-21T03:00Z&totime=2026-06-21T03:45Z')) as {
      body: unknown[];
    };
    expect(body).toHaveLength(4);
    expect(body[0]).toEqual({ location: 'de', time: '2026-06-21T03:00:00+00:00', rating: 230, duration: '00:15:00' });
  });

  test('leaves the duration out when it is asked to be as it was at first', async () => {
    const { body } = await ask('/emissions/bylocation?location=DE&time=2026-06-21T03:00Z&compat=1.0');
    expect(body).toEqual([{ location: 'DE', time: '2026-06-21T03:00:00+00:00', rating: 230 }]);
  });

  test('tells the newest slot when no time is named', async () => {
    expect((await ask('/emissions/bylocation?location=london')).body).toMatchObject([{ time: '2026-06-21T11:45:00+00:00', rating: 123 }]);
  });

  test('answers with nothing, 204, when nothing is known', async () => {
    const { status, body } = await ask('/emissions/bylocation?location=DE&time=2020-01-01&toTime=2020-01-02');
    expect({ status, body }).toEqual({ status: 204, body: '' });
  });

  test('finds the best of several locations, and all that share it', async () => {
    const { body } = await ask('/emissions/bylocations/best?location=DE&location=GB&time=2026-06-21T00:00Z&toTime=2026-06-21T02:00Z');
    expect(body).toMatchObject([
      { location: 'GB', time: '2026-06-21T00:00:00+00:00', rating: 100 },
      { location: 'GB', time: '2026-06-21T00:15:00+00:00', rating: 100 },
    ]);
  });

  test('forecasts rolling means over a window, from now on, and the best window', async () => {
    const { body } = (await ask('/emissions/forecasts/current?location=DE&windowSize=60&dataEndAt=2026-06-21T14:15Z')) as {
      body: { forecastData: unknown[]; optimalDataPoints: unknown[] }[];
    };
    expect(body[0]).toMatchObject({
      generatedAt: '2026-06-21T12:00:00+00:00',
      requestedAt: '2026-06-21T12:20:00+00:00',
      location: 'DE',
      dataStartAt: '2026-06-21T12:15:00+00:00',
      dataEndAt: '2026-06-21T14:15:00+00:00',
      windowSize: 60,
      optimalDataPoints: [{ location: 'DE', timestamp: '2026-06-21T12:15:00+00:00', duration: 60, value: 302.5 }],
    });
    expect(body[0]?.forecastData).toHaveLength(5);
  });

  test('gives a forecast as it stood at requestedAt, though newer ones are there', async () => {
    const { body } = await post(`${world.url}/carbon-aware/emissions/forecasts/batch`, [
      {
        requestedAt: '2026-06-21T06:30:00Z',
        location: 'DE',
        windowSize: 30,
        dataStartAt: '2026-06-21T12:00:00Z',
        dataEndAt: '2026-06-21T13:00:00Z',
      },
      {
        requestedAt: '2026-06-21T12:10:00Z',
        location: 'DE',
        windowSize: 30,
        dataStartAt: '2026-06-21T12:00:00Z',
        dataEndAt: '2026-06-21T13:00:00Z',
      },
    ]);
    expect(body).toMatchObject([
      { generatedAt: '2026-06-21T06:00:00+00:00', forecastData: [{ value: 324.5 }, { value: 325.5 }, { value: 326.5 }] },
      { generatedAt: '2026-06-21T12:00:00+00:00', forecastData: [{ value: 300.5 }, { value: 301.5 }, { value: 302.5 }] },
    ]);
  });

  test('averages by how long each value stood', async () => {
    const { body } = await ask(
      '/emissions/average-carbon-intensity?location=DE&startTime=2026-06-21T00:30:00Z&endTime=2026-06-21T02:00:00Z',
    );
    expect(body).toMatchObject({ startTime: '2026-06-21T00:30:00+00:00', carbonIntensity: expect.closeTo((200 * 30 + 210 * 60) / 90, 9) });
  });

  test('says how much of a span is measured', async () => {
    const { headers } = await ask(
      '/emissions/average-carbon-intensity?location=DE&startTime=2026-06-21T11:00:00Z&endTime=2026-06-21T13:00:00Z',
    );
    expect(headers.get('x-sunward-coverage')).toBe('0.5000');
  });

  test('lists zones, sites and data centres within reach, and is healthy', async () => {
    const { body } = (await ask('/locations')) as { body: Record<string, unknown> };
    expect(body['berlin']).toEqual({ latitude: 52.52, longitude: 13.4, name: 'berlin' });
    expect(Object.keys(body)).toEqual(expect.arrayContaining(['DE', 'GB', 'london', 'uksouth', 'europe-west10']));
    expect(Object.keys(body)).not.toContain('eastus');
    expect((await ask('/health')).body).toBe('Healthy');
  });

  test.each([
    { name: 'no location', path: '/emissions/bylocation', field: 'location' },
    { name: 'an unknown location', path: '/emissions/bylocation?location=atlantis', field: 'location' },
    { name: 'an end without a start', path: '/emissions/bylocation?location=DE&toTime=2026-06-21', field: 'time' },
    { name: 'an end before the start', path: '/emissions/bylocation?location=DE&time=2026-06-22&toTime=2026-06-21', field: 'time' },
    { name: 'more than a month', path: '/emissions/bylocation?location=DE&time=2026-01-01&toTime=2026-06-21', field: 'toTime' },
    { name: 'a forecast of the past', path: '/emissions/forecasts/current?location=DE&dataStartAt=2026-06-01', field: 'dataStartAt' },
    { name: 'a window of no length', path: '/emissions/forecasts/current?location=DE&windowSize=0', field: 'windowSize' },
  ])('refuses $name with problem details that name the field', async ({ path, field }) => {
    const { status, headers, body } = await ask(path);
    expect(status).toBe(400);
    expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(body).toMatchObject({
      type: 'https://www.rfc-editor.org/rfc/rfc9110#section-15.5.1',
      title: 'One or more validation errors occurred.',
      status: 400,
      errors: { [field]: [expect.any(String)] },
      traceId: expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/),
    });
  });

  test('refuses a forecast from before there was any', async () => {
    const { status, body } = await post(`${world.url}/carbon-aware/emissions/forecasts/batch`, [
      { requestedAt: '2026-01-01', location: 'DE' },
    ]);
    expect({ status, body }).toMatchObject({
      status: 400,
      body: { errors: { '0.requestedAt': [expect.stringContaining('was issued by')] } },
    });
  });

  test.each([
    {
      name: 'too long a batch',
      body: Array.from({ length: 101 }, () => ({ requestedAt: '2026-06-21T06:30Z', location: 'DE' })),
      status: 400,
    },
    { name: 'a body of many bytes', body: 'x'.repeat(200_000), status: 413 },
    { name: 'no batch', body: {}, status: 400 },
  ])('refuses $name', async ({ body, status }) => {
    const answer = await post(`${world.url}/carbon-aware/emissions/forecasts/batch`, body);
    expect(answer).toMatchObject({ status, body: { status } });
  });
});

describe('rolling means', () => {
  const step = 15;
  const points = fc
    .array(fc.option(fc.integer({ min: 0, max: 500 }), { nil: undefined }), { minLength: 1, maxLength: 40 })
    .map((values): WindowPoint[] =>
      values.flatMap((value, i) => (value === undefined ? [] : [{ start: i * step, end: (i + 1) * step, value }])),
    )
    .filter((known) => known.length > 0);
  /** Minute by minute. */
  const naive = (known: readonly WindowPoint[], bounds: { start: number; end: number }, window: number): WindowPoint[] => {
    const minutes = new Map(
      known.flatMap(({ start, end, value }) => Array.from({ length: end - start }, (_, i) => [start + i, value] as const)),
    );
    const first = known.find(({ end }) => end > bounds.start)?.start ?? 0;
    const means: WindowPoint[] = [];
    for (let start = Math.max(bounds.start, first); start + window <= bounds.end; start += step) {
      const values = Array.from({ length: window }, (_, i) => minutes.get(start + i));
      if (values.every((value) => value !== undefined))
        means.push({ start, end: start + window, value: values.reduce((sum, value) => sum + value, 0) / window });
    }
    return means;
  };

  test('are what a mean minute by minute is, and never cross a gap', () =>
    fc.assert(
      fc.property(points, fc.nat(100), fc.nat(600), fc.integer({ min: 1, max: 120 }), (known, start, length, window) => {
        const bounds = { start, end: start + length };
        const means = rollingMeans(known, bounds, window);
        const expected = naive(known, bounds, window);
        expect(means.map((mean) => [mean.start, mean.end])).toEqual(expected.map((mean) => [mean.start, mean.end]));
        for (const [i, mean] of means.entries()) expect(mean.value).toBeCloseTo((expected[i] as WindowPoint).value, 5);
      }),
    ));

  test('have all windows of the least mean as their best', () => {
    const tied = [3, 1, 2, 1].map((value, i) => ({ start: i, end: i + 1, value }));
    expect(optimal(tied).map(({ start }) => start)).toEqual([1, 3]);
    expect(optimal([])).toEqual([]);
  });
});
