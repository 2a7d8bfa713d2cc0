/**
 * Grid feed: prices and carbon intensities of a zone, as signed curves with the instant they were issued.
 *
 * Owns the shape of a curve and its canonical message on `grid/v1/<zone>/<signal>`. A day-ahead price is a curve
 * that lies ahead of its `issuedAt`; a measured carbon intensity is a curve of one step that lies behind it.
 */
import { z } from 'zod';
import { type DurationMs, type Instant, parseDuration, parseInstant, toIso, toIsoDuration } from '../../units/time.ts';
import type { SigningKey } from '../site.ts';
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

const payload = z.strictObject({
  issuedAt: z.string(),
  start: z.string(),
  step: z.string(),
  values: z.array(z.number().nullable()).min(1).max(1_000),
  unit: z.string().max(16),
  seq: z.int().nonnegative(),
  sig: z.string(),
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

/** Signs and encodes a curve as the bytes that go on the wire. */
export function encodeCurve(curve: Omit<Curve, 'signature'>, key: SigningKey): Uint8Array {
  const { issuedAt, start, stepMs, values, unit, seq } = curve;
  const body = {
    issuedAt: toIso(issuedAt),
    start: toIso(start),
    step: toIsoDuration(stepMs),
    values: values.map((value) => value ?? null),
    unit,
    seq,
    sig: key.sign(signedCurveText(curve)),
  };
  return new TextEncoder().encode(JSON.stringify(body));
}

export type DecodedCurve =
  | { readonly kind: 'curve'; readonly curve: Curve }
  | { readonly kind: 'undecodable'; readonly reason: 'topic' | 'not-json' | 'schema'; readonly detail: string };

/** Decodes a feed's message; says why it cannot be read rather than guessing. */
export function decodeCurve(topic: string, bytes: Uint8Array): DecodedCurve {
  const refuse = (reason: 'topic' | 'not-json' | 'schema', detail: string): DecodedCurve => ({ kind: 'undecodable', reason, detail });
  const [, zone, name] = /^grid\/v1\/([A-Z0-9-]{1,32})\/([a-z_]{1,32})$/.exec(topic) ?? [];
  const signal = signals.find((known) => known === name);
  if (!zone || !signal) return refuse('topic', `expected grid/v1/<zone>/<${signals.join('|')}>`);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return refuse('not-json', 'the payload is not UTF-8 JSON');
  }
  const parsed = payload.safeParse(json);
  if (!parsed.success) return refuse('schema', z.prettifyError(parsed.error));
  const issuedAt = parseInstant(parsed.data.issuedAt);
  const start = parseInstant(parsed.data.start);
  const stepMs = parseDuration(parsed.data.step);
  if (issuedAt === undefined || start === undefined || !stepMs)
    return refuse('schema', 'issuedAt and start must be RFC 3339 with offset, step ISO 8601');
  const values = parsed.data.values.map((value) => value ?? undefined);
  return {
    kind: 'curve',
    curve: { zone, signal, issuedAt, start, stepMs, values, unit: parsed.data.unit, seq: parsed.data.seq, signature: parsed.data.sig },
  };
}
