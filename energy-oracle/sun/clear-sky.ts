/**
 * Clear sky: how much sunlight reaches level ground, without clouds and under them.
 *
 * Owns Haurwitz' clear sky, Kasten and Czeplak's clouds and the split into beam and diffuse light by Erbs. Irradiance
 * is W/m2. Always 0 while the sun is below the horizon, never negative, never above the light outside the air.
 */
import { DAY, type Instant } from '../../units/time.ts';
import { type SunPosition, sunPosition } from './position.ts';

/** Light on the ground, W/m2. `global = beamNormal × sin(elevation) + diffuse`. */
export interface Irradiance {
  readonly sun: SunPosition;
  /** On a level plane (GHI). */
  readonly global: number;
  /** On a plane that faces the sun (DNI). */
  readonly beamNormal: number;
  /** From the sky on a level plane (DHI). */
  readonly diffuse: number;
}

/** Total solar irradiance at one astronomical unit, W/m2 (Kopp and Lean, Geophys. Res. Lett. 38, 2011). */
const SOLAR_CONSTANT = 1_361;
/** 1999-12-31T00:00Z: day 1 of the year 2000 begins a day later. */
const YEAR_ORIGIN: Instant = 946_598_400_000;

const sineOf = ({ elevationDeg }: SunPosition) => Math.sin((elevationDeg * Math.PI) / 180);

/** Clear-sky light on level ground, W/m2 (Haurwitz, J. Meteorology 2, 1945): 1098 cos z exp(-0.059 / cos z). */
export const clearSkyGlobal = (sun: SunPosition): number => clearSkyUnder(sineOf(sun));

/** The same from the cosine of the zenith angle, which is the sine of the elevation. */
export const clearSkyUnder = (cosZenith: number): number => (cosZenith <= 0 ? 0 : 1_098 * cosZenith * Math.exp(-0.059 / cosZenith));

/**
 * Share of the clear sky that comes through clouds, 0.25 to 1 (Kasten and Czeplak, Solar Energy 24, 1980, eq. 3).
 *
 * @param cloudCover  share of the sky that is covered, 0 to 1; outside of it is a bug
 */
export function cloudTransmission(cloudCover: number): number {
  if (!(cloudCover >= 0 && cloudCover <= 1)) throw new RangeError(`cloud cover must be 0 to 1, found ${cloudCover}`);
  return 1 - 0.75 * cloudCover ** 3.4;
}

/** Light on a plane that faces the sun outside the air, W/m2 (Duffie and Beckman, eq. 1.4.1a). */
export const extraterrestrial = (instant: Instant): number =>
  SOLAR_CONSTANT * (1 + 0.033 * Math.cos((2 * Math.PI * ((instant - YEAR_ORIGIN) / DAY)) / 365.25));

/** Diffuse share of global light by clearness index (Erbs, Klein and Duffie, Solar Energy 28, 1982, eq. 1). */
export function diffuseFraction(clearness: number): number {
  if (clearness <= 0.22) return 1 - 0.09 * clearness;
  if (clearness > 0.8) return 0.165;
  return 0.9511 - 0.1604 * clearness + 4.388 * clearness ** 2 - 16.638 * clearness ** 3 + 12.336 * clearness ** 4;
}

/** Light at a place and instant under a cloud cover of 0 to 1; `cloudCover` 0 is the clear sky. */
export function irradianceAt(instant: Instant, latitude: number, longitude: number, cloudCover: number): Irradiance {
  const sun = sunPosition(instant, latitude, longitude);
  const global = clearSkyGlobal(sun) * cloudTransmission(cloudCover);
  if (global === 0) return { sun, global: 0, beamNormal: 0, diffuse: 0 };
  const sine = sineOf(sun);
  const diffuse = global * diffuseFraction(global / (extraterrestrial(instant) * sine));
  return { sun, global, beamNormal: (global - diffuse) / sine, diffuse };
}
