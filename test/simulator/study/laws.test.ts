/** The laws of a study on some hundred random ones; ten thousand are checked by `npm run bench -- sim`. */
import { describe, expect, test } from 'vitest';
import { checkLaws } from './laws.ts';

describe('a random study', () => {
  test('keeps its laws under every policy', () => {
    let runs = 0;
    for (let seed = 0; seed < 150; seed++) runs += checkLaws(seed);
    expect(runs).toBeGreaterThan(1_000);
  });
});
