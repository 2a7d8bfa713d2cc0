/**
 * Position: where the sun stands, from an instant and a place.
 *
 * Owns the low-accuracy solar theory of Meeus, Astronomical Algorithms (2nd ed., 1998), chapters 12, 13, 22 and 25;
 * numbers on the lines are his equations. Angles are degrees outside, radians inside. The result is geometric: no
 * refraction (up to 0.5° at the horizon) and no parallax (0.0024°). Good to 0.02° from 1950 to 2050.
 */
import { DAY, type Instant } from '../../units/time.ts';

export interface SunPosition {
  /** Degrees above the horizon, -90 to 90; negative at night. */
  readonly elevationDeg: number;
  /** Degrees clockwise from north, 0 to 360. */
  readonly azimuthDeg: number;
}

/** 2000-01-01T12:00Z, epoch J2000.0; ΔT (a minute) moves the sun by 0.0008° and is left out. */
const J2000: Instant = 946_728_000_000;
const DAYS_PER_CENTURY = 36_525;
const radians = Math.PI / 180;
const degrees = 180 / Math.PI;
const wrap = (angleDeg: number) => ((angleDeg % 360) + 360) % 360;

/** Apparent declination and Greenwich hour angle of the sun, degrees; positive north and west. */
export function apparentSun(instant: Instant): { declinationDeg: number; greenwichHourAngleDeg: number } {
  const days = (instant - J2000) / DAY;
  const t = days / DAYS_PER_CENTURY; // 25.1
  const meanLongitude = 280.46646 + t * (36_000.76983 + t * 0.0003032); // 25.2
  const anomaly = (357.52911 + t * (35_999.05029 - t * 0.0001537)) * radians; // 25.3
  const centre =
    (1.914602 - t * (0.004817 + t * 0.000014)) * Math.sin(anomaly) +
    (0.019993 - t * 0.000101) * Math.sin(2 * anomaly) +
    0.000289 * Math.sin(3 * anomaly); // p. 164
  const node = (125.04 - 1_934.136 * t) * radians;
  const nutation = -0.00478 * Math.sin(node); // of longitude
  const longitude = (meanLongitude + centre - 0.00569 + nutation) * radians; // apparent, p. 164
  const obliquity = (23.4392911 - t * (0.0130042 + t * 1.64e-7) + 0.00256 * Math.cos(node)) * radians; // 22.2, 25.8
  const rightAscension = Math.atan2(Math.cos(obliquity) * Math.sin(longitude), Math.cos(longitude)) * degrees; // 25.6
  const declinationDeg = Math.asin(Math.sin(obliquity) * Math.sin(longitude)) * degrees; // 25.7
  const siderealTime = 280.46061837 + 360.98564736629 * days + nutation * Math.cos(obliquity); // 12.4, apparent
  return { declinationDeg, greenwichHourAngleDeg: wrap(siderealTime - rightAscension) };
}

/** Where the sun stands over a place: latitude positive north, longitude positive east, degrees. Any instant. */
export function sunPosition(instant: Instant, latitude: number, longitude: number): SunPosition {
  const { declinationDeg, greenwichHourAngleDeg } = apparentSun(instant);
  const hourAngle = (greenwichHourAngleDeg + longitude) * radians;
  const [phi, delta] = [latitude * radians, declinationDeg * radians];
  const sine = Math.sin(phi) * Math.sin(delta) + Math.cos(phi) * Math.cos(delta) * Math.cos(hourAngle); // 13.6
  const fromSouth = Math.atan2(Math.sin(hourAngle), Math.cos(hourAngle) * Math.sin(phi) - Math.tan(delta) * Math.cos(phi)); // 13.5
  return { elevationDeg: Math.asin(Math.max(-1, Math.min(1, sine))) * degrees, azimuthDeg: wrap(fromSouth * degrees + 180) };
}
