/**
 * Spool: what a sender has sent and not yet had a receipt for, as a port with its in-memory reference.
 *
 * Owns the sender's sequence numbers. An entry is durable before it is sent and forgotten only on a receipt, so a
 * sender that is killed at any instant repeats itself and never renumbers.
 */
import type { Instant } from '../../units/time.ts';

export interface SpoolEntry {
  readonly stream: string;
  readonly seq: number;
  readonly topic: string;
  readonly payload: Uint8Array;
  /** End of what the entry tells of; entries of a stream only ever advance it. */
  readonly end: Instant;
}

export interface Spool {
  /** The next number of a stream, and the end of the last thing spooled for it (both survive a restart). */
  head(stream: string): { readonly nextSeq: number; readonly end: Instant | undefined };
  /** All or nothing, durable when the promise resolves. @throws RangeError when a `seq` is not its stream's next number. */
  append(entries: readonly SpoolEntry[]): Promise<void>;
  /** Entries without a receipt, oldest first. */
  pending(): readonly SpoolEntry[];
  /** Forgets an entry; unknown entries are ignored (receipts may repeat). */
  forget(stream: string, seq: number): void;
  close(): Promise<void>;
}

/** The reference: the same promises, without the disk. */
export function createMemorySpool(): Spool {
  const heads = new Map<string, { nextSeq: number; end: Instant | undefined }>();
  const entries = new Map<string, SpoolEntry>();
  const head = (stream: string) => heads.get(stream) ?? { nextSeq: 0, end: undefined };
  return {
    head,
    append: async (added) => {
      const next = new Map<string, number>();
      for (const { stream, seq } of added) {
        const expected = next.get(stream) ?? head(stream).nextSeq;
        if (seq !== expected) throw new RangeError(`${stream} expects seq ${expected}, found ${seq}`);
        next.set(stream, seq + 1);
      }
      for (const entry of added) {
        heads.set(entry.stream, { nextSeq: entry.seq + 1, end: entry.end });
        entries.set(`${entry.stream}#${entry.seq}`, entry);
      }
    },
    pending: () => [...entries.values()],
    forget: (stream, seq) => {
      entries.delete(`${stream}#${seq}`);
    },
    close: async () => {},
  };
}
