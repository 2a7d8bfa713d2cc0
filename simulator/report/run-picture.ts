/**
 * Run picture: what is kept of a run to draw it, when the run itself is let go.
 *
 * Slots are gathered to places of time that a chart can show, so a year takes no more room than a week. Jobs are kept as one
 * wait and one saving each.
 */
import { DAY, type DurationMs, HOUR, type Instant } from '../../units/time.ts';
import type { StudyRun } from '../study/run.ts';
import { type Study, slotStart } from '../study/study.ts';

export interface RunPicture {
  readonly policy: string;
  /** Average power of the jobs by source, kW, one per place of time. */
  readonly curtailedKw: readonly number[];
  readonly exportableKw: readonly number[];
  readonly gridKw: readonly number[];
  /** Jobs that start by place and site, where any does. */
  readonly starts: readonly { readonly place: number; readonly site: number; readonly jobs: number }[];
  /** Of each job that was placed, h. */
  readonly waitHours: Float64Array;
  /** Of each job that ran here and under the baseline, gCO2eq on account (a); none of the baseline itself. */
  readonly savedG: Float64Array;
}

/** A signal over the places of time. */
export interface SignalPicture {
  readonly label: string;
  /** Lowest and highest of the sites. */
  readonly low: readonly (number | undefined)[];
  readonly high: readonly (number | undefined)[];
  /** By site, then by place; `undefined` where nobody knows. */
  readonly bySite: readonly (readonly (number | undefined)[])[];
}

/** What all runs of a seed share. */
export interface StudyPicture {
  readonly seed: number;
  readonly stepMs: DurationMs;
  readonly at: readonly Instant[];
  readonly carbon: SignalPicture;
  readonly price: SignalPicture;
}

/** Places of time that a chart shows at most, about. */
const placesMost = 250;

/** Slots from the start to the last deadline. */
const slotsShown = ({ slots, tail, workload }: Study): number =>
  Math.min(
    slots + tail,
    workload.end.reduce((last, end) => Math.max(last, end), slots),
  );

/** A step of whole slots with which the study has few enough places. */
const stepOf = (slots: number, slotMs: DurationMs): DurationMs =>
  [slotMs, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY].find((step) => step >= slotMs && (slots * slotMs) / step <= placesMost) ??
  2 * DAY;

/** Gathers signals from the start to the last deadline. O(sites × slots). */
export function pictureOfStudy(study: Study): StudyPicture {
  const { truth, currency } = study;
  const slots = slotsShown(study);
  const stepMs = stepOf(slots, study.slotMs);
  const perStep = stepMs / study.slotMs;
  const places = Math.ceil(slots / perStep);
  const signal = (label: string, values: Float64Array): SignalPicture => {
    const bySite = study.sites.map((_, site) =>
      Array.from({ length: places }, (__, place) => {
        const from = site * truth.slots + truth.lead + place * perStep;
        const known = values.subarray(from, from + Math.min(perStep, slots - place * perStep)).filter((value) => !Number.isNaN(value));
        return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value, 0) / known.length;
      }),
    );
    const across = (pick: (...values: number[]) => number) =>
      Array.from({ length: places }, (_, place) => {
        const known = bySite.flatMap((row) => row[place] ?? []);
        return known.length === 0 ? undefined : pick(...known);
      });
    return { label, low: across(Math.min), high: across(Math.max), bySite };
  };
  return {
    seed: study.seed,
    stepMs,
    at: Array.from({ length: places }, (_, place) => slotStart(study, place * perStep)),
    carbon: signal('gCO2eq/kWh', truth.carbonIntensity),
    price: signal(`${currency}/MWh`, truth.price),
  };
}

/** Gathers a run over the same places. O(jobs + sites × slots). */
export function pictureOfRun(study: Study, run: StudyRun, baseline: StudyRun | undefined, { stepMs, at }: StudyPicture): RunPicture {
  const { sites, slotMs } = study;
  const [width, perStep, slots] = [study.slots + study.tail, stepMs / slotMs, slotsShown(study)];
  const { curtailedKw, exportableKw, gridKw, starts } = run.accounts.slots;
  const mean = (columns: Float64Array) =>
    at.map((_, place) => {
      const [from, to] = [place * perStep, Math.min(slots, (place + 1) * perStep)];
      let sum = 0;
      for (let site = 0; site < sites.length; site++)
        for (let slot = from; slot < to; slot++) sum += columns[site * width + slot] as number;
      return sum / (to - from);
    });
  const begun = sites.flatMap((_, site) =>
    at.flatMap((__, place) => {
      let jobs = 0;
      for (let slot = place * perStep; slot < Math.min(slots, (place + 1) * perStep); slot++) jobs += starts[site * width + slot] as number;
      return jobs > 0 ? [{ place, site, jobs }] : [];
    }),
  );
  const placed = Array.from(run.runs.site.keys()).filter((job) => (run.runs.site[job] as number) >= 0);
  const other = baseline === run ? undefined : baseline;
  const pairs = other ? placed.filter((job) => (other.runs.site[job] as number) >= 0) : [];
  const { waitSlots, locationG } = run.accounts.jobs;
  return {
    policy: run.policy,
    curtailedKw: mean(curtailedKw),
    exportableKw: mean(exportableKw),
    gridKw: mean(gridKw),
    starts: begun,
    waitHours: Float64Array.from(placed, (job) => ((waitSlots[job] as number) * slotMs) / HOUR),
    savedG: Float64Array.from(pairs, (job) => (other?.accounts.jobs.locationG[job] as number) - (locationG[job] as number)),
  };
}
