/**
 * Laws: what must hold on every day and in every period of a simulated year, worked out anew from what was booked, owed and paid.
 *
 * The numbers are those of docs/settlement.md. A breach is a fault with the facts, never a note: a year in which a law broke has
 * no result.
 */
import { micros, protocolEscrow } from '../../scheduler/ledger/account.ts';
import type { EntryBody } from '../../scheduler/ledger/entry.ts';
import { type ChainStatus, REWARD_PER_WH_MAX, type Settlement } from '../../scheduler/settlement/chain.ts';
import { reward as liveReward } from '../../scheduler/terms.ts';

/** A law did not hold: which, when, and the numbers that show it. */
export class LawBreach extends Error {
  override readonly name = 'LawBreach';
  readonly law: number;
  readonly day: number;
  readonly facts: Readonly<Record<string, bigint | string>>;

  constructor(law: number, day: number, what: string, facts: Readonly<Record<string, bigint | string>>) {
    const told = Object.entries(facts).map(([name, value]) => `${name} ${value}`);
    super(`law ${law} broke on day ${day}: ${what} (${told.join(', ')})`);
    this.law = law;
    this.day = day;
    this.facts = facts;
  }
}

/** Law 5's 1 − ε, parts per thousand: no rule may pay more of a job's take than the live one does. */
export const OF_TAKE_PER_MILLE_MAX = liveReward.ofTakePerMille;

/** Laws 1 and 2: what a day certifies of a site is verified, and of a run is metered. `verifiedWh` is by site. */
export function checkCertified(day: number, entries: readonly EntryBody[], verifiedWh: ReadonlyMap<string, number>): void {
  const certified = new Map<string, number>();
  for (const { site, run, actual, meteredWh } of entries) {
    certified.set(site, (certified.get(site) ?? 0) + actual.surplusWh);
    if (actual.surplusWh > meteredWh) {
      throw new LawBreach(2, day, 'more certified than metered', { run, certifiedWh: `${actual.surplusWh}`, meteredWh: `${meteredWh}` });
    }
  }
  for (const [site, wh] of certified) {
    const verified = verifiedWh.get(site) ?? 0;
    if (wh > verified)
      throw new LawBreach(1, day, 'more certified than verified', { site, certifiedWh: `${wh}`, verifiedWh: `${verified}` });
  }
}

/** What law 5 looks at: a job's reward, what its owner paid, and what its provider was owed with the reward in it. */
export interface JobMoney {
  readonly job: string;
  readonly take: bigint;
  readonly reward: bigint;
  readonly paid: bigint;
  readonly owed: bigint;
}

/** The protocol's take and the owner's price of a job, from its postings. */
export function takenAndPaid(entries: readonly EntryBody[]): { readonly take: bigint; readonly paid: bigint } {
  let [take, paid] = [0n, 0n];
  for (const { postings, owner } of entries) {
    take += micros(postings, protocolEscrow);
    paid -= micros(postings, `owner:${owner}`);
  }
  return { take, paid };
}

/** Law 5: the reward is at most (1 − ε) of the take on the same job, and nobody is owed more for a job than was paid for it. */
export function checkWashProof(day: number, { job, take, reward, paid, owed }: JobMoney): void {
  if (reward * 1_000n > take * OF_TAKE_PER_MILLE_MAX)
    throw new LawBreach(5, day, 'a reward above its part of the take', { job, reward, take });
  if (owed > paid) throw new LawBreach(5, day, 'buying one’s own job pays', { job, owed, paid });
}

/** Sums since the beginning, base units and Wh, while a period is still open. */
export interface Accrued {
  readonly promised: bigint;
  readonly rewards: bigint;
  readonly certifiedWh: bigint;
  /** Fees of all owners, and the treasury's budget. */
  readonly takenIn: bigint;
}

/** Laws 4 and 6 after a day, before anything is published: rewards are backed, and no more is promised than was taken in. */
export function checkAccrued(day: number, { promised, rewards, certifiedWh, takenIn }: Accrued): void {
  const backed = REWARD_PER_WH_MAX * certifiedWh;
  if (rewards > backed) throw new LawBreach(4, day, 'rewards that no certified energy backs', { rewards, backed });
  if (promised > takenIn) throw new LawBreach(6, day, 'more promised than taken in', { promised, takenIn });
}

/** What the laws of money look at after a period: the contract, and what the treasury may have put into it. */
export interface MoneyState {
  readonly settlement: Settlement;
  readonly vault: ChainStatus;
  /** Fees of all owners since the beginning and the treasury's budget, base units. */
  readonly takenIn: bigint;
  /** Paid to each account since the beginning. */
  readonly paidTo: ReadonlyMap<string, bigint>;
}

/** Laws 4, 6 and 7 after a period, against the one before. */
export function checkMoney(day: number, previous: MoneyState | undefined, { settlement, vault, takenIn, paidTo }: MoneyState): void {
  const { cumulativeTotal, cumulativeRewards, cumulativeCertifiedWh, entitlements } = settlement;
  const { funded, promised, paid, balance } = vault;
  const insist = (law: number, holds: boolean, what: string, facts: Readonly<Record<string, bigint | string>>) => {
    if (!holds) throw new LawBreach(law, day, what, facts);
  };
  checkAccrued(day, { promised: cumulativeTotal, rewards: cumulativeRewards, certifiedWh: cumulativeCertifiedWh, takenIn });
  const total = entitlements.reduce((sum, { cumulative }) => sum + cumulative, 0n);
  insist(6, total === cumulativeTotal && promised === cumulativeTotal, 'a total that is not the sum', { total, cumulativeTotal, promised });
  insist(6, promised <= funded, 'more promised than funded', { promised, funded });
  insist(6, funded <= takenIn, 'credits minted against no fee', { funded, takenIn });
  insist(6, paid <= promised, 'more paid than promised', { paid, promised });
  insist(6, balance === funded - paid, 'a balance that is not what was put in less what was paid', { balance, funded, paid });
  const owed = new Map(entitlements.map(({ account, cumulative }) => [account, cumulative]));
  let sum = 0n;
  for (const [account, amount] of paidTo) {
    sum += amount;
    insist(7, amount <= (owed.get(account) ?? 0n), 'paid beyond the entitlement', { account, amount, owed: owed.get(account) ?? 0n });
  }
  insist(6, sum === paid, 'payments that do not sum to what was paid', { sum, paid });
  for (const [account, before] of previous?.paidTo ?? []) {
    const now = paidTo.get(account) ?? 0n;
    insist(7, now >= before, 'a claim that fell', { account, now, before });
  }
  for (const { account, cumulative } of previous?.settlement.entitlements ?? []) {
    const now = owed.get(account) ?? 0n;
    insist(7, now >= cumulative, 'an entitlement that fell', { account, now, before: cumulative });
  }
}
