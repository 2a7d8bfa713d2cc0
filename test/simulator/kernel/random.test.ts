/**
 * Random: the numbers themselves are pinned, since every golden run rests on them; their quality is only glanced at.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { noiseAt, randomStream } from '../../../simulator/kernel/random.ts';

const take = <Value>(count: number, draw: () => Value): Value[] => Array.from({ length: count }, draw);
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const anySeed = fc.maxSafeInteger();

describe('a random stream', () => {
  test('gives these very numbers, on every machine', () => {
    expect(take(3, randomStream(42, 'meter').uniform)).toEqual([0.8184423613646098, 0.6636321032702686, 0.17816374385069889]);
    expect([noiseAt(42, 'meter', 0), noiseAt(42, 'meter', 1), noiseAt(42, 'meter', -1)]).toEqual([
      0.9369616541080177, 0.06357713881880045, 0.4022156912833452,
    ]);
  });

  test('repeats for the same seed and name, and parts for another of either', () => {
    fc.assert(
      fc.property(anySeed, fc.string(), (seed, name) => {
        const first = take(8, randomStream(seed, name).uniform);
        expect(take(8, randomStream(seed, name).uniform)).toEqual(first);
        expect(take(8, randomStream(seed, `${name}'`).uniform)).not.toEqual(first);
        expect(take(8, randomStream(seed === 0 ? 1 : -seed, name).uniform)).not.toEqual(first);
      }),
    );
  });

  test('has streams that do not move together, even of neighbouring seeds', () => {
    const [left, right] = [randomStream(1, 'a'), randomStream(2, 'a')];
    const product = mean(take(20_000, () => left.normal() * right.normal()));
    expect(Math.abs(product)).toBeLessThan(4 / Math.sqrt(20_000));
  });

  test('is uniform in [0, 1): every sixteenth is as full as chance allows', () => {
    const counts = new Array<number>(16).fill(0);
    const draws = take(16_000, randomStream(7, 'uniform').uniform);
    for (const value of draws) counts[Math.floor(value * 16)] = (counts[Math.floor(value * 16)] ?? Number.NaN) + 1;
    const chiSquare = counts.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    expect(counts).toHaveLength(16);
    expect(chiSquare).toBeLessThan(37.7); // 99.9 % of chi square, 15 degrees
  });

  test('is normal with mean 0, variance 1 and the tails of a normal', () => {
    const draws = take(50_000, randomStream(7, 'normal').normal);
    expect(Math.abs(mean(draws))).toBeLessThan(0.015);
    expect(mean(draws.map((value) => value ** 2))).toBeCloseTo(1, 1);
    expect(mean(draws.map((value) => value ** 4))).toBeGreaterThan(2.8);
    expect(mean(draws.map((value) => value ** 4))).toBeLessThan(3.2);
  });

  test('draws whole numbers from low up to, not including, high, and all of them', () => {
    const stream = randomStream(3, 'int');
    expect([...new Set(take(200, () => stream.int(-2, 3)))].sort((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2]);
    expect(new Set(take(100, () => stream.pick(['sun', 'wind'])))).toEqual(new Set(['sun', 'wind']));
  });

  test.each([
    ['an empty range', () => randomStream(1, 'x').int(2, 2)],
    ['a broken range', () => randomStream(1, 'x').int(0, 1.5)],
    ['an empty list', () => randomStream(1, 'x').pick([])],
    ['a broken seed', () => randomStream(0.5, 'x')],
    ['a broken index', () => noiseAt(1, 'x', Number.NaN)],
  ])('refuses %s', (_, draw) => expect(draw).toThrow(RangeError));
});

describe('noise at an index', () => {
  test('lies in [0, 1), whatever is asked', () => {
    fc.assert(
      fc.property(anySeed, fc.string(), anySeed, (seed, name, index) => {
        const value = noiseAt(seed, name, index);
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThan(1);
      }),
    );
  });

  test('has no memory of the index before it', () => {
    const values = Array.from({ length: 20_000 }, (_, index) => noiseAt(9, 'meter', index) - 0.5);
    expect(Math.abs(mean(values))).toBeLessThan(0.01);
    const neighbours = values.slice(1).map((value, index) => value * (values[index] ?? Number.NaN));
    expect(Math.abs(mean(neighbours)) * 12).toBeLessThan(4 / Math.sqrt(20_000));
  });
});
