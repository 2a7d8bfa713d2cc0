/**
 * Study: what policies are compared on. Sites and jobs as columns over one grid of slots, and what is true of them.
 *
 * A study holds decisions and energy only: no meters, no leases, no postings. That is what lets a year of a hundred
 * thousand jobs pass in seconds; `world.ts` runs the whole river. Columns are site × slot, index `site * slots + slot`.
 * A gap of a record is NaN here and closes its slot to everybody. The truth holds the future: policies see beliefs.
 */
import type { Site } from '../../energy-oracle/site.ts';
import type { Weights } from '../../scheduler/job.ts';
import type { DurationMs, Instant } from '../../units/time.ts';
import type { GridTrace } from '../traces/grid-trace.ts';

/** What is scarce at a place, and on which terms. One model of accelerator a site. */
export interface StudySite {
  readonly id: string;
  readonly zone: string;
  readonly accelerators: number;
  /** Draw of one held accelerator at the grid connection, PUE included, kW > 0. */
  readonly kwPerAccelerator: number;
  /** Most that may flow to the grid, kW ≥ 0. */
  readonly exportLimitKw: number;
  /** Accounting currency per MWh. */
  readonly feedInTariff: number;
  /** Asked for an accelerator that is held, accounting currency per hour ≥ 0. */
  readonly askPerAcceleratorHour: number;
  /** Its place and its panels, for those who model the sun; nowhere and none when it has none. */
  readonly plant: Pick<Site, 'latitude' | 'longitude' | 'pv'>;
  /** When the prices of its zone become known. */
  readonly market: Pick<GridTrace, 'timeZone' | 'priceIsDayAhead'>;
}

/** What truly happens, site × slot from `lead` slots before the study's start to `tail` after its end. */
export interface Truth {
  /** Slots before the start: what persistence and models may look back at. */
  readonly lead: number;
  /** Slots of a row: lead, the study, and the tail in which the last jobs run. */
  readonly slots: number;
  /** Accounting currency per MWh, may be negative. */
  readonly price: Float64Array;
  /** gCO2eq/kWh ≥ 0. */
  readonly carbonIntensity: Float64Array;
  /** gCO2eq/kWh, NaN where nobody knows it. */
  readonly marginalIntensity: Float64Array;
  /** Generation less own load, kW; below 0 a site has no surplus. */
  readonly netKw: Float64Array;
}

/** Jobs in order of arrival; slots count from the study's start. */
export interface Workload {
  readonly count: number;
  readonly id: readonly string[];
  /** First slot after its arrival. */
  readonly release: Int32Array;
  /** Whole slots it holds its accelerators. */
  readonly length: Int32Array;
  /** One past the last slot it may use. */
  readonly end: Int32Array;
  readonly accelerators: Int32Array;
  readonly isInterruptible: Uint8Array;
  /** Index of the site where its data lie and where it would have run. */
  readonly home: Int32Array;
  readonly gigabytes: Float64Array;
}

/** What moving a GB to another site, stopping and waiting come to. */
export interface StudyTerms {
  /** Of all jobs alike. */
  readonly weights: Weights;
  /** Accounting currency and gCO2eq per GB that leaves its home. */
  readonly transferPricePerGb: number;
  readonly transferGPerGb: number;
  /** Accounting currency per accelerator and interruption. */
  readonly restartCost: number;
  /** gCO2eq per accelerator-hour that is held: the part of its making; 0 when nobody says. */
  readonly embodiedGPerAcceleratorHour: number;
}

export interface Study {
  readonly name: string;
  readonly seed: number;
  readonly start: Instant;
  readonly slotMs: DurationMs;
  /** Slots in which jobs arrive, and those after them in which the last ones run. */
  readonly slots: number;
  readonly tail: number;
  /** Slots from one planning to the next, and how far ahead it looks. */
  readonly cycleSlots: number;
  readonly horizonSlots: number;
  /** Slots that a job which missed its deadline gets to run in after all: everybody does the same work. */
  readonly graceSlots: number;
  readonly currency: string;
  readonly sites: readonly StudySite[];
  /** Accelerators that may be held, site × slot with the tail, where calls leave fewer than there are; else absent. */
  readonly capacity?: Int32Array | undefined;
  readonly truth: Truth;
  readonly workload: Workload;
  readonly terms: StudyTerms;
}

/** Where the jobs of a study ran under a policy; columns by job. */
export interface Runs {
  /** Index of the site; −1 when it found no room in the whole study. */
  readonly site: Int32Array;
  /** First slot it held. */
  readonly start: Int32Array;
  /** Accelerators slot by slot from `start` where it paused; else it held all of them for `length` slots. */
  readonly pattern: ReadonlyMap<number, Uint16Array>;
}

/** One past the last slot a job held. */
export const endOf = ({ length }: Workload, { start, pattern }: Runs, job: number): number =>
  (start[job] as number) + (pattern.get(job)?.length ?? (length[job] as number));

/** Instant at which a slot of the study starts. */
export const slotStart = ({ start, slotMs }: Pick<Study, 'start' | 'slotMs'>, slot: number): Instant => start + slot * slotMs;
