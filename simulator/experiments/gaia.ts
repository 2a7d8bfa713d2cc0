/**
 * GAIA: four ways to let a job wait for greener hours when its length is known on average only.
 *
 * Hanafy, Liang, Bashir, Souza, Irwin, Shenoy: "Going Green for Less Green: Optimizing the Cost of Reducing Cloud Carbon
 * Emissions", ASPLOS 2024. Jobs up to two hours may wait six, others a day; a job is expected to last as long as its
 * queue does on average. Time goes in ticks of five seconds, intensity is constant within an hour, capacity is endless.
 */

import type { ZoneTable } from '../traces/importers/zone-table.ts';
import type { PublishedResult } from './published-result.ts';

/** Seconds of a tick, ticks of an hour. */
export const tickS = 5;
const hourTicks = 3_600 / tickS;
const shortTicks = 2 * hourTicks;
const shortWaitTicks = 6 * hourTicks;
const longWaitTicks = 24 * hourTicks;

export const policies = ['no-wait', 'lowest-slot', 'lowest-window', 'carbon-time'] as const;
export type Policy = (typeof policies)[number];

/** Jobs by columns, sorted by arrival. */
export interface Workload {
  /** Whole ticks since the trace began. */
  readonly arrival: Int32Array;
  readonly length: Int32Array;
  readonly cpus: Int32Array;
  /** By job: what its queue lasts on average and may wait, whole ticks. */
  readonly expected: Int32Array;
  readonly waitMax: Int32Array;
}

/**
 * Queues jobs as the paper does; arrivals and lengths in seconds.
 *
 * Lengths are cut to whole ticks, a queue's mean is of the lengths as they were; a job of exactly two hours counts in both
 * means and waits with the long ones.
 */
export function workloadOf(jobs: readonly { readonly arrivalS: number; readonly lengthS: number; readonly cpus: number }[]): Workload {
  const ticks = jobs.map(({ lengthS }) => lengthS / tickS);
  const meanOf = (lengths: readonly number[]) => Math.trunc(lengths.reduce((sum, length) => sum + length, 0) / lengths.length);
  const short = meanOf(ticks.filter((length) => length <= shortTicks));
  const long = meanOf(ticks.filter((length) => length >= shortTicks));
  const isShort = (length: number) => Math.trunc(length) < shortTicks;
  return {
    arrival: Int32Array.from(jobs, ({ arrivalS }) => Math.trunc(arrivalS / tickS)),
    length: Int32Array.from(ticks, Math.trunc),
    cpus: Int32Array.from(jobs, ({ cpus }) => cpus),
    expected: Int32Array.from(ticks, (length) => (isShort(length) ? short : long)),
    waitMax: Int32Array.from(ticks, (length) => (isShort(length) ? shortWaitTicks : longWaitTicks)),
  };
}

/** An hourly trace that can be summed over any ticks in constant time. */
export interface TickTrace {
  readonly intensity: Float64Array;
  /** Sum over the hours before each hour, intensity × hours. */
  readonly before: Float64Array;
}

/** O(hours). @param intensity  by hour from the start of the simulation, gCO2eq/kWh */
export function tickTrace(intensity: Float64Array): TickTrace {
  const before = new Float64Array(intensity.length + 1);
  for (let hour = 0; hour < intensity.length; hour++) before[hour + 1] = (before[hour] as number) + (intensity[hour] as number);
  return { intensity, before };
}

/** Intensity × hours from the start to a tick. */
function sumTo({ intensity, before }: TickTrace, tick: number): number {
  const hour = Math.floor(tick / hourTicks);
  return (before[hour] as number) + (tick / hourTicks - hour) * (intensity[hour] ?? 0);
}

const sumOver = (trace: TickTrace, from: number, length: number): number => sumTo(trace, from + length) - sumTo(trace, from);

/** Ticks that a policy lets a job wait; the earliest on a tie. O(hours it may wait). */
function waitOf(policy: Policy, trace: TickTrace, arrival: number, expected: number, waitMax: number): number {
  switch (policy) {
    case 'no-wait':
      return 0;
    case 'lowest-slot':
      return lowestSlot(trace, arrival, waitMax);
    case 'lowest-window':
      return lowestWindow(trace, arrival, expected, waitMax);
    case 'carbon-time':
      return carbonTime(trace, arrival, expected, waitMax);
    default:
      return policy satisfies never;
  }
}

/** The first tick of least intensity within the wait. */
function lowestSlot({ intensity }: TickTrace, arrival: number, waitMax: number): number {
  const first = Math.floor(arrival / hourTicks);
  const last = Math.floor((arrival + waitMax) / hourTicks);
  let best = first;
  for (let hour = first + 1; hour <= last; hour++) if ((intensity[hour] as number) < (intensity[best] as number)) best = hour;
  return best === first ? 0 : best * hourTicks - arrival;
}

/** Whole hours of waiting with the least carbon over the expected length. */
function lowestWindow(trace: TickTrace, arrival: number, expected: number, waitMax: number): number {
  let best = 0;
  let least = sumOver(trace, arrival, expected);
  for (let wait = hourTicks; wait <= waitMax; wait += hourTicks) {
    const carbon = sumOver(trace, arrival + wait, expected);
    if (carbon >= least) continue;
    least = carbon;
    best = wait;
  }
  return best;
}

/** Whole hours of waiting that save most carbon per time until the expected end. */
function carbonTime(trace: TickTrace, arrival: number, expected: number, waitMax: number): number {
  const now = sumOver(trace, arrival, expected);
  let best = 0;
  let most = 0;
  for (let wait = hourTicks; wait <= waitMax; wait += hourTicks) {
    const saved = (now - sumOver(trace, arrival + wait, expected)) / (wait + expected);
    if (saved <= most) continue;
    most = saved;
    best = wait;
  }
  return best;
}

export interface PolicyOutcome {
  /** CPUs × intensity × hours, summed over jobs: gCO2eq at one kW a CPU. */
  readonly carbon: number;
  /** Hours, over jobs. */
  readonly meanWaitHours: number;
}

/** Runs a workload under a policy; O(jobs × hours they may wait). @throws RangeError when the trace ends before a job does */
export function runPolicy(policy: Policy, trace: TickTrace, { arrival, length, cpus, expected, waitMax }: Workload): PolicyOutcome {
  const count = arrival.length;
  let carbon = 0;
  let waited = 0;
  let end = 0;
  for (let job = 0; job < count; job++) {
    const at = arrival[job] as number;
    const longest = Math.max(length[job] as number, expected[job] as number);
    end = Math.max(end, at + (waitMax[job] as number) + longest);
    const wait = waitOf(policy, trace, at, expected[job] as number, waitMax[job] as number);
    carbon += (cpus[job] as number) * sumOver(trace, at + wait, length[job] as number);
    waited += wait;
  }
  const hours = Math.ceil(end / hourTicks);
  if (hours > trace.intensity.length) throw new RangeError(`the jobs may last ${hours} h, the trace ${trace.intensity.length} h`);
  return { carbon, meanWaitHours: waited / count / hourTicks };
}

/** The simulation begins at this hour of the zone's year. */
const startHour = 7_000;
const zone = 'AU-SA';

/** Of `pai_1k`: carbon in parts of no-wait's, and the mean wait in hours. */
const published: Readonly<Record<Policy, { readonly carbon: number; readonly waitHours: number }>> = {
  'no-wait': { carbon: 1, waitHours: 0 },
  'lowest-slot': { carbon: 0.780037, waitHours: 5.638 },
  'lowest-window': { carbon: 0.683704, waitHours: 6.645 },
  'carbon-time': { carbon: 0.724888, waitHours: 4.729 },
};

/** The four policies over the paper's thousand jobs in South Australia. @throws RangeError when the zone is missing */
export function* gaiaResults(table: ZoneTable, workload: Workload): Generator<PublishedResult> {
  const year = table.intensity.get(zone);
  if (!year) throw new RangeError(`the carbon intensity of ${zone} is not in the table; there are ${table.zones.join(', ')}`);
  const trace = tickTrace(year.subarray(startHour));
  const outcomes = policies.map((policy) => runPolicy(policy, trace, workload));
  const noWait = (outcomes[0] as PolicyOutcome).carbon;
  for (const [at, policy] of policies.entries()) {
    const { carbon, meanWaitHours } = outcomes[at] as PolicyOutcome;
    const { carbon: theirs, waitHours } = published[policy];
    yield { what: `carbon of ${policy}`, unit: 'of no-wait', mode: 'compat', theirs, ours: carbon / noWait, tolerance: { absolute: 1e-5 } };
    yield {
      what: `mean wait of ${policy}`,
      unit: 'h',
      mode: 'compat',
      theirs: waitHours,
      ours: meanWaitHours,
      tolerance: { absolute: 5e-4 },
    };
  }
}
