/**
 * Position: where the sun stands, from an instant and a place.
 *
 * Owns the low-accuracy solar theory of Meeus, Astronomical Algorithms (2nd ed., 1998), chapters 12, 13, 22 and 25;
 * numbers on the lines are his equations. Angles are degrees outside, radians inside. The result is geometric: no
 * refraction (up to 0.5° at the horizon) and no parallax (0.0024°). Good to 0.02° from 1950 to 2050, and cheap; what
 * must be exact asks `topocentric.ts`, which hands its corrections to the same equations.
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

/** Where the sun stands among the stars, degrees; positive north and west. */
export interface ApparentSun {
  readonly declinationDeg: number;
  readonly greenwichHourAngleDeg: number;
}

/** What a finer theory adds to the coarse one, degrees. */
export interface FineTerms {
  /** To the apparent longitude. */
  readonly longitudeDeg: number;
  /** To the obliquity of the ecliptic. */
  readonly obliquityDeg: number;
  /** To the equation of the equinoxes. */
  readonly siderealDeg: number;
}
const coarse: FineTerms = { longitudeDeg: 0, obliquityDeg: 0, siderealDeg: 0 };

/** Apparent declination and Greenwich hour angle of the sun. */
export const apparentSun = (instant: Instant): ApparentSun =>
  apparentAt((instant - J2000) / DAY, (instant - J2000) / DAY / DAYS_PER_CENTURY, coarse);

/**
 * The same from days of universal time and centuries of dynamical time since J2000.0.
 *
 * @param fine  corrections to the low-accuracy theory; zeros for none
 */
export function apparentAt(days: number, t: number, fine: FineTerms): ApparentSun {
  const meanLongitude = 280.46646 + t * (36_000.76983 + t * 0.0003032); // 25.2
  const anomaly = (357.52911 + t * (35_999.05029 - t * 0.0001537)) * radians; // 25.3
  const centre =
    (1.914602 - t * (0.004817 + t * 0.000014)) * Math.sin(anomaly) +
    (0.019993 - t * 0.000101) * Math.sin(2 * anomaly) +
    0.000289 * Math.sin(3 * anomaly); // p. 164
  const node = (125.04 - 1_934.136 * t) * radians;
  const nutation = -0.00478 * Math.sin(node); // of longitude
  const longitude = (meanLongitude + centre - 0.00569 + nutation + fine.longitudeDeg) * radians; // apparent, p. 164
  const obliquity = (23.4392911 - t * (0.0130042 + t * 1.64e-7) + 0.00256 * Math.cos(node) + fine.obliquityDeg) * radians; // 22.2, 25.8
  const rightAscension = Math.atan2(Math.cos(obliquity) * Math.sin(longitude), Math.cos(longitude)) * degrees; // 25.6
  const declinationDeg = Math.asin(Math.sin(obliquity) * Math.sin(longitude)) * degrees; // 25.7
  const siderealTime = 280.46061837 + 360.98564736629 * days + nutation * Math.cos(obliquity) + fine.siderealDeg; // 12.4, apparent
  return { declinationDeg, greenwichHourAngleDeg: wrap(siderealTime - rightAscension) };
}

/** Where the sun stands over a place: latitude positive north, longitude positive east, degrees. Any instant. */
export const sunPosition = (instant: Instant, latitude: number, longitude: number): SunPosition =>
  overPlace(apparentSun(instant), latitude, longitude);

/** From the stars to the horizon of a place. */
export function overPlace({ declinationDeg, greenwichHourAngleDeg }: ApparentSun, latitude: number, longitude: number): SunPosition {
  const hourAngle = (greenwichHourAngleDeg + longitude) * radians;
  const [phi, delta] = [latitude * radians, declinationDeg * radians];
  const sine = Math.sin(phi) * Math.sin(delta) + Math.cos(phi) * Math.cos(delta) * Math.cos(hourAngle); // 13.6
  const fromSouth = Math.atan2(Math.sin(hourAngle), Math.cos(hourAngle) * Math.sin(phi) - Math.tan(delta) * Math.cos(phi)); // 13.5
  return { elevationDeg: Math.asin(Math.max(-1, Math.min(1, sine))) * degrees, azimuthDeg: wrap(fromSouth * degrees + 180) };
}
