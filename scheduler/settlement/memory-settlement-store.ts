/**
 * The settlement journal in memory: the reference of what the port means. Nothing survives the process.
 */
import { canonical } from '../ledger/entry.ts';
import type { Settlement } from './chain.ts';
import { type Claim, resettled, type SettlementStore } from './settlement-store.ts';

const byTime = (a: Claim, b: Claim): number =>
  a.at - b.at || a.period - b.period || (a.account < b.account ? -1 : a.account > b.account ? 1 : 0) || (a.amount < b.amount ? -1 : 1);

export function createMemorySettlementStore(): SettlementStore {
  const settled = new Map<number, { readonly settlement: Settlement; readonly upToSequence: number }>();
  const claims = new Map<string, Claim>();
  const inOrder = () => [...settled.values()].sort((a, b) => a.settlement.period - b.settlement.period);
  return {
    async put(settlement, upToSequence) {
      const stored = settled.get(settlement.period);
      if (stored && canonical(stored) !== canonical({ settlement, upToSequence })) throw resettled(settlement.period);
      settled.set(settlement.period, stored ?? { settlement, upToSequence });
    },
    list: async () => inOrder().map(({ settlement }) => settlement),
    latest: async () => inOrder().at(-1),
    recordClaim: async (claim) => void claims.set(canonical(claim), claim),
    claims: async () => [...claims.values()].sort(byTime),
  };
}
