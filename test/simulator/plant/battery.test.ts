/** A battery: what goes in comes out, is lost or is still there; and a restart finds it as it was. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { batteryHistory, batteryStep, type PlantBattery } from '../../../simulator/plant/battery.ts';
import { SUN_STEP } from '../../../simulator/plant/pv-plant.ts';
import { energyOver, kilowatts } from '../../../units/quantity.ts';
import { DAY, HOUR, type Interval, slotInterval } from '../../../units/time.ts';

const battery: PlantBattery = { capacityKwh: 10, powerKw: 4, roundTripEfficiency: 0.8, controller: 'self-consumption' };
/**
 * Tesla Powerwall 2 AC, datasheet of 2018 for Europe: 13.5 kWh usable, 5 kW continuous, 90 % from AC to battery to AC. Filling
 * it from empty takes 15 kWh (3 h at 5 kW), emptying it 2.7 h.
 */
const powerwall: PlantBattery = { capacityKwh: 13.5, powerKw: 5, roundTripEfficiency: 0.9, controller: 'none' };

describe('a step of a battery', () => {
  test.each([
    { name: 'charges what is wanted, the loss taken off', held: 0, wanted: -3, want: { batteryKw: -3, heldKwh: 2.4, lossKwh: 0.6 } },
    { name: 'charges with its power at most', held: 0, wanted: -9, want: { batteryKw: -4, heldKwh: 3.2, lossKwh: 0.8 } },
    { name: 'charges until it is full', held: 9.2, wanted: -4, want: { batteryKw: -1, heldKwh: 10, lossKwh: 0.2 } },
    { name: 'discharges what is wanted', held: 5, wanted: 3, want: { batteryKw: 3, heldKwh: 2, lossKwh: 0 } },
    { name: 'discharges with its power at most', held: 9, wanted: 7, want: { batteryKw: 4, heldKwh: 5, lossKwh: 0 } },
    { name: 'discharges what it holds', held: 1, wanted: 4, want: { batteryKw: 1, heldKwh: 0, lossKwh: 0 } },
    { name: 'rests', held: 5, wanted: 0, want: { batteryKw: 0, heldKwh: 5, lossKwh: 0 } },
  ])('$name', ({ held, wanted, want }) => {
    const step = batteryStep(battery, held, wanted, HOUR);
    expect(step.batteryKw).toBeCloseTo(want.batteryKw, 12);
    expect(step.heldKwh).toBeCloseTo(want.heldKwh, 12);
    expect(step.lossKwh).toBeCloseTo(want.lossKwh, 12);
  });

  test('loses its share a day by itself, however the day is cut', () => {
    const leaky = { ...battery, selfDischargePerDay: 0.1 };
    let held = 10;
    for (let i = 0; i < 24; i++) held = batteryStep(leaky, held, 0, HOUR).heldKwh;
    expect(held).toBeCloseTo(9, 9);
  });

  test('takes and gives over a whole cycle what the datasheet of a real one says', () => {
    let [held, taken, given, hours] = [0, 0, 0, { in: 0, out: 0 }];
    for (let i = 0; i < 100 && held < 13.5 - 1e-9; i++) {
      const { batteryKw, heldKwh } = batteryStep(powerwall, held, -5, SUN_STEP);
      taken -= energyOver(batteryKw, SUN_STEP);
      hours = { ...hours, in: hours.in + SUN_STEP / HOUR };
      held = heldKwh;
    }
    for (let i = 0; i < 100 && held > 1e-9; i++) {
      const { batteryKw, heldKwh } = batteryStep(powerwall, held, 5, SUN_STEP);
      given += energyOver(batteryKw, SUN_STEP);
      hours = { ...hours, out: hours.out + SUN_STEP / HOUR };
      held = heldKwh;
    }
    expect(taken).toBeCloseTo(15, 9);
    expect(given).toBeCloseTo(13.5, 9);
    expect(hours.in).toBeCloseTo(3, 9);
    expect(Math.abs(hours.out - 2.7)).toBeLessThanOrEqual(SUN_STEP / HOUR);
  });

  const batteries = fc.record({
    capacityKwh: fc.double({ min: 0.5, max: 200, noNaN: true }),
    powerKw: fc.double({ min: 0.1, max: 100, noNaN: true }),
    roundTripEfficiency: fc.double({ min: 0.5, max: 1, noNaN: true }),
    selfDischargePerDay: fc.double({ min: 0, max: 0.05, noNaN: true }),
    controller: fc.constant('none' as const),
  });
  test('conserves energy to the watt-hour over any year, and never gives more than the round trip of what it took (law 9)', () =>
    fc.assert(
      fc.property(batteries, fc.array(fc.double({ min: -150, max: 150, noNaN: true }), { minLength: 1, maxLength: 400 }), (own, wishes) => {
        let [held, charged, discharged, lost] = [0, 0, 0, 0];
        for (let i = 0; i < 8_760; i++) {
          const step = batteryStep(own, held, wishes[i % wishes.length] as number, HOUR);
          const isPossible = Math.abs(step.batteryKw) <= own.powerKw + 1e-9 && step.heldKwh >= 0 && step.heldKwh <= own.capacityKwh;
          if (!isPossible || step.lossKwh < 0) throw new Error(`step ${i}: ${JSON.stringify(step)}`);
          held = step.heldKwh;
          charged += Math.max(0, -step.batteryKw);
          discharged += Math.max(0, step.batteryKw);
          lost += step.lossKwh;
          if (discharged > charged * own.roundTripEfficiency + 1e-6) throw new Error(`${discharged} kWh out of ${charged} kWh in`);
        }
        expect(Math.abs(charged - discharged - lost - held)).toBeLessThan(1e-3);
      }),
      { numRuns: 20 },
    ));
});

describe('a battery that serves its own site', () => {
  const start = Date.UTC(2026, 5, 1);
  /** Sun from 8 to 16 h at 6 kW, load of 2 kW all day: 32 kWh are left by day, 32 kWh wanted by night. */
  const hourOf = ({ start: from }: Interval) => ((from % DAY) + DAY) % DAY;
  const pvKw = (interval: Interval) => kilowatts(hourOf(interval) >= 8 * HOUR && hourOf(interval) < 16 * HOUR ? 6 : 0);
  const ownLoadKw = () => kilowatts(2);
  const historyOf = (own: PlantBattery = battery) => batteryHistory({ battery: own, start, pvKw, ownLoadKw });
  const hour = (day: number, at: number) => ({ start: start + day * DAY + at * HOUR, end: start + day * DAY + (at + 1) * HOUR });

  test('charges from what the sun leaves, gives to its load, and rests when it is full or empty', () => {
    const history = historyOf();
    const day = (at: number) => history.powerKw(hour(1, at));
    // from 8 h on 4 kW are left: 12.5 kWh fill 10 kWh in 3 h and 7.5 min; from 16 h on 2 kW are wanted: 5 h
    expect([7, 8, 9, 10, 11, 12, 15, 16, 20, 21, 22].map(day).map((kw) => Math.round(kw * 1e6) / 1e6)).toEqual([
      0, -4, -4, -4, -0.5, 0, 0, 2, 2, 0, 0,
    ]);
    expect(history.socPercent(start + DAY + 8 * HOUR)).toBeCloseTo(0, 9);
    expect(history.socPercent(start + DAY + 10 * HOUR)).toBeCloseTo(64, 9);
    expect(history.socPercent(start + DAY + 14 * HOUR)).toBeCloseTo(100, 9);
    expect(history.socPercent(start + DAY + 18.5 * HOUR)).toBeCloseTo(50, 9);
  });
  test('is empty at the start of its scenario and rests before', () => {
    expect(historyOf().socPercent(start)).toBe(0);
    expect(historyOf().powerKw({ start: start - DAY, end: start })).toBe(0);
  });
  test('does nothing without a controller', () => expect(historyOf({ ...battery, controller: 'none' }).powerKw(hour(3, 12))).toBe(0));
  test('never charges from the grid and never feeds it', () => {
    const history = historyOf();
    for (let at = start; at < start + 3 * DAY; at += SUN_STEP) {
      const interval = { start: at, end: at + SUN_STEP };
      const left = pvKw(interval) - ownLoadKw();
      const power = history.powerKw(interval);
      if (power < 0) expect(-power).toBeLessThanOrEqual(left + 1e-12);
      if (power > 0) expect(power).toBeLessThanOrEqual(-left + 1e-12);
    }
  });
  test('is the same after a restart, and in whatever order it is asked', () =>
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -20, max: 10 * 96 }), { minLength: 1, maxLength: 12 }), (slots) => {
        const whole = historyOf();
        for (const slot of slots) {
          const interval = slotInterval(start + slot * 900_000);
          const anew = historyOf();
          expect(whole.powerKw(interval)).toBe(anew.powerKw(interval));
          expect(whole.socPercent(interval.end)).toBe(anew.socPercent(interval.end));
        }
      }),
    ));
  test('refuses an empty interval', () => expect(() => historyOf().powerKw({ start, end: start })).toThrow(RangeError));
});
