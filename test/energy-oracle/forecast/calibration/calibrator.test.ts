/** The calibrator: laws that hold for any forecast, and forecasters that are wrong in known ways. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { coldPrior } from '../../../../energy-oracle/forecast/calibration/calibration-prior.ts';
import { type Calibrator, createCalibrator } from '../../../../energy-oracle/forecast/calibration/calibrator.ts';
import type { MemberForecast } from '../../../../energy-oracle/forecast/model/member-forecast.ts';
import { createChance } from '../../../../energy-oracle/forecast/model/seeded.ts';
import type { Target } from '../../../../energy-oracle/forecast/target.ts';
import { DAY, HOUR } from '../../../../units/time.ts';

const levels = [0.1, 0.5, 0.9];
/** Distance of q10 and q90 from the median of a normal law, in standard deviations. */
const z80 = 1.2816;
const start = Date.UTC(2024, 0, 1);
const target: Target = { id: 'plant', kind: 'pv', latitude: 45, longitude: 10, pv: [], floor: undefined, ceiling: undefined };
const steps = 48;
const issueMs = 6 * HOUR;

interface World {
  /** Standard deviation of the truth around 100, and what the net believes it to be, by day. */
  readonly truth: (day: number) => number;
  readonly believed: number;
  /** What each member adds to the expected value. */
  readonly bias?: { readonly net?: number; readonly ridge?: number; readonly cliper?: number };
  readonly seed?: number;
}

/** Truths are drawn once per hour, so the issues of one hour err alike. */
function worldOf({ truth, believed, bias = {}, seed = 7 }: World, days: number) {
  const { normal } = createChance(seed);
  const truths = Float64Array.from({ length: days * 24 + steps }, (_, hour) => 100 + truth(hour / 24) * normal());
  const issues = Array.from({ length: (days * DAY) / issueMs }, (_, i) => start + i * issueMs);
  const spread = (add: number) => Float64Array.from({ length: steps * 3 }, (_, at) => 100 + add + ((at % 3) - 1) * z80 * believed);
  const forecastAt = (issuedAt: number): MemberForecast => ({
    target,
    issuedAt,
    start: issuedAt,
    stepMs: HOUR,
    steps,
    quantiles: levels,
    members: { cliper: spread(bias.cliper ?? 0), ridge: spread(bias.ridge ?? 0), net: spread(bias.net ?? 0) },
    repeated: new Float64Array(steps).fill(100),
    scale: 100,
    isLit: new Uint8Array(steps).fill(1),
  });
  const actualOf = (issuedAt: number) => {
    const first = (issuedAt - start) / HOUR;
    return truths.slice(first, first + steps);
  };
  return { issues, forecastAt, actualOf };
}

const cold = (quantiles: readonly number[] = levels) => createCalibrator({ quantiles, targetId: 'plant', prior: coldPrior(quantiles) });

/** Walks over the issues as a service would; the share of truths inside [q10, q90] over the steps issued in [from, to) days. */
function coverage(world: World, days: number, [from, to]: readonly [number, number], calibrator: Calibrator = cold()) {
  const { issues, forecastAt, actualOf } = worldOf(world, days);
  let [inside, count, error] = [0, 0, 0];
  for (const at of issues) {
    for (const earlier of issues) if (earlier < at && earlier > at - 3 * DAY) calibrator.learn(forecastAt(earlier), actualOf(earlier), at);
    if (at < start + from * DAY || at >= start + to * DAY) continue;
    const final = calibrator.apply(forecastAt(at));
    actualOf(at).forEach((y, step) => {
      count++;
      error += Math.abs(y - (final[step * 3 + 1] as number));
      if (y >= (final[step * 3] as number) && y <= (final[step * 3 + 2] as number)) inside++;
    });
  }
  return { share: inside / count, error: error / count };
}

describe('a calibrator', () => {
  test('leaves a forecaster alone that holds what it says', () => {
    expect(coverage({ truth: () => 10, believed: 10 }, 60, [20, 60]).share).toBeCloseTo(0.8, 1);
  });

  test.each([
    { name: 'half as wide as it should be', believed: 5 },
    { name: 'twice as wide as it should be', believed: 20 },
  ])('brings a forecaster that is $name to its nominal coverage', ({ believed }) => {
    expect(Math.abs(coverage({ truth: () => 10, believed }, 90, [0, 2]).share - 0.8)).toBeGreaterThan(0.1);
    const { share } = coverage({ truth: () => 10, believed }, 150, [90, 150]);
    expect(share).toBeGreaterThan(0.77);
    expect(share).toBeLessThan(0.83);
  });

  test('holds 72 to 88 % three weeks after a change of regime, and after the way back', () => {
    const truth = (day: number) => (day >= 40 && day < 90 ? 20 : 10);
    const world: World = { truth, believed: 10 };
    expect(coverage(world, 140, [40, 46]).share).toBeLessThan(0.65);
    for (const span of [
      [60, 88],
      [115, 138],
    ] as const) {
      const { share } = coverage(world, 140, span);
      expect(share).toBeGreaterThan(0.72);
      expect(share).toBeLessThan(0.88);
    }
  });

  test('widens the side that is missed', () => {
    const calibrator = cold();
    coverage({ truth: () => 10, believed: 10, bias: { net: 8, ridge: 8, cliper: 8 } }, 120, [119, 120], calibrator);
    const { forecastAt } = worldOf({ truth: () => 10, believed: 10 }, 1);
    const [low, middle, high] = calibrator.apply(forecastAt(start + 120 * DAY)) as unknown as [number, number, number];
    expect(middle - low).toBeGreaterThan(1.3 * (high - middle));
  });

  test('gives its say to the member that is right', () => {
    const world: World = { truth: () => 5, believed: 5, bias: { net: 30 } };
    const before = coverage(world, 90, [0, 2]);
    const after = coverage(world, 90, [60, 90]);
    expect(before.error).toBeGreaterThan(20);
    expect(after.error).toBeLessThan(6);
    expect(after.share).toBeGreaterThan(0.74);
  });

  test('goes by CLIPER alone when the others are silent, and calibrates it', () => {
    const world: World = { truth: () => 10, believed: 4 };
    const { issues, forecastAt, actualOf } = worldOf(world, 60);
    const only = (at: number): MemberForecast => ({
      ...forecastAt(at),
      members: { cliper: forecastAt(at).members.cliper as Float64Array },
    });
    const calibrator = cold();
    for (const at of issues)
      for (const earlier of issues) if (earlier < at && earlier > at - 3 * DAY) calibrator.learn(only(earlier), actualOf(earlier), at);
    const final = calibrator.apply(only(start + 60 * DAY));
    expect(final[1]).toBe(100);
    expect((final[2] as number) - (final[0] as number)).toBeGreaterThan(2 * z80 * 4 * 1.8);
  });

  test.each([
    { seesWeather: false, want: [24] },
    { seesWeather: true, want: [12, 24, 36] },
  ])('takes news into account once a day, twice where the weather is known: $seesWeather', ({ seesWeather, want }) => {
    const { forecastAt, actualOf } = worldOf({ truth: () => 60, believed: 1 }, 3);
    const calibrator = createCalibrator({ quantiles: levels, targetId: 'plant', prior: coldPrior(levels), seesWeather });
    const reach = () => calibrator.apply(forecastAt(start))[2];
    const hours = Array.from({ length: 40 }, (_, hour) => hour).filter((hour) => {
      const before = reach();
      calibrator.learn(forecastAt(start), actualOf(start), start + hour * HOUR);
      return reach() !== before;
    });
    expect(hours).toEqual(want);
  });

  test('cannot be taught by what has not ended', () => {
    const { issues, forecastAt, actualOf } = worldOf({ truth: () => 20, believed: 10 }, 12);
    const [honest, tempted] = [cold(), cold()];
    for (const at of issues) {
      for (const earlier of issues) {
        if (earlier >= at) continue;
        const actual = actualOf(earlier);
        const corrupt = actual.map((y, step) => (earlier + (step + 1) * HOUR > at ? 1e6 : y));
        honest.learn(forecastAt(earlier), actual, at);
        tempted.learn(forecastAt(earlier), corrupt, at);
      }
      expect(tempted.apply(forecastAt(at))).toEqual(honest.apply(forecastAt(at)));
    }
    expect(honest.apply(forecastAt(start))).not.toEqual(cold().apply(forecastAt(start)));
  });

  test('learns each step once, however often it is told', () => {
    const { issues, forecastAt, actualOf } = worldOf({ truth: () => 20, believed: 10 }, 12);
    const [once, often] = [cold(), cold()];
    for (const at of issues)
      for (const earlier of issues.filter((other) => other < at)) {
        once.learn(forecastAt(earlier), actualOf(earlier), at);
        for (let again = 0; again < 3; again++) often.learn(forecastAt(earlier), actualOf(earlier), at);
      }
    expect(often.toJSON()).toEqual(once.toJSON());
  });

  test('takes in a gap when it is filled, once, and not after three days', () => {
    const { forecastAt, actualOf } = worldOf({ truth: () => 20, believed: 10 }, 12);
    const [forecast, actual] = [forecastAt(start), actualOf(start)];
    const torn = actual.map((y, step) => (step === 5 ? Number.NaN : y));
    const rowsOf = (calibrator: Calibrator) => calibrator.toJSON().conformal.net?.rows ?? 0;
    const calibrator = cold();
    calibrator.learn(forecast, torn, start + 12 * HOUR);
    expect(rowsOf(calibrator)).toBe(11);
    calibrator.learn(forecast, actual, start + 12 * HOUR);
    calibrator.learn(forecast, actual, start + 12 * HOUR);
    expect(rowsOf(calibrator)).toBe(12);
    const late = cold();
    late.learn(forecast, actual, start + steps * HOUR + 3 * DAY);
    expect(rowsOf(late)).toBe(0);
  });

  test('is not taught by a dark sky, and leaves it as it is', () => {
    const { forecastAt } = worldOf({ truth: () => 10, believed: 10 }, 2);
    const dark: MemberForecast = { ...forecastAt(start), isLit: new Uint8Array(steps), members: { net: new Float64Array(steps * 3) } };
    const calibrator = cold();
    calibrator.learn(dark, new Float64Array(steps), start + DAY);
    expect(calibrator.toJSON().conformal.net?.rows ?? 0).toBe(0);
    expect(calibrator.apply(dark)).toEqual(new Float64Array(steps * 3));
  });

  test('goes on from its own JSON as if it had never stopped', () => {
    const { issues, forecastAt, actualOf } = worldOf({ truth: (day) => 10 + day, believed: 10, bias: { ridge: 5 } }, 20);
    const steady = cold();
    let restarted = cold();
    for (const [i, at] of issues.entries()) {
      for (const earlier of issues.filter((other) => other < at))
        for (const calibrator of [steady, restarted]) calibrator.learn(forecastAt(earlier), actualOf(earlier), at);
      if (i % 3 === 0) {
        const from = JSON.parse(JSON.stringify(restarted.toJSON()));
        restarted = createCalibrator({ quantiles: levels, targetId: 'plant', prior: coldPrior(levels), from });
      }
      expect(restarted.apply(forecastAt(at))).toEqual(steady.apply(forecastAt(at)));
    }
    expect(restarted.toJSON()).toEqual(steady.toJSON());
  });

  test('stays small however long it runs and however often it is issued', () => {
    const calibrator = cold();
    const { forecastAt } = worldOf({ truth: () => 10, believed: 10 }, 1);
    const actual = new Float64Array(steps).fill(99);
    for (let hour = 0; hour < 60 * 24; hour++) calibrator.learn(forecastAt(start + hour * HOUR), actual, start + (hour + 24) * HOUR);
    expect(calibrator.toJSON().issues.length).toBeLessThanOrEqual(384);
    expect(JSON.stringify(calibrator.toJSON()).length).toBeLessThan(20_000);
  });

  test('refuses a forecast of other levels, of no member or of no number', () => {
    const { forecastAt } = worldOf({ truth: () => 10, believed: 10 }, 1);
    const forecast = forecastAt(start);
    expect(() => cold([0.25, 0.75]).apply(forecast)).toThrow(RangeError);
    expect(() => cold().apply({ ...forecast, members: {} })).toThrow(RangeError);
    expect(() => cold().apply({ ...forecast, members: { net: new Float64Array(steps * 3).fill(Number.NaN) } })).toThrow(RangeError);
    expect(() => cold().learn(forecast, new Float64Array(3), start + DAY)).toThrow(RangeError);
  });
});

describe('final quantiles', () => {
  const levelSets = [[0.5], [0.1, 0.5, 0.9], [0.25, 0.75], [0.05, 0.1, 0.3], Array.from({ length: 19 }, (_, i) => (i + 1) / 20)];
  const anyRun = fc.record({
    quantiles: fc.constantFrom(...levelSets),
    seed: fc.integer({ min: 1, max: 1e6 }),
    floor: fc.constantFrom(undefined, 0),
    ceiling: fc.constantFrom(undefined, 50),
    scale: fc.constantFrom(0.01, 1, 1000),
    silent: fc.subarray(['cliper', 'ridge', 'net'] as const, { maxLength: 2 }),
  });

  test('never cross and never leave the bounds, whatever was said and learned', () => {
    fc.assert(
      fc.property(anyRun, ({ quantiles, seed, floor, ceiling, scale, silent }) => {
        const { uniform } = createChance(seed);
        const anyNumber = () => (uniform() < 0.2 ? 0 : scale * 40 * (uniform() - 0.3) * (uniform() < 0.05 ? 100 : 1));
        const says = () =>
          Float64Array.from(Array.from({ length: 24 }, () => Array.from(quantiles, anyNumber).sort((a, b) => a - b)).flat());
        const forecasts = Array.from({ length: 12 }, (_, i): MemberForecast => {
          const members = Object.fromEntries(
            (['cliper', 'ridge', 'net'] as const).filter((m) => !silent.includes(m)).map((m) => [m, says()]),
          );
          const bounds = {
            floor: floor === undefined ? undefined : floor * scale,
            ceiling: ceiling === undefined ? undefined : ceiling * scale,
          };
          const issuedAt = start + i * 12 * HOUR;
          const isLit = Uint8Array.from({ length: 24 }, () => (uniform() < 0.7 ? 1 : 0));
          const repeated = new Float64Array(24);
          return {
            target: { ...target, ...bounds },
            issuedAt,
            start: issuedAt,
            stepMs: HOUR,
            steps: 24,
            quantiles,
            members,
            repeated,
            scale,
            isLit,
          };
        });
        const calibrator = cold(quantiles);
        for (const [i, forecast] of forecasts.entries()) {
          for (const earlier of forecasts.slice(0, i))
            calibrator.learn(earlier, Float64Array.from({ length: 24 }, anyNumber), forecast.issuedAt);
          const final = calibrator.apply(forecast);
          const { floor: least = Number.NEGATIVE_INFINITY, ceiling: most = Number.POSITIVE_INFINITY } = forecast.target;
          const isFair = (value: number, at: number) =>
            value >= least && value <= most && (at % quantiles.length === 0 || value >= (final[at - 1] as number));
          expect(final.findIndex((value, at) => !isFair(value, at))).toBe(-1);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('keep a quantile on the floor that its member put there', () => {
    const { forecastAt } = worldOf({ truth: () => 10, believed: 10 }, 1);
    const row = (values: readonly number[]) => Float64Array.from({ length: steps * 3 }, (_, at) => values[at % 3] as number);
    const dawn: MemberForecast = {
      ...forecastAt(start),
      target: { ...target, floor: 0 },
      members: { cliper: row([0, 20, 40]), ridge: row([0, 20, 40]), net: row([0, 4, 9]) },
    };
    const [low, middle] = cold().apply(dawn) as unknown as [number, number];
    expect(low).toBe(0);
    expect(middle).toBeGreaterThan(4);
  });
});
