/**
 * Drivers: what moves a target and is known ahead of time, from geometry and from weather forecasts.
 *
 * Owns the step from signals in their own units to numbers of order one on the target's grid. Geometry is always
 * there; a driver whose signal is missing is absent, and a step whose signal is missing is NaN.
 */
import { DAY, HOUR } from '../../../units/time.ts';
import { clearSkyUnder, diffuseFraction, extraterrestrial } from '../../sun/clear-sky.ts';
import { apparentSun } from '../../sun/position.ts';
import { arrayPower } from '../../sun/pv.ts';
import type { Dense } from '../target.ts';
import { type Grid, regrid, type Target } from '../target.ts';

/** One array per driver, as long as the grid. */
export type Drivers = Readonly<Record<string, Float64Array>>;

/** Light below which a clearness index is noise: there the index of the hours around it is used, kW/m2. */
const dimKw = 0.06;
/** Hours around a step whose light makes the clearness of its day. */
const dayHours = 12;
/** Hours in which clouds pass over a whole region: what comes before and after at one place is what others have now. */
const passingHours = 24;
/** Clearness where no light is to be expected, and the most that is believed of many hours. */
const darkClearness = 0.7;
const clearnessMax = 1.2;

/** Every driver of the target over the grid. O(steps). */
export function driversOf(target: Target, signals: Readonly<Record<string, Dense>>, grid: Grid): Drivers {
  const sky = skyOf(target, grid);
  const drivers: Record<string, Float64Array> = { clear: sky.clear, sine: sky.sine };
  for (const [name, signal] of Object.entries(signals)) {
    const values = regrid(signal, grid);
    if (name === 'shortwave_radiation') Object.assign(drivers, lightOf(values, sky, grid));
    else if (name === 'temperature_2m') Object.assign(drivers, temperatureOf(values));
    else if (name === 'dew_point_2m') Object.assign(drivers, drynessOf(values, signals['temperature_2m'], grid));
    else if (name === 'wind_speed_10m') Object.assign(drivers, windOf(values, grid));
    else if (name === 'precipitation') Object.assign(drivers, rainOf(values, grid));
    else drivers[name] = values;
  }
  return drivers;
}

interface Sky {
  /** Cloudless power as a share of the ceiling where arrays are known, else cloudless light on level ground, kW/m2. */
  readonly clear: Float64Array;
  /** Cloudless light on level ground, kW/m2. */
  readonly global: Float64Array;
  /** Sine of the sun's elevation at the centre of the step. */
  readonly sine: Float64Array;
}

/** Samples of a step: the sun moves 15° in an hour, so an hour at dawn needs more than its centre. */
const samples = 2;

/** The sky of a place; declination and hour angle are taken once a day and turned on from sample to sample, which is good to 0.02°. */
function skyOf({ latitude, longitude, pv }: Target, { start, stepMs, count }: Grid): Sky {
  const [clear, global, sine] = [new Float64Array(count), new Float64Array(count), new Float64Array(count)];
  const radians = Math.PI / 180;
  const [sinLatitude, cosLatitude] = [Math.sin(latitude * radians), Math.cos(latitude * radians)];
  const peakKw = pv.reduce((sum, { peakKw }) => sum + peakKw, 0);
  const turn = (stepMs / samples / HOUR) * 15 * radians;
  const [sinTurn, cosTurn] = [Math.sin(turn), Math.cos(turn)];
  let day = Number.NaN;
  let [sinDelta, cosDelta, outside] = [0, 0, 0];
  let [sinHour, cosHour] = [0, 1];
  for (let i = 0; i < count; i++) {
    const at = start + i * stepMs;
    const today = Math.floor((at + stepMs / 2) / DAY) * DAY;
    if (today !== day) {
      day = today;
      const { declinationDeg, greenwichHourAngleDeg } = apparentSun(day + DAY / 2);
      [sinDelta, cosDelta] = [Math.sin(declinationDeg * radians), Math.cos(declinationDeg * radians)];
      const gone = Math.floor((at + stepMs / 2 - day) / stepMs); // steps of the day before the grid begins: turned as well, so that all grids say the same
      const first = at - gone * stepMs + stepMs / samples / 2;
      const hourAngle = (greenwichHourAngleDeg + longitude + ((first - day - DAY / 2) / HOUR) * 15) * radians;
      [sinHour, cosHour] = [Math.sin(hourAngle), Math.cos(hourAngle)];
      for (let k = 0; k < gone * samples; k++)
        [sinHour, cosHour] = [sinHour * cosTurn + cosHour * sinTurn, cosHour * cosTurn - sinHour * sinTurn];
      outside = extraterrestrial(day);
    }
    let sines = 0;
    let globals = 0;
    let powers = 0;
    for (let k = 0; k < samples; k++) {
      const sinAngle = sinHour;
      const cosAngle = cosHour;
      sinHour = sinAngle * cosTurn + cosAngle * sinTurn;
      cosHour = cosAngle * cosTurn - sinAngle * sinTurn;
      const sin = sinLatitude * sinDelta + cosLatitude * cosDelta * cosAngle;
      sines += sin;
      if (sin <= 0) continue;
      const light = clearSkyUnder(sin);
      globals += light / 1_000;
      if (peakKw === 0) continue;
      const fromSouth = Math.atan2(sinAngle, cosAngle * sinLatitude - (sinDelta / cosDelta) * cosLatitude);
      const diffuse = light * diffuseFraction(light / (outside * sin));
      const irradiance = {
        sun: { elevationDeg: Math.asin(Math.min(1, sin)) / radians, azimuthDeg: fromSouth / radians + 180 },
        global: light,
        beamNormal: (light - diffuse) / sin,
        diffuse,
      };
      for (const array of pv) powers += arrayPower(array, irradiance) / peakKw;
    }
    sine[i] = sines / samples;
    global[i] = globals / samples;
    clear[i] = powers / samples;
  }
  return { clear: peakKw === 0 ? global : clear, global, sine };
}

/** Clearness of the forecast light, of the step and of the hours around it, before it and after it, and the cloudless power under it. */
function lightOf(wattsPerM2: Float64Array, { clear, global }: Sky, { stepMs, count }: Grid): Drivers {
  const [light, possible] = [new Float64Array(count + 1), new Float64Array(count + 1)]; // sums of what is forecast before a step
  for (let i = 0; i < count; i++) {
    const watts = wattsPerM2[i] as number;
    const isKnown = !Number.isNaN(watts);
    light[i + 1] = (light[i] as number) + (isKnown ? watts / 1_000 : 0);
    possible[i + 1] = (possible[i] as number) + (isKnown ? (global[i] as number) : 0);
  }
  const [half, day] = [Math.round((dayHours * HOUR) / stepMs / 2), Math.round((passingHours * HOUR) / stepMs)];
  const room = () => new Float64Array(count);
  const [clearness, clearnessDay, clearnessBefore, clearnessAfter, irradiance] = [room(), room(), room(), room(), room()];
  const last = count - 1;
  for (let i = 0; i < count; i++) {
    const watts = wattsPerM2[i] as number;
    if (Number.isNaN(watts)) {
      clearness[i] = clearnessDay[i] = clearnessBefore[i] = clearnessAfter[i] = irradiance[i] = Number.NaN;
      continue;
    }
    const around = clearnessOver(light, possible, Math.max(0, i - half), Math.min(last, i + half));
    const most = global[i] as number;
    const own = Math.max(0, Math.min(1.3, watts / 1_000 / Math.max(most, 0.02)));
    const weight = most / (most + dimKw);
    clearnessDay[i] = around;
    clearnessBefore[i] = clearnessOver(light, possible, Math.max(0, i - day), i);
    clearnessAfter[i] = clearnessOver(light, possible, i, Math.min(last, i + day));
    clearness[i] = weight * own + (1 - weight) * around;
    irradiance[i] = (clearness[i] as number) * (clear[i] as number);
  }
  return { irradiance, clearness, clearnessDay, clearnessBefore, clearnessAfter };
}

/** Clearness of all light of the steps from first to last, from sums of what is forecast before each. */
function clearnessOver(light: Float64Array, possible: Float64Array, first: number, last: number): number {
  const most = (possible[last + 1] as number) - (possible[first] as number);
  if (most <= 1e-6) return darkClearness;
  const share = ((light[last + 1] as number) - (light[first] as number)) / most;
  return Math.max(0, Math.min(clearnessMax, share));
}

/** Around a mild day, in tens of kelvin, and the parts that heat and cool houses. Input °C. */
function temperatureOf(celsius: Float64Array): Drivers {
  const count = celsius.length;
  const [temperature, heating, cooling] = [new Float64Array(count), new Float64Array(count), new Float64Array(count)];
  for (let i = 0; i < count; i++) {
    const value = ((celsius[i] as number) - 12) / 10;
    temperature[i] = value;
    heating[i] = Math.max(0, 0.3 - value);
    cooling[i] = Math.max(0, value - 0.7);
  }
  return { temperature, heating, cooling };
}

/** Dew-point depression in tens of kelvin; nothing without a temperature. */
function drynessOf(dewPoint: Float64Array, temperature: Dense | undefined, grid: Grid): Drivers {
  if (!temperature) return {};
  const dryness = regrid(temperature, grid);
  for (let i = 0; i < dryness.length; i++) dryness[i] = ((dryness[i] as number) - (dewPoint[i] as number)) / 10;
  return { dryness };
}

function windOf(metresPerSecond: Float64Array, grid: Grid): Drivers {
  const wind = smoothed(metresPerSecond, Math.round((2 * HOUR) / grid.stepMs));
  const windSquare = new Float64Array(wind.length);
  for (let i = 0; i < wind.length; i++) {
    wind[i] = (wind[i] as number) / 5;
    windSquare[i] = (wind[i] as number) ** 2;
  }
  return { wind, windSquare };
}

function rainOf(millimetres: Float64Array, grid: Grid): Drivers {
  const rain = new Float64Array(millimetres.length);
  for (let i = 0; i < rain.length; i++) rain[i] = Math.sqrt(Math.max(0, millimetres[i] as number));
  return { rain, rainDay: smoothed(rain, Math.round((6 * HOUR) / grid.stepMs)) };
}

/** Mean of the known values within `half` steps on either side; NaN where none is known. O(steps). */
function smoothed(values: Float64Array, half: number): Float64Array {
  const count = values.length;
  const means = new Float64Array(count);
  let [sum, known] = [0, 0];
  for (let i = -half; i < count; i++) {
    const entering = i + half;
    const leaving = i - half - 1;
    if (entering < count && !Number.isNaN(values[entering] as number)) {
      sum += values[entering] as number;
      known++;
    }
    if (leaving >= 0 && !Number.isNaN(values[leaving] as number)) {
      sum -= values[leaving] as number;
      known--;
    }
    if (i >= 0) means[i] = known > 0 ? sum / known : Number.NaN;
  }
  return means;
}
