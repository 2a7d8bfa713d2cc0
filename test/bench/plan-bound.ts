/**
 * The bound under measure: against the LP relaxation that HiGHS solves, and never above what a plan costs.
 *
 * The LP is written from the same columns by other hands (`exact.ts`); its optimum is the best any prices can prove for
 * contiguous requests, so what ours is below it is what the ascent has left. For interruptible ones with restart costs the
 * LP is no measure: it spreads a run thinly, pays for next to no restart, and lies below what prices prove.
 */
import fc from 'fast-check';
import { clear } from '../../scheduler/placement/clear.ts';
import { assess } from '../../scheduler/placement/cost.ts';
import type { Market, requestKinds } from '../../scheduler/placement/market.ts';
import { ascend } from '../../scheduler/placement/prices.ts';
import { seat } from '../../scheduler/placement/seat.ts';
import { lpBound } from '../scheduler/placement/exact.ts';
import { arbitraryMarket } from '../scheduler/placement/markets.ts';
import { rounded } from './forecast-grids.ts';
import type { Bar } from './main.ts';
import { planInstance } from './plan-instances.ts';

const jobCounts = [100, 300];
const seedsEach = 3;
const fewPasses = 12;
const shortfallMaxPercent = 0.1;
const randomMarkets = 10_000;
/** HiGHS calls feasible what breaks a row by 1e-7. */
const lpTolerancePercent = 1e-4;
/** Of the cost, for sums of the same parts in another order. */
const roundOff = 1e-9;

async function againstLp(seed: number, progress: (line: string) => void): Promise<Bar[]> {
  const bars: Bar[] = [];
  for (const jobs of jobCounts) {
    const below: number[] = [];
    for (let s = seed; s < seed + seedsEach; s++) {
      const market = planInstance({ jobs, utilisation: 0.7, kind: 'contiguous', seed: s });
      const lp = await lpBound(market);
      const { bound } = clear(market, { effort: 'thorough' });
      below.push((100 * (lp - bound)) / Math.abs(lp));
      progress(`${jobs} contiguous, seed ${s}: LP ${lp.toFixed(4)}, bound ${below.at(-1)?.toFixed(3)} % below it`);
    }
    bars.push({
      bar: `bound: ${jobs} contiguous jobs, thorough, most below HiGHS' LP of ${seedsEach} seeds`,
      value: rounded(Math.max(...below), 3),
      unit: '%',
      target: `<= ${shortfallMaxPercent}, never above the LP`,
      holds: Math.max(...below) <= shortfallMaxPercent && Math.min(...below) >= -lpTolerancePercent,
    });
  }
  return bars;
}

/** A bound and the cost of a plan that it is said to lie below. */
interface Certified {
  readonly bound: number;
  readonly cost: number;
}

/** As `clear` does it for large markets: prices and seats alone. */
function pricedAndSeated(market: Market): Certified {
  const { prices, bound, draft } = ascend(market, { passes: fewPasses });
  return { bound, cost: assess(market, seat(market, prices, draft, [0]).assignment).total };
}

function cleared(market: Market): Certified {
  const { bound, cost } = clear(market);
  return { bound, cost: cost.total };
}

function belowEveryPlan(seed: number): Bar {
  const sample = (kinds: (keyof typeof requestKinds)[]) => fc.sample(arbitraryMarket({ kinds }), { numRuns: randomMarkets / 2, seed });
  const certified = [
    ...sample(['contiguous', 'interruptible', 'elastic']).map(pricedAndSeated),
    ...sample(['contiguous', 'interruptible']).map(cleared),
  ];
  const above = certified.filter(({ bound, cost }) => !(bound <= cost + roundOff * Math.max(1, Math.abs(cost))));
  return {
    bar: `bound: above the plan's cost, of ${certified.length.toLocaleString('en')} random markets, half of them with elastic requests`,
    value: above.length,
    unit: 'markets',
    target: '0',
    holds: certified.length === randomMarkets && above.length === 0,
  };
}

/** Bars of the bound; minutes, most of them HiGHS'. */
export async function boundBars(seed: number, progress: (line: string) => void): Promise<Bar[]> {
  const below = belowEveryPlan(seed);
  progress(`${below.value} of ${randomMarkets} random markets have a bound above their plan`);
  return [below, ...(await againstLp(seed, progress))];
}
