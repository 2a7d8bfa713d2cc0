/**
 * Clears one market again and again, as a process of its own: the script that `plan-sizes.ts` starts.
 *
 * Its memory is the planner's and the market's: whoever built the market from records sits in another process. The first
 * argument is a file of `Work` in V8's own serialisation, the answer is one line of JSON on stdout.
 */
import { readFileSync } from 'node:fs';
import { deserialize } from 'node:v8';
import { type Clearing, clear, type Effort } from '../../scheduler/placement/clear.ts';
import type { Assignment, Market } from '../../scheduler/placement/market.ts';

export interface Work {
  readonly market: Market;
  readonly effort: Effort;
  /** Cold clearings, and warm ones from the last of them. */
  readonly times: number;
  /** What the warm ones clear instead; none without. */
  readonly changed?: Market | undefined;
  /** Searches on from the plan's own result for three times what it took, and tells how many are still unplaced. */
  readonly isSearchedOn: boolean;
}

/** What a clearing came to, without its columns. */
export interface Cleared {
  /** Median over the times, ms. */
  readonly ms: number;
  /** Accounting currency. */
  readonly bound: number;
  readonly cost: number;
  /** (cost − bound) ÷ |bound|. */
  readonly gap: number;
  readonly unplaced: number;
}

export interface Measured {
  readonly cold: Cleared;
  readonly warm: Cleared | undefined;
  /** After the longer search; the cold one's without. */
  readonly unplacedAtBest: number;
  /** Peak resident set after the first cold clearing, and what of it was there before the market was read, MB. */
  readonly peakMb: number;
  readonly emptyMb: number;
}

const peakMb = () => process.resourceUsage().maxRSS / 1_024; // maxRSS is KiB

export const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] as number;

/** A clearing goes on in the assignment it is given, so each gets its own. */
const copyOf = ({ option, start, pattern }: Assignment): Assignment => ({
  option: option.slice(),
  start: start.slice(),
  pattern: [...pattern],
});

function measure(times: number, clearing: () => Clearing, between: () => void = () => {}): { cleared: Cleared; last: Clearing } {
  const ms: number[] = [];
  let last: Clearing | undefined;
  for (let i = 0; i < times; i++) {
    const began = performance.now();
    last = clearing();
    ms.push(performance.now() - began);
    between();
  }
  if (!last) throw new RangeError(`a market is cleared once at least, found ${times}`);
  const { bound, cost, gap } = last;
  return { cleared: { ms: median(ms), bound, cost: cost.total, gap, unplaced: cost.unplaced }, last };
}

/** Fewest unplaced that searching on found within three times the time. */
function searchedOn(market: Market, first: Clearing, ms: number): number {
  const end = performance.now() + 3 * ms;
  let best = first;
  while (best.cost.unplaced > 0 && performance.now() < end) {
    const next = clear(market, { effort: 'thorough', from: { prices: best.prices, assignment: copyOf(best.assignment) } });
    if (next.cost.total >= best.cost.total) break; // the same search again would end there again
    best = next;
  }
  return best.cost.unplaced;
}

function run({ market, effort, times, changed, isSearchedOn }: Work, emptyMb: number): Measured {
  let firstPeakMb: number | undefined;
  const cold = measure(
    times,
    () => clear(market, { effort }),
    () => {
      firstPeakMb ??= peakMb();
    },
  );
  const from = () => ({ prices: cold.last.prices, assignment: copyOf(cold.last.assignment) });
  const warm = changed && measure(times, () => clear(changed, { effort, from: from() })).cleared;
  const unplacedAtBest = isSearchedOn ? searchedOn(market, cold.last, cold.cleared.ms) : cold.cleared.unplaced;
  return { cold: cold.cleared, warm, unplacedAtBest, peakMb: firstPeakMb ?? Number.NaN, emptyMb };
}

const [, script, file] = process.argv;
if (script?.endsWith('plan-clearing.ts')) {
  const emptyMb = peakMb();
  process.stdout.write(`${JSON.stringify(run(deserialize(readFileSync(file as string)) as Work, emptyMb))}\n`);
}
