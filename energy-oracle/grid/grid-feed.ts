/**
 * Grid feed: prices and carbon intensities of a zone, as signed curves with the instant they were issued.
 *
 * Owns the shape of a curve and its canonical message on `grid/v1/<zone>/<signal>`. A day-ahead price is a curve
 * that lies ahead of its `issuedAt`; a measured carbon intensity is a curve of one step that lies behind it.
 */
import { z } from 'zod';
import { DAY, type DurationMs, type Instant, parseDuration, parseInstant, toIso, toIsoDuration } from '../../units/time.ts';
import type { SigningKey } from '../site.ts';
import { type DecodeRefusal, parseJson } from '../telemetry/reading.ts';
import type { TelemetrySource } from '../telemetry/telemetry-source.ts';

export const signals = ['day_ahead_price', 'carbon_intensity', 'carbon_intensity_marginal'] as const;
export type Signal = (typeof signals)[number];

export interface Curve {
  readonly zone: string;
  readonly signal: Signal;
  /** When the publisher made it known: nothing may use it earlier. */
  readonly issuedAt: Instant;
  readonly start: Instant;
  readonly stepMs: DurationMs;
  /** Averages over each step; `undefined` is a gap (`null` on the wire). */
  readonly values: readonly (number | undefined)[];
  /** `EUR/MWh` and the like, or `gCO2eq/kWh`. Prices keep the market's own currency. */
  readonly unit: string;
  readonly seq: number;
  readonly signature: string;
}

/** The port: the oracle's end of the line that brings curves. The same line as a meter's, on other topics. */
export type GridFeed = TelemetrySource;

/** Longest payload that is looked at, bytes: 1,000 values of 16 characters and a head. */
export const curveBytesMax = 20_000;
/** Longest step of a curve: a day. */
const stepMsMax: DurationMs = DAY;

const payload = z.strictObject({
  issuedAt: z.string().max(32),
  start: z.string().max(32),
  step: z.string().max(32),
  values: z.array(z.number().nullable()).min(1).max(1_000),
  unit: z.string().max(16),
  seq: z.int().nonnegative(),
  sig: z.string().max(128),
});

export const curveTopic = (zone: string, signal: Signal): string => `grid/v1/${zone}/${signal}`;

/** The text a feed signs: domain tag, topic, every claimed field, one a line. */
export function signedCurveText(curve: Omit<Curve, 'signature'>): string {
  const values = curve.values.map((value) => value ?? 'null').join(',');
  return [
    'sunward/curve/1',
    curveTopic(curve.zone, curve.signal),
    toIso(curve.issuedAt),
    toIso(curve.start),
    toIsoDuration(curve.stepMs),
    values,
    curve.unit,
    String(curve.seq),
  ].join('\n');
}

/** The one JSON text of a curve. */
function canonicalJson({ issuedAt, start, stepMs, values, unit, seq, signature }: Curve): string {
  const curve = values.map((value) => value ?? null);
  return JSON.stringify({
    issuedAt: toIso(issuedAt),
    start: toIso(start),
    step: toIsoDuration(stepMs),
    values: curve,
    unit,
    seq,
    sig: signature,
  });
}

/** Signs and encodes a curve as the bytes that go on the wire. */
export function encodeCurve(curve: Omit<Curve, 'signature'>, key: SigningKey): Uint8Array {
  return new TextEncoder().encode(canonicalJson({ ...curve, signature: key.sign(signedCurveText(curve)) }));
}

export type DecodedCurve =
  | { readonly kind: 'curve'; readonly curve: Curve }
  | { readonly kind: 'undecodable'; readonly reason: DecodeRefusal; readonly detail: string };

/** Decodes a feed's message; only its canonical bytes are accepted, as with readings. */
export function decodeCurve(topic: string, bytes: Uint8Array): DecodedCurve {
  const refuse = (reason: DecodeRefusal, detail: string): DecodedCurve => ({ kind: 'undecodable', reason, detail });
  const [, zone, name] = /^grid\/v1\/([A-Z0-9-]{1,32})\/([a-z_]{1,32})$/.exec(topic) ?? [];
  const signal = signals.find((known) => known === name);
  if (!zone || !signal) return refuse('topic', `expected grid/v1/<zone>/<${signals.join('|')}>`);
  if (bytes.length > curveBytesMax) return refuse('oversized', `${bytes.length} bytes, at most ${curveBytesMax}`);
  const message = parseJson(bytes);
  if (!message) return refuse('not-json', 'the payload is not UTF-8 JSON');
  const parsed = payload.safeParse(message.json);
  if (!parsed.success) return refuse('schema', z.prettifyError(parsed.error));
  const { unit, seq, sig } = parsed.data;
  const issuedAt = parseInstant(parsed.data.issuedAt);
  const start = parseInstant(parsed.data.start);
  const stepMs = parseDuration(parsed.data.step);
  if (issuedAt === undefined || start === undefined || !stepMs || stepMs > stepMsMax)
    return refuse('schema', `issuedAt and start must be RFC 3339 with offset, step ISO 8601 in (0, ${stepMsMax}] ms`);
  const expectedUnit = signal === 'day_ahead_price' ? /^[A-Z]{3}\/MWh$/ : /^gCO2eq\/kWh$/;
  if (!expectedUnit.test(unit)) return refuse('schema', `${signal} is in ${expectedUnit.source}, found ${unit}`);
  const values = parsed.data.values.map((value) => value ?? undefined);
  const curve: Curve = { zone, signal, issuedAt, start, stepMs, values, unit, seq, signature: sig };
  const canonical = canonicalJson(curve);
  if (canonical !== message.text) return refuse('not-canonical', `expected ${canonical}`);
  return { kind: 'curve', curve };
}
