/**
 * Ceiling: the most that panels could have made in a slot, and nothing while the sun is below the horizon.
 *
 * Owns an upper bound, not an estimate: the cleanest air, panels without losses in the cold, snow before them, clouds
 * that add their edges' light, and the slot's brightest instant held throughout. Every margin is a number with a reason.
 * What is above it cannot be sun; what is below it may still be a lie, which is the neighbours' business.
 */
import type { WattHours } from '../../units/quantity.ts';
import { type Instant, MINUTE, SLOT } from '../../units/time.ts';
import type { PvArray, Site } from '../site.ts';
import { extraterrestrial } from './clear-sky.ts';
import type { SunPosition } from './position.ts';
import { planeIrradiance, planeUnder } from './pv.ts';
import { topocentricSun } from './topocentric.ts';

/** Altitude of a site that does not tell its own, m: nine of ten people live below it. */
export const altitudeMDefault = 1_000;
/** Turbidity of the cleanest air that stays for a quarter of an hour (Linke; clean cold air 2, Remund et al. 2003). */
const linkeTurbidity = 2;
/** Light that broken clouds add to a clear sky over a quarter of an hour, share of the level clear sky. */
const cloudEdgeShare = 0.25;
/** Diffuse light of bright broken clouds without any beam, share of the level clear sky. */
const brightCloudShare = 0.6;
/** Share of light that the ground throws back: snow from here on to the poles and on mountains, dry grass or sand elsewhere. */
const snowAlbedo = 0.8;
const bareAlbedo = 0.3;
const snowFromLatitudeDeg = 25;
const snowFromAltitudeM = 1_500;
/** Cells at 5 °C in bright winter sun give 4 to 8 % more than at 25 °C; modules are sold with up to 3 % more than their plate. */
const coldAndPlus = 1.13;
/** Tilts and azimuths are written down to about this, degrees. */
const orientationDeg = 5;
/** Panels exceed their nameplate in cold at cloud edges; by more than a fifth never for a quarter of an hour. */
export const overNameplateMax = 1.2;
/** Light with the sun at the horizon, W/m2: twilight and what refraction lifts over the edge; it is gone at -6 degrees. */
const horizonLight = 30;
const twilightDegMax = 6;
/** What an inverter reads of itself in the dark, share of the nameplate, and W for the smallest. */
const selfReadingShare = 0.002;
const selfReadingW = 5;
const ratedIrradiance = 1_000;
const radians = Math.PI / 180;
const hoursPerSlot = SLOT / 3_600_000;

type Place = Pick<Site, 'pv' | 'latitude' | 'longitude' | 'altitudeM'>;

export interface SlotCeiling {
  /** Highest stand of the sun's centre in the slot, degrees, without air. */
  readonly highestSunDeg: number;
  /** Most that the panels can have made, Wh; 0 when the sun is below the horizon throughout. */
  readonly ceilingWh: WattHours;
  /** So much may a meter read with nothing to it, Wh: the inverter itself, and by twilight what the sky still gives. */
  readonly toleranceWh: WattHours;
}

/** Instants of a slot at which the sun is looked at; what lies between differs from them by nothing that counts. */
const looks = [0, SLOT / 2, SLOT];
/** Places are written down to about a tenth of a degree: a sun that clears the horizon by less may be below it, degrees. */
const horizonDeg = 0.1;

/** Nameplate of all arrays, kW. */
export const nameplateKw = (pv: readonly PvArray[]): number => pv.reduce((sum, { peakKw }) => sum + peakKw, 0);

/** The most of one slot. 3 suns × arrays; a microsecond each. */
export function slotCeiling(place: Place, slot: Instant): SlotCeiling {
  const suns = looks.map((after) => topocentricSun(slot + after, place.latitude, place.longitude));
  const highestSunDeg = Math.max(...suns.map(({ elevationDeg }) => elevationDeg));
  const plateW = nameplateKw(place.pv) * 1_000;
  if (plateW === 0) return { highestSunDeg, ceilingWh: 0, toleranceWh: 0 };
  const own = selfReadingW + selfReadingShare * plateW;
  const twilight = twilightLight(highestSunDeg);
  const toleranceWh = (own + (plateW * twilight) / ratedIrradiance) * hoursPerSlot;
  if (highestSunDeg <= horizonDeg) return { highestSunDeg, ceilingWh: 0, toleranceWh };
  const lights = suns.map((sun) => place.pv.reduce((sum, array) => sum + arrayMostW(array, sun, place, slot), 0));
  return { highestSunDeg, ceilingWh: Math.min(plateW * overNameplateMax, Math.max(...lights)) * hoursPerSlot, toleranceWh };
}

/** W/m2 on any plane from a sun near or below the horizon. */
const twilightLight = (elevationDeg: number): number =>
  elevationDeg >= 0 ? horizonLight : elevationDeg <= -twilightDegMax ? 0 : horizonLight * (1 + elevationDeg / twilightDegMax) ** 2;

/** Most power of one array under a sun, W ≥ 0. */
function arrayMostW(array: PvArray, sun: SunPosition, place: Place, at: Instant): number {
  const { global, beamNormal } = cleanestSky(sun.elevationDeg, place.altitudeM ?? altitudeMDefault, extraterrestrial(at));
  const { tiltDeg, azimuthDeg } = planeUnder(array, sun);
  const [tilt, elevation] = [tiltDeg * radians, sun.elevationDeg * radians];
  const square =
    Math.sin(elevation) * Math.cos(tilt) + Math.cos(elevation) * Math.sin(tilt) * Math.cos((sun.azimuthDeg - azimuthDeg) * radians);
  const awayDeg = Math.max(0, Math.acos(Math.max(-1, Math.min(1, square))) / radians - orientationDeg);
  const beam = beamNormal * Math.max(0, Math.cos(awayDeg * radians));
  const diffuse = Math.max(0, global - beamNormal * Math.max(0, Math.sin(elevation)));
  const albedo = hasSnow(place) ? snowAlbedo : bareAlbedo;
  const ground = (albedo * (1 - Math.cos(tilt))) / 2;
  const clear = beam + diffuse + global * (cloudEdgeShare + ground);
  const bright = global * (brightCloudShare + ground);
  return (array.peakKw * 1_000 * coldAndPlus * (Math.max(clear, bright) + twilightLight(sun.elevationDeg))) / ratedIrradiance;
}

const hasSnow = ({ latitude, altitudeM = altitudeMDefault }: Place) =>
  Math.abs(latitude) >= snowFromLatitudeDeg || altitudeM >= snowFromAltitudeM;

/**
 * Clear sky through the cleanest air, W/m2: level, and square to the beam (Ineichen and Perez, Solar Energy 73, 2002,
 * eqs. 8 and 11, air mass by Kasten and Young 1989). 0 below the horizon.
 */
function cleanestSky(elevationDeg: number, altitudeM: number, outside: number): { global: number; beamNormal: number } {
  if (elevationDeg <= 0) return { global: 0, beamNormal: 0 };
  const sine = Math.sin(elevationDeg * radians);
  const pressure = Math.exp(-altitudeM / 8_435);
  const mass = pressure / (sine + 0.50572 * (elevationDeg + 6.07995) ** -1.6364);
  const [fh1, fh2] = [Math.exp(-altitudeM / 8_000), Math.exp(-altitudeM / 1_250)];
  const [cg1, cg2] = [5.09e-5 * altitudeM + 0.868, 3.92e-5 * altitudeM + 0.0387];
  const level = cg1 * outside * sine * Math.exp(-cg2 * mass * (fh1 + fh2 * (linkeTurbidity - 1)) + 0.01 * mass ** 1.8);
  const beam = Math.min((0.664 + 0.163 / fh1) * outside * Math.exp(-0.09 * mass * (linkeTurbidity - 1)), level / sine);
  return { global: Math.min(level, outside * sine), beamNormal: Math.max(0, beam) };
}

/** Clear-sky energy of a slot as panels of no loss make it, Wh ≥ 0: the yardstick of clear-sky indices, no bound. */
export function clearSlotWh(place: Place, slot: Instant): WattHours {
  let watts = 0;
  for (const after of [2.5, 7.5, 12.5]) {
    const sun = topocentricSun(slot + after * MINUTE, place.latitude, place.longitude);
    const { global, beamNormal } = cleanestSky(sun.elevationDeg, place.altitudeM ?? altitudeMDefault, extraterrestrial(slot));
    const diffuse = Math.max(0, global - beamNormal * Math.max(0, Math.sin(sun.elevationDeg * radians)));
    for (const array of place.pv) watts += (array.peakKw * planeIrradiance(array, { sun, global, beamNormal, diffuse })) / looks.length;
  }
  return watts * hoursPerSlot;
}
