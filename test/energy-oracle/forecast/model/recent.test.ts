/** Recent: rows that see the past and nothing else, leave gaps out, and know physics where nothing was measured. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Ground, groundOf } from '../../../../energy-oracle/forecast/model/ground.ts';
import { featureNames, Recent } from '../../../../energy-oracle/forecast/model/recent.ts';
import { type Recipe, recipeFor } from '../../../../energy-oracle/forecast/model/recipe.ts';
import type { Normal } from '../../../../energy-oracle/forecast/model/walker.ts';
import { regrid } from '../../../../energy-oracle/forecast/target.ts';
import { DAY, HOUR, SLOT } from '../../../../units/time.ts';
import { madeArchive } from './synthetic-archive.ts';

const archive = madeArchive({ days: 45 });
const ground = groundOf(archive, 4 * DAY);
const recipe = recipeFor('pv', Object.keys(ground.drivers), []);
const names = featureNames(recipe);
const issue = 40 * 24;

function rowsAt(of: Ground, recipe: Recipe, at: number, leads: readonly number[], from = 0): { normal: Normal; rows: Float32Array[] } {
  const recent = new Recent(of, recipe, from);
  recent.absorbTo(at);
  const normal = recent.normal();
  if (!normal) throw new RangeError('no normal');
  const rows = leads.map((lead) => {
    const row = new Float32Array(featureNames(recipe).length);
    recent.write(lead, normal, row, 0);
    return row;
  });
  return { normal, rows };
}
const feature = (row: Float32Array | undefined, name: string) => row?.[names.indexOf(name)] as number;

describe('what was recently', () => {
  test('is all that a row sees: the future may be anything', () => {
    const garbage = ground.values.slice();
    for (let i = issue; i < garbage.length; i++) garbage[i] = 1e6 * Math.sin(i);
    const leads = [0, 1, 23, 24, 50, 95];
    expect(rowsAt({ ...ground, values: garbage }, recipe, issue, leads)).toEqual(rowsAt(ground, recipe, issue, leads));
  });

  test('is all that a row sees of what stands beside the target, too', () => {
    const load = ground.values.map((value, i) => 2 + Math.sin(i / 5) + value / 10);
    const companions = { pv: ground.values, load };
    const net = recipeFor('net', Object.keys(ground.drivers), Object.keys(companions));
    const garbage = load.slice().fill(1e6, issue);
    const [seen, changed] = [companions, { pv: ground.values, load: garbage }].map((beside) =>
      rowsAt({ ...ground, companions: beside }, net, issue, [0, 30]),
    );
    expect(changed).toEqual(seen);
  });

  test('does not know a grid by the usual level of what stands beside its panels', () => {
    const wind = ground.values.map((value, i) => 0.3 + 0.1 * Math.sin(i / 30) + value / 100);
    const fleet = recipeFor('renewables', Object.keys(ground.drivers), ['wind']);
    const [calm, windy] = [wind, wind.map((share) => share + 0.25)].map(
      (share) => rowsAt({ ...ground, companions: { wind: share } }, fleet, issue, [0, 30]).rows,
    );
    for (const [k, row] of (calm ?? []).entries()) for (const [j, value] of row.entries()) expect(windy?.[k]?.[j]).toBeCloseTo(value, 5);
    const still = rowsAt({ ...ground, companions: { wind: wind.map(() => 0.3) } }, fleet, issue, [0, 30]).rows;
    expect(still).not.toEqual(calm);
  });

  test('is the same however it was walked to', () => {
    const straight = new Recent(ground, recipe);
    straight.absorbTo(issue);
    const halting = new Recent(ground, recipe);
    for (let at = 6; at <= issue; at += 6) halting.absorbTo(at);
    const row = (recent: typeof straight) => {
      const values = new Float32Array(names.length);
      recent.write(5, recent.normal() as Normal, values, 0);
      return values;
    };
    const [one, other] = [row(straight), row(halting)];
    // days older than the watch know no departures when walked over at once
    for (const [i, name] of names.entries()) if (!/^(recent|error)/.test(name)) expect(other[i]).toBe(one[i]);
    for (const name of ['recent1', 'recent6', 'recent24', 'error6', 'error24', 'error72'])
      expect(feature(other, name)).toBeCloseTo(feature(one, name), 5);
  });

  test('leaves gaps out and never takes one for a zero', () => {
    const torn = ground.values.slice();
    const noon = issue - 24 + 12;
    torn[noon] = Number.NaN;
    const { rows, normal } = rowsAt({ ...ground, values: torn }, recipe, issue, [12]);
    const { rows: whole } = rowsAt(ground, recipe, issue, [12]);
    const past = [2, 3, 4, 5, 6, 7].map((day) => ground.values[issue + 12 - 24 * day] as number);
    expect(feature(rows[0], 'newest')).toBeCloseTo((past[0] as number) / normal.scale, 5);
    expect(feature(rows[0], 'mean7')).toBeCloseTo(past.reduce((sum, value) => sum + value, 0) / 6 / normal.scale, 5);
    expect(feature(rows[0], 'known')).toBeCloseTo(6 / 7, 6);
    expect(feature(whole[0], 'known')).toBe(1);
  });

  test('grows old during an outage', () => {
    const silent = ground.values.slice().fill(Number.NaN, issue - 48, issue);
    expect(feature(rowsAt({ ...ground, values: silent }, recipe, issue, [3]).rows[0], 'age')).toBeCloseTo(2, 1);
    expect(feature(rowsAt(ground, recipe, issue, [3]).rows[0], 'age')).toBe(0);
  });

  test('knows no summer time: an issue 24 h later sees the same hours', () => {
    const clockChange = Date.UTC(2021, 2, 28, 0);
    const at = Math.round((clockChange - ground.grid.start) / HOUR);
    for (const day of [0, 1, 2]) {
      const { rows, normal } = rowsAt(ground, recipe, at + 24 * day, [13]);
      expect(feature(rows[0], 'newest') * normal.scale).toBeCloseTo(ground.values[at + 24 * (day - 1) + 13] as number, 4);
    }
  });

  test('says of a quarter hour what it says of the hour, when the hour is all there is', () => {
    const count = 4 * ground.values.length;
    const grid = { start: ground.grid.start, stepMs: SLOT, count };
    const fine = (values: Float64Array) => regrid({ start: grid.start, stepMs: HOUR, values }, grid);
    const quarters: Ground = {
      ...ground,
      grid,
      values: fine(ground.values),
      drivers: Object.fromEntries(Object.entries(ground.drivers).map(([name, values]) => [name, fine(values)])),
    };
    const { rows, normal } = rowsAt(ground, recipe, issue, [12]);
    const { rows: slots, normal: slotNormal } = rowsAt(quarters, recipe, 4 * issue, [49]);
    expect(slotNormal.scale / normal.scale).toBeCloseTo(1, 1);
    for (const name of names.filter((name) => !/^(sin|cos|lead|soon|recent|error|trend)/.test(name))) {
      const [hour, slot] = [feature(rows[0], name), feature(slots[0], name)];
      expect(Math.abs(slot - hour), name).toBeLessThan(0.02 + 0.05 * Math.abs(hour));
    }
  });

  test('of nothing is physics: the nameplate, under the forecast sky', () => {
    const empty = { ...ground, values: ground.values.slice().fill(Number.NaN) };
    const { rows, normal } = rowsAt(empty, recipe, issue, [0, 12], issue);
    expect(normal.scale).toBeGreaterThan(0.3 * (archive.target.ceiling as number));
    expect(normal.scale).toBeLessThanOrEqual(archive.target.ceiling as number);
    expect(feature(rows[0], 'newest')).toBe(0);
    const truth = ground.values[issue + 12] as number;
    expect(feature(rows[1], 'newest') * normal.scale).toBeGreaterThan(0.6 * truth);
    expect(feature(rows[1], 'newest') * normal.scale).toBeLessThan(1.4 * truth);
    expect(feature(rows[1], 'depth')).toBe(0);
    const nameless = { ...empty, target: { ...empty.target, ceiling: undefined } };
    const recent = new Recent(nameless, recipe, issue);
    recent.absorbTo(issue);
    expect(recent.normal()).toBeUndefined();
  });

  test('is finite whatever is missing', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: issue }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer({ min: 0, max: 95 }),
        (from, share, lead) => {
          let state = from + 1;
          const values = ground.values.map((value) => {
            state = (state * 48271) % 2147483647;
            return state / 2147483647 < share ? Number.NaN : value;
          });
          for (const row of rowsAt({ ...ground, values }, recipe, issue, [lead], from).rows) expect(row.every(Number.isFinite)).toBe(true);
        },
      ),
      { numRuns: 40 },
    ));
});
