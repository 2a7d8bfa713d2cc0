/**
 * Score: how good forecasts were, once the truth is known.
 *
 * Owns the pinball loss and the sums that every published figure is made of; leaves to its caller which forecasts are
 * compared and where truth comes from. A score is a handful of sums: it is merged, saved and resumed without loss, and
 * a step whose truth is a gap is counted but never judged. NaN is a gap, as everywhere between these files.
 */
import { DAY, type DurationMs, type Instant } from '../../../units/time.ts';
import { apparentSun, sunPosition } from '../../sun/position.ts';

/** Pinball loss of one quantile at a level in (0, 1), in the unit of the values, ≥ 0 (Koenker and Bassett, Econometrica 46, 1978). */
export const pinballLoss = (level: number, actual: number, predicted: number): number =>
  actual >= predicted ? level * (actual - predicted) : (1 - level) * (predicted - actual);

/** All that a score remembers: plain JSON. Sums are over judged steps, in the unit of the values. */
export interface ScoreSums {
  readonly quantiles: readonly number[];
  count: number;
  /** Steps whose truth was a gap. */
  skipped: number;
  sumActual: number;
  sumAbsActual: number;
  /** Of the median minus the truth. */
  sumError: number;
  sumAbsError: number;
  /** Of the mean pinball loss over the levels. */
  sumPinball: number;
  /** Steps with q10 ≤ truth ≤ q90. */
  inside: number;
  /** Of |error| ÷ |truth| over the steps whose truth is not 0, and how many they are. */
  sumRelative: number;
  relativeCount: number;
}

/** A figure that nothing was measured for is `undefined`. */
export interface ScoreReport {
  readonly count: number;
  readonly skipped: number;
  /** Σ|median − y| ÷ Σ|y|, %. */
  readonly nmaePercent: number | undefined;
  /** Mean pinball over the levels as a share of the mean |y|, %. */
  readonly pinballPercent: number | undefined;
  /** Mean pinball over the levels, in the unit of the values. */
  readonly pinball: number | undefined;
  /** Share of truths with q10 ≤ y ≤ q90, 0 to 1; `undefined` unless both levels are forecast. */
  readonly cov80: number | undefined;
  /** Mean of |median − y| ÷ |y| over the steps with y ≠ 0, %. */
  readonly mapePercent: number | undefined;
  readonly mae: number | undefined;
  /** Mean of median − y: positive when too much was forecast. */
  readonly bias: number | undefined;
}

export interface Score {
  /**
   * Judges one step. `predicted` holds its quantiles from `offset` on, so rows of a matrix need no copy.
   * @throws RangeError when a quantile is NaN: a forecast that was refused has no row
   */
  add(actual: number, predicted: ArrayLike<number>, offset?: number): void;
  /** Adds what another score has seen. @throws RangeError when its levels differ */
  merge(other: Score): void;
  report(): ScoreReport;
  toJSON(): ScoreSums;
}

const emptySums = (quantiles: readonly number[]): ScoreSums => ({
  quantiles: [...quantiles],
  count: 0,
  skipped: 0,
  sumActual: 0,
  sumAbsActual: 0,
  sumError: 0,
  sumAbsError: 0,
  sumPinball: 0,
  inside: 0,
  sumRelative: 0,
  relativeCount: 0,
});

/** Where a level stands; −1 where it is not told. */
export const levelOf = (quantiles: readonly number[], level: number) => quantiles.findIndex((q) => Math.abs(q - level) < 1e-9);

/** Where the median stands: the level .5, else the middle one (the lower of two). */
export const medianIndex = (quantiles: readonly number[]): number => {
  const exact = levelOf(quantiles, 0.5);
  return exact >= 0 ? exact : (quantiles.length - 1) >> 1;
};

/**
 * A score of quantile forecasts, empty or going on from saved sums. `add` allocates nothing.
 *
 * @param quantiles  levels in (0, 1), ascending, at least one
 * @throws RangeError when the levels are not, or differ from those of the saved sums
 */
export function createScore(quantiles: readonly number[], from?: ScoreSums): Score {
  if (quantiles.length === 0 || quantiles.some((q, i) => !(q > (quantiles[i - 1] ?? 0) && q < 1)))
    throw new RangeError(`levels ascend within (0, 1), found [${quantiles.join(', ')}]`);
  const sums = emptySums(quantiles);
  const levels = Float64Array.from(quantiles);
  const [low, middle, high] = [levelOf(quantiles, 0.1), medianIndex(quantiles), levelOf(quantiles, 0.9)];
  const take = (more: ScoreSums) => {
    if (more.quantiles.length !== levels.length || more.quantiles.some((q, i) => q !== levels[i]))
      throw new RangeError(`a score of levels [${quantiles.join(', ')}] cannot take one of [${more.quantiles.join(', ')}]`);
    for (const key of summed) sums[key] += more[key];
  };
  if (from) take(from);

  return {
    add: (actual, predicted, offset = 0) => {
      if (Number.isNaN(actual)) {
        sums.skipped++;
        return;
      }
      let pinball = 0;
      for (let i = 0; i < levels.length; i++) pinball += pinballLoss(levels[i] as number, actual, predicted[offset + i] as number);
      if (!Number.isFinite(pinball)) throw new RangeError(`quantiles and truth must be finite, found a pinball loss of ${pinball}`);
      const error = (predicted[offset + middle] as number) - actual;
      const size = Math.abs(actual);
      sums.count++;
      sums.sumActual += actual;
      sums.sumAbsActual += size;
      sums.sumError += error;
      sums.sumAbsError += Math.abs(error);
      sums.sumPinball += pinball / levels.length;
      if (low >= 0 && high >= 0 && (predicted[offset + low] as number) <= actual && actual <= (predicted[offset + high] as number))
        sums.inside++;
      if (size > 0) {
        sums.sumRelative += Math.abs(error) / size;
        sums.relativeCount++;
      }
    },
    merge: (other) => take(other.toJSON()),
    report: () => reportOf(sums, low >= 0 && high >= 0),
    toJSON: () => ({ ...sums }),
  };
}

const summed = [
  'count',
  'skipped',
  'sumActual',
  'sumAbsActual',
  'sumError',
  'sumAbsError',
  'sumPinball',
  'inside',
  'sumRelative',
  'relativeCount',
] as const;

function reportOf(sums: ScoreSums, hasCoverage: boolean): ScoreReport {
  const { count, skipped, sumAbsActual, sumError, sumAbsError, sumPinball, inside, sumRelative, relativeCount } = sums;
  const share = (part: number, whole: number, scale = 1) => (whole > 0 ? (scale * part) / whole : undefined);
  return {
    count,
    skipped,
    nmaePercent: share(sumAbsError, sumAbsActual, 100),
    pinballPercent: share(sumPinball, sumAbsActual, 100),
    pinball: share(sumPinball, count),
    cov80: hasCoverage ? share(inside, count) : undefined,
    mapePercent: share(sumRelative, relativeCount, 100),
    mae: share(sumAbsError, count),
    bias: share(sumError, count),
  };
}

export const hourBands = ['night', 'morning', 'midday', 'afternoon'] as const;
export type HourBand = (typeof hourBands)[number];

/** Days ahead, 1 for the first 24 h after the issue. @throws RangeError for a step that starts before it */
export function leadDayOf(issuedAt: Instant, start: Instant): number {
  if (!(start >= issuedAt)) throw new RangeError(`a step that starts ${issuedAt - start} ms before the issue is no forecast`);
  return Math.floor((start - issuedAt) / DAY) + 1;
}

/** The UTC month that contains the instant, `2021-03`. */
export const utcMonthOf = (instant: Instant): string => new Date(instant).toISOString().slice(0, 7);

/** Solar time of day in hours, 0 to 24: 12 when the sun crosses the meridian of the longitude (degrees, positive east). */
export function solarHourOf(instant: Instant, longitude: number): number {
  const hourAngleDeg = apparentSun(instant).greenwichHourAngleDeg + longitude;
  return (((hourAngleDeg / 15 + 12) % 24) + 24) % 24;
}

/**
 * The part of the solar day that contains the middle of a step: `night` while the centre of the sun is below the
 * horizon; by day `morning` before 10, `midday` from 10 to 14, `afternoon` from 14 on, in solar hours. So daytime is
 * exactly what is not night, at any latitude and in any season.
 */
export function hourBandOf(start: Instant, stepMs: DurationMs, latitude: number, longitude: number): HourBand {
  const centre = start + stepMs / 2;
  if (sunPosition(centre, latitude, longitude).elevationDeg <= 0) return 'night';
  const hour = solarHourOf(centre, longitude);
  if (hour < 10) return 'morning';
  return hour < 14 ? 'midday' : 'afternoon';
}

/** Scores kept apart by a key of the caller's choice, such as a lead day, a month, a band or a model. */
export interface ScoresBy<Key extends string | number> {
  add(key: Key, actual: number, predicted: ArrayLike<number>, offset?: number): void;
  merge(other: ScoresBy<Key>): void;
  /** In ascending order of keys. */
  report(): [Key, ScoreReport][];
  toJSON(): [Key, ScoreSums][];
}

/** Groups that come into being as they are met; `add` allocates only for a new key. Goes on from saved sums. */
export function scoreBy<Key extends string | number>(
  quantiles: readonly number[],
  from: readonly (readonly [Key, ScoreSums])[] = [],
): ScoresBy<Key> {
  const scores = new Map<Key, Score>(from.map(([key, sums]) => [key, createScore(quantiles, sums)]));
  const at = (key: Key): Score => {
    let score = scores.get(key);
    if (!score) {
      score = createScore(quantiles);
      scores.set(key, score);
    }
    return score;
  };
  const sorted = () => [...scores].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    add: (key, actual, predicted, offset) => at(key).add(actual, predicted, offset),
    merge: (other) => {
      for (const [key, sums] of other.toJSON()) at(key).merge(createScore(quantiles, sums));
    },
    report: () => sorted().map(([key, score]) => [key, score.report()]),
    toJSON: () => sorted().map(([key, score]) => [key, score.toJSON()]),
  };
}

/** What a step is filed under; the object may be reused, it is not kept. */
export interface ScoreTags {
  readonly leadDay: number;
  readonly month: string;
  readonly hourBand: HourBand;
}

export interface ScoreBoardSums {
  readonly overall: ScoreSums;
  readonly leadDay: readonly (readonly [number, ScoreSums])[];
  readonly month: readonly (readonly [string, ScoreSums])[];
  readonly hourBand: readonly (readonly [HourBand, ScoreSums])[];
}

/** One score of everything and the same steps by lead day, month and hour band. */
export interface ScoreBoard {
  readonly overall: Score;
  readonly leadDay: ScoresBy<number>;
  readonly month: ScoresBy<string>;
  readonly hourBand: ScoresBy<HourBand>;
  add(actual: number, predicted: ArrayLike<number>, tags: ScoreTags, offset?: number): void;
  merge(other: ScoreBoard): void;
  toJSON(): ScoreBoardSums;
}

/** A board of scores, empty or going on from saved sums. */
export function createScoreBoard(quantiles: readonly number[], from?: ScoreBoardSums): ScoreBoard {
  const overall = createScore(quantiles, from?.overall);
  const leadDay = scoreBy<number>(quantiles, from?.leadDay);
  const month = scoreBy<string>(quantiles, from?.month);
  const hourBand = scoreBy<HourBand>(quantiles, from?.hourBand);
  return {
    overall,
    leadDay,
    month,
    hourBand,
    add: (actual, predicted, tags, offset) => {
      overall.add(actual, predicted, offset);
      leadDay.add(tags.leadDay, actual, predicted, offset);
      month.add(tags.month, actual, predicted, offset);
      hourBand.add(tags.hourBand, actual, predicted, offset);
    },
    merge: (other) => {
      overall.merge(other.overall);
      leadDay.merge(other.leadDay);
      month.merge(other.month);
      hourBand.merge(other.hourBand);
    },
    toJSON: () => ({ overall: overall.toJSON(), leadDay: leadDay.toJSON(), month: month.toJSON(), hourBand: hourBand.toJSON() }),
  };
}
