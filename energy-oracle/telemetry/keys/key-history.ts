/**
 * Key history: the keys of one site's meter, each with the slots it is valid for.
 *
 * Pure: a statement makes a new history of an old one, or is refused with a reason. No key is valid beside another; what
 * was revoked or rotated out never comes back. Keys begin in the future only, so what no key is valid for was signed by a
 * key that has been revoked since, or by none.
 */
import { DAY, type DurationMs, type Instant, slotOf, toIso } from '../../../units/time.ts';
import type { KeyStatement } from './key-statement.ts';

export interface KeySpan {
  readonly meterKey: string;
  /** First slot it is valid for; −∞ of the key in the site file. */
  readonly from: Instant;
  /** First slot it is not valid for; `undefined` while none is known. */
  readonly until: Instant | undefined;
  readonly ended: 'rotated' | 'revoked' | undefined;
}

export interface KeyHistory {
  /** Oldest first. */
  readonly keys: readonly KeySpan[];
  /** Of the last statement; 0 when there was none. */
  readonly nonce: number;
}

export type KeyRefusal =
  | 'nonce'
  | 'key-in-force'
  | 'no-key'
  | 'key-known'
  | 'key-unknown'
  | 'ended-already'
  | 'in-the-past'
  | 'too-far-ahead';

export type KeyVerdict =
  | { readonly kind: 'applied'; readonly history: KeyHistory }
  | { readonly kind: 'refused'; readonly reason: KeyRefusal; readonly detail: string };

/** A change of keys may be announced so long before. */
const aheadMsMax: DurationMs = 366 * DAY;

/** A site as its file enrols it: one key, for ever. */
export const firstHistory = (meterKey: string): KeyHistory => ({
  keys: [{ meterKey, from: Number.NEGATIVE_INFINITY, until: undefined, ended: undefined }],
  nonce: 0,
});

/** The key that is valid for the slot of an instant; `undefined` when none is. */
export function validAt({ keys }: KeyHistory, at: Instant): string | undefined {
  const slot = slotOf(at);
  return keys.find(({ from, until = Number.POSITIVE_INFINITY }) => from <= slot && slot < until)?.meterKey;
}

/** What a statement makes of a history when it is told at `now`; whose it is has been checked or will be. */
export function applied(
  history: KeyHistory,
  { action, meterKey, from, nonce }: Omit<KeyStatement, 'provider' | 'site'>,
  now: Instant,
): KeyVerdict {
  const refuse = (reason: KeyRefusal, detail: string): KeyVerdict => ({ kind: 'refused', reason, detail });
  const { keys } = history;
  const next = history.nonce + 1;
  if (nonce !== next) return refuse('nonce', `the next statement of this site has nonce ${next}, found ${nonce}`);
  if (from > now + aheadMsMax) return refuse('too-far-ahead', `from is at most 366 days ahead, found ${toIso(from)}`);
  const own = keys.find((key) => key.meterKey === meterKey);
  if (action === 'revoke') {
    if (!own) return refuse('key-unknown', 'this site never had that key');
    if (own.until !== undefined && own.until <= from)
      return refuse('ended-already', `that key was ${own.ended} from ${toIso(own.until)} on`);
    return {
      kind: 'applied',
      history: { nonce, keys: keys.map((key) => (key === own ? { ...key, until: from, ended: 'revoked' } : key)) },
    };
  }
  if (own) return refuse('key-known', 'a key is enrolled once; make another with `sunward key`');
  if (from < slotOf(now)) return refuse('in-the-past', `a key begins in the slot of ${toIso(slotOf(now))} or later, found ${toIso(from)}`);
  const fresh: KeySpan = { meterKey, from, until: undefined, ended: undefined };
  const last = keys.findLast((key) => key.until === undefined || key.until > from);
  if (action === 'enrol') {
    if (last) return refuse('key-in-force', `a key is valid then; rotate instead, or enrol from its end on`);
    return { kind: 'applied', history: { nonce, keys: [...keys, fresh] } };
  }
  if (!last) return refuse('no-key', 'no key is valid then; enrol instead');
  if (last.until !== undefined || last.from >= from)
    return refuse('key-in-force', `another change of keys is announced for ${toIso(last.until ?? last.from)}; rotate after it`);
  return {
    kind: 'applied',
    history: { nonce, keys: [...keys.map((key) => (key === last ? { ...key, until: from, ended: 'rotated' as const } : key)), fresh] },
  };
}
