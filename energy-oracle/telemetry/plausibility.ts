/**
 * Plausibility: what a value could be at all, by the nameplate of its site or the bounds of its market.
 *
 * Answers with a sentence when a value is out of range and `undefined` when it is possible. Never clamps.
 */
import { DAY, type DurationMs, type Instant, type Interval, MINUTE, toIso } from '../../units/time.ts';
import type { Curve, Signal } from '../grid/grid-feed.ts';
import type { Site } from '../site.ts';
import { extraterrestrial } from '../sun/clear-sky.ts';
import { sunPosition } from '../sun/position.ts';
import type { WeatherForecast, WeatherVariable } from '../weather/weather-feed.ts';
import type { Reading } from './reading.ts';

/** Panels exceed their nameplate for seconds at cloud edges and in cold; never by more than a fifth over an interval. */
const pvOverNameplateMax = 1.2;
/** Inverters of batteries exceed their nameplate for minutes, never by more than a tenth over an interval. */
const batteryOverNameplateMax = 1.1;
/** Largest power of a load, battery or grid connection, W: 10 MW. */
const powerWMax = 10_000_000;
/** Largest register, Wh: 10 MW for a century. */
const registerWhMax = 1e13;
/** Largest price by size, currency per MWh; the highest market cap in use is near 20,000 (Australia, AUD). */
const priceMax = 50_000;
/** What a variable can be anywhere on Earth, a little beyond the records that the WMO keeps; light is bounded by the sun. */
const weatherRange: Readonly<Record<Exclude<WeatherVariable, 'shortwave_radiation'>, readonly [number, number]>> = {
  temperature_2m: [-95, 60],
  dew_point_2m: [-110, 40],
  wind_speed_10m: [0, 120],
  cloud_cover: [0, 1],
  precipitation: [0, 500],
};
/** Clouds beside the sun add to its light; above what falls outside the air it never stays for a step. */
const overSunMax = 1.2;
/** Light of the twilight, and of a place that is known to a tenth of a degree, W/m2. */
const twilightMax = 30;
const sunStepMs: DurationMs = 30 * MINUTE;
/** No model looks further ahead; what began so long before its issue is a record, not a forecast. */
const aheadMsMax: DurationMs = 17 * DAY;
const behindMsMax: DurationMs = 2 * DAY;
/** Largest carbon intensity, gCO2eq/kWh; the dirtiest plants burn at about 1,700. */
const carbonIntensityMax = 3_000;

/** Largest load of a zone, MW: China's peak of 2025 was 1,500,000. */
const gridMwMax = 3_000_000;

const outside = (what: string, value: number, low: number, high: number): string | undefined =>
  value >= low && value <= high ? undefined : `${what} must be in [${low}, ${high}], found ${value}`;

/** Why a reading cannot be true of its site; `undefined` when it can. */
export function implausibleReading({ stream, value }: Reading, site: Site): string | undefined {
  switch (stream) {
    case 'pv_power': {
      const peakKw = site.pv.reduce((sum, array) => sum + array.peakKw, 0);
      return outside('pv_power (W)', value, 0, peakKw * 1_000 * pvOverNameplateMax);
    }
    case 'load_power':
      return outside('load_power (W)', value, 0, powerWMax);
    case 'grid_power':
      return outside('grid_power (W)', value, -powerWMax, powerWMax);
    case 'battery_power': {
      const mostW = site.battery ? site.battery.powerKw * 1_000 * batteryOverNameplateMax : powerWMax;
      return outside('battery_power (W)', value, -mostW, mostW);
    }
    case 'battery_soc':
      return outside('battery_soc (%)', value, 0, 100);
    case 'energy_import':
    case 'energy_export':
      return outside(`${stream} (Wh)`, value, 0, registerWhMax);
    default:
      return stream satisfies never;
  }
}

function rangeOf(signal: Signal): readonly [number, number] {
  if (signal === 'day_ahead_price') return [-priceMax, priceMax];
  return [0, signal === 'carbon_intensity' || signal === 'carbon_intensity_marginal' ? carbonIntensityMax : gridMwMax];
}

/** Why a curve cannot be true; `undefined` when it can. */
export function implausibleCurve({ signal, values }: Curve): string | undefined {
  const [low, high] = rangeOf(signal);
  for (const value of values) {
    const why = value === undefined ? undefined : outside(signal, value, low, high);
    if (why) return why;
  }
  return undefined;
}

/** Why a forecast cannot be the weather of its site; `undefined` when it can. */
export function implausibleWeather({ variable, issuedAt, start, stepMs, values }: WeatherForecast, site: Site): string | undefined {
  const end = start + stepMs * values.length;
  if (start < issuedAt - behindMsMax || end > issuedAt + aheadMsMax)
    return `a forecast issued ${toIso(issuedAt)} lies within 2 days before and 17 days after, found [${toIso(start)}, ${toIso(end)})`;
  for (const [i, value] of values.entries()) {
    if (value === undefined) continue;
    const step = { start: start + i * stepMs, end: start + (i + 1) * stepMs };
    const [low, high] = variable === 'shortwave_radiation' ? [0, lightMax(step, site)] : weatherRange[variable];
    const why = outside(`${variable} of ${toIso(step.start)}`, value, low, high);
    if (why) return why;
  }
  return undefined;
}

/** The most light that a level plane can have over a step, W/m2: from the highest sun of it, half an hour either side. */
function lightMax({ start, end }: Interval, { latitude, longitude }: Site): number {
  let most = 0;
  for (let at: Instant = start - sunStepMs; at <= end + sunStepMs; at += sunStepMs)
    most = Math.max(most, extraterrestrial(at) * Math.sin((sunPosition(at, latitude, longitude).elevationDeg * Math.PI) / 180));
  return Math.round(most * overSunMax + twilightMax);
}
