/** A battery's day: by hand, against a linear program, and the law that it is no source. */
import fc from 'fast-check';
import loadHighs from 'highs';
import { describe, expect, test } from 'vitest';
import { type Battery, type BatteryDay, batteryDay } from '../../../simulator/grid/battery.ts';
import { sum } from './zones.ts';

const day = (prices: readonly number[], battery: Battery) => batteryDay(battery, prices.length, (hour) => prices[hour] as number);
const earned = ({ chargeMw, dischargeMw }: BatteryDay, prices: readonly number[]) =>
  sum(prices.map((price, h) => price * ((dischargeMw[h] as number) - (chargeMw[h] as number))));

describe('a battery’s day', () => {
  test.each([
    { name: 'buys low and sells high', prices: [10, 50], roundTrip: 1, charge: [10, 0], discharge: [0, 10] },
    { name: 'begins empty and sells nothing it has not bought', prices: [50, 10], roundTrip: 1, charge: [0, 0], discharge: [0, 0] },
    { name: 'rests when losses eat the spread', prices: [10, 15], roundTrip: 0.5, charge: [0, 0], discharge: [0, 0] },
    { name: 'gives back what the round trip leaves', prices: [10, 30], roundTrip: 0.5, charge: [10, 0], discharge: [0, 5] },
    { name: 'buys over two hours what it sells in one', prices: [10, 11, 90], roundTrip: 0.5, charge: [10, 10, 0], discharge: [0, 0, 10] },
    { name: 'is paid to draw', prices: [-20, 0], roundTrip: 1, charge: [10, 0], discharge: [0, 10] },
    { name: 'leaves an hour without a price alone', prices: [10, Number.NaN, 50], roundTrip: 1, charge: [10, 0, 0], discharge: [0, 0, 10] },
  ])('$name', ({ prices, roundTrip, charge, discharge }) => {
    const { chargeMw, dischargeMw } = day(prices, { powerMw: 10, energyMwh: 15, roundTrip });
    expect([...chargeMw].map((mw) => expect.closeTo(mw, 6))).toEqual(charge);
    expect([...dischargeMw].map((mw) => expect.closeTo(mw, 6))).toEqual(discharge);
  });
  test('holds no more than its energy', () =>
    expect(sum(day([1, 2, 90, 91], { powerMw: 10, energyMwh: 7, roundTrip: 1 }).dischargeMw)).toBeCloseTo(7));
  test('spreads over hours whose price it moves', () => {
    const { chargeMw } = batteryDay({ powerMw: 10, energyMwh: 10, roundTrip: 1 }, 3, (hour, drawMw) =>
      hour < 2 ? 10 + drawMw : 100 + drawMw,
    );
    expect([...chargeMw]).toEqual([expect.closeTo(5), expect.closeTo(5), 0]);
  });

  const anyPrices = fc.array(fc.double({ min: -50, max: 200, noNaN: true }), { minLength: 2, maxLength: 25 });
  const anyBattery = fc.record({
    powerMw: fc.double({ min: 0.1, max: 100, noNaN: true }),
    energyMwh: fc.double({ min: 0.1, max: 1_000, noNaN: true }),
    roundTrip: fc.double({ min: 0.2, max: 1, noNaN: true }),
  });
  test('is no source, keeps to its power and energy, and never earns less than rest', () =>
    fc.assert(
      fc.property(anyPrices, anyBattery, (prices, battery) => {
        const found = day(prices, battery);
        const { chargeMw, dischargeMw } = found;
        expect(sum(dischargeMw)).toBeCloseTo(battery.roundTrip * sum(chargeMw), 6);
        let held = 0;
        prices.forEach((_, h) => {
          held += battery.roundTrip * (chargeMw[h] as number) - (dischargeMw[h] as number);
          expect(held).toBeGreaterThanOrEqual(-1e-6);
          expect(held).toBeLessThanOrEqual(battery.energyMwh + 1e-6);
          expect(Math.max(chargeMw[h] as number, dischargeMw[h] as number)).toBeLessThanOrEqual(battery.powerMw + 1e-6);
        });
        expect(earned(found, prices)).toBeGreaterThanOrEqual(-1e-6);
      }),
    ));

  test('earns nine tenths of the linear program’s optimum and more, and never more than it', async () => {
    const highs = await (loadHighs as unknown as typeof loadHighs.default)(); // the types describe the CommonJS half
    const optimum = (prices: readonly number[], { powerMw, energyMwh, roundTrip }: Battery): number => {
      const term = (price: number, name: string) => `${price < 0 ? '-' : '+'} ${Math.abs(price).toFixed(9)} ${name}`;
      const objective = prices.map((price, h) => `${term(price, `d${h}`)} ${term(-price, `c${h}`)}`).join(' ');
      const held = prices.map((_, h) => `h${h}: s${h} ${h > 0 ? `- s${h - 1}` : ''} - ${roundTrip.toFixed(9)} c${h} + d${h} = 0`);
      const bounds = prices.flatMap((_, h) => [
        `0 <= c${h} <= ${powerMw.toFixed(9)}`,
        `0 <= d${h} <= ${powerMw.toFixed(9)}`,
        `0 <= s${h} <= ${h === prices.length - 1 ? 0 : energyMwh.toFixed(9)}`,
      ]);
      return highs.solve(`Maximize\n obj: ${objective}\nSubject To\n ${held.join('\n ')}\nBounds\n ${bounds.join('\n ')}\nEnd`)
        .ObjectiveValue;
    };
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 200, noNaN: true }), { minLength: 2, maxLength: 25 }), // below 0 a program may draw and give at once
        anyBattery,
        (prices, battery) => {
          const [most, found] = [optimum(prices, battery), earned(day(prices, battery), prices)];
          expect(found).toBeLessThanOrEqual(most + 1e-4 * (1 + most));
          expect(found).toBeGreaterThanOrEqual(0.9 * most - 1e-4);
        },
      ),
      { numRuns: 60 },
    );
  });
});
