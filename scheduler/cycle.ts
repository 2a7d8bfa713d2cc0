/**
 * Cycle: everything the scheduler knows at an instant in, one plan out. Pure: same snapshot, same plan.
 *
 * Greedy for now: jobs in order of slack, each at its cheapest feasible site and window of what is left. A market
 * planner may replace the body; the signature stays.
 */
import type { Outlook } from '../energy-oracle/outlook.ts';
import { type DurationMs, type Instant, SLOT } from '../units/time.ts';
import type { Run } from './dispatch/lease.ts';
import { type FleetSite, fittingModels, regionAdmits } from './fleet.ts';
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
  /** What computing costs beside its energy, accounting currency per kWh. */
  readonly computePricePerKwh: number;
}

/** A site whose agent was silent for longer than this offers nothing: three beats, so that a job that was lost there is not offered there again. */
export const silenceMsMax: DurationMs = 3 * SLOT;

/** Plans every waiting job; O(jobs × sites × horizon). */
export function cycle(snapshot: Snapshot, now: Instant): Plan {
  const fleet = [...snapshot.fleet].sort((a, b) => byText(a.site.id, b.site.id));
  const running = [...snapshot.running].sort((a, b) => byText(a.run.id, b.run.id));
  const answers = ({ heardAt }: FleetSite) => heardAt !== undefined && now - heardAt <= silenceMsMax;
  const silent = fleet.filter((site) => !answers(site));
  const supplies = fleet.filter(answers).map(({ site }) => siteSupply(site, snapshot.outlooks.get(site.id), now));
  for (const { run, job } of running) holdFor(run, job, supplies, now);
  const slack = (job: Job) => job.spec.deadline - remainingOf(job);
  const order = [...snapshot.waiting].sort((a, b) => slack(a) - slack(b) || a.submittedAt - b.submittedAt || (a.id < b.id ? -1 : 1));
  const plan = { at: now, placements: [], deferrals: [], refusals: [] } as { at: Instant } & {
    -readonly [K in 'placements' | 'deferrals' | 'refusals']: Plan[K][number][];
  };
  for (const job of order) {
    const placed = place(job, supplies, now, snapshot.computePricePerKwh);
    const couldBeSilent = () => silent.some(({ site }) => regionAdmits(site, job.spec) && fittingModels(site, job.spec).length > 0);
    if (placed.kind === 'placed') plan.placements.push(placed.placement);
    else if (placed.kind === 'refused' && placed.refusal.reason === 'no-site-fits' && couldBeSilent())
      plan.deferrals.push({ job: job.id, reason: 'no-agent-answers' }); // its site may be heard again: never say never
    else if (placed.kind === 'deferred') plan.deferrals.push(placed.deferral);
    else plan.refusals.push(placed.refusal);
  }
  return plan;
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** A run holds what it was given until it is over: one that overstays keeps holding the slot at hand. */
function holdFor(run: Run, job: Job, supplies: readonly SiteSupply[], now: Instant): void {
  const supply = supplies.find(({ site }) => site.id === run.site);
  if (!supply) return;
  const until = Math.max(run.plannedEnd, now + 1);
  occupy(supply, run.model, run.accelerators, run.drawKw, 0, Math.ceil((until - supply.start) / SLOT), job.spec.weights);
}
