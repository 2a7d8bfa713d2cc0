/**
 * Symptoms: what the recent history of a target says about the meter behind it.
 *
 * Owns the look at the last 24 h against the four weeks before: a clock that moved, a unit that changed by a thousand, a
 * value that is stuck, power above the nameplate or below zero. Each finding carries the numbers. Nothing is repaired,
 * and a gap is never a symptom. Once a fault fills the weeks before it becomes usual: who asks remembers the finding.
 */
import { DAY, HOUR, type Instant } from '../../../units/time.ts';
import { sunPosition } from '../../sun/position.ts';
import { type Dense, endedBy, type Known, type TargetKind } from '../target.ts';
import { clockShift, peakOf } from './clock-shift.ts';

export const symptomKinds = ['clock-shift', 'unit-change', 'stuck', 'above-nameplate', 'negative'] as const;
export type SymptomKind = (typeof symptomKinds)[number];

export interface Symptom {
  readonly kind: SymptomKind;
  /** Start of the first step that shows it, or of the last 24 h where only a whole day does (a shifted clock, a thousandth). */
  readonly since: Instant;
  /** A sentence with what was found and what was expected. */
  readonly detail: string;
}

const usualDays = 28;
/** Whole days before the last one without which nothing is usual. */
const usualDaysMin = 5;
/** Share of a day's steps that must be present for the day to count. */
const presentShareMin = 0.6;
/** A thousandfold is believed from this multiple of the highest value of four weeks on: nature reaches it in none of these kinds. */
const leapMin: Readonly<Record<TargetKind, number>> = {
  net: 100,
  pv: 10,
  load: 100,
  renewables: 10,
  'import-price': 100,
  'carbon-intensity': 30,
};
/** A thousandth is believed below this share of the usual daily peak, and of the tenth lowest of a hundred days. */
const dropShareMax = 0.01;
const dropShareOfLowMax = 0.1;
/** The same value for so long, h, and for twice the longest time in four weeks. */
const stuckHoursMin: Readonly<Record<TargetKind, number>> = {
  net: 8,
  pv: 6,
  load: 12,
  renewables: 8,
  'import-price': 12,
  'carbon-intensity': 12,
};
const stuckOverLongest = 2;
/** An inverter at its limit is not stuck: by day, values from this share of the highest one on are left alone. */
const limitShare = 0.95;
/** Averages stay below this multiple of a nameplate even at the edge of a cloud. */
const overNameplateMax = 1.1;
/** Inverters draw a little at night: so much of the highest value below the floor is no symptom. */
const belowFloorShare = 0.01;

/** What is wrong with the last 24 h before the issue; empty when nothing is, or when too little is known to tell. */
export function symptomsOf(known: Known): Symptom[] {
  const history = endedBy(known.history, known.issuedAt);
  const recent = recentOf(history);
  if (!recent) return [];
  const shift = clockShift(known);
  const found: (Symptom | undefined)[] = [
    shift && {
      kind: 'clock-shift',
      since: shift.since,
      detail:
        `labels are ${Math.abs(shift.shiftHours)} h ${shift.shiftHours > 0 ? 'late' : 'early'}: generation centred on ` +
        `${shift.centreHour.found.toFixed(1)} h solar time, ${shift.centreHour.usual.toFixed(1)} h in the weeks before`,
    },
    unitChange(recent, known.target.kind),
    stuck(known, recent),
    aboveNameplate(known, recent),
    negative(known, recent),
  ];
  return found.filter((symptom) => symptom !== undefined);
}

/** The last 24 h, the weeks before, and the peaks of the days among them that are known well enough. */
interface Recent {
  readonly start: Instant;
  readonly stepMs: number;
  readonly last: Float64Array;
  readonly before: Float64Array;
  /** Highest size of each of the days before, ascending. */
  readonly dailyPeaks: readonly number[];
  readonly highest: number;
}

const isKnown = (values: Float64Array) => values.filter(Number.isFinite).length >= presentShareMin * values.length;

function recentOf({ start, stepMs, values }: Dense): Recent | undefined {
  const day = Math.round(DAY / stepMs);
  const begin = Math.max(0, values.length - day);
  const before = values.subarray(Math.max(0, begin - usualDays * day), begin);
  const dailyPeaks: number[] = [];
  for (let end = before.length; end >= day; end -= day) {
    const one = before.subarray(end - day, end);
    if (isKnown(one)) dailyPeaks.push(peakOf(one));
  }
  if (dailyPeaks.length < usualDaysMin) return undefined;
  dailyPeaks.sort((a, b) => a - b);
  return { start: start + begin * stepMs, stepMs, last: values.subarray(begin), before, dailyPeaks, highest: peakOf(before) };
}

const stepStart = ({ start, stepMs }: Recent, step: number): Instant => start + step * stepMs;
const shown = (value: number) => String(Number(value.toPrecision(4)));

function unitChange(recent: Recent, kind: TargetKind): Symptom | undefined {
  const { last, dailyPeaks, highest } = recent;
  const peak = peakOf(last);
  const leap = highest > 0 ? last.findIndex((value) => Math.abs(value) > leapMin[kind] * highest) : -1;
  if (leap >= 0)
    return {
      kind: 'unit-change',
      since: stepStart(recent, leap),
      detail: `values × 1000: found ${shown(peak)}, expected at most about ${shown(highest)} after the ${usualDays} days before`,
    };
  const usual = dailyPeaks[dailyPeaks.length >> 1] as number;
  const low = dailyPeaks[Math.floor(0.1 * dailyPeaks.length)] as number;
  const drop = Math.min(dropShareMax * usual, dropShareOfLowMax * low);
  if (!isKnown(last) || peak === 0 || peak > drop) return undefined;
  return {
    kind: 'unit-change',
    since: recent.start,
    detail: `values ÷ 1000: found at most ${shown(peak)} in 24 h, expected about ${shown(usual)}`,
  };
}

function stuck({ target, issuedAt }: Known, recent: Recent): Symptom | undefined {
  const { last, before, stepMs, highest, dailyPeaks } = recent;
  const isSunDriven = target.kind === 'pv' || target.kind === 'renewables';
  const counts = (value: number) => !isSunDriven || value !== 0; // a night of zeros is a night
  if (isSunDriven && isKnown(last) && peakOf(last) === 0 && (dailyPeaks[0] as number) > 0)
    return { kind: 'stuck', since: stepStart(recent, 0), detail: `stuck at 0 for 24 h, expected up to ${shown(highest)}` };
  const longest = longestRun(before, counts);
  const run = finalRun(before, last, counts);
  if (!run || run.steps * stepMs < Math.max(stuckHoursMin[target.kind] * HOUR, stuckOverLongest * longest * stepMs)) return undefined;
  const since = stepStart(recent, last.length - run.span);
  const isDark = (at: Instant) => sunPosition(at, target.latitude, target.longitude).elevationDeg < 0;
  if (isSunDriven && run.value >= limitShare * highest && !isDark(since) && !isDark(Math.min(issuedAt, stepStart(recent, last.length))))
    return undefined;
  return {
    kind: 'stuck',
    since,
    detail: `stuck at ${shown(run.value)} for ${shown((run.steps * stepMs) / HOUR)} h, at most ${shown((longest * stepMs) / HOUR)} h in the ${usualDays} days before`,
  };
}

/** Steps of the longest run of one value; gaps neither break nor lengthen it. */
function longestRun(values: Float64Array, counts: (value: number) => boolean): number {
  let [longest, run, held] = [0, 0, Number.NaN];
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    run = value === held ? run + 1 : 1;
    held = value;
    if (run > longest && counts(value)) longest = run;
  }
  return longest;
}

/** The run of one value at the very end: known steps, and the span from its first step on. */
function finalRun(before: Float64Array, last: Float64Array, counts: (value: number) => boolean) {
  let [value, steps, span] = [Number.NaN, 0, 0];
  for (let back = 1; back <= last.length + before.length; back++) {
    const one = (back <= last.length ? last[last.length - back] : before[before.length - (back - last.length)]) as number;
    if (Number.isNaN(one)) continue;
    if (steps > 0 && one !== value) break;
    [value, steps, span] = [one, steps + 1, back];
  }
  return steps > 0 && counts(value) ? { value, steps, span } : undefined;
}

function aboveNameplate({ target: { ceiling } }: Known, recent: Recent): Symptom | undefined {
  if (ceiling === undefined) return undefined;
  const step = recent.last.findIndex((value) => value > overNameplateMax * ceiling);
  if (step < 0) return undefined;
  const detail = `found up to ${shown(peakOf(recent.last))}, a nameplate of ${shown(ceiling)} allows at most ${shown(overNameplateMax * ceiling)}`;
  return { kind: 'above-nameplate', since: stepStart(recent, step), detail };
}

function negative({ target: { floor, ceiling } }: Known, recent: Recent): Symptom | undefined {
  if (floor === undefined) return undefined;
  const least = floor - belowFloorShare * (ceiling ?? recent.highest);
  const step = recent.last.findIndex((value) => value < least);
  if (step < 0) return undefined;
  let lowest = floor;
  for (const value of recent.last) if (value < lowest) lowest = value; // false for a gap
  return { kind: 'negative', since: stepStart(recent, step), detail: `found ${shown(lowest)}, expected at least ${shown(floor)}` };
}
