/**
 * Memory chain: the reference of the chain port. What `EnergyRewards.sol` refuses it refuses, under the same name.
 *
 * The rules are the vault's; this makes a port of them. Keeps nothing when the process ends: good for simulations, tests
 * and anyone who wants no chain at all.
 */
import { type Chain, ChainFault, claimOne, type Domain, energyCredit, type Settlement } from './chain.ts';
import { entitlementTree } from './leaf.ts';
import { createVault } from './vault.ts';

/** Where leaves are good that no chain outside this process knows. */
export const memoryDomain: Domain = { chainId: 0n, contract: '0x0000000000000000000000000000000000000001' };

/** A chain in memory. `rewardPerWhMax` is law 4's rate, token base units per certified Wh. */
export function createMemoryChain({ rewardPerWhMax }: { readonly rewardPerWhMax?: bigint } = {}): Chain {
  const vault = createVault(memoryDomain, rewardPerWhMax);
  const chain: Chain = {
    domain: memoryDomain,
    token: energyCredit,
    status: async () => vault.status(),
    fundUpTo: async (amount) => vault.fundUpTo(amount),
    async publish(settlement) {
      const known = vault.settled(settlement.period);
      if (known) return assertSame(known, settlement);
      const refusal = vault.publish(settlement);
      if (refusal) throw new ChainFault(`period ${settlement.period} was refused: ${refusal}`, { refusal });
    },
    claim: (settlement, account) => claimOne(chain, settlement, account),
    async claimAll(settlement, accounts) {
      const tree = entitlementTree(memoryDomain, settlement.entitlements);
      return accounts.map((account) => vault.pay(settlement, tree, account));
    },
    paidTo: async (account) => vault.paidTo(account),
    close: async () => undefined,
  };
  return chain;
}

function assertSame(known: Settlement, given: Settlement): void {
  const words = (each: Settlement) =>
    [each.root, each.cumulativeTotal, each.cumulativeRewards, each.cumulativeCertifiedWh, each.leavesHash].join();
  if (words(known) !== words(given)) throw new ChainFault(`period ${given.period} is on the chain with other totals or another root`);
}
