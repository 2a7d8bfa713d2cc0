/**
 * Real regions: how much of what they did a merit order and a price curve of the year before explain.
 *
 * The figures are those of docs/grid-what-ifs.md, measured once and held here to a hundredth. The records lie in
 * `../shared/data` (or `SUNWARD_DATA`); without them this is skipped, except in CI.
 */
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readPacked } from '../../../cli/packed-file.ts';
import { denseOf } from '../../../energy-oracle/forecast/target.ts';
import { emissionFactors } from '../../../simulator/grid/emission-factors.ts';
import { carbonExplained, priceExplained } from '../../../simulator/grid/fit-quality.ts';
import { importGenerationMix, type MixRecord, recordWithin } from '../../../simulator/grid/generation-mix.ts';
import { fitMeritOrder, outputMw } from '../../../simulator/grid/merit-order.ts';
import { outcomeOf, responseOf } from '../../../simulator/grid/outcome.ts';
import { fitPriceCurve, type PriceCurve } from '../../../simulator/grid/price-curve.ts';
import { zoneOfRecord } from '../../../simulator/grid/zone.ts';
import { importWholesalePrice, type PriceConvention, priceConventions } from '../../../simulator/traces/importers/wholesale-price.ts';
import { resample, type Series } from '../../../units/series.ts';
import { all, hours, sum } from './zones.ts';

const folder = process.env['SUNWARD_DATA'] ?? '../shared/data';
const isThere = existsSync(folder);
if (!isThere && process.env['CI'] === 'true')
  test('the public records are there', () => expect.fail(`no ${folder}; SUNWARD_DATA names it`));

const factors = emissionFactors['life-cycle'];
const year = (y: number) => ({ start: Date.UTC(y, 0), end: Date.UTC(y + 1, 0) });
const records = new Map<string, MixRecord>();
function recordOf(region: string): MixRecord {
  const record =
    records.get(region) ??
    importGenerationMix(readPacked(`${folder}/regions-2019-21/${region}.csv.gz`), { isStampedAtEnd: ['DE', 'ERCO'].includes(region) });
  records.set(region, record);
  return record;
}
const pricesOf = (zone: string, y: number): Series =>
  importWholesalePrice(
    readPacked(`${folder}/price-2020-21/${zone}_electricity_prices_${y}.csv.gz`),
    zone,
    priceConventions[zone] as PriceConvention,
  ).series;

describe.skipIf(!isThere)(`real regions${isThere ? '' : ` (no ${folder}; SUNWARD_DATA names it)`}`, () => {
  test.each([
    { region: 'CISO', learned: 2019, judged: 2020, fit: 0.957, residual: 0.859, demand: 0.168 },
    { region: 'CISO', learned: 2020, judged: 2021, fit: 0.871, residual: 0.874, demand: 0.035 },
    { region: 'ERCO', learned: 2019, judged: 2020, fit: 0.988, residual: 0.866, demand: 0.675 },
    { region: 'ERCO', learned: 2020, judged: 2021, fit: 0.979, residual: 0.873, demand: 0.623 },
    { region: 'PJM', learned: 2019, judged: 2020, fit: 0.952, residual: 0.864, demand: 0.824 },
    { region: 'PJM', learned: 2020, judged: 2021, fit: 0.958, residual: 0.89, demand: 0.839 },
    { region: 'DE', learned: 2020, judged: 2021, fit: 0.973, residual: 0.715, demand: -0.428 },
    { region: 'ES', learned: 2020, judged: 2021, fit: 0.617, residual: 0.692, demand: 0.373 },
    { region: 'SE', learned: 2020, judged: 2021, fit: 0.401, residual: 0.78, demand: 0.721 },
  ])('$region: the merit order of $learned explains $fit of the changes of carbon of $judged', ({ region, learned, judged, ...want }) => {
    const record = recordOf(region);
    const order = fitMeritOrder(recordWithin(record, year(learned)).mix);
    const found = carbonExplained(recordWithin(record, year(judged)), { order, factors });
    expect(found.changes).toBeGreaterThan(4_300);
    expect(Math.abs(found.byMeritOrder - want.fit)).toBeLessThan(0.01);
    expect(Math.abs(found.byAverageOfResidual - want.residual)).toBeLessThan(0.01);
    expect(Math.abs(found.byAverageOfDemand - want.demand)).toBeLessThan(0.01);
  });

  test.each([
    { region: 'CISO', zone: 'US-CAL-CISO', price: 0.67, changes: 0.39 },
    { region: 'DE', zone: 'DE-LU', price: 0.65, changes: 0.24 },
    { region: 'ES', zone: 'ES', price: 0.77, changes: 0.3 },
    { region: 'PJM', zone: 'US-MIDA-PJM', price: 0.39, changes: 0.02 },
    { region: 'ERCO', zone: 'US-TEX-ERCO', price: 0, changes: 0 },
  ])('$region: the price curve of 2020 explains $price of the price of 2021, and $changes of its changes', ({ region, zone, ...want }) => {
    const record = recordOf(region);
    const parts = [2020, 2021].map((y) => {
      const { mix } = recordWithin(record, year(y));
      return { mix, price: denseOf(resample(pricesOf(zone, y), mix.start, mix.stepMs, mix.count)).values };
    });
    const [learned, judged] = parts as [(typeof parts)[number], (typeof parts)[number]];
    const { responding } = fitMeritOrder(learned.mix);
    const curve = fitPriceCurve(learned.price, outputMw(learned.mix, responding)) as PriceCurve;
    const found = priceExplained(curve, judged.price, outputMw(judged.mix, responding));
    expect(Math.abs(found.ofPrice - want.price)).toBeLessThan(0.02);
    expect(Math.abs(found.ofChanges - want.changes)).toBeLessThan(0.02);
  });

  test('California of 2020 comes out as it was recorded, and 1 GW more is carried at 380 to 500 g/kWh and a higher price', () => {
    const record = recordWithin(recordOf('CISO'), year(2020));
    const options = { zone: 'CISO', timeZone: 'America/Los_Angeles', priceCurrency: 'USD' };
    const zone = zoneOfRecord(record, pricesOf('US-CAL-CISO', 2020), options);
    const [before, after] = [outcomeOf(zone), outcomeOf(zone, all(zone.count, 1_000))];
    expect(before.price).toEqual(zone.trace.price);
    expect(before.carbonIntensity).toEqual(zone.trace.carbonIntensity);
    expect([before, after].map(({ unservedMw, curtailedMw }) => sum(unservedMw) + sum(curtailedMw))).toEqual([0, 0]);
    before.price.values.forEach((price, h) => void expect(after.price.values[h] ?? 0).toBeGreaterThanOrEqual(price ?? 0));
    const emitted = (outcome: typeof before, extraMw: number) =>
      sum(outcome.carbonIntensity.values.map((grams, h) => (grams ?? 0) * ((zone.supply?.demandMw[h] as number) + extraMw)));
    const grams = (emitted(after, 1_000) - emitted(before, 0)) / (1_000 * zone.count);
    expect(grams).toBeGreaterThan(380);
    expect(grams).toBeLessThan(500);
    const summerNoon = hours(0, 1).start - 731 * 86_400_000 + 20 * 3_600_000; // 2020-06-05T20Z
    expect(responseOf(zone)(summerNoon, 1e6).priceDelta).toBeGreaterThan(0);
  });
});
