/**
 * Recent: what a target was like lately, absorbed step by step, and the feature rows that follow from it.
 *
 * It walks forward over a grid and reads target and companions only up to where it has walked, so a row cannot contain
 * what was not yet known; drivers are forecasts and may be read ahead. Gaps are left out of every sum, never filled.
 */
import { DAY, HOUR } from '../../../units/time.ts';
import type { Grid, Target } from '../target.ts';
import type { Drivers } from './drivers.ts';
import { createLocalRegression, type LocalRegression, type LocalRegressionConfig } from './local-regression.ts';
import type { Recipe } from './recipe.ts';

/** Everything of one target on one grid; target and companions are read up to the walker only. */
export interface Ground {
  readonly target: Target;
  readonly grid: Grid;
  readonly values: Float64Array;
  readonly drivers: Drivers;
  readonly companions: Readonly<Record<string, Float64Array>>;
}

/** How numbers of a target are brought to order one at an issue: `z = (transform(y) − centre) / scale`. */
export interface Normal {
  readonly centre: number;
  readonly scale: number;
}

export interface Recent {
  /** Takes in every step before the index. */
  absorbTo(index: number): void;
  /** Normalisation at the walker; `undefined` when there is neither history nor a ceiling. O(30 days). */
  normal(): Normal | undefined;
  /** Writes the features of the step `lead` steps after the walker at `rows[offset…]`. */
  write(lead: number, normal: Normal, rows: Float32Array, offset: number): void;
  /** Persistence (SN24): the newest known value of the same time of day, transformed. */
  newest(lead: number): number;
}

const lagDays = 7;
/** Share of the clear-sky power that a target without history is believed to give. */
const coldClearness = 0.6;
/** Peak of a month over that of the year for a fleet of unknown tilts, against the noon light on level ground: 38 months of four grids. */
const fleetPeak = 0.95;
const fleetSeason = 0.53;
/** Days that the peak of a new target is still pulled to its nameplate. */
const nameplateDays = 5;
/** What is watched for recent departures: no window is longer. */
const watchHours = 72;
const historyFeatures = [
  'newest',
  'second',
  'mean3',
  'mean7',
  'mean21',
  'max7',
  'min7',
  'far',
  'spread7',
  'known',
  'age',
  'depth',
  'trend',
];
const recentFeatures = ['recent1', 'recent6', 'recent24'];
const errorFeatures = ['error6', 'error24', 'error72'];
const calendarFeatures = ['lead', 'soon', 'sinDay', 'cosDay', 'sin2Day', 'cos2Day', 'weekend', 'weekendChange', 'monday'];

/** Names of the columns in order: the width of a row is their number. */
export function featureNames(recipe: Recipe): readonly string[] {
  return [
    ...historyFeatures,
    ...recentFeatures,
    ...errorFeatures,
    ...recipe.regressions.map(({ drivers }) => `fit(${drivers.join('+')})`),
    ...recipe.companions.flatMap(({ name, regression }) => [
      `${name}.newest`,
      `${name}.mean7`,
      `${name}.recent6`,
      ...(regression ? [`${name}.fit`, `${name}.error3`, `${name}.error24`] : []),
    ]),
    ...recipe.at,
    ...recipe.change.flatMap((name) => [`${name}-mean7`, `${name}-newest`]),
    ...recipe.around.flatMap(({ driver, hours }) => hours.map((hour) => `${driver}${hour > 0 ? '+' : ''}${hour}h`)),
    ...calendarFeatures,
  ];
}

/** Tells of a step whether every driver that the recipe looks at is known there. */
export function drivenBy({ drivers }: Ground, { at }: Recipe): (index: number) => boolean {
  const needed = at.map((name) => drivers[name]);
  return (index) => {
    for (let i = 0; i < needed.length; i++) if (Number.isNaN(needed[i]?.[index] ?? Number.NaN)) return false;
    return true;
  };
}

/** Stands at `from`: whatever is older was never known. */
export function createRecent(ground: Ground, recipe: Recipe, from = 0): Recent {
  const { target, grid, values, drivers, companions } = ground;
  const perDay = Math.round(DAY / grid.stepMs);
  const perHour = HOUR / grid.stepMs;
  const peak = recipe.scale === 'peak';
  let now = from;
  let lastKnown = -1;
  let knownSteps = 0;
  const size = grid.count - from;
  /** The target, transformed; as far as absorbed. */
  const known = new Float64Array(size).fill(Number.NaN);
  /** Running sums over the steps: of the departure from the week's mean, of that mean, of the first fit's error and of that fit. */
  const departure = new Float64Array(size + 1);
  const profile = new Float64Array(size + 1);
  const error = new Float64Array(size + 1);
  const fitted = new Float64Array(size + 1);
  const counted = new Float64Array(size + 1);
  const total = new Float64Array(size + 1);
  const firstStep = ((Math.floor(grid.start / grid.stepMs) % perDay) + perDay) % perDay;
  const stepOfDay = (index: number) => (firstStep + index) % perDay;
  const fits = recipe.regressions.map((config) => bind(config, drivers, perDay));
  const companionFits = recipe.companions.map(({ name, regression, isScaled }) => ({
    isScaled,
    series: companions[name],
    fit: regression && companions[name] ? bind(regression, drivers, perDay) : undefined,
    hasFit: regression !== undefined,
    /** Running sums over the steps of what the fit missed, and how many it was asked for. */
    missed: new Float64Array(size + 1),
    asked: new Float64Array(size + 1),
  }));
  const atDrivers = recipe.at.map((name) => drivers[name]);
  const changeDrivers = recipe.change.map((name) => drivers[name]);
  const aroundDrivers = recipe.around.flatMap(({ driver, hours }) =>
    hours.map((hour) => ({ series: drivers[driver], shift: hour * perHour })),
  );
  /** Sine and cosine of the local solar time, and of twice it, by step of the day. */
  const clockFace = Float64Array.from({ length: 4 * perDay }, (_, i) => {
    const angle = 2 * Math.PI * ((Math.floor(i / 4) + 0.5) / perDay + target.longitude / 360) * (i % 4 < 2 ? 1 : 2);
    return i % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
  });
  const transform = recipe.transform === 'log' ? (y: number) => Math.log(Math.max(y, 1e-3)) : (y: number) => y;
  const at = (index: number) => (index >= from && index < now ? (known[index - from] as number) : Number.NaN);

  /** Mean of the known values at `reference` and the six days before it. */
  function meanOfWeek(reference: number): number {
    let [sum, count] = [0, 0];
    for (let day = 0; day < lagDays; day++) {
      const value = at(reference - day * perDay);
      if (!Number.isNaN(value)) {
        sum += value;
        count++;
      }
    }
    return count > 0 ? sum / count : Number.NaN;
  }

  /** Steps too old to be watched: only fits, counts and totals remember them. */
  function absorbUnwatched(end: number): void {
    const first = now;
    for (const sums of [departure, profile, error, fitted]) sums.fill(sums[first - from] as number, first - from + 1, end - from + 1);
    for (let index = first; index < end; index++) {
      const k = index - from;
      const y = values[index] as number;
      const isKnown = !Number.isNaN(y);
      const u = isKnown ? transform(y) : y;
      known[k] = u;
      counted[k + 1] = (counted[k] as number) + (isKnown ? 1 : 0);
      total[k + 1] = (total[k] as number) + (isKnown ? u : 0);
      if (!isKnown) continue;
      lastKnown = index;
      knownSteps++;
    }
    now = end;
    for (const fit of fits) fit.absorbAll(known, from, first, end, firstStep);
    for (const { series, fit, missed, asked } of companionFits) {
      for (const sums of [missed, asked]) sums.fill(sums[first - from] as number, first - from + 1, end - from + 1);
      if (fit && series) fit.absorbAll(series, 0, first, end, firstStep);
    }
  }

  function absorb(index: number): void {
    const k = index - from;
    const step = stepOfDay(index);
    const y = values[index] as number;
    const u = Number.isNaN(y) ? Number.NaN : transform(y);
    const usual = meanOfWeek(index - perDay);
    const expected = fits[0]?.predict(step, index) ?? Number.NaN;
    const isKnown = !Number.isNaN(u);
    const comparable = isKnown && !Number.isNaN(usual);
    const judged = isKnown && !Number.isNaN(expected);
    departure[k + 1] = (departure[k] as number) + (comparable ? u - usual : 0);
    profile[k + 1] = (profile[k] as number) + (comparable ? usual : 0);
    error[k + 1] = (error[k] as number) + (judged ? u - expected : 0);
    fitted[k + 1] = (fitted[k] as number) + (judged ? expected : 0);
    counted[k + 1] = (counted[k] as number) + (isKnown ? 1 : 0);
    total[k + 1] = (total[k] as number) + (isKnown ? u : 0);
    known[k] = u;
    now = index + 1;
    for (const { series, fit, missed, asked } of companionFits) {
      const value = series?.[index] ?? Number.NaN;
      const guess = fit ? fit.predict(step, index) : Number.NaN;
      const isJudged = !Number.isNaN(value) && !Number.isNaN(guess);
      missed[k + 1] = (missed[k] as number) + (isJudged ? value - guess : 0);
      asked[k + 1] = (asked[k] as number) + (isJudged ? 1 : 0);
      if (fit && !Number.isNaN(value)) fit.absorb(step, index, value);
    }
    if (!isKnown) return;
    lastKnown = index;
    knownSteps++;
    for (const fit of fits) fit.absorb(step, index, u);
  }

  const windowStart = (steps: number) => Math.max(0, now - from - steps);
  const over = (sums: Float64Array, steps: number) => (sums[now - from] as number) - (sums[windowStart(steps)] as number);

  /** A recent departure: relative to what was expected where night is 0, else its mean in normalised units. */
  function recently(part: Float64Array, whole: Float64Array, hours: number, { scale }: Normal): number {
    const steps = Math.round(hours * perHour);
    if (!peak) {
      const count = over(counted, steps);
      return count > 0 ? over(part, steps) / count / scale : 0;
    }
    const least = Math.min(1, 0.05 * hours) * scale * perHour;
    return Math.max(-1, Math.min(1, over(part, steps) / Math.max(over(whole, steps), least)));
  }

  function normal(): Normal | undefined {
    if (!peak) {
      const steps = 14 * perDay;
      const count = over(counted, steps);
      if (count === 0) return undefined;
      const centre = over(total, steps) / count;
      if (recipe.scale === 'level') return { centre, scale: 1 };
      let squares = 0;
      for (let i = Math.max(from, now - steps); i < now; i++) {
        const u = at(i);
        if (!Number.isNaN(u)) squares += (u - centre) ** 2;
      }
      return { centre, scale: Math.max(Math.sqrt(squares / count), 0.05 * Math.abs(centre), 1e-6) };
    }
    const sizes = new Float64Array(30 * perDay);
    let count = 0;
    for (let i = Math.max(from, now - 30 * perDay); i < now; i++) {
      const u = at(i);
      if (!Number.isNaN(u)) sizes[count++] = Math.abs(u);
    }
    const days = count / perDay;
    const nameplate = target.ceiling === undefined ? undefined : target.ceiling * seasonalPeak();
    if (days < 1) return nameplate === undefined ? undefined : { centre: 0, scale: nameplate };
    const measured = Math.max(largest(sizes.subarray(0, count), count - Math.floor(0.99 * (count - 1))), 1e-6);
    const weight = nameplate === undefined ? 0 : nameplateDays / (nameplateDays + days * days);
    return { centre: 0, scale: (1 - weight) * measured + weight * (nameplate ?? 0) };
  }

  /** Best of the cloudless day to come: a share of the ceiling where arrays are known, else light on level ground. */
  function bestClear(): number {
    let most = 0.01;
    const clear = drivers['clear'] as Float64Array;
    for (let i = now; i < Math.min(grid.count, now + perDay); i++) most = Math.max(most, clear[i] as number);
    return most;
  }

  /** Best power of the season as a share of the ceiling. Nobody's panels lie flat: they lose less of a low sun than the ground does. */
  function seasonalPeak(): number {
    return Math.max(0.05, target.pv.length > 0 ? bestClear() : fleetPeak * bestClear() ** fleetSeason);
  }

  const referenceOf = (lead: number) => now + lead - perDay * (Math.floor(lead / perDay) + 1);
  const coldLight = recipe.at.includes('irradiance') ? drivers['irradiance'] : undefined;
  /** What a target without any history is believed to give, in its own unit: physics, under the forecast sky where there is one. */
  function cold(index: number): number {
    if (target.ceiling === undefined) return 0;
    const clear = (drivers['clear'] as Float64Array)[index] as number;
    const light = coldLight?.[index] ?? Number.NaN;
    return target.ceiling * seasonalPeak() * ((Number.isNaN(light) ? coldClearness * clear : light) / bestClear());
  }

  function newest(lead: number): number {
    const reference = referenceOf(lead);
    for (let day = 0; day < lagDays; day++) {
      const value = at(reference - day * perDay);
      if (!Number.isNaN(value)) return value;
    }
    if (peak) return cold(now + lead);
    const count = over(counted, 14 * perDay);
    return count > 0 ? over(total, 14 * perDay) / count : 0;
  }

  const lags = new Float64Array(lagDays);
  /** Where the row in hand goes, and how it is normalised: a row is written too often for closures of its own. */
  let row: Float32Array = new Float32Array(0);
  let [column, centre, scale] = [0, 0, 1];
  const put = (value: number) => {
    row[column++] = Number.isNaN(value) ? 0 : value;
  };
  const z = (u: number) => (u - centre) / scale;

  function write(lead: number, norm: Normal, rows: Float32Array, offset: number): void {
    row = rows;
    column = offset;
    centre = norm.centre;
    scale = norm.scale;
    const index = now + lead;
    const step = stepOfDay(index);
    const reference = referenceOf(lead);
    const last = newest(lead);
    const week = meanOfWeek(referenceOf(lead));
    const mean7 = Number.isNaN(week) ? last : week;
    let count = 0;
    for (let day = 0; day < lagDays; day++) {
      const u = at(reference - day * perDay);
      if (!Number.isNaN(u)) lags[count++] = u;
    }
    let [most, least, squares, sum3] = [-Infinity, Infinity, 0, 0];
    for (let k = 0; k < count; k++) {
      const u = lags[k] as number;
      most = Math.max(most, u);
      least = Math.min(least, u);
      squares += (u - mean7) ** 2;
      if (k < 3) sum3 += u;
    }
    put(z(last));
    put(z(count > 1 ? (lags[1] as number) : last));
    put(z(count > 0 ? sum3 / Math.min(3, count) : last));
    put(z(mean7));
    let [sum21, count21] = [mean7 * count, count];
    for (let day = lagDays; day < 21; day++) {
      const u = at(reference - day * perDay);
      if (!Number.isNaN(u)) {
        sum21 += u;
        count21++;
      }
    }
    put(z(count21 > 0 ? sum21 / count21 : mean7));
    put(z(count > 0 ? most : last));
    put(z(count > 0 ? least : last));
    put(z(far(reference, index, count > 0 ? most : last, mean7)));
    put(count > 1 ? Math.sqrt(squares / (count - 1)) / scale : 0);
    put(count / lagDays);
    put(Math.min(3, lastKnown < 0 ? 3 : (now - 1 - lastKnown) / perDay));
    put(Math.min(1, knownSteps / (30 * perDay)));
    const count7 = over(counted, 7 * perDay);
    const count1 = over(counted, perDay);
    put(count1 > 0 ? (over(total, perDay) / count1 - over(total, 7 * perDay) / count7) / scale : 0);
    const leadHours = lead / perHour;
    put(recent1 * Math.exp(-leadHours / 3));
    put(recent6 * Math.exp(-leadHours / (peak ? 8 : 24)));
    put(recent24);
    put(error6 * Math.exp(-leadHours / 8));
    put(error24);
    put(error72);
    for (const fit of fits) {
      const value = fit.predict(step, index);
      put(z(Number.isNaN(value) ? mean7 : value));
    }
    writeCompanions(lead, index, step);
    for (const series of atDrivers) put(series?.[index] ?? Number.NaN);
    for (const series of changeDrivers) writeChange(series, index, reference);
    for (const { series, shift } of aroundDrivers) put(series?.[Math.max(0, Math.min(grid.count - 1, index + shift))] ?? Number.NaN);
    writeCalendar(index, lead, step);
  }

  /** For the sun its envelope of three weeks; for what people do, the same time a week ago. */
  function far(reference: number, index: number, most: number, mean7: number): number {
    if (peak) {
      let envelope = most;
      for (let day = lagDays; day < 21; day++) {
        const u = at(reference - day * perDay);
        if (u > envelope) envelope = u;
      }
      return envelope;
    }
    const weekAgo = at(index - 7 * perDay);
    return Number.isNaN(weekAgo) ? mean7 : weekAgo;
  }

  function writeCompanions(lead: number, index: number, step: number): void {
    const reference = referenceOf(lead);
    for (const { series, fit, hasFit, missed, asked, isScaled } of companionFits) {
      const unit = isScaled ? scale : 1;
      let [newest, sum, count] = [Number.NaN, 0, 0];
      for (let day = 0; day < lagDays; day++) {
        const i = reference - day * perDay;
        const value = series && i >= from && i < now ? (series[i] as number) : Number.NaN;
        if (Number.isNaN(value)) continue;
        if (count === 0) newest = value;
        sum += value;
        count++;
      }
      put(newest / unit);
      put(count > 0 ? sum / count / unit : Number.NaN);
      let [late, lateCount] = [0, 0];
      for (let i = Math.max(from, now - Math.round(6 * perHour)); i < now; i++) {
        const value = series?.[i] ?? Number.NaN;
        if (!Number.isNaN(value)) {
          late += value;
          lateCount++;
        }
      }
      put((lateCount > 0 ? late / lateCount : newest) / unit);
      if (!hasFit) continue;
      put((fit ? fit.predict(step, index) : Number.NaN) / unit);
      put((over(missed, 3 * perHour) / Math.max(1, over(asked, 3 * perHour)) / unit) * Math.exp(-lead / perHour / 12));
      put(over(missed, perDay) / Math.max(1, over(asked, perDay)) / unit);
    }
  }

  function writeChange(driver: Float64Array | undefined, index: number, reference: number): void {
    const value = driver?.[index] ?? Number.NaN;
    let [sum, count] = [0, 0];
    for (let day = 0; day < lagDays; day++) {
      const past = driver?.[reference - day * perDay] ?? Number.NaN;
      if (!Number.isNaN(past)) {
        sum += past;
        count++;
      }
    }
    put(count > 0 ? value - sum / count : Number.NaN);
    put(value - (driver?.[reference] ?? Number.NaN));
  }

  function writeCalendar(index: number, lead: number, step: number): void {
    const instant = grid.start + (index + 0.5) * grid.stepMs;
    const localDays = instant / DAY + target.longitude / 360;
    const leadHours = lead / perHour;
    put(leadHours / 96);
    put(Math.exp(-leadHours / 6));
    for (let k = 0; k < 4; k++) put(clockFace[4 * step + k] as number);
    const weekend = recipe.isWeekly ? weekendAt(localDays) : 0;
    put(weekend);
    put(recipe.isWeekly ? weekend - weekendAt(localDays - Math.floor(lead / perDay) - 1) : 0);
    put(recipe.isWeekly && weekdayAt(localDays) === 1 ? 1 : 0);
  }

  let [recent1, recent6, recent24, error6, error24, error72] = [0, 0, 0, 0, 0, 0];

  return {
    absorbTo: (index) => {
      absorbUnwatched(Math.max(now, index - watchHours * perHour));
      while (now < index) absorb(now);
    },
    normal: () => {
      const norm = normal();
      if (norm) {
        [recent1, recent6, recent24] = [1, 6, 24].map((hours) => recently(departure, profile, hours, norm)) as [number, number, number];
        [error6, error24, error72] = [6, 24, 72].map((hours) => recently(error, fitted, hours, norm)) as [number, number, number];
      }
      return norm;
    },
    write,
    newest,
  };
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

/** Of a day number: 1970-01-01 was a Thursday; 0 is Sunday. */
const weekdayAt = (days: number) => (((Math.floor(days) + 4) % 7) + 7) % 7;
const weekendAt = (days: number) => (weekdayAt(days) % 6 === 0 ? 1 : 0);

/** A local regression that reads its drivers from the grid. */
function bind(config: LocalRegressionConfig, drivers: Drivers, perDay: number) {
  const regression: LocalRegression = createLocalRegression(config, perDay);
  const series = config.drivers.map((name) => drivers[name]);
  const isWhole = series.every((one) => one !== undefined);
  const x = new Float64Array(isWhole ? series.length : 0);
  const read = (index: number): boolean => {
    for (let j = 0; j < x.length; j++) {
      const value = (series[j] as Float64Array)[index] as number;
      if (Number.isNaN(value)) return false;
      x[j] = value;
    }
    return isWhole;
  };
  return {
    absorb: (step: number, index: number, value: number) => {
      if (read(index)) regression.absorb(step, x, value);
    },
    /** Every known value of `[first, end)`, the value of index `i` at `i - offset`. */
    absorbAll: (values: Float64Array, offset: number, first: number, end: number, firstStep: number) => {
      for (let index = first, step = (firstStep + first) % perDay; index < end; index++, step = step + 1 === perDay ? 0 : step + 1) {
        const value = values[index - offset] as number;
        if (!Number.isNaN(value) && read(index)) regression.absorb(step, x, value);
      }
    },
    predict: (step: number, index: number): number => (read(index) ? regression.predict(step, x) : Number.NaN),
  };
}
