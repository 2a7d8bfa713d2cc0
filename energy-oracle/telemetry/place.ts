/**
 * Place: where an authentic message stands among those its sender told before.
 *
 * Owns the rules of order: one word for a number and for an interval, numbers in the order of time, registers that never
 * run backwards. Remembers nothing (`stream-memory.ts` does) and knows neither keys nor nameplates.
 */
import { type Interval, overlap, toIso } from '../../units/time.ts';
import { isSigned, type Reading } from './reading.ts';
import type { StreamMemory, Told } from './stream-memory.ts';

/** What the store knows of an older message's number and interval. */
export interface Past {
  /** Signature stored under the same number. */
  readonly signature: string | undefined;
  /** Stored readings of the stream that meet the interval, of a register a day around it; empty for curves and batches. */
  readonly meeting: readonly Reading[];
}

export type Place =
  | { readonly kind: 'fits' }
  /** Told before: stored, or refused for this reason. */
  | { readonly kind: 'repeat'; readonly refused: string | undefined }
  /** Reaches back before what is remembered: only the store can tell. */
  | { readonly kind: 'older' }
  | {
      readonly kind: 'misplaced';
      readonly reason: 'equivocation' | 'overlap' | 'sequence-rewound' | 'register-rewound';
      readonly detail: string;
      /** Intervals of what it contradicts. */
      readonly against: readonly Interval[];
    };

const spanOf = ({ start, end }: Interval) => `[${toIso(start)}, ${toIso(end)})`;
const sameInterval = (a: Interval, b: Interval) => a.start === b.start && a.end === b.end;
/** What a reading claims of its interval, as text. */
export const claimOf = ({ value, quality }: Pick<Reading, 'value' | 'quality'>): string => `${value} ${quality}`;
/** One number, one interval, one claim: the same word, alone or in whichever batch. */
const sameWord = (told: Told, other: Pick<Told, 'start' | 'end' | 'claim'>) => sameInterval(told, other) && told.claim === other.claim;
const toldOf = (stored: Reading) => ({ ...stored.metered, seq: stored.seq, claim: claimOf(stored), register: registerOf(stored) });
/** The value of a register, which may not run backwards; `undefined` of any other stream. */
export const registerOf = ({ stream, value }: Pick<Reading, 'stream' | 'value'>): number | undefined =>
  stream === 'energy_import' || stream === 'energy_export' ? value : undefined;

/** Where an authentic message stands among those told before it. O(log remembered). */
export function placeOf(told: Told, memory: StreamMemory, past: Past | undefined): Place {
  const refusedFor = memory.refusedFor(told.signature);
  if (refusedFor !== undefined) return { kind: 'repeat', refused: refusedFor };
  const known = memory.find(told.seq);
  if (known) return known.signature === told.signature || sameWord(told, known) ? repeat : equivocation(told, [known]);
  const floor = memory.floor();
  const { before, after } = memory.neighbours(told.seq);
  const unknownRegister = told.register !== undefined && before === undefined && floor.seq >= 0;
  if (told.seq <= floor.seq || told.start < floor.end || unknownRegister) {
    if (!past) return { kind: 'older' };
    const settled = placeInStore(told, past);
    if (settled) return settled;
    if (told.seq > floor.seq && told.start < floor.end)
      return misplaced('overlap', told, `starts before ${toIso(floor.end)}, the end of seq ${floor.seq}`);
    if (told.seq <= floor.seq && told.end > floor.end)
      return misplaced('sequence-rewound', told, `is later than seq ${floor.seq}, which ends ${toIso(floor.end)}`);
  }
  if (before && before.end > told.start)
    return clashOf(told, before) ?? misplaced('sequence-rewound', told, `is earlier than seq ${before.seq}`);
  if (after && after.start < told.end) return clashOf(told, after) ?? misplaced('sequence-rewound', told, `is later than seq ${after.seq}`);
  return registerClash(told, before) ?? registerClash(told, after) ?? { kind: 'fits' };
}

/** What the stored readings say of it; `undefined` when they say nothing against it. Signed ones answer for signed ones only. */
function placeInStore(told: Told, { signature, meeting }: Past): Place | undefined {
  const stored = meeting.filter((reading) => isSigned(reading) === (told.vouched ?? true)).map(toldOf);
  if (signature !== undefined) {
    const same = signature === told.signature || stored.some((other) => other.seq === told.seq && sameWord(told, other));
    return same ? repeat : equivocation(told, stored);
  }
  for (const other of stored) {
    const clash = clashOf(told, other) ?? registerClash(told, other);
    if (clash) return clash;
  }
  return undefined;
}

/** A register that would have run backwards between the two; `undefined` when it would not. */
function registerClash(told: Told, other: Pick<Told, 'seq' | 'register'> | undefined): Place | undefined {
  if (told.register === undefined || other?.register === undefined) return undefined;
  const { seq, register } = other;
  if (seq < told.seq && register > told.register)
    return misplaced('register-rewound', told, `tells ${told.register} after ${register} of seq ${seq}`);
  if (seq > told.seq && register < told.register)
    return misplaced('register-rewound', told, `tells ${told.register} before ${register} of seq ${seq}`);
  return undefined;
}

const repeat: Place = { kind: 'repeat', refused: undefined };

const misplaced = (reason: Exclude<Extract<Place, { kind: 'misplaced' }>['reason'], 'equivocation'>, told: Told, what: string): Place => ({
  kind: 'misplaced',
  reason,
  detail: `seq ${told.seq} ${spanOf(told)} ${what}`,
  against: [],
});

/** Two words for one number or interval; of a sender that signs nothing that is a muddle, and nobody is held to it. */
export const equivocation = (told: Told, against: readonly Interval[]): Place =>
  told.vouched === false
    ? misplaced('overlap', told, 'says something else for a number or interval that was told before')
    : {
        kind: 'misplaced',
        reason: 'equivocation',
        detail: `seq ${told.seq} ${spanOf(told)}: the sender signed something else for this number or interval`,
        against,
      };

/** How two messages of one stream contradict each other in time; `undefined` when they do not meet. */
function clashOf(told: Told, other: Interval & { readonly seq: number; readonly claim: string }): Place | undefined {
  if (overlap(told, other) === 0) return undefined;
  if (sameInterval(told, other) && told.claim !== other.claim) return equivocation(told, [other]);
  return misplaced('overlap', told, `overlaps seq ${other.seq} ${spanOf(other)}`);
}
