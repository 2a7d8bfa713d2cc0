/** The worked example of docs/planner.md: every number that is written there, so that the page cannot drift from the planner. */
import { describe, expect, test } from 'vitest';
import { createBound } from '../../../scheduler/placement/bound.ts';
import { clear } from '../../../scheduler/placement/clear.ts';
import { assess } from '../../../scheduler/placement/cost.ts';
import { loadOf } from '../../../scheduler/placement/load.ts';
import { type Assignment, nobody, type Prices } from '../../../scheduler/placement/market.ts';
import { optimum } from './exact.ts';
import { type MarketSketch, marketOf, type PerSlot } from './markets.ts';

const [hill, port] = [0, 1];
const [render, tune, train] = [0, 1, 2];
const slots = 3;
/** An accelerator draws 10 kW for an hour: it costs a hundredth of the price of a MWh. */
const draws = { kwPerAccelerator: 10, unplacedCost: 10 } as const;

/** The example, with other accelerators at Hill and another surplus at Port on demand. */
const example = ({ atHill = [1, 1, 1], portKw = 10 }: { atHill?: PerSlot; portKw?: number } = {}): MarketSketch => ({
  slots,
  carbonPricePerKg: [0, 0.1],
  sites: [
    { importPrice: [70, 80, 160], carbonIntensity: 200, curtailedKw: [0, 20, 0], pools: [{ capacity: atHill }] },
    { importPrice: [130, 130, 110], carbonIntensity: 400, exportableKw: [0, 0, portKw], feedInTariff: 40, pools: [{ capacity: 2 }] },
  ],
  requests: [
    { ...draws, length: 2, options: [{ pool: hill }, { pool: port, transferCost: 0.3 }] },
    { ...draws, length: 1 },
    { ...draws, kind: 'interruptible', length: 2, restartCost: 0.05, weightClass: 1 },
  ],
});
const market = marketOf(example());

/** Where there is no surplus its price is above all grid energy: nobody can buy it. */
const none = 200;
/** Prices per accelerator and hour at Hill, and per MWh of surplus at Port in the last hour; Port's accelerators and Hill's surplus are free. */
const pricesOf = (atHill: readonly number[], surplus: number): Prices => ({
  accelerator: Float64Array.from([...atHill, 0, 0, 0]),
  surplus: Float64Array.from([none, 0, none, none, none, surplus]),
});
const cleared = pricesOf([0.8, 1.1, 0], 110);

/** Contiguous runs: option by option row (a job's row at Hill, then at Port), and the hour each begins. */
const plan = (option: readonly number[], start: readonly number[], pattern: Assignment['pattern'] = []): Assignment => ({
  option: Int32Array.from(option),
  start: Int32Array.from(start),
  pattern: Array.from({ length: option.length }, (_, i) => pattern[i]),
});
const rowOf = (job: number, site: number) => job * 2 + site;
const best = plan([rowOf(render, hill), rowOf(tune, port), rowOf(train, port)], [0, 2, 1]);

describe('the worked example', () => {
  test.each([
    { atHill: [0, 0, 0], surplus: 0, want: 1.6 },
    { atHill: [0.4, 0.6, 0], surplus: 40, want: 3 },
    { atHill: [0.8, 1.1, 0], surplus: 110, want: 3.9 },
    { atHill: [0.4, 1.5, 0], surplus: 110, want: 3.9 },
  ])('has the bound $want at prices $atHill and $surplus', ({ atHill, surplus, want }) =>
    expect(createBound(market).at(pricesOf(atHill, surplus))).toBeCloseTo(want, 9),
  );

  test.each([
    { name: 'nothing is scarce', prices: pricesOf([0, 0, 0], 0), want: [0.7, 1.6, 0, 0, 0.9, 1.7] },
    { name: 'half way', prices: pricesOf([0.4, 0.6, 0], 40), want: [1.7, 2, 0.6, 0.4, 1.9, 2.1] },
    { name: 'the market clears', prices: cleared, want: [2.6, 2.7, 1.1, 1.1, 2.8, 2.8] },
  ])('has the cheapest runs of each job at each site when $name', ({ prices, want }) => {
    const costs = createBound(market).costsAt(prices);
    const transfer = [0, 0.3, 0, 0, 0, 0];
    expect(transfer.map((cost, row) => cost + (costs[row] ?? 0))).toEqual(want.map((cost) => expect.closeTo(cost, 9)));
  });

  const pause = Uint16Array.of(1, 0, 1);
  test.each<{ job: number; site: number; start: number; pattern?: Uint16Array; want: number }>([
    { job: render, site: hill, start: 0, want: 0.7 },
    { job: render, site: port, start: 1, want: 2 },
    { job: tune, site: hill, start: 1, want: 0 },
    { job: tune, site: port, start: 2, want: 0.4 },
    { job: tune, site: hill, start: 0, want: 0.7 },
    { job: train, site: hill, start: 0, want: 0.9 },
    { job: train, site: port, start: 1, want: 2.1 },
    { job: train, site: hill, start: 0, pattern: pause, want: 2.75 },
  ])('has a run of job $job alone, at site $site from slot $start, at $want', ({ job, site, start, pattern, want }) => {
    const alone = nobody(market.requests.count);
    alone.option[job] = rowOf(job, site);
    alone.start[job] = start;
    alone.pattern[job] = pattern;
    const { total, unplacedCost } = assess(market, alone);
    expect(total - unplacedCost).toBeCloseTo(want, 9);
  });

  test('has a plan that costs 3.90, which nothing beats', async () => {
    expect(assess(market, best).total).toBeCloseTo(3.9, 9);
    expect((await optimum(market)).cost).toBeCloseTo(3.9, 6);
  });

  test('shares the surplus of Port by need: all of it to the one that weighs carbon', () => {
    const { surplusKwh, energyKwh, carbonG, energy, carbonCost } = assess(market, best);
    expect([energyKwh, surplusKwh]).toEqual([50, 20]);
    expect(carbonG).toBeCloseTo(10_000, 6);
    expect([energy, carbonCost]).toEqual([expect.closeTo(3.5, 9), expect.closeTo(0.4, 9)]);
    expect(loadOf(market, best).accelerators).toEqual(Float64Array.from([1, 1, 0, 0, 1, 2]));
  });

  test('is cleared by the planner, to the plan of the page and without a gap', () => {
    const { assignment, cost, bound, gap } = clear(market);
    expect(assignment.option).toEqual(best.option);
    expect(assignment.start).toEqual(best.start);
    expect(cost.total).toBeCloseTo(3.9, 9);
    expect(bound).toBeGreaterThan(3.89);
    expect(gap).toBeLessThan(0.002);
  });

  test('costs 4.75 when the shortest job chooses first and the next ones take what is left', () => {
    const greedy = plan([rowOf(render, port), rowOf(tune, hill), rowOf(train, hill)], [1, 1, 0], [undefined, undefined, pause]);
    expect(assess(market, greedy).total).toBeCloseTo(4.75, 9);
  });

  test.each<{ name: string; change: Parameters<typeof example>[0]; price: number; saved: number }>([
    { name: 'an accelerator at Hill all day: what its prices say', change: { atHill: [2, 2, 2] }, price: 1.9, saved: 1.9 },
    { name: 'one in the second hour: what its price says', change: { atHill: [1, 2, 1] }, price: 1.1, saved: 1.1 },
    { name: 'one in the first hour: less than its price', change: { atHill: [2, 1, 1] }, price: 0.8, saved: 0.4 },
    { name: '10 kW of surplus at Port: what its price says, above the tariff', change: { portKw: 20 }, price: 0.7, saved: 0.7 },
  ])('would save with one more: $name', async ({ change, price, saved }) => {
    const more = marketOf(example(change));
    expect(createBound(market).at(cleared) - createBound(more).at(cleared)).toBeCloseTo(price, 9);
    expect(3.9 - (await optimum(more)).cost).toBeCloseTo(saved, 6);
  });
});
