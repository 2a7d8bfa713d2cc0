/**
 * Journal: what an agent must still know after a kill -9, as a port with its in-memory reference.
 *
 * A whole snapshot each time: highest fences, runs that are not yet reported as over, and the one report that has no
 * receipt yet. It stays small: a run leaves with the report that says it is over, a fence when its lease is long over.
 */
import type { DurationMs, Instant } from '../../units/time.ts';
import type { Lease, Report, RunState } from '../dispatch/lease.ts';

export interface JournalRun {
  /** With `until` as renewed. */
  readonly lease: Lease;
  readonly state: Exclude<RunState, 'leased'>;
  /** `undefined` until the executor was told to start it. */
  readonly startedAt: Instant | undefined;
  readonly endedAt: Instant | undefined;
  /** The last instant the executor was known to have it. */
  readonly seenAt: Instant | undefined;
  /** Start of the first slot whose energy is in no report yet. */
  readonly meteredFrom: Instant;
  readonly progress: DurationMs;
  readonly stopAsked: boolean;
  readonly detail: string;
}

export interface Journal {
  /** Number of the newest report ever built; 0 before the first. */
  readonly seq: number;
  /** Per job the highest fence taken, kept until no lease with a lower one can still be valid. */
  readonly fences: Readonly<Record<string, { readonly fence: number; readonly until: Instant }>>;
  readonly runs: readonly JournalRun[];
  readonly unreceipted: Report | undefined;
}

export const emptyJournal: Journal = { seq: 0, fences: {}, runs: [], unreceipted: undefined };

export interface AgentJournal {
  /** The newest snapshot; the empty one on first use. @throws JournalFault when there is one and it cannot be read. */
  load(): Promise<Journal>;
  /** Durable when the promise resolves; a kill before that leaves the previous snapshot whole. */
  save(journal: Journal): Promise<void>;
}

/** The journal cannot be read or written. Without it an agent must not work: it could break a fence. */
export class JournalFault extends Error {
  readonly path: string;
  constructor(path: string, what: string, cause?: unknown) {
    super(`agent journal ${path}: ${what}`, { cause });
    this.name = 'JournalFault';
    this.path = path;
  }
}

/** The reference: keeps the snapshot as text, as a disk would. */
export function createMemoryJournal(): AgentJournal {
  let text: string | undefined;
  return {
    load: async () => (text === undefined ? emptyJournal : (JSON.parse(text) as Journal)),
    save: async (journal) => {
      text = JSON.stringify(journal);
    },
  };
}
