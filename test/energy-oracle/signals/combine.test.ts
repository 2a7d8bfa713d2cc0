/** Combining sources: who counts, what a step is when few tell of it, and that a minority of liars cannot move it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { aligned, type CombineRule, combine, deviants, median, quorumOf, toleratedOf } from '../../../energy-oracle/signals/combine.ts';
import { HOUR, MINUTE } from '../../../units/time.ts';
import { broken, isWithin, play, worlds } from './liars.ts';

const noon = Date.UTC(2026, 5, 21, 12);
const interval = { start: noon, end: noon + HOUR };
const rule: CombineRule = { stepMs: HOUR, tolerated: 1, deviation: { absolute: 10, relative: 0.1 }, belowQuorum: 'gap' };
const say = (source: string, ...values: readonly number[]) => {
  const stepMs = HOUR / values.length;
  return { source, steps: values.map((value, i) => ({ start: noon + i * stepMs, end: noon + (i + 1) * stepMs, value })) };
};
const one = (sources: Parameters<typeof combine>[0], change: Partial<CombineRule> = {}) => {
  const [step] = combine(sources, interval, { ...rule, ...change });
  if (!step) throw new RangeError('no step');
  return step;
};

describe('a step of four sources, one of which may lie,', () => {
  test('is their median, with the interval of those that counted and who was off', () => {
    expect(one([say('a', 100), say('b', 104), say('c', 102), say('d', 900)])).toEqual({
      start: noon,
      value: 102,
      low: 100,
      high: 104,
      sources: ['a', 'b', 'c'],
      off: [{ source: 'd', by: 797 }],
      quality: 'quorum',
    });
  });

  test.each([
    { name: 'is a gap when two tell of it', sources: [say('a', 100), say('b', 101)], reason: '2 of 3 sources that are needed tell of it' },
    {
      name: 'is a gap when two agree and two do not',
      sources: [say('a', 100), say('b', 104), say('c', 300), say('d', 900)],
      reason: /of 3 sources that are needed agree/,
    },
    { name: 'is a gap when nobody tells of it', sources: [], reason: 'no source tells of it' },
    { name: 'is a gap when what is told is no number', sources: [say('a', Number.NaN)], reason: 'no source tells of it' },
  ])('$name, and says so', ({ sources, reason }) => {
    expect(one(sources)).toMatchObject({
      value: undefined,
      quality: 'gap',
      reason: typeof reason === 'string' ? reason : expect.stringMatching(reason),
    });
  });

  test('may have a value below its quorum where that is wanted, marked', () => {
    expect(one([say('a', 100), say('b', 101)], { belowQuorum: 'mark' })).toMatchObject({
      value: 100.5,
      quality: 'below-quorum',
      reason: '2 of 3 sources that are needed tell of it',
    });
  });
});

describe('alignment', () => {
  test('averages what is finer, repeats what is coarser, and leaves out what is not covered whole', () => {
    const quarters = say('quarters', 1, 2, 3, 6);
    const half = { source: 'half', steps: [{ start: noon, end: noon + 30 * MINUTE, value: 4 }] };
    expect(aligned(quarters, interval, HOUR).values).toEqual([3]);
    expect(aligned(quarters, interval, 30 * MINUTE).values).toEqual([1.5, 4.5]);
    expect(aligned(say('hour', 5), interval, 15 * MINUTE).values).toEqual([5, 5, 5, 5]);
    expect(aligned(half, interval, HOUR).values).toEqual([undefined]);
    expect(aligned(half, interval, 15 * MINUTE).values).toEqual([4, 4, undefined, undefined]);
  });

  test('takes no second word on a time that was told already', () => {
    const twice = { source: 'x', steps: [...say('x', 1).steps, ...say('x', 9).steps] };
    expect(aligned(twice, interval, HOUR).values).toEqual([1]);
  });
});

test('who is off in more than its share of steps is named with how far', () => {
  const hours = [0, 1, 2].map((i) => {
    const step = (value: number) => ({ start: noon + i * HOUR, end: noon + (i + 1) * HOUR, value });
    return { a: step(100), b: step(100), c: step(100), spiky: step(i === 0 ? 180 : 100), liar: step(100 + 50 * (i + 1)) };
  });
  const sources = (['a', 'b', 'c', 'spiky', 'liar'] as const).map((source) => ({ source, steps: hours.map((hour) => hour[source]) }));
  const steps = combine(sources, { start: noon, end: noon + 3 * HOUR }, rule);
  expect(deviants(steps, 0.5)).toEqual([{ source: 'liar', by: 150, share: 1 }]);
  expect(deviants(steps, 0.1).map(({ source }) => source)).toEqual(['spiky', 'liar']);
});

test('of n sources f of n ≥ 3f + 1 may lie, and a value needs 2f + 1', () =>
  expect([1, 2, 3, 4, 6, 7, 10].map((n) => [toleratedOf(n), quorumOf(toleratedOf(n))])).toEqual([
    [0, 1],
    [0, 1],
    [0, 1],
    [1, 3],
    [1, 3],
    [2, 5],
    [3, 7],
  ]));

test('the median is the middle of a sorted list, whatever its order', () =>
  fc.assert(
    fc.property(fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1, maxLength: 15 }), (values) => {
      const middle = median(values);
      expect(values.filter((value) => value < middle).length).toBeLessThanOrEqual(values.length / 2);
      expect(values.filter((value) => value > middle).length).toBeLessThanOrEqual(values.length / 2);
    }),
  ));

describe.each([1, 2, 3])('with %i of 3f + 1 sources lying and as many away', (f) => {
  test('a value is always one that honest sources could have said', () =>
    fc.assert(
      fc.property(worlds(3 * f + 1, f, f), (world) => {
        for (const { step, honest } of play(world, f))
          if (step.value !== undefined) expect(isWithin(step.value, honest), JSON.stringify({ step, honest })).toBe(true);
      }),
      { numRuns: 300 },
    ));

  test('one liar more moves it', () =>
    fc.assert(
      fc.property(broken(f), (world) => {
        expect(play(world, f).some(({ step, honest }) => step.value !== undefined && !isWithin(step.value, honest))).toBe(true);
      }),
      { numRuns: 300 },
    ));
});
