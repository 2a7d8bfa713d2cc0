/**
 * Settlement store: the journal of settled periods and claims, as a port.
 *
 * The journal is written before the chain is told, and is what a lost chain is rebuilt from.
 */
import type { Instant } from '../../units/time.ts';
import type { Settlement } from './chain.ts';

export interface Claim {
  readonly period: number;
  readonly account: string;
  readonly amount: bigint;
  readonly at: Instant;
}

export interface SettlementStore {
  /** Durable when it resolves; the same period again must be identical, order of entitlements included. @throws RangeError when it differs. */
  put(settlement: Settlement, upToSequence: number): Promise<void>;
  /** All settled periods in order. */
  list(): Promise<readonly Settlement[]>;
  latest(): Promise<{ readonly settlement: Settlement; readonly upToSequence: number } | undefined>;
  /** A payment is a fact and is never refused: the very same claim again changes nothing, any other is one more. */
  recordClaim(claim: Claim): Promise<void>;
  /** All claims, by when, then period, account, amount. */
  claims(): Promise<readonly Claim[]>;
}

/** A period was settled once and is settled differently now: a bug, and never overwritten. */
export const resettled = (period: number): RangeError =>
  new RangeError(`period ${period} is settled already, and differently; a settlement is never changed`);
