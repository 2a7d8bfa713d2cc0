/**
 * EuroSys'24: how much carbon moving a job in space or time saves at most, over 123 zones and every hour of 2022.
 *
 * Sukprasert, Souza, Bashir, Irwin, Shenoy: "On the Limitations of Carbon-Aware Temporal and Spatial Workload Shifting
 * in the Cloud", EuroSys 2024. Jobs of one kW and whole hours, no transfer cost, perfect knowledge.
 */
import type { ZoneTable } from '../traces/importers/zone-table.ts';
import { cheapestSlots, ranked } from './cheapest-slots.ts';
import type { PublishedResult } from './published-result.ts';

/** Part of the world that a zone of the paper lies in; ZA alone is in Africa and counts in `Global` only. */
export const groups = ['Asia', 'Americas', 'Global', 'Europe', 'Oceania'] as const;
export type Group = (typeof groups)[number];

const asia = new Set(['HK', 'ID', 'IL', 'IN', 'JP', 'KR', 'SG', 'TR', 'TW']);
const americas = new Set(['BR', 'CA', 'CL', 'PA', 'PE', 'US', 'UY']);
const oceania = new Set(['AU', 'NZ']);
const africa = new Set(['ZA']);

/** The paper's grouping of zones, by the country their name begins with. */
export function isIn(group: Group, zone: string): boolean {
  const country = zone.slice(0, 2);
  if (group === 'Global') return true;
  if (group === 'Asia') return asia.has(country);
  if (group === 'Americas') return americas.has(country);
  if (group === 'Oceania') return oceania.has(country);
  return !asia.has(country) && !americas.has(country) && !oceania.has(country) && !africa.has(country);
}

const meanOf = (values: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] as number;
  return sum / values.length;
};

/** Where every zone's jobs may go, destinations of any capacity; gCO2eq/kWh. */
export interface SpatialShift {
  /** Mean over zones and hours when nobody moves. */
  readonly stay: number;
  /** All in the zone whose yearly mean is least. */
  readonly oneMigration: number;
  /** Each hour in the zone where that hour is least. */
  readonly unlimitedMigration: number;
}

/** Jobs and destinations of one group of zones; O(zones × hours). */
export function spatialShift({ hours, intensity }: ZoneTable, group: Group = 'Global'): SpatialShift {
  const zones = [...intensity].filter(([zone]) => isIn(group, zone)).map(([, values]) => values);
  const means = zones.map(meanOf);
  let leastSum = 0;
  for (let hour = 0; hour < hours; hour++) leastSum += Math.min(...zones.map((values) => values[hour] as number));
  return { stay: meanOf(means), oneMigration: Math.min(...means), unlimitedMigration: leastSum / hours };
}

/**
 * Mean intensity when an idle share of every zone can take guests and the greenest are filled first, gCO2eq/kWh.
 *
 * @param idle  share of each zone that is idle, 0 to below 1
 * @param inWholeZones  as released: work is counted in parts of one zone in as many as there are zones, rounded down
 */
export function idleCapacityShift({ intensity }: ZoneTable, idle: number, inWholeZones: boolean): number {
  const means = [...intensity.values()].map(meanOf).sort((a, b) => a - b);
  const zones = means.length;
  const work = inWholeZones ? Math.trunc(zones * (1 - idle)) : zones * (1 - idle);
  let sum = 0;
  for (let left = work, zone = 0; left > 0; left--, zone++) sum += Math.min(1, left) * (means[zone] as number);
  return sum / work;
}

/** Lengths and slacks of the paper, hours. A slack of a year means: until the year ends. */
export const jobHours = [1, 6, 12, 24, 48, 96, 168] as const;
export const slackHours = [24, 168, 480, 720, 8_760] as const;

/** A zone and length whose file was empty when the paper's means were taken. */
const emptyThen = { zone: 'SE-SE1', jobHours: 168 } as const;

export interface TemporalOptions {
  /** As released: each window's optimum rounded to two decimals. */
  readonly roundsOptima: boolean;
  /** As printed: without the one result that was empty then. */
  readonly leavesOutEmpty: boolean;
}

/**
 * What an interruptible job saves by waiting, gCO2eq/kWh by group: the mean over starts, then zones, then job lengths.
 *
 * Saved is a start at once less the cheapest hours of [start, start + slack + length), cut at the year's end, per hour of
 * the job. O(zones × lengths × hours).
 */
export function temporalShift(
  { hours, intensity }: ZoneTable,
  slack: number,
  { roundsOptima, leavesOutEmpty }: TemporalOptions,
): Readonly<Record<Group, number>> {
  const sums = Object.fromEntries(groups.map((group) => [group, jobHours.map(() => ({ saved: 0, zones: 0 }))])) as Record<
    Group,
    { saved: number; zones: number }[]
  >;
  for (const [zone, values] of intensity) {
    const ranks = ranked(values);
    for (const [at, length] of jobHours.entries()) {
      if (leavesOutEmpty && zone === emptyThen.zone && length === emptyThen.jobHours) continue;
      const isEndless = slack >= hours;
      const starts = isEndless ? hours - length + 1 : hours - length;
      const best = cheapestSlots(ranks, length, isEndless ? hours : slack + length, starts);
      const saved = savedOf(values, length, best, roundsOptima);
      for (const group of groups) {
        const sum = isIn(group, zone) ? sums[group][at] : undefined;
        if (!sum) continue;
        sum.saved += saved;
        sum.zones++;
      }
    }
  }
  return Object.fromEntries(groups.map((group) => [group, meanOf(sums[group].map(({ saved, zones }) => saved / zones))])) as Record<
    Group,
    number
  >;
}

/** Mean over starts of what starting at once costs above the best, per hour of the job. */
function savedOf(values: Float64Array, length: number, best: Float64Array, roundsOptima: boolean): number {
  let atOnce = 0;
  for (let hour = 0; hour < length; hour++) atOnce += values[hour] as number;
  let saved = 0;
  for (let start = 0; start < best.length; start++) {
    const least = best[start] as number;
    saved += atOnce - (roundsOptima ? Math.round(least * 100) / 100 : least);
    atOnce += ((values[start + length] as number | undefined) ?? 0) - (values[start] as number);
  }
  return saved / best.length / length;
}

/** Saved by migration, gCO2eq/kWh, as released (`savings_mean.csv`): in the order of `groups`. */
const migrationSaved = {
  one: [159.6915839041096, 355.9370913635648, 352.4758895107102, 281.2426610096398, 334.3880459882584],
  unlimited: [167.57416495433787, 357.2897500393639, 353.56610197737746, 282.27142356671743, 334.6522526092628],
} as const;

/** Mean intensity with idle capacity, gCO2eq/kWh, by idle share. */
const idleMeans = [
  { idle: 0, mean: 368.3755 },
  { idle: 0.5, mean: 178.6571 },
  { idle: 0.99, mean: 15.8996 },
] as const;

/** Saved by waiting, gCO2eq/kWh, as released (`emissions.csv`): by slack, in the order of `groups`. */
const waitingSaved: Readonly<Record<(typeof slackHours)[number], readonly number[]>> = {
  24: [16.11551234803768, 30.598677155378095, 32.33579708869272, 36.01367262692945, 52.841254040759736],
  168: [30.942927000637926, 65.03502087232951, 69.9328078563582, 82.08259183264609, 103.48407261266466],
  480: [39.0833565859354, 85.61778434567539, 92.34661011044103, 110.55681123256714, 127.93495715229612],
  720: [42.28695739694598, 93.57038136513177, 100.70910903947807, 120.9266995034168, 136.08294779557897],
  8760: [60.08273215847735, 126.8692219846437, 134.86791745764586, 157.57324376370477, 188.51387114514202],
};

/** Differences of less are the order of additions. */
const relative = 1e-6;

/** Every released number of the paper's spatial and temporal tables beside ours, in the paper's order. */
export function* eurosys24Results(table: ZoneTable): Generator<PublishedResult> {
  const unit = 'gCO2eq/kWh';
  for (const [at, group] of groups.entries()) {
    const { stay, oneMigration, unlimitedMigration } = spatialShift(table, group);
    const saved = { one: stay - oneMigration, unlimited: stay - unlimitedMigration };
    for (const kind of ['one', 'unlimited'] as const)
      yield {
        what: `saved by ${kind} migration, ${group}`,
        unit,
        mode: 'compat',
        theirs: migrationSaved[kind][at],
        ours: saved[kind],
        tolerance: { relative },
      };
  }
  for (const { idle, mean } of idleMeans) {
    const what = `mean intensity at ${100 * idle} % idle capacity`;
    const ours = idleCapacityShift(table, idle, true);
    yield { what, unit, mode: 'compat', theirs: mean, ours, tolerance: { absolute: 5e-5 } };
    const strict = idleCapacityShift(table, idle, false);
    if (idle === 0) continue;
    const why = 'the released program rounds the work of a zone down to 123rds of a zone';
    yield { what, unit, mode: 'strict', theirs: undefined, ours: strict, tolerance: { relative }, why };
  }
  for (const slack of slackHours) {
    const printed = temporalShift(table, slack, { roundsOptima: true, leavesOutEmpty: slack === 24 });
    const whole = slack === 24 ? temporalShift(table, slack, { roundsOptima: false, leavesOutEmpty: false }) : undefined;
    for (const [at, group] of groups.entries()) {
      const what = `saved by waiting with ${slack} h of slack, ${group}`;
      yield { what, unit, mode: 'compat', theirs: waitingSaved[slack][at], ours: printed[group], tolerance: { relative } };
      if (!whole || Math.abs(whole[group] - printed[group]) <= relative * printed[group]) continue;
      const why = `the file of ${emptyThen.zone} at ${emptyThen.jobHours} h was empty when the means were taken`;
      yield { what, unit, mode: 'strict', theirs: undefined, ours: whole[group], tolerance: { relative }, why };
    }
  }
}
