/**
 * Ledger store: the append-only chain of entries, as a port.
 *
 * `append` chains and stores all bodies in one transaction; a body whose (run, slot) is already booked is skipped,
 * so that a repeated booking changes nothing. Entries are never updated or deleted.
 */
import type { WattHours } from '../../units/quantity.ts';
import type { Instant } from '../../units/time.ts';
import type { EntryBody, LedgerEntry } from './entry.ts';

export interface LedgerStore {
  /** The entries that were new, in the order given. @throws RangeError when a body's postings do not sum to zero. */
  append(bodies: readonly EntryBody[]): Promise<readonly LedgerEntry[]>;
  head(): Promise<{ readonly sequence: number; readonly hash: string }>;
  /** Entries with sequence > `after`, in order, at most `limit`. */
  entries(after: number, limit: number): Promise<readonly LedgerEntry[]>;
  entriesOf(job: string): Promise<readonly LedgerEntry[]>;
  /** Surplus already certified to runs (`actual`) or claimed by counterfactuals, of one site and slot, Wh. */
  taken(site: string, slot: Instant): Promise<{ readonly actualWh: WattHours; readonly counterfactualWh: WattHours }>;
}
