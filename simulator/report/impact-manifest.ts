/**
 * Impact manifest: runs as a manifest of the Green Software Foundation's Impact Framework, which recomputes their carbon.
 *
 * A tree of policies, a child per site, an input per hour (or day, week, all): energy from the grid, its energy-weighted intensity, and
 * the carbon of data that moved there. Surplus carries no operational carbon and is told beside it. Only plugins that the
 * framework brings are used, so anybody can run it: `npx @grnsft/if` has nothing to trust here.
 */
import { DAY, type DurationMs, HOUR, type Instant, toIso } from '../../units/time.ts';
import type { StudyRun } from '../study/run.ts';
import { type Study, slotStart } from '../study/study.ts';
import { slotsTold } from './slot-rows.ts';

/** Energy and carbon of a run by site and step, as sums. */
export interface ImpactRun {
  readonly policy: string;
  readonly start: Instant;
  readonly stepMs: DurationMs;
  /** Steps that hold anything. */
  readonly steps: number;
  readonly sites: readonly ImpactSite[];
}

interface ImpactSite {
  readonly id: string;
  readonly gridKwh: Float64Array;
  readonly surplusKwh: Float64Array;
  /** Grid energy × average intensity. */
  readonly operationalG: Float64Array;
  readonly transferG: Float64Array;
  readonly embodiedG: Float64Array;
}

/** Inputs that a manifest may have before its steps grow longer. */
const inputsMost = 25_000;

/** The shortest of an hour, a day, a week and all with which `runs` runs of a study keep the manifest small; whole slots. */
export function impactStepOf({ slots, tail, slotMs, sites }: Study, runs: number): DurationMs {
  const all = (slots + tail) * slotMs;
  return [HOUR, DAY, 7 * DAY].find((step) => (all / step) * sites.length * runs <= inputsMost) ?? all;
}

/** Adds up a run; carbon of a transfer stands where and when the job starts. O(jobs + sites × slots). */
export function impactOf(study: Study, run: StudyRun, stepMs: DurationMs): ImpactRun {
  const { sites, truth, slotMs, workload, terms } = study;
  const width = study.slots + study.tail;
  const [told, perStep, hours] = [slotsTold(study, run), stepMs / slotMs, slotMs / HOUR];
  const steps = Math.ceil(told / perStep);
  const column = () => new Float64Array(Math.ceil(width / perStep));
  const { held, gridKw, curtailedKw, exportableKw } = run.accounts.slots;
  const sums = sites.map(
    ({ id }): ImpactSite => ({
      id,
      gridKwh: column(),
      surplusKwh: column(),
      operationalG: column(),
      transferG: column(),
      embodiedG: column(),
    }),
  );
  const add = (to: Float64Array, step: number, value: number) => {
    to[step] = (to[step] as number) + value;
  };
  sums.forEach(({ gridKwh, surplusKwh, operationalG, embodiedG }, site) => {
    for (let slot = 0; slot < told; slot++) {
      const [step, at] = [Math.floor(slot / perStep), site * width + slot];
      const kwh = (gridKw[at] as number) * hours;
      add(surplusKwh, step, ((curtailedKw[at] as number) + (exportableKw[at] as number)) * hours);
      add(embodiedG, step, (held[at] as number) * hours * terms.embodiedGPerAcceleratorHour);
      if (kwh === 0) continue; // where nothing is drawn the intensity may not be known
      add(gridKwh, step, kwh);
      add(operationalG, step, kwh * (truth.carbonIntensity[site * truth.slots + truth.lead + slot] as number));
    }
  });
  for (let job = 0; job < workload.count; job++) {
    const site = run.runs.site[job] as number;
    if (site < 0 || site === workload.home[job]) continue;
    const { transferG } = sums[site] as ImpactSite;
    add(transferG, Math.floor((run.runs.start[job] as number) / perStep), (workload.gigabytes[job] as number) * terms.transferGPerGb);
  }
  return { policy: run.policy, start: slotStart(study, 0), stepMs, steps, sites: sums };
}

const gram = (description: string) => ({ unit: 'gCO2eq', description, 'aggregation-method': { time: 'sum', component: 'sum' } });
const kwh = (description: string) => ({ unit: 'kWh', description, 'aggregation-method': { time: 'sum', component: 'sum' } });

const plugins = {
  operational: {
    method: 'Multiply',
    path: 'builtin',
    config: { 'input-parameters': ['energy', 'grid/carbon-intensity'], 'output-parameter': 'carbon-operational' },
    'parameter-metadata': {
      inputs: {
        energy: kwh('energy drawn from the grid'),
        'grid/carbon-intensity': {
          unit: 'gCO2eq/kWh',
          description: 'average intensity of the zone, weighted by energy',
          'aggregation-method': { time: 'none', component: 'none' },
        },
      },
      outputs: { 'carbon-operational': gram('grid energy × average intensity') },
    },
  },
  together: {
    method: 'Sum',
    path: 'builtin',
    config: { 'input-parameters': ['carbon-operational', 'carbon-transfer'], 'output-parameter': 'carbon' },
    'parameter-metadata': {
      inputs: {
        'carbon-operational': gram('grid energy × average intensity'),
        'carbon-transfer': gram('moving the data of jobs that start here'),
        // not added up, but told by all levels
        'carbon-embodied': gram('account (d): share of making the accelerators'),
        'energy-surplus': kwh('surplus of the site itself that was used'),
      },
      outputs: { carbon: gram('account (a): operational carbon and transfer; embodied carbon stands apart') },
    },
  },
};

/** The manifest of runs with one seed, ready to be written as YAML. */
export function impactManifest(name: string, seed: number, runs: readonly ImpactRun[]): object {
  const steps = Math.max(0, ...runs.map((run) => run.steps)); // components must share their times
  return {
    name,
    description: `Simulated with seed ${seed}: a child per policy, one below it per site. Policies are alternatives: do not add them up.`,
    tags: { kind: 'simulation', category: 'on-premise' },
    aggregation: {
      metrics: ['energy', 'energy-surplus', 'carbon-operational', 'carbon-transfer', 'carbon', 'carbon-embodied'],
      type: 'both',
    },
    initialize: { plugins },
    tree: {
      children: Object.fromEntries(
        runs.map(({ policy, start, stepMs, sites }) => [
          policy,
          {
            pipeline: { compute: Object.keys(plugins) },
            children: Object.fromEntries(
              sites.map((site) => [site.id, { inputs: Array.from({ length: steps }, (_, step) => inputOf(site, start, stepMs, step)) }]),
            ),
          },
        ]),
      ),
    },
  };
}

function inputOf(
  { gridKwh, surplusKwh, operationalG, transferG, embodiedG }: ImpactSite,
  start: Instant,
  stepMs: DurationMs,
  step: number,
) {
  const energy = gridKwh[step] ?? 0;
  return {
    timestamp: toIso(start + step * stepMs),
    duration: stepMs / 1_000,
    energy,
    'grid/carbon-intensity': energy === 0 ? 0 : (operationalG[step] as number) / energy,
    'energy-surplus': surplusKwh[step] ?? 0,
    'carbon-transfer': transferG[step] ?? 0,
    'carbon-embodied': embodiedG[step] ?? 0,
  };
}
