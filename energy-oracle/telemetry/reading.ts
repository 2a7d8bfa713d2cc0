/**
 * Reading: one metered interval of one stream, and the signed text that carries it.
 *
 * Owns the canonical message of a meter (topic, JSON, signed text) and its strict decoding. The signed text binds
 * the topic, so a reading cannot be replayed under another site. A reading is never clamped or repaired here.
 */
import { z } from 'zod';
import { type Instant, type Interval, parseDuration, parseInstant, toIso, toIsoDuration } from '../../units/time.ts';
import type { SigningKey } from '../site.ts';

/** Sign of each stream: power in the direction of its name; grid + import, battery + discharge. */
export const streams = ['pv_power', 'load_power', 'grid_power', 'battery_power', 'battery_soc', 'energy_import', 'energy_export'] as const;
export type Stream = (typeof streams)[number];

const unitOf: Readonly<Record<Stream, 'W' | '%' | 'Wh'>> = {
  pv_power: 'W',
  load_power: 'W',
  grid_power: 'W',
  battery_power: 'W',
  battery_soc: '%',
  energy_import: 'Wh',
  energy_export: 'Wh',
};

export interface Reading {
  readonly provider: string;
  readonly site: string;
  readonly stream: Stream;
  readonly metered: Interval;
  /** In the stream's base unit: W (average over the interval), Wh (register) or %. */
  readonly value: number;
  readonly seq: number;
  readonly quality: 'measured' | 'estimated';
  /** Base64 Ed25519 signature over `signedText`. */
  readonly signature: string;
}

const payload = z.strictObject({
  ts: z.string(),
  duration: z.string(),
  value: z.number(),
  unit: z.enum(['W', 'Wh', '%']),
  seq: z.int().nonnegative(),
  quality: z.enum(['measured', 'estimated']),
  sig: z.string(),
});

/** Longest payload that is looked at, bytes. A canonical reading is under 300. */
export const payloadBytesMax = 4_096;
/** Longest interval one reading may cover. */
const meteredMsMax = 3_600_000;

export const readingTopic = (provider: string, site: string, stream: Stream): string => `energy/v1/${provider}/${site}/${stream}`;

/** The text a meter signs: domain tag, topic, then every field that is claimed, one a line. */
export function signedText(reading: Omit<Reading, 'signature'>): string {
  const { provider, site, stream, metered, value, seq, quality } = reading;
  const duration = toIsoDuration(metered.end - metered.start);
  return [
    'sunward/reading/1',
    readingTopic(provider, site, stream),
    toIso(metered.start),
    duration,
    String(value),
    unitOf[stream],
    String(seq),
    quality,
  ].join('\n');
}

/** Signs and encodes a reading as the bytes that go on the wire. */
export function encodeReading(reading: Omit<Reading, 'signature'>, key: SigningKey): Uint8Array {
  const { stream, metered, value, seq, quality } = reading;
  const sig = key.sign(signedText(reading));
  const body = {
    ts: toIso(metered.start),
    duration: toIsoDuration(metered.end - metered.start),
    value,
    unit: unitOf[stream],
    seq,
    quality,
    sig,
  };
  return new TextEncoder().encode(JSON.stringify(body));
}

export type Decoded =
  | { readonly kind: 'reading'; readonly reading: Reading }
  | { readonly kind: 'undecodable'; readonly reason: DecodeRefusal; readonly detail: string };
export type DecodeRefusal = 'topic' | 'oversized' | 'not-json' | 'schema' | 'not-canonical';

/**
 * Decodes a message; says why it cannot be read rather than guessing.
 *
 * Only the canonical encoding of a value is accepted (re-encoding gives the same fields), so that one reading has
 * one signed text.
 */
export function decodeReading(topic: string, bytes: Uint8Array): Decoded {
  const refuse = (reason: DecodeRefusal, detail: string): Decoded => ({ kind: 'undecodable', reason, detail });
  const [, provider, site, name] = /^energy\/v1\/([a-z0-9-]{1,64})\/([a-z0-9-]{1,64})\/([a-z_]{1,32})$/.exec(topic) ?? [];
  const stream = streams.find((known) => known === name);
  if (!provider || !site || !stream) return refuse('topic', `expected energy/v1/<provider>/<site>/<${streams.join('|')}>`);
  if (bytes.length > payloadBytesMax) return refuse('oversized', `${bytes.length} bytes, at most ${payloadBytesMax}`);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return refuse('not-json', 'the payload is not UTF-8 JSON');
  }
  const parsed = payload.safeParse(json);
  if (!parsed.success) return refuse('schema', z.prettifyError(parsed.error));
  const { ts, duration, value, unit, seq, quality, sig } = parsed.data;
  const start = parseInstant(ts);
  const durationMs = parseDuration(duration);
  if (start === undefined || durationMs === undefined) return refuse('schema', 'ts must be RFC 3339 with offset, duration ISO 8601');
  if (unit !== unitOf[stream]) return refuse('schema', `${stream} is in ${unitOf[stream]}, found ${unit}`);
  if (durationMs <= 0 || durationMs > meteredMsMax)
    return refuse('schema', `duration must be in (0, ${meteredMsMax}] ms, found ${durationMs}`);
  if (toIso(start) !== ts || toIsoDuration(durationMs) !== duration)
    return refuse('not-canonical', `expected ${toIso(start)} and ${toIsoDuration(durationMs)}`);
  return {
    kind: 'reading',
    reading: {
      provider,
      site,
      stream,
      metered: { start, end: start + durationMs } satisfies { start: Instant; end: Instant },
      value,
      seq,
      quality,
      signature: sig,
    },
  };
}
