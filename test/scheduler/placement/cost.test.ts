/** The merit order and the cost of an assignment, against a second way to add them up; and what each run believes of it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { aloneAt, beliefOf } from '../../../scheduler/placement/belief.ts';
import { assess, energyCost, interruptions, marginalCost, servedTo, waitSlots } from '../../../scheduler/placement/cost.ts';
import { hold, loadOf } from '../../../scheduler/placement/load.ts';
import { type Assignment, type Market, nobody, requestKinds } from '../../../scheduler/placement/market.ts';
import { costOf } from './exact.ts';
import { arbitraryMarket, marketOf } from './markets.ts';

const at = (values: ArrayLike<number>, index: number): number => values[index] as number;
const near = (value: number) => 1e-9 * Math.max(1, Math.abs(value));

/**
 * An assignment of a market by dice: any option, any start and shape its window allows; capacity is not asked, so that
 * cells are as crowded as they can be. Closed slots are never held.
 */
function thrown(market: Market, dice: () => number): Assignment {
  const { offers, requests } = market;
  const { options } = requests;
  const assignment = nobody(requests.count);
  for (let request = 0; request < requests.count; request++) {
    const first = at(requests.firstOption, request);
    const option = first + Math.floor(dice() * (at(requests.firstOption, request + 1) - first));
    if (option >= at(requests.firstOption, request + 1) || dice() < 0.1) continue;
    const site = at(offers.poolSite, at(options.pool, option));
    const isOpen = (slot: number) => offers.known[site * offers.slots + slot] === 1;
    const slots = Array.from({ length: offers.slots }, (_, slot) => slot).filter(
      (slot) => slot >= at(options.earliest, option) && slot < at(options.end, option) && isOpen(slot),
    );
    const [length, most] = [at(options.length, option), at(options.accelerators, option)];
    if (requests.kind[request] === requestKinds.contiguous) {
      const starts = slots.filter((slot) => Array.from({ length }, (_, i) => slots.includes(slot + i)).every(Boolean));
      if (starts.length === 0) continue;
      assignment.start[request] = at(starts, Math.floor(dice() * starts.length));
    } else {
      const isElastic = requests.kind[request] === requestKinds.elastic;
      const held = new Uint16Array(offers.slots);
      const left = [...slots];
      let work = 0;
      while (work < length - 1e-9 && left.length > 0) {
        const [slot = 0] = left.splice(Math.floor(dice() * left.length), 1);
        held[slot] = isElastic ? 1 + Math.floor(dice() * most) : most;
        work += isElastic ? at(held, slot) ** at(options.speedExponent, option) : 1;
      }
      if (work < length - 1e-9) continue;
      const from = held.findIndex((share) => share > 0);
      const to = held.findLastIndex((share) => share > 0) + 1;
      assignment.start[request] = from;
      if (isElastic || to - from > length) assignment.pattern[request] = held.slice(from, to);
    }
    assignment.option[request] = option;
  }
  return assignment;
}

const kinds = ['contiguous', 'interruptible', 'elastic'] as const;
/** Dice of a seed, in [0, 1): a linear congruential generator. */
const diceArb = fc.nat().map((seed) => {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
});
const thrownArb = (limits: Parameters<typeof arbitraryMarket>[0] = {}) =>
  fc.tuple(arbitraryMarket({ kinds, ...limits }), diceArb).map(([market, dice]) => ({
    market,
    assignment: thrown(market, dice),
  }));

/** Accelerators a request holds, slot by slot of the horizon. */
function heldBy({ offers, requests }: Market, { option, start, pattern }: Assignment, request: number): number[] {
  const held = new Array<number>(offers.slots).fill(0);
  const row = at(option, request);
  if (row < 0) return held;
  const shape = pattern[request] ?? new Array<number>(at(requests.options.length, row)).fill(at(requests.options.accelerators, row));
  for (const [i, share] of shape.entries()) held[at(start, request) + i] = share;
  return held;
}

/**
 * Energy of all runs in one cell, second way: each kW (in fifths of a tenth) asks in order of its grid price, dearest
 * first, and takes the cheapest offer left that is below it. Draws and tiers of random markets are whole fiftieths.
 */
function energyByUnits(market: Market, assignment: Assignment, site: number, slot: number) {
  const { offers, requests } = market;
  const grain = 0.05;
  const cell = site * offers.slots + slot;
  const tariff = at(offers.feedInTariff, site);
  const asking = Array.from({ length: requests.count }, (_, request) => {
    const row = at(assignment.option, request);
    const isHere = row >= 0 && offers.poolSite[at(requests.options.pool, row)] === site;
    const kw = isHere ? at(heldBy(market, assignment, request), slot) * at(requests.options.kwPerAccelerator, row) : 0;
    const carbonPrice = at(requests.carbonPricePerKg, at(requests.weightClass, request));
    const grid = at(offers.importPrice, cell) + carbonPrice * at(offers.carbonIntensity, cell);
    return { grid, carbonPrice, units: Math.round(kw / grain) };
  });
  let [curtailed, exportable] = [offers.curtailedKw, offers.exportableKw].map((kw) => Math.round(at(kw, cell) / grain)) as [number, number];
  const kwh = grain * offers.slotHours;
  const sum = { money: 0, carbonG: 0, carbonCost: 0, surplusKwh: 0, energyKwh: 0 };
  for (const { grid, carbonPrice, units } of asking.sort((a, b) => b.grid - a.grid))
    for (let unit = 0; unit < units; unit++) {
      sum.energyKwh += kwh;
      if (grid > 0 && curtailed > 0) {
        curtailed--;
        sum.surplusKwh += kwh;
      } else if (grid > tariff && exportable > 0) {
        exportable--;
        sum.surplusKwh += kwh;
        sum.money += (kwh * tariff) / 1_000;
      } else {
        sum.money += (kwh * at(offers.importPrice, cell)) / 1_000;
        sum.carbonG += kwh * at(offers.carbonIntensity, cell);
        sum.carbonCost += (kwh * at(offers.carbonIntensity, cell) * carbonPrice) / 1_000;
      }
    }
  return sum;
}

const everyCell = ({ offers }: Market) =>
  Array.from({ length: offers.siteCount }, (_, site) => Array.from({ length: offers.slots }, (_, slot) => ({ site, slot }))).flat();

describe('the merit order', () => {
  /** 8 kW of surplus, 3 of them curtailed, at a tariff of 60; two classes, the first in rank pays 0.1 per kg. */
  const served = (importPrice: number, draw: number, carbonPrice = 0) => {
    const site = { curtailedKw: 3, exportableKw: 5, importPrice, carbonIntensity: 400, feedInTariff: 60, pools: [{ capacity: 1 }] };
    const market = marketOf({
      slots: 1,
      slotHours: 0.25,
      sites: [site],
      carbonPricePerKg: [carbonPrice],
      requests: [{ kwPerAccelerator: draw }],
    });
    const load = loadOf(market, { option: Int32Array.of(0), start: Int32Array.of(0), pattern: [undefined] });
    return { ...servedTo(load, market.offers, 0, 60, 0), cost: energyCost(load, market.offers, 0, 60, 0, 0) };
  };
  test.each([
    { name: 'curtailed, then exportable, then grid', price: 100, draw: 10, want: { curtailedKw: 3, exportableKw: 5, gridKw: 2 } },
    { name: 'no more than is drawn', price: 100, draw: 2, want: { curtailedKw: 2, exportableKw: 0, gridKw: 0 } },
    { name: 'grid before what could be sold for more', price: 30, draw: 10, want: { curtailedKw: 3, exportableKw: 0, gridKw: 7 } },
    { name: 'what the grid pays for from the grid', price: -20, draw: 10, want: { curtailedKw: 0, exportableKw: 0, gridKw: 10 } },
  ])('takes $name', ({ price, draw, want }) => expect(served(price, draw)).toMatchObject(want));

  test('of a job that pays for carbon prefers what emits nothing', () => {
    expect(served(30, 10, 0.1)).toMatchObject({ exportableKw: 5, gridKw: 2 }); // 30 + 0.1 × 400 > 60
    expect(served(30, 10, 0.05)).toMatchObject({ exportableKw: 0, gridKw: 7 }); // 30 + 0.05 × 400 < 60
  });

  test('says what it costs: 8 kW over a quarter hour, 5 of them at the tariff and none from the grid', () =>
    expect(served(100, 8).cost).toBeCloseTo(0.075, 12));

  test('gives what there is to whom the grid costs most, whoever came first', () => {
    const site = { curtailedKw: 1, importPrice: 100, carbonIntensity: 500, pools: [{ capacity: 2 }] };
    const market = marketOf({
      slots: 1,
      sites: [site],
      carbonPricePerKg: [0, 1],
      requests: [{ weightClass: 0 }, { weightClass: 1 }],
    });
    const assignment: Assignment = { option: Int32Array.of(0, 1), start: new Int32Array(2), pattern: [undefined, undefined] };
    const load = loadOf(market, assignment);
    expect([0, 1].map((request) => beliefOf(market, load, assignment, request).surplusKwh)).toEqual([0, 1]);
    expect(assess(market, assignment)).toMatchObject({ energy: 0.1, carbonCost: 0, carbonG: 500, surplusKwh: 1, energyKwh: 2 });
  });

  test('is never dearer than any other split of the draws, and its marginal cost is what it grows by', () => {
    const property = fc.property(
      thrownArb({ sitesMax: 1, slotsMax: 4, requestsMax: 4 }),
      fc.constantFrom(0.4, 1, 3),
      ({ market, assignment }, kw) => {
        const load = loadOf(market, assignment);
        const { offers } = market;
        for (const { site, slot } of everyCell(market)) {
          const cell = site * offers.slots + slot;
          if (offers.known[cell] !== 1) continue;
          const tariff = at(offers.feedInTariff, site);
          const { money, carbonCost } = energyByUnits(market, assignment, site, slot);
          expect(energyCost(load, offers, cell, tariff, 0, 0)).toBeCloseTo(money + carbonCost, 9);
          for (let rank = 0; rank < load.classes; rank++) {
            const more = energyCost(load, offers, cell, tariff, rank, kw) - energyCost(load, offers, cell, tariff, rank, 0);
            expect(marginalCost(load, offers, cell, tariff, rank, kw)).toBeCloseTo(more, 12);
            const twice = marginalCost(load, offers, cell, tariff, rank, 2 * kw);
            expect(twice).toBeGreaterThanOrEqual(2 * more - 1e-9); // convex
          }
        }
      },
    );
    fc.assert(property, { numRuns: 300 });
  });
});

describe('the cost of an assignment', () => {
  test('is what adding up unit by unit finds, part by part', () => {
    let held = 0;
    const property = fc.property(thrownArb(), ({ market, assignment }) => {
      const { offers, requests } = market;
      const { options } = requests;
      const cost = assess(market, assignment);
      const want = { money: 0, carbonG: 0, carbonCost: 0, surplusKwh: 0, energyKwh: 0 };
      for (const { site, slot } of everyCell(market)) {
        const cell = energyByUnits(market, assignment, site, slot);
        for (const part of Object.keys(want) as (keyof typeof want)[]) want[part] += cell[part];
      }
      let [computing, ask, transfer, restarts, waitCost, unplacedCost, unplaced] = [0, 0, 0, 0, 0, 0, 0];
      for (let request = 0; request < requests.count; request++) {
        const row = at(assignment.option, request);
        if (row < 0) {
          unplaced++;
          unplacedCost += at(requests.unplacedCost, request);
          continue;
        }
        const shares = heldBy(market, assignment, request);
        const isElastic = requests.kind[request] === requestKinds.elastic;
        const weight = (share: number) => (share === 0 ? 0 : isElastic ? share ** at(options.speedExponent, row) : 1);
        held += shares.filter((share) => share > 0).length;
        ask += shares.reduce((sum, share) => sum + share, 0) * offers.slotHours * at(offers.ask, at(options.pool, row));
        const kwh = shares.reduce((sum, share) => sum + share, 0) * offers.slotHours * at(options.kwPerAccelerator, row);
        computing += (kwh * (requests.computePrice ?? 0)) / 1_000;
        transfer += at(options.transferCost, row);
        const carbonPrice = at(requests.carbonPricePerKg, at(requests.weightClass, request));
        want.carbonG += at(options.transferG, row);
        want.carbonCost += (at(options.transferG, row) / 1_000) * carbonPrice;
        const begins = shares.filter((share, slot) => share > 0 && !at(shares, slot - 1)).length;
        restarts += isElastic ? 0 : (begins - 1) * at(options.restartCost, row);
        const late = shares.reduce((sum, share, slot) => sum + weight(share) * (slot - at(requests.release, request)), 0);
        const length = at(options.length, row);
        waitCost += at(requests.waitPrice, request) * (late / length - (isElastic ? 0 : (length - 1) / 2));
      }
      const { money, ...rest } = want;
      const total = money + want.carbonCost + computing + ask + transfer + restarts + waitCost + unplacedCost;
      const parts = { energy: money, ...rest, computing, ask, transfer, restarts, waitCost, unplacedCost, unplaced, total };
      for (const [part, value] of Object.entries(parts))
        expect(Math.abs(cost[part as keyof typeof cost] - value), part).toBeLessThanOrEqual(near(value));
      expect(Object.keys(cost).sort()).toEqual(Object.keys(parts).sort());
    });
    fc.assert(property, { numRuns: 500 });
    expect(held).toBeGreaterThan(2_000);
  });

  test('is what the outside truth says of a plan that keeps every law', () => {
    let compared = 0;
    const roomy = arbitraryMarket({ kinds: ['contiguous', 'interruptible'] }).map(({ offers, requests }) => ({
      offers: { ...offers, capacity: offers.capacity.map(() => 99) },
      requests,
    }));
    const property = fc.property(roomy, diceArb, (market, dice) => {
      const assignment = thrown(market, dice);
      compared += assignment.option.filter((option) => option >= 0).length;
      const want = costOf(market, assignment);
      expect(Math.abs(assess(market, assignment).total - want)).toBeLessThanOrEqual(near(want));
    });
    fc.assert(property, { numRuns: 300 });
    expect(compared).toBeGreaterThan(300);
  });

  test('counts restarts and waiting of a run that pauses', () => {
    const market = marketOf({ slots: 6, sites: [{}], requests: [{ kind: 'interruptible', length: 3, release: 1, earliest: 1 }] });
    const shape = Uint16Array.of(1, 0, 1, 0, 1);
    expect([undefined, Uint16Array.of(1), shape].map(interruptions)).toEqual([0, 0, 2]);
    expect(waitSlots(market, 0, 0, 1, undefined)).toBe(0);
    expect(waitSlots(market, 0, 0, 1, shape)).toBe(1); // slots 1, 3, 5 for 1, 2, 3
  });

  test('comes to nothing again when all that was held is given back', () => {
    const property = fc.property(thrownArb(), ({ market, assignment }) => {
      const load = loadOf(market, assignment);
      for (let request = 0; request < market.requests.count; request++) hold(load, market, assignment, request, -1);
      expect(load.accelerators.every((held) => held === 0)).toBe(true);
      for (const kw of load.drawKw) expect(kw).toBeCloseTo(0, 12);
    });
    fc.assert(property, { numRuns: 100 });
  });
});

describe('what runs believe', () => {
  test('adds up to the whole: in every slot the shares of a class make what it is served', () => {
    const property = fc.property(thrownArb(), ({ market, assignment }) => {
      const load = loadOf(market, assignment);
      const cost = assess(market, assignment, load);
      const sum = { surplusKwh: 0, energyKwh: 0, energyCost: 0, carbonG: 0 };
      for (const [request, option] of assignment.option.entries()) {
        if (option < 0) continue;
        const belief = beliefOf(market, load, assignment, request);
        for (const part of Object.keys(sum) as (keyof typeof sum)[]) sum[part] += belief[part];
        expect(belief.surplusKwh).toBeLessThanOrEqual(belief.energyKwh + 1e-9);
        sum.carbonG += at(market.requests.options.transferG, option);
      }
      expect(sum.surplusKwh).toBeCloseTo(cost.surplusKwh, 9);
      expect(sum.energyKwh).toBeCloseTo(cost.energyKwh, 9);
      expect(sum.energyCost).toBeCloseTo(cost.energy, 9);
      expect(Math.abs(sum.carbonG - cost.carbonG)).toBeLessThanOrEqual(near(cost.carbonG));
    });
    fc.assert(property, { numRuns: 400 });
  });

  const site = {
    curtailedKw: [1, 0, 9],
    exportableKw: [1, 1, 9],
    importPrice: [100, 30, undefined],
    carbonIntensity: 400,
    feedInTariff: 60,
  };
  const { offers } = marketOf({ slots: 3, sites: [site], requests: [{}] });

  test('of one that is alone is the merit order of its own draw', () => {
    expect(aloneAt(offers, 0, 0, 3, 0, 2)).toEqual({ surplusKwh: 2, energyKwh: 6, energyCost: 0.25, surplusPremium: 0, carbonG: 1_600 }); // 60 + 100, 3 × 30
    expect(aloneAt(offers, 0, 0.1, 3, 1, 1)).toMatchObject({ surplusKwh: 1, energyCost: 0.12, carbonG: 800 });
  });

  test('of a slot nobody knows is nothing', () => {
    expect(aloneAt(offers, 0, 0, 3, 1, 2)).toBeUndefined();
    expect(aloneAt(offers, 0, 0, 3, 1, 1)).toBeDefined();
  });
});
