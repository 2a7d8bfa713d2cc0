/**
 * Plausibility: what a value could be at all, by the nameplate of its site or the bounds of its market.
 *
 * Answers with a sentence when a value is out of range and `undefined` when it is possible. Never clamps.
 */
import type { Curve } from '../grid/grid-feed.ts';
import type { Site } from '../site.ts';
import type { Reading } from './reading.ts';

/** Panels exceed their nameplate for seconds at cloud edges and in cold; never by more than a fifth over an interval. */
const pvOverNameplateMax = 1.2;
/** Largest power of a load, battery or grid connection, W: 10 MW. */
const powerWMax = 10_000_000;
/** Largest register, Wh: 10 MW for a century. */
const registerWhMax = 1e13;
/** Largest price by size, currency per MWh; the highest market cap in use is near 20,000 (Australia, AUD). */
const priceMax = 50_000;
/** Largest carbon intensity, gCO2eq/kWh; the dirtiest plants burn at about 1,700. */
const carbonIntensityMax = 3_000;

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
    case 'battery_power':
      return outside(`${stream} (W)`, value, -powerWMax, powerWMax);
    case 'battery_soc':
      return outside('battery_soc (%)', value, 0, 100);
    case 'energy_import':
    case 'energy_export':
      return outside(`${stream} (Wh)`, value, 0, registerWhMax);
    default:
      return stream satisfies never;
  }
}

/** Why a curve cannot be true; `undefined` when it can. */
export function implausibleCurve({ signal, values }: Curve): string | undefined {
  const [low, high] = signal === 'day_ahead_price' ? [-priceMax, priceMax] : [0, carbonIntensityMax];
  for (const value of values) {
    const why = value === undefined ? undefined : outside(signal, value, low, high);
    if (why) return why;
  }
  return undefined;
}
