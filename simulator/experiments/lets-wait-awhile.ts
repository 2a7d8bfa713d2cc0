/**
 * Let's Wait Awhile: how much carbon nightly jobs and a project's training jobs save by being moved within their slack.
 *
 * Wiesner, Behnke, Scheinert, Gontarska, Thamsen: "Let's Wait Awhile: How Temporal Workload Shifting Can Reduce Carbon
 * Emissions in the Cloud", Middleware 2021. The year 2020 in slots of 30 minutes, one kW a job, perfect knowledge. `compat`
 * computes as the released program does, `strict` as the paper says.
 */
import type { Series } from '../../units/series.ts';
import { DAY, HOUR, type Instant, MINUTE } from '../../units/time.ts';
import { ImportFault, readNumber, readTable } from '../traces/importers/import-note.ts';
import type { PublishedResult } from './published-result.ts';

export type Mode = 'compat' | 'strict';

const slotMs = 30 * MINUTE;
const yearStart: Instant = Date.UTC(2020, 0, 1);

/** Carbon intensity by slot of 30 minutes from the start of 2020 on, gCO2eq/kWh; of a finer series the values at minutes 0 and 30. */
export function slotsOf2020({ start, stepMs, values }: Series): Float64Array {
  const first = (yearStart - start) / stepMs;
  const stride = slotMs / stepMs;
  const count = Math.floor((values.length - 1 - first) / stride) + 1;
  return Float64Array.from({ length: count }, (_, slot) => {
    const value = values[first + slot * stride];
    if (value === undefined) throw new RangeError(`no carbon intensity at ${new Date(yearStart + slot * slotMs).toISOString()}`);
    return value;
  });
}

/** Nights of the published program: 365 of the 366 that 2020 had. */
const nights = 365;

/**
 * Scenario I: a job of one slot at 01:00 each night, moved by `flexSlots` at most either way; mean intensity, gCO2eq/kWh.
 *
 * The first night's window begins before the year once it reaches back more than an hour: that night is left out. The
 * released program divides by all nights all the same. Ties go to the earliest slot.
 */
export function nightlyJobs(intensity: Float64Array, flexSlots: number, mode: Mode): number {
  let sum = 0;
  let counted = 0;
  for (let night = 0; night < nights; night++) {
    const at = (night * DAY + HOUR) / slotMs;
    if (at - flexSlots < 0) continue;
    let least = Number.POSITIVE_INFINITY;
    for (let slot = at - flexSlots; slot <= at + flexSlots; slot++) least = Math.min(least, intensity[slot] as number);
    sum += least;
    counted++;
  }
  return sum / (mode === 'compat' ? nights : counted);
}

/** A training job: slots since the start of 2020, and how many it runs. */
export interface TrainingJob {
  readonly arrival: number;
  readonly length: number;
}

/** Jobs of a CSV with `arrival_min_since_2020` and `duration_min`. @throws ImportFault for anything else, a time off the slots too */
export function trainingJobsIn(text: string): TrainingJob[] {
  const { rows, column } = readTable('jobs', text);
  const columns = { arrival: column('arrival_min_since_2020'), length: column('duration_min') };
  return rows.map((row, i) => {
    const slots = (name: keyof typeof columns): number => {
      const count = ((readNumber('jobs', row[columns[name]], i + 2) ?? Number.NaN) * MINUTE) / slotMs;
      if (!Number.isInteger(count) || count < 0)
        throw new ImportFault('jobs', i + 2, `expected whole half-hours, found ${row[columns[name]]} min`);
      return count;
    };
    return { arrival: slots('arrival'), length: slots('length') };
  });
}

export const deadlines = ['next-workday', 'semi-weekly'] as const;
export type Deadline = (typeof deadlines)[number];

const hoursOf = (slot: number): number => (slot * slotMs) / HOUR;
/** Days since Monday, 0 to 6; 2020 began on a Wednesday. */
const weekday = (slot: number): number => (Math.floor(hoursOf(slot) / 24) + 2) % 7;
const nineOClock = (slot: number, daysLater: number): number => ((Math.floor(hoursOf(slot) / 24) + daysLater) * 24 + 9) * (HOUR / slotMs);

/** The slot by whose start a job must be done that would be done at `finish` if it started at once. */
export function deadlineOf(rule: Deadline, finish: number): number {
  const day = weekday(finish);
  const hour = hoursOf(finish) % 24;
  switch (rule) {
    case 'next-workday':
      if (day >= 5) return nineOClock(finish, 7 - day); // Monday
      if (hour > 17) return nineOClock(finish, 1); // the calendar day that follows, a Saturday too
      return hour < 9 ? nineOClock(finish, 0) : finish;
    case 'semi-weekly': {
      const untilThursday = (10 - day) % 7;
      const untilMonday = (7 - day) % 7;
      const isPast = hour > 9;
      const next = (days: number) => (days === 0 && isPast ? 7 : days);
      return nineOClock(finish, Math.min(next(untilThursday), next(untilMonday)));
    }
    default:
      return rule satisfies never;
  }
}

/** Sums of intensity over job slots: as if all started at once, and moved. */
export interface Emitted {
  readonly atOnce: number;
  readonly moved: number;
}

/**
 * Scenario II: what the jobs emit at once and moved to the cheapest slots before their deadline; O(jobs × window × log window).
 *
 * Strict: within [arrival, deadline), exactly as many slots as the job needs. Compat: the window is a slot longer, the start
 * at once may be a slot later if that is cheaper, and an interruptible job runs in every slot at or below the dearest it needs.
 */
export function trainingJobs(
  intensity: Float64Array,
  jobs: readonly TrainingJob[],
  rule: Deadline,
  isInterruptible: boolean,
  mode: Mode,
): Emitted {
  const spill = mode === 'compat' ? 1 : 0;
  let atOnce = 0;
  let moved = 0;
  for (const { arrival, length } of jobs) {
    const finish = arrival + length;
    const end = Math.min(intensity.length, deadlineOf(rule, finish) + spill);
    atOnce += cheapestRun(intensity, arrival, Math.min(intensity.length, finish + spill), length);
    moved += isInterruptible ? cheapestParts(intensity.subarray(arrival, end), length, mode) : cheapestRun(intensity, arrival, end, length);
  }
  return { atOnce, moved };
}

/** The least sum of `length` slots in a row within [from, to). */
function cheapestRun(intensity: Float64Array, from: number, to: number, length: number): number {
  let sum = 0;
  for (let slot = from; slot < from + length; slot++) sum += intensity[slot] as number;
  let least = sum;
  for (let slot = from + length; slot < to; slot++) {
    sum += (intensity[slot] as number) - (intensity[slot - length] as number);
    if (sum < least) least = sum;
  }
  return least;
}

function cheapestParts(window: Float64Array, length: number, mode: Mode): number {
  const sorted = window.slice().sort();
  const dearest = sorted[length - 1] as number;
  let sum = 0;
  for (let at = 0; at < sorted.length && (at < length || (mode === 'compat' && sorted[at] === dearest)); at++) sum += sorted[at] as number;
  return sum;
}

/** Scenario I as printed: mean intensity, gCO2eq/kWh, by hours either way; `strict` where the division by 365 shows. */
const nightly = {
  DE: {
    hours: [0, 2, 4, 6, 8],
    strict: [305.328, 297.601, 294.023, 283.136, 264.033],
    printed: { hours: 8, mean: 263.309, savedPercent: 13.762 },
  },
  FR: { hours: [0, 2, 4, 6, 8], strict: [52.121, 49.795, 49.084, 48.54, 48.192], printed: { hours: 8, mean: 48.06, savedPercent: 7.791 } },
} as const;

/** Scenario II in Germany, % of carbon saved: in a piece, in parts. */
const training: Readonly<Record<Mode, Readonly<Record<Deadline, readonly [number, number]>>>> = {
  compat: { 'next-workday': [5.926, 8.156], 'semi-weekly': [14.13, 18.498] },
  strict: { 'next-workday': [5.921, 8.04], 'semi-weekly': [14.148, 18.481] },
};

const slotsAnHour = HOUR / slotMs;

/** Both scenarios: nights in Germany and France, training jobs in Germany. */
export function* letsWaitAwhileResults(
  intensity: Readonly<Record<'DE' | 'FR', Float64Array>>,
  jobs: readonly TrainingJob[],
): Generator<PublishedResult> {
  for (const zone of ['DE', 'FR'] as const) {
    const { hours, strict, printed } = nightly[zone];
    const why = 'the first night has no window before the year and is left out; the released program divides by it all the same';
    for (const [at, flexHours] of hours.entries())
      yield {
        what: `nightly job in ${zone}, ±${flexHours} h`,
        unit: 'gCO2eq/kWh',
        mode: 'strict',
        theirs: strict[at],
        ours: nightlyJobs(intensity[zone], flexHours * slotsAnHour, 'strict'),
        tolerance: { absolute: 1e-3 },
        ...(flexHours > 1 && { why }),
      };
    const ours = nightlyJobs(intensity[zone], printed.hours * slotsAnHour, 'compat');
    const base = nightlyJobs(intensity[zone], 0, 'compat');
    const what = `nightly job in ${zone}, ±${printed.hours} h`;
    yield { what, unit: 'gCO2eq/kWh', mode: 'compat', theirs: printed.mean, ours, tolerance: { absolute: 1e-3 } };
    yield {
      what: `saved by it`,
      unit: '%',
      mode: 'compat',
      theirs: printed.savedPercent,
      ours: 100 * (1 - ours / base),
      tolerance: { absolute: 1e-3 },
    };
  }
  for (const mode of ['compat', 'strict'] as const)
    for (const rule of deadlines)
      for (const [at, isInterruptible] of [false, true].entries()) {
        const { atOnce, moved } = trainingJobs(intensity.DE, jobs, rule, isInterruptible, mode);
        yield {
          what: `training jobs in DE, ${rule}, ${isInterruptible ? 'in parts' : 'in a piece'}`,
          unit: '% saved',
          mode,
          theirs: training[mode][rule][at],
          ours: 100 * (1 - moved / atOnce),
          tolerance: { absolute: 1e-3 },
          ...(mode === 'strict' && {
            why: 'the released program looks one slot beyond each window, and in parts runs in every slot of the dearest value',
          }),
        };
      }
}
