/** Quantities: products in base units, against whole-number arithmetic of their own. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { carbonOf, energyOver, kilowatts, moneyOf, wattHours } from '../../units/quantity.ts';
import { HOUR, SLOT } from '../../units/time.ts';

describe('whole watt-hours', () => {
  test.each([
    { value: 0, want: 0 },
    { value: 0.999, want: 0 },
    { value: 1, want: 1 },
    { value: 333.333, want: 333 },
    { value: (0.1 + 0.7) * 10, want: 8, why: 'float noise of a sum is forgiven' },
    { value: 1e12 + 0.5, want: 1e12 },
  ])('of $value are $want', ({ value, want }) => expect(wattHours(value)).toBe(want));

  test.each([-1, -1e-9, Number.NaN, Number.POSITIVE_INFINITY])('of %s are a bug', (value) =>
    expect(() => wattHours(value)).toThrow(RangeError),
  );

  test('are never more than what was measured, nor a whole one less', () =>
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), (value) => {
        expect(wattHours(value)).toBeLessThanOrEqual(value + 1e-9);
        expect(wattHours(value)).toBeGreaterThan(value - 1);
        expect(Number.isInteger(wattHours(value))).toBe(true);
      }),
    ));
});

describe('products', () => {
  test('of power and time are energy, in the direction of the power', () => {
    expect(energyOver(kilowatts(4), SLOT)).toBe(1);
    expect(energyOver(kilowatts(-2), HOUR)).toBe(-2);
    expect(energyOver(kilowatts(0), HOUR)).toBe(0);
  });

  test('of a power over two times are its energy over both', () =>
    fc.assert(
      fc.property(fc.integer({ min: -1e6, max: 1e6 }), fc.nat(100 * HOUR), fc.nat(100 * HOUR), (kw, a, b) => {
        expect(energyOver(kw, a) + energyOver(kw, b)).toBeCloseTo(energyOver(kw, a + b), 3);
      }),
    ));

  test('1 Wh at 1 g/kWh is 1 mg, and at 1 EUR/MWh one millionth of a euro', () => {
    expect(carbonOf(1, 1)).toBe(1);
    expect(moneyOf(1, 1)).toBe(1n);
    expect(carbonOf(1_000, 412.5)).toBe(412_500);
    expect(moneyOf(1_000_000, 85.12)).toBe(85_120_000n);
  });

  test('of whole prices are exact in whole micros, whatever the sign', () =>
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), fc.integer({ min: -50_000, max: 50_000 }), (wh, cents) => {
        const exact = BigInt(wh) * BigInt(cents); // hundredths of a micro
        const money = moneyOf(wh, cents / 100);
        const off = money * 100n - exact;
        expect(off <= 50n && off >= -50n).toBe(true);
      }),
    ));

  test('of a price below zero pay', () => expect(moneyOf(2_000, -50)).toBe(-100_000n));
});
