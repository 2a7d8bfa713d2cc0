import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createFairQueue } from '../../../energy-oracle/telemetry/fair-queue.ts';

const message = (topic: string, size = 1) => ({ topic, payload: new Uint8Array(size), receivedAt: 0 });
const drained = (queue: ReturnType<typeof createFairQueue>) => {
  const all: string[] = [];
  for (let next = queue.take(); next; next = queue.take()) all.push(next.topic);
  return all;
};

describe('the fair queue', () => {
  test('serves lanes in turn, each in its order', () => {
    const queue = createFairQueue({ countMax: 100, bytesMax: 100 });
    for (const topic of ['a1', 'a2', 'a3', 'b1', 'c1', 'b2']) expect(queue.push(topic.charAt(0), message(topic))).toBeUndefined();
    expect(drained(queue)).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3']);
    expect(queue.size()).toBe(0);
  });

  test('lets a flood give way, and nobody else, when there is no room', () => {
    const queue = createFairQueue({ countMax: 10, bytesMax: 100 });
    queue.push('honest', message('h1'));
    for (let i = 0; i < 50; i++) queue.push('flood', message(`f${i}`));
    expect(queue.push('honest', message('h2'))?.topic).toMatch(/^f/);
    expect(queue.push('flood', message('last'))?.topic).toBe('last');
    expect(drained(queue)).toEqual(['h1', 'f0', 'h2', 'f1', 'f2', 'f3', 'f4', 'f5', 'f6', 'f7']);
  });

  test('counts bytes as it counts messages', () => {
    const queue = createFairQueue({ countMax: 10, bytesMax: 100 });
    queue.push('a', message('a1', 60));
    expect(queue.push('b', message('b1', 41))).toBeDefined();
    expect(queue.size()).toBe(1);
    expect(drained(queue)).toHaveLength(1);
  });

  test('loses nothing but what it says it turns away, and keeps the order of every lane', () => {
    const step = fc.oneof(fc.constantFrom('a', 'b', 'c'), fc.constant(undefined));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), fc.integer({ min: 1, max: 20 }), (steps, countMax) => {
        const queue = createFairQueue({ countMax, bytesMax: 1e6 });
        const [pushed, away, taken]: [string[], string[], string[]] = [[], [], []];
        for (const [i, lane] of steps.entries()) {
          if (lane === undefined) taken.push(queue.take()?.topic ?? '');
          else {
            pushed.push(`${lane}${i}`);
            const turned = queue.push(lane, message(`${lane}${i}`));
            if (turned) away.push(turned.topic);
          }
          expect(queue.size()).toBeLessThanOrEqual(countMax);
        }
        const out = [...taken.filter(Boolean), ...drained(queue)];
        expect([...out, ...away].toSorted()).toEqual(pushed.toSorted());
        for (const lane of ['a', 'b', 'c']) {
          const numbers = out.filter((topic) => topic.startsWith(lane)).map((topic) => Number(topic.slice(1)));
          expect(numbers).toEqual(numbers.toSorted((x, y) => x - y));
        }
      }),
    );
  });
});
