/**
 * PV: what panels make of the light.
 *
 * Owns the step from light on level ground to light on a tilted plane and to power at the array's terminals. Leaves
 * shade, snow and temperature to one performance ratio. Power is never negative and never above the array's peak.
 */
import { type Kilowatts, kilowatts } from '../../units/quantity.ts';
import type { Instant } from '../../units/time.ts';
import type { PvArray } from '../site.ts';
import { type Irradiance, irradianceAt } from './clear-sky.ts';

/** Power at the terminals over rated power at the same light: heat, wires, inverter, dirt (IEC 61724-1 calls it PR). */
const PERFORMANCE_RATIO = 0.85;
/** Light that peak power is rated at, W/m2 (standard test conditions, IEC 60904-3). */
const RATED_IRRADIANCE = 1_000;
/** Share of light that common ground throws back. */
const GROUND_ALBEDO = 0.2;
const radians = Math.PI / 180;

/** How panels stand, degrees: from horizontal, and clockwise from north. */
interface Plane {
  readonly tiltDeg: number;
  readonly azimuthDeg: number;
}

/**
 * How an array stands under a sun: as it is, or turned about a level axis until the sun stands square to it in the plane
 * across the axis, as far as it turns (Marion and Dobos, NREL/TP-6A20-58891, 2013, eq. 1 for an axis without tilt; no
 * backtracking).
 */
export function planeUnder({ tiltDeg, azimuthDeg, tracking }: PvArray, { elevationDeg, azimuthDeg: sunDeg }: Irradiance['sun']): Plane {
  if (tracking === undefined) return { tiltDeg, azimuthDeg };
  const aside = Math.cos(elevationDeg * radians) * Math.sin((sunDeg - azimuthDeg) * radians);
  const turnDeg = Math.atan2(aside, Math.sin(elevationDeg * radians)) / radians;
  return { tiltDeg: Math.min(tiltDeg, Math.abs(turnDeg)), azimuthDeg: azimuthDeg + (turnDeg > 0 ? 90 : -90) };
}

/** Light on an array's plane, W/m2, under an isotropic sky (Liu and Jordan 1963; Duffie and Beckman, eq. 2.15.1). */
export function planeIrradiance(array: PvArray, { sun, global, beamNormal, diffuse }: Irradiance): number {
  const { tiltDeg, azimuthDeg } = planeUnder(array, sun);
  const [tilt, elevation] = [tiltDeg * radians, sun.elevationDeg * radians];
  const turned = (sun.azimuthDeg - azimuthDeg) * radians;
  const incidence = Math.sin(elevation) * Math.cos(tilt) + Math.cos(elevation) * Math.sin(tilt) * Math.cos(turned);
  const fromSky = (diffuse * (1 + Math.cos(tilt))) / 2;
  const fromGround = (global * GROUND_ALBEDO * (1 - Math.cos(tilt))) / 2;
  return beamNormal * Math.max(0, incidence) + fromSky + fromGround;
}

/** Power of one array under the given light, kW, 0 to its peak. */
export const arrayPower = (array: PvArray, light: Irradiance): Kilowatts =>
  kilowatts(Math.max(0, Math.min(array.peakKw, ((array.peakKw * planeIrradiance(array, light)) / RATED_IRRADIANCE) * PERFORMANCE_RATIO)));

/** Power of all arrays of a place at an instant under a cloud cover of 0 to 1, kW ≥ 0; 0 below the horizon. */
export function pvPower(
  { pv, latitude, longitude }: { readonly pv: readonly PvArray[]; readonly latitude: number; readonly longitude: number },
  instant: Instant,
  cloudCover: number,
): Kilowatts {
  const light = irradianceAt(instant, latitude, longitude, cloudCover);
  return kilowatts(pv.reduce((sum, array) => sum + arrayPower(array, light), 0));
}
