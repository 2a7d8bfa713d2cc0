/**
 * Totals: counters that follow a sum somebody else keeps.
 */
import type { Counter } from 'prom-client';

const told = new WeakMap<object, Map<string, number>>();

/** Brings a counter to a total that only grows; one that shrank began anew, and the counter stands until it has caught up. */
export function setTotal<Label extends string>(counter: Counter<Label>, labels: Partial<Record<Label, string>>, total: number): void {
  const known = told.get(counter) ?? new Map<string, number>();
  told.set(counter, known);
  const key = JSON.stringify(labels);
  const before = known.get(key) ?? 0;
  counter.inc(labels, Math.max(0, total - before));
  known.set(key, Math.max(before, total));
}
