/**
 * Treasury: jobs become entitlements each day, and a root, credits and claims each period, by the scheduler's own settlement.
 *
 * Owners' money comes in, credits are minted against it and never beyond it, and put under the contract's rules (`vault`). Law 5
 * is checked on every job, laws 4 and 6 every day, and with law 7 against the contract every period.
 */
import { micros } from '../../scheduler/ledger/account.ts';
import type { ChainStatus, Settlement } from '../../scheduler/settlement/chain.ts';
import { type Owed, owedFor, type RewardRule, settlementAfter } from '../../scheduler/settlement/entitlement.ts';
import { entitlementTree } from '../../scheduler/settlement/leaf.ts';
import { memoryDomain } from '../../scheduler/settlement/memory-chain.ts';
import { createVault, type Vault } from '../../scheduler/settlement/vault.ts';
import { DAY, type Instant } from '../../units/time.ts';
import type { DoneJob } from './books.ts';
import { checkAccrued, checkMoney, checkWashProof, LawBreach, type MoneyState, takenAndPaid } from './laws.ts';
import type { Provider } from './population.ts';

/** What the jobs of a day came to. Base units (micros of SUN); energy in Wh. */
export interface DayMoney {
  /** Metered and certified energy of what the market sold. */
  readonly meteredWh: number;
  readonly certifiedWh: number;
  /** Paid by owners other than wash traders, and the protocol's take of it. */
  readonly fees: bigint;
  readonly take: bigint;
  /** Energy rewards and take of all jobs, wash traders' included. */
  readonly subsidy: bigint;
  readonly takeOfAll: bigint;
  /** Largest reward of a job by its take, 0 to 1. */
  readonly subsidyOfTakeMost: number;
  /** Charged for runs that were lost: paid to nobody. */
  readonly held: bigint;
  /** What wash traders were owed for their own jobs less what they paid for them: never above 0. */
  readonly washGain: bigint;
}

/** A day's money, and what each provider is owed for the work of others. */
export interface TreasuryDay {
  readonly money: DayMoney;
  readonly owedBy: ReadonlyMap<string, bigint>;
}

export interface TreasuryOptions {
  readonly start: Instant;
  readonly reward: RewardRule;
  /** Credits there are before the first fee, base units. */
  readonly budget: bigint;
  readonly periodDays: number;
  readonly claimEveryPeriods: number;
}

export interface Treasury {
  /** Owes the jobs of a day. @throws LawBreach when a law does not hold */
  readonly owe: (jobs: readonly DoneJob[]) => TreasuryDay;
  /** Settles the open period, where one is due or the year is over; pays claims where they are due. @throws LawBreach */
  readonly settle: (providers: readonly Provider[], isLastDay: boolean) => void;
  readonly status: () => ChainStatus;
  /** All settlements so far. */
  readonly settlements: () => readonly Settlement[];
}

const nothingOwed = { byProvider: new Map<string, bigint>(), rewards: 0n, certifiedWh: 0n };

/** An empty treasury at the start of the first day. */
export function createTreasury({ start, reward, budget, periodDays, claimEveryPeriods }: TreasuryOptions): Treasury {
  const vault = createVault(memoryDomain);
  const settlements: Settlement[] = [];
  let takenIn = budget;
  let promised = 0n; // with what the open period owes
  let open: Owed = nothingOwed;
  let days = 0;
  let openedOn = 0;
  let before: MoneyState | undefined;

  const publish = (providers: readonly Provider[], paysClaims: boolean): void => {
    const interval = { start: start + openedOn * DAY, end: start + days * DAY };
    const sites = providers.map(({ site }) => site);
    const settlement = settlementAfter(before?.settlement, open, { domain: memoryDomain, interval, sites, settledAt: interval.end });
    const { cumulativeTotal, cumulativeRewards: rewards, cumulativeCertifiedWh: certifiedWh } = settlement;
    const isCovered = takenIn >= cumulativeTotal;
    vault.fundUpTo(isCovered ? cumulativeTotal : takenIn);
    const refusal = vault.publish(settlement);
    if (refusal) {
      throw new LawBreach(lawIn(refusal), days, `the contract refuses the period: ${refusal}`, {
        cumulativeTotal,
        rewards,
        certifiedWh,
        takenIn,
      });
    }
    const paidTo = paysClaims ? payAll(vault, settlement, days) : (before?.paidTo ?? new Map<string, bigint>());
    const state: MoneyState = { settlement, vault: vault.status(), takenIn, paidTo };
    checkMoney(days, before, state);
    before = state;
    settlements.push(settlement);
    open = nothingOwed;
    openedOn = days;
  };

  return {
    owe(jobs) {
      days++;
      const { money, owedBy, owed, paid } = tally(jobs, reward, days);
      takenIn += paid;
      for (const amount of owed.byProvider.values()) promised += amount;
      open = sumOfOwed(open, owed);
      const rewards = (before?.settlement.cumulativeRewards ?? 0n) + open.rewards;
      const certifiedWh = (before?.settlement.cumulativeCertifiedWh ?? 0n) + open.certifiedWh;
      checkAccrued(days, { promised, rewards, certifiedWh, takenIn });
      return { money, owedBy };
    },
    settle(providers, isLastDay) {
      if (!isLastDay && days - openedOn < periodDays) return;
      publish(providers, isLastDay || (settlements.length + 1) % claimEveryPeriods === 0);
    },
    status: () => vault.status(),
    settlements: () => settlements,
  };
}

function sumOfOwed(a: Owed, b: Owed): Owed {
  const byProvider = new Map(a.byProvider);
  for (const [provider, amount] of b.byProvider) byProvider.set(provider, (byProvider.get(provider) ?? 0n) + amount);
  return { byProvider, rewards: a.rewards + b.rewards, certifiedWh: a.certifiedWh + b.certifiedWh };
}

interface Tally {
  readonly money: DayMoney;
  readonly owedBy: ReadonlyMap<string, bigint>;
  /** Of all jobs. */
  readonly owed: Owed;
  /** By all owners. */
  readonly paid: bigint;
}

/** Owes each job by the settlement's rule, holds it against law 5, and adds up. */
function tally(jobs: readonly DoneJob[], rule: RewardRule, day: number): Tally {
  const owedToAll = new Map<string, bigint>();
  const owedBy = new Map<string, bigint>();
  let [subsidy, paidCertifiedWh, paidByAll, fees, take, takeOfAll, held, washGain] = [0n, 0n, 0n, 0n, 0n, 0n, 0n, 0n];
  let [meteredWh, certifiedWh, subsidyOfTakeMost] = [0, 0, 0];
  for (const job of jobs) {
    const { byProvider, rewards, certifiedWh: rewardedWh } = owedFor([job], rule);
    const paidFor = takenAndPaid(job.entries);
    let owed = 0n;
    for (const [provider, amount] of byProvider) {
      owed += amount;
      owedToAll.set(provider, (owedToAll.get(provider) ?? 0n) + amount);
      if (job.washSeller === undefined) owedBy.set(provider, (owedBy.get(provider) ?? 0n) + amount);
    }
    checkWashProof(day, { job: job.id, reward: rewards, owed, ...paidFor });
    subsidy += rewards;
    paidCertifiedWh += rewardedWh;
    paidByAll += paidFor.paid;
    takeOfAll += paidFor.take;
    if (paidFor.take > 0n) subsidyOfTakeMost = Math.max(subsidyOfTakeMost, Number(rewards) / Number(paidFor.take));
    if (job.washSeller !== undefined) {
      washGain += owed - paidFor.paid;
      continue;
    }
    fees += paidFor.paid;
    take += paidFor.take;
    held += heldFor(job);
    for (const entry of job.entries) {
      meteredWh += entry.meteredWh;
      certifiedWh += entry.actual.surplusWh;
    }
  }
  const money = { meteredWh, certifiedWh, fees, take, subsidy, takeOfAll, subsidyOfTakeMost, held, washGain };
  return { money, owedBy, owed: { byProvider: owedToAll, rewards: subsidy, certifiedWh: paidCertifiedWh }, paid: paidByAll };
}

/** What owners were charged for runs that left nothing. */
function heldFor({ entries, runs }: DoneJob): bigint {
  const lost = new Set(runs.flatMap(({ id, state }) => (state === 'lost' ? [id] : [])));
  if (lost.size === 0) return 0n;
  return entries.reduce((sum, { run, postings, owner }) => (lost.has(run) ? sum - micros(postings, `owner:${owner}`) : sum), 0n);
}

/** The law that a refusal names, as in `Law6Unfunded`; 0 for one that names none. */
const lawIn = (refusal: string): number => Number(/^Law(\d)/.exec(refusal)?.[1] ?? 0);

/** Pays everyone what is due; what each account was paid so far. @throws LawBreach when the contract refuses a claim */
function payAll(vault: Vault, settlement: Settlement, day: number): ReadonlyMap<string, bigint> {
  const tree = entitlementTree(memoryDomain, settlement.entitlements);
  for (const { account } of settlement.entitlements) {
    const { refusal } = vault.pay(settlement, tree, account);
    if (refusal) throw new LawBreach(lawIn(refusal), day, `the contract refuses a claim: ${refusal}`, { account });
  }
  return new Map(settlement.entitlements.map(({ account }) => [account, vault.paidTo(account)]));
}
