/**
 * Which events the page keeps when batches repeat, overflow, or come from a new run.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EVENTS_KEPT_MAX, withBatch } from '../../dashboards/event-batch.ts';
import type { EventWire } from '../../scheduler/wire.ts';
import { MINUTE, toIso } from '../../units/time.ts';

const event = (id: number, day = 1): EventWire => ({ id, at: toIso(Date.UTC(2021, 0, day) + id * MINUTE), kind: 'system', text: `${id}` });
const run = (from: number, to: number, day = 1) => Array.from({ length: to - from }, (_, i) => event(from + i, day));
const ids = (events: readonly EventWire[]) => events.map(({ id }) => id);

describe('the kept events', () => {
  test('are newest first and each once, however often a batch repeats', () =>
    fc.assert(
      fc.property(fc.array(fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }), { maxLength: 8 }), (batches) => {
        const all = batches.reduce<readonly EventWire[]>((kept, batch) => withBatch(kept, [event(1), ...batch.map((id) => event(id))]), []);
        expect(ids(all)).toEqual([...new Set([...(batches.length > 0 ? [1] : []), ...batches.flat()])].sort((a, b) => b - a));
      }),
    ));

  test('are bounded, and the oldest go', () => {
    const kept = withBatch(run(1, 201), run(201, 251));
    expect(kept.length).toBe(EVENTS_KEPT_MAX);
    expect(kept.at(0)?.id).toBe(250);
    expect(kept.at(-1)?.id).toBe(51);
  });

  test('are forgotten when the ids start anew: a new run', () => {
    const kept = withBatch([], run(500, 600));
    expect(ids(withBatch(kept, run(1, 4)))).toEqual([3, 2, 1]);
  });

  test('are forgotten when an id comes back with another instant: a new run', () => {
    const kept = withBatch([], run(1, 20));
    expect(ids(withBatch(kept, run(1, 4, 2)))).toEqual([3, 2, 1]);
  });
});
