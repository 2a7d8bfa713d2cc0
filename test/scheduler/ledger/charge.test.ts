/** Charges: each part by hand, and that neither side is worse off than it agreed to be. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Chargeable, chargeOf, priceOf } from '../../../scheduler/ledger/charge.ts';
import { pricePerMegawattHour, wattHours } from '../../../units/quantity.ts';
import { HOUR, MINUTE, SLOT } from '../../../units/time.ts';
import { noon, runOf, tariff } from '../nouns.ts';

/** Four accelerators over a whole slot that drew 400 Wh: 1.20 an accelerator-hour, half of its surplus contested. */
const prices = [{ from: noon, microsPerAcceleratorHour: 1_200_000, contestedPerMille: 500 }];
const run = (changes: Parameters<typeof runOf>[2] = {}) => runOf('a', 1, { prices, remaining: HOUR, ...changes });
const given: Chargeable = {
  run: run(),
  slot: noon,
  meteredWh: wattHours(400),
  curtailedWh: wattHours(0),
  exportableWh: wattHours(0),
  energy: 40_000n,
  feedInTariff: pricePerMegawattHour(60),
  importPrice: pricePerMegawattHour(100),
};
const charged = (changes: Partial<Chargeable>) => chargeOf({ ...given, ...changes }, tariff);

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
      contestedPerMille: 500,
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

  test('takes nothing for accelerators behind the run time that was leased, however long a provider holds them', () => {
    const slots = Array.from({ length: 96 }, (_, i) => charged({ slot: noon + i * SLOT, meteredWh: wattHours(0), energy: 0n }));
    expect(slots.reduce((sum, charge) => sum + priceOf(charge), 0n)).toBe(4_800_000n); // 4 × an hour × 1.20
    const short = run({ remaining: 20 * MINUTE }); // two slots, the second in part
    expect([0, 1, 2].map((slot) => charged({ run: short, slot: noon + slot * SLOT }).accelerators)).toEqual([1_200_000n, 1_200_000n, 0n]);
  });

  test('of a day that is metered together is that of its slots', () => {
    const held = run({ leasedAt: noon + 5 * MINUTE, endedAt: noon + 3 * HOUR, remaining: 4 * HOUR });
    const slots = Array.from({ length: 24 }, (_, i) => charged({ run: held, slot: noon + i * SLOT }).accelerators);
    const whole = charged({ run: held, span: { start: noon, end: noon + 24 * SLOT } });
    expect(whole.accelerators).toBe(slots.reduce((sum, part) => sum + part, 0n));
  });

  test.each([
    { name: 'is charged what grid energy costs as far as others would have used it', curtailedWh: 100, exportableWh: 0, want: 5_000n },
    { name: 'is charged what that is above the feed-in tariff', curtailedWh: 0, exportableWh: 100, want: 2_000n },
    { name: 'is charged tier by tier', curtailedWh: 100, exportableWh: 100, want: 7_000n },
    { name: 'is charged nothing more where exporting is worth more', curtailedWh: 0, exportableWh: 100, feedInTariff: 105, want: 0n },
    { name: 'owes nothing to a tariff below 0', curtailedWh: 0, exportableWh: 100, feedInTariff: -10, want: 5_000n },
    { name: 'is charged nothing where grid energy is paid for', curtailedWh: 100, exportableWh: 0, importPrice: -5, want: 0n },
    {
      name: 'is charged nothing where nobody knows what grid energy costs',
      curtailedWh: 100,
      exportableWh: 0,
      importPrice: undefined,
      want: 0n,
    },
  ])('of surplus $name', ({ curtailedWh, exportableWh, want, feedInTariff = 60, ...rest }) => {
    const importPrice = 'importPrice' in rest ? rest.importPrice : 100;
    const charge = charged({
      curtailedWh: wattHours(curtailedWh),
      exportableWh: wattHours(exportableWh),
      feedInTariff: pricePerMegawattHour(feedInTariff),
      importPrice: importPrice === undefined ? undefined : pricePerMegawattHour(importPrice),
    });
    expect(charge.surplus).toBe(want);
  });

  test('is made on the terms that hold in its slot; the last ones hold on', () => {
    const steps = [0, 1, 3].map((slot) => ({ from: noon + slot * SLOT, microsPerAcceleratorHour: slot, contestedPerMille: 0 }));
    const at = (slot: number) => charged({ slot: noon + slot * SLOT, run: run({ prices: steps }) }).microsPerAcceleratorHour;
    expect([-1, 0, 1, 2, 3, 9].map(at)).toEqual([0, 0, 1, 1, 3, 3]);
  });

  test('leaves a provider whole and its owner no worse off than on grid energy', () => {
    const wh = fc.integer({ min: 0, max: 100_000 });
    const arbitrary = fc.record({
      curtailed: wh,
      exportable: wh,
      grid: wh,
      part: fc.nat(1_000),
      tariffPrice: fc.nat(200),
      price: fc.nat(300),
    });
    const property = fc.property(arbitrary, ({ curtailed, exportable, grid, part, tariffPrice, price }) => {
      const charge = charged({
        run: run({ prices: [{ from: noon, microsPerAcceleratorHour: 0, contestedPerMille: part }] }),
        meteredWh: wattHours(curtailed + exportable + grid),
        curtailedWh: wattHours(curtailed),
        exportableWh: wattHours(exportable),
        energy: BigInt(exportable * tariffPrice + grid * price),
        feedInTariff: pricePerMegawattHour(tariffPrice),
        importPrice: pricePerMegawattHour(price),
      });
      const paid = charge.energy + charge.surplus;
      expect(paid >= BigInt(exportable * tariffPrice + grid * price)).toBe(true);
      const dearest = Math.max((curtailed + exportable) * price, exportable * tariffPrice) + grid * price;
      expect(paid <= BigInt(dearest)).toBe(true);
    });
    fc.assert(property, { numRuns: 500 });
  });
});
