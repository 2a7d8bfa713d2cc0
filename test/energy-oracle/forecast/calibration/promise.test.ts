/** Promises: rungs against the integral they stand for, and shares that hold in worlds whose truth is known. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createPromiser } from '../../../../energy-oracle/forecast/calibration/promise.ts';
import { type Offer, offerOf, rungLevels } from '../../../../energy-oracle/forecast/calibration/promise-rungs.ts';
import { createChance } from '../../../../energy-oracle/forecast/model/seeded.ts';
import { DAY, HOUR } from '../../../../units/time.ts';

const levels = [0.1, 0.5, 0.9];
const rungs = rungLevels.length;

describe('the rungs of a step', () => {
  test('never decrease and are never negative', () =>
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 100, noNaN: true }), { minLength: 3, maxLength: 3 }), (values) => {
        const { kw } = offerOf(
          [...values].sort((a, b) => a - b),
          levels,
          0,
        );
        for (let k = 0; k < rungs; k++) expect(kw[k]).toBeGreaterThanOrEqual(k > 0 ? (kw[k - 1] as number) : 0);
      }),
    ));
  test('pass through the quantiles', () => {
    const { kw } = offerOf([20, 50, 80], levels, 0);
    const above = rungLevels.findIndex((level) => level >= 0.1);
    expect(kw[above - 1]).toBeLessThan(20);
    expect(kw[above]).toBeGreaterThanOrEqual(20);
  });
  test('expect to fall short by what a normal surplus would', () => {
    const spread = 10 / 1.2816; // P10 lies 1.2816 deviations below the median
    const { kw, believedShortKw } = offerOf([40, 50, 60], levels, 0);
    const at = rungLevels.findIndex((level) => level >= 0.1);
    const z = ((kw[at] as number) - 50) / spread;
    const density = Math.exp(-(z * z) / 2) / Math.sqrt(2 * Math.PI);
    const loss = spread * (density + z * (rungLevels[at] as number)); // E[(x − S)⁺] of a normal S
    expect(believedShortKw?.[at]).toBeGreaterThan(0.85 * loss);
    expect(believedShortKw?.[at]).toBeLessThan(1.25 * loss);
  });
  test('expect no shortfall where nothing is offered', () => {
    const { kw, believedShortKw } = offerOf([0, 0, 0], levels, 0);
    expect([...kw, ...(believedShortKw ?? [])].every((value) => value === 0)).toBe(true);
  });
});

/** Days of a world: each hour of the day has quantiles that it keeps, or that its truth does not keep. */
function shareOver(days: number, offersOn: (day: number) => Offer[], surplusOn: (day: number, hour: number) => number) {
  const promiser = createPromiser({ shortShareMax: 0.03, rungs });
  let [surplus, useful] = [0, 0];
  for (let day = 0; day < days; day++) {
    const offers = offersOn(day);
    const promised = promiser.promise(offers);
    const came = Float64Array.from(offers, (_, hour) => surplusOn(day, hour));
    came.forEach((kw, hour) => {
      surplus += kw;
      useful += Math.min(kw, promised[hour] as number);
    });
    promiser.learn(offers, promised, came, (day + 1) * DAY);
  }
  const { promised, short } = promiser.account;
  return { share: short / promised, usable: useful / surplus };
}

describe('promises', () => {
  const honest = Array.from({ length: 6 }, (_, hour) => offerOf([40, 50, 60], levels, hour));
  const normal = (uniform: () => number) => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());

  test('keep to their share and use most of the surplus when the quantiles hold', () => {
    const { uniform } = createChance(1);
    const { share, usable } = shareOver(
      365,
      () => honest,
      () => Math.max(0, 50 + 7.8 * normal(uniform)),
    );
    expect(share).toBeLessThanOrEqual(0.03);
    expect(usable).toBeGreaterThan(0.85);
  });
  test('keep to their share when one day in a hundred brings nothing, which no quantile said', () => {
    const { uniform } = createChance(2);
    let isEmpty = false;
    const { share } = shareOver(
      730,
      () => {
        isEmpty = uniform() < 0.01;
        return honest;
      },
      () => (isEmpty ? 0 : Math.max(0, 50 + 7.8 * normal(uniform))),
    );
    expect(share).toBeLessThanOrEqual(0.03);
  });
  test('are made where they hold, not where they fail', () => {
    const { uniform } = createChance(3);
    const promiser = createPromiser({ shortShareMax: 0.03, rungs });
    for (let day = 0; day < 200; day++) {
      const promised = promiser.promise(honest);
      const came = Float64Array.from(honest, (_, hour) => (hour < 3 ? 50 : uniform() < 0.3 ? 0 : 50));
      promiser.learn(honest, promised, came, (day + 1) * DAY);
    }
    const promised = promiser.promise(honest);
    expect(Math.min(...promised.subarray(0, 3))).toBeGreaterThan(2 * Math.max(...promised.subarray(3)));
  });
  test('go on after a bad week, though with less', () => {
    const promiser = createPromiser({ shortShareMax: 0.03, rungs });
    const madeOn = Array.from({ length: 120 }, (_, day) => {
      const promised = promiser.promise(honest);
      const came = new Float64Array(honest.length).fill(day >= 60 && day < 67 ? 0 : 50);
      promiser.learn(honest, promised, came, (day + 1) * DAY);
      return promised.reduce((sum, kw) => sum + kw, 0);
    });
    expect(madeOn[70]).toBeLessThan(madeOn[59] as number);
    expect(madeOn[119]).toBeGreaterThan(0);
  });
  test('rest on nothing unknown: a surplus that is not known teaches nothing', () => {
    const promiser = createPromiser({ shortShareMax: 0.03, rungs });
    promiser.learn(honest, new Float64Array(6).fill(30), new Float64Array(6).fill(Number.NaN), HOUR);
    expect(promiser.account).toEqual({ promised: 0, short: 0 });
    expect([...promiser.promise(honest)]).toEqual([0, 0, 0, 0, 0, 0]);
  });
  test('refuse a share that is none, and outcomes that do not fit', () => {
    expect(() => createPromiser({ shortShareMax: 0, rungs })).toThrow('a share lies within (0, 1), found 0');
    expect(() => createPromiser({ shortShareMax: 0.03, rungs }).learn(honest, [1], [1], DAY)).toThrow(/6 offers of 41 rungs/);
  });
});
