/** Light on the ground and power of panels: values of the cited models by hand, and the laws that hold everywhere. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  clearSkyGlobal,
  cloudTransmission,
  diffuseFraction,
  extraterrestrial,
  irradianceAt,
} from '../../../energy-oracle/sun/clear-sky.ts';
import { arrayPower, planeIrradiance, pvPower } from '../../../energy-oracle/sun/pv.ts';

const at = (iso: string) => Date.parse(iso);
const berlin = { latitude: 52.52, longitude: 13.4 };
const south = { peakKw: 100, tiltDeg: 35, azimuthDeg: 180 };
const anyInstant = fc.integer({ min: at('2015-01-01T00:00Z'), max: at('2035-01-01T00:00Z') });
const latitude = fc.double({ min: -89, max: 89, noNaN: true });
const longitude = fc.double({ min: -180, max: 180, noNaN: true });
const cover = fc.double({ min: 0, max: 1, noNaN: true });
const array = fc.record({
  peakKw: fc.double({ min: 0, max: 5_000, noNaN: true }),
  tiltDeg: fc.double({ min: 0, max: 90, noNaN: true }),
  azimuthDeg: fc.double({ min: 0, max: 360, noNaN: true }),
});

describe('light on level ground', () => {
  test('is 1098 exp(-0.059) W/m2 under a sun overhead (Haurwitz)', () =>
    expect(clearSkyGlobal({ elevationDeg: 90, azimuthDeg: 0 })).toBeCloseTo(1_035.1, 1));
  test('is 488 W/m2 at 30° (Haurwitz)', () => expect(clearSkyGlobal({ elevationDeg: 30, azimuthDeg: 0 })).toBeCloseTo(487.9, 1));
  test('is nothing below the horizon', () => expect(clearSkyGlobal({ elevationDeg: -0.1, azimuthDeg: 0 })).toBe(0));
  test('is a quarter of the clear sky when all is covered (Kasten and Czeplak)', () => expect(cloudTransmission(1)).toBe(0.25));
  test('hardly misses a few clouds, and all of it without any', () => {
    expect(cloudTransmission(0)).toBe(1);
    expect(cloudTransmission(0.5)).toBeCloseTo(1 - 0.75 * 0.0947, 3);
  });
  test('refuses a cloud cover in percent', () => expect(() => cloudTransmission(75)).toThrow(/0 to 1, found 75/));
  test('is 3.3 % stronger in early January than on average, before the air', () => {
    expect(extraterrestrial(at('2022-01-03T00:00Z')) / 1_361).toBeCloseTo(1.033, 3);
    expect(extraterrestrial(at('2022-07-04T00:00Z')) / 1_361).toBeCloseTo(0.967, 3);
  });
  test('splits without a step where the formulas of Erbs meet', () => {
    for (const seam of [0.22, 0.8]) expect(Math.abs(diffuseFraction(seam) - diffuseFraction(seam + 1e-9))).toBeLessThan(0.005);
  });
  test('adds up from beam and sky, and never exceeds the light outside the air', () =>
    fc.assert(
      fc.property(anyInstant, latitude, longitude, cover, (instant, lat, lon, n) => {
        const { sun, global, beamNormal, diffuse } = irradianceAt(instant, lat, lon, n);
        expect(Math.min(global, beamNormal, diffuse)).toBeGreaterThanOrEqual(0);
        expect(beamNormal).toBeLessThanOrEqual(extraterrestrial(instant));
        if (global > 0) expect(beamNormal * Math.sin((sun.elevationDeg * Math.PI) / 180) + diffuse).toBeCloseTo(global, 6);
      }),
    ));
});

describe('power of panels', () => {
  test('is 0 to peak anywhere, anytime, under any sky, and 0 at night', () =>
    fc.assert(
      fc.property(anyInstant, latitude, longitude, cover, array, (instant, lat, lon, n, panels) => {
        const light = irradianceAt(instant, lat, lon, n);
        const power = arrayPower(panels, light);
        expect(power).toBeGreaterThanOrEqual(0);
        expect(power).toBeLessThanOrEqual(panels.peakKw);
        if (light.sun.elevationDeg < 0) expect(power).toBe(0);
      }),
    ));
  test('never grows with clouds over level panels', () =>
    fc.assert(
      fc.property(anyInstant, cover, cover, (instant, a, b) => {
        const level = { ...berlin, pv: [{ peakKw: 10, tiltDeg: 0, azimuthDeg: 180 }] };
        expect(pvPower(level, instant, Math.max(a, b))).toBeLessThanOrEqual(pvPower(level, instant, Math.min(a, b)) + 1e-9);
      }),
    ));
  test('of level panels is the light on level ground', () => {
    const light = irradianceAt(at('2022-06-21T11:00Z'), berlin.latitude, berlin.longitude, 0.3);
    expect(planeIrradiance({ peakKw: 1, tiltDeg: 0, azimuthDeg: 90 }, light)).toBeCloseTo(light.global, 9);
  });
  test('peaks in the morning facing east and in the evening facing west', () => {
    const [morning, evening] = [at('2022-06-21T06:00Z'), at('2022-06-21T16:00Z')];
    const facing = (azimuthDeg: number) => ({ ...berlin, pv: [{ ...south, azimuthDeg }] });
    expect(pvPower(facing(90), morning, 0)).toBeGreaterThan(2 * pvPower(facing(270), morning, 0));
    expect(pvPower(facing(270), evening, 0)).toBeGreaterThan(2 * pvPower(facing(90), evening, 0));
  });
  test('is more for tilted than for level panels in a northern winter', () => {
    const noon = at('2022-12-21T11:00Z');
    expect(pvPower({ ...berlin, pv: [south] }, noon, 0)).toBeGreaterThan(
      1.8 * pvPower({ ...berlin, pv: [{ ...south, tiltDeg: 0 }] }, noon, 0),
    );
  });
  describe('that follow the sun about an axis from north to south', () => {
    const following = { peakKw: 100, tiltDeg: 60, azimuthDeg: 180, tracking: 'single-axis' } as const;
    const level = { ...following, tiltDeg: 0 };
    const equinox = at('2022-03-20T12:00Z');
    const on = (hours: number) => irradianceAt(equinox + hours * 3_600_000, 0, 0, 0);

    test('stand square to the sun of an equinox on the equator, until they turn no further', () => {
      for (const hours of [-3.5, -2, 1, 3]) {
        const { beamNormal, diffuse, global } = on(hours);
        const turned = Math.cos((hours * 15 * Math.PI) / 180);
        const aside = (diffuse * (1 + turned)) / 2 + (global * 0.2 * (1 - turned)) / 2;
        expect(planeIrradiance(following, on(hours)) / (beamNormal + aside)).toBeCloseTo(1, 2);
      }
      const low = on(5.5); // the sun stands 7.5° high, 82.5° from overhead: 22.5° beyond the last 60°
      const sky = low.diffuse * 0.75 + low.global * 0.2 * 0.25;
      expect((planeIrradiance(following, low) - sky) / low.beamNormal).toBeCloseTo(Math.cos((22.5 * Math.PI) / 180), 1);
    });
    test('lie level at noon', () => expect(planeIrradiance(following, on(0.12)) / planeIrradiance(level, on(0.12))).toBeCloseTo(1, 3));
    test('catch at least as much of the beam as level panels, anywhere and anytime', () =>
      fc.assert(
        fc.property(anyInstant, latitude, longitude, (instant, lat, lon) => {
          const beam = { ...irradianceAt(instant, lat, lon, 0), global: 0, diffuse: 0 };
          expect(planeIrradiance(following, beam)).toBeGreaterThanOrEqual(planeIrradiance(level, beam) - 1e-9);
        }),
      ));
    test('have power from either side of the day', () => {
      expect(planeIrradiance(following, on(-5))).toBeGreaterThan(1.5 * planeIrradiance(level, on(-5)));
      expect(planeIrradiance(following, on(5))).toBeGreaterThan(1.5 * planeIrradiance(level, on(5)));
    });
  });
  test('of a clear year in Berlin is 1200 to 1900 kWh per kW of peak: above the 1000 of its cloudy years', () => {
    let energy = 0;
    for (let hour = 0; hour < 8_760; hour++) energy += pvPower({ ...berlin, pv: [south] }, at('2022-01-01T00:30Z') + hour * 3_600_000, 0);
    expect(energy / south.peakKw).toBeGreaterThan(1_200);
    expect(energy / south.peakKw).toBeLessThan(1_900);
  });
  test('of two arrays is their sum', () => {
    const noon = at('2022-06-21T11:00Z');
    const east = { ...south, azimuthDeg: 90 };
    const sum = pvPower({ ...berlin, pv: [south] }, noon, 0.4) + pvPower({ ...berlin, pv: [east] }, noon, 0.4);
    expect(pvPower({ ...berlin, pv: [south, east] }, noon, 0.4)).toBeCloseTo(sum, 9);
  });
});
