/** Where the sun stands to a hundredth of a degree: against two programs that nobody here wrote (fixtures/sun). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { refractionDeg, topocentricSun } from '../../../energy-oracle/sun/topocentric.ts';

const lines = readFileSync(join(import.meta.dirname, '../../fixtures/sun/positions.csv'), 'utf8')
  .trim()
  .split('\n')
  .slice(2);
const rows = lines.map((line) => {
  const [t = '', ...numbers] = line.split(',');
  const [latitude, longitude, elevationDeg, azimuthDeg, apparentDeg] = numbers.map(Number) as [number, number, number, number, number];
  return { at: Date.parse(t), latitude, longitude, elevationDeg, azimuthDeg, apparentDeg };
});
const worstOf = (misses: readonly number[]) => Math.max(...misses);
const turn = (a: number, b: number) => Math.abs(((a - b + 540) % 360) - 180);

describe('the topocentric sun', () => {
  test('is checked at 16 places in every year from 1990 to 2050, by day and night, at the poles and near the zenith', () => {
    expect(new Set(rows.map(({ latitude }) => latitude)).size).toBe(16);
    expect(new Set(rows.map(({ at }) => new Date(at).getUTCFullYear())).size).toBe(61);
    expect(worstOf(rows.map(({ elevationDeg }) => elevationDeg))).toBeGreaterThan(89.5);
    expect(rows.filter(({ elevationDeg }) => elevationDeg < 0).length).toBeGreaterThan(400);
  });

  test('has the elevation of astropy to 0.01°, with ΔUT1 of up to 0.9 s (0.004°) unknown', () =>
    expect(
      worstOf(
        rows.map(({ at, latitude, longitude, elevationDeg }) =>
          Math.abs(topocentricSun(at, latitude, longitude).elevationDeg - elevationDeg),
        ),
      ),
    ).toBeLessThan(0.006));

  test('has its azimuth to 0.01° below 60° of elevation, and stands within 0.01° of it in the sky everywhere', () => {
    const misses = rows.map(({ at, latitude, longitude, elevationDeg, azimuthDeg }) => ({
      elevationDeg,
      missDeg: turn(topocentricSun(at, latitude, longitude).azimuthDeg, azimuthDeg),
    }));
    expect(worstOf(misses.map(({ elevationDeg, missDeg }) => missDeg * Math.cos((elevationDeg * Math.PI) / 180)))).toBeLessThan(0.006);
    expect(worstOf(misses.filter(({ elevationDeg }) => Math.abs(elevationDeg) < 60).map(({ missDeg }) => missDeg))).toBeLessThan(0.01);
  });

  test('is that of the solar position algorithm of NREL in its own example (Reda and Andreas, NREL/TP-560-34302, A.5)', () => {
    const { elevationDeg, azimuthDeg } = topocentricSun(Date.parse('2003-10-17T12:30:30-07:00'), 39.742476, -105.1786);
    expect(Math.abs(elevationDeg - 39.872046)).toBeLessThan(0.005);
    expect(Math.abs(azimuthDeg - 194.34024)).toBeLessThan(0.005);
  });
});

describe('refraction', () => {
  test('lifts the sun as ephem says: to 0.02° from 1° on, to 0.1° at the horizon', () => {
    const seen = rows.filter(({ elevationDeg }) => elevationDeg > -0.3);
    const miss = ({ elevationDeg, apparentDeg }: (typeof rows)[number]) =>
      Math.abs(elevationDeg + refractionDeg(elevationDeg) - apparentDeg);
    expect(seen.length).toBeGreaterThan(400);
    expect(worstOf(seen.map(miss))).toBeLessThan(0.1);
    expect(worstOf(seen.filter(({ elevationDeg }) => elevationDeg > 1).map(miss))).toBeLessThan(0.02);
  });

  test.each([
    { name: 'is half a degree at the horizon', elevationDeg: 0, want: 0.48 },
    { name: 'is a sixtieth at 45°', elevationDeg: 45, want: 0.017 },
    { name: 'is nothing at the zenith', elevationDeg: 90, want: 0 },
    { name: 'is nothing for a sun that has set', elevationDeg: -1, want: 0 },
  ])('$name', ({ elevationDeg, want }) => expect(refractionDeg(elevationDeg)).toBeCloseTo(want, 2));

  test('is less in thin and in warm air', () => {
    expect(refractionDeg(5, 700, 10)).toBeLessThan(refractionDeg(5));
    expect(refractionDeg(5, 1_010, 30)).toBeLessThan(refractionDeg(5));
  });
});
