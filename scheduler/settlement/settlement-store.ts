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
  /** Durable when it resolves; the same period again must be identical. @throws RangeError when it differs. */
  put(settlement: Settlement, upToSequence: number): Promise<void>;
  /** All settled periods in order. */
  list(): Promise<readonly Settlement[]>;
  latest(): Promise<{ readonly settlement: Settlement; readonly upToSequence: number } | undefined>;
  recordClaim(claim: Claim): Promise<void>;
  claims(): Promise<readonly Claim[]>;
}
