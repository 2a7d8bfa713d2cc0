/** Drift: three lost days that a CUSUM confirms, wins that end it, and how often and how fast on seeded losses. */
import { describe, expect, test } from 'vitest';
import { type DriftState, driftAfter, noDrift } from '../../../../energy-oracle/forecast/trust/drift.ts';

/** CLIPER loses 1 a day; the model this. */
const stateAfter = (losses: readonly number[], from: DriftState = noDrift) =>
  losses.reduce((state, loss) => driftAfter(state, loss, 1), from);

describe('a model', () => {
  test.each([
    { name: 'is steady while it wins', losses: [0.8, 0.7, 0.9, 0.8], want: 'steady' },
    { name: 'may lose two days, however badly', losses: [0.8, 5, 5], want: 'steady' },
    { name: 'has drifted when it lost three days in a row by much', losses: [0.8, 1.7, 1.6, 1.7], want: 'drifted' },
    { name: 'may lose three days by a little', losses: [0.8, 1.05, 1.05, 1.05, 1.05], want: 'steady' },
    { name: 'has drifted when it loses by a little for long', losses: [0.8, ...new Array(40).fill(1.15)], want: 'drifted' },
    { name: 'is saved by a day it wins', losses: [1.7, 1.7, 0.9, 1.7], want: 'steady' },
    { name: 'recovers by a run of wins', losses: [1.7, 1.7, 1.7, 0.7, 0.6], want: 'steady' },
    { name: 'does not recover by one', losses: [1.7, 1.7, 1.7, 0.6], want: 'drifted' },
    { name: 'does not recover by winning as much as it loses', losses: [1.7, 1.7, 1.7, 0.7, 1.3, 0.7, 1.3], want: 'drifted' },
  ])('$name', ({ losses, want }) => expect(stateAfter(losses).kind).toBe(want));

  test('gives its reasons with numbers', () => {
    expect(noDrift.reason).toBeUndefined();
    const drifted = stateAfter([1.7, 1.7, 1.7]);
    expect(drifted.reason).toBe(
      "the model lost to CLIPER on 3 days in a row, by 180 % of a usual day's loss in sum beyond 10 % a day (CUSUM)",
    );
    expect(stateAfter([0.6, 0.6], drifted).reason).toBe("the model beats CLIPER again, by 80 % of a usual day's loss in sum (CUSUM)");
  });

  test('starts afresh after a recovery', () => {
    const recovered = stateAfter([1.7, 1.7, 1.7, 0.6, 0.6]);
    expect(recovered.kind).toBe('steady');
    expect(stateAfter([1.7, 1.7], recovered).kind).toBe('steady');
    expect(stateAfter([1.7, 1.7, 1.7], recovered).kind).toBe('drifted');
  });

  test('is judged by shares: the unit of the losses changes nothing', () => {
    const inWatts = [1700, 1700, 1700].reduce((state, loss) => driftAfter(state, loss, 1000), noDrift);
    expect(inWatts.reason).toBe(stateAfter([1.7, 1.7, 1.7]).reason);
  });

  test('is not judged on a day without a truth', () => {
    const state = stateAfter([1.7, 1.7]);
    expect(driftAfter(state, Number.NaN, 1)).toBe(state);
    expect(driftAfter(state, 1, Number.NaN)).toBe(state);
    expect(stateAfter([1.7], driftAfter(state, Number.NaN, Number.NaN)).kind).toBe('drifted'); // three days that were judged
  });

  test('goes on from JSON', () => {
    const state = JSON.parse(JSON.stringify(stateAfter([0.8, 1.7, 1.7]))) as DriftState;
    expect(stateAfter([1.7], state)).toEqual(stateAfter([0.8, 1.7, 1.7, 1.7]));
  });

  test('has no loss below 0', () => expect(() => driftAfter(noDrift, -1, 1)).toThrow(RangeError));
});

describe('over many seeded years', () => {
  const runs = 200;
  /** Uniform by a linear congruence (Numerical Recipes), normal by Box and Muller. */
  function seeded(seed: number) {
    let state = seed;
    const uniform = () => {
      state = (state * 1_664_525 + 1_013_904_223) >>> 0;
      return (state + 0.5) / 2 ** 32;
    };
    return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  }
  /** A day on which CLIPER's loss varies by 30 % and the model's is `ratio` of it, give or take 30 %. */
  const dayOf = (normal: () => number, ratio: number) => (state: DriftState) => {
    const cliper = Math.max(0.2, 1 + 0.3 * normal());
    return driftAfter(state, Math.max(0, cliper * (ratio + 0.3 * normal())), cliper);
  };
  const daysUntil = (kind: DriftState['kind'], from: DriftState, day: (state: DriftState) => DriftState) => {
    let [state, days] = [from, 0];
    for (; state.kind !== kind && days < 200; days++) state = day(state);
    return { state, days };
  };
  const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1];

  test('a model that beats CLIPER by a fifth is accused less than once a year', () => {
    const day = dayOf(seeded(1), 0.8);
    let [state, alarms] = [noDrift, 0];
    for (let i = 0; i < runs * 365; i++) {
      const next = day(state);
      if (next.kind === 'drifted' && state.kind === 'steady') alarms++;
      state = next;
    }
    expect(alarms / runs).toBeLessThan(1);
  });

  test('one that turned 40 % worse is caught within six days, and trusted again within five of its good days, at the median', () => {
    const normal = seeded(2);
    const [caught, trusted]: [number[], number[]] = [[], []];
    for (let run = 0; run < runs; run++) {
      let good = noDrift;
      for (let i = 0; i < 30; i++) good = dayOf(normal, 0.8)(good);
      const drift = daysUntil('drifted', { ...good, kind: 'steady' }, dayOf(normal, 1.4));
      caught.push(drift.days);
      trusted.push(daysUntil('steady', drift.state, dayOf(normal, 0.8)).days);
    }
    expect(median(caught)).toBeLessThanOrEqual(6);
    expect(median(trusted)).toBeLessThanOrEqual(5);
  });
});
