/**
 * Vault: the rules of `EnergyRewards.sol` as plain values: what it refuses, what it pays, what it holds.
 *
 * The reference that the contract is tested against. Stands behind the memory chain and the simulated economy alike, so
 * that neither keeps the laws in its own words. Keeps nothing when the process ends.
 */
import { type ChainRefusal, type ChainStatus, type Domain, type Payment, REWARD_PER_WH_MAX, type Settlement } from './chain.ts';
import { type EntitlementTree, leafOf } from './leaf.ts';
import { verifyProof } from './merkle-sum.ts';

export interface Vault {
  status(): ChainStatus;
  /** Puts credits in so that `funded` is at least `amount`. */
  fundUpTo(amount: bigint): void;
  /** The settlement of that period, if it was published. */
  settled(period: number): Settlement | undefined;
  /** Publishes the next period; says why not when the contract would refuse it, and changes nothing then. */
  publish(settlement: Settlement): ChainRefusal | undefined;
  /** Pays the account what the settlement owes it beyond what it was paid; `tree` is the tree over its entitlements. */
  pay(settlement: Settlement, tree: EntitlementTree, account: string): Payment;
  /** Paid to the account so far, base units. */
  paidTo(account: string): bigint;
}

const zeroWord = /^0x0*$/;

/** An empty vault in `domain`. `rewardPerWhMax` is law 4's rate, token base units per certified Wh. */
export function createVault(domain: Domain, rewardPerWhMax: bigint = REWARD_PER_WH_MAX): Vault {
  const settled: Settlement[] = [];
  const paidTo = new Map<string, bigint>();
  let funded = 0n;
  let paid = 0n;
  let balance = 0n;

  return {
    status: () => ({ period: settled.length, funded, promised: settled.at(-1)?.cumulativeTotal ?? 0n, paid, balance }),
    fundUpTo(amount) {
      if (amount <= funded) return;
      balance += amount - funded;
      funded = amount;
    },
    settled: (period) => settled[period - 1],
    publish(settlement) {
      const refusal = refusalOf(settlement, settled.at(-1), { period: settled.length + 1, funded, rewardPerWhMax });
      if (!refusal) settled.push(settlement);
      return refusal;
    },
    pay(settlement, tree, account) {
      const found = tree.proofOf(account);
      if (!found) return { account, amount: 0n };
      const { entitlement, proof } = found;
      const newest = settled.at(-1);
      const before = paidTo.get(entitlement.account) ?? 0n;
      const amount = entitlement.cumulative - before;
      if (amount <= 0n) return { account, amount: 0n };
      if (!newest || newest.root !== settlement.root) return { account, amount: 0n, refusal: 'Law7RootMoved' };
      if (!verifyProof(leafOf(domain, entitlement), proof, newest.root, newest.cumulativeTotal)) {
        return { account, amount: 0n, refusal: 'Law7NotInTree' };
      }
      if (paid + amount > newest.cumulativeTotal) return { account, amount: 0n, refusal: 'Law6Unpromised' };
      paidTo.set(entitlement.account, entitlement.cumulative);
      paid += amount;
      balance -= amount;
      return { account, amount };
    },
    paidTo: (account) => paidTo.get(account.toLowerCase()) ?? 0n,
  };
}

/** The checks of `EnergyRewards.settle`, in its order. */
function refusalOf(
  next: Settlement,
  last: Settlement | undefined,
  { period, funded, rewardPerWhMax }: { readonly period: number; readonly funded: bigint; readonly rewardPerWhMax: bigint },
): ChainRefusal | undefined {
  if (next.period !== period) return 'NotConsecutive';
  if (zeroWord.test(next.root)) return 'EmptyRoot';
  if (zeroWord.test(next.leavesHash)) return 'Law8LeavesUnpublished';
  if (last) {
    if (next.cumulativeTotal < last.cumulativeTotal) return 'Law7Shrunken';
    if (next.cumulativeRewards < last.cumulativeRewards) return 'Law7Shrunken';
    if (next.cumulativeCertifiedWh < last.cumulativeCertifiedWh) return 'Law7Shrunken';
  }
  if (next.cumulativeRewards > rewardPerWhMax * next.cumulativeCertifiedWh) return 'Law4Backing';
  if (next.cumulativeRewards > next.cumulativeTotal) return 'Law4RewardsAboveTotal';
  if (next.cumulativeTotal > funded) return 'Law6Unfunded';
  return undefined;
}
