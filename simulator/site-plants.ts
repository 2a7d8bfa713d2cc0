/**
 * Site plants: what stands at each site of a scenario, put together from `plant/`.
 *
 * Owns which sites get which machinery: a battery where one is given, engines that fail where anything may go wrong, faults
 * where mishaps say so. A scenario without any of it gets none of it.
 */
import type { Executor } from '../scheduler/agent/executor.ts';
import type { JobStore } from '../scheduler/queue/job-store.ts';
import type { Clock } from '../units/clock.ts';
import type { DurationMs, Instant, Interval } from '../units/time.ts';
import { sitesNamed } from './mishaps.ts';
import { batteryHistory } from './plant/battery.ts';
import { createHazardEngine, type HazardEngine, type RunNature } from './plant/hazard-engine.ts';
import { ownLoadKw } from './plant/load.ts';
import type { Plant } from './plant/meter.ts';
import { pvPowerKw } from './plant/pv-plant.ts';
import { type SiteFaults, siteFaults } from './plant/site-faults.ts';
import { demoKey, type Scenario, type ScenarioSite } from './scenario.ts';

/** The mishaps of each site, edges on the grid of `stepMs`; `undefined` when nothing goes wrong. @throws RangeError when they name a site that is not there */
export function faultsOf({ sites, mishaps, seed, start }: Scenario, clock: Clock, stepMs: DurationMs): readonly SiteFaults[] | undefined {
  if (!mishaps) return undefined;
  const stranger = sitesNamed(mishaps).find((named) => !sites.some(({ site }) => site.id === named));
  if (stranger !== undefined) throw new RangeError(`mishaps name ${stranger}; there are ${sites.map(({ site }) => site.id).join(', ')}`);
  return sites.map(({ site }) => siteFaults({ site, mishaps, clock, seed, start, stepMs, stranger: demoKey(seed, `stranger/${site.id}`) }));
}

/** What may go wrong at the sites, and the engines that know what runs there; each in the order of the sites. */
export interface SiteEnds {
  readonly faults: readonly SiteFaults[] | undefined;
  readonly engines: readonly (HazardEngine | undefined)[];
}

/** Engines that fail and are metered, where anything fails or is metered; `undefined` elsewhere. */
export function enginesOf(
  {
    scenario,
    executor,
    jobs,
  }: {
    readonly scenario: Scenario;
    readonly executor: (site: string, clock: Clock) => Executor;
    readonly jobs: Pick<JobStore, 'run' | 'get'>;
  },
  clock: Clock,
): SiteEnds['engines'] {
  const { sites, mishaps, seed } = scenario;
  const natureOf = async (id: string, jobId: string): Promise<RunNature | undefined> => {
    const [run, job] = await Promise.all([jobs.run(id), jobs.get(jobId)]);
    if (!run || !job) return undefined;
    const { checkpoint } = job.spec;
    const restore = job.progress > 0 ? (checkpoint?.restoreCost ?? 0) : 0;
    return { model: run.model, accelerators: run.accelerators, checkpointEvery: checkpoint?.every, restore };
  };
  return sites.map(({ site, gridMeter }) =>
    mishaps || gridMeter
      ? createHazardEngine({
          executor: executor(site.id, clock),
          clock,
          site,
          seed,
          meanTimeToFailure: mishaps?.meanTimeToFailure,
          natureOf,
        })
      : undefined,
  );
}

/** What truly happens at a place: pure functions of time, but for what its accelerators draw. @throws RangeError for a battery that its site does not declare */
export function plantOf(
  { site, load, battery, gridMeter }: ScenarioSite,
  clouds: (instant: Instant) => number,
  engine: HazardEngine | undefined,
  { seed, start }: Pick<Scenario, 'seed' | 'start'>,
): Plant {
  if (battery && !site.battery) throw new RangeError(`${site.id} has a battery and does not declare it; use withBattery`);
  const pvKw = (interval: Interval) => pvPowerKw(site, interval, clouds, seed);
  const loadKw = (interval: Interval) => ownLoadKw(site, load, interval, seed);
  return {
    pvKw,
    loadKw,
    battery: battery && batteryHistory({ battery, start, pvKw, ownLoadKw: loadKw }),
    acceleratorsKw: engine && gridMeter && ((interval) => engine.drawKw(interval, gridMeter.idleAccelerators)),
  };
}
