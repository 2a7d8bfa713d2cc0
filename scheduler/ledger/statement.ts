/**
 * Statement: sums over ledger entries, and whether the books hold.
 *
 * Folds entries in order, so that a caller may go on from where it stopped. Never adds the four carbon accounts.
 */
import { balances } from './account.ts';
import { chained, genesisHash, type LedgerEntry } from './entry.ts';

export interface Totals {
  readonly sequence: number;
  readonly hash: string;
  readonly surplusWh: number;
  readonly gridWh: number;
  readonly locationMg: number;
  readonly counterfactualMg: number;
  readonly energyCost: bigint;
  readonly counterfactualCost: bigint;
  /** Every entry so far balances, splits its metered energy exactly, and follows its predecessor's hash. */
  readonly balanced: boolean;
}

export const noTotals: Totals = {
  sequence: 0,
  hash: genesisHash,
  surplusWh: 0,
  gridWh: 0,
  locationMg: 0,
  counterfactualMg: 0,
  energyCost: 0n,
  counterfactualCost: 0n,
  balanced: true,
};

/** The totals after one more entry. */
export function add(totals: Totals, entry: LedgerEntry): Totals {
  const { sequence, previousHash, hash, ...body } = entry;
  const follows = sequence === totals.sequence + 1 && previousHash === totals.hash && chained(body, totals).hash === hash;
  const exact = entry.actual.surplusWh + entry.actual.gridWh === entry.meteredWh;
  return {
    sequence,
    hash,
    surplusWh: totals.surplusWh + entry.actual.surplusWh,
    gridWh: totals.gridWh + entry.actual.gridWh,
    locationMg: totals.locationMg + entry.actual.locationMg,
    counterfactualMg: totals.counterfactualMg + entry.counterfactual.locationMg,
    energyCost: totals.energyCost + entry.actual.energyCost,
    counterfactualCost: totals.counterfactualCost + entry.counterfactual.energyCost,
    balanced: totals.balanced && follows && exact && balances(entry.postings),
  };
}
