/**
 * Daylight: where the sun stands overhead, for the shade on the map.
 *
 * Pure and good to about a quarter of a degree, which is a hair on a world map; the sun that accounts depend on is the
 * oracle's. Source: Astronomical Almanac, low precision formulas for the Sun (page C5).
 */
import { DAY, type Instant } from '../units/time.ts';

const J2000: Instant = Date.UTC(2000, 0, 1, 12);
const radians = (degrees: number): number => (degrees * Math.PI) / 180;
const degrees = (angle: number): number => (angle * 180) / Math.PI;
/** An angle in degrees brought into (−180, 180]. */
const wrapped = (angle: number): number => angle - 360 * Math.ceil((angle - 180) / 360);

/** The point on Earth with the sun in its zenith: `[longitude, latitude]` in degrees, east and north positive. */
export function subsolarPoint(instant: Instant): [number, number] {
  const days = (instant - J2000) / DAY;
  const meanLongitude = 280.46 + 0.9856474 * days;
  const anomaly = radians(357.528 + 0.9856003 * days);
  const ecliptic = radians(meanLongitude + 1.915 * Math.sin(anomaly) + 0.02 * Math.sin(2 * anomaly));
  const obliquity = radians(23.439 - 0.0000004 * days);
  const declination = Math.asin(Math.sin(obliquity) * Math.sin(ecliptic));
  const rightAscension = Math.atan2(Math.cos(obliquity) * Math.sin(ecliptic), Math.cos(ecliptic));
  const siderealDegrees = 280.46062 + 360.98564737 * days; // Greenwich mean sidereal time
  return [wrapped(degrees(rightAscension) - siderealDegrees), degrees(declination)];
}

/** The opposite point: the middle of the night. */
export function antisolarPoint(instant: Instant): [number, number] {
  const [longitude, latitude] = subsolarPoint(instant);
  return [wrapped(longitude + 180), -latitude];
}
