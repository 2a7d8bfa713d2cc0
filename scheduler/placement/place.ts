/**
 * Place: one job, the supply that is left, and the cheapest feasible site and window for it.
 *
 * Feasible: region rules, a fitting accelerator model, free accelerators in every slot, release, deadline, budget.
 * Cheapest: money + the job's carbon price × carbon + its waiting price × wait. Says why when there is none.
 */
import { type DurationMs, type Instant, MINUTE, SLOT, slotOf } from '../../units/time.ts';
import { drawKw, fittingModels, regionAdmits } from '../fleet.ts';
import type { Job, Weights } from '../job.ts';
import type { Deferral, Placement, Refusal } from '../plan.ts';
import { horizonSlots, occupy, outlookAgeMsMax, type SiteSupply, serve } from './supply.ts';
import { cheapestWindow } from './window.ts';

export type Placed =
  | { readonly kind: 'placed'; readonly placement: Placement }
  | { readonly kind: 'deferred'; readonly deferral: Deferral }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

interface Candidate {
  readonly supply: SiteSupply;
  readonly model: string;
  readonly accelerators: number;
  readonly drawKw: number;
  readonly from: number;
  readonly to: number;
  /** Comparable cost, accounting currency; `undefined` where the signals are missing. */
  readonly cost: number | undefined;
}

/** A start that is due waits for the next cycle and for the agent's answer: the last window before a deadline leaves so much room. */
export const startDelayMsMax: DurationMs = MINUTE;
/** So many of its first slots stand for a job that outlasts the horizon: an outlook may be hours old, and tells nothing behind its end. */
export const judgedSlotsMax = horizonSlots - outlookAgeMsMax / SLOT;

/** Run time the job still needs, ms: what is not yet done, plus the restore when it goes on from a checkpoint. */
export const remainingOf = (job: Job): DurationMs =>
  Math.max(1, job.spec.maxDuration - job.progress) + (job.progress > 0 ? (job.spec.checkpoint?.restoreCost ?? 0) : 0);

/**
 * Places one job and takes what it uses out of the supply; O(sites × horizon).
 *
 * Without signals anywhere the job is not held: it gets the earliest window at its home site (or the first site that
 * has one), and the reason says so.
 *
 * @param computePricePerKwh  what computing costs beside its energy, accounting currency per kWh
 */
export function place(job: Job, supplies: readonly SiteSupply[], now: Instant, computePricePerKwh: number): Placed {
  const { spec } = job;
  const remaining = remainingOf(job);
  const release = Math.max(now, spec.notBefore);
  if (release + remaining > spec.deadline)
    return refused(job, 'no-window-before-deadline', 'the run time left exceeds the time to the deadline');
  const admitted = supplies.filter(({ site }) => regionAdmits(site, spec) && fittingModels(site, spec).length > 0);
  if (admitted.length === 0) return refused(job, 'no-site-fits', describeNeed(job, supplies));
  const candidates = admitted.flatMap((supply) =>
    fittingModels(supply.site, spec).flatMap((fit) => bestAt(supply, fit, job, release, remaining)),
  );
  const known = candidates.filter(({ cost }) => cost !== undefined).sort((a, b) => (a.cost ?? 0) - (b.cost ?? 0) || byId(a, b));
  const homeFirst = (c: Candidate) => (c.supply.site.id === job.homeSite ? 0 : 1);
  const chosen = known[0] ?? candidates.sort((a, b) => a.from - b.from || homeFirst(a) - homeFirst(b) || byId(a, b))[0];
  const horizonEnd = slotOf(now) + horizonSlots * SLOT;
  if (!chosen)
    return {
      kind: 'deferred',
      deferral: { job: job.id, reason: release + remaining > horizonEnd ? 'beyond-horizon' : 'no-capacity-in-horizon' },
    };
  const placement = placementOf(job, chosen, supplies, { now, release, remaining, computePricePerKwh });
  const budget = spec.maxPrice === undefined ? Number.POSITIVE_INFINITY : Number(spec.maxPrice) / 1e6;
  if (placement.believed.energyCost + placement.believed.computeCost > budget) {
    const { carbonPricePerKg, waitPricePerHour } = spec.weights;
    const thrifty: Job = { ...job, spec: { ...spec, weights: { carbonPricePerKg: 0, waitPricePerHour: 0 } } };
    if (carbonPricePerKg > 0 || waitPricePerHour > 0) return place(thrifty, supplies, now, computePricePerKwh); // the budget is a limit, the weights are wishes
    return { kind: 'deferred', deferral: { job: job.id, reason: 'over-budget' } }; // a later outlook may be cheaper
  }
  occupy(chosen.supply, chosen.model, chosen.accelerators, chosen.drawKw, chosen.from, chosen.to, spec.weights);
  return { kind: 'placed', placement };
}

const byId = (a: Candidate, b: Candidate) =>
  a.supply.site.id === b.supply.site.id
    ? a.drawKw - b.drawKw || (a.model < b.model ? -1 : 1)
    : a.supply.site.id < b.supply.site.id
      ? -1
      : 1;

const refused = (job: Job, reason: Refusal['reason'], detail: string): Placed => ({
  kind: 'refused',
  refusal: { job: job.id, reason, detail },
});

function describeNeed(job: Job, supplies: readonly SiteSupply[]): string {
  const { nodes, acceleratorsPerNode, accelerators, regions } = job.spec;
  const have = supplies
    .map(({ site }) => `${site.id}: ${site.accelerators.map(({ model, count }) => `${model}:${count}`).join(' ')}`)
    .join('; ');
  return `needs ${nodes * acceleratorsPerNode} × ${accelerators.join(' or ') || 'any'} in ${regions.allow.join(', ') || 'any region'}; there are ${have}`;
}

type Fit = ReturnType<typeof fittingModels>[number];

/** The cheapest window for the job on one model of a site, or the earliest when signals are missing; none when it is full. */
function bestAt(supply: SiteSupply, fit: Fit, job: Job, release: Instant, remaining: DurationMs): Candidate[] {
  const { spec } = job;
  const free = supply.free.get(fit.model);
  if (!free) return [];
  const draw = drawKw(supply.site, spec, fit.model);
  const first = Math.max(0, Math.floor((slotOf(release) - supply.start) / SLOT));
  const late = Math.max(0, release - (supply.start + first * SLOT)); // a start inside the first slot spills over its end
  const needed = Math.ceil((late + remaining) / SLOT);
  const length = needed > horizonSlots ? judgedSlotsMax : needed;
  const lastStart = Math.floor((spec.deadline - remaining - startDelayMsMax - supply.start) / SLOT);
  const span = { first, lastStart: Math.max(first, lastStart) };
  const waitCost = (spec.weights.waitPricePerHour * SLOT) / 3_600_000;
  const common = { supply, model: fit.model, accelerators: fit.needed, drawKw: draw };
  const cheapest = cheapestWindow(slotCosts(supply, free, fit.needed, draw, first, spec.weights), length, { ...span, waitCost });
  if (cheapest) return [{ ...common, from: cheapest.from, to: cheapest.from + needed, cost: cheapest.cost }];
  const blind = cheapestWindow(
    Array.from(free, (count, slot) => (slot >= first && count >= fit.needed ? 0 : undefined)),
    length,
    { ...span, waitCost: 1 },
  );
  return blind ? [{ ...common, from: blind.from, to: blind.from + needed, cost: undefined }] : [];
}

/** What each slot costs the job here; `undefined` where it is closed: too early, too few accelerators, or unknown signals. */
function slotCosts(
  supply: SiteSupply,
  free: Int32Array,
  needed: number,
  draw: number,
  first: number,
  weights: Weights,
): (number | undefined)[] {
  const costs: (number | undefined)[] = new Array(horizonSlots).fill(undefined);
  for (let slot = first; slot < horizonSlots; slot++) {
    if ((free[slot] ?? 0) < needed || !supply.known[slot]) continue;
    const served = serve(supply, slot, draw, weights);
    costs[slot] = served.money + (weights.carbonPricePerKg * served.carbonG) / 1_000;
  }
  return costs;
}

function placementOf(
  job: Job,
  chosen: Candidate,
  supplies: readonly SiteSupply[],
  terms: { readonly now: Instant; readonly release: Instant; readonly remaining: DurationMs; readonly computePricePerKwh: number },
): Placement {
  const { now, release, remaining } = terms;
  const { supply, model, accelerators, from, to, drawKw: draw } = chosen;
  const slotStart = supply.start + from * SLOT;
  const start = Math.max(slotStart, release);
  const believed = sumOver(supply, draw, from, to, job);
  const home = supplies.find(({ site }) => site.id === job.homeSite);
  const homeFit = home && fittingModels(home.site, job.spec)[0];
  const first = Math.floor((slotOf(release) - supply.start) / SLOT);
  const isKnown = (at: SiteSupply) => at.known.subarray(first, first + (to - from)).every(Boolean);
  const runNow =
    home && homeFit && isKnown(home)
      ? sumOver(home, drawKw(home.site, job.spec, homeFit.model), first, first + (to - from), job)
      : undefined;
  const whole = remaining / ((Math.min(to, horizonSlots) - from) * SLOT); // first and last slot are used in part; what lies behind the horizon as what lies in it
  const energyKwh = (draw * remaining) / 3_600_000;
  return {
    job: job.id,
    site: supply.site.id,
    model,
    accelerators,
    start,
    end: supply.start + to * SLOT,
    believed: {
      outlook: supply.outlook?.id,
      energyKwh,
      surplusKwh: believed.surplusKwh * whole,
      energyCost: believed.money * whole,
      computeCost: energyKwh * terms.computePricePerKwh,
      carbonG: believed.carbonG * whole,
      waitMs: start - Math.max(job.submittedAt, job.spec.notBefore),
      runNow: runNow ? { energyCost: runNow.money * whole, carbonG: runNow.carbonG * whole } : undefined,
    },
    reason: chosen.cost === undefined ? 'signals missing: the earliest window, not the cheapest' : whyHere(chosen, believed, now),
  };
}

function sumOver(
  supply: SiteSupply,
  draw: number,
  from: number,
  to: number,
  job: Job,
): { surplusKwh: number; money: number; carbonG: number } {
  const sum = { surplusKwh: 0, money: 0, carbonG: 0 };
  for (let slot = from; slot < Math.min(to, horizonSlots); slot++) {
    if (!supply.known[slot]) continue;
    const served = serve(supply, slot, draw, job.spec.weights);
    sum.surplusKwh += ((served.curtailedKw + served.exportableKw) * SLOT) / 3_600_000;
    sum.money += served.money;
    sum.carbonG += served.carbonG;
  }
  return sum;
}

function whyHere({ supply, drawKw: draw, from, to }: Candidate, believed: { surplusKwh: number }, now: Instant): string {
  const share = Math.round((100 * believed.surplusKwh) / ((draw * (to - from) * SLOT) / 3_600_000 || 1));
  const hours = (supply.start + from * SLOT - now) / 3_600_000;
  const when = hours <= 0 ? 'now' : `in ${hours.toFixed(hours < 10 ? 1 : 0)} h`;
  const energy = share > 0 ? `${share} % surplus expected` : 'the cheapest grid energy for it';
  return `${supply.site.zone} ${when}: ${energy}`;
}
