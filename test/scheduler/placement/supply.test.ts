/** Supply: outlooks as columns of a market, seen from three sides; what runs that stay hold is gone. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Outlook, OutlookSlot } from '../../../energy-oracle/outlook.ts';
import type { Site } from '../../../energy-oracle/site.ts';
import { type Held, horizonSlots, outlookAgeMsMax, supplyOf, type View, views } from '../../../scheduler/placement/supply.ts';
import { HOUR, MINUTE, SLOT } from '../../../units/time.ts';
import { noon, outlookOf, siteOf, slotOutlook } from '../nouns.ts';

const outlooksOf = (...outlooks: readonly Outlook[]) => new Map(outlooks.map((outlook) => [outlook.site, outlook]));
const offersOf = (slot: OutlookSlot, changes: Partial<Site> = {}, held: readonly Held[] = [], view: View = 'expected') =>
  supplyOf([siteOf('rhine', changes)], outlooksOf(outlookOf('rhine', () => slot)), noon, held, view).offers;
const heldOf = (changes: Partial<Held> = {}): Held => ({
  site: 'rhine',
  model: 'A100',
  accelerators: 4,
  drawKw: 4,
  slots: 4,
  weights: { carbonPricePerKg: 0, waitPricePerHour: 0 },
  ...changes,
});

describe('what a site offers', () => {
  test('is curtailed beyond the export limit, all of it while the price is below zero', () => {
    const [limited, negative] = [offersOf(slotOutlook(8, 100, 400)), offersOf(slotOutlook(8, -1, 400))];
    expect([limited.known[0], limited.curtailedKw[0], limited.exportableKw[0]]).toEqual([1, 3, 5]);
    expect([negative.curtailedKw[0], negative.exportableKw[0]]).toEqual([8, 0]);
  });

  test('is what is believed of each slot: an outlook of an hour ago is read from its fifth slot on', () => {
    const old = outlookOf('rhine', (slot) => slotOutlook(slot / 100, slot, 1), noon - HOUR);
    const { start, offers } = supplyOf([siteOf('rhine')], outlooksOf(old), noon + 7 * MINUTE, []);
    expect(start).toBe(noon);
    expect(Array.from(offers.importPrice.slice(0, 3))).toEqual([4, 5, 6]);
    expect(Array.from(offers.known.slice(-5))).toEqual([1, 0, 0, 0, 0]);
  });

  test('is the hour of each slot where an outlook counts in hours', () => {
    const hourly = { ...outlookOf('rhine', (hour) => slotOutlook(0, hour, 1)), stepMs: HOUR };
    const { offers } = supplyOf([siteOf('rhine')], outlooksOf(hourly), noon + 30 * MINUTE, []);
    expect(Array.from(offers.importPrice.slice(0, 8))).toEqual([0, 0, 1, 1, 1, 1, 2, 2]);
  });

  test.each([
    { name: 'without a price', slot: slotOutlook(8, undefined, 400) },
    { name: 'without a carbon intensity', slot: slotOutlook(8, 100, undefined) },
  ])('$name is not known, nor is its surplus', ({ slot }) => {
    const { known, curtailedKw, exportableKw } = offersOf(slot);
    for (const column of [known, curtailedKw, exportableKw]) expect(column.some((value) => value > 0)).toBe(false);
  });

  test('holds no surplus nobody saw', () => {
    const offers = offersOf(slotOutlook(undefined, 100, 400));
    expect([offers.known[0], offers.curtailedKw[0], offers.exportableKw[0]]).toEqual([1, 0, 0]);
  });

  test('is not believed once its outlook is too old', () => {
    const outlook = outlookOf('rhine', () => slotOutlook(8, 100, 400));
    const at = (now: number) => supplyOf([siteOf('rhine')], outlooksOf(outlook), now, []);
    expect(at(noon + outlookAgeMsMax).offers.known[0]).toBe(1);
    const stale = at(noon + outlookAgeMsMax + 1);
    expect([stale.outlooks, stale.offers.known.some(Boolean)]).toEqual([[undefined], false]);
    expect(stale.offers.capacity[horizonSlots - 1]).toBe(8); // it can still run jobs
  });

  test('is a pool for each model, at what its provider asks', () => {
    const fleet = [
      siteOf('bay', { offer: { askPerAcceleratorHour: 0.7, noticeMs: 0, firmness: 'firm' } }),
      siteOf('rand', {
        accelerators: [
          { model: 'L4', count: 2, drawKw: 0.07 },
          { model: 'H100', count: 3, drawKw: 0.7 },
        ],
        feedInTariff: -5,
      }),
    ];
    const { pools, offers, sites } = supplyOf(fleet, new Map(), noon, []);
    expect(sites.map(({ id }) => id)).toEqual(['bay', 'rand']);
    expect(pools).toEqual([
      { site: 0, model: 'A100' },
      { site: 1, model: 'L4' },
      { site: 1, model: 'H100' },
    ]);
    expect([...offers.poolSite]).toEqual([0, 1, 1]);
    expect([...offers.ask]).toEqual([0.7, 0, 0]);
    expect([0, 1, 2].map((pool) => offers.capacity[pool * horizonSlots + 5])).toEqual([8, 2, 3]);
    expect([...offers.feedInTariff]).toEqual([60, 0]); // who would pay to export can throw away
  });
});

describe('a view', () => {
  const spread: OutlookSlot = {
    surplusKw: { p10: 2, p50: 6, p90: 9 },
    importPrice: { p10: -10, p50: 50, p90: 200 },
    carbonIntensity: { p10: 100, p50: 300, p90: 500 },
    marginalIntensity: undefined,
  } as OutlookSlot;
  test.each<{ view: View; curtailed: number; exportable: number; price: number; intensity: number }>([
    { view: 'expected', curtailed: 1, exportable: 5, price: 50, intensity: 300 },
    { view: 'insured', curtailed: 0, exportable: 2, price: 200, intensity: 500 },
    { view: 'hoped', curtailed: 9, exportable: 0, price: -10, intensity: 100 }, // what nobody would buy is curtailed
  ])('$view reads its side of the forecast', ({ view, curtailed, exportable, price, intensity }) => {
    const offers = offersOf(spread, {}, [], view);
    expect([offers.curtailedKw[0], offers.exportableKw[0], offers.importPrice[0], offers.carbonIntensity[0]]).toEqual([
      curtailed,
      exportable,
      price,
      intensity,
    ]);
  });

  test('there are three of', () => expect(Object.keys(views)).toEqual(['expected', 'insured', 'hoped']));
});

describe('what a run that stays holds', () => {
  test('is gone for the others, in its slots and in no others', () => {
    const offers = offersOf(slotOutlook(8, 100, 400), {}, [heldOf()]);
    expect(Array.from(offers.capacity.slice(0, 6))).toEqual([4, 4, 4, 4, 8, 8]);
    expect(Array.from(offers.curtailedKw.slice(2, 6))).toEqual([0, 0, 3, 3]);
    expect(Array.from(offers.exportableKw.slice(2, 6))).toEqual([4, 4, 5, 5]);
  });

  test.each([
    { name: 'leaves what could be sold for more', price: 30, carbonPricePerKg: 0, curtailed: 0, exportable: 5 },
    { name: 'takes it when it pays for carbon', price: 30, carbonPricePerKg: 1, curtailed: 0, exportable: 4 },
    { name: 'leaves all of it when the grid pays', price: -20, carbonPricePerKg: 0, curtailed: 8, exportable: 0 },
  ])('$name', ({ price, carbonPricePerKg, curtailed, exportable }) => {
    const offers = offersOf(slotOutlook(8, price, 400), {}, [heldOf({ weights: { carbonPricePerKg, waitPricePerHour: 0 } })]);
    expect([offers.curtailedKw[0], offers.exportableKw[0]]).toEqual([curtailed, exportable]);
  });

  test.each([
    { name: 'beyond the horizon', held: heldOf({ slots: horizonSlots + 9, accelerators: 1 }), want: [7, 7] },
    { name: 'of another model', held: heldOf({ model: 'H100' }), want: [8, 8] },
    { name: 'at another site', held: heldOf({ site: 'bay' }), want: [8, 8] },
    { name: 'more than there are', held: heldOf({ accelerators: 99 }), want: [0, 8] },
  ])('$name takes no more than is there', ({ held, want }) => {
    const { capacity } = offersOf(slotOutlook(8, 100, 400), {}, [held]);
    expect(capacity.length).toBe(horizonSlots);
    expect([capacity[0], capacity[horizonSlots - 1]]).toEqual(want);
  });

  test('where nothing is known is only the accelerators', () => {
    const { offers } = supplyOf([siteOf('rhine')], new Map(), noon + SLOT, [heldOf({ accelerators: 8 })]);
    expect([offers.capacity[0], offers.curtailedKw[0], offers.exportableKw[0]]).toEqual([0, 0, 0]);
  });

  test('is conserved: runs that draw until nothing is left take exactly the surplus there was', () => {
    const property = fc.property(fc.nat(40), fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 12 }), (quarters, draws) => {
      const runs = draws.map((draw) => heldOf({ drawKw: draw / 4, accelerators: 0, slots: 1 }));
      const offers = offersOf(slotOutlook(quarters / 4, 100, 400), {}, runs);
      const drawn = draws.reduce((sum, draw) => sum + draw / 4, 0);
      expect((offers.curtailedKw[0] ?? 0) + (offers.exportableKw[0] ?? 0)).toBe(Math.max(0, quarters / 4 - drawn));
      expect((offers.curtailedKw[1] ?? 0) + (offers.exportableKw[1] ?? 0)).toBe(quarters / 4);
    });
    fc.assert(property, { numRuns: 60 });
  });
});
