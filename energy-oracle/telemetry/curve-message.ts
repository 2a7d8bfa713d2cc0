/**
 * Curve message: what every curve says, of a grid's zone or of a site's weather, and its one text on the wire.
 *
 * Owns the JSON that carries values over steps with the instant they were made known, its strict decoding and the text
 * that is signed. Whose curve it is and in which unit stands in the topic: `grid-feed.ts` and `weather-feed.ts` read that.
 * Encoding what was decoded gives the payload back, byte for byte.
 */
import { z } from 'zod';
import { DAY, type DurationMs, type Instant, parseDuration, parseInstant, toIso, toIsoDuration } from '../../units/time.ts';
import type { SigningKey } from '../site.ts';
import { type DecodeRefusal, parseJson } from './reading.ts';

export interface CurveBody {
  /** When the publisher made it known: nothing may use it earlier. */
  readonly issuedAt: Instant;
  readonly start: Instant;
  readonly stepMs: DurationMs;
  /** Averages over each step; `undefined` is a gap (`null` on the wire). */
  readonly values: readonly (number | undefined)[];
  readonly unit: string;
  readonly seq: number;
  /** Base64 Ed25519 signature over `signedCurveBody`. */
  readonly signature: string;
}

/** What binds a body to its kind and its subject. */
export interface CurveBinding {
  /** Domain tag: a signature of one kind of curve is none of another. */
  readonly tag: string;
  readonly topic: string;
}

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

/** The text a sender signs: domain tag, topic, every claimed field, one a line. */
export function signedCurveBody({ tag, topic }: CurveBinding, body: Omit<CurveBody, 'signature'>): string {
  const { issuedAt, start, stepMs, values, unit, seq } = body;
  const claimed = values.map((value) => value ?? 'null').join(',');
  return [tag, topic, toIso(issuedAt), toIso(start), toIsoDuration(stepMs), claimed, unit, String(seq)].join('\n');
}

/** The one JSON text of a curve: field order, number form and absence of white space are part of it. */
function canonicalJson({ issuedAt, start, stepMs, values, unit, seq, signature }: CurveBody): string {
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
export function encodeCurveBody(binding: CurveBinding, body: Omit<CurveBody, 'signature'>, key: SigningKey): Uint8Array {
  return new TextEncoder().encode(canonicalJson({ ...body, signature: key.sign(signedCurveBody(binding, body)) }));
}

export type DecodedBody =
  | { readonly kind: 'body'; readonly body: CurveBody }
  | { readonly kind: 'undecodable'; readonly reason: DecodeRefusal; readonly detail: string };

/** Decodes a curve's bytes; only the canonical ones are accepted, as with readings. The unit is the caller's to check. */
export function decodeCurveBody(bytes: Uint8Array): DecodedBody {
  const refuse = (reason: DecodeRefusal, detail: string): DecodedBody => ({ kind: 'undecodable', reason, detail });
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
  const values = parsed.data.values.map((value) => value ?? undefined);
  const body: CurveBody = { issuedAt, start, stepMs, values, unit, seq, signature: sig };
  const canonical = canonicalJson(body);
  if (canonical !== message.text) return refuse('not-canonical', `expected ${canonical}`);
  return { kind: 'body', body };
}
