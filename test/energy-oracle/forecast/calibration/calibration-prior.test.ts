/** What held-out rows teach: weights, widths, and own widths of targets; and the groups that steps are judged in. */
import { describe, expect, test } from 'vitest';
import {
  type CalibrationForecasts,
  coldPrior,
  fitPrior,
  stretchFor,
} from '../../../../energy-oracle/forecast/calibration/calibration-prior.ts';
import { middleAt, middleOf } from '../../../../energy-oracle/forecast/calibration/middle.ts';
import { dayPartOf, leadIndexOf } from '../../../../energy-oracle/forecast/calibration/step-group.ts';
import { createChance } from '../../../../energy-oracle/forecast/model/seeded.ts';
import type { Target } from '../../../../energy-oracle/forecast/target.ts';
import { DAY, HOUR } from '../../../../units/time.ts';

const levels = [0.1, 0.5, 0.9];
const start = Date.UTC(2024, 5, 1);
const plant = (id: string): Target => ({ id, kind: 'pv', latitude: 45, longitude: 0, pv: [], floor: 0, ceiling: undefined });

/** Two targets in turn: errors are as wide as believed for the first, three times for the second; the first row of ten is dark. */
function heldOut(count = 12_000): CalibrationForecasts {
  const { normal } = createChance(11);
  const archive = Uint8Array.from({ length: count }, (_, i) => i % 2);
  const lead = Uint16Array.from({ length: count }, (_, i) => (i * 7) % 96);
  const isLit = Uint8Array.from({ length: count }, (_, i) => (i % 10 === 0 ? 0 : 1));
  const actual = Float64Array.from({ length: count }, (_, i) => (isLit[i] ? 0.1 * (archive[i] ? 3 : 1) * normal() : 0));
  const valid = Float64Array.from({ length: count }, (_, i) => start + i * HOUR);
  const band = (add: number) => Float64Array.from({ length: count * 3 }, (_, at) => add + ((at % 3) - 1) * 0.12816);
  return {
    quantiles: levels,
    count,
    stepMs: HOUR,
    targets: [plant('calm'), plant('wild')],
    archive,
    lead,
    valid,
    actual,
    isLit,
    members: { cliper: band(0.5), ridge: band(0.5), net: band(0) },
  };
}

describe('a prior', () => {
  const prior = fitPrior(heldOut());

  test('is of all targets for one that was never held out, and leans to its own for one that was', () => {
    const width = (id: string) => stretchFor(prior, id, 'net').width[0] as number;
    expect(width('calm')).toBeLessThan(width('unknown'));
    expect(width('unknown')).toBeLessThan(width('wild'));
    expect(width('wild')).toBeLessThan(Math.log(3));
  });

  test('leaves the say with the member that is right, and no member without one', () => {
    for (const weights of prior.weights) {
      expect(weights[2]).toBeGreaterThan(0.8);
      expect(Math.min(...weights)).toBeGreaterThan(0.04);
      expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 9);
    }
  });

  test('goes through JSON unchanged', () => expect(JSON.parse(JSON.stringify(prior))).toEqual(prior));

  test('is fitted when a member is missing', () => {
    const rows = heldOut(1000);
    const fitted = fitPrior({ ...rows, members: { cliper: rows.members.cliper as Float64Array } });
    expect(stretchFor(fitted, 'calm', 'cliper').width).toHaveLength(1);
    expect(stretchFor(fitted, 'calm', 'net').width).toEqual([0]);
  });

  test('knows nothing when cold', () => expect(stretchFor(coldPrior(levels), 'any', 'net').width).toEqual([0]));

  test('refuses columns of another length', () => {
    expect(() => fitPrior({ ...heldOut(100), members: { net: new Float64Array(3) } })).toThrow(RangeError);
  });
});

describe('step groups', () => {
  test.each([
    { hour: 19, longitude: 0, want: 3 },
    { hour: 20, longitude: 0, want: 0 },
    { hour: 3, longitude: 0, want: 0 },
    { hour: 4, longitude: 0, want: 1 },
    { hour: 12, longitude: 0, want: 2 },
    { hour: 20, longitude: -120, want: 2 },
    { hour: 22, longitude: 150, want: 1 },
  ])('put $hour h UTC at longitude $longitude into part $want', ({ hour, longitude, want }) => {
    expect(dayPartOf(start + hour * HOUR, HOUR, longitude)).toBe(want);
  });

  test('count lead days from the issue and stop at the last', () => {
    expect([0, DAY - 1, DAY, 30 * DAY].map((lead) => leadIndexOf(start, start + lead))).toEqual([0, 0, 1, 6]);
  });
});

describe('the middle', () => {
  test.each([
    { levels: [0.1, 0.5, 0.9], row: [1, 2, 9], want: 2 },
    { levels: [0.25, 0.75], row: [1, 3], want: 2 },
    { levels: [0.1, 0.2], row: [1, 3], want: 3 },
    { levels: [0.6, 0.9], row: [1, 3], want: 1 },
    { levels: [0.4, 0.8], row: [0, 4], want: 1 },
  ])('of levels $levels', ({ levels: asked, row, want }) => {
    expect(middleOf([Number.NaN, ...row], 1, middleAt(asked))).toBeCloseTo(want, 9);
  });
});
