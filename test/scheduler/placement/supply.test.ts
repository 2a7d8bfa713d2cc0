/** Supply: the merit order of a slot, against every split on a fine grid; what is taken is gone. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { OutlookSlot } from '../../../energy-oracle/outlook.ts';
import type { Site } from '../../../energy-oracle/site.ts';
import type { Weights } from '../../../scheduler/job.ts';
import { horizonSlots, occupy, outlookAgeMsMax, serve, siteSupply } from '../../../scheduler/placement/supply.ts';
import { HOUR, MINUTE, SLOT } from '../../../units/time.ts';
import { noon, outlookOf, siteOf, slotOutlook } from '../nouns.ts';

const money: Weights = { carbonPricePerKg: 0, waitPricePerHour: 0 };
const supplyOf = (slot: OutlookSlot, changes: Partial<Site> = {}) =>
  siteSupply(
    siteOf('rhine', changes),
    outlookOf('rhine', () => slot),
    noon,
  );

describe('what a site offers', () => {
  test('is curtailed beyond the export limit, all of it while the price is below zero', () => {
    expect(supplyOf(slotOutlook(8, 100, 400))).toMatchObject({ known: expect.objectContaining({ 0: 1 }) });
    const [limited, negative] = [supplyOf(slotOutlook(8, 100, 400)), supplyOf(slotOutlook(8, -1, 400))];
    expect([limited.curtailedKw[0], limited.exportableKw[0]]).toEqual([3, 5]);
    expect([negative.curtailedKw[0], negative.exportableKw[0]]).toEqual([8, 0]);
  });

  test('is what is believed of each slot: an outlook of an hour ago is read from its fifth slot on', () => {
    const old = outlookOf('rhine', (slot) => slotOutlook(slot / 100, slot, 1), noon - HOUR);
    const supply = siteSupply(siteOf('rhine'), old, noon + 7 * MINUTE);
    expect(supply.start).toBe(noon);
    expect(Array.from(supply.importPrice.slice(0, 3))).toEqual([4, 5, 6]);
    expect(Array.from(supply.known.slice(-5))).toEqual([1, 0, 0, 0, 0]);
  });

  test.each([
    { name: 'without a price', slot: slotOutlook(8, undefined, 400) },
    { name: 'without a carbon intensity', slot: slotOutlook(8, 100, undefined) },
  ])('$name is not known', ({ slot }) => expect(supplyOf(slot).known.some(Boolean)).toBe(false));

  test('holds no surplus nobody saw', () => {
    const supply = supplyOf(slotOutlook(undefined, 100, 400));
    expect([supply.known[0], supply.curtailedKw[0], supply.exportableKw[0]]).toEqual([1, 0, 0]);
  });

  test('is not believed once it is too old', () => {
    const outlook = outlookOf('rhine', () => slotOutlook(8, 100, 400));
    expect(siteSupply(siteOf('rhine'), outlook, noon + outlookAgeMsMax).known[0]).toBe(1);
    const stale = siteSupply(siteOf('rhine'), outlook, noon + outlookAgeMsMax + 1);
    expect([stale.outlook, stale.known.some(Boolean)]).toEqual([undefined, false]);
    expect(stale.free.get('A100')?.[horizonSlots - 1]).toBe(8); // it can still run jobs
  });
});

describe('the merit order', () => {
  test.each([
    { name: 'curtailed, then exportable, then grid', price: 100, draw: 10, want: { curtailedKw: 3, exportableKw: 5, gridKw: 2 } },
    { name: 'no more than is drawn', price: 100, draw: 2, want: { curtailedKw: 2, exportableKw: 0, gridKw: 0 } },
    { name: 'grid before what could be sold for more', price: 30, draw: 10, want: { curtailedKw: 3, exportableKw: 0, gridKw: 7 } },
    { name: 'what the grid pays for is taken from the grid', price: -20, draw: 10, want: { curtailedKw: 0, exportableKw: 0, gridKw: 10 } },
  ])('takes $name', ({ price, draw, want }) => expect(serve(supplyOf(slotOutlook(8, price, 400)), 0, draw, money)).toMatchObject(want));

  test('of a job that pays for carbon prefers what emits nothing', () => {
    const supply = supplyOf(slotOutlook(8, 30, 400));
    expect(serve(supply, 0, 10, { ...money, carbonPricePerKg: 0.1 })).toMatchObject({ exportableKw: 5, gridKw: 2 }); // 30 + 0.1 × 400 > 60
    expect(serve(supply, 0, 10, { ...money, carbonPricePerKg: 0.05 })).toMatchObject({ exportableKw: 0, gridKw: 7 }); // 30 + 0.05 × 400 < 60
  });

  test('says what it costs: 8 kW over a quarter hour, 5 of them at the tariff and none from the grid', () =>
    expect(serve(supplyOf(slotOutlook(8, 100, 400)), 0, 8, money)).toEqual({
      curtailedKw: 3,
      exportableKw: 5,
      gridKw: 0,
      money: 0.075,
      carbonG: 0,
    }));

  test('is never dearer than any other split of the draw', () => {
    const step = 0.5;
    const halves = (max: number) => fc.nat(max * 2).map((value) => value / 2);
    fc.assert(
      fc.property(
        fc.record({
          surplus: halves(10),
          limit: halves(8),
          tariff: fc.nat(80),
          price: fc.integer({ min: -100, max: 200 }),
          intensity: fc.nat(800),
        }),
        halves(10),
        fc.constantFrom(0, 0.05, 0.1, 1),
        ({ surplus, limit, tariff, price, intensity }, draw, carbonPricePerKg) => {
          const supply = supplyOf(slotOutlook(surplus, price, intensity), { exportLimitKw: limit, feedInTariff: tariff });
          const served = serve(supply, 0, draw, { ...money, carbonPricePerKg });
          expect(served.curtailedKw + served.exportableKw + served.gridKw).toBeCloseTo(draw, 9);
          const free = supply.curtailedKw[0] ?? 0;
          const sold = supply.exportableKw[0] ?? 0;
          expect(served.curtailedKw).toBeLessThanOrEqual(free);
          expect(served.exportableKw).toBeLessThanOrEqual(sold);
          const cost = (exportable: number, grid: number) =>
            ((exportable * tariff + grid * (price + carbonPricePerKg * intensity)) * 0.25) / 1_000;
          const mine = served.money + (carbonPricePerKg * served.carbonG) / 1_000;
          expect(mine).toBeCloseTo(cost(served.exportableKw, served.gridKw), 9);
          for (let curtailed = 0; curtailed <= Math.min(free, draw); curtailed += step)
            for (let exportable = 0; exportable <= Math.min(sold, draw - curtailed); exportable += step)
              expect(mine).toBeLessThanOrEqual(cost(exportable, draw - curtailed - exportable) + 1e-9);
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('what is taken', () => {
  test('is gone for the next, in its slots and in no others', () => {
    const supply = supplyOf(slotOutlook(8, 100, 400));
    occupy(supply, 'A100', 4, 4, 2, 4, money);
    expect(Array.from(supply.free.get('A100')?.slice(0, 6) ?? [])).toEqual([8, 8, 4, 4, 8, 8]);
    expect(Array.from(supply.curtailedKw.slice(1, 5))).toEqual([3, 0, 0, 3]);
    expect(Array.from(supply.exportableKw.slice(1, 5))).toEqual([5, 4, 4, 5]);
  });

  test('beyond the horizon, or before it, is nobody’s', () => {
    const supply = supplyOf(slotOutlook(8, 100, 400));
    occupy(supply, 'A100', 1, 1, -3, horizonSlots + 9, money);
    expect(supply.free.get('A100')?.length).toBe(horizonSlots);
    expect(supply.free.get('A100')?.every((count) => count === 7)).toBe(true);
  });

  test('is conserved: drawing until nothing is left takes exactly the surplus there was', () =>
    fc.assert(
      fc.property(fc.nat(40), fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 12 }), (quarters, draws) => {
        const supply = supplyOf(slotOutlook(quarters / 4, 100, 400));
        let taken = 0;
        for (const draw of draws) {
          const { curtailedKw, exportableKw } = serve(supply, 0, draw / 4, money);
          taken += curtailedKw + exportableKw;
          occupy(supply, 'A100', 0, draw / 4, 0, 1, money);
        }
        const drawn = draws.reduce((sum, draw) => sum + draw / 4, 0);
        expect(taken).toBe(Math.min(quarters / 4, drawn));
        expect((supply.curtailedKw[0] ?? 0) + (supply.exportableKw[0] ?? 0)).toBe(quarters / 4 - taken);
      }),
    ));

  test('where nothing is known is only the accelerators', () => {
    const supply = siteSupply(siteOf('rhine'), undefined, noon + SLOT);
    occupy(supply, 'A100', 8, 3, 0, 1, money);
    expect([supply.free.get('A100')?.[0], supply.curtailedKw[0]]).toEqual([0, 0]);
  });
});
