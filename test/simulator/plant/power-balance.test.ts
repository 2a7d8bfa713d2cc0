/** The balance of a site: nothing is made in it and nothing is lost. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { acceleratorsKw, powerBalance } from '../../../simulator/plant/power-balance.ts';

const limit = { exportLimitKw: 5 };
const demand = (availableKw: number, ownLoadKw: number, accelerators: number, batteryKw: number) => ({
  availableKw,
  ownLoadKw,
  acceleratorsKw: accelerators,
  batteryKw,
});

describe('the power of a site', () => {
  test.each([
    { name: 'comes from the grid at night', of: demand(0, 2, 3, 0), importKw: 5, exportKw: 0, curtailedKw: 0 },
    { name: 'goes to the grid when nobody wants it', of: demand(6, 2, 0, 0), importKw: 0, exportKw: 4, curtailedKw: 0 },
    { name: 'is curtailed above the export limit', of: demand(12, 2, 0, 0), importKw: 0, exportKw: 5, curtailedKw: 5 },
    { name: 'is not curtailed where accelerators take it', of: demand(12, 2, 6, 0), importKw: 0, exportKw: 4, curtailedKw: 0 },
    { name: 'goes into the battery first', of: demand(12, 2, 0, -4), importKw: 0, exportKw: 5, curtailedKw: 1 },
    { name: 'comes out of the battery', of: demand(0, 2, 3, 2), importKw: 3, exportKw: 0, curtailedKw: 0 },
    { name: 'may be bought to charge', of: demand(0, 1, 0, -3), importKw: 4, exportKw: 0, curtailedKw: 0 },
  ])('$name', ({ of, importKw, exportKw, curtailedKw }) =>
    expect(powerBalance(of, limit)).toMatchObject({ importKw, exportKw, curtailedKw }),
  );

  test('sums to zero, no part of it negative, never bought and sold at once, never beyond the limit', () => {
    const kw = fc.double({ min: 0, max: 500, noNaN: true });
    fc.assert(
      fc.property(kw, kw, kw, fc.double({ min: -50, max: 0, noNaN: true }), kw, (available, load, draw, charge, exportLimitKw) => {
        const balance = powerBalance(demand(available, load, draw, charge), { exportLimitKw });
        const { pvKw, importKw, exportKw, curtailedKw, batteryKw, ownLoadKw, acceleratorsKw: drawn } = balance;
        expect(Math.abs(pvKw + batteryKw + importKw - ownLoadKw - drawn - exportKw)).toBeLessThan(1e-9);
        expect(Math.abs(pvKw + curtailedKw - available)).toBeLessThan(1e-9);
        for (const part of [pvKw, importKw, exportKw, curtailedKw]) expect(part).toBeGreaterThanOrEqual(0);
        expect(Math.min(importKw, exportKw)).toBe(0);
        expect(exportKw).toBeLessThanOrEqual(exportLimitKw + 0.002);
      }),
    );
  });

  test('is refused when a battery would push more than may leave', () => {
    expect(() => powerBalance(demand(0, 1, 0, 9), limit)).toThrow(RangeError);
    expect(powerBalance(demand(0, 1, 0, 6), limit).exportKw).toBe(5);
  });
});

describe('the draw of accelerators', () => {
  const site = {
    accelerators: [
      { model: 'A100', count: 8, drawKw: 0.4 },
      { model: 'L4', count: 4, drawKw: 0.072 },
    ],
    idleKw: 0.03,
    pue: 1.25,
  };
  test.each([
    { name: 'is nothing while all are asleep', held: [], idle: 'asleep', want: 0 },
    { name: 'is idle power × PUE while all are powered', held: [], idle: 'powered', want: 12 * 0.03 * 1.25 },
    { name: 'is the nameplate × PUE of those that are held', held: [['A100', 4]], idle: 'asleep', want: 4 * 0.4 * 1.25 },
    { name: 'has the rest idle where they are powered', held: [['A100', 4]], idle: 'powered', want: (4 * 0.4 + 8 * 0.03) * 1.25 },
    { name: 'counts parts of an interval', held: [['L4', 0.5]], idle: 'asleep', want: 0.5 * 0.072 * 1.25 },
  ] as const)('$name', ({ held, idle, want }) => expect(acceleratorsKw(site, new Map(held), idle)).toBeCloseTo(want, 12));
  test('refuses more than there are', () => expect(() => acceleratorsKw(site, new Map([['L4', 5]]))).toThrow(RangeError));
});
