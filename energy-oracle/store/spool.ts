/**
 * Spool: what a sender has sent and not yet had a receipt for, as a port with its in-memory reference.
 *
 * Owns the sender's sequence numbers. An entry is durable before it is sent and forgotten only on a receipt, so a
 * sender that is killed at any instant repeats itself and never renumbers. A spool that is full refuses what is new and
 * keeps what it has: the oldest readings are the ones that nobody can measure again.
 */
import type { Instant } from '../../units/time.ts';

/** What is remembered of an entry while its payload lies on the disk. */
export interface SpoolMark {
  readonly stream: string;
  readonly seq: number;
  /** End of what the entry tells of; entries of a stream only ever advance it. */
  readonly end: Instant;
}

export interface SpoolEntry extends SpoolMark {
  readonly topic: string;
  readonly payload: Uint8Array;
  /** Numbers of other streams that this one message uses up: the members of a batch. */
  readonly covers?: readonly SpoolMark[];
}

export interface Spool {
  /** The next number of a stream, and the end of the last thing spooled for it (both survive a restart). */
  head(stream: string): { readonly nextSeq: number; readonly end: Instant | undefined };
  /**
   * All or nothing, durable when the promise resolves.
   *
   * @throws RangeError when a `seq` is not its stream's next number
   * @throws SpoolFault when it cannot be kept; nothing of it counts then, and the next call may succeed
   */
  append(entries: readonly SpoolEntry[]): Promise<void>;
  /** Entries without a receipt, oldest first, their payloads left where they are. */
  pending(): readonly SpoolMark[];
  /** The whole entries of these marks, in their order; what was forgotten meanwhile is left out. @throws SpoolFault */
  read(marks: readonly SpoolMark[]): Promise<readonly SpoolEntry[]>;
  /** Forgets an entry; false when it is not there (receipts may repeat). */
  forget(stream: string, seq: number): boolean;
  /** What it holds: entries without a receipt, and bytes on the disk, which shrink a while after the entries do. */
  size(): { readonly entries: number; readonly bytes: number };
  close(): Promise<void>;
}

/** The spool does not keep what it is told: `full` is room that is missing, `failed` a disk that does not work. */
export class SpoolFault extends Error {
  readonly path: string;
  readonly reason: 'full' | 'failed' | 'damaged' | 'closed';
  constructor(path: string, reason: SpoolFault['reason'], what: string, cause?: unknown) {
    super(`${path}: ${what}`, { cause });
    this.name = 'SpoolFault';
    this.path = path;
    this.reason = reason;
  }
}

/** @throws RangeError when the entries do not carry on their streams' numbers */
export function requireNextNumbers(entries: readonly SpoolEntry[], head: Spool['head']): void {
  const next = new Map<string, number>();
  for (const { stream, seq } of entries.flatMap((entry) => [entry, ...(entry.covers ?? [])])) {
    const expected = next.get(stream) ?? head(stream).nextSeq;
    if (seq !== expected) throw new RangeError(`${stream} expects seq ${expected}, found ${seq}`);
    next.set(stream, seq + 1);
  }
}

/** Names an entry within a spool. */
export const spoolKey = (stream: string, seq: number): string => `${stream}#${seq}`;

/** The reference: the same promises, without the disk. */
export function createMemorySpool(): Spool {
  const heads = new Map<string, { nextSeq: number; end: Instant | undefined }>();
  const entries = new Map<string, SpoolEntry>();
  const head: Spool['head'] = (stream) => heads.get(stream) ?? { nextSeq: 0, end: undefined };
  return {
    head,
    append: async (added) => {
      requireNextNumbers(added, head);
      for (const entry of added) {
        for (const { stream, seq, end } of [entry, ...(entry.covers ?? [])]) heads.set(stream, { nextSeq: seq + 1, end });
        entries.set(spoolKey(entry.stream, entry.seq), entry);
      }
    },
    pending: () => [...entries.values()],
    read: async (marks) => marks.flatMap(({ stream, seq }) => entries.get(spoolKey(stream, seq)) ?? []),
    forget: (stream, seq) => entries.delete(spoolKey(stream, seq)),
    size: () => ({ entries: entries.size, bytes: 0 }),
    close: async () => {},
  };
}
