/**
 * Signed quote: a price that is held for a while, as text under the scheduler's key, and its strict reading back.
 *
 * Nothing is stored: the quote says which job file, owner and job it is for and until when, and the signature vouches
 * for it. A quote is good for one job, whose id it names. What holding means is the engine's.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { isSignedBy, type SigningKey } from '../energy-oracle/site.ts';
import { type DurationMs, type Instant, SLOT, toIso } from '../units/time.ts';
import type { JobSpec } from './job.ts';
import type { FieldRefusal } from './queue/field.ts';
import type { Alternative } from './quote.ts';
import type { SignedQuoteWire } from './wire.ts';

/** A quote stands until the next cycle has ended. */
export const quoteLifeMs: DurationMs = SLOT;
/** Where a submission carries its quote. */
export const quoteHeader = 'X-Sunward-Quote';

const hex = (characters: number) => z.string().regex(new RegExp(`^[0-9a-f]{${characters}}$`));
const micros = z.string().regex(/^-?\d{1,18}$/);
const text = z.string().min(1).max(128);
const quoteSchema = z.strictObject({
  id: text,
  file: hex(64),
  owner: text,
  job: text,
  promise: z.enum(['firm', 'best-effort']),
  site: text,
  model: text,
  accelerators: z.int().positive(),
  start: text,
  end: text,
  currency: text,
  costMicros: micros,
  insuredCostMicros: micros,
  carbonG: z.number(),
  issuedAt: text,
  expiresAt: text,
  publicKey: hex(64),
  signature: z.string().max(128),
});

/** The text that is signed: fields in a fixed order, so that one quote has one text. */
export function signedQuoteText(quote: Omit<SignedQuoteWire, 'signature'>): string {
  const { id, file, owner, job, promise, site, model, accelerators, start, end } = quote;
  const { currency, costMicros, insuredCostMicros, carbonG, issuedAt, expiresAt, publicKey } = quote;
  const what = [id, file, owner, job, promise, site, model, accelerators, start, end];
  const price = [currency, costMicros, insuredCostMicros, carbonG, issuedAt, expiresAt, publicKey];
  return ['sunward/quote/1', JSON.stringify(what), JSON.stringify(price)].join('\n');
}

export interface QuoteMatter {
  readonly id: string;
  /** The parsed job file, and the spec that admission made of it. */
  readonly file: unknown;
  readonly spec: JobSpec;
  /** Id of the job it is for. */
  readonly job: string;
  /** The run it is about. */
  readonly run: Alternative;
  readonly currency: string;
  readonly issuedAt: Instant;
}

/** Signs the price of a run; `undefined` where it has none: what nobody can price nobody can hold. Money is rounded up to whole micros. */
export function signQuote({ id, file, spec, job, run, currency, issuedAt }: QuoteMatter, key: SigningKey): SignedQuoteWire | undefined {
  if (!run.priced) return undefined;
  const toMicros = (money: number) => String(Math.ceil(money * 1e6 - 1e-3));
  const unsigned = {
    id,
    file: fileHash(file),
    owner: spec.owner,
    job,
    promise: spec.promise,
    site: run.site,
    model: run.model,
    accelerators: run.accelerators,
    start: toIso(run.start),
    end: toIso(run.end),
    currency,
    costMicros: toMicros(run.priced.cost),
    insuredCostMicros: toMicros(run.priced.insuredCost),
    carbonG: Math.round(run.priced.carbonG * 1e3) / 1e3,
    issuedAt: toIso(issuedAt),
    expiresAt: toIso(issuedAt + quoteLifeMs),
    publicKey: key.publicKey,
  };
  return { ...unsigned, signature: key.sign(signedQuoteText(unsigned)) };
}

/** True when the holder of the key signed exactly this. Never throws. */
export const isQuoteOf = (publicKey: string, quote: SignedQuoteWire): boolean =>
  quote.publicKey === publicKey && isSignedBy(publicKey, signedQuoteText(quote), quote.signature);

export type ReadQuote =
  | { readonly kind: 'quote'; readonly quote: SignedQuoteWire }
  | { readonly kind: 'refused'; readonly field: FieldRefusal };

/**
 * Reads a quote that comes with a submission and judges whether it holds for it.
 *
 * Refused, in this order: what is no quote; what this key did not sign; what is for another owner, file or job; what has expired.
 *
 * @param publicKey  the scheduler's own; `undefined` when it signs nothing
 * @param job  the id the submission names; any when it names none
 */
export function readQuote(
  json: string,
  {
    publicKey,
    owner,
    file,
    job,
    now,
  }: {
    readonly publicKey: string | undefined;
    readonly owner: string;
    readonly file: unknown;
    readonly job: string | undefined;
    readonly now: Instant;
  },
): ReadQuote {
  const refuse = (found: string, allowed: string): ReadQuote => ({ kind: 'refused', field: { path: quoteHeader, found, allowed } });
  const parsed = quoteSchema.safeParse(parsedJson(json));
  if (!parsed.success) return refuse('no signed quote', 'the `signed` part of an answer to POST /v1/quotes, as JSON');
  const quote = parsed.data;
  if (publicKey === undefined || !isQuoteOf(publicKey, quote))
    return refuse('an altered quote, or a stranger’s', 'one signed here, as it was');
  if (quote.owner !== owner) return refuse(`a quote for ${quote.owner}`, 'one for the owner of the job');
  if (quote.file !== fileHash(file)) return refuse('a quote for another job file', 'one for this file, value by value');
  if (job !== undefined && quote.job !== job)
    return refuse(`a quote for ${quote.job}`, 'no Idempotency-Key, or the one it was asked for with');
  if (now >= Date.parse(quote.expiresAt))
    return refuse(`a quote that expired at ${quote.expiresAt}`, 'one that still stands; ask for another');
  return { kind: 'quote', quote };
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // refused by the schema
  }
}

/** SHA-256 of a parsed file's values, in hex: the same in YAML and JSON, whatever the order of its fields. */
export const fileHash = (file: unknown): string => createHash('sha256').update(canonicalText(file)).digest('hex');

/** JSON with the fields of each object in order; the file is admitted, so it is shallow. */
function canonicalText(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
