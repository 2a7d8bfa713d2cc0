/**
 * Workload: a job trace, or work that is drawn, as the jobs of a study.
 *
 * Owns the rounding to slots: a job is released with the first slot after its arrival and holds whole slots. What no trace
 * says (where its data lie and how much, whether it may pause, how long it may wait) is said by the study, and drawn by its
 * seed, each from a stream of its own. A job that is longer or wider than the study can hold is left out, and counted.
 */
import { DAY, type DurationMs, HOUR } from '../../units/time.ts';
import { randomStream } from '../kernel/random.ts';
import type { JobTrace, TracedJob } from '../traces/job-trace.ts';
import type { Study, Workload } from './study.ts';

/** How long jobs may wait: those shorter than a limit, and the others. */
export interface SlackRule {
  readonly shortUnderMs: DurationMs;
  readonly shortMs: DurationMs;
  readonly longMs: DurationMs;
}

export interface WorkloadRule {
  readonly slack: SlackRule;
  /** Share of the jobs that may pause, 0 to 1. */
  readonly interruptibleShare: number;
  /** Lognormal size of a job's data, GB; 0 is none. */
  readonly dataGbMedian: number;
  readonly dataGbSpread: number;
  /** Where jobs come from: one site of all with the same chance, or the first. */
  readonly homes: 'drawn' | 'first';
}

/** Work that is drawn: as many arrivals an hour on average, with a day of more and less, lengths lognormal. */
export interface DrawnWork {
  readonly jobsPerHour: number;
  readonly lengthMedianMs: DurationMs;
  readonly lengthSpread: number;
  readonly lengthMaxMs: DurationMs;
  /** Each as likely. */
  readonly accelerators: readonly number[];
}

/** Most accelerators that one job may hold: plans count them in 16 bits. */
export const jobAcceleratorsMax = 65_535;

/** Arrivals are this much more and less frequent at the busiest and the quietest hour of a day (UTC). */
const dailySwing = 0.5;

/** A trace of drawn work; thinning of a Poisson process (Lewis and Shedler 1979). */
export function drawWork(work: DrawnWork, durationMs: DurationMs, seed: number): JobTrace {
  const random = randomStream(seed, 'arrivals');
  const jobs: TracedJob[] = [];
  const most = work.jobsPerHour * (1 + dailySwing);
  for (let at = 0; ; ) {
    at += (-Math.log(1 - random.uniform()) / most) * HOUR;
    if (at >= durationMs) return jobs;
    const rate = work.jobsPerHour * (1 + dailySwing * Math.sin((2 * Math.PI * (at % DAY)) / DAY));
    const isTaken = random.uniform() * most < rate;
    const lengthMs = Math.min(work.lengthMaxMs, Math.max(1, work.lengthMedianMs * Math.exp(work.lengthSpread * random.normal())));
    const accelerators = random.pick(work.accelerators);
    if (isTaken) jobs.push({ at: Math.floor(at), lengthMs: Math.round(lengthMs), accelerators });
  }
}

type Grid = Pick<Study, 'seed' | 'slotMs' | 'slots' | 'sites'>;

/** Longest a job may hold its accelerators, slots: what a planning horizon is made for. */
export interface Fitted {
  readonly workload: Workload;
  /** Jobs of the trace within the study that no site is wide enough for. */
  readonly tooWide: number;
}

/** The jobs of a trace that arrive within the study; O(jobs). */
export function workloadOf(trace: JobTrace, name: string, { seed, slotMs, slots, sites }: Grid, rule: WorkloadRule): Fitted {
  const widest = sites.reduce((most, { accelerators }) => Math.max(most, accelerators), 0);
  const releaseOf = ({ at }: TracedJob) => Math.ceil(at / slotMs);
  const within = trace.map((job, index) => ({ job, index })).filter(({ job }) => releaseOf(job) < slots);
  const fitting = within.filter(({ job }) => job.accelerators <= Math.min(widest, jobAcceleratorsMax));
  const count = fitting.length;
  const [homes, pauses, data] = ['homes', 'pauses', 'data'].map((stream) => randomStream(seed, `jobs/${stream}`)) as [
    ReturnType<typeof randomStream>,
    ReturnType<typeof randomStream>,
    ReturnType<typeof randomStream>,
  ];
  const integers = () => new Int32Array(count);
  const [release, length, end, accelerators, home] = [integers(), integers(), integers(), integers(), integers()];
  const isInterruptible = new Uint8Array(count);
  const gigabytes = new Float64Array(count);
  fitting.forEach(({ job }, at) => {
    const { lengthMs } = job;
    const slackMs = lengthMs < rule.slack.shortUnderMs ? rule.slack.shortMs : rule.slack.longMs;
    release[at] = releaseOf(job);
    length[at] = Math.max(1, Math.ceil(lengthMs / slotMs));
    end[at] = (release[at] as number) + (length[at] as number) + Math.floor(slackMs / slotMs);
    accelerators[at] = job.accelerators;
    isInterruptible[at] = pauses.uniform() < rule.interruptibleShare ? 1 : 0;
    home[at] = rule.homes === 'first' ? 0 : homes.int(0, sites.length);
    gigabytes[at] = rule.dataGbMedian * Math.exp(rule.dataGbSpread * data.normal());
  });
  const id = fitting.map(({ index }) => `${name}-${String(index).padStart(6, '0')}`);
  return { workload: { count, id, release, length, end, accelerators, isInterruptible, home, gigabytes }, tooWide: within.length - count };
}
