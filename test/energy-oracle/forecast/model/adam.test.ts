/**
 * Adam and chance: the two parts of training that must be the same on every machine.
 */
import { describe, expect, test } from 'vitest';
import { cosineDecay, createAdam } from '../../../../energy-oracle/forecast/model/adam.ts';
import { createChance } from '../../../../energy-oracle/forecast/model/seeded.ts';

describe('Adam', () => {
  test('walks down a bowl to its bottom, however steep each side', () => {
    const adam = createAdam(new Float32Array(2));
    const weights = Float32Array.of(5, -3);
    for (let step = 0; step < 2000; step++)
      adam.step(weights, Float32Array.of(2 * ((weights[0] ?? 0) - 1), 400 * ((weights[1] ?? 0) - 2)), cosineDecay(0.05, step, 2000));
    expect([...weights]).toEqual([expect.closeTo(1, 3), expect.closeTo(2, 3)]);
  });
  test('moves by the learning rate at its first step, whatever the scale of the slope', () => {
    const weights = new Float32Array(3);
    createAdam(new Float32Array(3)).step(weights, Float32Array.of(1e-4, -1, 1e4), 0.01);
    expect([...weights]).toEqual([expect.closeTo(-0.01, 5), expect.closeTo(0.01, 5), expect.closeTo(-0.01, 5)]);
  });
  test('shrinks only the weights that are to decay', () => {
    const weights = Float32Array.of(2, 2);
    createAdam(Float32Array.of(0.5, 0)).step(weights, new Float32Array(2), 0.1);
    expect([...weights]).toEqual([expect.closeTo(1.9, 6), 2]);
  });
  test('learns at full pace first and not at all in the end', () =>
    expect([cosineDecay(0.2, 0, 10), cosineDecay(0.2, 5, 10), cosineDecay(0.2, 10, 10)]).toEqual([0.2, expect.closeTo(0.1, 9), 0]));
});

describe('chance', () => {
  test('is the same for the same seed and another for another', () => {
    const drawn = (seed: number) => {
      const chance = createChance(seed);
      return Array.from({ length: 4 }, () => chance.uniform());
    };
    expect(drawn(3)).toEqual(drawn(3));
    expect(new Set([0, 1, 2, 3, -1, 2 ** 31].map((seed) => drawn(seed)[0])).size).toBe(6);
  });
  test('draws normal numbers of mean 0 and deviation 1', () => {
    const chance = createChance(1);
    const drawn = Array.from({ length: 20_000 }, () => chance.normal());
    const mean = drawn.reduce((sum, value) => sum + value, 0) / drawn.length;
    expect(Math.abs(mean)).toBeLessThan(0.03);
    expect(Math.abs(drawn.reduce((sum, value) => sum + value ** 2, 0) / drawn.length - 1)).toBeLessThan(0.05);
    expect(drawn.filter((value) => Math.abs(value) > 1.96).length / drawn.length).toBeCloseTo(0.05, 2);
  });
  test('shuffles without losing anything, each place as likely as any other', () => {
    const chance = createChance(5);
    const firsts = new Uint32Array(5);
    for (let round = 0; round < 5000; round++) {
      const items = Uint32Array.of(0, 1, 2, 3, 4);
      chance.shuffle(items);
      expect([...items].sort()).toEqual([0, 1, 2, 3, 4]);
      firsts[items[0] as number] = (firsts[items[0] as number] as number) + 1;
    }
    for (const count of firsts) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });
});
