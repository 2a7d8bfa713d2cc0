/**
 * Metrics: one run of a study in the numbers people compare. Every number names its unit; carbon stays on four accounts.
 */
import { HOUR } from '../../units/time.ts';
import type { Accounts } from './account.ts';
import { endOf, type Runs, type Study } from './study.ts';

/** Sums over all jobs of a run, unless the name says otherwise. */
export interface Metrics {
  readonly jobs: number;
  /** Jobs that found no room in the whole study. */
  readonly unplaced: number;
  /** Jobs that ended after their deadline, the unplaced with them. */
  readonly deadlineMisses: number;
  readonly energyKwh: number;
  readonly curtailedKwh: number;
  readonly exportableKwh: number;
  readonly gridKwh: number;
  /** gCO2eq ÷ 1,000 on accounts (a) to (d); (b) is NaN when a slot's marginal intensity is not known. */
  readonly locationKg: number;
  readonly marginalKg: number;
  readonly matchedKg: number;
  readonly embodiedKg: number;
  /** Accounting currency. */
  readonly money: number;
  /** What the planner minimises: money, carbon and waiting at the study's prices, of the jobs that were placed. */
  readonly comparable: number;
  /** Hours between arrival and end in which a job did not run; the 95th percentile by nearest rank. */
  readonly waitHoursMean: number;
  readonly waitHoursP95: number;
  /** From the first release to the last end. */
  readonly makespanHours: number;
  /** Accelerator-hours held ÷ those there were while jobs arrived, %. */
  readonly utilisationPercent: number;
  /** Surplus that could not be exported and was used, of all there was of it while jobs arrived, %; NaN when there was none. */
  readonly absorbedPercent: number;
  readonly starts: number;
  readonly stops: number;
  /** Jobs that ran away from home. */
  readonly moved: number;
}

export type Metric = keyof Metrics;

/** Metrics where less is better: those that are compared with the baseline. */
export const savedMetrics = ['locationKg', 'marginalKg', 'money', 'comparable', 'waitHoursMean'] as const satisfies readonly Metric[];
export type SavedMetric = (typeof savedMetrics)[number];

const sum = (values: Float64Array | Int32Array): number => {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i] as number;
  return total;
};

/** The metrics of one run; O(jobs log jobs + sites × slots). */
export function metricsOf(study: Study, runs: Runs, { jobs, slots }: Accounts): Metrics {
  const { workload, sites } = study;
  const hours = study.slotMs / HOUR;
  const width = study.slots + study.tail;
  let [unplaced, deadlineMisses, moved, lastEnd] = [0, 0, 0, 0];
  for (let job = 0; job < workload.count; job++) {
    const site = runs.site[job] as number;
    const end = endOf(workload, runs, job);
    if (site < 0) unplaced++;
    if (site < 0 || end > (workload.end[job] as number)) deadlineMisses++;
    if (site >= 0 && site !== workload.home[job]) moved++;
    if (site >= 0) lastEnd = Math.max(lastEnd, end);
  }
  let [held, there, absorbed, curtailable] = [0, 0, 0, 0];
  sites.forEach(({ accelerators }, site) => {
    there += accelerators * study.slots;
    for (let cell = site * width; cell < site * width + study.slots; cell++) {
      held += slots.held[cell] as number;
      absorbed += slots.curtailedKw[cell] as number;
      curtailable += slots.curtailableKw[cell] as number;
    }
  });
  const placed = workload.count - unplaced;
  const [money, locationG] = [sum(jobs.money), sum(jobs.locationG)];
  const { carbonPricePerKg, waitPricePerHour } = study.terms.weights;
  const waits = jobs.waitSlots.filter((_, job) => (runs.site[job] as number) >= 0).sort();
  return {
    jobs: workload.count,
    unplaced,
    deadlineMisses,
    energyKwh: sum(jobs.curtailedKwh) + sum(jobs.exportableKwh) + sum(jobs.gridKwh),
    curtailedKwh: sum(jobs.curtailedKwh),
    exportableKwh: sum(jobs.exportableKwh),
    gridKwh: sum(jobs.gridKwh),
    locationKg: locationG / 1_000,
    marginalKg: sum(jobs.marginalG) / 1_000,
    matchedKg: sum(jobs.matchedG) / 1_000,
    embodiedKg: sum(jobs.embodiedG) / 1_000,
    money,
    comparable: money + (carbonPricePerKg * locationG) / 1_000 + waitPricePerHour * sum(jobs.lateSlots) * hours,
    waitHoursMean: placed === 0 ? 0 : (sum(waits) * hours) / placed,
    waitHoursP95: (waits[Math.ceil(0.95 * placed) - 1] ?? 0) * hours,
    makespanHours: workload.count === 0 ? 0 : Math.max(0, lastEnd - (workload.release[0] as number)) * hours,
    utilisationPercent: there === 0 ? 0 : (100 * held) / there,
    absorbedPercent: curtailable === 0 ? Number.NaN : (100 * absorbed) / curtailable,
    starts: sum(slots.starts),
    stops: sum(jobs.stops),
    moved,
  };
}
