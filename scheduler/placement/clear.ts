/**
 * Clear: one market in, a plan with its prices and its certificate out.
 *
 * Prices first (`prices.ts`), then seats at true costs (`seat.ts`), then what it all costs and how far from the best it
 * can be. Pure: the same market, the same clearing. How long it searches is said in passes, not in seconds.
 */
import { createBound } from './bound.ts';
import { assess, type PlanCost } from './cost.ts';
import { improve } from './improve.ts';
import { emptyLoad, type Load } from './load.ts';
import { type Assignment, type Market, nobody, type Prices } from './market.ts';
import { ascendInParts } from './mixture.ts';
import { type Ascent, ascend, standInsFrom } from './prices.ts';
import { type Settling, seat } from './seat.ts';

export interface Clearing {
  readonly assignment: Assignment;
  /** What the assignment holds. */
  readonly load: Load;
  readonly cost: PlanCost;
  /** At these the requests of the plan would, by and large, choose what they got; the best bound's. */
  readonly prices: Prices;
  /** No plan costs less, accounting currency. */
  readonly bound: number;
  /** (cost − bound) ÷ |bound|; 0 when both are 0. */
  readonly gap: number;
}

/** How hard to search: `brisk` is a cycle's of few jobs, which comes again in a quarter of an hour; `thorough` takes some three times as long as `quick`. */
export type Effort = 'brisk' | 'quick' | 'thorough';

export interface ClearOptions {
  readonly effort?: Effort;
  /** Prices and runs to go on from: a market that changed little clears in a fraction of the time. */
  readonly from?: { readonly prices: Prices; readonly assignment?: Assignment | undefined } | undefined;
}

interface Limits {
  /** Passes of the ascent at least, and more for few requests: so many answers in all, at most `passesMax`. */
  readonly passesMin: number;
  readonly passesMax: number;
  readonly answers: number;
  /** Passes behind those of stand-ins. */
  readonly passesNear: number;
  /** Passes of the mixture in a small market, by the same rule. */
  readonly mixtureAnswers: number;
  readonly mixturePassesMax: number;
  readonly mixtureRounds: number;
  /** Rounds in which what is over capacity gives way. */
  readonly settling: readonly Settling[];
  /** Weights of the guided reinsertion. */
  readonly guidance: readonly number[];
  /** Moves of ruin and recreate, and how many more when somebody is left out. */
  readonly moves: number;
  readonly rescues: number;
  /** A plan so near its bound is not searched any further, (cost − bound) ÷ |bound|. */
  readonly gapEnough: number;
}

/** Rounds between draft and rounding: prices lean more and more and count less and less. */
const quickly: readonly Settling[] = [
  { weight: 0.8, steepness: 2 },
  { weight: 0.6, steepness: 4 },
  { weight: 0.4, steepness: 8 },
  { weight: 0.2, steepness: 32 },
];
const slowly: readonly Settling[] = [
  { weight: 0.8, steepness: 2 },
  { weight: 0.7, steepness: 3 },
  { weight: 0.6, steepness: 4 },
  { weight: 0.5, steepness: 6 },
  { weight: 0.4, steepness: 8 },
  { weight: 0.3, steepness: 16 },
  { weight: 0.2, steepness: 32 },
  { weight: 0.1, steepness: 64 },
];

const limits: Readonly<Record<Effort, Limits>> = {
  brisk: {
    passesMin: 8,
    passesMax: 60,
    answers: 6_000,
    passesNear: 5,
    mixtureAnswers: 2_000,
    mixturePassesMax: 60,
    mixtureRounds: 3,
    settling: quickly,
    guidance: [0.8, 0.4, 0],
    moves: 50,
    rescues: 300,
    gapEnough: 0.002,
  },
  quick: {
    passesMin: 12,
    passesMax: 60,
    answers: 120_000,
    passesNear: 5,
    mixtureAnswers: 20_000,
    mixturePassesMax: 300,
    mixtureRounds: 3,
    settling: quickly,
    guidance: [0.8, 0.4, 0],
    moves: 300,
    rescues: 1_000,
    gapEnough: 0.002,
  },
  thorough: {
    passesMin: 40,
    passesMax: 120,
    answers: 400_000,
    passesNear: 20,
    mixtureAnswers: 150_000,
    mixturePassesMax: 1_000,
    mixtureRounds: 8,
    settling: slowly,
    guidance: [0.8, 0.8, 0.4, 0.2, 0.1, 0, 0],
    moves: 2_000,
    rescues: 6_000,
    gapEnough: 0.0005,
  },
};
/** When prices and runs of a large market are at hand, one reinsertion at true costs does: the prices stand until the next cold search. */
const warm = { ascent: { passes: 0, draftLeans: [] }, seating: { settling: [], guidance: [0], moves: 0 } };
/** Markets of no more requests than this answer in parts too: the bound is then that of the linear relaxation. */
const mixtureMax = 1_500;
/** With prices at hand a mixture takes so many times fewer passes. */
const warmShare = 4;
/** Fewer requests than this do not herd. */
const herdMin = 300;

/** Clears a market; see `prices.ts`, `mixture.ts`, `seat.ts` and `improve.ts` for what it costs. */
export function clear(market: Market, { effort = 'quick', from }: ClearOptions = {}): Clearing {
  const bound = createBound(market);
  const limit = limits[effort];
  const { count } = market.requests;
  if (count === 0) return idle(market);
  const isSmall = count <= mixtureMax;
  const isWarm = from?.assignment !== undefined && !isSmall;
  const search = isWarm ? { ...limit, ...warm.seating } : limit;
  const ascent = ascend(
    market,
    {
      passes: !from && count >= standInsFrom ? limit.passesNear : passesFor(count, limit),
      from: from?.prices,
      draft: from?.assignment,
      ...(isWarm && warm.ascent),
    },
    bound,
  );
  const plan = seatDraft(market, ascent, search, isSmall ? undefined : bound.regret);
  const first = clearingOf(plan, ascent);
  if (!isSmall || first.gap <= limit.gapEnough) return first;
  const turns = Math.min(limit.mixturePassesMax, Math.ceil(limit.mixtureAnswers / count / (from ? warmShare : 1)));
  const enough = plan.cost.total - limit.gapEnough * Math.abs(plan.cost.total);
  const mixed = ascendInParts(market, turns, bound, { from: ascent.prices, rounds: limit.mixtureRounds, enough });
  const other = seatDraft(market, mixed, limit, undefined);
  return clearingOf(other.cost.total < plan.cost.total ? other : plan, mixed.bound > ascent.bound ? mixed : ascent);
}

/** Nobody asks: nothing costs anything. */
function idle(market: Market): Clearing {
  const { slots, poolCount, siteCount } = market.offers;
  const prices: Prices = { accelerator: new Float64Array(poolCount * slots), surplus: new Float64Array(siteCount * slots) };
  const assignment = nobody(0);
  const load = emptyLoad(market);
  return { assignment, load, cost: assess(market, assignment, load), prices, bound: 0, gap: 0 };
}

/** Few passes where a mixture follows, most where requests are too many for one and still few enough to herd. */
function passesFor(count: number, { passesMin, passesMax, answers }: Limits): number {
  if (count < herdMin) return passesMin;
  return Math.max(passesMin, Math.min(passesMax, Math.ceil(answers / count)));
}

interface Plan {
  readonly assignment: Assignment;
  readonly load: Load;
  readonly cost: PlanCost;
}

function seatDraft(
  market: Market,
  { prices, draft, draftPrices }: Ascent,
  { settling, guidance, moves, rescues }: Limits,
  regret: Float64Array | undefined,
): Plan {
  const { assignment, load } = seat(market, draftPrices, draft, guidance, { settling, regret });
  const isShort = assignment.option.some((option) => option < 0);
  improve(market, prices, assignment, load, isShort ? rescues : moves);
  return { assignment, load, cost: assess(market, assignment, load) };
}

function clearingOf({ assignment, load, cost }: Plan, { prices, bound }: Ascent): Clearing {
  return { assignment, load, cost, prices, bound, gap: gapOf(cost.total, bound) };
}

/** (cost − bound) ÷ |bound|, 0 within rounding. */
export const gapOf = (cost: number, bound: number): number =>
  Math.abs(cost - bound) <= roundingOf(bound) ? 0 : (cost - bound) / Math.abs(bound);

/** Sums of many thousand parts agree to so much. */
const roundingOf = (value: number): number => 1e-9 * Math.max(1, Math.abs(value));
