/** Charges: each part by hand, and that a provider is never paid below what it was promised. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Chargeable, chargeOf, priceOf } from '../../../scheduler/ledger/charge.ts';
import { wattHours } from '../../../units/quantity.ts';
import { HOUR, MINUTE, SLOT } from '../../../units/time.ts';
import { noon, runOf, specOf, tariff } from '../nouns.ts';

/** Four accelerators over a whole slot that drew 400 Wh: 1.20 an accelerator-hour, surplus at 90 per MWh. */
const prices = [{ from: noon, microsPerAcceleratorHour: 1_200_000, surplusMicrosPerKwh: 90_000 }];
const given: Chargeable = {
  run: runOf('a', 1, { prices }),
  spec: specOf(),
  slot: noon,
  meteredWh: wattHours(400),
  curtailedWh: wattHours(0),
  exportableWh: wattHours(0),
  energy: 40_000n,
  feedInTariff: 60,
};
const charged = (changes: Partial<Chargeable>) => chargeOf({ ...given, ...changes }, tariff);
const run = (changes: Parameters<typeof runOf>[2]) => runOf('a', 1, { prices, ...changes });

describe('a charge', () => {
  test('has a part for energy, for computing by the kWh and for accelerators by the hour; a twentieth of the computing is the take', () =>
    expect(charged({})).toEqual({
      energy: 40_000n,
      computing: 120_000n,
      accelerators: 1_200_000n, // 4 × a quarter hour × 1.20
      surplus: 0n,
      take: 6_000n,
      acceleratorMs: 4 * SLOT,
      microsPerAcceleratorHour: 1_200_000,
      surplusMicrosPerKwh: 90_000,
    }));

  test.each([
    { name: 'for the part of a slot after its lease', run: run({ leasedAt: noon + 5 * MINUTE }), want: 800_000n },
    { name: 'for the part of a slot before its end', run: run({ endedAt: noon + MINUTE }), want: 80_000n },
    {
      name: 'for the part between, of a run within one slot',
      run: run({ leasedAt: noon + MINUTE, endedAt: noon + 2 * MINUTE }),
      want: 80_000n,
    },
    { name: 'nothing at a run that was over before', run: run({ leasedAt: noon - HOUR, endedAt: noon }), want: 0n },
    { name: 'nothing at a run that agreed to no price', run: runOf('a', 1), want: 0n },
  ])('takes for accelerators $name', ({ run: held, want }) => expect(charged({ run: held }).accelerators).toBe(want));

  test.each([
    { name: 'is charged at its price where it could not be exported', curtailedWh: 100, exportableWh: 0, feedInTariff: 60, want: 9_000n },
    { name: 'is charged above the feed-in tariff where it could', curtailedWh: 0, exportableWh: 100, feedInTariff: 60, want: 3_000n },
    { name: 'is charged nothing more where exporting is worth more', curtailedWh: 0, exportableWh: 100, feedInTariff: 95, want: 0n },
    { name: 'is charged tier by tier', curtailedWh: 100, exportableWh: 100, feedInTariff: 95, want: 9_000n },
    { name: 'owes nothing to a tariff below 0', curtailedWh: 0, exportableWh: 100, feedInTariff: -10, want: 9_000n },
  ])('of surplus $name', ({ curtailedWh, exportableWh, want, ...rest }) =>
    expect(charged({ ...rest, curtailedWh: wattHours(curtailedWh), exportableWh: wattHours(exportableWh) }).surplus).toBe(want),
  );

  test('is made at the step that holds in its slot; the last one holds on', () => {
    const steps = [0, 1, 3].map((slot) => ({ from: noon + slot * SLOT, microsPerAcceleratorHour: slot, surplusMicrosPerKwh: 0 }));
    const at = (slot: number) => charged({ slot: noon + slot * SLOT, run: run({ prices: steps }) }).microsPerAcceleratorHour;
    expect([-1, 0, 1, 2, 3, 9].map(at)).toEqual([0, 0, 1, 1, 3, 3]);
  });

  test('of a firm job is its energy alone from its deadline on: nobody earns by being late', () => {
    const late = { slot: noon + HOUR, exportableWh: wattHours(100), run: run({}) };
    const spec = (promise: 'firm' | 'best-effort') => specOf({ promise, deadline: noon + HOUR });
    const { energy, ...rest } = charged({ ...late, spec: spec('firm') });
    expect([energy, rest]).toMatchObject([40_000n, { computing: 0n, accelerators: 0n, surplus: 0n, take: 0n }]);
    expect(charged({ ...late, spec: spec('best-effort') }).accelerators).toBe(1_200_000n);
    expect(charged({ ...late, slot: noon + HOUR - SLOT, spec: spec('firm') }).accelerators).toBe(1_200_000n);
  });

  test('leaves a provider whole: its energy at what it could have sold it for, and each accelerator-hour at its price', () => {
    const wh = fc.integer({ min: 0, max: 100_000 });
    const arbitrary = fc.record({
      curtailed: wh,
      exportable: wh,
      grid: wh,
      price: fc.nat(500_000),
      hour: fc.nat(9_000_000),
      feedInTariff: fc.nat(200),
    });
    const property = fc.property(arbitrary, ({ curtailed, exportable, grid, price, hour, feedInTariff }) => {
      const energy = BigInt(exportable * feedInTariff + grid * 100);
      const steps = [{ from: noon, microsPerAcceleratorHour: hour, surplusMicrosPerKwh: price }];
      const charge = charged({
        run: run({ prices: steps }),
        meteredWh: wattHours(curtailed + exportable + grid),
        curtailedWh: wattHours(curtailed),
        exportableWh: wattHours(exportable),
        energy,
        feedInTariff,
      });
      const earned = Number(priceOf(charge) - charge.take - charge.computing + charge.take); // beside the fee for computing
      const surplus = (curtailed * price + exportable * Math.max(price, feedInTariff * 1_000)) / 1_000;
      expect(Math.abs(earned - (surplus + grid * 100 + hour))).toBeLessThanOrEqual(2); // whole micros
      expect([charge.computing, charge.accelerators, charge.surplus, charge.take].every((part) => part >= 0n)).toBe(true);
    });
    fc.assert(property, { numRuns: 500 });
  });
});
