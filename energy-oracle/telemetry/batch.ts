/**
 * Batch: many readings of one site under one signature, and the proof that a reading is one of them.
 *
 * Owns the canonical message of a gateway on `energy/v1/<provider>/<site>/batch`, its strict decoding, and the text that
 * is signed: topic, the batch's own number, how many readings, and the Merkle root over their signed texts. So a member
 * says what a single reading says, word for word, and can later be shown alone. Rules are `verify.ts`'s.
 */
import { type DurationMs, type Instant, type Interval, parseDuration, parseInstant, toIso, toIsoDuration } from '../../units/time.ts';
import { isSignedBy, type SigningKey } from '../site.ts';
import { leadsToRoot, leafHash, merklePath, merkleRoot } from './merkle.ts';
import { type DecodeRefusal, meteredMsMax, parseJson, type Reading, type Stream, signedText, signedTextOf, streams } from './reading.ts';

/** Readings under one signature at most. */
export const batchReadingsMax = 1_000;
/** Longest payload that is looked at, bytes; with its topic it stays below a broker's packet limit. */
export const batchBytesMax = 65_536;
/** The name under which batches are numbered, and receipts name them. */
export const batchStream = 'batch';

export type Unsigned = Omit<Reading, 'signature'>;

export interface ReadingBatch {
  readonly provider: string;
  readonly site: string;
  readonly seq: number;
  /** At least one; each with signature `<signature>.<index>`. */
  readonly readings: readonly Reading[];
  /** Hex. */
  readonly root: string;
  /** Base64 Ed25519 signature over `signedBatchText`. */
  readonly signature: string;
}

/** Consecutive readings of a stream on the wire: number, start and duration of the first, quality, then all values. */
type Run = [stream: Stream, seq: number, start: string, duration: string, quality: Reading['quality'], values: number[]];

export const batchTopic = (provider: string, site: string): string => `energy/v1/${provider}/${site}/${batchStream}`;

/** From a member's signature the batch's own; `undefined` of a reading that was signed alone or not at all. */
export const rootSignature = (signature: string): string | undefined => {
  const dot = signature.indexOf('.');
  return dot < 0 ? undefined : signature.slice(0, dot);
};

/** From the first start to the last end of the members. */
export const spanOfBatch = ({ readings }: Pick<ReadingBatch, 'readings'>): Interval => ({
  start: readings.reduce((least, { metered }) => Math.min(least, metered.start), Number.POSITIVE_INFINITY),
  end: readings.reduce((most, { metered }) => Math.max(most, metered.end), Number.NEGATIVE_INFINITY),
});

/** The text a gateway signs: domain tag, topic, number of the batch, number of readings, Merkle root, one a line. */
export function signedBatchText({ provider, site, seq, root }: Omit<ReadingBatch, 'readings' | 'signature'>, size: number): string {
  return `sunward/batch/1\n${batchTopic(provider, site)}\n${seq}\n${size}\n${root}`;
}

/** Readings of one site, in their order, as the longest runs of consecutive ones. */
function runsOf(readings: readonly Unsigned[]): Run[] {
  const runs: Run[] = [];
  let last: Unsigned | undefined;
  for (const reading of readings) {
    if (last && follows(last, reading)) (runs.at(-1) as Run)[5].push(reading.value);
    else {
      const { stream, seq, metered, quality, value } = reading;
      runs.push([stream, seq, toIso(metered.start), toIsoDuration(metered.end - metered.start), quality, [value]]);
    }
    last = reading;
  }
  return runs;
}

const follows = (a: Unsigned, b: Unsigned): boolean =>
  b.stream === a.stream &&
  b.seq === a.seq + 1 &&
  b.metered.start === a.metered.end &&
  b.metered.end - b.metered.start === a.metered.end - a.metered.start &&
  b.quality === a.quality;

/**
 * Signs and encodes readings of one site as the bytes that go on the wire, in the order given.
 *
 * @throws RangeError for none, more than `batchReadingsMax`, readings of several sites, or more than `batchBytesMax` bytes
 */
export function encodeBatch(
  { provider, site, seq, readings }: { provider: string; site: string; seq: number; readings: readonly Unsigned[] },
  key: SigningKey,
): Uint8Array {
  if (readings.length === 0 || readings.length > batchReadingsMax)
    throw new RangeError(`a batch holds 1 to ${batchReadingsMax} readings, found ${readings.length}`);
  const stranger = readings.find((reading) => reading.provider !== provider || reading.site !== site);
  if (stranger) throw new RangeError(`a batch is of one site, ${provider}/${site}; found ${stranger.provider}/${stranger.site}`);
  const root = merkleRoot(readings.map((reading) => leafHash(signedText(reading))));
  const sig = key.sign(signedBatchText({ provider, site, seq, root }, readings.length));
  const bytes = new TextEncoder().encode(JSON.stringify({ seq, runs: runsOf(readings), sig }));
  if (bytes.length > batchBytesMax) throw new RangeError(`a batch has at most ${batchBytesMax} bytes, found ${bytes.length}`);
  return bytes;
}

export type DecodedBatch =
  | { readonly kind: 'batch'; readonly batch: ReadingBatch }
  | { readonly kind: 'undecodable'; readonly reason: DecodeRefusal; readonly detail: string };

/** One run, its fields checked; a sentence when they are not what they must be. */
interface CheckedRun {
  readonly wire: Run;
  readonly start: Instant;
  readonly durationMs: DurationMs;
}

const isNumber = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function checkedRun(run: unknown): CheckedRun | string {
  if (!Array.isArray(run) || run.length !== 6) return 'a run is [stream, seq, start, duration, quality, values]';
  const [stream, seq, ts, duration, quality, values] = run as unknown[];
  if (!streams.some((known) => known === stream)) return `stream must be one of ${streams.join(', ')}`;
  if (!isNumber(seq)) return 'seq must be a whole number ≥ 0';
  if (quality !== 'measured' && quality !== 'estimated') return 'quality must be measured or estimated';
  if (!Array.isArray(values) || values.length === 0) return 'values must be a list of at least one number';
  for (const value of values) if (typeof value !== 'number' || !Number.isFinite(value)) return 'values must be finite numbers';
  if (!isNumber(seq + values.length)) return 'seq must stay a whole number ≥ 0';
  const start = typeof ts === 'string' && ts.length <= 32 ? parseInstant(ts) : undefined;
  const durationMs = typeof duration === 'string' && duration.length <= 32 ? parseDuration(duration) : undefined;
  if (start === undefined || durationMs === undefined) return 'start must be RFC 3339 with offset, duration ISO 8601';
  if (!(durationMs > 0 && durationMs <= meteredMsMax)) return `duration must be in (0, ${meteredMsMax}] ms, found ${durationMs}`;
  if (!(start + values.length * durationMs < lastInstant)) return 'a run must end before the year 10000';
  return { wire: run as Run, start, durationMs };
}

/** RFC 3339 has four digits for a year. */
const lastInstant: Instant = Date.UTC(10_000, 0, 1);

/**
 * Decodes a batch; says why it cannot be read rather than guessing. O(readings): two hashes each.
 *
 * Only the canonical bytes are accepted, as with single readings; runs are as long as they can be, so one list of
 * readings has one text.
 */
export function decodeBatch(topic: string, bytes: Uint8Array): DecodedBatch {
  const refuse = (reason: DecodeRefusal, detail: string): DecodedBatch => ({ kind: 'undecodable', reason, detail });
  const [, provider, site] = /^energy\/v1\/([a-z0-9-]{1,64})\/([a-z0-9-]{1,64})\/batch$/.exec(topic) ?? [];
  if (!provider || !site) return refuse('topic', 'expected energy/v1/<provider>/<site>/batch');
  if (bytes.length > batchBytesMax) return refuse('oversized', `${bytes.length} bytes, at most ${batchBytesMax}`);
  const message = parseJson(bytes);
  if (!message) return refuse('not-json', 'the payload is not UTF-8 JSON');
  if (typeof message.json !== 'object' || message.json === null) return refuse('schema', 'expected {"seq","runs","sig"}');
  const { seq, runs, sig } = message.json as { seq?: unknown; runs?: unknown; sig?: unknown };
  if (!isNumber(seq)) return refuse('schema', 'seq must be a whole number ≥ 0');
  if (typeof sig !== 'string' || sig.length > 128) return refuse('schema', 'sig must be a text of at most 128 characters');
  if (!Array.isArray(runs) || runs.length === 0 || runs.length > batchReadingsMax)
    return refuse('schema', `runs must be a list of 1 to ${batchReadingsMax}`);
  const checked: CheckedRun[] = [];
  let size = 0;
  for (const [i, run] of runs.entries()) {
    const one = checkedRun(run);
    if (typeof one === 'string') return refuse('schema', `runs[${i}]: ${one}`);
    checked.push(one);
    size += one.wire[5].length;
  }
  if (size > batchReadingsMax) return refuse('oversized', `${size} readings, at most ${batchReadingsMax}`);
  const { readings, leaves } = membersOf({ provider, site, signature: sig }, checked);
  if (JSON.stringify({ seq, runs: runsOf(readings), sig }) !== message.text)
    return refuse('not-canonical', 'expected {"seq","runs","sig"} without white space, each number in its shortest form, each run whole');
  return { kind: 'batch', batch: { provider, site, seq, readings, root: merkleRoot(leaves), signature: sig } };
}

function membersOf(
  { provider, site, signature }: Pick<Reading, 'provider' | 'site' | 'signature'>,
  runs: readonly CheckedRun[],
): { readings: Reading[]; leaves: string[] } {
  const readings: Reading[] = [];
  const leaves: string[] = [];
  for (const { wire, start, durationMs } of runs) {
    const [stream, first, , , quality, values] = wire;
    const text = signedTextOf({ provider, site, stream, quality }, durationMs);
    for (const [i, value] of values.entries()) {
      const metered = { start: start + i * durationMs, end: start + (i + 1) * durationMs };
      leaves.push(leafHash(text(metered.start, value, first + i)));
      readings.push({ provider, site, stream, metered, value, seq: first + i, quality, signature: `${signature}.${readings.length}` });
    }
  }
  return { readings, leaves };
}

/** That a site signed a reading in a batch: all a stranger needs beside the reading and the site's key. */
export interface BatchProof {
  readonly seq: number;
  readonly index: number;
  readonly size: number;
  /** Merkle root over the batch, hex. */
  readonly root: string;
  /** Hashes beside the way from the reading to the root, hex, lowest first. */
  readonly path: readonly string[];
  /** Of the batch. */
  readonly signature: string;
}

/** The proof of one member. @throws RangeError when there is no such member */
export function batchProof({ seq, readings, root, signature }: ReadingBatch, index: number): BatchProof {
  const leaves = readings.map((reading) => leafHash(signedText(reading)));
  return { seq, index, size: leaves.length, root, path: merklePath(leaves, index), signature };
}

/** True when the key signed a batch with this reading in it; false for anything malformed. */
export function verifyProof(reading: Unsigned, { seq, index, size, root, path, signature }: BatchProof, publicKey: string): boolean {
  const { provider, site } = reading;
  return (
    leadsToRoot(leafHash(signedText(reading)), index, size, path, root) &&
    isSignedBy(publicKey, signedBatchText({ provider, site, seq, root }, size), signature)
  );
}
