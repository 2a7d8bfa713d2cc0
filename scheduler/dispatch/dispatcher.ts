/**
 * Dispatcher: placements that are due become leases, reports become state. The shell around `reconcile`.
 *
 * Order is the whole point: the run is durable before its lease is offered, the report is durable before its receipt
 * goes out. A lease that nobody took simply runs out; the job is offered again under the next fence.
 */
import type { Site } from '../../energy-oracle/site.ts';
import type { Clock } from '../../units/clock.ts';
import { kilowatts } from '../../units/quantity.ts';
import { type DurationMs, SLOT, slotOf, toIso } from '../../units/time.ts';
import { drawKw, nameplateKw } from '../fleet.ts';
import { type Job, paceOf, remainingOf } from '../job.ts';
import type { Placement } from '../plan.ts';
import type { Changes, JobStore } from '../queue/job-store.ts';
import type { DispatchLink } from './dispatch-link.ts';
import { isRunOver, type Lease, type Report, type ReportReceipt, type Run } from './lease.ts';
import { expire, reconcile } from './reconcile.ts';

export interface DispatcherPorts {
  readonly clock: Clock;
  readonly jobs: JobStore;
  readonly link: DispatchLink;
  readonly sites: ReadonlyMap<string, Site>;
  readonly leaseMs: DurationMs;
  /** How long after its lease a run may still be alive at an agent that heard nothing: its beat and its grace; 0 unless told. */
  readonly stopMsMax?: DurationMs | undefined;
  readonly tell: (kind: 'run' | 'job', text: string) => void;
}

/** A report is tried against newer versions this often before it is left to the agent's next resend. */
const attemptsOnStaleMax = 5;

export interface Dispatcher {
  /** Leases the placement's job now; resolves when the agent took it or the offer failed (the lease then runs out). */
  dispatch(job: Job, placement: Placement): Promise<void>;
  /** Takes an agent's (verified) report; the receipt, or `undefined` when it could not be stored. */
  take(report: Report): Promise<ReportReceipt | undefined>;
  /** Gives up runs whose lease ran out. */
  sweep(): Promise<void>;
  /** Tells the agent of a run that it is over; when the line is away the lease's end will. */
  recall(run: Run): Promise<void>;
}

export function createDispatcher({ clock, jobs, link, sites, leaseMs, stopMsMax = 0, tell }: DispatcherPorts): Dispatcher {
  async function withJobs(runs: readonly Run[]) {
    const pairs = await Promise.all(runs.map(async (run) => ({ run, job: await jobs.get(run.job) })));
    return pairs.filter((pair): pair is { run: Run; job: Job } => pair.job !== undefined);
  }

  function tellOf(changes: Changes): void {
    for (const job of changes.jobs ?? []) tell('job', `${job.spec.name} (${job.id}) ${job.state.toLowerCase()}: ${job.reason}`);
  }

  return {
    async dispatch(job, placement) {
      const site = sites.get(placement.site);
      if (!site) throw new RangeError(`placement at unknown site ${placement.site}`);
      const now = clock.now();
      const fence = job.fence + 1;
      const shares = placement.accelerators / (job.spec.nodes * job.spec.acceleratorsPerNode); // an elastic job may hold more than it asks for at least
      const remaining = remainingOf(job, paceOf(job.spec, placement.model, placement.accelerators));
      const run: Run = {
        id: `${job.id}#${fence}`,
        job: job.id,
        fence,
        site: site.id,
        model: placement.model,
        accelerators: placement.accelerators,
        drawKw: kilowatts(drawKw(site, job.spec, placement.model) * shares),
        ceilingKw: kilowatts(nameplateKw(site, job.spec, placement.model) * shares),
        state: 'leased',
        leasedAt: now,
        until: now + leaseMs,
        // an elastic run keeps the share it starts with, whatever was planned for it later
        plannedEnd: job.spec.elastic ? slotOf(now + remaining + SLOT - 1) : placement.end,
        remaining,
        prices: placement.prices,
        endedAt: undefined,
        reason: placement.reason,
      };
      const scheduled: Job = { ...job, state: 'SCHEDULED', reason: placement.reason, placement, fence, version: job.version + 1 };
      const applied = await jobs.apply({ jobs: [scheduled], runs: [run] }, now);
      if (applied.kind === 'stale') return; // somebody moved it meanwhile: the next cycle sees what is true
      const lease: Lease = {
        run: run.id,
        job: job.id,
        fence,
        site: site.id,
        model: run.model,
        accelerators: run.accelerators,
        drawKw: run.ceilingKw,
        remaining,
        script: job.spec.run,
        envs: job.spec.envs,
        until: run.until,
      };
      try {
        await link.offer(lease);
        tell('run', `${job.spec.name} (${run.id}) leased to ${site.id} until ${toIso(run.until)}: ${placement.reason}`);
      } catch (fault) {
        tell('run', `${job.spec.name} (${run.id}) was not taken by ${site.id}: ${fault instanceof Error ? fault.message : String(fault)}`);
      }
    },

    async take(report) {
      for (let attempt = 0; attempt < attemptsOnStaleMax; attempt++) {
        const now = clock.now();
        const last = (await jobs.heard()).get(report.site);
        const runs = (await Promise.all(report.runs.map(({ run }) => jobs.run(run)))).filter((run) => run !== undefined);
        const pairs = await withJobs(runs);
        const known = new Map(pairs.map((pair) => [pair.run.id, pair]));
        const { changes, receipt, doubts } = reconcile(report, known, leaseMs, now);
        if (last && report.seq <= last.seq) return { ...receipt, renewals: renewalsOf(pairs) }; // a repeat: stored already
        const applied = await jobs.apply(changes, now);
        if (applied.kind === 'stale') continue;
        tellOf(changes);
        for (const doubt of doubts) tell('run', `${report.site}: ${doubt}`);
        return receipt;
      }
      return undefined;
    },

    async sweep() {
      const now = clock.now();
      const changes = expire(await withJobs(await jobs.activeRuns()), now, stopMsMax);
      if ((changes.runs ?? []).length === 0) return;
      if ((await jobs.apply(changes, now)).kind === 'applied') tellOf(changes);
    },

    async recall(run) {
      if (isRunOver(run.state)) return;
      try {
        await link.stop(run.site, run.id);
      } catch (fault) {
        tell('run', `${run.site} was not told to stop ${run.id}: ${fault instanceof Error ? fault.message : String(fault)}`);
      }
    },
  };
}

const renewalsOf = (pairs: readonly { readonly run: Run }[]): ReportReceipt['renewals'] =>
  pairs.filter(({ run }) => !isRunOver(run.state)).map(({ run }) => ({ run: run.id, until: run.until }));
