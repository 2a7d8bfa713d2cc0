/** The say of the members: on the simplex, towards what helps, and back to the prior. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { coldBlend, createBlend, fitWeights } from '../../../../energy-oracle/forecast/calibration/blend.ts';
import { memberNames } from '../../../../energy-oracle/forecast/model/member-forecast.ts';
import { createChance } from '../../../../energy-oracle/forecast/model/seeded.ts';

const GAP = Number.NaN;
const weightsOf = (blend: ReturnType<typeof createBlend>, leadIndex = 0) => blend.toJSON().weights.slice(leadIndex * 3, leadIndex * 3 + 3);

describe('a blend', () => {
  test.each([
    { name: 'is the weighted mean of all', middles: [10, 20, 30], want: 0.05 * 10 + 0.05 * 20 + 0.9 * 30 },
    { name: 'shares the say of a silent member', middles: [10, GAP, 30], want: (0.05 * 10 + 0.9 * 30) / 0.95 },
    { name: 'is the only one that speaks', middles: [10, GAP, GAP], want: 10 },
  ])('$name', ({ middles, want }) => {
    expect(createBlend(coldBlend).middle(0, Float64Array.from(middles))).toBeCloseTo(want, 9);
  });

  test('moves towards a member that makes up for another, on its lead day only', () => {
    const blend = createBlend(coldBlend);
    for (let day = 0; day < 60; day++) {
      for (let hour = 0; hour < 24; hour++) blend.learn(1, Float64Array.of(100, 90, 130), 110, 100);
      blend.close(1);
    }
    expect(blend.middle(1, Float64Array.of(100, 90, 130))).toBeCloseTo(110, 0);
    expect(weightsOf(blend)).toEqual(coldBlend[0]);
  });

  test('stays on the simplex whatever it is taught', () => {
    const number = fc.oneof(fc.constant(GAP), fc.double({ min: -1e6, max: 1e6, noNaN: true }));
    const lesson = fc.record({
      said: fc.tuple(number, number, fc.double({ min: -1e6, max: 1e6, noNaN: true })),
      actual: fc.double({ min: -1e6, max: 1e6, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(lesson, { maxLength: 40 }), (lessons) => {
        const blend = createBlend(coldBlend);
        for (const { said, actual } of lessons) {
          blend.learn(0, Float64Array.from(said), actual, 1);
          blend.close(1);
        }
        const weights = weightsOf(blend);
        expect(weights.every((weight) => weight > 0 && weight <= 1)).toBe(true);
        expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 9);
      }),
    );
  });

  test('learns as much from a day of 96 rows as from one of 9600', () => {
    const [few, many] = [96, 9600].map((rows) => {
      const blend = createBlend(coldBlend);
      for (let day = 0; day < 20; day++) {
        for (let row = 0; row < rows; row++) blend.learn(0, Float64Array.of(100, 100, 130), 100, 100);
        blend.close(1);
      }
      return weightsOf(blend)[2] as number;
    });
    expect(few).toBeLessThan(0.5);
    expect(Math.abs((few as number) - (many as number))).toBeLessThan(0.05);
  });

  test('refuses a state of other members', () => {
    expect(() => createBlend([[1]])).toThrow(RangeError);
  });
});

describe('fitted weights', () => {
  const { normal } = createChance(3);
  const truths = Float64Array.from({ length: 3000 }, normal);

  test.each(memberNames.map((name, best) => ({ name, best })))('go to $name when it alone is right', ({ best }) => {
    const middles = Float64Array.from({ length: truths.length * 3 }, (_, at) => {
      const truth = truths[Math.floor(at / 3)] as number;
      return truth + (at % 3 === best ? 0.1 : 1) * normal();
    });
    const weights = fitWeights({ middles, actual: truths });
    expect(weights[best]).toBeGreaterThan(0.6);
    expect(Math.min(...weights)).toBeGreaterThan(0.04);
  });

  test('are the cold ones without rows', () => {
    expect(fitWeights({ middles: new Float64Array(0), actual: new Float64Array(0) })).toEqual(coldBlend[0]);
  });
});
