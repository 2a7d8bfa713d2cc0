/**
 * Said: one number that a device told of, before anybody settled what it means; and the session that some dialects need.
 */
import type { Instant } from '../../../units/time.ts';
import type { Stream } from '../reading.ts';
import type { LocalMessage, Outgoing } from './translator.ts';

export interface Said {
  /** Within the dialect. */
  readonly device: string;
  readonly measure: string;
  /** As it came: a number, a text that should be one, or what stands for "no value". */
  readonly value: unknown;
  /** As the device or the dialect says; `undefined` when neither does. */
  readonly unit: string | undefined;
  readonly scale: number;
  readonly sign: '+' | '-';
  /** Where the dialect knows it. */
  readonly stream: Stream | undefined;
  readonly at: Instant;
  readonly timed: 'device' | 'received';
  /** One of several that are summed under the same device and measure. */
  readonly part: string | undefined;
}

export interface SessionHeard {
  readonly said: readonly Said[];
  readonly refusals: readonly string[];
  readonly replies: readonly Outgoing[];
  readonly subscribe: readonly string[];
}

/** What a dialect remembers of its devices where rules are not enough. Its memory is bounded. */
export interface Session {
  readonly filters: readonly string[];
  /** `undefined` for a message of another dialect. */
  hear(message: LocalMessage): SessionHeard | undefined;
}

/** Forgets the oldest when it is full; a table of what strangers publish must not grow for ever. */
export function boundedMap<V>(entriesMax: number): Map<string, V> {
  return new (class extends Map<string, V> {
    override set(key: string, value: V): this {
      if (!this.has(key) && this.size >= entriesMax) this.delete(this.keys().next().value as string);
      return super.set(key, value);
    }
  })();
}
