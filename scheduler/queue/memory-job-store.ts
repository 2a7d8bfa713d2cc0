/**
 * The job store in memory: the reference of what the port means, and the simulator's store.
 *
 * Keeps jobs by state, runs by activity and metered slots by time, so that a cycle costs what is alive, not what
 * ever was. Values are kept as given: they are immutable. Nothing survives the process.
 */
import { type Instant, type Interval, SLOT } from '../../units/time.ts';
import { isRunOver, type Run } from '../dispatch/lease.ts';
import { type Job, type JobState, jobStates } from '../job.ts';
import { type Applied, type Changes, checkChanges, eventOf, type JobEvent, type JobStore, type RunSlot, submission } from './job-store.ts';

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const bySubmission = (a: Job, b: Job): number => a.submittedAt - b.submittedAt || byText(a.id, b.id);
const bySlot = (a: RunSlot, b: RunSlot): number => a.slot - b.slot || byText(a.site, b.site) || byText(a.run, b.run);
const keyOf = ({ run, slot }: { readonly run: string; readonly slot: Instant }): string => `${slot} ${run}`;

export function createMemoryJobStore(): JobStore {
  const jobs = new Map<string, Job>();
  const jobsIn = new Map<JobState, Map<string, Job>>(jobStates.map((state) => [state, new Map()]));
  const events = new Map<string, JobEvent[]>();
  const runs = new Map<string, Run>();
  const active = new Map<string, Run>();
  const runIdsOf = new Map<string, Set<string>>();
  const slots = new Map<Instant, Map<string, RunSlot>>();
  const unbooked = new Map<string, RunSlot>();
  const heard = new Map<string, { readonly seq: number; readonly at: Instant }>();

  function putJob(job: Job, event: JobEvent | undefined): void {
    const stored = jobs.get(job.id);
    if (stored) jobsIn.get(stored.state)?.delete(job.id);
    jobs.set(job.id, job);
    jobsIn.get(job.state)?.set(job.id, job);
    if (event) events.set(job.id, [...(events.get(job.id) ?? []), event]);
  }

  function putRun(run: Run): void {
    runs.set(run.id, run);
    if (isRunOver(run.state)) active.delete(run.id);
    else active.set(run.id, run);
    runIdsOf.set(run.job, (runIdsOf.get(run.job) ?? new Set()).add(run.id));
  }

  function putSlot(metered: RunSlot): void {
    const inSlot = slots.get(metered.slot) ?? new Map<string, RunSlot>();
    if (inSlot.has(metered.run)) return; // the first report stands
    slots.set(metered.slot, inSlot.set(metered.run, metered));
    unbooked.set(keyOf(metered), metered);
  }

  function apply(changes: Changes, at: Instant): Applied {
    checkChanges(changes);
    const next = changes.jobs ?? [];
    const stale = next.find(({ id, version }) => jobs.get(id)?.version !== version - 1);
    if (stale) return { kind: 'stale', job: stale.id };
    const judged = next.map((job) => ({ job, event: eventOf(jobs.get(job.id) ?? job, job, at) })); // all, before any is put
    for (const { job, event } of judged) putJob(job, event);
    for (const run of changes.runs ?? []) putRun(run);
    for (const metered of changes.runSlots ?? []) putSlot(metered);
    if (changes.heard && changes.heard.seq > (heard.get(changes.heard.site)?.seq ?? Number.NEGATIVE_INFINITY)) {
      heard.set(changes.heard.site, { seq: changes.heard.seq, at: changes.heard.at });
    }
    return { kind: 'applied' };
  }

  return {
    async add(job) {
      if (jobs.has(job.id)) return 'known';
      putJob(job, submission(job));
      return 'added';
    },
    get: async (id) => jobs.get(id),
    async list(states = jobStates, limit = Number.POSITIVE_INFINITY) {
      const found = [...new Set(states)].flatMap((state) => [...(jobsIn.get(state)?.values() ?? [])]);
      return found.sort(bySubmission).slice(0, limit);
    },
    apply: async (changes, at) => apply(changes, at),
    events: async (job) => events.get(job) ?? [],
    run: async (id) => runs.get(id),
    activeRuns: async () => [...active.values()].sort((a, b) => byText(a.id, b.id)),
    async runsOf(job) {
      const found = [...(runIdsOf.get(job) ?? [])].flatMap((id) => runs.get(id) ?? []);
      return found.sort((a, b) => a.fence - b.fence || byText(a.id, b.id));
    },
    async runSlots({ start, end }: Interval) {
      const found = [...slots].filter(([slot]) => slot >= start && slot < end);
      return found.flatMap(([, inSlot]) => [...inSlot.values()]).sort(bySlot);
    },
    unbookedRunSlots: async (endedBy) => [...unbooked.values()].filter(({ slot }) => slot + SLOT <= endedBy).sort(bySlot),
    async markBooked(keys) {
      for (const key of keys) unbooked.delete(keyOf(key));
    },
    heard: async () => new Map(heard),
    async countByState() {
      return Object.fromEntries(jobStates.map((state) => [state, jobsIn.get(state)?.size ?? 0])) as Record<JobState, number>;
    },
  };
}
