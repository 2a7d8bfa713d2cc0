/**
 * Explanation: why a job is where it is: why there, why then, what the next best would have cost, what binds.
 *
 * Of a job that waits it is told on the market of the last plan, by pricing its run and the others beside it as if it
 * asked again. Of a job that runs or is over only what was stored is told: the market has moved on.
 */
import type { Site } from '../energy-oracle/site.ts';
import { type Instant, SLOT, toIso } from '../units/time.ts';
import type { Cycled } from './cycle.ts';
import { isOver, type Job } from './job.ts';
import { clearingPrice } from './placement/clearing-price.ts';
import { type FeasibleTerms, feasible } from './placement/feasible.ts';
import { bindingOf } from './placement/outcome.ts';
import type { Standing } from './placement/quote.ts';
import type { Placement, PlanCosts } from './plan.ts';
import { type PricedRun, priceRun, spotMarketOf } from './priced-run.ts';
import { bestRuns, comparableCostOf, quoteOf, runNowOf } from './quote.ts';

/** What one slot of a run cost at the plan's prices; `undefined` where its signals are unknown. */
export interface SlotPrice {
  readonly slot: Instant;
  readonly accelerators: number;
  /** Accounting currency per accelerator-hour, the ask included. */
  readonly acceleratorPrice: number;
  /** Accounting currency per MWh: of surplus above nothing, where there is any; of grid energy. */
  readonly surplusPrice: number | undefined;
  readonly importPrice: number | undefined;
  /** gCO2eq/kWh. */
  readonly carbonIntensity: number | undefined;
}

export interface Explanation {
  readonly job: Job;
  /** `planned`: told on the market of the plan; `waiting`: it has no place; `stored`: told from what was stored. */
  readonly kind: 'planned' | 'waiting' | 'stored';
  /** Why there and then, or why not. */
  readonly reason: string;
  /** What would have been needed, where it has no place. */
  readonly needed: string | undefined;
  readonly placement: Placement | undefined;
  /** Its run at the plan's prices, and the best ones beside it: at another site, and at its own at another time. */
  readonly chosen: PricedRun | undefined;
  readonly elsewhere: PricedRun | undefined;
  readonly otherTime: PricedRun | undefined;
  /** The same job at its home site, as soon as it might start. */
  readonly runNow: PricedRun | undefined;
  /** What it pays for beside energy, and the limits it touches; each a phrase. */
  readonly binding: readonly string[];
  readonly slots: readonly SlotPrice[];
  readonly plan: { readonly at: Instant; readonly costs: PlanCosts } | undefined;
}

/**
 * Explains a job as it stands after a plan; O(options × horizon × classes).
 *
 * @param plan  the newest; `undefined` before the first
 * @param terms  as the plan was made with
 */
export function explanationOf(plan: Cycled | undefined, job: Job, terms: FeasibleTerms, sites: readonly Site[]): Explanation {
  const nothing = { chosen: undefined, elsewhere: undefined, otherTime: undefined, runNow: undefined, binding: [], slots: [] };
  const told = { job, placement: job.placement, plan: plan && { at: plan.at, costs: plan.costs }, needed: undefined, ...nothing };
  const waits = job.state === 'QUEUED' || job.state === 'AWAITING' || job.state === 'PAUSED';
  if (!waits) return { ...told, kind: 'stored', reason: whyStored(job) };
  const placement = plan?.placements.find((own) => own.job === job.id);
  if (!plan || !placement) return { ...told, kind: 'waiting', ...whyWaiting(plan, job, terms, sites) };
  return { ...told, kind: 'planned', reason: placement.reason, placement, ...marketOf(plan.standing, job, terms) };
}

function whyStored({ state, placement, reason }: Job): string {
  if (!placement) return reason;
  return `${placement.reason}; ${isOver(state) ? `now ${reason}; ` : ''}told as it was stored, the market has moved on`;
}

/** The job's run and its neighbours on the market of the plan. */
function marketOf(standing: Standing, job: Job, terms: FeasibleTerms): Partial<Explanation> {
  const { askers, market } = standing.feasible;
  const request = askers.findIndex((asker) => asker.job.id === job.id);
  const asked = feasible([{ job }], standing.supply, terms);
  if (request < 0 || asked.refused.length > 0) return {};
  const { assignment } = standing.clearing;
  const option = (assignment.option[request] as number) - (market.requests.firstOption[request] as number);
  const [start, pattern] = [assignment.start[request] as number, assignment.pattern[request]];
  const spot = spotMarketOf(standing, request);
  const chosen = priceRun(spot, asked, { option, start, pattern }, terms);
  const slots = slotPrices(standing, request);
  const binding = bindingOf(standing, request);
  if (!chosen.priced) return { chosen, slots, binding };
  const elsewhere = bestRuns(spot, asked, terms).find(({ site }) => site !== chosen.site);
  const { slots: horizon } = market.offers;
  const end = start + (pattern?.length ?? (asked.market.requests.options.length[option] as number));
  const here = asked.seats[option]?.pool;
  const inPool = (window: readonly [number, number]) => (at: number) => (asked.seats[at]?.pool === here ? window : ([0, 0] as const));
  const otherTimes = [inPool([0, start]), inPool([end, horizon])].flatMap((window) => bestRuns(spot, asked, terms, window));
  const [otherTime] = otherTimes.sort((a, b) => comparableCostOf(a) - comparableCostOf(b) || a.start - b.start);
  return { chosen, elsewhere, otherTime, runNow: runNowOf(spot, asked, job, terms), slots, binding };
}

function slotPrices({ supply, feasible: { market }, clearing }: Standing, request: number): SlotPrice[] {
  const { offers } = market;
  const { options } = market.requests;
  const option = clearing.assignment.option[request] as number;
  const from = clearing.assignment.start[request] as number;
  const pool = options.pool[option] as number;
  const site = offers.poolSite[pool] as number;
  const shape =
    clearing.assignment.pattern[request] ?? new Uint16Array(options.length[option] as number).fill(options.accelerators[option] as number);
  return Array.from(shape).flatMap((accelerators, i) => {
    const slot = from + i;
    if (accelerators === 0 || slot >= offers.slots) return [];
    const cell = site * offers.slots + slot;
    const isKnown = offers.known[cell] === 1;
    const hasSurplus = (offers.curtailedKw[cell] as number) + (offers.exportableKw[cell] as number) > 0;
    return {
      slot: supply.start + slot * SLOT,
      accelerators,
      acceleratorPrice: clearingPrice(market, clearing.prices, pool, slot) / offers.slotHours,
      surplusPrice: isKnown && hasSurplus ? clearing.prices.surplus[cell] : undefined,
      importPrice: isKnown ? offers.importPrice[cell] : undefined,
      carbonIntensity: isKnown ? offers.carbonIntensity[cell] : undefined,
    };
  });
}

/** Why a job has no place, and what it would take. */
function whyWaiting(
  plan: Cycled | undefined,
  job: Job,
  terms: FeasibleTerms,
  sites: readonly Site[],
): Pick<Explanation, 'reason' | 'needed'> {
  const deferral = plan?.deferrals.find((own) => own.job === job.id);
  const refusal = plan?.refusals.find((own) => own.job === job.id);
  const told = deferral ?? refusal;
  const best = (weights = job.spec.weights) =>
    quoteOf(plan?.standing, { ...job, spec: { ...job.spec, maxPrice: undefined, weights } }, terms, sites).chosen;
  if (!told) {
    const run = plan && best();
    return {
      reason: job.reason,
      needed: run && `nothing: ${run.site} from ${toIso(run.start)} could be had at the prices of the last plan`,
    };
  }
  if (told.detail !== undefined) return { reason: told.reason, needed: told.detail };
  if (told.reason === 'over-budget') {
    const run = best({ carbonPricePerKg: 0, waitPricePerHour: 0 }); // wishes give way to a budget
    const cost = run?.priced && Math.ceil(run.priced.cost * 100) / 100;
    return {
      reason: told.reason,
      needed: run && cost !== undefined ? `a max_price of ${cost.toFixed(2)}: ${run.site} from ${toIso(run.start)}` : undefined,
    };
  }
  const needed = {
    'no-agent-answers': 'an agent that answers, at a site that can run it',
    'beyond-horizon': 'time: it would end behind what the outlooks see',
  } as const;
  return { reason: told.reason, needed: told.reason in needed ? needed[told.reason as keyof typeof needed] : undefined };
}
