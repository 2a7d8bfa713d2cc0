/** Outages, given and drawn: pure functions of time, on the grid of the meters. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Mishaps } from '../../../simulator/mishaps.ts';
import { outagesOf } from '../../../simulator/plant/outages.ts';
import { DAY, HOUR, MINUTE } from '../../../units/time.ts';

const start = Date.UTC(2026, 5, 1);
const of = (outages: Mishaps['outages'], site = 'oak', seed = 3) => outagesOf(site, { outages }, { seed, start, stepMs: 5 * MINUTE });

describe('an outage that is given', () => {
  const outages = of([
    { site: 'oak', kind: 'grid', start: start + 61 * MINUTE, end: start + 119 * MINUTE },
    { site: 'elm', kind: 'grid', start: start + 5 * HOUR, end: start + 6 * HOUR },
  ]);
  test.each([
    { minute: 59, out: false },
    { minute: 60, out: true },
    { minute: 119, out: true },
    { minute: 120, out: false },
    { minute: 330, out: false },
  ])('at minute $minute: $out, its edges moved outwards to the grid', ({ minute, out }) =>
    expect(outages.isOut('grid', start + minute * MINUTE)).toBe(out),
  );
  test('is of its own kind', () => expect(outages.isOut('network', start + 90 * MINUTE)).toBe(false));
  test('meets an interval that it shares a moment with', () => {
    const meets = (from: number, to: number) => outages.meets('grid', { start: start + from * MINUTE, end: start + to * MINUTE });
    expect([meets(55, 60), meets(55, 61), meets(115, 125), meets(120, 125), meets(0, 200)]).toEqual([false, true, true, false, true]);
  });
});

describe('outages that are drawn', () => {
  const hazard = { kind: 'network', meanTimeBetween: 2 * DAY, duration: 4 * HOUR } as const;
  test('come as often as they should, and last as long', () => {
    let [out, starts, steps] = [0, 0, 0];
    for (const site of ['a', 'b', 'c', 'd']) {
      const outages = of([hazard], site);
      for (let at = start, before = false; at < start + 365 * DAY; at += 5 * MINUTE, steps++) {
        const now = outages.isOut('network', at);
        if (now) out++;
        if (now && !before) starts++;
        before = now;
      }
    }
    const cycleH = 48 + 4;
    expect(Math.abs(out / steps / (4 / cycleH) - 1)).toBeLessThan(0.12);
    expect(Math.abs(starts / ((4 * 365 * 24) / cycleH) - 1)).toBeLessThan(0.12);
  });
  test('are the same in whatever order they are asked; another site and another seed have others', () => {
    const instants = fc.array(fc.integer({ min: 0, max: 60 * 288 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(instants, (order) => {
        const whole = of([hazard]);
        for (const step of order) {
          const at = start + step * 5 * MINUTE;
          expect(whole.isOut('network', at)).toBe(of([hazard]).isOut('network', at));
        }
      }),
    );
    const year = (site: string, seed: number) =>
      Array.from({ length: 2_000 }, (_, i) => of([hazard], site, seed).isOut('network', start + i * HOUR));
    expect(year('oak', 3)).not.toEqual(year('elm', 3));
    expect(year('oak', 3)).not.toEqual(year('oak', 4));
  });
  test('strike only the sites that are named', () => {
    const named = of([{ ...hazard, sites: ['elm'] }]);
    expect(named.meets('network', { start, end: start + 365 * DAY })).toBe(false);
  });
});
