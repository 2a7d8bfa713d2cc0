/**
 * Tally: everybody's score side by side, over the forecasts of one target.
 *
 * The final quantiles, the members they were blended from, and the yardsticks (yesterday again, a week ago again) are
 * judged on the same steps with the same truth. Coverage is counted by the day as well, so that it can be read over any
 * 30 days. Sums only: a tally is saved and resumed without loss.
 */
import { DAY, type DurationMs, type Instant } from '../../../units/time.ts';
import type { MemberForecast } from '../model/member-forecast.ts';
import { type Dense, denseAt } from '../target.ts';
import type { Issued } from '../track.ts';
import {
  createScore,
  createScoreBoard,
  type HourBand,
  hourBandOf,
  leadDayOf,
  levelOf,
  type Score,
  type ScoreBoard,
  type ScoreBoardSums,
  type ScoreReport,
  type ScoreSums,
  type ScoreTags,
  utcMonthOf,
} from './score.ts';

/** Whoever is judged: the final forecast first, then its members, then the yardsticks. */
export const judged = ['final', 'net', 'ridge', 'cliper', 'sn24', 'week'] as const;
export type Judged = (typeof judged)[number];

/** Plain JSON. */
export interface TallySums {
  readonly boards: Readonly<Record<Judged, ScoreBoardSums>>;
  /** Of the steps that the sun can light (all, where it does not matter), before a surplus is clipped. */
  readonly lit: Readonly<Record<Judged, ScoreSums>>;
  /** Of the final forecast, lit steps. */
  readonly days: readonly CoveredDay[];
  /** Final quantiles below the floor or above the ceiling of the target. */
  readonly outOfBounds: number;
}

export interface JudgedReport {
  readonly overall: ScoreReport;
  readonly lit: ScoreReport;
  /** 1 is the first 24 h after the issue. */
  readonly leadDays: readonly (readonly [number, ScoreReport])[];
  readonly months: readonly (readonly [string, ScoreReport])[];
  readonly hourBands: readonly (readonly [HourBand, ScoreReport])[];
}

/** Days since 1970, steps inside [q10, q90], and how many there were. */
export type CoveredDay = readonly [day: number, inside: number, count: number];

/** Coverage of lit steps, 0 to 1, over every stretch of 30 days. */
export interface CoverageReport {
  readonly windowMs: DurationMs;
  readonly windows: number;
  /** Of the worst windows on either side; `undefined` before there is one. */
  readonly least: number | undefined;
  readonly most: number | undefined;
  /** What it was read from, in order. */
  readonly days: readonly CoveredDay[];
}

export interface TallyReport {
  readonly judged: Readonly<Record<Judged, JudgedReport>>;
  readonly coverage: CoverageReport;
  readonly outOfBounds: number;
}

export interface Tally {
  /** Judges every step whose truth is there. */
  add(issued: Issued, truth: Dense, scoredAs: 'value' | 'surplus'): void;
  report(): TallyReport;
  toJSON(): TallySums;
}

const windowDays = 30;

/** A tally, empty or going on from saved sums. */
export function createTally(quantiles: readonly number[], from?: TallySums): Tally {
  const boards = each((name): ScoreBoard => createScoreBoard(quantiles, from?.boards[name]));
  const lit = each((name): Score => createScore(quantiles, from?.lit[name]));
  const days = new Map<number, [inside: number, count: number]>(from?.days.map(([day, inside, count]) => [day, [inside, count]]));
  let outOfBounds = from?.outOfBounds ?? 0;
  const levels = quantiles.length;
  const [low, high] = [levelOf(quantiles, 0.1), levelOf(quantiles, 0.9)];
  const row = new Float64Array(levels);
  /** Before the clip: at zero every interval that touches zero would hold. */
  const whole = new Float64Array(levels);
  const tagsAt = new Map<Instant, Omit<ScoreTags, 'leadDay'>>();

  function tagsOf({ target: { latitude, longitude }, stepMs }: MemberForecast, start: Instant): Omit<ScoreTags, 'leadDay'> {
    let tags = tagsAt.get(start);
    if (!tags) {
      tags = { month: utcMonthOf(start), hourBand: hourBandOf(start, stepMs, latitude, longitude) };
      tagsAt.set(start, tags);
    }
    return tags;
  }

  /** A day is judged by what was said of its steps, at whatever lead. */
  function cover(start: Instant, actual: number): void {
    if (low < 0 || high < 0) return;
    const day = Math.floor(start / DAY);
    const sums = days.get(day) ?? [0, 0];
    if ((whole[low] as number) <= actual && actual <= (whole[high] as number)) sums[0]++;
    sums[1]++;
    days.set(day, sums);
  }

  return {
    add: ({ forecast, quantiles: final }, truth, scoredAs) => {
      const { start, stepMs, steps, members, repeated, isLit, issuedAt, target } = forecast;
      const scored = scoredAs === 'surplus' ? (y: number) => Math.max(0, y) : (y: number) => y;
      const saidBy: Record<Judged, Float64Array | undefined> = {
        final,
        net: members.net,
        ridge: members.ridge,
        cliper: members.cliper,
        sn24: undefined,
        week: undefined,
      };
      for (let step = 0; step < steps; step++) {
        const at = start + step * stepMs;
        const value = denseAt(truth, at);
        const actual = scored(value);
        const tags = { ...tagsOf(forecast, at), leadDay: leadDayOf(Math.min(issuedAt, start), at) };
        const weekAgo = at - 7 * DAY + stepMs <= issuedAt ? denseAt(truth, at - 7 * DAY) : Number.NaN;
        for (const name of judged) {
          const said = saidBy[name];
          const point = name === 'week' && !Number.isNaN(weekAgo) ? weekAgo : (repeated[step] as number);
          if (!said && name !== 'sn24' && name !== 'week') continue;
          for (let j = 0; j < levels; j++) {
            whole[j] = said ? (said[step * levels + j] as number) : point;
            row[j] = scored(whole[j] as number);
          }
          boards[name].add(actual, row, tags);
          if (isLit[step]) lit[name].add(value, whole);
          if (name !== 'final' || Number.isNaN(actual)) continue;
          if ((row[0] as number) < (target.floor ?? -Infinity) || (row[levels - 1] as number) > (target.ceiling ?? Infinity)) outOfBounds++;
          if (isLit[step]) cover(at, value);
        }
      }
    },
    report: () => ({
      judged: each((name) => judgedReport(boards[name], lit[name])),
      coverage: coverageOf(sortedDays(days)),
      outOfBounds,
    }),
    toJSON: () => ({
      boards: each((name) => boards[name].toJSON()),
      lit: each((name) => lit[name].toJSON()),
      days: sortedDays(days),
      outOfBounds,
    }),
  };
}

const each = <Value>(of: (name: Judged) => Value): Record<Judged, Value> =>
  Object.fromEntries(judged.map((name) => [name, of(name)])) as Record<Judged, Value>;

const judgedReport = ({ overall, leadDay, month, hourBand }: ScoreBoard, lit: Score): JudgedReport => ({
  overall: overall.report(),
  lit: lit.report(),
  leadDays: leadDay.report(),
  months: month.report(),
  hourBands: hourBand.report(),
});

const sortedDays = (days: ReadonlyMap<number, readonly [inside: number, count: number]>): CoveredDay[] =>
  [...days].sort(([a], [b]) => a - b).map(([day, [inside, count]]) => [day, inside, count] as const);

/** Every stretch of 30 days, moved on day by day; a day may come more than once. O(days). */
export function coverageOf(days: readonly CoveredDay[]): CoverageReport {
  const onDay = new Map<number, [inside: number, count: number]>();
  for (const [day, inside, count] of days) {
    const sums = onDay.get(day) ?? [0, 0];
    onDay.set(day, [sums[0] + inside, sums[1] + count]);
  }
  const [first, last] = [Math.min(...onDay.keys()), Math.max(...onDay.keys())];
  let [inside, count, windows] = [0, 0, 0];
  let [least, most]: [number | undefined, number | undefined] = [undefined, undefined];
  for (let day = first; day <= last; day++) {
    const entering = onDay.get(day) ?? [0, 0];
    const leaving = onDay.get(day - windowDays) ?? [0, 0];
    inside += entering[0] - leaving[0];
    count += entering[1] - leaving[1];
    if (day - first < windowDays - 1 || count === 0) continue;
    windows++;
    least = Math.min(least ?? 1, inside / count);
    most = Math.max(most ?? 0, inside / count);
  }
  return { windowMs: windowDays * DAY, windows, least, most, days };
}
