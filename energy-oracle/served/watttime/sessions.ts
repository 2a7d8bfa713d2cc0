/**
 * Sessions: bearer tokens that a login hands out for a key, half an hour long, and the key behind each.
 *
 * A token is random and stands for nothing but its row here; it ends with its time or with the process, and a key that is
 * revoked meanwhile is refused when it is looked up behind its token. At most `sessionsMax` are open; the oldest give way.
 */
import type { Clock } from '../../../units/clock.ts';
import { type DurationMs, type Instant, MINUTE } from '../../../units/time.ts';

const tokenMs: DurationMs = 30 * MINUTE;
const sessionsMax = 10_000;
/** Tells a token from a key. */
const mark = 'session_';

export interface Sessions {
  /** A new token for the key. */
  open(key: string): string;
  /** The key behind a token; what is no token is a key itself; `undefined` for a token that is over or unknown. */
  keyBehind(shown: string): string | undefined;
}

/** @param newToken  at least 128 random bits as text without white space */
export function createSessions({ clock, newToken }: { readonly clock: Clock; readonly newToken: () => string }): Sessions {
  const keys = new Map<string, { readonly key: string; readonly until: Instant }>();
  return {
    open: (key) => {
      const token = `${mark}${newToken()}`;
      keys.set(token, { key, until: clock.now() + tokenMs });
      for (const oldest of keys.keys()) {
        if (keys.size <= sessionsMax) break;
        keys.delete(oldest);
      }
      return token;
    },
    keyBehind: (shown) => {
      if (!shown.startsWith(mark)) return shown;
      const session = keys.get(shown);
      if (session && clock.now() < session.until) return session.key;
      keys.delete(shown);
      return undefined;
    },
  };
}
