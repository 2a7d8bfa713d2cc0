/**
 * Account: double entry over energy, money and certificates.
 *
 * Every posting is an amount on an account in a unit; the postings of one entry sum to zero per unit. Amounts are
 * whole: Wh for energy, micros for money.
 */

export type PostingUnit = 'Wh' | 'micro';

export interface Posting {
  /** `kind:owner`, e.g. `surplus:de-solar`, `job:j-1`, `owner:ada`, `provider:sunfarm`, `protocol:take`. */
  readonly account: string;
  readonly unit: PostingUnit;
  /** Signed whole amount: + receives, − gives. */
  readonly amount: bigint;
}

/** Where a price waits until its job is done: the provider's part and the protocol's. No provider may be called `protocol`. */
export const escrowOf = (provider: string): string => `escrow:${provider}`;
export const protocolEscrow = escrowOf('protocol');

/** What postings put on an account, in micros. */
export const micros = (postings: readonly Posting[], account: string): bigint =>
  postings.reduce((sum, own) => (own.account === account && own.unit === 'micro' ? sum + own.amount : sum), 0n);

/** True when every unit sums to zero. */
export function balances(postings: readonly Posting[]): boolean {
  const sums = new Map<PostingUnit, bigint>();
  for (const { unit, amount } of postings) sums.set(unit, (sums.get(unit) ?? 0n) + amount);
  return [...sums.values()].every((sum) => sum === 0n);
}
