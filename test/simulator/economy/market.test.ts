/** The day's market: by hand, and what a uniform price must keep whatever is brought and offered. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Bid, clearDay, drawBids } from '../../../simulator/economy/market.ts';
import type { Tier } from '../../../simulator/economy/offer.ts';
import { parseEconomy } from '../../../simulator/economy/scenario.ts';

const bids = (...pairs: [reservation: number, hours: number][]): Bid[] =>
  pairs.map(([reservation, hours], index) => ({ id: `j${index}`, reservation, hours }));
const tiers = (...pairs: [seller: number, price: number, hours: number][]): Tier[] =>
  pairs.map(([seller, price, hours]) => ({ seller, price, hours }));

describe('a day’s market', () => {
  test.each([
    {
      name: 'is priced by the dearest ask that sells, when there is more to sell',
      asked: tiers([0, 0.2, 10], [1, 0.3, 10]),
      brought: bids([0.9, 12], [0.25, 5]),
      want: { price: 0.3, got: [12, 0], sold: [10, 2] },
    },
    {
      name: 'is priced by the highest bid that goes without, when all is sold',
      asked: tiers([0, 0.2, 10]),
      brought: bids([0.9, 8], [0.7, 8], [0.5, 8]),
      want: { price: 0.7, got: [8, 2, 0], sold: [10] },
    },
    {
      name: 'is priced between the last ask and the next bid when both are used up',
      asked: tiers([0, 0.2, 10], [1, 0.8, 10]),
      brought: bids([0.9, 10], [0.5, 5]),
      want: { price: 0.5, got: [10, 0], sold: [10] },
    },
    {
      name: 'adds up the tiers of one seller',
      asked: tiers([0, 0.1, 2], [0, 0.2, 3], [1, 0.15, 4]),
      brought: bids([1, 100]),
      want: { price: 1, got: [9], sold: [5, 4] },
    },
    {
      name: 'does not happen when nobody pays the lowest ask',
      asked: tiers([0, 0.5, 9]),
      brought: bids([0.4, 9]),
      want: { price: 0, got: [0], sold: [] },
    },
    { name: 'does not happen without providers', asked: [], brought: bids([0.4, 9]), want: { price: 0, got: [0], sold: [] } },
  ])('$name', ({ asked, brought, want }) => {
    const { price, gotBy, soldBy, hours } = clearDay(brought, asked, 1);
    expect({ price, got: gotBy, sold: [...soldBy].sort(([a], [b]) => a - b).map(([, sold]) => sold) }).toEqual(want);
    expect(hours).toBe(want.got.reduce((sum, each) => sum + each, 0));
  });

  test('asks for more tokens of an owner when a token is worth less', () =>
    expect(clearDay(bids([0.9, 8], [0.7, 8]), tiers([0, 0.2, 10]), 0.5).price).toBe(1.4));

  test('keeps every reservation and every ask, and leaves out no trade that both sides would like', () => {
    const money = fc.integer({ min: 1, max: 40 }).map((cents) => cents / 20);
    const hours = fc.integer({ min: 0, max: 30 });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(money, hours), { maxLength: 12 }),
        fc.array(fc.tuple(fc.nat(4), money, hours), { maxLength: 12 }),
        (given, offered) => {
          const [brought, asked] = [bids(...given), tiers(...offered)];
          const { price, gotBy, soldBy } = clearDay(brought, asked, 1);
          const sold = [...soldBy.values()].reduce((sum, each) => sum + each, 0);
          expect(gotBy.reduce((sum, each) => sum + each, 0)).toBe(sold);
          for (const [index, bid] of brought.entries()) {
            const got = gotBy[index] as number;
            expect(got >= 0 && got <= bid.hours).toBe(true);
            if (got > 0) expect(bid.reservation).toBeGreaterThanOrEqual(price);
            else if (sold > 0 && bid.hours > 0) expect(bid.reservation).toBeLessThanOrEqual(price);
          }
          for (const seller of new Set(asked.map((tier) => tier.seller))) {
            const own = asked.filter((tier) => tier.seller === seller);
            const upTo = (limit: number, isStrict: boolean) =>
              own.reduce((sum, tier) => ((isStrict ? tier.price < limit : tier.price <= limit) ? sum + tier.hours : sum), 0);
            expect(soldBy.get(seller) ?? 0).toBeLessThanOrEqual(upTo(price, false));
            if (sold > 0 && gotBy.some((got, index) => got < (brought[index] as Bid).hours && (brought[index] as Bid).reservation > price))
              expect(soldBy.get(seller) ?? 0).toBeGreaterThanOrEqual(upTo(price, true));
          }
        },
      ),
    );
  });
});

describe('the work of a day', () => {
  const scenario = parseEconomy({ providers: 2_000 });
  const volumeAt = (price: number, day = 0, factor = 1) =>
    drawBids(scenario, 3, day, 1_000, factor).reduce((sum, bid) => (bid.reservation >= price ? sum + bid.hours : sum), 0);
  test('falls by the elasticity when the price rises', () => {
    const slope = Math.log(volumeAt(0.8) / volumeAt(0.3)) / Math.log(0.8 / 0.3);
    expect(slope).toBeCloseTo(-scenario.demandElasticity, 0);
    expect(volumeAt(scenario.referencePrice) / (0.5 * 1_000 * 24)).toBeCloseTo(1, 0);
  });
  test('is three quarters at weekends, and as much as a shock says', () => {
    expect(volumeAt(0, 5) / volumeAt(0, 4)).toBeCloseTo(0.75, 0);
    expect(volumeAt(0, 4, 2) / volumeAt(0, 4)).toBeCloseTo(2, 6);
  });
});
