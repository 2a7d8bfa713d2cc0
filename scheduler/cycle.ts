/**
 * Cycle: everything the scheduler knows at an instant in, one plan out. Pure: same snapshot, same plan.
 *
 * Greedy for now: jobs in order of slack, each at its cheapest feasible site and window of what is left. A market
 * planner may replace the body; the signature stays.
 */
import type { Outlook } from '../energy-oracle/outlook.ts';
import { type DurationMs, HOUR, type Instant, SLOT } from '../units/time.ts';
import type { Run } from './dispatch/lease.ts';
import type { FleetSite } from './fleet.ts';
import type { Job } from './job.ts';
import { place, remainingOf } from './placement/place.ts';
import { occupy, type SiteSupply, siteSupply } from './placement/supply.ts';
import type { Plan } from './plan.ts';

export interface Snapshot {
  readonly fleet: readonly FleetSite[];
  /** Newest outlook by site. */
  readonly outlooks: ReadonlyMap<string, Outlook>;
  /** Jobs that wait for a place (QUEUED, AWAITING, PAUSED). */
  readonly waiting: readonly Job[];
  /** Runs that hold accelerators, with the job each belongs to. */
  readonly running: readonly { readonly run: Run; readonly job: Job }[];
}

/** A site whose agent was silent for longer than this offers nothing. */
export const silenceMsMax: DurationMs = HOUR;

/** Plans every waiting job; O(jobs × sites × horizon). */
export function cycle(snapshot: Snapshot, now: Instant): Plan {
  const answering = snapshot.fleet.filter(({ heardAt }) => heardAt !== undefined && now - heardAt <= silenceMsMax);
  const supplies = answering.map(({ site }) => siteSupply(site, snapshot.outlooks.get(site.id), now));
  for (const { run, job } of snapshot.running) holdFor(run, job, supplies, now);
  const slack = (job: Job) => job.spec.deadline - remainingOf(job);
  const order = [...snapshot.waiting].sort((a, b) => slack(a) - slack(b) || a.submittedAt - b.submittedAt || (a.id < b.id ? -1 : 1));
  const plan = { at: now, placements: [], deferrals: [], refusals: [] } as { at: Instant } & {
    -readonly [K in 'placements' | 'deferrals' | 'refusals']: Plan[K][number][];
  };
  for (const job of order) {
    if (supplies.length === 0) {
      plan.deferrals.push({ job: job.id, reason: 'no-agent-answers' });
      continue;
    }
    const placed = place(job, supplies, now);
    if (placed.kind === 'placed') plan.placements.push(placed.placement);
    else if (placed.kind === 'deferred') plan.deferrals.push(placed.deferral);
    else plan.refusals.push(placed.refusal);
  }
  return plan;
}

/** A run holds what it was given until it is over: one that overstays keeps holding the slot at hand. */
function holdFor(run: Run, job: Job, supplies: readonly SiteSupply[], now: Instant): void {
  const supply = supplies.find(({ site }) => site.id === run.site);
  if (!supply) return;
  const until = Math.max(run.plannedEnd, now + 1);
  occupy(supply, run.model, run.accelerators, run.drawKw, 0, Math.ceil((until - supply.start) / SLOT), job.spec.weights);
}
