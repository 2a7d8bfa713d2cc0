/**
 * Quantile heads: never crossing whatever the net says, and a gradient that is the slope of the loss.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anchorOf, pinballGradient, rawOf, spreadHeads } from '../../../../energy-oracle/forecast/model/quantile-heads.ts';

const levels = [[0.1, 0.5, 0.9], [0.05, 0.2, 0.4, 0.6, 0.7], [0.5], [0.8, 0.9]];

/** The loss as the books write it, over quantiles already spread. */
const pinball = (quantiles: readonly number[], spread: Float32Array, target: number) =>
  quantiles.reduce((sum, tau, j) => {
    const over = target - (spread[j] ?? Number.NaN);
    return sum + Math.max(tau * over, (tau - 1) * over) / quantiles.length;
  }, 0);

describe('quantile heads', () => {
  test('anchor at the level nearest the median', () => expect(levels.map(anchorOf)).toEqual([1, 2, 0, 0]));

  test.each([[[]], [[0.5, 0.5]], [[0.9, 0.1]], [[0, 0.5]], [[0.5, 1]]])('refuse the levels %j', (quantiles) =>
    expect(() => anchorOf(quantiles)).toThrow(RangeError),
  );

  test('never cross, whatever the net says', () =>
    fc.assert(
      fc.property(
        fc.constantFrom(...levels),
        fc.array(fc.float({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 5, maxLength: 5 }),
        (quantiles, said) => {
          const spread = Float32Array.from(said.slice(0, quantiles.length));
          spreadHeads(spread, quantiles.length, anchorOf(quantiles));
          expect(spread.every((value, j) => Number.isFinite(value) && value >= (spread[j - 1] ?? value))).toBe(true);
        },
      ),
    ));

  test('start at the very quantiles they are told', () => {
    const raw = Float32Array.from(rawOf([-30, -1.5, -1, 0.25, 2], 2));
    spreadHeads(raw, 5, 2);
    expect([...raw]).toEqual([-30, -1.5, -1, 0.25, 2].map((level) => expect.closeTo(level, 5)));
  });

  test('tell the loss, and its slope along every raw output', () =>
    fc.assert(
      fc.property(
        fc.constantFrom(...levels),
        fc.array(fc.integer({ min: -30, max: 30 }), { minLength: 5, maxLength: 5 }),
        fc.integer({ min: -40, max: 40 }),
        fc.constantFrom(0.5, 1, 3),
        (quantiles, tenths, target, weight) => {
          const anchor = anchorOf(quantiles);
          const raw = Float32Array.from(tenths.slice(0, quantiles.length), (tenth) => tenth / 10);
          const lossAt = (moved: number, by: number) => {
            const spread = Float32Array.from(raw, (value, j) => (j === moved ? value + by : value));
            spreadHeads(spread, quantiles.length, anchor);
            return weight * pinball(quantiles, spread, target / 10 + 0.0371);
          };
          const gradient = new Float32Array(raw.length);
          const batch = { quantiles, anchor, raw, targets: Float32Array.of(target / 10 + 0.0371), weights: Float32Array.of(weight) };
          expect(pinballGradient(batch, gradient)).toBeCloseTo(lossAt(-1, 0), 5);
          for (const [j, slope] of gradient.entries()) {
            const [back, forth] = [(lossAt(j, 0) - lossAt(j, -0.01)) / 0.01, (lossAt(j, 0.01) - lossAt(j, 0)) / 0.01];
            expect(slope).toBeGreaterThanOrEqual(Math.min(back, forth) - 0.01 * weight); // between the slopes on both sides: it has kinks
            expect(slope).toBeLessThanOrEqual(Math.max(back, forth) + 0.01 * weight);
          }
        },
      ),
    ));
});
