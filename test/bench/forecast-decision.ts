/**
 * What forecasts are worth: 1 MW of panels that follow a grid's solar capacity factor, beside 300 kW of constant load.
 *
 * The capacity factor is generation over the 99th percentile of the year before the issue. Two decisions at every issue,
 * each six hours: where to put a job of 12 h within 72 h, by its expected surplus; and how much power to promise for each hour until the
 * next issue, when at most 3 % of it may come from the grid (a day ahead beside it). How boldly to promise is set from
 * promises that have come true, for everybody alike; nobody looks ahead.
 */
import type { PooledModel } from '../../energy-oracle/forecast/model/pooled-model.ts';
import { DAY, HOUR, type Instant } from '../../units/time.ts';
import { issueEveryMs, meanOfWeek, middle, rounded, type TestedGrid, truthOf, type Walked, walk } from './forecast-grids.ts';
import type { Bar } from './main.ts';

const panelsKw = 1_000;
const loadKw = 300;
const jobHours = 12;
const withinHours = 72;
const gridShareMax = 0.03;
const hoursToNextIssue = issueEveryMs / HOUR;
const lineNames = ['SN24', 'CLIPER', 'mean7', 'ridge'] as const;

const placementBars: Readonly<Record<string, number>> = { CISO: 94, ES: 91, ERCO: 87, DE: 84 };
const admissionBars: Readonly<Record<string, number>> = { CISO: 70, ES: 60, ERCO: 48, DE: 42 };

/** An issue in kW of the site: truth, and what everybody says of it. */
interface Day {
  readonly issuedAt: Instant;
  readonly surplus: Float64Array;
  /** `steps × quantiles`, calibrated. */
  readonly quantiles: Float64Array;
  readonly levels: readonly number[];
  readonly lines: Readonly<Record<(typeof lineNames)[number], Float64Array>>;
}

/** Two bars a grid. Takes what the model says of every sixth hour of the test. */
export function decisionBars(model: PooledModel, grids: readonly TestedGrid[]): Bar[] {
  return grids.flatMap((grid) => {
    const issues = walk(model, grid).flatMap((one) => dayOf(grid, one));
    const days = issues.filter(({ issuedAt }) => issuedAt % DAY === 0);
    return [placement(grid.name, issues), admission(grid.name, days, issues)];
  });
}

function dayOf({ archive }: TestedGrid, one: Walked): Day[] {
  const { forecast, quantiles, issuedAt } = one;
  const { history } = archive;
  const now = Math.round((issuedAt - history.start) / history.stepMs);
  const year = history.values
    .slice(Math.max(0, now - 365 * 24), now)
    .filter(Number.isFinite)
    .sort();
  const nameplate = year[Math.floor(0.99 * (year.length - 1))] as number;
  const own = (values: Float64Array) => values.map((value) => Math.max(0, (panelsKw * value) / nameplate - loadKw));
  const surplus = own(truthOf(archive, forecast));
  if (surplus.length < forecast.steps || surplus.some(Number.isNaN)) return [];
  return [
    {
      issuedAt,
      surplus,
      quantiles: own(quantiles),
      levels: forecast.quantiles,
      lines: {
        SN24: own(forecast.repeated),
        CLIPER: own(middle(forecast, forecast.members.cliper as Float64Array)),
        mean7: own(meanOfWeek(archive, forecast)),
        ridge: own(middle(forecast, forecast.members.ridge as Float64Array)),
      },
    },
  ];
}

const over = (values: Float64Array, start: number) => values.subarray(start, start + jobHours).reduce((sum, value) => sum + value, 0);

/** Hour at which a job gets most of a line when it has to end within so many; the earliest on a tie. */
function bestStart(line: Float64Array, hours = withinHours): number {
  let [best, most] = [0, -1];
  for (let start = 0; start + jobHours <= hours; start++) {
    const promised = over(line, start);
    if (promised > most + 1e-9) [best, most] = [start, promised];
  }
  return best;
}

/** Energy that a job gets when its start is chosen by a line. */
const captured = (surplus: Float64Array, line: Float64Array): number => over(surplus, bestStart(line));

/** The same when what has not begun by the next issue is placed anew by that one; `undefined` when an issue is missing. */
function capturedReplanned(day: Day, issues: ReadonlyMap<Instant, Day>, line: (day: Day) => Float64Array): number | undefined {
  for (let waited = 0; ; waited += hoursToNextIssue) {
    const now = issues.get(day.issuedAt + waited * HOUR);
    if (!now) return undefined;
    const start = bestStart(line(now), withinHours - waited);
    const isLast = waited + hoursToNextIssue + jobHours > withinHours;
    if (start < hoursToNextIssue || isLast) return over(day.surplus, waited + start);
  }
}

function placement(name: string, issues: readonly Day[]): Bar {
  const shareOf = (line: (day: Day) => Float64Array) =>
    (100 * issues.reduce((sum, day) => sum + captured(day.surplus, line(day)), 0)) /
    issues.reduce((sum, day) => sum + captured(day.surplus, day.surplus), 0);
  const value = shareOf(({ quantiles, levels }) => meanAcross(quantiles, levels.length));
  const byInstant = new Map(issues.map((day) => [day.issuedAt, day]));
  const replanned = issues.flatMap((day) => {
    const energy = capturedReplanned(day, byInstant, ({ quantiles, levels }) => meanAcross(quantiles, levels.length));
    return energy === undefined ? [] : [{ energy, most: captured(day.surplus, day.surplus) }];
  });
  const sum = (of: (one: (typeof replanned)[number]) => number) => replanned.reduce((total, one) => total + of(one), 0);
  const anew = (100 * sum(({ energy }) => energy)) / sum(({ most }) => most);
  const byMedian = shareOf(({ quantiles, levels }) => columnOf(quantiles, levels.length, levels.length >> 1));
  const beside = [
    ...lineNames.map((line) => `${line} ${shareOf(({ lines }) => lines[line]).toFixed(1)}`),
    `by P50 ${byMedian.toFixed(1)}`,
    `placed anew at every issue ${anew.toFixed(1)}`,
  ];
  const least = placementBars[name] as number;
  return {
    bar: `${name}: a ${jobHours} h job within ${withinHours} h by its expected surplus, share of an oracle's (${beside.join(', ')})`,
    value: rounded(value, 1),
    unit: '%',
    target: `>= ${least}`,
    holds: value >= least,
  };
}

/** Mean of a step from its outer and middle quantiles, .3, .4, .3 (Swanson's rule for P10, P50, P90). */
const meanAcross = (values: Float64Array, columns: number) =>
  Float64Array.from({ length: values.length / columns }, (_, step) => {
    const at = (j: number) => values[step * columns + j] as number;
    return 0.3 * at(0) + 0.4 * at(columns >> 1) + 0.3 * at(columns - 1);
  });

const columnOf = (values: Float64Array, columns: number, j: number) => values.filter((_, i) => i % columns === j);

/** How boldly to promise: kW of the coming hours, at a level of the quantiles or a share of a line. */
type Promiser = (day: Day, hours: number, boldness: number) => Float64Array;

const byQuantile: Promiser = ({ quantiles, levels }, hours, level) =>
  Float64Array.from({ length: hours }, (_, hour) =>
    valueAt(quantiles.subarray(hour * levels.length, (hour + 1) * levels.length), levels, level),
  );
const scaled =
  (line: (typeof lineNames)[number]): Promiser =>
  ({ lines }, hours, scale) =>
    lines[line].slice(0, hours).map((kw) => scale * kw);

/** The value at any level: between quantiles along a normal curve, beyond them along the nearest stretch of it. */
function valueAt(values: Float64Array, levels: readonly number[], level: number): number {
  let j = 1;
  while (j < levels.length - 1 && (levels[j] as number) < level) j++;
  const [low, high] = [probit(levels[j - 1] as number), probit(levels[j] as number)];
  const share = (probit(level) - low) / (high - low);
  return Math.max(0, (values[j - 1] as number) + share * ((values[j] as number) - (values[j - 1] as number)));
}

/** Standard normal quantile within 4e-3 (Tukey's lambda, 1962): enough to go between levels. */
const probit = (level: number) => 4.91 * (level ** 0.14 - (1 - level) ** 0.14);

const levelLadder = Array.from({ length: 40 }, (_, i) => 0.005 * 1.11 ** i);
const scaleLadder = Array.from({ length: 40 }, (_, i) => 0.025 * (i + 1));
/** Where everybody begins, before a promise has come true. */
const firstLevel = 0.05;
const firstScale = 0.4;
/** Days after which a promise that came true counts half. */
const halfLifeDays = 90;
/** Days of the beginning on which nothing is believed yet. */
const cautiousDays = 10;
/** How far the limit may be moved to give back what was overdrawn, or to use what was left. */
const limits = { least: 0.3 * gridShareMax, most: 1.3 * gridShareMax, aim: 0.96 * gridShareMax };

interface Admitted {
  /** Promised and there, of all surplus, %. */
  readonly usable: number;
  /** From the grid, of all that was promised, %. */
  readonly gridShare: number;
}

/**
 * Promises issue after issue at the boldest rung of the ladder whose grid energy stayed within the limit lately. The
 * limit itself follows the account since the start.
 */
function admit(issues: readonly Day[], hours: number, promise: Promiser, ladder: readonly number[], first: number): Admitted {
  const perDay = 24 / hours;
  const fade = 0.5 ** (1 / (halfLifeDays * perDay));
  const promised = ladder.map(() => 0);
  const short = ladder.map(() => 0);
  const all = { promised: 0, short: 0, surplus: 0 };
  issues.forEach((issue, i) => {
    const account = all.promised > 0 ? all.short / all.promised : limits.aim;
    const limit = Math.max(limits.least, Math.min(limits.most, limits.aim + 2 * (limits.aim - account)));
    const isSafe = (k: number) => (short[k] as number) <= limit * (promised[k] as number);
    const isEarly = i < cautiousDays * perDay;
    const rung = Math.max(0, isEarly ? ladder.findLastIndex((one) => one <= first) : ladder.findLastIndex((_, k) => isSafe(k)));
    ladder.forEach((boldness, k) => {
      const kw = promise(issue, hours, boldness);
      let [sum, missing] = [0, 0];
      for (let hour = 0; hour < hours; hour++) {
        sum += kw[hour] as number;
        missing += Math.max(0, (kw[hour] as number) - (issue.surplus[hour] as number));
      }
      promised[k] = fade * (promised[k] as number) + sum;
      short[k] = fade * (short[k] as number) + missing;
      if (k !== rung) return;
      all.promised += sum;
      all.short += missing;
    });
    for (let hour = 0; hour < hours; hour++) all.surplus += issue.surplus[hour] as number;
  });
  return { usable: (100 * (all.promised - all.short)) / all.surplus, gridShare: (100 * all.short) / all.promised };
}

/** The most that one level for all issues could have used within the limit, had it been known; `undefined` when none stays within it. */
function inHindsight(issues: readonly Day[], hours: number): Admitted | undefined {
  const kept = levelLadder
    .map((level) => admit(issues, hours, byQuantile, [level], level))
    .filter(({ gridShare }) => gridShare <= 100 * gridShareMax);
  return kept.length > 0 ? kept.reduce((best, one) => (one.usable > best.usable ? one : best)) : undefined;
}

function admission(name: string, days: readonly Day[], issues: readonly Day[]): Bar {
  const ours = admit(issues, hoursToNextIssue, byQuantile, levelLadder, firstLevel);
  const dayAhead = admit(days, 24, byQuantile, levelLadder, firstLevel);
  const shown = ({ usable, gridShare }: Admitted) => `${usable.toFixed(1)} at ${gridShare.toFixed(1)}`;
  const beside = lineNames.map((line) => `scaled ${line} ${shown(admit(issues, hoursToNextIssue, scaled(line), scaleLadder, firstScale))}`);
  const least = admissionBars[name] as number;
  const best = inHindsight(issues, hoursToNextIssue);
  return {
    bar:
      `${name}: usable share of the surplus, promised until the next issue at ${ours.gridShare.toFixed(2)} % from the grid ` +
      `(${beside.join(', ')}; by quantile a day ahead ${shown(dayAhead)}; ` +
      `the best of all constant quantiles in hindsight ${best ? shown(best) : 'none'})`,
    value: rounded(ours.usable, 1),
    unit: '%',
    target: `>= ${least} at <= ${100 * gridShareMax} % from the grid`,
    holds: ours.usable >= least && ours.gridShare <= 100 * gridShareMax,
  };
}
