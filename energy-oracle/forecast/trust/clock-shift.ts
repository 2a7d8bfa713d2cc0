/**
 * Clock shift: whether a solar series has begun to wear labels that are hours off.
 *
 * Owns one question, answered from the shape of the last 24 h against the same hours of the weeks before: does the day
 * fit better when it is moved by one or two hours? Two views are judged together: shares of the day's energy (its body)
 * and logarithms (first and last light), each with the spread and the correlations that clouds gave it lately. Clouds
 * bend the body but cannot light the night, so both views must agree. A shift older than the weeks before is not seen.
 */
import { type DurationMs, HOUR, type Instant } from '../../../units/time.ts';
import { clearSkyGlobal } from '../../sun/clear-sky.ts';
import { sunPosition } from '../../sun/position.ts';
import { solveCholesky } from '../model/cholesky.ts';
import { solarHourOf } from '../score/score.ts';
import { type Dense, endedBy, type Known } from '../target.ts';

const dayHours = 24;
/** Days before the last one that say what is usual, and how many of them must be whole. */
const usualDays = 17;
const usualDaysMin = 8;
/** Candidates, h; 0 is the labels as they are. */
const shifts = [-2, -1, 0, 1, 2] as const;
const reach = 3; // hours beyond a day: the largest shift and one neighbour
/** Hours of the last 24 that must be present; bridged are gaps of at most two hours of the weeks before. */
const presentHoursMin = 16;
const bridgedHoursMax = 2;
/** Below this share of the usual peak a day is too dull to tell the time. */
const dullShare = 0.02;
/** Log ratio of misfits, both views added, that is believed: one roof sees every cloud, a region the mean of many. */
const evidenceMin = { pv: 1, renewables: 0.75 } as const;
/** The least that either view must give. */
const evidenceOfEachMin = 0.1;
/** The moved day must fit in earnest (squared standard deviations of its 24 hours): a day with an outage fits nowhere. */
const misfitMax = 150;
/** Share of the energy that must fall by day for a series to be solar. */
const solarShareMin = 0.9;
/** Without light from here on, degrees: a gap there is an inverter asleep, which is 0. */
const deepNightDeg = -6;

/** Share of covariance kept between hours: 17 days cannot tell 276 correlations (Ledoit and Wolf, J. Multivar. Anal. 88, 2004). */
const covarianceKept = 0.7;
/** Logarithms are of the share of the usual peak plus this. */
const logFloor = 0.001;

export interface ClockShift {
  /** Whole hours by which labels are late: +1 puts a value on the hour after its own. */
  readonly shiftHours: number;
  /** The 24 h that betray it. */
  readonly since: Instant;
  /** Log ratio of misfits, both views added; 0.75 of a region and 1 of a roof are believed. */
  readonly evidence: number;
  /** Centre of the day's generation, solar hours: found and usual. */
  readonly centreHour: { readonly found: number; readonly usual: number };
}

/** Hourly means that end with the newest whole hour, long enough for the days before and their margin. */
interface Hours {
  readonly start: Instant;
  readonly values: Float64Array;
  readonly clearSky: Float64Array;
}

/**
 * The shift that explains the last 24 h better than the labels do; `undefined` for none, for too little or too dull a
 * day, for fewer than 8 whole days before, and for any target but `pv` and the solar kind of `renewables`.
 *
 * About 30 solves of a 24 × 24 system: 1 ms.
 */
export function clockShift({ target, issuedAt, history }: Known): ClockShift | undefined {
  if (target.kind !== 'pv' && target.kind !== 'renewables') return undefined;
  const hours = hoursBefore(endedBy(history, issuedAt), issuedAt, target.latitude, target.longitude);
  if (!isSolar(hours)) return undefined;
  const found = hours.values.slice(-dayHours);
  bridge(hours.values.subarray(0, -dayHours));
  const present = Array.from(found.keys()).filter((hour) => Number.isFinite(found[hour]));
  const peak = peakOf(hours.values.subarray(0, -dayHours));
  if (present.length < presentHoursMin || !(peakOf(found) > dullShare * peak)) return undefined;

  const body = misfits(bodyView(hours, found, present), present);
  const edges = misfits(edgeView(hours, found, peak), present);
  if (!body || !edges) return undefined;
  const evidenceOf = (misfit: readonly number[], shift: number) =>
    Math.log(((misfit[2] as number) + present.length) / ((misfit[shift + 2] as number) + present.length));
  let best: { shiftHours: number; evidence: number } | undefined;
  for (const shiftHours of [-1, 1, -2, 2]) {
    const [ofBody, ofEdges] = [evidenceOf(body, shiftHours), evidenceOf(edges, shiftHours)];
    const fits = (edges[shiftHours + 2] as number) <= misfitMax && Math.min(ofBody, ofEdges) >= evidenceOfEachMin;
    if (fits && ofBody + ofEdges >= Math.max(evidenceMin[target.kind], best?.evidence ?? 0))
      best = { shiftHours, evidence: ofBody + ofEdges };
  }
  if (!best) return undefined;
  const since = hours.start + (hours.values.length - dayHours) * HOUR;
  return { ...best, since, centreHour: centres(hours, target.longitude) };
}

function hoursBefore(history: Dense, issuedAt: Instant, latitude: number, longitude: number): Hours {
  const count = dayHours * (usualDays + 1) + reach;
  const end = Math.floor(Math.min(issuedAt, history.start + history.values.length * history.stepMs) / HOUR) * HOUR;
  const start = end - count * HOUR;
  const values = new Float64Array(count);
  const clearSky = new Float64Array(count + reach);
  for (let hour = 0; hour < count + reach; hour++) {
    const at = start + hour * HOUR;
    for (const part of [1 / 6, 1 / 2, 5 / 6])
      clearSky[hour] = (clearSky[hour] as number) + clearSkyGlobal(sunPosition(at + part * HOUR, latitude, longitude)) / 3;
    if (hour >= count) continue;
    const value = meanOfPresent(history, at, HOUR);
    const isAsleep = Number.isNaN(value) && sunPosition(at + HOUR / 2, latitude, longitude).elevationDeg < deepNightDeg;
    values[hour] = isAsleep ? 0 : value;
  }
  return { start, values, clearSky };
}

/** Mean of the known steps of an hour; NaN when none is. A step longer than an hour counts in each of its hours. */
function meanOfPresent({ start, stepMs, values }: Dense, from: Instant, length: DurationMs): number {
  let [sum, count] = [0, 0];
  for (let i = Math.floor((from - start) / stepMs); start + i * stepMs < from + length; i++) {
    const value = values[i];
    if (value === undefined || Number.isNaN(value)) continue;
    sum += value;
    count++;
  }
  return count > 0 ? sum / count : Number.NaN;
}

function isSolar({ values, clearSky }: Hours): boolean {
  let [byDay, all] = [0, 0];
  for (let hour = 0; hour < values.length - dayHours; hour++) {
    const value = values[hour] as number;
    if (!(value > 0)) continue;
    all += value;
    if ((clearSky[hour] as number) > 0) byDay += value;
  }
  return all > 0 && byDay >= solarShareMin * all;
}

/** Draws a line over the short gaps, in place: good enough to say what is usual, never seen by a forecast. */
function bridge(values: Float64Array): void {
  let known = -1;
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i])) continue;
    const gap = i - known - 1;
    if (known >= 0 && gap > 0 && gap <= bridgedHoursMax)
      for (let k = known + 1; k < i; k++)
        values[k] = (values[known] as number) + (((values[i] as number) - (values[known] as number)) * (k - known)) / (gap + 1);
    known = i;
  }
}

/** The largest size among the known values; 0 when there is none. */
export function peakOf(values: Float64Array): number {
  let peak = 0;
  for (const value of values) if (Math.abs(value) > peak) peak = Math.abs(value); // false for a gap
  return peak;
}

/** How a day is seen: what was found of its hours, what an earlier day lets expect, and how far any hour may stray by itself. */
interface View {
  readonly found: Float64Array;
  /** One earlier day moved by a shift, hours -1 to 24 of the last day; `undefined` when it is not whole or says nothing. */
  expected(day: number, shift: number): Float64Array | undefined;
  variance(mean: number, slope: number): number;
}

const hourOf = ({ values }: Hours, day: number, hour: number) => values.length - dayHours * (day + 1) + hour;

/** Shares of the energy of the hours that are present; an earlier day is brought to the sun of the last one. */
function bodyView(hours: Hours, found: Float64Array, present: readonly number[]): View {
  const { values, clearSky } = hours;
  const energy = present.reduce((sum, hour) => sum + (found[hour] as number), 0);
  const noon = peakOf(clearSky.subarray(-dayHours));
  const energies = Array.from({ length: usualDays }, (_, i) => {
    const begin = hourOf(hours, i + 1, 0);
    return values.subarray(begin, begin + dayHours).reduce((sum, value) => sum + value, 0);
  });
  const usual = energies.filter((sum) => sum > 0).sort((a, b) => a - b);
  const dull = 0.05 * (usual[usual.length >> 1] ?? 0);
  const cloudiness = Math.max(0, 1 - energy / (usual[Math.floor(0.9 * usual.length)] ?? energy));
  return {
    found: found.map((value) => value / energy),
    expected: (day, shift) => {
      if (!((energies[day - 1] as number) > dull)) return undefined;
      const row = new Float64Array(dayHours + 2);
      for (let hour = -1; hour <= dayHours; hour++) {
        const at = hourOf(hours, day, hour - shift);
        const then = clearSky[at] as number;
        const season = then > 0.05 * noon ? Math.min(2, Math.max(0.5, (clearSky[at + day * dayHours] as number) / then)) : 1;
        row[hour + 1] = (values[at] as number) * season;
      }
      const sum = present.reduce((total, hour) => total + (row[hour + 1] as number), 0);
      return sum > 0 ? row.map((value) => value / sum) : undefined;
    },
    // a meter's last digit; clouds, more of them on a dull day; two minutes
    variance: (mean, slope) => 0.0001 ** 2 + ((0.05 + 0.3 * cloudiness) * mean) ** 2 + (0.03 * slope) ** 2,
  };
}

/** Logarithms, in which first and last light weigh as much as noon; a cloud is common to all hours. */
function edgeView(hours: Hours, found: Float64Array, peak: number): View {
  const dark = Math.log(logFloor);
  const logOf = (value: number) => Math.log(Math.max(0, value) / peak + logFloor);
  return {
    found: found.map(logOf),
    expected: (day, shift) => {
      const begin = hourOf(hours, day, -1 - shift);
      return hours.values.slice(begin, begin + dayHours + 2).map(logOf);
    },
    variance: (mean, slope) => 0.2 ** 2 + (0.1 * slope) ** 2 + (0.3 * (1 - mean / dark)) ** 2,
  };
}

/** Squared Mahalanobis distance of the last day from the days before, for each candidate shift; `undefined` with too few whole days. */
function misfits(view: View, present: readonly number[]): number[] | undefined {
  const distances: number[] = [];
  for (const shift of shifts) {
    const rows: Float64Array[] = [];
    for (let day = 1; day <= usualDays; day++) {
      const row = view.expected(day, shift);
      if (row?.every(Number.isFinite)) rows.push(row);
    }
    if (rows.length < usualDaysMin) return undefined;
    distances.push(distance(view, rows, present));
  }
  return distances;
}

function distance({ found, variance }: View, rows: readonly Float64Array[], present: readonly number[]): number {
  const mean = new Float64Array(dayHours + 2);
  for (const row of rows) for (let i = 0; i < mean.length; i++) mean[i] = (mean[i] as number) + (row[i] as number) / rows.length;
  const at = (hour: number) => mean[hour + 1] as number;
  const count = present.length;
  const covariance = new Float64Array(count * count);
  const error = new Float64Array(count);
  for (const [i, one] of present.entries()) {
    error[i] = (found[one] as number) - at(one);
    for (let j = 0; j <= i; j++) {
      const other = present[j] as number;
      let sum = 0;
      for (const row of rows) sum += ((row[one + 1] as number) - at(one)) * ((row[other + 1] as number) - at(other));
      covariance[i * count + j] = (i === j ? 1 : covarianceKept) * (sum / rows.length);
    }
    const slope = (Math.abs(at(one + 1) - at(one)) + Math.abs(at(one) - at(one - 1))) / 2;
    covariance[i * count + i] = (covariance[i * count + i] as number) + variance(at(one), slope);
  }
  return squaredNorm(covariance, error);
}

/** eᵀ C⁻¹ e; `matrix` holds the lower triangle of a positive definite C and is overwritten. O(n³). */
function squaredNorm(matrix: Float64Array, error: Float64Array): number {
  const solved = error.slice();
  solveCholesky(matrix, solved, (rest) => Math.max(rest, Number.MIN_VALUE));
  return error.reduce((sum, value, i) => sum + value * (solved[i] as number), 0);
}

/** Mean solar hour of generation, of the last day and of the days before. */
function centres({ start, values }: Hours, longitude: number): ClockShift['centreHour'] {
  const centre = (from: number, to: number) => {
    let [sum, weighted] = [0, 0];
    for (let hour = from; hour < to; hour++) {
      const value = values[hour] as number;
      if (!(value > 0)) continue;
      sum += value;
      weighted += value * solarHourOf(start + (hour + 0.5) * HOUR, longitude);
    }
    return weighted / sum;
  };
  const last = values.length - dayHours;
  return { found: centre(last, values.length), usual: centre(last - usualDays * dayHours, last) };
}
