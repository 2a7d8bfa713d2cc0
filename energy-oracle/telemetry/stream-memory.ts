/**
 * Stream memory: what is remembered of the newest messages of one sender's stream.
 *
 * Owns a bounded window of what was told, by number, and the floor below which only the store knows. Decides nothing;
 * `verify.ts` does. Insertion keeps the order of numbers, so the neighbours of a late message are found by bisection.
 */
import type { Instant } from '../../units/time.ts';

/** One message, as far as later ones must agree with it. */
export interface Told {
  readonly seq: number;
  readonly start: Instant;
  readonly end: Instant;
  readonly signature: string;
  /** The claim, as text: two messages for one interval that differ in it are an equivocation. */
  readonly claim: string;
  /** Value of a register, which may not run backwards; `undefined` for anything else. */
  readonly register: number | undefined;
  /** False when nobody signed it; what its `signature` says is then its text. */
  readonly vouched?: false;
}

/** The newest message that has left the window, or was stored before a restart. */
export interface Floor {
  readonly seq: number;
  readonly end: Instant;
}

/** Messages remembered per stream: 2.8 days of a stream of one reading a minute. */
export const rememberedMax = 4_096;

export interface StreamMemory {
  floor(): Floor;
  /** The highest number known of, −1 when there is none. */
  highest(): number;
  find(seq: number): Told | undefined;
  /** Remembered messages with the next lower and the next higher number. O(log n). */
  neighbours(seq: number): { readonly before: Told | undefined; readonly after: Told | undefined };
  remember(told: Told): void;
  /** Why a message with this signature was refused earlier; `undefined` when it was not. */
  refusedFor(signature: string): string | undefined;
  refuse(signature: string, reason: string): void;
}

export function createStreamMemory(head: Floor = { seq: -1, end: Number.NEGATIVE_INFINITY }): StreamMemory {
  let floor = head;
  const numbers: number[] = []; // ascending
  const told = new Map<number, Told>(); // in order of arrival: the oldest arrival leaves first
  const refused = new Map<string, string>();
  /** Index of the first number ≥ seq. */
  const indexOf = (seq: number): number => {
    let low = 0;
    let high = numbers.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((numbers[middle] ?? 0) < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const at = (index: number): Told | undefined => {
    const seq = numbers[index];
    return seq === undefined ? undefined : told.get(seq);
  };
  const forgetOldest = () => {
    const [oldest] = told.values();
    if (!oldest) return;
    told.delete(oldest.seq);
    numbers.splice(indexOf(oldest.seq), 1);
    if (oldest.seq > floor.seq) floor = { seq: oldest.seq, end: Math.max(floor.end, oldest.end) };
  };
  return {
    floor: () => floor,
    highest: () => Math.max(floor.seq, numbers.at(-1) ?? -1),
    find: (seq) => told.get(seq),
    neighbours: (seq) => {
      const index = indexOf(seq);
      return { before: at(index - 1), after: at(numbers[index] === seq ? index + 1 : index) };
    },
    remember: (message) => {
      if (told.has(message.seq)) throw new RangeError(`seq ${message.seq} is remembered already`);
      numbers.splice(indexOf(message.seq), 0, message.seq);
      told.set(message.seq, message);
      if (told.size > rememberedMax) forgetOldest();
    },
    refusedFor: (signature) => (refused.size === 0 ? undefined : refused.get(signature)), // hashing a signature costs more
    refuse: (signature, reason) => {
      refused.set(signature, reason);
      const [oldest] = refused.keys();
      if (refused.size > rememberedMax && oldest !== undefined) refused.delete(oldest);
    },
  };
}
