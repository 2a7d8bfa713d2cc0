/**
 * Feeds bench: sources that lie, 10,000 random runs for each number of them, and what one liar too many does.
 */
import fc from 'fast-check';
import { quorumOf } from '../../energy-oracle/signals/combine.ts';
import { broken, isWithin, play, worlds } from '../energy-oracle/signals/liars.ts';
import type { Bar } from './main.ts';

const numRuns = 10_000;

/** Values outside what honest sources said, and values at all, over every run with f liars and up to f honest sources away. */
function honestRange(f: number, seed: number): { readonly outside: number; readonly values: number; readonly steps: number } {
  const count = { outside: 0, values: 0, steps: 0 };
  const n = 3 * f + 1;
  fc.assert(
    fc.property(worlds(n, f, f), (world) => {
      for (const { step, honest } of play(world, f)) {
        count.steps += 1;
        if (step.value === undefined) continue;
        count.values += 1;
        if (!isWithin(step.value, honest) || step.sources.length < quorumOf(f)) count.outside += 1;
      }
    }),
    { numRuns, seed },
  );
  return count;
}

/** Runs in which f + 1 colluding liars move a value out of what honest sources said. */
function brokenRuns(f: number, seed: number): number {
  let runs = 0;
  fc.assert(
    fc.property(broken(f), (world) => {
      if (play(world, f).some(({ step, honest }) => step.value !== undefined && !isWithin(step.value, honest))) runs += 1;
    }),
    { numRuns, seed },
  );
  return runs;
}

export async function benchFeeds({ seed }: { readonly seed: number }): Promise<Bar[]> {
  return [1, 2, 3].flatMap((f): Bar[] => {
    const n = 3 * f + 1;
    const began = performance.now();
    const { outside, values, steps } = honestRange(f, seed);
    const runs = brokenRuns(f, seed);
    process.stderr.write(`n = ${n}: ${steps} steps, ${values} values, ${((performance.now() - began) / 1_000).toFixed(1)} s\n`);
    return [
      {
        bar: `${numRuns} runs of ${n} sources, ${f} lying, up to ${f} away: values outside the honest range`,
        value: outside,
        unit: `of ${values} values`,
        target: '0',
        holds: outside === 0 && values > 0,
      },
      {
        bar: `of the steps of those runs, given a value`,
        value: Number(((100 * values) / steps).toFixed(1)),
        unit: '%',
        target: '> 0 (a guarantee that never speaks is none)',
        holds: values > 0,
      },
      {
        bar: `${numRuns} runs of ${n} sources, ${f + 1} colluding, ${f} away: runs in which the value was moved out`,
        value: runs,
        unit: 'runs',
        target: `${numRuns}: one liar too many breaks it`,
        holds: runs === numRuns,
      },
    ];
  });
}
