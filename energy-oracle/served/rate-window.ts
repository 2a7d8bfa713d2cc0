/**
 * Rate window: so many requests of one asker in five minutes, counted from the first of them.
 *
 * Holds at most `askersMax` counts and forgets the oldest first, so a flood of names costs no memory.
 */
import type { Clock } from '../../units/clock.ts';
import { type DurationMs, type Instant, MINUTE } from '../../units/time.ts';

const windowMs: DurationMs = 5 * MINUTE;
const askersMax = 10_000;

export interface RateWindow {
  /** 0 when the request may pass, else ms until the asker's window is over. */
  take(asker: string, requestsMax: number): DurationMs;
}

export function createRateWindow({ clock }: { readonly clock: Clock }): RateWindow {
  const counts = new Map<string, { readonly since: Instant; count: number }>();
  return {
    take: (asker, requestsMax) => {
      const now = clock.now();
      const seen = counts.get(asker);
      if (!seen || now - seen.since >= windowMs || now < seen.since) {
        counts.delete(asker); // so that the newest window is the last one
        counts.set(asker, { since: now, count: 1 });
        for (const oldest of counts.keys()) {
          if (counts.size <= askersMax) break;
          counts.delete(oldest);
        }
        return 0;
      }
      if (seen.count >= requestsMax) return seen.since + windowMs - now;
      seen.count += 1;
      return 0;
    },
  };
}
