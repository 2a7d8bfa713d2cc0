/**
 * Grid feed: prices and carbon intensities of a zone, as signed curves with the instant they were issued.
 *
 * Owns which signals a zone has, their units and their topic `grid/v1/<zone>/<signal>`; the message is
 * `curve-message.ts`'s. A day-ahead price is a curve that lies ahead of its `issuedAt`; a measured carbon intensity is a
 * curve of one step that lies behind it.
 */
import type { SigningKey } from '../site.ts';
import { type CurveBinding, type CurveBody, decodeCurveBody, encodeCurveBody, signedCurveBody } from '../telemetry/curve-message.ts';
import type { DecodeRefusal } from '../telemetry/reading.ts';
import type { TelemetrySource } from '../telemetry/telemetry-source.ts';
import type { SignalProvenance } from './signal-provenance.ts';

/** What a grid's power is made from, in Electricity Maps' words; `hydro_storage` and `battery_storage` are discharge. */
export const fuels = [
  'biomass',
  'coal',
  'gas',
  'geothermal',
  'hydro',
  'nuclear',
  'oil',
  'solar',
  'wind',
  'unknown',
  'hydro_storage',
  'battery_storage',
] as const;
export type Fuel = (typeof fuels)[number];

/** Average power of a fuel's plants in a zone, MW ≥ 0. */
export type GenerationSignal = `generation_${Fuel}`;
export const generationSignal = (fuel: Fuel): GenerationSignal => `generation_${fuel}`;
export const signals = [
  'day_ahead_price',
  'carbon_intensity',
  'carbon_intensity_marginal',
  'grid_load',
  ...fuels.map(generationSignal),
] as const;
export type Signal = (typeof signals)[number];

/** What a signal's values may be in. */
const unitOf = (signal: Signal): RegExp => {
  if (signal === 'day_ahead_price') return /^[A-Z]{3}\/MWh$/;
  return signal === 'carbon_intensity' || signal === 'carbon_intensity_marginal' ? /^gCO2eq\/kWh$/ : /^MW$/;
};

/** `unit` is `EUR/MWh` and the like, `gCO2eq/kWh`, or `MW` of load and generation. Prices keep the market's own currency. */
export interface Curve extends CurveBody {
  readonly zone: string;
  readonly signal: Signal;
  /** Of a curve that was fetched and that nobody signed (`signature` is empty): who said it. */
  readonly provenance?: SignalProvenance;
}

/** The port: the oracle's end of the line that brings curves. The same line as a meter's, on other topics. */
export type GridFeed = TelemetrySource;

export const curveTopic = (zone: string, signal: Signal): string => `grid/v1/${zone}/${signal}`;

const bindingOf = ({ zone, signal }: Pick<Curve, 'zone' | 'signal'>): CurveBinding => ({
  tag: 'sunward/curve/1',
  topic: curveTopic(zone, signal),
});

/** The text a feed signs: domain tag, topic, every claimed field, one a line. */
export const signedCurveText = (curve: Omit<Curve, 'signature'>): string => signedCurveBody(bindingOf(curve), curve);

/** Signs and encodes a curve as the bytes that go on the wire. */
export const encodeCurve = (curve: Omit<Curve, 'signature'>, key: SigningKey): Uint8Array => encodeCurveBody(bindingOf(curve), curve, key);

export type DecodedCurve =
  | { readonly kind: 'curve'; readonly curve: Curve }
  | { readonly kind: 'undecodable'; readonly reason: DecodeRefusal; readonly detail: string };

/** Decodes a feed's message; only its canonical bytes are accepted, as with readings. */
export function decodeCurve(topic: string, bytes: Uint8Array): DecodedCurve {
  const refuse = (reason: DecodeRefusal, detail: string): DecodedCurve => ({ kind: 'undecodable', reason, detail });
  const [, zone, name] = /^grid\/v1\/([A-Z0-9-]{1,32})\/([a-z_]{1,32})$/.exec(topic) ?? [];
  const signal = signals.find((known) => known === name);
  if (!zone || !signal) return refuse('topic', `expected grid/v1/<zone>/<${signals.join('|')}>`);
  const decoded = decodeCurveBody(bytes);
  if (decoded.kind === 'undecodable') return decoded;
  const expectedUnit = unitOf(signal);
  if (!expectedUnit.test(decoded.body.unit)) return refuse('schema', `${signal} is in ${expectedUnit.source}, found ${decoded.body.unit}`);
  return { kind: 'curve', curve: { zone, signal, ...decoded.body } };
}
