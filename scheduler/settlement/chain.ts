/**
 * Chain: where entitlements become claims, as a port.
 *
 * The project's own journal is the truth; the chain is reconciled with it and can be rebuilt from it. Calls are
 * idempotent: publishing a known period again, or claiming what is claimed, changes nothing.
 */
import type { Instant, Interval } from '../../units/time.ts';

/** Cumulative amount owed to an account since the beginning, token base units. */
export interface Entitlement {
  readonly account: string;
  readonly cumulative: bigint;
}

/** A settled period: cumulative totals and the root that commits to every leaf and to their sum. */
export interface Settlement {
  /** 1, 2, 3 …; period n covers `interval`. */
  readonly period: number;
  readonly interval: Interval;
  readonly entitlements: readonly Entitlement[];
  /** 0x-prefixed Merkle-sum root over `entitlements`, whose committed sum is `cumulativeTotal`. */
  readonly root: string;
  readonly cumulativeTotal: bigint;
  /** The part of `cumulativeTotal` that is energy reward (minted against certified energy), base units. */
  readonly cumulativeRewards: bigint;
  /** Certified Wh of completed jobs since the beginning: what backs the rewards. */
  readonly cumulativeCertifiedWh: bigint;
  /** 0x-prefixed hash of the published leaf file. */
  readonly leavesHash: string;
  readonly settledAt: Instant;
}

export interface ChainStatus {
  /** Highest period on the chain; 0 when none. */
  readonly period: number;
  readonly funded: bigint;
  readonly promised: bigint;
  readonly paid: bigint;
  /** The contract's own token balance: must equal funded − paid. */
  readonly balance: bigint;
}

export interface Chain {
  readonly address: string;
  status(): Promise<ChainStatus>;
  /** Tops the contract up so that `funded` is at least `amount`. */
  fundUpTo(amount: bigint): Promise<void>;
  /** Publishes a period's root. @throws ChainFault when the contract refuses it (and says why). */
  publish(settlement: Settlement): Promise<void>;
  /** Pays `account` what the newest root owes it beyond what it was paid; resolves with the amount paid now. */
  claim(settlement: Settlement, account: string): Promise<bigint>;
  /** Paid to the account so far, base units. */
  paidTo(account: string): Promise<bigint>;
  close(): Promise<void>;
}

/** The chain refused or did not answer. */
export class ChainFault extends Error {
  constructor(what: string, cause?: unknown) {
    super(`${what}; the journal keeps the settlement and it is tried again`, { cause });
    this.name = 'ChainFault';
  }
}
