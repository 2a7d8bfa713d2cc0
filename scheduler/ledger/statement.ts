/**
 * Statement: sums over ledger entries, and whether the books hold.
 *
 * Folds entries in order, so that a caller may go on from where it stopped. Never adds the four carbon accounts.
 */
import type { LedgerEntry } from './entry.ts';
import { genesis, type Head, verifyChain } from './verify.ts';

export interface Totals extends Head {
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
  ...genesis,
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
  return {
    sequence: entry.sequence,
    hash: entry.hash,
    surplusWh: totals.surplusWh + entry.actual.surplusWh,
    gridWh: totals.gridWh + entry.actual.gridWh,
    locationMg: totals.locationMg + entry.actual.locationMg,
    counterfactualMg: totals.counterfactualMg + entry.counterfactual.locationMg,
    energyCost: totals.energyCost + entry.actual.energyCost,
    counterfactualCost: totals.counterfactualCost + entry.counterfactual.energyCost,
    balanced: totals.balanced && verifyChain([entry], totals).kind === 'intact',
  };
}
