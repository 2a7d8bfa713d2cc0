/**
 * Cycle: everything the scheduler knows at an instant in, one plan out. Pure: same snapshot, same plan.
 *
 * Jobs that wait, and runs that could stop at a checkpoint, become requests of a market; the market clears; what it
 * assigned becomes placements and moves with their reasons. Without signals a job is never held: it runs when it would
 * have run, and the reason says so.
 */
import type { Outlook } from '../energy-oracle/outlook.ts';
import { type DurationMs, type Instant, SLOT, slotOf } from '../units/time.ts';
import type { Run } from './dispatch/lease.ts';
import { type FleetSite, firmnessAdmits, fittingModels, regionAdmits } from './fleet.ts';
import { type Job, paceOf, remainingOf } from './job.ts';
import { distanceNetwork, type Network, placesOf } from './network.ts';
import { gapOf } from './placement/clear.ts';
import { byPrices, type ClearingRule } from './placement/clearing-rule.ts';
import { assess } from './placement/cost.ts';
import { type Asker, type FeasibleTerms, feasible } from './placement/feasible.ts';
import { loadOf } from './placement/load.ts';
import type { Prices } from './placement/market.ts';
import { deferralOf, placeBlind, placementOf, type Side, stopOf } from './placement/outcome.ts';
import type { Standing } from './placement/quote.ts';
import { goesOn, keepsShare } from './placement/rescale.ts';
import { type Held, supplyOf, type View } from './placement/supply.ts';
import { believedPrice, type Deferral, type Placement, type Plan, type PlanCosts, type Refusal } from './plan.ts';
import { spotPrice } from './priced-run.ts';

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
  /** By job: what its earlier runs were charged, accounting currency; 0 when absent. */
  readonly spent?: ReadonlyMap<string, number>;
  /** Between the places; distances when absent. */
  readonly network?: Network | undefined;
  /** What the last cycle left: its prices are where this one starts. */
  readonly standing?: Standing | undefined;
  /** Who decides on the market; prices unless told. */
  readonly clearing?: ClearingRule | undefined;
}

/** A plan, and the market it was decided on: for quotes, explanations and the next cycle's start. */
export interface Cycled extends Plan {
  readonly standing: Standing;
}

/** A site whose agent was silent for longer than this offers nothing: three beats, so that a job that was lost there is not offered there again. */
export const silenceMsMax: DurationMs = 3 * SLOT;

/** Plans every waiting job and looks again at every run that may move; see `placement/clear.ts` for what it costs. */
export function cycle(snapshot: Snapshot, now: Instant): Cycled {
  const fleet = [...snapshot.fleet].sort((a, b) => byText(a.site.id, b.site.id));
  const answers = ({ heardAt }: FleetSite) => heardAt !== undefined && now - heardAt <= silenceMsMax;
  const sites = fleet.filter(answers).map(({ site }) => site);
  const running = [...snapshot.running].sort((a, b) => byText(a.run.id, b.run.id));
  const movable = running.filter((pair) => isMovable(pair, now) && sites.some(({ id }) => id === pair.run.site));
  const fixed = running.filter((pair) => !movable.includes(pair)).map((pair) => heldBy(pair, now));
  const terms: FeasibleTerms = {
    now,
    network: snapshot.network ?? distanceNetwork(),
    places: placesOf(fleet.map(({ site }) => site)),
    computePricePerKwh: snapshot.computePricePerKwh,
    spent: snapshot.spent,
  };
  const refusals: Refusal[] = [];
  const deferrals: Deferral[] = [];
  const waiting = [...snapshot.waiting]
    .sort((a, b) => byText(a.id, b.id))
    .filter((job) => {
      const refusal = tooLate(job, fleet, now);
      if (refusal) refusals.push(refusal);
      return !refusal;
    });
  const { decided, held, overBudget } = withRunsKept(waiting, movable, fixed, terms, (taken, askers) =>
    withinBudgets(askers, supplyOf(sites, snapshot.outlooks, now, taken), terms, snapshot),
  );
  for (const { job, reason, detail } of decided.feasible.refused) {
    if (reason === 'no-site-fits' && couldBeSilent(job, fleet, answers)) deferrals.push({ job: job.id, reason: 'no-agent-answers' });
    else refusals.push({ job: job.id, reason, detail });
  }
  for (const job of overBudget) deferrals.push({ job: job.id, reason: 'over-budget' });
  const blind = placeBlind(decided, (request) => isOverBudget(decided, request, terms));
  const placements: Placement[] = [];
  const moves: Plan['moves'][number][] = [];
  const sideOf = (view: View): Side => {
    const market = { ...decided.feasible.market, offers: supplyOf(sites, snapshot.outlooks, now, held, view).offers };
    return { market, load: loadOf(market, decided.clearing.assignment) };
  };
  const insured = sideOf('insured');
  for (const [request, { job, run }] of decided.feasible.askers.entries()) {
    if (run) {
      const stop = job.spec.elastic && goesOn(decided, request, run) ? undefined : stopOf(decided, request, run, now);
      if (stop) moves.push(stop);
    } else if ((decided.clearing.assignment.option[request] as number) >= 0)
      placements.push(placementOf(decided, request, { terms, insured, isBlind: blind.placed.has(request) }));
    else if (blind.tooDear.has(request)) deferrals.push({ job: job.id, reason: 'over-budget' });
    else deferrals.push(deferralOf(decided, request, job, terms, spotPrice(decided, job, terms)));
  }
  return {
    at: now,
    placements,
    deferrals,
    refusals,
    moves,
    costs: costsOf(decided, blind.placed, insured, sideOf('hoped')),
    standing: decided,
  };
}

/**
 * Clears; a run for which no place was found, or only a share not worth a restart, keeps what it has, and the rest is
 * cleared again around it.
 *
 * Whatever becomes of it, a run holds the slot at hand: it is told to stop only after the plan is made.
 */
function withRunsKept(
  waiting: readonly Job[],
  movable: Snapshot['running'],
  fixed: readonly Held[],
  terms: FeasibleTerms,
  decide: (held: readonly Held[], askers: readonly Asker[]) => { readonly decided: Standing; readonly overBudget: readonly Job[] },
) {
  const kept = new Set<Job>();
  for (;;) {
    const free = movable.filter(({ job }) => !kept.has(job));
    const held = [...fixed, ...movable.map((pair) => ({ ...heldBy(pair, terms.now), ...(kept.has(pair.job) ? {} : { slots: 1 }) }))];
    const { decided, overBudget } = decide(held, [...waiting.map((job) => ({ job })), ...free]);
    const { askers, refused } = decided.feasible;
    const isKept = ({ job, run }: Asker, request: number): boolean =>
      run !== undefined &&
      ((decided.clearing.assignment.option[request] as number) < 0 ||
        (job.spec.elastic !== undefined && keepsShare(decided, request, run, job, terms)));
    const lost = [
      ...askers.filter(isKept).map(({ job }) => job),
      ...refused.map(({ job }) => job).filter((job) => free.some((pair) => pair.job === job)),
    ];
    if (lost.length === 0) return { decided, held, overBudget };
    for (const job of lost) kept.add(job);
  }
}

/** Clears; a job that turns out dearer than its budget gives up its wishes first, and waits if that is not enough. */
function withinBudgets(
  askers: readonly Asker[],
  supply: Standing['supply'],
  terms: FeasibleTerms,
  { standing: last, clearing = byPrices }: Pick<Snapshot, 'standing' | 'clearing'>,
) {
  const withinMeans = ({ job, run }: Asker) => run !== undefined && job.spec.maxPrice !== undefined; // it moves to save money or not at all
  const thrifty = new Set(askers.filter(withinMeans).map(({ job }) => job.id));
  const out = new Set<string>();
  const from = last && pricesFrom(last, supply);
  const decide = (): Standing => {
    const ask = askers.filter(({ job }) => !out.has(job.id));
    const asked = { supply, feasible: feasible(ask, supply, { ...terms, thrifty }) };
    return { ...asked, clearing: clearing(asked, from) };
  };
  let decided = decide();
  for (let round = 0; round < budgetRoundsMax; round++) {
    const over = decided.feasible.askers.filter((asker, request) => !asker.run && isOverBudget(decided, request, terms));
    if (over.length === 0) break;
    for (const { job } of over) {
      const { carbonPricePerKg, waitPricePerHour } = job.spec.weights;
      const isThrifty = thrifty.has(job.id) || carbonPricePerKg + waitPricePerHour === 0;
      if (isThrifty || round === budgetRoundsMax - 1) out.add(job.id);
      else thrifty.add(job.id); // the budget is a limit, the weights are wishes
    }
    decided = decide();
  }
  return { decided, overBudget: askers.map(({ job }) => job).filter(({ id }) => out.has(id)) };
}

/** Each round takes at least one job's wishes or the job itself; what is over budget after so many waits. */
const budgetRoundsMax = 4;

function isOverBudget(decided: Standing, request: number, terms: FeasibleTerms): boolean {
  const budget = decided.feasible.market.requests.budget[request] as number;
  if (budget === Number.POSITIVE_INFINITY || (decided.clearing.assignment.option[request] as number) < 0) return false;
  const { believed } = placementOf(decided, request, { terms, insured: undefined, isBlind: false });
  return believedPrice(believed) > budget;
}

/** The last cycle's prices at this one's slots; what is new begins at 0. */
function pricesFrom({ supply, clearing }: Standing, next: Standing['supply']): Prices {
  const { slots } = next.offers;
  const shift = Math.round((next.start - supply.start) / SLOT);
  const prices: Prices = {
    accelerator: new Float64Array(next.pools.length * slots),
    surplus: new Float64Array(next.sites.length * slots),
  };
  const copy = (to: Float64Array, row: number, from: Float64Array, old: number) => {
    if (old < 0) return;
    for (let slot = 0; slot + shift < slots; slot++) if (slot + shift >= 0) to[row * slots + slot] = from[old * slots + slot + shift] ?? 0;
  };
  const oldSite = (row: number) => supply.sites.findIndex(({ id }) => id === next.sites[row]?.id);
  for (const row of next.sites.keys()) copy(prices.surplus, row, clearing.prices.surplus, oldSite(row));
  for (const [row, { site, model }] of next.pools.entries())
    copy(
      prices.accelerator,
      row,
      clearing.prices.accelerator,
      supply.pools.findIndex((pool) => pool.site === oldSite(site) && pool.model === model),
    );
  return prices;
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** A run that can be stopped at a checkpoint without harm, is known to run, and is not done within the slot at hand. */
const isMovable = ({ run, job }: Snapshot['running'][number], now: Instant): boolean =>
  run.plannedEnd > slotOf(now) + SLOT &&
  job.spec.interruptible &&
  job.spec.latency === undefined &&
  job.state === 'RUNNING' &&
  run.state === 'running' &&
  run.fence === job.fence;

/** A run holds what it was given until it is over: one that overstays keeps holding the slot at hand. */
const heldBy = ({ run, job }: Snapshot['running'][number], now: Instant): Held => ({
  site: run.site,
  model: run.model,
  accelerators: run.accelerators,
  drawKw: run.drawKw,
  slots: Math.ceil((Math.max(run.plannedEnd, now + 1) - slotOf(now)) / SLOT),
  weights: job.spec.weights,
});

/** A job whose deadline is too near on the fastest accelerators it could ever have. */
function tooLate(job: Job, fleet: readonly FleetSite[], now: Instant): Refusal | undefined {
  const { spec } = job;
  const paces = fleet.flatMap(({ site }) =>
    fittingModels(site, spec).map(({ model, needed }) => paceOf(spec, model, spec.elastic?.acceleratorsMax ?? needed)),
  );
  const fastest = Math.max(...(paces.length > 0 ? paces : [1]));
  if (Math.max(now, spec.notBefore) + remainingOf(job, fastest) <= spec.deadline) return undefined;
  return { job: job.id, reason: 'no-window-before-deadline', detail: 'the run time left exceeds the time to the deadline' };
}

/** True when a site that does not answer now could run it: never say never. */
const couldBeSilent = ({ spec }: Job, fleet: readonly FleetSite[], answers: (site: FleetSite) => boolean): boolean =>
  fleet.some(
    (own) => !answers(own) && regionAdmits(own.site, spec) && firmnessAdmits(own.site, spec) && fittingModels(own.site, spec).length > 0,
  );

/** A job that was placed blind has no price: it counts neither in the plan's cost nor in its bound. */
function costsOf({ feasible, clearing }: Standing, blind: ReadonlySet<number>, insured: Side, hoped: Side): PlanCosts {
  const unpriced = [...blind].reduce((sum, request) => sum + (feasible.market.requests.unplacedCost[request] as number), 0);
  const believed = clearing.cost.total - unpriced;
  const lowerBound = clearing.bound - unpriced;
  const totalOn = ({ market, load }: Side): number => assess(market, clearing.assignment, load).total;
  const p90 = totalOn(insured);
  return {
    believed,
    expected: 0.3 * totalOn(hoped) + 0.4 * believed + 0.3 * p90,
    p90,
    leftOut: clearing.cost.unplacedCost - unpriced,
    lowerBound,
    gap: gapOf(believed, lowerBound),
  };
}
