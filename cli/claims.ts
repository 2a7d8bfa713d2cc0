/**
 * Claims: what each provider was promised and paid, from the journal and the chain.
 */
import type { Site } from '../energy-oracle/site.ts';
import type { Chain } from '../scheduler/settlement/chain.ts';
import type { SettlementStore } from '../scheduler/settlement/settlement-store.ts';
import type { ClaimsWire } from '../scheduler/wire.ts';

/** Promised is the journal's, claimed is what the chain paid. */
export async function claimsOf(chain: Chain, sites: readonly Site[], settlements: SettlementStore): Promise<ClaimsWire> {
  const [status, latest] = await Promise.all([chain.status(), settlements.latest()]);
  const promised = new Map(latest?.settlement.entitlements.map(({ account, cumulative }) => [account.toLowerCase(), cumulative]) ?? []);
  const providers = await Promise.all(
    sites.map(async ({ provider, payoutAccount }) => ({
      provider,
      account: payoutAccount,
      promised: String(promised.get(payoutAccount.toLowerCase()) ?? 0n),
      claimed: String(await chain.paidTo(payoutAccount)),
    })),
  );
  return {
    contract: chain.domain.contract,
    token: chain.token.symbol,
    decimals: chain.token.decimals,
    periods: status.period,
    promised: String(status.promised),
    claimed: String(status.paid),
    providers,
  };
}
