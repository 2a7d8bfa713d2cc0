/**
 * Unanswered: refused messages that nobody gets a receipt for, on their way to quarantine.
 *
 * They are stored in bulk and beside the commits that senders wait for, so that a forger makes no receipt late. What is
 * held is bounded: who brings more waits. Nothing was promised of them: a process that is killed loses a second of it.
 */
import type { DurationMs } from '../../units/time.ts';
import type { Quarantined } from '../store/series-store.ts';

/** Between two commits, when there is not enough for one before. */
const everyMs: DurationMs = 1_000;
/** Messages, and bytes of them, that are stored at once; whoever brings twice as much waits. */
const enough = 500;
const enoughBytes = 4_000_000;

export interface Unanswered {
  /** Takes messages in; resolves at once unless too many are held. */
  add(messages: readonly Quarantined[]): Promise<void>;
  /** Resolves when all that was taken in is stored, or `commit` gave up. */
  flush(): Promise<void>;
  isEmpty(): boolean;
}

/** @param commit  resolves to false when it gave up: what it was given is let go */
export function createUnanswered({
  commit,
  wait,
}: {
  readonly commit: (messages: readonly Quarantined[]) => Promise<boolean>;
  readonly wait: (durationMs: DurationMs) => Promise<void>;
}): Unanswered {
  let held: Quarantined[] = [];
  let heldBytes = 0;
  let storing: Promise<void> | undefined;
  let hurrying = false;
  let wake = () => {};
  const isHeld = (times: number) => held.length >= times * enough || heldBytes >= times * enoughBytes;
  const store = async () => {
    for (let goesOn = true; goesOn && held.length > 0; ) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      if (!hurrying && !isHeld(1)) await Promise.race([wait(everyMs), woken]);
      const taken = held;
      [held, heldBytes] = [[], 0];
      goesOn = await commit(taken);
    }
    [storing, hurrying] = [undefined, false];
  };
  const flush = async () => {
    if (!storing) return;
    hurrying = true;
    wake();
    await storing;
  };
  return {
    add: async (messages) => {
      for (const message of messages) {
        held.push(message);
        heldBytes += message.evidence.payload.length;
      }
      if (held.length > 0) storing ??= store();
      if (isHeld(1)) wake();
      if (isHeld(2)) await flush();
    },
    flush,
    isEmpty: () => storing === undefined,
  };
}
