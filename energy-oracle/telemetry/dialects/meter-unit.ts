/**
 * Meter unit: what meters say their numbers are in, and how that becomes the base unit of a stream (W, Wh or %).
 *
 * Case counts: a milliwatt is no megawatt. Only spellings that can mean nothing else are accepted beside SI's own.
 */
import { type Stream, unitOf } from '../reading.ts';

export type BaseUnit = 'W' | 'Wh' | '%';
export interface InBase {
  readonly base: BaseUnit;
  /** Times this it is in the base unit. */
  readonly factor: number;
}

const joule = 1 / 3_600;
const known: Readonly<Record<string, InBase>> = {
  mW: { base: 'W', factor: 1e-3 },
  W: { base: 'W', factor: 1 },
  kW: { base: 'W', factor: 1e3 },
  MW: { base: 'W', factor: 1e6 },
  GW: { base: 'W', factor: 1e9 },
  mWh: { base: 'Wh', factor: 1e-3 },
  Wh: { base: 'Wh', factor: 1 },
  kWh: { base: 'Wh', factor: 1e3 },
  MWh: { base: 'Wh', factor: 1e6 },
  GWh: { base: 'Wh', factor: 1e9 },
  J: { base: 'Wh', factor: joule },
  kJ: { base: 'Wh', factor: 1e3 * joule },
  MJ: { base: 'Wh', factor: 1e6 * joule },
  GJ: { base: 'Wh', factor: 1e9 * joule },
  '%': { base: '%', factor: 1 },
};

/** Other spellings, in lower case, of units whose prefix cannot be mistaken. */
const spellings: Readonly<Record<string, string>> = {
  w: 'W',
  kw: 'kW',
  watt: 'W',
  watts: 'W',
  kilowatt: 'kW',
  kilowatts: 'kW',
  megawatt: 'MW',
  megawatts: 'MW',
  wh: 'Wh',
  kwh: 'kWh',
  'kilowatt-hours': 'kWh',
  percent: '%',
  pct: '%',
};

/** `undefined` for a unit that is none of power, energy or a share: such a number says nothing of energy. */
export function baseOf(unit: string): InBase | undefined {
  const name = unit.trim();
  if (Object.hasOwn(known, name)) return known[name];
  const spelled = name.toLowerCase();
  return Object.hasOwn(spellings, spelled) ? known[spellings[spelled] as string] : undefined;
}

/** Why a number in this unit cannot be of the stream; `undefined` when it can. */
export const unitRefusal = (stream: Stream, unit: string): string | undefined => {
  const base = unitOf[stream];
  return baseOf(unit)?.base === base ? undefined : `${stream} is in ${base} or multiples of it, found ${unit}`;
};
