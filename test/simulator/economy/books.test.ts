/** Offers and books: what a provider can do on a day, by hand; that owners pay the day's price, and wash traders lose. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { micros, protocolEscrow } from '../../../scheduler/ledger/account.ts';
import { owedFor } from '../../../scheduler/settlement/entitlement.ts';
import { reward, tariff } from '../../../scheduler/terms.ts';
import { bookDay, type Seller } from '../../../simulator/economy/books.ts';
import { capacityOf, tiersOf } from '../../../simulator/economy/offer.ts';
import { drawProvider, type Provider } from '../../../simulator/economy/population.ts';

/** One accelerator of 0.5 kW behind 2 kWp, own load 0.2 kW, at most 1 kW to the grid. */
const drawn = drawProvider(1, 0, 0);
const provider: Provider = {
  ...drawn,
  site: { ...drawn.site, id: 'roof', provider: 'roof', exportLimitKw: 1, feedInTariff: 80 },
  accelerators: 1,
  kwEach: 0.5,
  peakKw: 2,
  loadKw: 0.2,
  importMarkup: 100,
  reservePerHour: 0.1,
  isWashTrader: false,
};
/** Four hours at 0.8 kW a kWp, four at 0.2, the rest dark; 50 EUR/MWh all day. */
const climate = {
  pvPerKwp: Float64Array.from({ length: 24 }, (_, hour) => (hour < 4 ? 0.8 : hour < 8 ? 0.2 : 0)),
  price: new Float64Array(24).fill(50),
};
const terms = { computing: 0.3, takeShare: 0.05, tokenPrice: 1 };

describe('what a provider offers', () => {
  test('is its accelerators’ day, by what feeds them', () => {
    // surplus 1.4 kW (0.4 of it over the limit) for four hours, 0.2 kW for four: of 0.5 kW an hour
    const { curtailedHours, exportableHours, gridHours, importPrice } = capacityOf(provider, climate, 0, 1);
    expect(curtailedHours).toBeCloseTo((4 * 0.4) / 0.5, 9);
    expect(exportableHours).toBeCloseTo((4 * 0.1 + 4 * 0.2) / 0.5, 9);
    expect(curtailedHours + exportableHours + gridHours).toBeCloseTo(24, 9);
    expect(importPrice).toBeCloseTo(150, 9);
  });

  test('costs its energy, the computing and what it needs beyond its share of that', () => {
    const tiers = tiersOf({ ...provider, reservePerHour: 0.25 }, capacityOf(provider, climate, 0, 1), 7, terms);
    // computing 0.15 of which 0.1425 is its own; so it asks 0.1075 beside energy of 0, 0.04 and 0.075
    expect(tiers.map(({ seller, price }) => [seller, Math.round(price * 1e4) / 1e4])).toEqual([
      [7, 0.2575],
      [7, 0.2975],
      [7, 0.3325],
    ]);
  });

  test('is never cheaper than energy and computing, and dearer in a weaker token', () => {
    const capacity = capacityOf(provider, climate, 0, 1);
    expect(tiersOf(provider, capacity, 0, terms)[0]?.price).toBeCloseTo(0.15, 9);
    const weak = tiersOf(provider, capacity, 0, { ...terms, tokenPrice: 0.5 });
    expect(weak[2]?.price).toBeCloseTo((0.1 + 0.075) / 0.5 - 0.1425 + 0.15, 9);
  });
});

const start = Date.UTC(2025, 5, 1);
const sellerOf = (soldHours: number, changes: Partial<Provider> = {}): Seller => ({
  provider: { ...provider, ...changes },
  capacity: capacityOf(provider, climate, 0, 1),
  soldHours,
});
const booked = (sellers: readonly Seller[], hours: number, price: number) =>
  bookDay({ start, sellers, bids: [{ id: 'a', reservation: 9, hours }], gotBy: [hours], price, tariff, succeeds: () => true });

describe('a booked day', () => {
  test('charges the price for every hour, whatever feeds it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 96 }), fc.integer({ min: 0, max: 100 }), (quarters, cents) => {
        const hours = quarters / 4;
        const last = tiersOf(provider, capacityOf(provider, climate, 0, 1), 0, terms).at(-1)?.price ?? 0;
        const price = last + cents / 100;
        const [job] = booked([sellerOf(hours)], hours, price);
        const paid = -(job?.entries ?? []).reduce((sum, { postings }) => sum + micros(postings, 'owner:owners'), 0n);
        expect(Math.abs(Number(paid) - price * hours * 1e6)).toBeLessThan(2_000 + 0.002 * price * hours * 1e6); // contested in whole ‰
      }),
    );
  });

  test('shares a job among sellers and certifies the sun of each once', () => {
    const other = { site: { ...provider.site, id: 'barn', provider: 'barn' } };
    const [job] = booked([sellerOf(10), sellerOf(6, other)], 16, 0.5);
    expect(job?.entries.map(({ site, meteredWh, actual }) => [site, meteredWh, actual.surplusWh])).toEqual([
      ['roof', 5_000, 2_800],
      ['barn', 3_000, 2_800],
    ]);
  });

  test('lets a wash trader buy the sun nobody bought, and lose by it', () => {
    const jobs = booked([sellerOf(1, { isWashTrader: true })], 1, 0.5);
    const wash = jobs.find(({ washSeller }) => washSeller === 0);
    if (!wash) throw new Error('no wash trade');
    const [entry] = wash.entries;
    expect([entry?.owner, entry?.meteredWh, entry?.actual.gridWh]).toEqual(['roof', 2_300, 0]); // 2.8 kWh of sun, 0.5 sold
    const owed = owedFor([wash], reward);
    const take = micros(entry?.postings ?? [], protocolEscrow);
    const paid = -micros(entry?.postings ?? [], 'owner:roof');
    expect([take, owed.rewards]).toEqual([34_500n, 23_000n]);
    expect((owed.byProvider.get('roof') ?? 0n) - paid).toBe(23_000n - 34_500n);
  });

  test('has nothing for a wash trader whose sun is sold', () =>
    expect(booked([sellerOf(24, { isWashTrader: true })], 24, 0.5).filter(({ washSeller }) => washSeller !== undefined)).toEqual([]));
});
