/**
 * Carbon intensity of a mix, against public records that hold generation by fuel and the intensity that was published of it.
 *
 * The records lie in `../shared/data` (or `SUNWARD_DATA`); without them that part is skipped, except in CI.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { emissionFactors, type SourceFuel, sourceFuels } from '../../../energy-oracle/grid/emission-factors.ts';
import { averageIntensity, type Mix, marginalIntensity, marginalPairsMin } from '../../../energy-oracle/grid/mix-intensity.ts';

describe('the average intensity of a mix', () => {
  test.each([
    { name: 'is the factor of its only fuel', mix: { gas: 12 }, lifecycle: 490, direct: 370 },
    { name: 'is weighed by power', mix: { coal: 100, wind: 300 }, lifecycle: (820 + 3 * 11) / 4, direct: 190 },
    { name: 'takes no power below zero for generation', mix: { coal: -5, hydro: 10 }, lifecycle: 24, direct: 0 },
    { name: 'is unknown of nothing', mix: { solar: 0 }, lifecycle: undefined, direct: undefined },
  ])('$name', ({ mix, lifecycle, direct }) => {
    expect(averageIntensity(mix, 'lifecycle')).toEqual(lifecycle);
    expect(averageIntensity(mix, 'direct')).toEqual(direct);
  });

  test('lies between the factors of its fuels, and is the same for a zone twice as large', () => {
    const mixes = fc.dictionary(fc.constantFrom(...sourceFuels), fc.double({ min: 1e-3, max: 1e5, noNaN: true }), { minKeys: 1 });
    fc.assert(
      fc.property(mixes, (mix) => {
        const factors = Object.keys(mix).map((fuel) => emissionFactors[fuel as SourceFuel].lifecycle);
        const found = averageIntensity(mix, 'lifecycle') as number;
        expect(found).toBeGreaterThanOrEqual(Math.min(...factors) - 1e-9);
        expect(found).toBeLessThanOrEqual(Math.max(...factors) + 1e-9);
        const twice = Object.fromEntries(Object.entries(mix).map(([fuel, mw]) => [fuel, 2 * mw]));
        expect(averageIntensity(twice, 'lifecycle')).toBeCloseTo(found, 9);
      }),
    );
  });
});

test('a fuel is never dirtier at the stack than over its life', () =>
  expect(sourceFuels.filter((fuel) => emissionFactors[fuel].direct > emissionFactors[fuel].lifecycle)).toEqual([]));

describe('the marginal intensity', () => {
  const hours = 2 * marginalPairsMin;
  const wave = (hour: number) => 500 * Math.sin((hour * 2 * Math.PI) / 24) + 100 * Math.sin(hour);
  const following = (share: number): Mix[] =>
    Array.from({ length: hours }, (_, hour) => ({ nuclear: 900, gas: 2_000 + share * wave(hour), coal: 2_000 + (1 - share) * wave(hour) }));

  test.each([
    { name: 'is that of the fuel that follows', share: 1, want: 370 },
    { name: 'is that of both in their shares when two follow', share: 0.75, want: 0.75 * 370 + 0.25 * 760 },
  ])('$name', ({ share, want }) => {
    const fit = marginalIntensity(following(share), 'direct');
    expect(fit?.intensity).toBeCloseTo(want, 6);
    expect(fit?.explained).toBeCloseTo(1, 9);
  });

  test('spans no gap, and is unknown with too few neighbours', () => {
    const gappy = following(1).map((mix, hour) => (hour % 2 === 0 ? mix : undefined));
    expect(marginalIntensity(gappy, 'direct')).toBeUndefined();
    expect(marginalIntensity(following(1).slice(0, marginalPairsMin), 'direct')).toBeUndefined();
  });

  test('is unknown where nothing that burns ever moved', () =>
    expect(marginalIntensity(new Array(hours).fill({ nuclear: 900, gas: 100 }), 'direct')).toBeUndefined());
});

const data = join(process.env['SUNWARD_DATA'] ?? '../shared/data', 'regions-2019-21');
const isThere = existsSync(data);
if (!isThere && process.env['CI'] === 'true') test('the public records are there', () => expect.fail(`no ${data}; SUNWARD_DATA names it`));
if (!isThere) console.warn(`${data} is not there (set SUNWARD_DATA): mixes are not compared with published intensities`);

type Row = Readonly<Record<string, string>>;
const fuelOf: Readonly<Record<string, SourceFuel>> = { nat_gas: 'gas', other: 'unknown' };
const rowsOf = (region: string): Row[] => parse(gunzipSync(readFileSync(join(data, `${region}.csv.gz`))), { columns: true });
const mixOf = (row: Row): Mix =>
  Object.fromEntries(
    [...sourceFuels, ...Object.keys(fuelOf)].flatMap((column) => {
      const fuel = fuelOf[column] ?? (column as SourceFuel);
      return row[column] ? [[fuel, Number(row[column])]] : [];
    }),
  );

/** Published to two decimals; half of the last one, and as much again for the arithmetic of whoever published it. */
const rounding = 0.01;

describe.skipIf(!isThere)('a computed intensity beside the published one, every hour,', () => {
  test.each([
    { region: 'CISO', column: 'ci_lifecycle', basis: 'lifecycle' },
    { region: 'CISO', column: 'ci_direct', basis: 'direct' },
    { region: 'ERCO', column: 'ci_lifecycle', basis: 'lifecycle' },
    { region: 'ERCO', column: 'ci_direct', basis: 'direct' },
    { region: 'PJM', column: 'ci_lifecycle', basis: 'lifecycle' },
    { region: 'PJM', column: 'ci_direct', basis: 'direct' },
    { region: 'ES', column: 'ci_lifecycle', basis: 'lifecycle' },
    { region: 'ES', column: 'ci_direct', basis: 'direct' },
    { region: 'DE', column: 'ci_lifecycle', basis: 'lifecycle' },
    { region: 'SE', column: 'ci_direct', basis: 'direct' },
  ] as const)('of $region, $column, is the same to the last digit', ({ region, column, basis }) => {
    const rows = rowsOf(region).filter((row) => row[column]);
    const worst = rows.reduce((most, row) => Math.max(most, Math.abs((averageIntensity(mixOf(row), basis) ?? 0) - Number(row[column]))), 0);
    expect(rows.length).toBeGreaterThan(13_000);
    expect(worst).toBeLessThan(rounding);
  });

  test('of DE has one column twice: its direct intensity is its life-cycle one', () =>
    expect(rowsOf('DE').filter((row) => row['ci_direct'] !== row['ci_lifecycle'])).toEqual([]));

  test('of SE, ci_lifecycle, counts what is not known at 293 g/kWh instead of 700, and agrees in everything else', () => {
    const rows = rowsOf('SE').filter((row) => row['ci_lifecycle']);
    const worst = rows.reduce((most, row) => {
      const mix = mixOf(row);
      const total = Object.values(mix).reduce((sum, mw) => sum + mw, 0);
      const ours = (averageIntensity(mix, 'lifecycle') ?? 0) - ((mix.unknown ?? 0) / total) * (700 - 292.9);
      return Math.max(most, Math.abs(ours - Number(row['ci_lifecycle'])));
    }, 0);
    expect(worst).toBeLessThan(2 * rounding);
  });

  // Where only gas follows the load the slope is its factor, 370; the more coal follows too, the nearer to 760 it comes.
  test.each([
    { region: 'CISO', year: '2020', low: 360, high: 380, what: 'gas' },
    { region: 'ERCO', year: '2020', low: 400, high: 530, what: 'gas, and coal that is going' },
    { region: 'PJM', year: '2020', low: 450, high: 620, what: 'gas and coal' },
    { region: 'ES', year: '2020', low: 360, high: 410, what: 'gas' },
  ])('at the margin of $region in $year is that of $what', ({ region, year, low, high }) => {
    const mixes = rowsOf(region)
      .filter((row) => row['t_utc']?.startsWith(year))
      .map(mixOf);
    const fit = marginalIntensity(mixes, 'direct');
    expect(fit?.intensity).toBeGreaterThan(low);
    expect(fit?.intensity).toBeLessThan(high);
    expect(fit?.standardError).toBeLessThan(2);
  });
});
