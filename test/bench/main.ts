/**
 * Bench: `npm run -s bench -- NAME [--json] [--seed=N] [--only=PART,…]`. One bar a row: value, unit, target, and whether it holds.
 */
import { benchCrash } from './crash.ts';
import { benchFeeds } from './feeds.ts';
import { benchForecast } from './forecast.ts';
import { benchIngest } from './ingest.ts';
import { benchPlan } from './plan.ts';
import { benchShading } from './plan-shading.ts';
import { benchPlausibility } from './plausibility.ts';
import { benchSim } from './sim.ts';
import { benchStart } from './start.ts';
import { benchStores } from './stores.ts';

export interface Bar {
  readonly bar: string;
  readonly value: number;
  readonly unit: string;
  readonly target: string;
  readonly holds: boolean;
}

interface BenchArguments {
  readonly json: boolean;
  readonly forged: boolean;
  readonly seed: number;
  /** Parts of a bench, all when empty. */
  readonly only: readonly string[];
}

const benches: Readonly<Record<string, (args: BenchArguments) => Promise<Bar[]>>> = {
  ingest: benchIngest,
  crash: benchCrash,
  start: benchStart,
  stores: () => benchStores(),
  forecast: benchForecast,
  plan: benchPlan,
  sim: benchSim,
  feeds: benchFeeds,
  plausibility: benchPlausibility,
  shading: ({ seed }) => benchShading({ seed }),
};

const [name = '', ...flags] = process.argv.slice(2);
const bench = benches[name];
if (!bench) {
  process.stderr.write(`no bench "${name}"; there are: ${Object.keys(benches).join(', ')}\n`);
  process.exit(2);
}
const seed = Number(flags.find((flag) => flag.startsWith('--seed='))?.slice('--seed='.length) ?? 1);
const only = (flags.find((flag) => flag.startsWith('--only='))?.slice('--only='.length) ?? '').split(',').filter(Boolean);
const json = flags.includes('--json');
const bars = await bench({ json, forged: flags.includes('--forged'), seed, only });
if (json) process.stdout.write(`${JSON.stringify(bars, null, 2)}\n`);
else
  for (const { bar, value, unit, target, holds } of bars)
    process.stdout.write(`${holds ? 'holds' : 'FAILS'}  ${bar}: ${value} ${unit} (target ${target})\n`);
process.exit(bars.every(({ holds }) => holds) ? 0 : 1);
