/**
 * Settle: what is owed becomes a root, the root goes to the chain, providers are paid. The shell of settlement.
 *
 * The journal is written first and is the truth; the chain is told after, and told again from the journal whenever it
 * lost something. A job is paid in the period in which the scheduler learned that it is done, and in no other.
 */
import type { Site } from '../../energy-oracle/site.ts';
import type { Clock } from '../../units/clock.ts';
import { type DurationMs, type Instant, SLOT, slotOf } from '../../units/time.ts';
import type { LedgerStore } from '../ledger/ledger-store.ts';
import type { JobStore } from '../queue/job-store.ts';
import { type Chain, ChainFault, type Settlement } from './chain.ts';
import { owedFor, type RewardRule, settlementAfter } from './entitlement.ts';
import { periodInterval } from './period.ts';
import type { SettlementStore } from './settlement-store.ts';

export interface SettlerPorts {
  readonly clock: Clock;
  readonly jobs: JobStore;
  readonly ledger: LedgerStore;
  readonly settlements: SettlementStore;
  readonly chain: Chain;
  readonly sites: readonly Site[];
  readonly tell: (kind: 'settlement' | 'claim', text: string) => void;
  readonly config: {
    readonly epoch: Instant;
    readonly periodMs: DurationMs;
    readonly bookingDelayMs: DurationMs;
    readonly reward: RewardRule;
  };
}

export interface Settler {
  /** Brings the chain up to the journal: publishes what it lacks, pays what is unclaimed. @throws ChainFault when it is away */
  open(): Promise<void>;
  /**
   * Settles every period that is over and fully booked; returns how many.
   *
   * @throws ChainFault when the chain is away; the journal has gone on without it
   */
  settleDue(): Promise<number>;
}

export function createSettler({ clock, jobs, ledger, settlements, chain, sites, tell, config }: SettlerPorts): Settler {
  async function settle(period: number, previous: Settlement | undefined): Promise<Settlement> {
    const interval = periodInterval(period, config.epoch, config.periodMs);
    const done = (await jobs.list(['SUCCEEDED'])).filter(
      ({ closedAt }) => closedAt !== undefined && interval.start <= closedAt && closedAt < interval.end,
    );
    const finished = await Promise.all(done.map(async ({ id }) => ({ entries: await ledger.entriesOf(id), runs: await jobs.runsOf(id) })));
    const owed = owedFor(finished, config.reward);
    return settlementAfter(previous, owed, { domain: chain.domain, interval, sites, settledAt: clock.now() });
  }

  let isBehind = false; // the chain may not have heard all of the journal

  async function publish(settlement: Settlement): Promise<void> {
    await chain.fundUpTo(settlement.cumulativeTotal);
    await chain.publish(settlement);
  }

  async function pay(settlement: Settlement): Promise<void> {
    const payments = await chain.claimAll(
      settlement,
      settlement.entitlements.map(({ account }) => account),
    );
    for (const { account, amount } of payments) {
      if (amount === 0n) continue; // a refused claim too: what the others were paid is recorded first
      await settlements.recordClaim({ period: settlement.period, account, amount, at: clock.now() });
      tell('claim', `${account} was paid ${inTokens(amount, chain.token.decimals)} ${chain.token.symbol}`);
    }
    isBehind = false; // a refused claim is made again with the next period, and holds up no other
    const refused = payments.find(({ refusal }) => refusal !== undefined);
    if (refused) throw new ChainFault(`the claim of ${refused.account} was refused: ${refused.refusal}`);
  }

  async function reconcileChain(): Promise<void> {
    const journal = await settlements.list();
    const newest = journal.at(-1);
    if (!newest) return;
    isBehind = true;
    const { period } = await chain.status();
    for (const settlement of journal.slice(period)) await publish(settlement);
    await pay(newest);
  }

  /** Journals the next period when it is over and fully booked; the chain is not asked. */
  async function journalNext(): Promise<Settlement | undefined> {
    const latest = (await settlements.latest())?.settlement;
    const period = (latest?.period ?? 0) + 1;
    const { end } = periodInterval(period, config.epoch, config.periodMs);
    const unbooked = async () => (await jobs.unbookedRunSlots(slotOf(end - 1) + SLOT)).length > 0;
    if (clock.now() < end + config.bookingDelayMs || (await unbooked())) return undefined;
    const settlement = await settle(period, latest);
    await settlements.put(settlement, (await ledger.head()).sequence);
    isBehind = true;
    const promised = settlement.cumulativeTotal - (latest?.cumulativeTotal ?? 0n);
    const owed = `${inTokens(promised, chain.token.decimals)} ${chain.token.symbol}`;
    tell('settlement', `period ${period} settled: ${owed} owed to ${settlement.entitlements.length} providers so far`);
    return settlement;
  }

  return {
    open: reconcileChain,
    async settleDue() {
      let settled = 0;
      while (await journalNext()) settled++;
      if (isBehind) await reconcileChain();
      return settled;
    },
  };
}

/** Base units as a decimal number of whole tokens, exact. */
export function inTokens(amount: bigint, decimals: number): string {
  const digits = amount.toString().padStart(decimals + 1, '0');
  return `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}
