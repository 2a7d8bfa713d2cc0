/**
 * Quote: where and when a job that is not yet stored would run, what each choice would cost, and which one is best.
 *
 * Taken from the standing of the last plan, without planning anew; beside the best runs stands the same job run now at
 * its home site. A job is never turned away for lack of signals: it gets the earliest window, without a price. Signing
 * and holding are `signed-quote.ts`'.
 */
import type { Site } from '../energy-oracle/site.ts';
import type { Instant } from '../units/time.ts';
import { fittingModels } from './fleet.ts';
import type { Job } from './job.ts';
import { clear } from './placement/clear.ts';
import { type Feasible, type FeasibleTerms, feasible } from './placement/feasible.ts';
import { nobody } from './placement/market.ts';
import { deferralOf, placeBlind } from './placement/outcome.ts';
import type { Standing } from './placement/quote.ts';
import { supplyOf } from './placement/supply.ts';
import type { DeferralReason, RefusalReason } from './plan.ts';
import { type PricedRun, priceRun, type SpotMarket, spotMarketOf, spotPrice, spotRuns } from './priced-run.ts';

/** Most runs a quote shows. */
export const alternativesMax = 5;

/** One run that could be had. */
export interface Alternative extends PricedRun {
  /** True of the run at the home site that starts as soon as the job may. */
  readonly isRunNow: boolean;
  readonly isChosen: boolean;
}

export interface Quote {
  /** When it was asked for. */
  readonly at: Instant;
  /** Where the job would have run without us. */
  readonly homeSite: string;
  /** Best first by comparable cost, at most `alternativesMax`, one a pool; the run-now yardstick among them. */
  readonly alternatives: readonly Alternative[];
  /** `undefined` where no run can be had. */
  readonly chosen: Alternative | undefined;
  readonly reason: 'standing-prices' | 'no-signals' | 'no-plan-yet' | DeferralReason | RefusalReason;
  /** The reason in a sentence, and what would be needed where no run can be had. */
  readonly detail: string;
}

/**
 * Quotes a job on what the last plan left; O(options × horizon × classes).
 *
 * The chosen run is the one with the least comparable cost within the job's budget. Where nobody knows any signal it is
 * the earliest window, at home first, and nothing is priced.
 *
 * @param standing  as of `terms.now` or shortly before; `undefined` before the first plan: then all of `sites` count as free
 */
export function quoteOf(standing: Standing | undefined, job: Job, terms: FeasibleTerms, sites: readonly Site[]): Quote {
  const market = standing ?? emptyStanding(sites, terms);
  const asked = feasible([{ job }], market.supply, terms);
  const { homeSite } = job;
  const at = terms.now;
  const [refused] = asked.refused;
  if (refused) return { at, homeSite, alternatives: [], chosen: undefined, reason: refused.reason, detail: refused.detail };
  const spot = spotMarketOf(market);
  const runs = bestRuns(spot, asked, terms);
  if (runs.length === 0) return blindQuote(spot, asked, job, terms, standing !== undefined);
  const now = runNowOf(spot, asked, job, terms);
  const budget = asked.market.requests.budget[0] as number;
  const chosen = runs.find((run) => costOf(run) <= budget);
  const others = runs.filter((run) => run !== chosen);
  const room = alternativesMax - (chosen ? 1 : 0) - (now ? 1 : 0);
  const shown = [...(chosen ? [chosen] : []), ...others.slice(0, room)];
  const isNow = (run: PricedRun) => now !== undefined && isSameRun(run, now);
  const alternatives = [...shown, ...(now && !shown.some(isNow) ? [now] : [])]
    .sort(byComparableCost)
    .map((run) => ({ ...run, isRunNow: isNow(run), isChosen: run === chosen }));
  const found = alternatives.find(({ isChosen }) => isChosen);
  if (found) return { at, homeSite, alternatives, chosen: found, reason: 'standing-prices', detail: 'at the prices of the last plan' };
  const cheapest = Math.min(...runs.map(costOf));
  const detail = `every run costs more than its budget of ${budget.toFixed(2)}; the cheapest ${cheapest.toFixed(2)}`;
  return { at, homeSite, alternatives, chosen: undefined, reason: 'over-budget', detail };
}

/** The best run of each pool, cheapest first by comparable cost. */
export function bestRuns(
  spot: SpotMarket,
  asked: Feasible,
  terms: FeasibleTerms,
  window?: (option: number) => readonly [number, number],
): PricedRun[] {
  const runs = spotRuns(spot, asked, window).map((run) => priceRun(spot, asked, run, terms));
  const isFirst = (run: PricedRun, at: number, all: readonly PricedRun[]) =>
    all.findIndex(({ site, model }) => site === run.site && model === run.model) === at;
  return runs.sort(byComparableCost).filter(isFirst);
}

export const comparableCostOf = ({ priced }: PricedRun): number => priced?.comparableCost ?? Number.POSITIVE_INFINITY;

const costOf = ({ priced }: PricedRun): number => priced?.cost ?? Number.POSITIVE_INFINITY;

const byComparableCost = (a: PricedRun, b: PricedRun): number => comparableCostOf(a) - comparableCostOf(b) || byId(a.site, b.site);

const byId = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const isSameRun = (a: PricedRun, b: PricedRun): boolean =>
  a.site === b.site && a.model === b.model && a.start === b.start && a.end === b.end;

/** The run at the home site as soon as the job may start, whether or not there is room; `undefined` where home cannot take it. */
export function runNowOf(spot: SpotMarket, asked: Feasible, job: Job, terms: FeasibleTerms): PricedRun | undefined {
  const { supply } = spot.standing;
  const home = supply.sites.find(({ id }) => id === job.homeSite);
  const [fit] = home ? fittingModels(home, job.spec) : [];
  const option = asked.seats.findIndex(({ pool }) => {
    const own = supply.pools[pool];
    return home !== undefined && own?.model === fit?.model && supply.sites[own?.site ?? -1] === home;
  });
  if (option < 0) return undefined;
  const { options } = asked.market.requests;
  const pattern = job.spec.elastic && new Uint16Array(options.length[option] as number).fill(1);
  const run = priceRun(spot, asked, { option, start: options.earliest[option] as number, pattern }, terms);
  return run.priced && run;
}

function blindQuote(spot: SpotMarket, asked: Feasible, job: Job, terms: FeasibleTerms, hasPlan: boolean): Quote {
  const { load } = spot.standing.clearing;
  const alone: Standing = {
    supply: spot.standing.supply,
    feasible: asked,
    clearing: { ...spot.standing.clearing, assignment: nobody(1), load: { ...load, accelerators: load.accelerators.slice() } },
  };
  const { homeSite } = job;
  const at = terms.now;
  if (placeBlind(alone, () => false).placed.size === 0) {
    const { reason, detail = 'nobody can say what would be needed' } = deferralOf(alone, 0, job, terms, spotPrice(alone, job, terms));
    return { at, homeSite, alternatives: [], chosen: undefined, reason, detail };
  }
  const { option, start, pattern } = alone.clearing.assignment;
  const run = priceRun(spot, asked, { option: option[0] as number, start: start[0] as number, pattern: pattern[0] }, terms);
  const computing = run.energyKwh * terms.computePricePerKwh;
  const budget = asked.market.requests.budget[0] as number;
  if (computing > budget) {
    const detail = `computing alone costs ${computing.toFixed(2)}, more than its budget of ${budget.toFixed(2)}`;
    return { at, homeSite, alternatives: [], chosen: undefined, reason: 'over-budget', detail };
  }
  const chosen = { ...run, priced: undefined, isRunNow: false, isChosen: true };
  const reason = hasPlan ? 'no-signals' : 'no-plan-yet';
  const why = hasPlan ? 'no site has signals for so long' : 'there was no cycle yet';
  return { at, homeSite, alternatives: [chosen], chosen, reason, detail: `${why}: the earliest window, without a price` };
}

/** A market before the first plan: everything is free, nothing is known. */
function emptyStanding(sites: readonly Site[], terms: FeasibleTerms): Standing {
  const supply = supplyOf(sites, new Map(), terms.now, []);
  const asked = feasible([], supply, terms);
  return { supply, feasible: asked, clearing: clear(asked.market) };
}
