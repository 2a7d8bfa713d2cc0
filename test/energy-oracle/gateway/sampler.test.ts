import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createSampler } from '../../../energy-oracle/gateway/sampler.ts';
import type { Stream } from '../../../energy-oracle/telemetry/reading.ts';
import { MINUTE, SECOND } from '../../../units/time.ts';

const minute = { start: 0, end: MINUTE };
const said = (device: string, second: number, value: number, stream: Stream = 'pv_power') => ({
  device,
  stream,
  value,
  at: second * SECOND,
});
const sampler = (devices: readonly string[], stream: Stream = 'pv_power', staleMs = 30 * SECOND) =>
  createSampler([{ stream, devices, staleMs }]);

describe('a sampler', () => {
  test.each([
    { name: 'weighs power by the time it held', heard: [said('a', -5, 100), said('a', 15, 300), said('a', 45, 0)], want: 175 },
    { name: 'leaves a gap before the first value', heard: [said('a', 1, 100), said('a', 20, 100), said('a', 40, 100)], want: undefined },
    { name: 'leaves a gap where a value is older than its limit', heard: [said('a', 0, 100), said('a', 31, 100)], want: undefined },
    { name: 'leaves a gap when the last value is too old at the end', heard: [said('a', 0, 100), said('a', 25, 100)], want: undefined },
    { name: 'does not look at what came after the end', heard: [said('a', 0, 100), said('a', 30, 100), said('a', 61, 900)], want: 100 },
    { name: 'does not go back in a device’s time', heard: [said('a', 0, 100), said('a', 30, 200), said('a', 20, 9_000)], want: 150 },
    { name: 'has no use for a device that is not planned', heard: [said('b', 0, 100), said('b', 30, 100)], want: undefined },
  ])('$name', ({ heard, want }) => {
    const one = sampler(['a']);
    for (const each of heard) one.observe(each);
    expect(one.close(minute)).toEqual([{ stream: 'pv_power', value: want, missing: want === undefined ? ['a'] : [] }]);
  });

  test('sums several devices, and only when all of them are known', () => {
    const two = sampler(['a', 'b']);
    for (const second of [0, 20, 40, 60, 80]) two.observe(said('a', second, 100));
    for (const second of [0, 20, 40, 60]) two.observe(said('b', second, 50));
    expect(two.close(minute)).toEqual([{ stream: 'pv_power', value: 150, missing: [] }]);
    expect(two.close({ start: MINUTE, end: 2 * MINUTE })).toEqual([{ stream: 'pv_power', value: undefined, missing: ['a', 'b'] }]);
  });

  test.each([
    { name: 'the last stand of a register', stream: 'energy_import' as const, heard: [10, 50, 61], want: 50 },
    { name: 'the last state of charge', stream: 'battery_soc' as const, heard: [10, 40], want: 40 },
    { name: 'no stand that is too old', stream: 'energy_export' as const, heard: [10], want: undefined },
  ])('tells $name', ({ stream, heard, want }) => {
    const one = sampler(['a'], stream);
    for (const second of heard) one.observe(said('a', second, second, stream));
    expect(one.close(minute)[0]?.value).toBe(want);
  });

  test('conserves energy: averages over parts of an interval add up to the whole', () => {
    const steps = fc.array(fc.record({ after: fc.integer({ min: 1, max: 25 }), value: fc.integer({ min: -5_000, max: 5_000 }) }), {
      minLength: 30,
    });
    fc.assert(
      fc.property(steps, (drawn) => {
        const whole = sampler(['a']);
        const parts = sampler(['a']);
        let second = 0;
        for (const { after, value } of [{ after: 0, value: 7 }, ...drawn]) {
          second += after;
          for (const each of [whole, parts]) each.observe(said('a', second, value));
        }
        const length = Math.floor(second / 4) * 4 * SECOND;
        const quarter = length / 4;
        const values = [0, 1, 2, 3].map((i) => parts.close({ start: i * quarter, end: (i + 1) * quarter })[0]?.value ?? Number.NaN);
        const all = whole.close({ start: 0, end: length })[0]?.value ?? Number.NaN;
        expect(Math.abs(values.reduce((sum, value) => sum + value, 0) / 4 - all)).toBeLessThan(0.002);
      }),
    );
  });

  test('keeps the age of what was said when the clock is set, and lets the interval under way be a gap', () => {
    const one = sampler(['a']);
    one.observe(said('a', 0, 100));
    one.observe(said('a', 20, 100));
    one.shift(60 * MINUTE);
    const [later, next] = [60, 61].map((m) => ({ start: m * MINUTE, end: (m + 1) * MINUTE }));
    one.observe({ ...said('a', 0, 100), at: 60 * MINUTE + 40 * SECOND });
    expect(one.close(later as typeof minute)[0]?.value).toBeUndefined();
    for (const second of [5, 30, 55]) one.observe({ ...said('a', 0, 100), at: 61 * MINUTE + second * SECOND });
    expect(one.close(next as typeof minute)[0]?.value).toBe(100);
  });
});
