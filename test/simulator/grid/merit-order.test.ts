/** Merit order: who answers, learned from made-up records and reckoned by hand. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { GenerationMix } from '../../../simulator/grid/generation-mix.ts';
import { answerMw, dispatch, fitMeritOrder } from '../../../simulator/grid/merit-order.ts';
import { HOUR } from '../../../units/time.ts';
import { coalThenGas, start, sum } from './zones.ts';

const mixOf = (bySource: Readonly<Record<string, readonly number[]>>): GenerationMix => ({
  start,
  stepMs: HOUR,
  count: (Object.values(bySource)[0] as readonly number[]).length,
  bySource: Object.fromEntries(Object.entries(bySource).map(([source, values]) => [source, Float64Array.from(values)])),
});
/** A residual load that swings between 100 and 300 MW, and 100 more or less hours of it. */
const swing = Array.from({ length: 3_000 }, (_, h) => 200 + 100 * Math.sin(h / 5) * Math.cos(h / 131));

describe('a merit order learned from a record', () => {
  test('finds the parts that sources took in every change', () => {
    const { responding, shares } = fitMeritOrder(
      mixOf({ coal: swing.map((mw) => 0.3 * mw), gas: swing.map((mw) => 0.7 * mw), nuclear: swing.map(() => 500) }),
    );
    expect(responding).toEqual(['coal', 'gas']);
    expect(shares).toHaveLength(12);
    for (const [coal, gas] of shares) expect([coal, gas]).toEqual([expect.closeTo(0.3), expect.closeTo(0.7)]);
  });

  test('finds that coal answers below 200 MW and gas above', () => {
    const order = fitMeritOrder(mixOf({ coal: swing.map((mw) => Math.min(mw, 200)), gas: swing.map((mw) => Math.max(0, mw - 200)) }));
    expect(answerMw(order, 120, 150)).toEqual([expect.closeTo(30, 6), expect.closeTo(0, 6)]);
    expect(answerMw(order, 250, 280)).toEqual([expect.closeTo(0, 6), expect.closeTo(30, 6)]);
  });

  test('sets a source that moves against the load to nothing', () => {
    const { shares } = fitMeritOrder(mixOf({ gas: swing.map((mw) => 1.2 * mw), biomass: swing.map((mw) => 100 - 0.2 * mw) }));
    for (const share of shares) expect(share).toEqual([1, 0]);
  });

  test('leaves out hours that are gaps', () => {
    const gas = swing.map((mw, h) => (h % 10 === 3 ? Number.NaN : mw));
    for (const share of fitMeritOrder(mixOf({ gas })).shares) expect(share).toEqual([1]);
  });

  test('knows no more than the bounds of what was seen, and a reserve above', () => {
    const { leastMw, mostMw, heldMostMw } = fitMeritOrder(mixOf({ gas: swing, nuclear: swing }), { reserveShare: 0.1 });
    expect(leastMw[0]).toBeGreaterThanOrEqual(Math.min(...swing));
    expect(mostMw[0]).toBeCloseTo(1.1 * Math.max(...swing));
    expect(heldMostMw).toEqual({ nuclear: Math.max(...swing) });
  });

  test.each([
    {
      name: 'no source that answers',
      mix: mixOf({ solar: [1, 2], wind: [2, 1] }),
      says: /no source answers to load; there are solar, wind/,
    },
    { name: 'one hour alone', mix: mixOf({ gas: [1] }), says: /hours that follow each other/ },
  ])('is refused for $name', ({ mix, says }) => expect(() => fitMeritOrder(mix)).toThrow(says));
});

describe('an hour’s dispatch', () => {
  test.each([
    { name: 'up to the joint, coal alone', from: 60, before: [60, 0], shift: 30, want: [90, 0], surplus: 0, unserved: 0 },
    { name: 'across the joint, each its part', from: 60, before: [60, 0], shift: 70, want: [100, 30], surplus: 0, unserved: 0 },
    { name: 'down, gas first', from: 150, before: [100, 50], shift: -80, want: [70, 0], surplus: 0, unserved: 0 },
    { name: 'at a source’s limit, the others', from: 150, before: [100, 50], shift: 200, want: [150, 200], surplus: 0, unserved: 0 },
    { name: 'beyond all limits, load goes unserved', from: 150, before: [100, 50], shift: 300, want: [200, 200], surplus: 0, unserved: 50 },
    { name: 'below what must run, there is surplus', from: 150, before: [100, 50], shift: -130, want: [40, 0], surplus: 20, unserved: 0 },
    { name: 'a source below its least stays where it was', from: 30, before: [30, 0], shift: -10, want: [30, 0], surplus: 10, unserved: 0 },
  ])('$name', ({ from, before, shift, want, surplus, unserved }) => {
    const { outputMw, surplusMw, unservedMw } = dispatch(coalThenGas, from, before, shift);
    expect(outputMw.map((mw) => Math.round(mw * 1e6) / 1e6)).toEqual(want);
    expect([surplusMw, unservedMw]).toEqual([expect.closeTo(surplus), expect.closeTo(unserved)]);
  });

  test('balances whatever is asked, and no source goes the other way', () =>
    fc.assert(
      fc.property(
        fc.tuple(fc.double({ min: 0, max: 250, noNaN: true }), fc.double({ min: 0, max: 250, noNaN: true })),
        fc.double({ min: -600, max: 600, noNaN: true }),
        (before, shift) => {
          const { outputMw, surplusMw, unservedMw } = dispatch(coalThenGas, sum(before), before, shift);
          expect(sum(outputMw) + unservedMw - surplusMw).toBeCloseTo(sum(before) + shift, 6);
          outputMw.forEach((mw, s) => void expect((mw - (before[s] as number)) * Math.sign(shift)).toBeGreaterThanOrEqual(-1e-9));
        },
      ),
    ));
});
