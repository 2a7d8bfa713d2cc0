/**
 * Plans under measure: sizes and speeds, the bound against outside truth, and seven real days against the baselines.
 *
 * Every figure is measured in this run. `--only=sizes,quote,bound,days` takes a part. Tables go to stderr.
 */
import type { Bar } from './main.ts';
import { boundBars } from './plan-bound.ts';
import { dayBars } from './plan-days.ts';
import { quoteBars } from './plan-quote.ts';
import { sizeBars } from './plan-sizes.ts';

const parts: Readonly<Record<string, (seed: number, progress: (line: string) => void) => Bar[] | Promise<Bar[]>>> = {
  sizes: sizeBars,
  quote: quoteBars,
  bound: boundBars,
  days: dayBars,
};

/** Bars of the planner; some minutes of one core. `json` keeps stderr quiet. */
export async function benchPlan({ json, seed, only }: { json: boolean; seed: number; only: readonly string[] }): Promise<Bar[]> {
  const unknown = only.filter((part) => !(part in parts));
  if (unknown.length > 0) throw new RangeError(`no part ${unknown.join(', ')}; there are ${Object.keys(parts).join(', ')}`);
  const begun = performance.now();
  const progress = (line: string) => {
    if (!json) process.stderr.write(`${((performance.now() - begun) / 1_000).toFixed(0).padStart(4)} s  ${line}\n`);
  };
  const bars: Bar[] = [];
  for (const [name, barsOf] of Object.entries(parts))
    if (only.length === 0 || only.includes(name)) bars.push(...(await barsOf(seed, progress)));
  return bars;
}
