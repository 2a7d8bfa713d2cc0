/** Drivers: geometry that is always there, weather where it was sent, and gaps that stay gaps. */
import { describe, expect, test } from 'vitest';
import { driversOf } from '../../../../energy-oracle/forecast/model/drivers.ts';
import type { Dense, Target } from '../../../../energy-oracle/forecast/target.ts';
import { sunPosition } from '../../../../energy-oracle/sun/position.ts';
import { DAY, HOUR, SLOT } from '../../../../units/time.ts';
import { madeArchive } from './synthetic-archive.ts';

const { target, signals, history } = madeArchive({ days: 20 });
const grid = { start: history.start, stepMs: HOUR, count: 20 * 24 };
const fine = { ...grid, stepMs: SLOT, count: 4 * grid.count };
const bare: Target = { ...target, pv: [] };

describe('drivers', () => {
  test('follow the sun to a fiftieth of a degree', () => {
    const { sine } = driversOf(target, {}, fine);
    for (let i = 0; i < fine.count; i += 7) {
      const at = fine.start + i * SLOT;
      const samples = [SLOT / 4, (3 * SLOT) / 4].map((ms) =>
        Math.sin((sunPosition(at + ms, target.latitude, target.longitude).elevationDeg * Math.PI) / 180),
      );
      const mean = ((samples[0] as number) + (samples[1] as number)) / 2;
      expect(Math.abs((sine?.[i] as number) - mean)).toBeLessThan(0.006); // declination moves 0.2° in half a day
    }
  });

  test('are dark at night and never below zero', () => {
    const { clear, sine } = driversOf(target, {}, grid);
    clear?.forEach((value, i) => {
      expect(value).toBeGreaterThanOrEqual(0);
      if ((sine?.[i] as number) < -0.2) expect(value).toBe(0);
    });
    expect(Math.max(...(clear as Float64Array))).toBeGreaterThan(0.5);
  });

  test('say of a quarter hour what they say of its hour, for what is smooth', () => {
    const [coarse, quarters] = [driversOf(bare, signals, grid), driversOf(bare, signals, fine)];
    expect(Object.keys(quarters).sort()).toEqual(Object.keys(coarse).sort());
    for (let hour = 0; hour < grid.count; hour++) {
      const parts = quarters['clear']?.subarray(4 * hour, 4 * hour + 4) as Float64Array;
      expect(Math.abs(parts.reduce((sum, value) => sum + value, 0) / 4 - (coarse['clear']?.[hour] as number))).toBeLessThan(0.02);
      expect(quarters['temperature']?.[4 * hour + 2]).toBeCloseTo(coarse['temperature']?.[hour] as number, 9);
    }
  });

  test('leave a missing signal out, and a gap in one a gap', () => {
    expect(Object.keys(driversOf(target, {}, grid))).toEqual(['clear', 'sine']);
    const light = signals['shortwave_radiation'] as Dense;
    const torn = light.values.slice();
    torn.fill(Number.NaN, 60, 90);
    const { irradiance, clearness } = driversOf(target, { shortwave_radiation: { ...light, values: torn } }, grid);
    for (const i of [60, 75, 89]) expect([irradiance?.[i], clearness?.[i]]).toEqual([Number.NaN, Number.NaN]);
    for (const i of [30, 59, 90, 120]) expect(irradiance?.[i]).not.toBeNaN();
  });

  test('know a cloud from the clear sky', () => {
    const light = signals['shortwave_radiation'] as Dense;
    const half = { shortwave_radiation: { ...light, values: light.values.map((value) => value / 2) } };
    const [open, cloudy] = [driversOf(bare, signals, grid), driversOf(bare, half, grid)];
    const noon = 12;
    expect(cloudy['clearness']?.[noon]).toBeCloseTo((open['clearness']?.[noon] as number) / 2, 6);
    expect(cloudy['irradiance']?.[noon]).toBeCloseTo((open['irradiance']?.[noon] as number) / 2, 6);
  });

  test('tell the weather that comes from the weather that went', () => {
    const light = signals['shortwave_radiation'] as Dense;
    const noon = 5 * 24 + 12;
    const clouded = { ...light, values: light.values.map((value, i) => (i > noon ? value / 2 : value)) };
    const of = (dense: Dense) => driversOf(bare, { shortwave_radiation: dense }, grid);
    const [open, cloudy] = [of(light), of(clouded)];
    const at = (drivers: ReturnType<typeof of>, name: string, index: number) => drivers[name]?.[index] as number;
    expect(at(cloudy, 'clearnessBefore', noon)).toBeCloseTo(at(open, 'clearnessBefore', noon), 9);
    expect(at(cloudy, 'clearnessAfter', noon)).toBeLessThan(0.75 * at(open, 'clearnessAfter', noon));
    expect(at(cloudy, 'clearnessBefore', noon + 36)).toBeCloseTo(at(open, 'clearnessBefore', noon + 36) / 2, 6);
  });

  test('look ahead as far as the weather is forecast, and say so of the last step, too', () => {
    const light = signals['shortwave_radiation'] as Dense;
    const ended = { ...light, values: light.values.map((value, i) => (i > 5 * 24 + 12 ? Number.NaN : value)) };
    const { clearnessAfter } = driversOf(bare, { shortwave_radiation: ended }, grid);
    expect(clearnessAfter?.[5 * 24 + 12]).toBeGreaterThan(0);
    expect(clearnessAfter?.[5 * 24 + 13]).toBeNaN();
  });

  test('have one way to say the sky of a day, wherever the grid begins', () => {
    const later = { ...grid, start: grid.start + 5 * DAY + 7 * HOUR, count: 24 };
    expect(driversOf(target, {}, later)['clear']).toEqual(driversOf(target, {}, grid)['clear']?.slice(127, 151));
  });
});
