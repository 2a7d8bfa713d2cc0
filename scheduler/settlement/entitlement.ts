/**
 * Entitlement: what each provider is owed for jobs that are done. Pure.
 *
 * Pays what the ledger put in escrow for every run that ended with its result or a checkpoint (a lost run left nothing), and an energy reward
 * per certified Wh that is backed (law 4) and smaller than the protocol's take on the same job (law 5), so that buying
 * one's own jobs never pays. What is owed becomes the next settlement, which shrinks nothing (law 7).
 */
import type { Site } from '../../energy-oracle/site.ts';
import type { Run } from '../dispatch/lease.ts';
import { escrowOf, micros, protocolEscrow } from '../ledger/account.ts';
import type { EntryBody } from '../ledger/entry.ts';
import type { Domain, Entitlement, Settlement } from './chain.ts';
import { leafFileHash, settlementRoot } from './leaf.ts';

export interface RewardRule {
  /** Token base units (micros) per certified Wh; the contract holds the same bound. */
  readonly unitsPerWh: bigint;
  /** The most a job's reward may be of the protocol's take on it, parts per thousand; below 1,000 (law 5's 1 − ε). */
  readonly ofTakePerMille: bigint;
}

/** A job that is done, as far as what is owed for it depends on it. */
export interface FinishedJob {
  readonly entries: readonly Pick<EntryBody, 'run' | 'provider' | 'actual' | 'postings'>[];
  readonly runs: readonly Pick<Run, 'id' | 'state'>[];
}

export interface Owed {
  readonly byProvider: ReadonlyMap<string, bigint>;
  readonly rewards: bigint;
  readonly certifiedWh: bigint;
}

/** What finished jobs earn their providers, whole base units (1 token = 1 unit of the accounting currency). */
export function owedFor(finished: readonly FinishedJob[], rule: RewardRule): Owed {
  const byProvider = new Map<string, bigint>();
  let rewards = 0n;
  let certifiedWh = 0n;
  for (const { entries, runs } of finished) {
    const payable = new Set(runs.filter(({ state }) => state === 'succeeded' || state === 'checkpointed').map(({ id }) => id));
    for (const entry of entries.filter(({ run }) => payable.has(run))) {
      const backed = BigInt(entry.actual.surplusWh) * rule.unitsPerWh;
      const bound = (micros(entry.postings, protocolEscrow) * rule.ofTakePerMille) / 1_000n;
      const reward = backed < bound ? backed : bound;
      byProvider.set(entry.provider, (byProvider.get(entry.provider) ?? 0n) + micros(entry.postings, escrowOf(entry.provider)) + reward);
      rewards += reward;
      certifiedWh += BigInt(entry.actual.surplusWh);
    }
  }
  return { byProvider, rewards, certifiedWh };
}

/** Cumulative entitlements by payout account, by account: what was owed before plus what is owed now. */
export function accumulate(
  previous: Settlement | undefined,
  owed: Owed,
  sites: readonly Pick<Site, 'provider' | 'payoutAccount'>[],
): readonly Entitlement[] {
  const cumulative = new Map(previous?.entitlements.map(({ account, cumulative: amount }) => [account, amount]) ?? []);
  const writtenAs = new Map([...cumulative.keys()].map((account) => [account.toLowerCase(), account])); // case is spelling, not another account
  const accountOf = new Map(sites.map(({ provider, payoutAccount }) => [provider, payoutAccount]));
  for (const [provider, amount] of owed.byProvider) {
    const payoutAccount = accountOf.get(provider);
    if (!payoutAccount) throw new RangeError(`no payout account of provider ${provider}`);
    const account = writtenAs.get(payoutAccount.toLowerCase()) ?? payoutAccount;
    writtenAs.set(account.toLowerCase(), account);
    cumulative.set(account, (cumulative.get(account) ?? 0n) + amount);
  }
  return [...cumulative]
    .map(([account, amount]) => ({ account, cumulative: amount }))
    .sort((a, b) => (a.account.toLowerCase() < b.account.toLowerCase() ? -1 : 1));
}

/** The settlement that follows `previous`: what is owed now added to what was owed before, under one root. O(accounts). */
export function settlementAfter(
  previous: Settlement | undefined,
  owed: Owed,
  {
    domain,
    interval,
    sites,
    settledAt,
  }: Pick<Settlement, 'interval' | 'settledAt'> & { readonly domain: Domain; readonly sites: Parameters<typeof accumulate>[2] },
): Settlement {
  const entitlements = accumulate(previous, owed, sites);
  return {
    period: (previous?.period ?? 0) + 1,
    interval,
    entitlements,
    root: settlementRoot(domain, entitlements),
    cumulativeTotal: entitlements.reduce((sum, { cumulative }) => sum + cumulative, 0n),
    cumulativeRewards: (previous?.cumulativeRewards ?? 0n) + owed.rewards,
    cumulativeCertifiedWh: (previous?.cumulativeCertifiedWh ?? 0n) + owed.certifiedWh,
    leavesHash: leafFileHash(domain, entitlements),
    settledAt,
  };
}
