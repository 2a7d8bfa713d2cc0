/**
 * Prepare: a scenario, its records and a seed become a study.
 *
 * Owns what a site's text means (draws, panels, own load) and how far before and behind the study records are needed.
 * Every seed draws its own homes, data, noise and, where grids or work are drawn, its own weather and arrivals.
 */
import type { ExchangeRates } from '../../energy-oracle/grid/price.ts';
import type { Site } from '../../energy-oracle/site.ts';
import { kilowatts } from '../../units/quantity.ts';
import { DAY, type DurationMs, HOUR, type Interval } from '../../units/time.ts';
import { ownLoadKw } from '../plant/load.ts';
import { pvPowerKw } from '../plant/pv-plant.ts';
import { demoRates, demoSites } from '../scenario.ts';
import type { ScenarioFile, SiteFile } from '../scenario-file.ts';
import { cloudCoverOf, type GridTrace } from '../traces/grid-trace.ts';
import type { JobTrace } from '../traces/job-trace.ts';
import { capacityUnder } from './calls.ts';
import type { PriceMaking } from './price-maker-run.ts';
import type { Study, StudySite, Truth } from './study.ts';
import { type NetKw, truthOf } from './truth.ts';
import { drawWork, workloadOf } from './workload.ts';
import type { ZoneTrace } from './zones.ts';

/** Records begin so long before a study: what persistence looks back at, and what models learn from. */
const leadMs = { persistence: 8 * DAY, trained: 120 * DAY };
/** Drawn grids begin so long before a study whoever forecasts: the same seed is the same weather for all of them. */
export const drawnLeadMs = Math.max(...Object.values(leadMs));
const leadMsOf = ({ forecaster }: ScenarioFile): DurationMs => (forecaster === 'trained' ? leadMs.trained : leadMs.persistence);
/** A job that missed its deadline gets so long to run in after all. */
const graceMs: DurationMs = DAY;
/** Cloud cover where nobody looked. */
const unknownCloudCover = 0.5;
/** What the six demo sites offer to a study: their accelerators of this model. */
export const demoModel = 'A100';

/** A site before its zone's records are known. */
interface Placed {
  readonly site: Omit<StudySite, 'market'>;
  readonly netKw: (trace: GridTrace) => NetKw;
}

/** Zones that a scenario's sites lie in, each once. */
export const zonesOf = ({ sites }: ScenarioFile): readonly string[] => [
  ...new Set(sites === 'demo' ? demoSites(0).map(({ site }) => site.zone) : sites.map(({ zone }) => zone)),
];

/** Jobs of a scenario for one seed: the trace that was read, or work that is drawn. */
export const jobsOf = ({ jobs, for: durationMs }: ScenarioFile, read: JobTrace | undefined, seed: number): JobTrace => {
  if (read) return read;
  const { per_hour, length, length_spread, length_max, accelerators } = jobs.drawn ?? defaultWork;
  const work = { jobsPerHour: per_hour, lengthMedianMs: length, lengthSpread: length_spread, lengthMaxMs: length_max, accelerators };
  return drawWork(work, durationMs, seed);
};
const defaultWork = { per_hour: 6, length: HOUR, length_spread: 1, length_max: DAY, accelerators: [1, 1, 2, 4] };

/** Longest that any job may hold on, from release to the end of its grace, in whole slots: how far plans look ahead. */
function horizonMsOf({ jobs, slot, for: durationMs }: ScenarioFile, trace: JobTrace): DurationMs {
  let most = 0;
  for (const { at, lengthMs } of trace) {
    if (at >= durationMs) continue;
    const slack = lengthMs < jobs.slack.short_under ? jobs.slack.short : jobs.slack.long;
    most = Math.max(most, Math.ceil(lengthMs / slot) * slot + slack);
  }
  return most + graceMs + slot;
}

/** What the records of a scenario must cover, so that its last jobs can run. */
export function recordsNeeded(scenario: ScenarioFile, trace: JobTrace): Interval {
  const { from, for: durationMs } = scenario;
  return { start: from - leadMsOf(scenario), end: Math.ceil((from + durationMs + horizonMsOf(scenario, trace)) / HOUR) * HOUR };
}

export interface Prepared {
  readonly study: Study;
  /** Jobs that no site is wide enough for: left out. */
  readonly tooWide: number;
  /** The zones that the fleet's load moves; absent when it moves none. */
  readonly making?: PriceMaking;
  /** What the study's truth was made of. */
  readonly traces: readonly GridTrace[];
  readonly rates: ExchangeRates;
}

/** @throws RangeError for a zone without a trace or a currency without a rate */
export function prepare(scenario: ScenarioFile, traces: readonly ZoneTrace[], trace: JobTrace, seed: number): Prepared {
  const { slot: slotMs, from: start } = scenario;
  const placed = scenario.sites === 'demo' ? demoPlaced(seed) : scenario.sites.map((site) => placedOf(site, seed));
  const zoned = placed.map(({ site, netKw }) => {
    const of = traces.find(({ zone }) => zone === site.zone);
    if (!of) throw new RangeError(`no records of zone ${site.zone}; there are: ${traces.map(({ zone }) => zone).join(', ')}`);
    return { site: { ...site, market: of } satisfies StudySite, trace: of, netKw: netKw(of) };
  });
  const sites = zoned.map(({ site }) => site);
  const slots = scenario.for / slotMs;
  const horizonSlots = Math.ceil(horizonMsOf(scenario, trace) / slotMs);
  const rates = ratesOf(scenario);
  const truth: Truth = truthOf({ start, slotMs, lead: leadMsOf(scenario) / slotMs, slots: slots + horizonSlots, sites: zoned, rates });
  const { jobs } = scenario;
  const rule = {
    slack: { shortUnderMs: jobs.slack.short_under, shortMs: jobs.slack.short, longMs: jobs.slack.long },
    interruptibleShare: jobs.interruptible,
    dataGbMedian: jobs.data.median_gb,
    dataGbSpread: jobs.data.spread,
    homes: jobs.homes,
  };
  const { workload, tooWide } = workloadOf(trace, 'job', { seed, slotMs, slots, sites }, rule);
  const study: Study = {
    name: scenario.name,
    seed,
    start,
    slotMs,
    slots,
    tail: horizonSlots,
    cycleSlots: scenario.cycle / slotMs,
    horizonSlots,
    graceSlots: graceMs / slotMs,
    currency: scenario.currency,
    sites,
    capacity: capacityUnder(
      { start, slotMs, slots, tail: horizonSlots, sites },
      zoned.map(({ trace }) => trace.calls ?? []),
    ),
    truth,
    workload,
    terms: {
      weights: scenario.optimize,
      transferPricePerGb: scenario.network.price_per_gb,
      transferGPerGb: scenario.network.g_per_gb,
      restartCost: scenario.restart_cost,
      embodiedGPerAcceleratorHour: scenario.embodied_g_per_accelerator_hour,
    },
  };
  return { study, tooWide, traces, rates };
}

/** The rates that the user gave; drawn grids in euros bring those of the year their statistics are of. */
export function ratesOf({ currency, rates, grid }: ScenarioFile): ExchangeRates {
  const isDemo = grid.records === undefined && Object.keys(grid.zones).length === 0 && currency === demoRates.accounting;
  return { accounting: currency, perUnit: { ...(isDemo ? demoRates.perUnit : {}), ...rates } };
}

const demoPlaced = (seed: number): Placed[] =>
  demoSites(seed).map(({ site, load }) => {
    const { count, drawKw } = site.accelerators.find(({ model }) => model === demoModel) as Site['accelerators'][number];
    return {
      site: {
        id: site.id,
        zone: site.zone,
        accelerators: count,
        kwPerAccelerator: drawKw * site.pue,
        exportLimitKw: site.exportLimitKw,
        feedInTariff: site.feedInTariff,
        askPerAcceleratorHour: 0,
        plant: { latitude: site.latitude, longitude: site.longitude, pv: site.pv },
      },
      netKw: plantOf(site, load, seed),
    };
  });

function placedOf(file: SiteFile, seed: number): Placed {
  const [latitude, longitude] = file.place ?? [0, 0];
  const pv = file.pv.map(({ peak, tilt, azimuth }) => ({ peakKw: kilowatts(peak), tiltDeg: tilt, azimuthDeg: azimuth }));
  const load = file.load && { shape: file.load.shape, meanKw: kilowatts(file.load.mean) };
  return {
    site: {
      id: file.id,
      zone: file.zone,
      accelerators: file.accelerators.count,
      kwPerAccelerator: file.draw * file.pue,
      exportLimitKw: file.export_limit,
      feedInTariff: file.feed_in_tariff,
      askPerAcceleratorHour: file.ask,
      plant: { latitude, longitude, pv },
    },
    netKw: plantOf({ id: file.id, latitude, longitude, pv }, load, seed),
  };
}

/** Panels under the clouds of the zone, less the site's own load. */
const plantOf =
  (site: Pick<Site, 'id' | 'latitude' | 'longitude' | 'pv'>, load: Parameters<typeof ownLoadKw>[1] | undefined, seed: number) =>
  (trace: GridTrace): NetKw => {
    const clouds = cloudCoverOf(trace, unknownCloudCover);
    return (interval) => {
      const pvKw = site.pv.length > 0 ? pvPowerKw(site, interval, clouds, seed) : 0;
      return pvKw - (load ? ownLoadKw(site, load, interval, seed) : 0);
    };
  };
