/**
 * Quotes under measure: what one arriving job waits for its price, at the prices that stand.
 */
import { clear } from '../../scheduler/placement/clear.ts';
import type { Market, Prices } from '../../scheduler/placement/market.ts';
import { rounded } from './forecast-grids.ts';
import type { Bar } from './main.ts';
import { planInstance } from './plan-instances.ts';

// TO BE FILLED IN with scheduler/placement/quote.ts: import { quoteFor } from '../../scheduler/placement/quote.ts';
// and `prepare` below returns what answers one request of the market at standing prices.
const prepare: ((market: Market, prices: Prices) => (request: number) => unknown) | undefined = undefined;

const quotes = 10_000;
const microsecondsMax = 50;

/** One bar: the median of so many quotes, each a job of the instance that arrives again. None while nobody quotes. */
export function quoteBars(seed: number, progress: (line: string) => void): Bar[] {
  const answerer = prepare as ((market: Market, prices: Prices) => (request: number) => unknown) | undefined;
  if (!answerer) return [];
  const market = planInstance({ jobs: quotes, utilisation: 0.7, kind: 'contiguous', seed });
  const { prices } = clear(market);
  const quote = answerer(market, prices);
  const took = new Float64Array(quotes);
  for (let request = 0; request < quotes; request++) {
    const began = performance.now();
    quote(request);
    took[request] = 1_000 * (performance.now() - began);
  }
  took.sort();
  const at = (share: number) => took[Math.floor(share * (quotes - 1))] as number;
  progress(`quotes: median ${at(0.5).toFixed(1)} µs, P99 ${at(0.99).toFixed(1)} µs`);
  return [
    {
      bar: `one arriving job, 10 × 96, standing prices: median of ${quotes.toLocaleString('en')} quotes (P99 ${at(0.99).toFixed(0)})`,
      value: rounded(at(0.5), 1),
      unit: 'µs',
      target: `<= ${microsecondsMax}`,
      holds: at(0.5) <= microsecondsMax,
    },
  ];
}
