/**
 * Fit: statistics of a real year of hours, and the measures by which real and drawn years are compared.
 *
 * Owns scores, shapes, persistence and tariffs as pure functions of values on a local calendar. A gap is `undefined`
 * and counts nowhere. Reading records and tuning are left to `npm run calibrate`.
 */
import {
  type LocalCalendar,
  type Persistence,
  probabilities,
  type SignalStatistics,
  seasonOf,
  type TariffStatistics,
} from './statistics.ts';

/** Hourly values with gaps, beside the calendar they fall on. */
export interface HourlyRecord {
  readonly values: readonly (number | undefined)[];
  readonly calendar: LocalCalendar;
}

/**
 * Standard normal quantile, |relative error| < 1.2e-9 (Acklam's rational approximation, 2003).
 *
 * @param probability  strictly between 0 and 1; anything else is a RangeError
 */
export function normalQuantile(probability: number): number {
  if (!(probability > 0 && probability < 1)) throw new RangeError(`a probability strictly between 0 and 1, found ${probability}`);
  if (probability > 0.5) return -normalQuantile(1 - probability);
  if (probability < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(probability));
    return (
      (((((-7.784894002430293e-3 * q - 3.223964580411365e-1) * q - 2.400758277161838) * q - 2.549732539343734) * q + 4.374664141464968) *
        q +
        2.938163982698783) /
      ((((7.784695709041462e-3 * q + 3.224671290700398e-1) * q + 2.445134137142996) * q + 3.754408661907416) * q + 1)
    );
  }
  const q = probability - 0.5;
  const r = q * q;
  return (
    ((((((-3.969683028665376e1 * r + 2.209460984245205e2) * r - 2.759285104469687e2) * r + 1.38357751867269e2) * r - 3.066479806614716e1) *
      r +
      2.506628277459239) *
      q) /
    (((((-5.447609879822406e1 * r + 1.615858368580409e2) * r - 1.556989798598866e2) * r + 6.680131188771972e1) * r - 1.328068155288572e1) *
      r +
      1)
  );
}

const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Groups the known values of a record by a whole-number key of the hour. */
function grouped({ values }: HourlyRecord, keyOf: (index: number) => number): Map<number, number[]> {
  const groups = new Map<number, number[]>();
  values.forEach((value, index) => {
    if (value === undefined) return;
    const key = keyOf(index);
    const group = groups.get(key);
    if (group) group.push(value);
    else groups.set(key, [value]);
  });
  return groups;
}

/** Quantiles of sorted values whose end segments keep the mean of the outermost hundredth, so that one spike is not a per cent of the month. */
function monthQuantiles(sorted: readonly number[]): number[] {
  const at = (probability: number): number => {
    const place = probability * (sorted.length - 1);
    const low = sorted[Math.floor(place)] as number;
    return low + (place % 1) * ((sorted[Math.ceil(place)] as number) - low);
  };
  const quantiles = probabilities.map(at);
  const tail = Math.max(1, Math.round(sorted.length / 100));
  const [, second] = quantiles as [number, number];
  const penultimate = quantiles.at(-2) as number;
  quantiles[0] = Math.max(sorted[0] as number, Math.min(second, 2 * meanOf(sorted.slice(0, tail)) - second));
  quantiles[quantiles.length - 1] = Math.min(sorted.at(-1) as number, Math.max(penultimate, 2 * meanOf(sorted.slice(-tail)) - penultimate));
  return quantiles;
}

/** Mid-rank of a value among sorted values, in (0, 1): ties share one rank. */
function midRank(sorted: readonly number[], value: number): number {
  const bound = (passes: (candidate: number) => boolean): number => {
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (passes(sorted[middle] as number)) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return (bound((candidate) => candidate < value) + bound((candidate) => candidate <= value)) / (2 * sorted.length);
}

/** Values held between their own 1st and 99th percentile, so that one scarcity hour does not decide a correlation. */
export function withoutExtremes(values: readonly (number | undefined)[]): (number | undefined)[] {
  const sorted = values.filter((value) => value !== undefined).sort((a, b) => a - b);
  const low = sorted[Math.floor(0.01 * (sorted.length - 1))] ?? 0;
  const high = sorted[Math.ceil(0.99 * (sorted.length - 1))] ?? 0;
  return values.map((value) => (value === undefined ? undefined : Math.min(high, Math.max(low, value))));
}

/** Correlation of a record with itself `lag` hours later, over the pairs that are known; 0 when nothing varies. */
export function autocorrelation(values: readonly (number | undefined)[], lag: number): number {
  return correlation(values.slice(0, -lag), values.slice(lag));
}

/** Pearson's correlation over the pairs that are known; 0 when one side does not vary. */
export function correlation(left: readonly (number | undefined)[], right: readonly (number | undefined)[]): number {
  let [count, sumX, sumY, sumXx, sumYy, sumXy] = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < left.length; i++) {
    const x = left[i];
    const y = right[i];
    if (x === undefined || y === undefined) continue;
    count++;
    sumX += x;
    sumY += y;
    sumXx += x * x;
    sumYy += y * y;
    sumXy += x * y;
  }
  const variance = (sumXx - sumX ** 2 / count) * (sumYy - sumY ** 2 / count);
  return variance > 1e-9 ? (sumXy - (sumX * sumY) / count) / Math.sqrt(variance) : 0;
}

/** A signal's statistics and the standardised rest that no calendar explains. */
export interface SignalFit {
  readonly statistics: SignalStatistics;
  readonly rest: readonly (number | undefined)[];
}

/** Fits a signal to a year of hours; refuses a record that lacks a whole month or hour of day with a RangeError. */
export function fitSignal(record: HourlyRecord): SignalFit {
  const { calendar, values } = record;
  const monthOf = (i: number): number => (calendar.month[i] as number) % 12;
  const hourOf = (i: number): number => calendar.hour[i] as number;
  const isWeekend = (i: number): boolean => calendar.dayKind[i] !== 0;

  const months = grouped(record, monthOf);
  const sorted = Array.from({ length: 12 }, (_, month) => {
    const known = months.get(month);
    if (!known) throw new RangeError(`no value in calendar month ${month + 1}: a year of hours is needed`);
    return known.sort((a, b) => a - b);
  });
  const scores = values.map((value, i) =>
    value === undefined ? undefined : normalQuantile(midRank(sorted[monthOf(i)] as number[], value)),
  );
  const scored = { values: scores, calendar };

  const byDayPart = grouped(scored, (i) => hourOf(i) * 2 + Number(isWeekend(i)));
  const weekend = Array.from(
    { length: 24 },
    (_, hour) => meanOf(byDayPart.get(hour * 2 + 1) ?? []) - meanOf(byDayPart.get(hour * 2) ?? []),
  );
  const workday = scores.map((score, i) => (score === undefined ? undefined : score - (isWeekend(i) ? (weekend[hourOf(i)] as number) : 0)));
  const cells = grouped({ values: workday, calendar }, (i) => monthOf(i) * 24 + hourOf(i));
  const shape = Array.from({ length: 12 }, (_, month) =>
    Array.from({ length: 24 }, (_, hour) => meanOf(cells.get(month * 24 + hour) ?? [])),
  );

  const rough = workday.map((score, i) =>
    score === undefined ? undefined : score - ((shape[monthOf(i)] as number[])[hourOf(i)] as number),
  );
  const spreads = grouped({ values: rough, calendar }, (i) => seasonOf(monthOf(i)) * 24 + hourOf(i));
  const spread = Array.from({ length: 4 }, (_, season) =>
    Array.from({ length: 24 }, (_, hour) => Math.max(0.02, Math.sqrt(meanOf((spreads.get(season * 24 + hour) ?? []).map((x) => x * x))))),
  );
  const rest = rough.map((score, i) =>
    score === undefined ? undefined : score / ((spread[seasonOf(monthOf(i))] as number[])[hourOf(i)] as number),
  );
  const persistence = fitPersistence(persistenceLags.map((lag) => autocorrelation(rest, lag)));
  return { statistics: { kind: 'weather', quantiles: sorted.map(monthQuantiles), shape, weekend, spread, ...persistence }, rest };
}

/** Lags, in hours, at which persistence is fitted, and how much each counts: the next hour and the next day most. */
export const persistenceLags = [1, 3, 6, 12, 24, 48] as const;
const lagWeights = [30, 2, 2, 1, 10, 2] as const;
/** Autocorrelation of the slow part: critically damped, smooth from hour to hour (AR(2) with a double root). */
const slowAutocorrelation = (persistence: number, lag: number): number =>
  (1 + (lag * (1 - persistence ** 2)) / (1 + persistence ** 2)) * persistence ** lag;

/** Autocorrelations at `persistenceLags` of a rest with these parts, before any month's mean is taken out. */
export const autocorrelationsOf = ({ slowShare, slowPersistence, fastPersistence }: Persistence): number[] =>
  persistenceLags.map((lag) => slowShare * slowAutocorrelation(slowPersistence, lag) + (1 - slowShare) * fastPersistence ** lag);

/** Time constants tried, hours: geometric between these. */
const slowHours = { shortest: 3, longest: 200, count: 60 };
const fastHours = { shortest: 0.2, longest: 20, count: 30 };
const geometric = ({ shortest, longest, count }: typeof slowHours): number[] =>
  Array.from({ length: count }, (_, i) => Math.exp(-1 / (shortest * (longest / shortest) ** (i / (count - 1)))));

/**
 * The slow and the fast part whose mixture comes closest, in weighted squares, to autocorrelations at `persistenceLags`.
 *
 * The share is solved for each of 60 × 30 pairs of time constants; the best pair stands.
 */
export function fitPersistence(wanted: readonly number[]): Persistence {
  let best = { slowShare: 0, slowPersistence: 0, fastPersistence: 0 };
  let least = Number.POSITIVE_INFINITY;
  for (const slowPersistence of geometric(slowHours)) {
    const slow = persistenceLags.map((lag) => slowAutocorrelation(slowPersistence, lag));
    for (const fastPersistence of geometric(fastHours)) {
      let [up, down] = [0, 1e-12];
      persistenceLags.forEach((lag, i) => {
        const fast = fastPersistence ** lag;
        const weight = lagWeights[i] as number;
        up += weight * ((wanted[i] as number) - fast) * ((slow[i] as number) - fast);
        down += weight * ((slow[i] as number) - fast) ** 2;
      });
      const slowShare = Math.min(1, Math.max(0, up / down));
      const mixed = autocorrelationsOf({ slowShare, slowPersistence, fastPersistence });
      const loss = mixed.reduce((sum, value, i) => sum + (lagWeights[i] as number) * (value - (wanted[i] as number)) ** 2, 0);
      if (loss < least) {
        least = loss;
        best = { slowShare, slowPersistence, fastPersistence };
      }
    }
  }
  return best;
}

/** The slow and the fast part of a record: the mean of each block of 24 hours, and what is left; gaps stay gaps. */
export function slowAndFast(values: readonly (number | undefined)[]): {
  slow: (number | undefined)[];
  fast: (number | undefined)[];
} {
  const slow: (number | undefined)[] = [];
  for (let day = 0; day * 24 < values.length; day++) {
    const known = values.slice(day * 24, day * 24 + 24).filter((value) => value !== undefined);
    slow.push(known.length === 24 ? meanOf(known) : undefined);
  }
  const fast = values.map((value, i) => {
    const mean = slow[Math.floor(i / 24)];
    return value === undefined || mean === undefined ? undefined : value - mean;
  });
  return { slow, fast };
}

/** A tariff, when every hour's price follows from month, kind of day and hour; `undefined` otherwise. */
export function fitTariff({ values, calendar }: HourlyRecord): TariffStatistics | undefined {
  const levels = [...new Set(values)].filter((value) => value !== undefined).sort((a, b) => a - b);
  if (levels.length === 0 || levels.length > 26) return undefined;
  const cells = new Map<string, number>();
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value === undefined) continue;
    const cell = [(calendar.month[i] as number) % 12, calendar.dayKind[i], calendar.hour[i]].join();
    if ((cells.get(cell) ?? value) !== value) return undefined;
    cells.set(cell, value);
  }
  const letter = (month: number, dayKind: number, hour: number): string =>
    String.fromCharCode(97 + Math.max(0, levels.indexOf(cells.get([month, dayKind, hour].join()) as number)));
  const days = (month: number): string[] =>
    [0, 1, 2].map((dayKind) => Array.from({ length: 24 }, (_, hour) => letter(month, dayKind, hour)).join(''));
  return { kind: 'tariff', levels, schedule: Array.from({ length: 12 }, (_, month) => days(month)) };
}

/** What is compared between a real and a synthetic year. */
export interface YearSummary {
  /** Mean by calendar month, January first. */
  readonly monthlyMeans: readonly number[];
  /** Mean by calendar month and local hour; NaN where an hour never came. */
  readonly hourlyMeans: readonly (readonly number[])[];
  /** Autocorrelation at `persistenceLags`, extremes held in. */
  readonly autocorrelations: readonly number[];
  readonly negativeShare: number;
}

/** Summarises a year of hours. */
export function summarizeYear(record: HourlyRecord): YearSummary {
  const { values, calendar } = record;
  const monthOf = (i: number): number => (calendar.month[i] as number) % 12;
  const months = grouped(record, monthOf);
  const cells = grouped(record, (i) => monthOf(i) * 24 + (calendar.hour[i] as number));
  const known = values.filter((value) => value !== undefined);
  const heldIn = withoutExtremes(values);
  return {
    monthlyMeans: Array.from({ length: 12 }, (_, month) => meanOf(months.get(month) ?? [])),
    hourlyMeans: Array.from({ length: 12 }, (_, month) =>
      Array.from({ length: 24 }, (_, hour) => meanOf(cells.get(month * 24 + hour) ?? [])),
    ),
    autocorrelations: persistenceLags.map((lag) => autocorrelation(heldIn, lag)),
    negativeShare: known.filter((value) => value < 0).length / known.length,
  };
}
