/**
 * The laws that every study keeps, whoever plans it: checked on one random study a call, by plain loops of their own.
 *
 * From the published work that is reproduced (an optimum that may pause is no worse; more slack or more regions never
 * cost; carbon scales with intensity; a constant intensity saves nothing) and from the project's own (energy is
 * conserved; no surplus is used twice; no plan breaks a capacity or a window; a job runs once).
 */
import { randomStream } from '../../../simulator/kernel/random.ts';
import { accountsOf } from '../../../simulator/study/account.ts';
import { perfect, persistence } from '../../../simulator/study/belief.ts';
import { metricsOf } from '../../../simulator/study/metrics.ts';
import { type Policy, policies } from '../../../simulator/study/policy.ts';
import { roll } from '../../../simulator/study/roll.ts';
import { endOf, type Runs, type Study } from '../../../simulator/study/study.ts';
import { type PlainStudy, studyOf } from './studies.ts';

/** A breach: which law, under which policy, on which seed. */
export class Breach extends Error {
  override readonly name = 'Breach';
}

/** A random study: 1 to 4 sites, up to a day and a half, up to 10 jobs. */
export function randomStudy(seed: number): PlainStudy {
  const random = randomStream(seed, 'study');
  const [siteCount, slots] = [random.int(1, 5), random.int(8, 37)];
  const [lead, tail] = [24, 14];
  const width = lead + slots + tail;
  const row = (of: (slot: number) => number) => Array.from({ length: width }, (_, slot) => of(slot));
  const sites = Array.from({ length: siteCount }, () => {
    const [mean, swing, sun] = [100 + 600 * random.uniform(), random.uniform(), 20 * random.uniform()];
    return {
      accelerators: random.int(2, 12),
      price: row(() => 60 + 80 * random.normal()),
      carbonIntensity: row((slot) => mean * (1 + 0.8 * swing * Math.sin(slot / 4)) * (0.8 + 0.4 * random.uniform())),
      marginalIntensity: row(() => 300 + 200 * random.uniform()),
      netKw: row((slot) => sun * Math.sin((2 * Math.PI * slot) / 24) - 2 * random.uniform()),
      exportLimitKw: random.int(0, 8),
      feedInTariff: random.int(0, 80),
      isDayAhead: random.uniform() < 0.5,
    };
  });
  const widest = Math.max(...sites.map(({ accelerators }) => accelerators));
  const jobs = Array.from({ length: random.int(1, 11) }, () => {
    const [release, length] = [random.int(0, slots), random.int(1, 8)];
    return {
      release,
      length,
      end: release + length + random.int(0, 12),
      accelerators: random.int(1, widest + 1),
      isInterruptible: random.uniform() < 0.4,
      home: random.int(0, siteCount),
      gigabytes: random.uniform() < 0.3 ? 10 * random.uniform() : 0,
    };
  }).sort((a, b) => a.release - b.release);
  const terms = { transferPricePerGb: 0.02, transferGPerGb: 2, restartCost: 0.01, embodiedGPerAcceleratorHour: 4 };
  return { sites, jobs, seed, lead, tail, graceSlots: 6, cycleSlots: random.int(1, 5), terms };
}

const near = (a: number, b: number) => Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a), Math.abs(b));
const sum = (values: Iterable<number>) => {
  let total = 0;
  for (const value of values) total += value;
  return total;
};

/** Checks a random study under every policy; how many runs were checked. @throws Breach */
export function checkLaws(seed: number): number {
  const plain = randomStudy(seed);
  const study = studyOf(plain);
  const breach = (law: string, policy: string, found: string): never => {
    throw new Breach(`${law} is broken by ${policy} on seed ${seed}: ${found}`);
  };
  let runs = 0;
  for (const policy of policies.values()) {
    const own = roll(study, { policy, forecaster: seed % 2 === 0 ? perfect : persistence });
    plansAreKept(study, own, (law, found) => breach(law, policy.name, found));
    energyIsConserved(study, own, (law, found) => breach(law, policy.name, found));
    runs++;
  }
  scalingScales(plain, seed, (law, found) => breach(law, 'run-now', found));
  const anyPolicy = [...policies.values()][seed % policies.size] as Policy;
  constantSavesNothing(plain, anyPolicy, (law, found) => breach(law, anyPolicy.name, found));
  optimaAreOrdered(study, (law, found) => breach(law, 'the optimum of one job', found));
  return runs;
}

type Tell = (law: string, found: string) => never;

/** Capacity, windows, one run a job of exactly its length. */
function plansAreKept(study: Study, runs: Runs, breach: Tell): void {
  const { workload, sites } = study;
  const width = study.slots + study.tail;
  const held = new Int32Array(sites.length * width);
  for (let job = 0; job < workload.count; job++) {
    const site = runs.site[job] as number;
    if (site < 0) continue;
    const [start, length, all] = [runs.start[job], workload.length[job], workload.accelerators[job]] as [number, number, number];
    if (start < (workload.release[job] as number)) breach('the window', `job ${job} runs before its release`);
    const late = endOf(workload, runs, job) > (workload.end[job] as number);
    if (late && start + length <= (workload.end[job] as number) && runs.pattern.get(job) === undefined)
      breach('the window', `job ${job} is late though it started in time`);
    const shape = runs.pattern.get(job) ?? new Uint16Array(length).fill(all);
    if (shape.filter((taken) => taken > 0).length !== length) breach('once', `job ${job} does not run its length`);
    if (workload.isInterruptible[job] === 0 && shape.some((taken) => taken !== all)) breach('once', `job ${job} pauses though it may not`);
    shape.forEach((taken, i) => {
      const cell = site * width + start + i;
      held[cell] = (held[cell] as number) + taken;
    });
  }
  sites.forEach(({ accelerators }, site) => {
    for (let slot = 0; slot < width; slot++)
      if ((held[site * width + slot] as number) > accelerators) breach('capacity', `${held[site * width + slot]} held of ${accelerators}`);
  });
}

/** Energy by job, by slot and by source agree; surplus that is used was there (law 1), and no job used more than it drew (law 2). */
function energyIsConserved(study: Study, runs: Runs, breach: Tell): void {
  const { workload, sites, truth } = study;
  const accounts = accountsOf(study, runs);
  const metrics = metricsOf(study, runs, accounts);
  const drawn = sum(
    Array.from({ length: workload.count }, (_, job) =>
      (runs.site[job] as number) < 0 ? 0 : (workload.length[job] as number) * (workload.accelerators[job] as number),
    ),
  );
  if (!near(metrics.energyKwh, drawn)) breach('energy', `${metrics.energyKwh} kWh on the jobs' accounts, ${drawn} drawn`);
  const { slots } = accounts;
  const bySlot = sum(slots.curtailedKw) + sum(slots.exportableKw) + sum(slots.gridKw);
  if (!near(bySlot, drawn)) breach('energy', `${bySlot} kWh on the slots' accounts, ${drawn} drawn`);
  const width = study.slots + study.tail;
  sites.forEach((_, site) => {
    for (let slot = 0; slot < width; slot++) {
      const cell = site * width + slot;
      const used = (slots.curtailedKw[cell] as number) + (slots.exportableKw[cell] as number);
      const there = Math.max(0, truth.netKw[site * truth.slots + truth.lead + slot] as number);
      if (used > there + 1e-9) breach('surplus', `${used} kW used of ${there} in slot ${slot}`);
    }
  });
  for (const column of [accounts.jobs.curtailedKwh, accounts.jobs.exportableKwh, accounts.jobs.gridKwh, accounts.jobs.locationG])
    if (column.some((value) => value < 0)) breach('energy', 'an account below 0');
}

/** Every intensity times k: carbon of the same runs times k. */
function scalingScales(plain: PlainStudy, seed: number, breach: Tell): void {
  const by = 0.5 + (seed % 7);
  const bare = { ...plain, terms: {}, sites: plain.sites.map((site) => ({ ...site, netKw: site.carbonIntensity.map(() => 0) })) };
  const scaled = {
    ...bare,
    sites: bare.sites.map((site) => ({ ...site, carbonIntensity: site.carbonIntensity.map((value) => by * value) })),
  };
  const runNow = policies.get('run-now');
  if (!runNow) throw new RangeError('run-now is a policy');
  const carbonOf = (study: Study) => sum(accountsOf(study, roll(study, { policy: runNow, forecaster: perfect })).jobs.locationG);
  const [one, other] = [carbonOf(studyOf(bare)), carbonOf(studyOf(scaled))];
  if (!near(by * one, other)) breach('scaling', `${one} g × ${by} is not ${other} g`);
}

/** One intensity everywhere and always, no surplus, nothing moved: whoever plans, the same carbon. */
function constantSavesNothing(plain: PlainStudy, policy: Policy, breach: Tell): void {
  const sites = plain.sites.map((site) => ({
    ...site,
    carbonIntensity: site.carbonIntensity.map(() => 400),
    netKw: site.carbonIntensity.map(() => 0),
  }));
  const study = studyOf({ ...plain, sites, terms: {} });
  const runs = roll(study, { policy, forecaster: perfect });
  const { energyKwh, locationKg } = metricsOf(study, runs, accountsOf(study, runs));
  if (!near(locationKg, 0.4 * energyKwh)) breach('a constant intensity', `${locationKg} kg for ${energyKwh} kWh`);
}

/** Least carbon of one job alone, by trying everything: g per kW. */
function optimum({ truth }: Study, sites: readonly number[], from: number, end: number, length: number, inPieces: boolean): number {
  let least = Number.POSITIVE_INFINITY;
  for (const site of sites) {
    const row = truth.carbonIntensity.slice(site * truth.slots + truth.lead + from, site * truth.slots + truth.lead + end);
    if (inPieces) least = Math.min(least, sum(row.sort().subarray(0, length)));
    else for (let start = 0; start + length <= row.length; start++) least = Math.min(least, sum(row.subarray(start, start + length)));
  }
  return least;
}

/** Pausing, slack and regions never cost the exact optimum of a job. */
function optimaAreOrdered(study: Study, breach: Tell): void {
  const { workload, sites } = study;
  const all = sites.map((_, site) => site);
  for (let job = 0; job < workload.count; job++) {
    const [from, end, length] = [workload.release[job], workload.end[job], workload.length[job]] as [number, number, number];
    const home = [workload.home[job] as number];
    const unbroken = optimum(study, home, from, end, length, false);
    const tolerance = 1e-9 * unbroken;
    if (optimum(study, home, from, end, length, true) > unbroken + tolerance) breach('pausing', `job ${job}`);
    if (optimum(study, all, from, end, length, false) > unbroken + tolerance) breach('more regions', `job ${job}`);
    const later = Math.min(end + 5, study.slots + study.tail);
    if (later >= end && optimum(study, home, from, later, length, false) > unbroken + tolerance) breach('more slack', `job ${job}`);
  }
}
