/**
 * What forecasts are worth: 1 MW of panels that follow a grid's solar capacity factor, beside 300 kW of constant load.
 *
 * The capacity factor is generation over the 99th percentile of the year before the issue. Two decisions at every issue,
 * each six hours: where to put a job of 12 h within 72 h, by its expected surplus; and how much power to promise for each hour until the
 * next issue, when at most 3 % of it may come from the grid (a day ahead beside it). How boldly to promise is set by one
 * and the same promiser from promises that have come true, for everybody alike; nobody looks ahead.
 */
import { createPromiser } from '../../energy-oracle/forecast/calibration/promise.ts';
import { type Offer, offerOf, rungLevels } from '../../energy-oracle/forecast/calibration/promise-rungs.ts';
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

/** What may be promised of the coming hours of an issue. */
type Offering = (day: Day, hours: number) => Offer[];

const hourOf = (issuedAt: Instant, hour: number) => (issuedAt / HOUR + hour) % 24;

const byQuantile: Offering = ({ issuedAt, quantiles, levels }, hours) =>
  Array.from({ length: hours }, (_, hour) =>
    offerOf(quantiles.subarray(hour * levels.length, (hour + 1) * levels.length), levels, hourOf(issuedAt, hour)),
  );

/** Shares of a line, as many as a quantile has rungs; nobody says how sure they are. */
const scaled =
  (line: (typeof lineNames)[number]): Offering =>
  ({ issuedAt, lines }, hours) =>
    Array.from({ length: hours }, (_, hour) => ({
      group: hourOf(issuedAt, hour),
      kw: Float64Array.from(rungLevels, (_, k) => ((k + 1) / rungLevels.length) * (lines[line][hour] as number)),
    }));

/** Who cannot say how sure he is promises so much of his line at first, until some promises have come true. */
const firstShare = 0.4;
const cautiousMs = 10 * DAY;

interface Admitted {
  /** Promised and there, of all surplus, %. */
  readonly usable: number;
  /** From the grid, of all that was promised, %. */
  readonly gridShare: number;
}

/** Promises issue after issue, each by what had come true of those before it. */
function admit(issues: readonly Day[], hours: number, offering: Offering): Admitted {
  const promiser = createPromiser({ shortShareMax: gridShareMax, rungs: rungLevels.length });
  const begun = issues[0]?.issuedAt ?? 0;
  let learn = (_asOf: Instant) => {};
  let surplus = 0;
  for (const issue of issues) {
    learn(issue.issuedAt);
    const offers = offering(issue, hours);
    const isSure = offers.every(({ believedShortKw }) => believedShortKw !== undefined);
    const first = Math.floor(firstShare * rungLevels.length);
    const promised =
      isSure || issue.issuedAt - begun >= cautiousMs
        ? promiser.promise(offers)
        : Float64Array.from(offers, ({ kw }) => kw[first] as number);
    const came = issue.surplus.subarray(0, hours);
    learn = (asOf) => promiser.learn(offers, promised, came, asOf);
    surplus += came.reduce((sum, kw) => sum + kw, 0);
  }
  learn((issues.at(-1)?.issuedAt ?? 0) + hours * HOUR);
  const { promised, short } = promiser.account;
  return { usable: (100 * (promised - short)) / surplus, gridShare: (100 * short) / promised };
}

/** The most that one level for all issues could have used within the limit, had it been known; `undefined` when none stays within it. */
function inHindsight(issues: readonly Day[], hours: number): Admitted | undefined {
  const [promised, short] = [rungLevels.map(() => 0), rungLevels.map(() => 0)];
  let surplus = 0;
  for (const issue of issues)
    byQuantile(issue, hours).forEach(({ kw }, hour) => {
      const came = issue.surplus[hour] as number;
      surplus += came;
      kw.forEach((offered, k) => {
        (promised[k] as number) += offered;
        (short[k] as number) += Math.max(0, offered - came);
      });
    });
  const kept = rungLevels
    .map((_, k) => [promised[k] as number, short[k] as number] as const)
    .filter(([promised, short]) => short <= gridShareMax * promised)
    .map(([promised, short]) => ({ usable: (100 * (promised - short)) / surplus, gridShare: (100 * short) / promised }));
  return kept.length > 0 ? kept.reduce((best, one) => (one.usable > best.usable ? one : best)) : undefined;
}

function admission(name: string, days: readonly Day[], issues: readonly Day[]): Bar {
  const ours = admit(issues, hoursToNextIssue, byQuantile);
  const dayAhead = admit(days, 24, byQuantile);
  const shown = ({ usable, gridShare }: Admitted) => `${usable.toFixed(1)} at ${gridShare.toFixed(1)}`;
  const beside = lineNames.map((line) => `scaled ${line} ${shown(admit(issues, hoursToNextIssue, scaled(line)))}`);
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
