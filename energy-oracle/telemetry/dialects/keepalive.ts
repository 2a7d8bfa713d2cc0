/**
 * Keepalive: what a device must be told so that it goes on publishing, and when.
 *
 * The first message asks for everything, the next ones only keep it talking; now and then everything is asked for again,
 * for what does not change is not repeated.
 */
import type { DurationMs, Instant } from '../../../units/time.ts';
import { boundedMap } from './said.ts';
import type { Outgoing } from './translator.ts';

export interface KeepaliveRule {
  readonly wake: string;
  readonly stay: string;
  readonly every: DurationMs;
  readonly refresh: DurationMs;
}

const topicsMax = 64;

export interface Keepalive {
  /** There is such a device. */
  know(topic: string): void;
  due(now: Instant): Outgoing[];
}

export function createKeepalive({ wake, stay, every, refresh }: KeepaliveRule): Keepalive {
  const sent = boundedMap<{ readonly whole: Instant; readonly last: Instant }>(topicsMax);
  const bytes = new TextEncoder();
  return {
    know: (topic) => {
      if (!sent.has(topic)) sent.set(topic, { whole: Number.NEGATIVE_INFINITY, last: Number.NEGATIVE_INFINITY });
    },
    due: (now) => {
      const messages: Outgoing[] = [];
      for (const [topic, { whole, last }] of sent) {
        if (now < last) sent.set(topic, { whole: now - every, last: now - every }); // the clock was set back
        if (now - whole >= refresh) {
          sent.set(topic, { whole: now, last: now });
          messages.push({ topic, payload: bytes.encode(wake) });
        } else if (now - last >= every) {
          sent.set(topic, { whole, last: now });
          messages.push({ topic, payload: bytes.encode(stay) });
        }
      }
      return messages;
    },
  };
}
