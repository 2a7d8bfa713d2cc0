/** The timeline: one event after the other, the clock where the event is, no run ahead of the pace. */
import { describe, expect, test } from 'vitest';
import { createTimeline, unpaced } from '../../../simulator/kernel/virtual-clock.ts';

const tick = () => new Promise<void>((resolve) => setImmediate(resolve));
const never = () => false;

function make(pace = unpaced) {
  const timeline = createTimeline(100, pace);
  const seen: (string | number)[][] = [];
  const note = (name: string, at: number, priority = 0) =>
    timeline.at({ at, priority, happen: async () => void seen.push([name, timeline.clock.now()]) });
  return { timeline, seen, note };
}

describe('a timeline', () => {
  test('runs events in order up to and including an instant, and stands at the last one', async () => {
    const { timeline, seen, note } = make();
    note('c', 120);
    note('b', 110, 1);
    note('a', 110, 0);
    note('later', 121);
    await timeline.run(120, never);
    expect(seen).toEqual([
      ['a', 110],
      ['b', 110],
      ['c', 120],
    ]);
    expect(timeline.clock.now()).toBe(120);
    await timeline.run(200, never);
    expect(seen.at(-1)).toEqual(['later', 121]);
  });

  test('begins an event only when the one before has ended', async () => {
    const { timeline, seen, note } = make();
    timeline.at({
      at: 110,
      priority: 0,
      happen: async () => {
        for (let turn = 0; turn < 5; turn++) await tick();
        seen.push(['slow', timeline.clock.now()]);
      },
    });
    note('quick', 111);
    await timeline.run(200, never);
    expect(seen).toEqual([
      ['slow', 110],
      ['quick', 111],
    ]);
  });

  test('repeats, and takes what an event adds while it runs', async () => {
    const { timeline, seen, note } = make();
    timeline.every(105, 10, 0, async (at) => {
      seen.push(['beat', at]);
      if (at === 115) note('child', 118);
    });
    await timeline.run(130, never);
    expect(seen).toEqual([
      ['beat', 105],
      ['beat', 115],
      ['child', 118],
      ['beat', 125],
    ]);
  });

  test('never goes back: what is due in the past happens now', async () => {
    const { timeline, seen, note } = make();
    note('old', 50);
    await timeline.run(200, never);
    expect(seen).toEqual([['old', 100]]);
  });

  test('stops between events when told to, and goes on from there', async () => {
    const { timeline, seen, note } = make();
    for (const at of [101, 102, 103]) note('event', at);
    await timeline.run(200, () => seen.length === 2);
    expect(seen).toHaveLength(2);
    await timeline.run(200, never);
    expect(seen.map(([, at]) => at)).toEqual([101, 102, 103]);
  });

  test('waits for its pace before each event, and drops none when stopped while it waits', async () => {
    const reached: number[] = [];
    let stopped = false;
    const pace = {
      speed: 1,
      reach: async (instant: number) => {
        reached.push(instant);
        if (instant === 102) stopped = true;
      },
    };
    const { timeline, seen, note } = make(pace);
    for (const at of [101, 102]) note('event', at);
    await timeline.run(200, () => stopped);
    expect([reached, seen.length, timeline.clock.now()]).toEqual([[101, 102], 1, 101]);
    stopped = false;
    await timeline.run(101, never);
    expect(seen).toHaveLength(1);
  });

  test('hands on what an event throws', async () => {
    const { timeline } = make();
    timeline.at({ at: 101, priority: 0, happen: async () => Promise.reject(new RangeError('a bug')) });
    await expect(timeline.run(200, never)).rejects.toThrow('a bug');
  });
});
