/** Panels and own load of a simulated site: pure functions of seed, site and time. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type LoadShapeName, loadShapes, ownLoadKw } from '../../../simulator/plant/load.ts';
import { pvPowerKw, SUN_STEP } from '../../../simulator/plant/pv-plant.ts';
import { DAY, HOUR, SLOT, slotInterval } from '../../../units/time.ts';

const at = (iso: string) => Date.parse(iso);
const site = { id: 'farm-1', latitude: 52.5, longitude: 13.4, pv: [{ peakKw: 100, tiltDeg: 30, azimuthDeg: 180 }] };
const noon = at('2022-06-21T11:00Z');
const half = () => 0.5;
const steps = fc.integer({ min: at('2022-01-01T00:00Z') / SUN_STEP, max: at('2023-01-01T00:00Z') / SUN_STEP });

describe('power of a PV plant', () => {
  test('is the same whenever and in whatever order it is asked', () => {
    const slots = Array.from({ length: 96 }, (_, i) => slotInterval(noon + i * SLOT));
    const forward = slots.map((slot) => pvPowerKw(site, slot, half, 7));
    expect(slots.toReversed().map((slot) => pvPowerKw(site, slot, half, 7))).toEqual(forward.toReversed());
  });
  test('adds up over intervals that meet on a step of the sun', () =>
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), (step, a, b) => {
        const [start, middle, end] = [step * SUN_STEP, (step + a) * SUN_STEP, (step + a + b) * SUN_STEP];
        const parts = pvPowerKw(site, { start, end: middle }, half, 7) * a + pvPowerKw(site, { start: middle, end }, half, 7) * b;
        expect(pvPowerKw(site, { start, end }, half, 7) * (a + b)).toBeCloseTo(parts, 6);
      }),
    ));
  test('of a part of a step is that of the step', () => {
    const step = pvPowerKw(site, { start: noon, end: noon + SUN_STEP }, half, 7);
    expect(pvPowerKw(site, { start: noon + 60_000, end: noon + 90_000 }, half, 7)).toBeCloseTo(step, 9);
  });
  test('is never below 0 or above the peak', () =>
    fc.assert(
      fc.property(steps, fc.double({ min: 0, max: 1, noNaN: true }), fc.integer(), (step, cover, seed) => {
        const power = pvPowerKw(site, slotInterval(step * SUN_STEP), () => cover, seed);
        expect(power).toBeGreaterThanOrEqual(0);
        expect(power).toBeLessThanOrEqual(100);
      }),
    ));
  test('flickers under broken clouds by seed and site, not under a clear or a closed sky', () => {
    const power = (cover: number, seed?: number, id = site.id) => pvPowerKw({ ...site, id }, slotInterval(noon), () => cover, seed);
    expect(power(0.5, 1)).not.toBe(power(0.5, 2));
    expect(power(0.5, 1)).not.toBe(power(0.5, 1, 'farm-2'));
    for (const cover of [0, 1]) expect(power(cover, 1)).toBe(power(cover));
  });
  test('keeps its mean in spite of the flicker', () => {
    const days = { start: at('2022-05-01T00:00Z'), end: at('2022-06-01T00:00Z') };
    expect(pvPowerKw(site, days, half, 3) / pvPowerKw(site, days, half)).toBeCloseTo(1, 2);
  });
  test('is nothing at night and refuses an empty interval', () => {
    expect(pvPowerKw(site, slotInterval(at('2022-06-21T23:00Z')), half, 1)).toBe(0);
    expect(() => pvPowerKw(site, { start: noon, end: noon }, half)).toThrow(RangeError);
  });
});

describe('own load', () => {
  const meanOver = (shape: LoadShapeName, start: number, days: number, longitude = 0, seed = 5) =>
    ownLoadKw({ id: 'a', longitude }, { shape, meanKw: 40 }, { start, end: start + days * DAY }, seed);
  test.each(loadShapes)('of a %s has the mean it was given, over the working days of a quarter', (shape) => {
    const weeks = Array.from({ length: 13 }, (_, week) => meanOver(shape, at('2022-04-04T00:00Z') + week * 7 * DAY, 5)); // a Monday
    expect(Math.abs(weeks.reduce((a, b) => a + b, 0) / 13 / 40 - 1)).toBeLessThan(0.03);
  });
  test('of a home peaks in its evening by the sun, wherever it is', () => {
    const hour = (longitude: number, iso: string) =>
      Array.from({ length: 20 }, (_, d) =>
        ownLoadKw({ id: 'a', longitude }, { shape: 'home', meanKw: 1 }, { start: at(iso) + d * DAY, end: at(iso) + d * DAY + HOUR }, 5),
      ).reduce((a, b) => a + b, 0);
    expect(hour(0, '2022-06-06T19:00Z')).toBeGreaterThan(2.5 * hour(0, '2022-06-06T03:00Z'));
    expect(hour(-120, '2022-06-07T03:00Z')).toBeGreaterThan(2.5 * hour(-120, '2022-06-06T11:00Z'));
  });
  test('is the same whenever asked, differs by seed and site, and is never negative', () =>
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2_000_000 }), fc.constantFrom(...loadShapes), fc.integer(), (slot, shape, seed) => {
        const load = (id: string, otherSeed = seed) =>
          ownLoadKw({ id, longitude: 20 }, { shape, meanKw: 10 }, slotInterval(slot * SLOT), otherSeed);
        expect(load('a')).toBe(load('a'));
        expect(load('a')).not.toBe(load('b'));
        expect(load('a')).toBeGreaterThan(0);
        expect(load('a', seed === 0 ? 1 : 0)).not.toBe(load('a'));
      }),
    ));
  test('of a part of a slot is that of the slot', () => {
    const load = (start: number, end: number) => ownLoadKw({ id: 'a', longitude: 0 }, { shape: 'farm', meanKw: 10 }, { start, end }, 1);
    expect(load(noon + 60_000, noon + 120_000)).toBeCloseTo(load(noon, noon + SLOT), 9);
  });
});
