/**
 * Ledger entry: one run × one slot, metered; what it used, emitted and cost, and what it would have otherwise.
 *
 * Integers only: Wh, mg, micros. The four accounts of carbon are kept side by side and never added together. An
 * entry is immutable and names its predecessor's hash, so that a stranger can see whether one was changed.
 */
import { createHash } from 'node:crypto';
import type { Micros, Milligrams, WattHours } from '../../units/quantity.ts';
import type { Instant } from '../../units/time.ts';
import type { Posting } from './account.ts';
import type { Charge } from './charge.ts';

/** What the metered energy emitted and cost, or would have. */
export interface Account {
  readonly surplusWh: WattHours;
  readonly gridWh: WattHours;
  /** (a) kWh drawn from the grid × average intensity. */
  readonly locationMg: Milligrams;
  /** (b) × marginal intensity; `undefined` where no feed says it. */
  readonly marginalMg: Milligrams | undefined;
  /** (c) unmatched kWh × residual intensity (the average, until a residual mix is known). */
  readonly matchedMg: Milligrams;
  /** Energy money: grid at import price, exportable surplus at the feed-in tariff, curtailed surplus at 0. */
  readonly energyCost: Micros;
}

export interface EntryBody {
  readonly run: string;
  readonly job: string;
  readonly owner: string;
  readonly site: string;
  readonly provider: string;
  readonly slot: Instant;
  readonly bookedAt: Instant;
  readonly meteredWh: WattHours;
  readonly actual: Account;
  /** The same energy at the home site from the instant of submission; carbon or money as in `actual` where a gap leaves nothing to compare. */
  readonly counterfactual: Account & { readonly site: string; readonly slot: Instant };
  /** The owner's price by its parts; absent in entries made before there were any. */
  readonly charge?: Charge;
  /** Why nothing (or less) was certified: `telemetry-missing`, `signals-missing`, or `ok`. */
  readonly certification: string;
  readonly postings: readonly Posting[];
}

export interface LedgerEntry extends EntryBody {
  readonly sequence: number;
  readonly previousHash: string;
  readonly hash: string;
}

export const genesisHash = '0'.repeat(64);

/** JSON with keys in order and bigints as strings: one value, one text. */
export function canonical(value: unknown): string {
  if (typeof value === 'bigint') return `"${value}n"`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  const fields: string[] = [];
  for (const [key, inner] of Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    if (inner !== undefined) fields.push(`${JSON.stringify(key)}:${canonical(inner)}`);
  return `{${fields.join()}}`;
}

/** The entry that follows `head` in the chain. */
export function chained(body: EntryBody, head: { readonly sequence: number; readonly hash: string }): LedgerEntry {
  const link = { sequence: head.sequence + 1, previousHash: head.hash };
  const hash = createHash('sha256')
    .update(`sunward/entry/1\n${link.sequence}\n${link.previousHash}\n${canonical(body)}`)
    .digest('hex');
  return { ...body, ...link, hash };
}
