/** Price maker: loads that stand on the prices they make. */
import { describe, expect, test } from 'vitest';
import type { GridOutcome } from '../../../simulator/grid/outcome.ts';
import { settleTogether, settleWith } from '../../../simulator/grid/price-maker.ts';
import { zoneOfSignals } from '../../../simulator/grid/zone.ts';
import { handZone } from './zones.ts';

/** A fleet that draws 1 MW for every unit of currency that the price is below 60. */
const elastic = ({ price }: GridOutcome) => price.values.map((value) => 1_000 * Math.max(0, 60 - (value as number)));
/** A fleet that draws 100 MW where the price is below 50, else nothing: 100 MW make it 90. */
const inLumps = ({ price }: GridOutcome) => price.values.map((value) => ((value as number) < 50 ? 100_000 : 0));

describe('a fleet that moves its prices', () => {
  test('settles where load and price agree: L = 60 − (40 + 0.2·L)', () => {
    const { kind, loadKw, signals, residualKw, iterations } = settleWith(handZone(), elastic, { toleranceKw: 0.01 });
    expect(kind).toBe('settled');
    expect(loadKw[0]).toBeCloseTo(20_000 / 1.2, 1);
    expect(signals.price.values[0]).toBeCloseTo(40 + 0.2 * (20 / 1.2), 4);
    expect(residualKw).toBeLessThanOrEqual(0.01);
    expect(iterations).toBeLessThan(40);
  });
  test('draws less than one that believes itself small', () => {
    const asTaker = elastic({ price: handZone().trace.price } as GridOutcome);
    expect(settleWith(handZone(), elastic).loadKw[0]).toBeLessThan(asTaker[0] as number);
  });
  test('in lumps ends at the limit and tells how far apart load and signals are', () => {
    let calls = 0;
    const settled = settleWith(
      handZone(),
      (signals) => {
        calls++;
        return inLumps(signals);
      },
      { iterationsMax: 30 },
    );
    expect([settled.kind, settled.iterations, calls]).toEqual(['unsettled', 30, 30]);
    expect(settled.residualKw).toBeGreaterThan(40_000);
    expect(settled.signals.price.values[0]).toBeCloseTo(50, 0); // where it would rather be half of the time
  });
  test('that draws nothing settles at once', () =>
    expect(settleWith(handZone(), ({ price }) => price.values.map(() => 0))).toMatchObject({
      kind: 'settled',
      iterations: 1,
      residualKw: 0,
    }));
  test('in two zones sees both, and settles each as alone where they do not meet', () => {
    const { kind, loadsKw, iterations } = settleTogether([handZone(), handZone()], (signals) => signals.map(elastic), {
      toleranceKw: 0.01,
    });
    expect(kind).toBe('settled');
    expect(loadsKw.map(([kw]) => kw)).toEqual([expect.closeTo(20_000 / 1.2, 1), expect.closeTo(20_000 / 1.2, 1)]);
    expect(iterations).toBe(settleWith(handZone(), elastic, { toleranceKw: 0.01 }).iterations);
  });
  test('that no price moves settles in three placements', () =>
    expect(settleWith(handZone(), ({ price }) => price.values.map(() => 50_000))).toMatchObject({
      kind: 'settled',
      iterations: 3,
      residualKw: 0,
    }));
  test('that never settles is told where it came nearest', () => {
    const calls: number[] = [];
    const { residualKw } = settleWith(
      handZone(),
      (signals) => {
        const load = inLumps(signals);
        calls.push(load[0] as number);
        return load;
      },
      { iterationsMax: 30 },
    );
    const shorter = settleWith(handZone(), inLumps, { iterationsMax: 10 });
    expect(residualKw).toBeLessThanOrEqual(shorter.residualKw);
    expect(new Set(calls)).toEqual(new Set([0, 100_000]));
  });
  test('in a zone of signals alone is a price taker', () =>
    expect(settleWith(zoneOfSignals(handZone().trace), elastic)).toMatchObject({ kind: 'settled', iterations: 1, residualKw: 0 }));
  test.each([
    { name: 'a load of other hours', run: () => settleWith(handZone(), () => [1]), says: /24 hours, found 1/ },
    { name: 'no damping', run: () => settleWith(handZone(), elastic, { damping: 0 }), says: /damping in/ },
  ])('is refused $name', ({ run, says }) => expect(run).toThrow(says));
});
