/** Where the sun stands, against published ephemerides: nothing expected here comes from the code under test. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { apparentSun, sunPosition } from '../../../energy-oracle/sun/position.ts';
import { DAY, HOUR, MINUTE } from '../../../units/time.ts';

const at = (iso: string) => Date.parse(iso);
const anyInstant = fc.integer({ min: at('1990-01-01T00:00Z'), max: at('2050-01-01T00:00Z') });
/** Elevation of the sun's centre when its upper edge touches a sea horizon: 34' of refraction and 16' of radius. */
const SUNRISE_DEG = -0.833;

describe('the position of the sun', () => {
  test('is that of the NREL solar position algorithm (Reda and Andreas, NREL/TP-560-34302, appendix A.5)', () => {
    const { elevationDeg, azimuthDeg } = sunPosition(at('2003-10-17T12:30:30-07:00'), 39.742476, -105.1786);
    expect(Math.abs(elevationDeg - 39.872046)).toBeLessThan(0.01); // without refraction
    expect(Math.abs(azimuthDeg - 194.34024)).toBeLessThan(0.01);
  });

  test('has the declination of Meeus, example 25.a (1992-10-13, 0 h dynamical time)', () => {
    const { declinationDeg } = apparentSun(at('1992-10-13T00:00:00Z') - 59_000); // ΔT was 59 s
    expect(Math.abs(declinationDeg - -7.78507)).toBeLessThan(0.0005);
  });

  // Equinoxes and solstices of the Astronomical Almanac, to the minute; the declination moves 0.0003° per minute at an equinox.
  test.each([
    { name: 'crosses the equator on 2022-03-20 15:33', instant: '2022-03-20T15:33Z', declinationDeg: 0 },
    { name: 'is highest on 2022-06-21 09:14', instant: '2022-06-21T09:14Z', declinationDeg: 23.437 },
    { name: 'crosses the equator on 2022-09-23 01:04', instant: '2022-09-23T01:04Z', declinationDeg: 0 },
    { name: 'is lowest on 2022-12-21 21:48', instant: '2022-12-21T21:48Z', declinationDeg: -23.437 },
    { name: 'crosses the equator on 2000-03-20 07:35', instant: '2000-03-20T07:35Z', declinationDeg: 0 },
  ])('$name', ({ instant, declinationDeg }) =>
    expect(Math.abs(apparentSun(at(instant)).declinationDeg - declinationDeg)).toBeLessThan(0.003),
  );

  // Extremes of the equation of time, minutes that a sundial is ahead of the clock (Meeus, chapter 28): 1 min is 0.25°.
  test.each([
    { day: '2022-02-11', aheadMin: -14.2 },
    { day: '2022-05-14', aheadMin: 3.65 },
    { day: '2022-07-26', aheadMin: -6.55 },
    { day: '2022-11-03', aheadMin: 16.45 },
  ])('is due south of Greenwich $aheadMin min before clock noon on $day', ({ day, aheadMin }) => {
    const { azimuthDeg, elevationDeg } = sunPosition(at(`${day}T12:00Z`) - aheadMin * MINUTE, 51.4779, 0);
    expect(Math.abs(azimuthDeg - 180)).toBeLessThan(0.05);
    expect(elevationDeg).toBeGreaterThan(15);
  });

  // Rise and set to the minute, as almanacs print them; a minute is up to 0.25°.
  test.each([
    { what: 'rises over London on 2022-06-21 at 04:43 BST', instant: '2022-06-21T03:43Z', latitude: 51.5074, longitude: -0.1278 },
    { what: 'sets over London on 2022-06-21 at 21:21 BST', instant: '2022-06-21T20:21Z', latitude: 51.5074, longitude: -0.1278 },
    { what: 'rises over New York on 2022-12-21 at 07:16 EST', instant: '2022-12-21T12:16Z', latitude: 40.7128, longitude: -74.006 },
    { what: 'sets over Sydney on 2022-12-22 at 20:05 AEDT', instant: '2022-12-22T09:05Z', latitude: -33.8688, longitude: 151.2093 },
  ])('$what', ({ instant, latitude, longitude }) =>
    expect(Math.abs(sunPosition(at(instant), latitude, longitude).elevationDeg - SUNRISE_DEG)).toBeLessThan(0.25),
  );

  test('is due north at noon south of the tropics, due south north of them', () => {
    const highest = (latitude: number) =>
      Array.from({ length: 288 }, (_, i) => sunPosition(at('2022-04-15T00:00Z') + i * 5 * MINUTE, latitude, 0)).reduce((a, b) =>
        a.elevationDeg > b.elevationDeg ? a : b,
      );
    expect(Math.abs(highest(50).azimuthDeg - 180)).toBeLessThan(2);
    expect(Math.cos((highest(-35).azimuthDeg * Math.PI) / 180)).toBeGreaterThan(0.999);
  });

  test('mirrors between antipodes: what is up here is down there', () =>
    fc.assert(
      fc.property(
        anyInstant,
        fc.double({ min: -89, max: 89, noNaN: true }),
        fc.double({ min: -180, max: 180, noNaN: true }),
        (instant, lat, lon) => {
          const sum = sunPosition(instant, lat, lon).elevationDeg + sunPosition(instant, -lat, lon + 180).elevationDeg;
          expect(Math.abs(sum)).toBeLessThan(1e-9);
        },
      ),
    ));

  test('stays in its ranges and never jumps: below 0.26° of elevation per minute', () =>
    fc.assert(
      fc.property(
        anyInstant,
        fc.double({ min: -90, max: 90, noNaN: true }),
        fc.double({ min: -180, max: 180, noNaN: true }),
        (instant, lat, lon) => {
          const [now, next] = [sunPosition(instant, lat, lon), sunPosition(instant + MINUTE, lat, lon)];
          expect(Math.abs(now.elevationDeg)).toBeLessThanOrEqual(90);
          expect(now.azimuthDeg).toBeGreaterThanOrEqual(0);
          expect(now.azimuthDeg).toBeLessThanOrEqual(360);
          expect(Math.abs(next.elevationDeg - now.elevationDeg)).toBeLessThan(0.26);
        },
      ),
    ));

  test('shines as long as the polar circle says: all day in June, never in December at 70° N', () => {
    const day = (iso: string) => Array.from({ length: 24 }, (_, h) => sunPosition(at(iso) + h * HOUR, 70, 25).elevationDeg);
    expect(Math.min(...day('2022-06-21T00:00Z'))).toBeGreaterThan(3);
    expect(Math.max(...day('2022-12-21T00:00Z'))).toBeLessThan(-3);
    expect(sunPosition(at('2022-06-21T00:00Z') + DAY / 2, 70, 25).elevationDeg).toBeGreaterThan(40);
  });
});
