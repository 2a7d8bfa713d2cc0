/**
 * Memory chain: the reference of the chain port. What `EnergyRewards.sol` refuses it refuses, under the same name.
 *
 * Keeps nothing when the process ends: good for simulations, tests and anyone who wants no chain at all.
 */
import {
  type Chain,
  ChainFault,
  type ChainRefusal,
  claimOne,
  type Domain,
  energyCredit,
  type Payment,
  REWARD_PER_WH_MAX,
  type Settlement,
} from './chain.ts';
import { entitlementTree, leafOf } from './leaf.ts';
import { verifyProof } from './merkle-sum.ts';

const memoryDomain: Domain = { chainId: 0n, contract: '0x0000000000000000000000000000000000000001' };
const zeroWord = /^0x0*$/;

/** A chain in memory. `rewardPerWhMax` is law 4's rate, token base units per certified Wh. */
export function createMemoryChain({ rewardPerWhMax = REWARD_PER_WH_MAX }: { readonly rewardPerWhMax?: bigint } = {}): Chain {
  const settled: Settlement[] = [];
  const paidTo = new Map<string, bigint>();
  let funded = 0n;
  let paid = 0n;
  let balance = 0n;

  const pay = (settlement: Settlement, tree: ReturnType<typeof entitlementTree>, account: string): Payment => {
    const found = tree.proofOf(account);
    if (!found) return { account, amount: 0n };
    const { entitlement, proof } = found;
    const newest = settled.at(-1);
    const before = paidTo.get(entitlement.account) ?? 0n;
    const amount = entitlement.cumulative - before;
    if (amount <= 0n) return { account, amount: 0n };
    if (!newest || newest.root !== settlement.root) return { account, amount: 0n, refusal: 'Law7RootMoved' };
    if (!verifyProof(leafOf(memoryDomain, entitlement), proof, newest.root, newest.cumulativeTotal)) {
      return { account, amount: 0n, refusal: 'Law7NotInTree' };
    }
    if (paid + amount > newest.cumulativeTotal) return { account, amount: 0n, refusal: 'Law6Unpromised' };
    paidTo.set(entitlement.account, entitlement.cumulative);
    paid += amount;
    balance -= amount;
    return { account, amount };
  };

  const chain: Chain = {
    domain: memoryDomain,
    token: energyCredit,
    status: async () => ({ period: settled.length, funded, promised: settled.at(-1)?.cumulativeTotal ?? 0n, paid, balance }),
    async fundUpTo(amount) {
      if (amount <= funded) return;
      balance += amount - funded;
      funded = amount;
    },
    async publish(settlement) {
      const known = settled[settlement.period - 1];
      if (known) return assertSame(known, settlement);
      const refusal = refusalOf(settlement, settled.at(-1), { period: settled.length + 1, funded, rewardPerWhMax });
      if (refusal) throw new ChainFault(`period ${settlement.period} was refused: ${refusal}`, { refusal });
      settled.push(settlement);
    },
    claim: (settlement, account) => claimOne(chain, settlement, account),
    async claimAll(settlement, accounts) {
      const tree = entitlementTree(memoryDomain, settlement.entitlements);
      return accounts.map((account) => pay(settlement, tree, account));
    },
    paidTo: async (account) => paidTo.get(account.toLowerCase()) ?? 0n,
    close: async () => undefined,
  };
  return chain;
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

function assertSame(known: Settlement, given: Settlement): void {
  const words = (each: Settlement) =>
    [each.root, each.cumulativeTotal, each.cumulativeRewards, each.cumulativeCertifiedWh, each.leavesHash].join();
  if (words(known) !== words(given)) throw new ChainFault(`period ${given.period} is on the chain with other totals or another root`);
}
