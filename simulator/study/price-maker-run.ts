/**
 * Price-maker run: a study whose fleet is so large that its own load moves the price and the carbon that it is placed by.
 *
 * Owns the loop between the placement of a study and the zones it lies in: place, add up the load by zone and hour, move
 * the signals, place again, until the load stands on the signals it makes. Every run settles in a world of its own; it is
 * accounted on the signals that its own load makes, settled or not.
 */
import type { ExchangeRates } from '../../energy-oracle/grid/price.ts';
import { type SettleOptions, settleTogether } from '../grid/price-maker.ts';
import type { Zone } from '../grid/zone.ts';
import { ran, type StudyRun } from './run.ts';
import { type Study, slotStart } from './study.ts';
import { withSignals } from './truth.ts';
import { traceOf } from './zones.ts';

/** What moves under a study's fleet. */
export interface PriceMaking {
  /** By name; each covers the study, its lead and its tail. */
  readonly zones: ReadonlyMap<string, Zone>;
  readonly rates: ExchangeRates;
}

/** Placements until a loop gives up: each is a whole run of the study. */
export const placementsMax = 20;
/** A residual is settled below this share of what the fleet in moving zones can draw: no record is exacter. */
const toleranceShare = 0.001;
/** Nor is less than this told apart, kW. */
const toleranceLeastKw = 1;

/** A run and the study as it was under that run's own load. */
export interface SettledRun {
  readonly run: StudyRun;
  readonly study: Study;
}

/**
 * Settles a run of a study with its zones. Calls `place` at most `placementsMax` times, unless told otherwise.
 *
 * The load is what jobs draw from the grid, on average over each hour of the zone; history and what lies behind the study
 * are without it.
 *
 * @param place  a run of the study under given signals: the same signals, the same run
 */
export function runMoving(
  study: Study,
  { zones, rates }: PriceMaking,
  place: (study: Study) => StudyRun,
  options: SettleOptions = {},
): SettledRun {
  const moving = [...zones.values()];
  const runOf = new Map<readonly (readonly number[])[], StudyRun>();
  const { loadsKw, kind, iterations, residualKw } = settleTogether(
    moving,
    (signals) => {
      const run = place(withSignals(study, signals, rates));
      const loads = moving.map((zone) => loadIn(study, run, zone));
      runOf.set(loads, run);
      return loads;
    },
    { iterationsMax: placementsMax, toleranceKw: toleranceOf(study, zones), ...options },
  );
  const made = moving.map((zone, at) =>
    traceOf(
      zone,
      (loadsKw[at] as readonly number[]).map((kw) => kw / 1_000),
    ),
  );
  const world = withSignals(study, made, rates);
  const { runs, policy, forecaster } = runOf.get(loadsKw) as StudyRun;
  return { study: world, run: { ...ran(world, runs, policy, forecaster), convergence: { kind, iterations, residualKw } } };
}

const toleranceOf = ({ sites }: Study, zones: ReadonlyMap<string, Zone>): number =>
  Math.max(
    toleranceLeastKw,
    sites.reduce(
      (sum, { zone, accelerators, kwPerAccelerator }) => sum + (zones.has(zone) ? toleranceShare * accelerators * kwPerAccelerator : 0),
      0,
    ),
  );

/** What the jobs of a run draw from the grid in a zone, kW on average by hour of the zone. O(sites × slots). */
function loadIn(study: Study, { accounts }: StudyRun, { trace, start, stepMs, count }: Zone): number[] {
  const load = new Array<number>(count).fill(0);
  const width = study.slots + study.tail;
  const part = study.slotMs / stepMs;
  study.sites.forEach(({ zone }, site) => {
    if (zone !== trace.zone) return;
    for (let slot = 0; slot < width; slot++) {
      const hour = Math.floor((slotStart(study, slot) - start) / stepMs);
      if (hour >= 0 && hour < count) load[hour] = (load[hour] as number) + part * (accounts.slots.gridKw[site * width + slot] as number);
    }
  });
  return load;
}
