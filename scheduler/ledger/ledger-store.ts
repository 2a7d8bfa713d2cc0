/**
 * Ledger store: the append-only chain of entries, as a port.
 *
 * `append` chains and stores all bodies in one transaction; a body whose (run, slot) is already booked is skipped,
 * so that a repeated booking changes nothing. Entries are never updated or deleted.
 */
import type { WattHours } from '../../units/quantity.ts';
import type { Instant } from '../../units/time.ts';
import { balances } from './account.ts';
import type { EntryBody, LedgerEntry } from './entry.ts';

export interface LedgerStore {
  /** The entries that were new, in the order given; all or none. @throws RangeError when a body's postings do not sum to zero. */
  append(bodies: readonly EntryBody[]): Promise<readonly LedgerEntry[]>;
  /** The last entry's; sequence 0 and `genesisHash` before the first. */
  head(): Promise<{ readonly sequence: number; readonly hash: string }>;
  /** Entries with sequence > `after`, in order, at most `limit`. */
  entries(after: number, limit: number): Promise<readonly LedgerEntry[]>;
  /** All entries of a job, by sequence. */
  entriesOf(job: string): Promise<readonly LedgerEntry[]>;
  /** The run-slots of a job that are in the ledger, by slot, then run. */
  bookedOf(job: string): Promise<readonly { readonly run: string; readonly slot: Instant }[]>;
  /** Surplus already certified to runs (`actual`) or claimed by counterfactuals, of one site and slot, Wh. */
  taken(site: string, slot: Instant): Promise<{ readonly actualWh: WattHours; readonly counterfactualWh: WattHours }>;
}

/** A stored entry cannot be read as one: the store was changed from outside. */
export class LedgerFault extends Error {
  readonly sequence: number;
  constructor(sequence: number) {
    super(`ledger entry ${sequence} cannot be read; the store was changed from outside, restore it from a copy`);
    this.name = 'LedgerFault';
    this.sequence = sequence;
  }
}

/** @throws RangeError when a body's postings do not sum to zero: such a body is a bug, and none of its batch is stored. */
export function checkBalanced(bodies: readonly EntryBody[]): void {
  const unbalanced = bodies.find(({ postings }) => !balances(postings));
  if (unbalanced) throw new RangeError(`postings of run ${unbalanced.run} in slot ${unbalanced.slot} do not sum to zero`);
}
