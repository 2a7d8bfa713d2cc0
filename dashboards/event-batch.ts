/**
 * Which events the page keeps: newest first, each once, bounded.
 *
 * Pure. Knows that ids rise within one run of the river and start anew with the next; reconnecting may repeat events.
 */
import type { EventWire } from '../scheduler/wire.ts';

export const EVENTS_KEPT_MAX = 200;

/**
 * Puts a batch before what was kept: newest first, each id once, bounded.
 *
 * Ids rise within one run of the river. A batch that contradicts what was kept comes from a new run: the old is dropped.
 */
export function withBatch(kept: readonly EventWire[], batch: readonly EventWire[]): readonly EventWire[] {
  const byId = new Map(kept.map((event) => [event.id, event]));
  const newestId = Math.max(...batch.map(({ id }) => id));
  const oldestKeptId = kept.at(-1)?.id ?? 0;
  const contradicts = newestId < oldestKeptId || batch.some((event) => (byId.get(event.id)?.at ?? event.at) !== event.at);
  if (contradicts) byId.clear();
  for (const event of batch) byId.set(event.id, event);
  return [...byId.values()].sort((a, b) => b.id - a.id).slice(0, EVENTS_KEPT_MAX);
}
