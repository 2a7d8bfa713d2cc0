/**
 * Verify: whether a stretch of the ledger is what was once written, as a stranger would check it.
 *
 * Recomputes every hash and link from the entries alone and then their arithmetic. Knows no store; takes the ledger
 * in stretches, each from the head the last one ended with. Whether the head is the true one, only a copy of the
 * head that was published elsewhere can say.
 */
import { balances, micros, protocolEscrow } from './account.ts';
import { heldCost, priceOf } from './charge.ts';
import { chained, genesisHash, type LedgerEntry } from './entry.ts';

/** The last entry's place and hash. */
export interface Head {
  readonly sequence: number;
  readonly hash: string;
}

/** The head of a ledger with no entries. */
export const genesis: Head = { sequence: 0, hash: genesisHash };

export type Verdict =
  | { readonly kind: 'intact'; readonly entries: number; readonly head: Head }
  | { readonly kind: 'broken'; readonly sequence: number; readonly why: string };

/** What is wrong with the entry that should follow `head`; `undefined` when nothing is. */
function faultOf(entry: LedgerEntry, head: Head): string | undefined {
  const { sequence, previousHash, hash, ...body } = entry;
  if (sequence !== head.sequence + 1) return `sequence ${sequence} follows ${head.sequence}`;
  if (previousHash !== head.hash) return 'does not name the hash of its predecessor';
  if (chained(body, head).hash !== hash) return 'its hash is not that of its content';
  if (!balances(body.postings)) return 'its postings do not sum to zero';
  const { charge } = body;
  if (charge) {
    if (heldCost(charge) !== charge.accelerators) return 'its accelerators are not charged at the price agreed to';
    if (-micros(body.postings, `owner:${body.owner}`) !== priceOf(charge)) return 'its owner does not pay the parts of its charge';
    if (micros(body.postings, protocolEscrow) !== charge.take) return 'its protocol does not get its take';
  }
  const { surplusWh, gridWh } = body.actual;
  if (surplusWh + gridWh !== body.meteredWh)
    return `surplus ${surplusWh} Wh and grid ${gridWh} Wh are not the metered ${body.meteredWh} Wh`;
  return undefined;
}

/**
 * Checks entries, in order, that follow `from`: links, hashes, double entry, and energy split into all that was metered.
 *
 * @returns `broken` with the sequence that the first bad entry should have; never throws for a changed entry
 */
export function verifyChain(entries: Iterable<LedgerEntry>, from: Head = genesis): Verdict {
  let head = from;
  let count = 0;
  for (const entry of entries) {
    const why = faultOf(entry, head);
    if (why !== undefined) return { kind: 'broken', sequence: head.sequence + 1, why };
    head = { sequence: entry.sequence, hash: entry.hash };
    count++;
  }
  return { kind: 'intact', entries: count, head };
}
