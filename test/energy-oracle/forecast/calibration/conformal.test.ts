/** Stretching of quantiles: rings of levels, the prior, and what a day teaches. */
import { describe, expect, test } from 'vitest';
import { createConformal, fitRings, noStretch } from '../../../../energy-oracle/forecast/calibration/conformal.ts';
import { ringsOf } from '../../../../energy-oracle/forecast/calibration/rings.ts';
import { createChance } from '../../../../energy-oracle/forecast/model/seeded.ts';

const levels = [0.1, 0.5, 0.9];

describe('rings', () => {
  test.each([
    { levels: [0.1, 0.5, 0.9], want: [[0, 2, 0.2]] },
    {
      levels: [0.05, 0.25, 0.75, 0.95],
      want: [
        [0, 3, 0.1],
        [1, 2, 0.5],
      ],
    },
    {
      levels: [0.1, 0.2, 0.8],
      want: [
        [0, undefined, 0.1],
        [1, 2, 0.4],
      ],
    },
    { levels: [0.5], want: [] },
  ])('of $levels pair the levels that are equally far out', ({ levels: asked, want }) => {
    expect(ringsOf(asked).map(({ lower, upper, outside }) => [lower, upper, Number(outside.toFixed(9))])).toEqual(want);
  });
});

describe('a stretch', () => {
  const row = () => Float64Array.of(-10, 0, 20);

  test('of nothing learned gives the quantiles back, around any middle', () => {
    const untouched = row();
    createConformal(levels, noStretch(1)).stretch(untouched, 100, 0, 5);
    expect([...untouched]).toEqual([90, 100, 120]);
  });

  test('starts at the prior: width on both sides, tilt to one, offsets in their group', () => {
    const groups = [...noStretch(1).groups];
    groups[3] = Math.log(2);
    const conformal = createConformal(levels, { width: [Math.log(2)], tilt: [Math.log(1.5)], groups });
    const [here, there] = [row(), row()];
    conformal.stretch(here, 0, 0, 0);
    conformal.stretch(there, 0, 3, 0);
    expect(here[0]).toBeCloseTo(-10 * 2 * 1.5, 9);
    expect(here[2]).toBeCloseTo((20 * 2) / 1.5, 9);
    expect(there[0]).toBeCloseTo(2 * (here[0] as number), 9);
  });

  test('moves with whole days only, wider by misses and narrower by hits', () => {
    const taught = (actual: number) => {
      const conformal = createConformal(levels, noStretch(1));
      for (let i = 0; i < 50; i++) conformal.learn(Float64Array.of(-10, 0, 20), actual, 0);
      const [open, closed] = [row(), row()];
      conformal.stretch(open, 0, 0, 0);
      conformal.close(1);
      conformal.stretch(closed, 0, 0, 0);
      expect([...open]).toEqual([...row()]);
      return closed;
    };
    expect(taught(50)[0]).toBeLessThan(-10);
    expect(taught(50)[2]).toBeGreaterThan(20);
    expect(taught(5)[0]).toBeGreaterThan(-10);
    expect(taught(5)[2]).toBeLessThan(20);
  });

  test('moves as much by a day of 96 rows as by one of 9600', () => {
    const [few, many] = [96, 9600].map((rows) => {
      const conformal = createConformal(levels, noStretch(1));
      for (let day = 0; day < 10; day++) {
        for (let i = 0; i < rows; i++) conformal.learn(row(), i % 2 === 0 ? 50 : 0, 0);
        conformal.close(1);
      }
      return conformal.toJSON().width[0] as number;
    });
    expect(few).toBeGreaterThan(0.2);
    expect(Math.abs((many as number) - (few as number))).toBeLessThan(0.05);
  });

  test('is bounded however long everything is missed', () => {
    const conformal = createConformal(levels, noStretch(1));
    for (let day = 0; day < 1000; day++) {
      conformal.learn(row(), 1e9, 0);
      conformal.close(3);
    }
    const wide = row();
    conformal.stretch(wide, 0, 0, 0);
    expect(wide[2]).toBeLessThanOrEqual(20 * Math.exp(2) + 1e-9);
  });

  test('refuses a prior of other levels', () => {
    expect(() => createConformal(levels, noStretch(2))).toThrow(RangeError);
  });
});

describe('fitted rings', () => {
  test('hold what they say on the rows they were fitted to, one side apart from the other', () => {
    const { normal } = createChance(5);
    const actual = Float64Array.from({ length: 4000 }, () => {
      const drawn = normal();
      return drawn < 0 ? 3 * drawn : drawn;
    });
    const apart = Float64Array.from({ length: actual.length * 3 }, (_, at) => [-1, 0, 1][at % 3] as number);
    const stretch = { ...fitRings(levels, { apart, actual }, 0), groups: noStretch(1).groups };
    const conformal = createConformal(levels, stretch);
    const fitted = Float64Array.of(-1, 0, 1);
    conformal.stretch(fitted, 0, 0, 0);
    const share = (isOut: (y: number) => boolean) => actual.filter(isOut).length / actual.length;
    expect(share((y) => y < (fitted[0] as number))).toBeCloseTo(0.1, 2);
    expect(share((y) => y > (fitted[2] as number))).toBeCloseTo(0.1, 2);
  });
});
