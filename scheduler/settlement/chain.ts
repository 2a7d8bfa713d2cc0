/**
 * Chain: where entitlements become claims, as a port.
 *
 * The project's own journal is the truth; the chain is reconciled with it and can be rebuilt from it by publishing
 * every period after `status().period` again, in order. Calls are idempotent: publishing a known period again, or
 * claiming what is claimed, changes nothing. Who may be paid and how much is fixed by the root, never by the caller.
 */
import type { Instant, Interval } from '../../units/time.ts';

/** Cumulative amount owed to an account since the beginning, token base units. */
export interface Entitlement {
  /** EVM account, 0x-prefixed. */
  readonly account: string;
  readonly cumulative: bigint;
}

/** A settled period: cumulative totals and the root that commits to every leaf and to their sum. */
export interface Settlement {
  /** 1, 2, 3 …; period n covers `interval`. */
  readonly period: number;
  readonly interval: Interval;
  readonly entitlements: readonly Entitlement[];
  /** 0x-prefixed Merkle-sum root over `entitlements` in the chain's domain (`settlementRoot`). */
  readonly root: string;
  /** The sum of all entitlements. */
  readonly cumulativeTotal: bigint;
  /** The part of `cumulativeTotal` that is energy reward (minted against certified energy), base units. */
  readonly cumulativeRewards: bigint;
  /** Certified Wh of completed jobs since the beginning: what backs the rewards. */
  readonly cumulativeCertifiedWh: bigint;
  /** 0x-prefixed hash of the published leaf file (`leafFileHash`). */
  readonly leavesHash: string;
  readonly settledAt: Instant;
}

/** Where a leaf is good: known before anything is deployed, so that a root can be journalled first. */
export interface Domain {
  readonly chainId: bigint;
  /** 0x-prefixed address of the contract that pays. */
  readonly contract: string;
}

export interface Token {
  readonly symbol: string;
  readonly decimals: number;
}

export const energyCredit: Token = { symbol: 'SUN', decimals: 6 };

/** Law 4: the most reward one certified Wh can back unless told, token base units: 0.05 SUN per kWh. */
export const REWARD_PER_WH_MAX = 50n;

export interface ChainStatus {
  /** Highest period on the chain; 0 when none. */
  readonly period: number;
  readonly funded: bigint;
  readonly promised: bigint;
  readonly paid: bigint;
  /** The contract's own token balance: must equal funded − paid. */
  readonly balance: bigint;
}

/** Names of the contract's errors: the law that was kept, or the order of periods and roots. */
export const chainRefusals = [
  'NotConsecutive',
  'EmptyRoot',
  'Law4Backing',
  'Law4RewardsAboveTotal',
  'Law6Unfunded',
  'Law6Unpromised',
  'Law6Balance',
  'Law7Shrunken',
  'Law7RootMoved',
  'Law7NotInTree',
  'Law8LeavesUnpublished',
] as const;
export type ChainRefusal = (typeof chainRefusals)[number];

export interface Payment {
  readonly account: string;
  /** Paid now, token base units; 0 when nothing was due or the claim was refused. */
  readonly amount: bigint;
  readonly refusal?: ChainRefusal | 'unknown';
}

export interface Chain {
  readonly domain: Domain;
  readonly token: Token;
  status(): Promise<ChainStatus>;
  /** Tops the contract up so that `funded` is at least `amount`. */
  fundUpTo(amount: bigint): Promise<void>;
  /**
   * Publishes the next period's root; a period that is there already, in the same words, is left alone.
   *
   * @throws ChainFault when the contract refuses it (`refusal` says why), or a different settlement of that period is there.
   */
  publish(settlement: Settlement): Promise<void>;
  /** `claimAll` of one account; resolves with the amount paid now. @throws ChainFault when the contract refuses it. */
  claim(settlement: Settlement, account: string): Promise<bigint>;
  /**
   * Pays each account what the newest root owes it beyond what it was paid, in the order given.
   *
   * `settlement` is the newest published one. An account without an entitlement is paid 0. One refused claim does not stop the others.
   *
   * @throws ChainFault when the chain is away: some may have been paid, ask `paidTo`
   */
  claimAll(settlement: Settlement, accounts: readonly string[]): Promise<readonly Payment[]>;
  /** Paid to the account so far, base units. */
  paidTo(account: string): Promise<bigint>;
  close(): Promise<void>;
}

/** The chain refused or did not answer. */
export class ChainFault extends Error {
  /** The contract's error; `undefined` when the chain is away or something else is wrong with it. */
  readonly refusal: ChainRefusal | undefined;
  constructor(what: string, { refusal, cause }: { refusal?: ChainRefusal | undefined; cause?: unknown } = {}) {
    super(`${what}; the journal keeps the settlement and it is tried again`, { cause });
    this.name = 'ChainFault';
    this.refusal = refusal;
  }
}

/** `claim` in terms of `claimAll`. @throws ChainFault when the claim is refused */
export async function claimOne(chain: Pick<Chain, 'claimAll'>, settlement: Settlement, account: string): Promise<bigint> {
  const [payment] = await chain.claimAll(settlement, [account]);
  const refusal = payment?.refusal;
  if (refusal) throw new ChainFault(`the claim of ${account} was refused: ${refusal}`, refusal === 'unknown' ? {} : { refusal });
  return payment?.amount ?? 0n;
}
