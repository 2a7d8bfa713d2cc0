/**
 * The simulator under measure: published results, how fast policies are evaluated, a year of jobs, and laws. Beside each speed the plain way.
 *
 * Reads the public records (`SUNWARD_DATA`, else `../shared/data`). CPU time of one thread; medians of five.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { papers, recompute } from '../../cli/sim-paper.ts';
import { jobHours, slackHours, temporalShift } from '../../simulator/experiments/eurosys24.ts';
import {
  policies as gaiaPolicies,
  type Policy,
  runPolicy,
  tickTrace,
  type Workload,
  workloadOf,
} from '../../simulator/experiments/gaia.ts';
import { agrees } from '../../simulator/experiments/published-result.ts';
import { PolicyFault, policies } from '../../simulator/study/policy.ts';
import { importGaiaJobs } from '../../simulator/traces/importers/gaia-jobs.ts';
import { importZoneTable, type ZoneTable } from '../../simulator/traces/importers/zone-table.ts';
import { SECOND } from '../../units/time.ts';
import { Breach, checkLaws } from '../simulator/study/laws.ts';
import { rounded } from './forecast-grids.ts';
import type { Bar } from './main.ts';
import { determinismBar } from './sim-determinism.ts';
import { riverBars } from './sim-river.ts';
import { yearBars } from './sim-year.ts';

const folder = process.env['SUNWARD_DATA'] ?? '../shared/data';
const repeats = 5;
const tableSecondsMax = 10;
const policiesPerSecondMin = 1e6;
/** Runs of the workload in one measure: long enough for the clock. */
const workloadRuns = 200;

type Progress = (line: string) => void;

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] as number;

/** CPU seconds of the work, one thread. */
function cpuSeconds(work: () => void): number {
  const began = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1e6;
}

const medianSeconds = (work: () => void): number => median(Array.from({ length: repeats }, () => cpuSeconds(work)));

function zoneTable(): ZoneTable {
  return importZoneTable(gunzipSync(readFileSync(join(folder, 'zones-2022/eurosys_ci_2022_123zones.csv.gz'))).toString('utf8'));
}

/** Every number of every paper. */
function publishedBars(progress: Progress): Bar[] {
  return Object.keys(papers).map((name) => {
    const compared = recompute(name, folder).filter(({ theirs }) => theirs !== undefined);
    const agreed = compared.filter(agrees).length;
    progress(`${name}: ${agreed} of ${compared.length} agree`);
    return {
      bar: `published results, ${name}: numbers that agree`,
      value: agreed,
      unit: 'numbers',
      target: `= ${compared.length}`,
      holds: agreed === compared.length && compared.length > 0,
    };
  });
}

/** Every window sorted anew: one zone, one slack, all lengths. */
function sortedWindows(values: Float64Array, slack: number): number {
  let sum = 0;
  for (const length of jobHours)
    for (let start = 0; start < values.length - length; start++) {
      const window = values.slice(start, start + slack + length).sort();
      for (let at = 0; at < length; at++) sum += window[at] as number;
    }
  return sum;
}

function temporalBar(table: ZoneTable, progress: Progress): Bar {
  const exact = { roundsOptima: false, leavesOutEmpty: false };
  const seconds = medianSeconds(() => {
    for (const slack of slackHours) temporalShift(table, slack, exact);
  });
  const [zone = '', values = new Float64Array(0)] = [...table.intensity][0] ?? [];
  const one = { ...table, intensity: new Map([[zone, values]]) };
  const slack = 720;
  const [ours, plain] = [medianSeconds(() => temporalShift(one, slack, exact)), cpuSeconds(() => sortedWindows(values, slack))];
  progress(
    `temporal table: ${seconds.toFixed(2)} s; one zone at 720 h: ${(1e3 * ours).toFixed(1)} ms, sorting each window ${plain.toFixed(2)} s`,
  );
  return {
    bar: `EuroSys temporal table, five slacks, one thread (${Math.round(plain / ours)} × faster than sorting each window)`,
    value: rounded(seconds, 2),
    unit: 's CPU',
    target: `<= ${tableSecondsMax}`,
    holds: seconds <= tableSecondsMax,
  };
}

/** Lowest-Window with every tick added up, as released. */
function tickByTick(hourly: Float64Array, { arrival, expected, waitMax }: Workload, jobs: number): number {
  let waited = 0;
  for (let job = 0; job < jobs; job++) {
    let least = Number.POSITIVE_INFINITY;
    for (let wait = 0; wait <= (waitMax[job] as number); wait += 720) {
      let carbon = 0;
      const from = (arrival[job] as number) + wait;
      for (let tick = from; tick < from + (expected[job] as number); tick++) carbon += hourly[Math.floor(tick / 720)] as number;
      if (carbon >= least) continue;
      least = carbon;
      waited += wait;
    }
  }
  return waited;
}

function placementBar(table: ZoneTable, progress: Progress): Bar {
  const { jobs } = importGaiaJobs(readFileSync(join(folder, 'jobs/pai_1k.csv'), 'utf8'), 'seconds');
  const workload = workloadOf(
    jobs.map(({ at, lengthMs, accelerators }) => ({ arrivalS: at / SECOND, lengthS: lengthMs / SECOND, cpus: accelerators })),
  );
  const hourly = (table.intensity.get('AU-SA') ?? new Float64Array(0)).slice(7_000);
  const trace = tickTrace(hourly);
  const rateOf = (policy: Policy) =>
    (workloadRuns * jobs.length) /
    medianSeconds(() => {
      for (let run = 0; run < workloadRuns; run++) runPolicy(policy, trace, workload);
    });
  const rates = gaiaPolicies.map(rateOf);
  const plainJobs = 100;
  const plain = plainJobs / cpuSeconds(() => tickByTick(hourly, workload, plainJobs));
  const all = gaiaPolicies.length / rates.reduce((sum, rate) => sum + 1 / rate, 0);
  progress(
    `placements: ${gaiaPolicies.map((policy, at) => `${policy} ${((rates[at] as number) / 1e6).toFixed(1)} M/s`).join(', ')}; tick by tick ${plain.toFixed(0)}/s`,
  );
  return {
    bar: `job-policies on GAIA’s workload, one thread (tick by tick: ${Math.round(plain)} a second)`,
    value: Math.round(all),
    unit: 'a second of CPU',
    target: `>= ${policiesPerSecondMin}`,
    holds: all >= policiesPerSecondMin,
  };
}

/** Every law of a study, under every policy, on so many random ones. */
const lawStudies = 10_000;

function lawsBar(progress: Progress): Bar {
  let [runs, breaches] = [0, 0];
  for (let seed = 1; seed <= lawStudies; seed++) {
    try {
      runs += checkLaws(seed);
    } catch (fault) {
      if (!(fault instanceof Breach || fault instanceof PolicyFault)) throw fault;
      breaches++;
      progress(fault.message);
    }
    if (seed % 1_000 === 0) progress(`laws: ${seed} of ${lawStudies} random studies`);
  }
  return {
    bar: `laws on ${lawStudies} random studies (${runs} runs of ${policies.size} policies)`,
    value: breaches,
    unit: 'breaches',
    target: '0',
    holds: breaches === 0 && runs === lawStudies * policies.size,
  };
}

/** Bars of the simulator, or of the parts that are asked for; some ten minutes of one core for all. */
export async function benchSim({
  json,
  seed,
  only,
}: {
  readonly json: boolean;
  readonly seed: number;
  readonly only: readonly string[];
}): Promise<Bar[]> {
  const progress = (line: string) => {
    if (!json) process.stderr.write(`${line}\n`);
  };
  const parts: Readonly<Record<string, () => Bar[] | Promise<Bar[]>>> = {
    year: () => yearBars(folder, progress), // first, for its memory is that of the process
    papers: () => publishedBars(progress),
    speed: () => {
      const table = zoneTable();
      return [temporalBar(table, progress), placementBar(table, progress)];
    },
    river: () => riverBars(seed, progress),
    determinism: () => [determinismBar(progress)],
    laws: () => [lawsBar(progress)],
  };
  const asked = only.length > 0 ? only : Object.keys(parts);
  const bars: Bar[] = [];
  for (const part of asked) {
    const measure = parts[part];
    if (!measure) throw new RangeError(`no part ${part}; there are: ${Object.keys(parts).join(', ')}`);
    bars.push(...(await measure()));
  }
  return bars;
}
