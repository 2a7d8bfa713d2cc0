/**
 * Reading: one metered interval of one stream, and the signed text that carries it.
 *
 * Owns the canonical message of a meter (topic, JSON, signed text) and its strict decoding. The signed text binds
 * the topic, so a reading cannot be replayed under another site. A reading is never clamped or repaired here.
 */
import { z } from 'zod';
import { type DurationMs, HOUR, type Instant, type Interval, parseDuration, parseInstant, toIso, toIsoDuration } from '../../units/time.ts';
import type { SigningKey } from '../site.ts';

/** Sign of each stream: power in the direction of its name; grid + import, battery + discharge. */
export const streams = ['pv_power', 'load_power', 'grid_power', 'battery_power', 'battery_soc', 'energy_import', 'energy_export'] as const;
export type Stream = (typeof streams)[number];

/** Base unit of each stream. */
export const unitOf: Readonly<Record<Stream, 'W' | '%' | 'Wh'>> = {
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
  /**
   * What proves it: base64 Ed25519 signature over `signedText`, or `<signature of a batch's root>.<index>` of a batch's
   * member. Empty when nothing does: it came unsigned over its site's own connection, and earns nothing.
   */
  readonly signature: string;
}

/** True when the meter's key vouches for the reading, alone or in a batch. */
export const isSigned = ({ signature }: Pick<Reading, 'signature'>): boolean => signature !== '';

/** The name a reading is numbered under: what is unsigned has numbers of its own, and stands in no signed one's way. */
export const numberedAs = ({ stream, signature }: Pick<Reading, 'stream' | 'signature'>): string =>
  signature === '' ? `unsigned/${stream}` : stream;

const claimed = {
  ts: z.string().max(32),
  duration: z.string().max(32),
  value: z.number(),
  unit: z.enum(['W', 'Wh', '%']),
  seq: z.int().nonnegative(),
  quality: z.enum(['measured', 'estimated']),
};
const unsignedPayload = z.strictObject(claimed).transform((fields) => ({ ...fields, sig: '' }));
const signedPayload = z.strictObject({ ...claimed, sig: z.string().min(1).max(128) });

/** Longest payload that is looked at, bytes. A canonical reading is under 300. */
export const payloadBytesMax = 4_096;
/** Longest interval one reading may cover: bounds how far back a question about an interval has to look. */
export const meteredMsMax: DurationMs = HOUR;

export const readingTopic = (provider: string, site: string, stream: Stream): string => `energy/v1/${provider}/${site}/${stream}`;

/** Where a site tells what nobody signs: only a broker that binds connections to sites may carry it. */
export const unsignedTopic = (provider: string, site: string, stream: Stream): string => `unsigned/v1/${provider}/${site}/${stream}`;

/** The text a meter signs: domain tag, topic, then every field that is claimed, one a line. */
export function signedText({ metered, value, seq, ...claimed }: Omit<Reading, 'signature'>): string {
  return signedTextOf(claimed, metered.end - metered.start)(metered.start, value, seq);
}

/** `signedText` of readings that differ in start, value and number only: what they share is written once. */
export function signedTextOf(
  { provider, site, stream, quality }: Pick<Reading, 'provider' | 'site' | 'stream' | 'quality'>,
  durationMs: DurationMs,
): (start: Instant, value: number, seq: number) => string {
  const head = `sunward/reading/1\n${readingTopic(provider, site, stream)}\n`;
  const duration = `\n${toIsoDuration(durationMs)}\n`;
  const unit = `\n${unitOf[stream]}\n`;
  const tail = `\n${quality}`;
  return (start, value, seq) => head + toIso(start) + duration + value + unit + seq + tail;
}

/** The one JSON text of a reading: field order, number form and absence of white space are part of it. An unsigned one has no `sig`. */
function canonicalJson({ stream, metered, value, seq, quality, signature }: Reading): string {
  const duration = toIsoDuration(metered.end - metered.start);
  const fields = { ts: toIso(metered.start), duration, value, unit: unitOf[stream], seq, quality };
  return JSON.stringify(signature === '' ? fields : { ...fields, sig: signature });
}

/** Signs and encodes a reading as the bytes that go on the wire. */
export function encodeReading(reading: Omit<Reading, 'signature'>, key: SigningKey): Uint8Array {
  return new TextEncoder().encode(canonicalJson({ ...reading, signature: key.sign(signedText(reading)) }));
}

/** Encodes a reading that nobody signs, for `unsignedTopic`. */
export const encodeUnsigned = (reading: Omit<Reading, 'signature'>): Uint8Array =>
  new TextEncoder().encode(canonicalJson({ ...reading, signature: '' }));

export type Decoded =
  | { readonly kind: 'reading'; readonly reading: Reading }
  | { readonly kind: 'undecodable'; readonly reason: DecodeRefusal; readonly detail: string };
export type DecodeRefusal = 'topic' | 'oversized' | 'not-json' | 'schema' | 'not-canonical';

/** A byte order mark is kept, so that it is found and refused. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** UTF-8 JSON as text and value; `undefined` when the bytes are neither. */
export function parseJson(bytes: Uint8Array): { readonly text: string; readonly json: unknown } | undefined {
  try {
    const text = utf8.decode(bytes);
    return { text, json: JSON.parse(text) };
  } catch {
    return undefined; // not UTF-8 or not JSON: the caller refuses it by name
  }
}

/**
 * Decodes a message; says why it cannot be read rather than guessing.
 *
 * Only the canonical bytes are accepted: encoding what was decoded must give the payload back, byte for byte. So one
 * reading has one text, and white space, double keys, `1e0`, `-0` or another base64 make no second message of it.
 */
export function decodeReading(topic: string, bytes: Uint8Array): Decoded {
  const refuse = (reason: DecodeRefusal, detail: string): Decoded => ({ kind: 'undecodable', reason, detail });
  const [, root, provider, site, name] = /^(energy|unsigned)\/v1\/([a-z0-9-]{1,64})\/([a-z0-9-]{1,64})\/([a-z_]{1,32})$/.exec(topic) ?? [];
  const stream = streams.find((known) => known === name);
  if (!provider || !site || !stream) return refuse('topic', `expected energy/v1/<provider>/<site>/<${streams.join('|')}>`);
  if (bytes.length > payloadBytesMax) return refuse('oversized', `${bytes.length} bytes, at most ${payloadBytesMax}`);
  const message = parseJson(bytes);
  if (!message) return refuse('not-json', 'the payload is not UTF-8 JSON');
  const parsed = root === 'energy' ? signedPayload.safeParse(message.json) : unsignedPayload.safeParse(message.json);
  if (!parsed.success) return refuse('schema', z.prettifyError(parsed.error));
  const { ts, duration, value, unit, seq, quality, sig } = parsed.data;
  const start = parseInstant(ts);
  const durationMs = parseDuration(duration);
  if (start === undefined || durationMs === undefined) return refuse('schema', 'ts must be RFC 3339 with offset, duration ISO 8601');
  if (unit !== unitOf[stream]) return refuse('schema', `${stream} is in ${unitOf[stream]}, found ${unit}`);
  if (durationMs <= 0 || durationMs > meteredMsMax)
    return refuse('schema', `duration must be in (0, ${meteredMsMax}] ms, found ${durationMs}`);
  const metered: Interval = { start, end: start + durationMs };
  const reading: Reading = { provider, site, stream, metered, value, seq, quality, signature: sig };
  const canonical = canonicalJson(reading);
  if (canonical !== message.text) return refuse('not-canonical', `expected ${canonical}`);
  return { kind: 'reading', reading };
}
