/**
 * Series over HTTP, on the store in memory: what is asked, what is refused and with which words.
 */
import type { AddressInfo } from 'node:net';
import express from 'express';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seriesApi } from '../../../energy-oracle/store/api.ts';
import { createMemorySeriesStore } from '../../../energy-oracle/store/memory-series-store.ts';
import { DAY, HOUR, MINUTE } from '../../../units/time.ts';

const midnight = Date.UTC(2026, 5, 1);
const store = createMemorySeriesStore();
const app = express().use(
  seriesApi({ clock: { now: () => midnight + DAY }, sites: ['evora', 'faro'].map((id) => ({ id, provider: 'sunco' })), store }),
);
const server = app.listen(0, '127.0.0.1');
const ask = async (path: string) => {
  const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/series/${path}`);
  return { status: response.status, body: (await response.json()) as { readonly detail?: string } };
};

describe('series over HTTP', () => {
  beforeAll(async () => {
    for (const [site, value] of [
      ['evora', 1_000],
      ['faro', 500],
    ] as const) {
      const samples = Array.from({ length: 24 }, (_, i) => ({
        metered: { start: midnight + i * 5 * MINUTE, end: midnight + (i + 1) * 5 * MINUTE },
        value,
      }));
      await store.importReadings({ site, stream: 'pv_power', samples, availableAt: midnight + 3 * HOUR });
    }
  });
  afterAll(() => server.close());

  test('gives last values, as of now or before', async () => {
    const { body } = await ask('latest');
    expect(body).toMatchObject([
      { site: 'evora', stream: 'pv_power', start: '2026-06-01T01:55:00Z', value: 1_000 },
      { site: 'faro', value: 500 },
    ]);
    expect((await ask('latest?asOf=2026-06-01T02:59Z')).body).toEqual([]);
  });

  test('gives energy by step, of a site or of all, and samples', async () => {
    const span = 'start=2026-06-01T00:00Z&end=2026-06-02T00:00Z';
    expect((await ask(`evora/pv_power?${span}`)).body).toMatchObject([
      { start: '2026-06-01T00:00:00Z', energyWh: 1_000, coveredMs: HOUR },
      {},
    ]);
    expect((await ask(`all/pv_power?${span}&step=day`)).body).toMatchObject([{ energyWh: 3_000, signedMs: 0 }]);
    expect((await ask(`faro/pv_power?${span}&step=raw`)).body).toHaveLength(24);
    expect((await ask(`faro/pv_power?${span}&step=slot&asOf=2026-06-01T01:00Z`)).body).toEqual([]);
  });

  test.each([
    ['an unknown site', 'porto/pv_power?start=2026-06-01T00:00Z&end=2026-06-02T00:00Z', 404, /sites: all, evora, faro/],
    ['an unknown stream', 'evora/steam?start=2026-06-01T00:00Z&end=2026-06-02T00:00Z', 404, /streams: pv_power/],
    ['a time without offset', 'evora/pv_power?start=2026-06-01&end=2026-06-02T00:00Z', 400, /RFC 3339/],
    ['an interval that is too long', 'evora/pv_power?start=2026-06-01T00:00Z&end=2026-06-09T00:00Z&step=raw', 400, /at most 7 days/],
    ['an interval that ends before it starts', 'evora/pv_power?start=2026-06-02T00:00Z&end=2026-06-01T00:00Z', 400, /more than nothing/],
    ['samples of all sites', 'all/pv_power?start=2026-06-01T00:00Z&end=2026-06-02T00:00Z&step=raw', 400, /summed by slot/],
    ['a parameter that there is not', 'latest?as_of=now', 400, /as_of/],
  ])('refuses %s', async (_, path, status, detail) => {
    const answer = await ask(path);
    expect(answer.status).toBe(status);
    expect(answer.body.detail).toMatch(detail);
  });
});
