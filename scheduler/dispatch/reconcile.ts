/**
 * Reconcile: what an agent's report changes. Pure: report and state in, changes and answer out.
 *
 * Owns law 10 on the scheduler's side: only the holder of the job's newest fence moves the job; whoever holds an older
 * one is told to stop. Energy is taken from live runs only, once per (run, slot), never above what the hardware draws.
 */
import { energyOver, kilowatts } from '../../units/quantity.ts';
import { type DurationMs, type Instant, SLOT } from '../../units/time.ts';
import { isOver, type Job, type JobState, paceOf } from '../job.ts';
import type { Changes, RunSlot } from '../queue/job-store.ts';
import { isRunOver, type Report, type ReportReceipt, type Run, type RunReport } from './lease.ts';

/** After this many failed or lost runs a job is given up. */
export const failuresMax = 5;

export interface Reconciled {
  readonly changes: Changes;
  readonly receipt: ReportReceipt;
  /** What was in the report and not believed, in words. */
  readonly doubts: readonly string[];
}

/**
 * @param known  the runs the report names, with their jobs; a run that is not in it is unknown
 * @param leaseMs  how far a running run's lease is renewed from now
 */
export function reconcile(
  report: Report,
  known: ReadonlyMap<string, { readonly run: Run; readonly job: Job }>,
  leaseMs: DurationMs,
  now: Instant,
): Reconciled {
  const jobs: Job[] = [];
  const runs: Run[] = [];
  const runSlots: RunSlot[] = [];
  const renewals: ReportReceipt['renewals'][number][] = [];
  const stop: string[] = [];
  const doubts: string[] = [];
  const named = new Set<string>();
  for (const said of report.runs) {
    if (named.size === named.add(said.run).size) {
      doubts.push(`${said.run} is named twice in one report; the first word stands`);
      continue;
    }
    const entry = known.get(said.run);
    if (!entry || entry.run.site !== report.site) {
      doubts.push(`${said.run} is not a run of ${report.site}`);
      stop.push(said.run);
      continue;
    }
    const { run, job } = entry;
    if (isRunOver(run.state) || run.fence !== job.fence) {
      if (said.state === 'running') stop.push(run.id);
      doubts.push(`${run.id} is over (${run.state}); the job is at fence ${job.fence}`);
      continue;
    }
    const metered = plausible(said, run, now, doubts);
    for (const { slot, energyWh } of metered) runSlots.push({ run: run.id, job: job.id, site: run.site, slot, energyWh, reportedAt: now });
    const next = advance(said, run, job, now);
    const until = next.run.state === 'running' ? now + leaseMs : run.until;
    runs.push({ ...next.run, until });
    if (next.job !== job) jobs.push(next.job);
    if (next.run.state === 'running') renewals.push({ run: run.id, until });
  }
  const heard = { site: report.site, seq: report.seq, at: now };
  return { changes: { jobs, runs, runSlots, heard }, receipt: { site: report.site, seq: report.seq, renewals, stop }, doubts };
}

/**
 * Law 2: no slot of a run may report more than its hardware can draw in that slot, nor a slot that is not yet there.
 * An agent's clock may be one slot ahead.
 */
function plausible(said: RunReport, run: Run, now: Instant, doubts: string[]): RunReport['metered'] {
  const ceilingWh = energyOver(kilowatts(run.ceilingKw), SLOT) * 1_000 + 1;
  return said.metered.filter(({ slot, energyWh }) => {
    const drawable = Number.isInteger(energyWh) && energyWh >= 0 && energyWh <= ceilingWh;
    const inTime = slot % SLOT === 0 && slot + SLOT > run.leasedAt && slot < now + SLOT;
    if (!drawable) doubts.push(`${run.id}: ${energyWh} Wh in one slot, at most ${Math.floor(ceilingWh)} Wh can be drawn`);
    if (!inTime) doubts.push(`${run.id}: ${slot} is no slot between its lease (${run.leasedAt}) and now`);
    return drawable && inTime;
  });
}

function advance(said: RunReport, run: Run, job: Job, now: Instant): { readonly run: Run; readonly job: Job } {
  const move = (state: JobState, reason: string, patch: Partial<Job> = {}): Job => ({
    ...job,
    ...patch,
    state,
    reason,
    version: job.version + 1,
    closedAt: isOver(state) ? now : undefined,
  });
  // an agent's clock may be wrong, or its word: no run ends before its lease began or after we heard of it
  const endedAt = Math.min(now, Math.max(run.leasedAt, said.endedAt ?? now));
  const over = (state: Run['state']): Run => ({ ...run, state, endedAt, reason: said.detail });
  const progress = progressAfter(said, job, paceOf(job.spec, run.model, run.accelerators));
  const failures = job.failures + 1;
  switch (said.state) {
    case 'running': {
      const started = { ...run, state: 'running' as const, progress: said.progress };
      if (job.state === 'RUNNING') return { run: started, job };
      return { run: started, job: move('RUNNING', `runs at ${run.site}`, { startedAt: job.startedAt ?? run.leasedAt }) };
    }
    case 'succeeded':
      return {
        run: over('succeeded'),
        job: move('SUCCEEDED', said.detail || 'exit 0', {
          progress: job.spec.maxDuration,
          startedAt: job.startedAt ?? run.leasedAt,
          endedAt,
        }),
      };
    case 'failed':
      if (failures >= failuresMax)
        return { run: over('failed'), job: move('FAILED', `${said.detail}; failed ${failures} times`, { failures, endedAt }) };
      return { run: over('failed'), job: move('QUEUED', `${said.detail}; ${failuresMax - failures} more tries`, { failures, progress }) };
    case 'checkpointed':
      return {
        run: over('checkpointed'),
        job: move(job.state === 'RUNNING' ? 'PAUSED' : 'QUEUED', 'stopped at a checkpoint; goes on from there', { progress }),
      };
    case 'lost':
      if (failures >= failuresMax)
        return { run: over('lost'), job: move('FAILED', `lost or failed ${failures} times`, { failures, endedAt }) };
      return { run: over('lost'), job: move('QUEUED', `${said.detail || 'the run was lost'}; runs again`, { failures, progress }) };
    default:
      return said.state satisfies never;
  }
}

/** What of the job is done: a run's progress counts from where it took the job up, after the restore it began with, at its pace. */
function progressAfter(said: Pick<RunReport, 'progress'>, { progress, spec }: Job, pace: number): DurationMs {
  const restore = progress > 0 ? (spec.checkpoint?.restoreCost ?? 0) : 0;
  return Math.min(spec.maxDuration, progress + Math.floor(Math.max(0, said.progress - restore) * pace));
}

/**
 * Leases that ran out without a word: the run is lost, the job goes back to the queue. One that nobody took is no failure.
 * What the agent had said is safe in a checkpoint is not done again, if the job makes checkpoints.
 *
 * @param stopMsMax  how long after its lease a run may still be alive at an agent that heard nothing; 0 unless told
 */
export function expire(active: readonly { readonly run: Run; readonly job: Job }[], now: Instant, stopMsMax: DurationMs = 0): Changes {
  const silent = active.filter(({ run }) => run.until + stopMsMax < now);
  return {
    runs: silent.map(({ run }) => ({ ...run, state: 'lost', endedAt: now, reason: 'the lease ran out unrenewed' })),
    jobs: silent
      .filter(({ run, job }) => run.fence === job.fence && (job.state === 'SCHEDULED' || job.state === 'RUNNING'))
      .map(({ run, job }): Job => {
        const failures = job.failures + (run.state === 'leased' ? 0 : 1);
        const safe = job.spec.checkpoint && run.progress !== undefined ? { progress: run.progress } : undefined;
        const progress = safe ? progressAfter(safe, job, paceOf(job.spec, run.model, run.accelerators)) : job.progress;
        const next = { ...job, version: job.version + 1, failures, progress };
        if (failures >= failuresMax)
          return { ...next, state: 'FAILED', reason: `lost or failed ${failures} times`, endedAt: now, closedAt: now };
        return { ...next, state: 'QUEUED', reason: `${run.site} fell silent; runs again` };
      }),
  };
}
