/**
 * Walker: takes in a target and its companions step by step, and tells what is known of them where it stands.
 *
 * It reads values only up to its own step, so nothing that is made from it can contain what was not yet known. Gaps are
 * left out of every sum, never filled. What rows are made of it is for `recent.ts` to say.
 */
import { DAY, HOUR } from '../../../units/time.ts';
import { type ColdStart, createColdStart } from './cold-start.ts';
import type { Drivers } from './drivers.ts';
import type { Ground } from './ground.ts';
import { createLocalRegression, type LocalRegression, type LocalRegressionConfig } from './local-regression.ts';
import type { Companion, Recipe } from './recipe.ts';

/** How numbers of a target are brought to order one at an issue: `z = (transform(y) − centre) / scale`. */
export interface Normal {
  readonly centre: number;
  readonly scale: number;
}

/** What the last hours were off, in normalised units; relative where night is 0. */
export interface Departures {
  /** From the week's mean, over the last 1, 6 and 24 hours. */
  readonly recent: readonly [hour: number, sixHours: number, day: number];
  /** From the first regression, over the last 6, 24 and 72 hours. */
  readonly error: readonly [sixHours: number, day: number, threeDays: number];
}

/** Days whose same hour makes the week's mean. */
export const lagDays = 7;
/** Days that the peak of a new target is still pulled to its nameplate. */
const nameplateDays = 5;
/** What is watched for recent departures: no window is longer. */
const watchHours = 72;
/** Days of the longest mean of the target. */
export const meanDays = 14;

/** A class, for thousands live at once and none may carry closures of its own. */
export class Walker {
  readonly ground: Ground;
  readonly perDay: number;
  readonly perHour: number;
  readonly fits: readonly BoundRegression[];
  readonly followers: readonly Follower[];
  /** The first step that is not known yet. */
  now: number;
  knownSteps = 0;
  readonly #recipe: Recipe;
  readonly #from: number;
  readonly #firstStep: number;
  readonly #isPeak: boolean;
  readonly #cold: ColdStart;
  #lastKnown = -1;
  /** The target, transformed; as far as absorbed. */
  readonly #known: Float64Array;
  /** Of the departure from the week's mean, of that mean, of the first fit's error and of that fit. */
  readonly #departure: RunningSum;
  readonly #profile: RunningSum;
  readonly #error: RunningSum;
  readonly #fitted: RunningSum;
  readonly #counted: RunningSum;
  readonly #total: RunningSum;

  /** Stands at `from`: whatever is older was never known. */
  constructor(ground: Ground, recipe: Recipe, from: number) {
    const { grid, drivers, companions } = ground;
    this.ground = ground;
    this.#recipe = recipe;
    this.#from = from;
    this.now = from;
    this.perDay = Math.round(DAY / grid.stepMs);
    this.perHour = HOUR / grid.stepMs;
    this.#isPeak = recipe.scale === 'peak';
    this.#cold = createColdStart(ground, recipe);
    this.#firstStep = ((Math.floor(grid.start / grid.stepMs) % this.perDay) + this.perDay) % this.perDay;
    this.#known = new Float64Array(grid.count - from).fill(Number.NaN);
    const watched = Math.round(watchHours * this.perHour);
    this.#departure = new RunningSum(watched);
    this.#profile = new RunningSum(watched);
    this.#error = new RunningSum(watched);
    this.#fitted = new RunningSum(watched);
    this.#counted = new RunningSum(meanDays * this.perDay);
    this.#total = new RunningSum(meanDays * this.perDay);
    this.fits = recipe.regressions.map((config) => new BoundRegression(config, drivers, this.perDay));
    this.followers = recipe.companions.map(
      (companion) =>
        new Follower(
          companion,
          companions[companion.name],
          companion.regression && new BoundRegression(companion.regression, drivers, this.perDay),
          this.perDay,
        ),
    );
  }

  /** Step of the day. */
  stepOf(index: number): number {
    return (this.#firstStep + index) % this.perDay;
  }

  /** The target at a step, transformed; NaN where it is not known. */
  at(index: number): number {
    return index >= this.#from && index < this.now ? (this.#known[index - this.#from] as number) : Number.NaN;
  }

  /** A companion's value at a step; NaN where it is not known. */
  besideAt({ series }: Follower, index: number): number {
    return series && index >= this.#from && index < this.now ? (series[index] as number) : Number.NaN;
  }

  /** What a target without history would give at a step, in its own unit. */
  cold(index: number): number {
    return this.#cold.power(this.now, index);
  }

  /** Takes in every step before the index. */
  absorbTo(index: number): void {
    this.#absorbUnwatched(Math.max(this.now, index - watchHours * this.perHour));
    while (this.now < index) this.#absorb(this.now);
  }

  /** Steps too old to be watched: only fits, counts and totals remember them. */
  #absorbUnwatched(end: number): void {
    const first = this.now;
    const { values } = this.ground;
    for (let index = first; index < end; index++) {
      const u = this.#transformed(values[index] as number);
      const isKnown = !Number.isNaN(u);
      this.#known[index - this.#from] = u;
      this.#counted.add(isKnown ? 1 : 0);
      this.#total.add(isKnown ? u : 0);
      if (!isKnown) continue;
      this.#lastKnown = index;
      this.knownSteps++;
    }
    this.now = end;
    for (const fit of this.fits) fit.absorbAll(this.#known, this.#from, first, end, this.#firstStep);
    for (const { series, fit } of this.followers) if (fit && series) fit.absorbAll(series, 0, first, end, this.#firstStep);
  }

  #absorb(index: number): void {
    const step = this.stepOf(index);
    const u = this.#transformed(this.ground.values[index] as number);
    const usual = this.#meanOfWeek(index - this.perDay);
    const expected = this.fits[0]?.predict(step, index) ?? Number.NaN;
    const isKnown = !Number.isNaN(u);
    const isComparable = isKnown && !Number.isNaN(usual);
    const isJudged = isKnown && !Number.isNaN(expected);
    this.#departure.add(isComparable ? u - usual : 0);
    this.#profile.add(isComparable ? usual : 0);
    this.#error.add(isJudged ? u - expected : 0);
    this.#fitted.add(isJudged ? expected : 0);
    this.#counted.add(isKnown ? 1 : 0);
    this.#total.add(isKnown ? u : 0);
    this.#known[index - this.#from] = u;
    this.now = index + 1;
    for (const follower of this.followers) follower.absorb(step, index);
    if (!isKnown) return;
    this.#lastKnown = index;
    this.knownSteps++;
    for (const fit of this.fits) fit.absorb(step, index, u);
  }

  #transformed(y: number): number {
    return this.#recipe.transform === 'log' && !Number.isNaN(y) ? Math.log(Math.max(y, 1e-3)) : y;
  }

  /** Mean of the known values at `reference` and the six days before it. */
  #meanOfWeek(reference: number): number {
    let [sum, count] = [0, 0];
    for (let day = 0; day < lagDays; day++) {
      const value = this.at(reference - day * this.perDay);
      if (Number.isNaN(value)) continue;
      sum += value;
      count++;
    }
    return count > 0 ? sum / count : Number.NaN;
  }

  /** Mean of the last so many steps, 14 days at most, transformed; NaN when nothing of them is known. */
  meanOf(steps: number): number {
    const count = this.#counted.last(steps);
    return count > 0 ? this.#total.last(steps) / count : Number.NaN;
  }

  /** Days since the last known value; `most` when there was none. */
  age(most: number): number {
    return this.#lastKnown < 0 ? most : Math.min(most, (this.now - 1 - this.#lastKnown) / this.perDay);
  }

  departures(normal: Normal): Departures {
    const recent = (hours: number) => this.#recently(this.#departure, this.#profile, hours, normal);
    const error = (hours: number) => this.#recently(this.#error, this.#fitted, hours, normal);
    return { recent: [recent(1), recent(6), recent(24)], error: [error(6), error(24), error(72)] };
  }

  /** A recent departure: relative to what was expected where night is 0, else its mean in normalised units. */
  #recently(part: RunningSum, whole: RunningSum, hours: number, { scale }: Normal): number {
    const steps = Math.round(hours * this.perHour);
    if (!this.#isPeak) {
      const count = this.#counted.last(steps);
      return count > 0 ? part.last(steps) / count / scale : 0;
    }
    const least = Math.min(1, 0.05 * hours) * scale * this.perHour;
    return Math.max(-1, Math.min(1, part.last(steps) / Math.max(whole.last(steps), least)));
  }

  /** Normalisation; `undefined` when there is neither history nor a ceiling. O(30 days). */
  normal(): Normal | undefined {
    return this.#isPeak ? this.#normalOfPeak() : this.#normalOfSpread();
  }

  #normalOfSpread(): Normal | undefined {
    const steps = meanDays * this.perDay;
    const centre = this.meanOf(steps);
    if (Number.isNaN(centre)) return undefined;
    if (this.#recipe.scale === 'level') return { centre, scale: 1 };
    let squares = 0;
    for (let i = Math.max(this.#from, this.now - steps); i < this.now; i++) {
      const u = this.at(i);
      if (!Number.isNaN(u)) squares += (u - centre) ** 2;
    }
    return { centre, scale: Math.max(Math.sqrt(squares / this.#counted.last(steps)), 0.05 * Math.abs(centre), 1e-6) };
  }

  #normalOfPeak(): Normal | undefined {
    const steps = 30 * this.perDay;
    const sizes = new Float64Array(steps);
    let count = 0;
    for (let i = Math.max(this.#from, this.now - steps); i < this.now; i++) {
      const u = this.at(i);
      if (!Number.isNaN(u)) sizes[count++] = Math.abs(u);
    }
    const days = count / this.perDay;
    const nameplate = this.#cold.peak(this.now);
    if (days < 1) return nameplate === undefined ? undefined : { centre: 0, scale: nameplate };
    const measured = Math.max(largest(sizes.subarray(0, count), count - Math.floor(0.99 * (count - 1))), 1e-6);
    const weight = nameplate === undefined ? 0 : nameplateDays / (nameplateDays + days * days);
    return { centre: 0, scale: (1 - weight) * measured + weight * (nameplate ?? 0) };
  }
}

/** A sum over the last steps, for any number of them up to a limit. */
class RunningSum {
  readonly #sums: Float64Array;
  #count = 0;

  constructor(stepsMax: number) {
    this.#sums = new Float64Array(stepsMax + 1);
  }

  add(value: number): void {
    const { length } = this.#sums;
    const before = this.#sums[this.#count % length] as number;
    this.#sums[++this.#count % length] = before + value;
  }

  /** Of the last so many steps, or of all there were. */
  last(steps: number): number {
    const { length } = this.#sums;
    const since = this.#count - steps;
    return (this.#sums[this.#count % length] as number) - (since > 0 ? (this.#sums[since % length] as number) : 0);
  }
}

/** A series beside the target: its values, its regression, and what that has missed. */
export class Follower {
  readonly companion: Companion;
  readonly series: Float64Array | undefined;
  /** Absent where the recipe wants none, or the series is not there. */
  readonly fit: BoundRegression | undefined;
  readonly #missed: RunningSum;
  readonly #asked: RunningSum;

  constructor(companion: Companion, series: Float64Array | undefined, fit: BoundRegression | undefined, perDay: number) {
    this.companion = companion;
    this.series = series;
    this.fit = fit;
    this.#missed = new RunningSum(perDay);
    this.#asked = new RunningSum(perDay);
  }

  absorb(step: number, index: number): void {
    if (!this.fit || !this.series) return;
    const value = this.series[index] as number;
    const guess = this.fit.predict(step, index);
    const isJudged = !Number.isNaN(value) && !Number.isNaN(guess);
    this.#missed.add(isJudged ? value - guess : 0);
    this.#asked.add(isJudged ? 1 : 0);
    if (!Number.isNaN(value)) this.fit.absorb(step, index, value);
  }

  /** NaN where the series is missing or a driver is unknown. */
  predict(step: number, index: number): number {
    return this.fit && this.series ? this.fit.predict(step, index) : Number.NaN;
  }

  /** Mean miss of the last so many steps, a day at most; 0 when there was none. */
  missed(steps: number): number {
    return this.#missed.last(steps) / Math.max(1, this.#asked.last(steps));
  }
}

/** A local regression that reads its drivers from the grid. */
class BoundRegression {
  readonly #regression: LocalRegression;
  readonly #series: readonly Float64Array[];
  readonly #isWhole: boolean;
  readonly #x: Float64Array;
  readonly #perDay: number;

  constructor(config: LocalRegressionConfig, drivers: Drivers, perDay: number) {
    this.#regression = createLocalRegression(config, perDay);
    this.#series = config.drivers.flatMap((name) => drivers[name] ?? []);
    this.#isWhole = this.#series.length === config.drivers.length;
    this.#x = new Float64Array(this.#series.length);
    this.#perDay = perDay;
  }

  #read(index: number): boolean {
    for (let j = 0; j < this.#x.length; j++) {
      const value = (this.#series[j] as Float64Array)[index] as number;
      if (Number.isNaN(value)) return false;
      this.#x[j] = value;
    }
    return this.#isWhole;
  }

  absorb(step: number, index: number, value: number): void {
    if (this.#read(index)) this.#regression.absorb(step, this.#x, value);
  }

  /** Every known value of `[first, end)`, the value of index `i` at `i - offset`. */
  absorbAll(values: Float64Array, offset: number, first: number, end: number, firstStep: number): void {
    let step = (firstStep + first) % this.#perDay;
    for (let index = first; index < end; index++) {
      const value = values[index - offset] as number;
      if (!Number.isNaN(value) && this.#read(index)) this.#regression.absorb(step, this.#x, value);
      step = step + 1 === this.#perDay ? 0 : step + 1;
    }
  }

  /** NaN where a driver is unknown, or before anything was absorbed. */
  predict(step: number, index: number): number {
    return this.#read(index) ? this.#regression.predict(step, this.#x) : Number.NaN;
  }
}

/** The n-th largest of more than n values, all ≥ 0. O(values × n) at worst, and far less for a small n. */
function largest(values: Float64Array, n: number): number {
  const most = new Float64Array(n); // ascending
  for (const value of values) {
    if (value <= (most[0] as number)) continue;
    let i = 1;
    for (; i < n && (most[i] as number) < value; i++) most[i - 1] = most[i] as number;
    most[i - 1] = value;
  }
  return most[0] as number;
}
