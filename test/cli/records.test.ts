/** Records read from folders: a made-up one that is always there, and the real ones where they are at hand. */
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { RecordsFault, readGridRecords, readJobTrace } from '../../cli/records.ts';
import { utcOffset } from '../../energy-oracle/grid/price.ts';
import { sunPosition } from '../../energy-oracle/sun/position.ts';
import type { GridTrace } from '../../simulator/traces/grid-trace.ts';
import { gapsOf } from '../../simulator/traces/importers/import-note.ts';
import { importWholesalePrice, priceConventions } from '../../simulator/traces/importers/wholesale-price.ts';
import { resample, type Series, spanOf, valueAt } from '../../units/series.ts';
import { DAY, HOUR, type Instant, type Interval, toIso } from '../../units/time.ts';

const at = (iso: string) => Date.parse(iso);
const fixtures = join(import.meta.dirname, '../fixtures/records');
const june = { zones: ['DE-LU'], from: at('2022-06-06T00:00Z'), to: at('2022-06-07T00:00Z') };

describe('a folder of records', () => {
  test('becomes traces that reach 8 days back and 2 days on, all on UTC', async () => {
    const { traces, notes } = await readGridRecords(fixtures, june);
    const [trace] = traces as [GridTrace];
    expect(trace).toMatchObject({ zone: 'DE-LU', timeZone: 'Europe/Berlin', priceCurrency: 'EUR', priceIsDayAhead: true });
    for (const series of [trace.price, trace.carbonIntensity, trace.cloudCover as Series])
      expect([spanOf(series).start, spanOf(series).end].map(toIso)).toEqual(['2022-05-29T00:00:00Z', '2022-06-09T00:00:00Z']);
    const known = (series: Series) => Array.from({ length: 6 }, (_, i) => valueAt(series, at('2022-06-05T22:00Z') + i * HOUR));
    expect(known(trace.price)).toEqual([120.5, -3.25, undefined, undefined, 99, undefined]);
    expect(known(trace.carbonIntensity)).toEqual([350.25, 360, undefined, 370, undefined, undefined]);
    expect(known(trace.cloudCover as Series)).toEqual([undefined, 1, undefined, 0.25, undefined, undefined]);
    expect(notes.map(({ file, what, gaps }) => `${file}: ${what}, ${gaps} gaps`)).toEqual([
      'price/DE-LU_electricity_prices_2022.csv: price, 2 gaps',
      'carbon-intensity/DE-LU_2022_hourly.csv: carbon-intensity, 1 gaps',
      'weather/DE-LU_2022.json: cloud-cover, 1 gaps',
    ]);
  });

  test('may be gzipped, file by file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'records-'));
    try {
      await cp(fixtures, folder, { recursive: true });
      const price = join(folder, 'price/DE-LU_electricity_prices_2022.csv');
      await writeFile(`${price}.gz`, gzipSync(await readFile(price)));
      await rm(price);
      expect(await readGridRecords(folder, june)).toEqual(await readGridRecords(fixtures, june));
      await writeFile(`${price}.gz`, 'not gzip');
      await expect(readGridRecords(folder, june)).rejects.toThrow(RecordsFault);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('counts direct emissions when asked', async () => {
    const { traces } = await readGridRecords(fixtures, { ...june, emissionFactors: 'direct' });
    expect(valueAt((traces as [GridTrace])[0].carbonIntensity, at('2022-06-05T22:00Z'))).toBe(300.5);
  });

  test('that lacks a year says which, and what there is', async () => {
    const asked = readGridRecords(fixtures, { ...june, from: at('2023-01-02T00:00Z'), to: at('2023-01-03T00:00Z') });
    await expect(asked).rejects.toThrow(
      /no record .*DE-LU_electricity_prices_2023.csv \(plain or .gz\); there is: DE-LU_electricity_prices_2022.csv/,
    );
    await expect(asked).rejects.toBeInstanceOf(RecordsFault);
  });
  test('may lack a year that only the history reaches', async () => {
    const { traces } = await readGridRecords(fixtures, { ...june, from: at('2022-01-02T00:00Z'), to: at('2022-01-03T00:00Z') });
    expect(toIso((traces as [GridTrace])[0].price.start)).toBe('2021-12-25T00:00:00Z');
  });
  test('that is not there says so', async () =>
    await expect(readGridRecords(join(fixtures, 'nowhere'), june)).rejects.toThrow(/there is: no folder/));
  test('knows no zone without a convention', async () =>
    await expect(readGridRecords(fixtures, { ...june, zones: ['XX'] })).rejects.toThrow(/no price convention for zone XX; known: DE-LU/));
  test('holds jobs too', async () => {
    expect((await readJobTrace(join(fixtures, 'jobs.csv'), 'seconds')).jobs).toHaveLength(3);
    await expect(readJobTrace(join(fixtures, 'job.csv'), 'seconds')).rejects.toThrow(/there is: .*jobs.csv/);
  });
});

const data = process.env['SUNWARD_DATA'] ?? join(import.meta.dirname, '../../../shared/data');
const markets = join(data, 'markets-2022-23');
const isThere = existsSync(markets);
if (!isThere) console.warn(`no real records at ${markets}: set SUNWARD_DATA; their tests are skipped`);

const allYear = { from: at('2022-01-30T00:00Z'), to: at('2022-12-30T00:00Z') };
const cut = (series: Series, { start, end }: Interval) => resample(series, start, series.stepMs, (end - start) / series.stepMs);
async function traceOf(zone: string, interval: { from: Instant; to: Instant }): Promise<GridTrace> {
  const { traces } = await readGridRecords(markets, { zones: [zone], ...interval });
  return (traces as [GridTrace])[0];
}
/** Median of a series by hour of UTC over the days from Monday to Friday of an interval. */
function medianWorkday(series: Series, interval: Interval): number[] {
  const hours: number[][] = Array.from({ length: 24 }, () => []);
  cut(series, interval).values.forEach((value, i) => {
    const isWorkday = ![0, 6].includes(new Date(interval.start + i * HOUR).getUTCDay());
    if (value !== undefined && isWorkday) hours[i % 24]?.push(value);
  });
  return hours.map((values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN);
}
/** Hour of the highest value among the given hours. */
const peakOf = (day: readonly number[], hours: readonly number[]) =>
  hours.reduce((best, hour) => ((day[hour] ?? 0) > (day[best] ?? 0) ? hour : best));
function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((x, y) => x + y, 0) / values.length;
  const [ma, mb] = [mean(a), mean(b)];
  const product = (x: readonly number[], y: readonly number[], mx: number, my: number) =>
    x.reduce((sum, value, i) => sum + (value - mx) * ((y[i] ?? 0) - my), 0);
  return product(a, b, ma, mb) / Math.sqrt(product(a, a, ma, ma) * product(b, b, mb, mb));
}
const summer = { start: at('2022-06-01T00:00Z'), end: at('2022-07-01T00:00Z') };
const winter = { start: at('2022-01-31T00:00Z'), end: at('2022-03-13T00:00Z') };

test('the real records are at hand wherever the whole suite must run', () => expect(isThere || !process.env['CI']).toBe(true));

describe.skipIf(!isThere)('the real records', () => {
  test.each([
    { zone: 'DE-LU', currency: 'EUR' },
    { zone: 'GB', currency: 'EUR' },
    { zone: 'US-CAL-CISO', currency: 'USD' },
    { zone: 'CA-ON', currency: 'CAD' },
    { zone: 'AU-VIC', currency: 'AUD' },
    { zone: 'ZA', currency: 'ZAR' },
  ])('of $zone have no gap in the week of 2022-06-06 nor in the days around it, and cost $currency', async ({ zone, currency }) => {
    const trace = await traceOf(zone, { from: at('2022-06-06T00:00Z'), to: at('2022-06-13T00:00Z') });
    expect(trace.priceCurrency).toBe(currency);
    const lengths = [trace.price, trace.carbonIntensity, trace.cloudCover as Series].map((series) => [
      series.values.length,
      gapsOf(series),
    ]);
    expect(lengths).toEqual([
      [17 * 24, 0],
      [17 * 24, 0],
      [17 * 24, 0],
    ]);
  });

  test('of Germany lack 2022-09-03 and the second half of the doubled hour, and nothing else', async () => {
    const { price } = await traceOf('DE-LU', allYear);
    const missing = price.values.flatMap((value, i) => (value === undefined ? [toIso(price.start + i * HOUR)] : []));
    expect(missing).toHaveLength(25);
    expect([missing[0], missing[23], missing[24]]).toEqual(['2022-09-02T22:00:00Z', '2022-09-03T21:00:00Z', '2022-10-30T01:00:00Z']);
  });

  // The alignment itself: human habits keep local clocks, so their UTC hour must move by one between summer and winter.
  test('of Germany have their morning peak at 7 or 8 on local clocks, in summer and in winter', async () => {
    const { price } = await traceOf('DE-LU', allYear);
    for (const season of [summer, winter]) {
      const peak = peakOf(medianWorkday(price, season), [3, 4, 5, 6, 7, 8, 9]);
      expect([7, 8]).toContain(peak + utcOffset('Europe/Berlin', season.start) / HOUR);
    }
  });
  test('of Germany are cheapest when the sun of its middle is high: no other shift fits better than 1 h', async () => {
    const { price } = await traceOf('DE-LU', allYear);
    const likeness = (shift: number) => {
      const prices = cut(price, { start: summer.start + shift * HOUR, end: summer.end + shift * HOUR }).values.map((value) => value ?? 0);
      const sun = prices.map((_, i) => Math.max(0, sunPosition(summer.start + (i + 0.5) * HOUR, 51, 10).elevationDeg));
      return correlation(prices, sun);
    };
    const shifts = Array.from({ length: 24 }, (_, i) => i - 12).map((shift) => ({ shift, likeness: likeness(shift) }));
    const best = shifts.reduce((a, b) => (b.likeness < a.likeness ? b : a));
    expect(best.likeness).toBeLessThan(-0.2);
    expect(Math.abs(best.shift)).toBeLessThanOrEqual(1);
  });
  test('of California peak between 18 and 21 on local clocks, summer and winter', async () => {
    const { price } = await traceOf('US-CAL-CISO', allYear);
    for (const season of [summer, winter]) {
      const all = Array.from({ length: 24 }, (_, hour) => hour);
      const local = (peakOf(medianWorkday(price, season), all) + utcOffset('America/Los_Angeles', season.start) / HOUR + 24) % 24;
      expect(local).toBeGreaterThanOrEqual(17);
      expect(local).toBeLessThanOrEqual(20);
    }
  });
  // Britain cleared together with the continent until the end of 2020, so its prices then tell what its stamps mean.
  test('of Britain move with those of France hour by hour, so their stamps are of one clock', async () => {
    const changes = async (zone: string) => {
      const text = gunzipSync(await readFile(join(data, `price-2020-21/${zone}_electricity_prices_2020.csv.gz`))).toString('utf8');
      const convention = priceConventions[zone];
      if (!convention) throw new RangeError(zone);
      const { series } = importWholesalePrice(text, zone, convention);
      return (at: Instant) => (valueAt(series, at) ?? Number.NaN) - (valueAt(series, at - HOUR) ?? Number.NaN);
    };
    const [britain, france] = [await changes('GB'), await changes('FR')];
    const likeness = (shift: number) => {
      const year = Array.from({ length: 8_600 }, (_, i) => at('2020-01-03T00:00Z') + i * HOUR);
      const pairs = year.map((hour) => [britain(hour), france(hour + shift * HOUR)] as const).filter(([a, b]) => !Number.isNaN(a + b));
      return correlation(
        pairs.map(([a]) => a),
        pairs.map(([, b]) => b),
      );
    };
    expect(likeness(0)).toBeGreaterThan(0.45);
    expect(likeness(0)).toBeGreaterThan(1.5 * Math.max(likeness(-1), likeness(1)));
  });
  test('of Victoria average 224 in April to June 2022, as the market operator reported in AUD', async () => {
    const { price } = await traceOf('AU-VIC', allYear);
    const quarter = cut(price, { start: at('2022-03-31T14:00Z'), end: at('2022-06-30T14:00Z') }).values as number[];
    expect(quarter.reduce((a, b) => a + b, 0) / quarter.length).toBeCloseTo(224, -0.5);
  });

  test('join two years without a seam', async () => {
    const { price, carbonIntensity } = await traceOf('US-CAL-CISO', { from: at('2022-12-30T00:00Z'), to: at('2023-01-03T00:00Z') });
    expect([price, carbonIntensity].map(gapsOf)).toEqual([0, 0]);
    expect((price.values.length * HOUR) / DAY).toBe(14);
  });

  test('of jobs hold a week of a thousand', async () => {
    const { jobs } = await readJobTrace(join(data, 'jobs/pai_1k.csv'), 'seconds');
    expect(jobs).toHaveLength(1_000);
    expect((jobs.at(-1)?.at ?? 0) / DAY).toBeCloseTo(7, 1);
    expect(Math.max(...jobs.map((job) => job.accelerators))).toBe(4);
  });
});
