/**
 * Liars: honest sources with their noise, and others that lie in the ways there are, for tests and the bench.
 *
 * One world is a panel, its sources and what each of them says in every round; everything is drawn from fast-check, so
 * that a failure shrinks and names its seed.
 */
import fc from 'fast-check';
import type { CombinedStep } from '../../../energy-oracle/signals/combine.ts';
import { createPanel, type PanelRule } from '../../../energy-oracle/signals/panel.ts';
import type { SignalStep } from '../../../energy-oracle/signals/signal-source.ts';
import { HOUR, type Instant, type Interval } from '../../../units/time.ts';

export const lies = ['constant', 'drift', 'spike', 'collude', 'broken', 'missing', 'stale', 'follow'] as const;
export type Lie = (typeof lies)[number];

const start = Date.UTC(2026, 5, 1);
const stepsPerRound = 4;
const rounds = 4;
const stepMs = HOUR;

export const panelRule = (tolerated: number): PanelRule => ({
  stepMs,
  tolerated,
  deviation: { absolute: 40, relative: 0.25 },
  belowQuorum: 'gap',
  heartbeatMs: 6 * HOUR,
  staleMs: 12 * HOUR,
  leaveOutMs: 6 * HOUR,
});

export interface World {
  readonly n: number;
  /** Liars; the rest is honest. */
  readonly liars: readonly Lie[];
  /** Honest sources (by number after the liars) that say nothing, by round. */
  readonly away: readonly (readonly number[])[];
  readonly level: number;
  /** Honest values are the truth and this much of `noiseMax`, by round, source and step, in [−1, 1]. */
  readonly noise: readonly number[];
  readonly noiseMax: number;
  /** Where the colluding ones want the value to go, in the signal's unit. */
  readonly pull: number;
}

/** Worlds of n sources with so many liars, and at most `away` honest ones silent in each round. */
export function worlds(n: number, liars: number, away: number): fc.Arbitrary<World> {
  const honest = Array.from({ length: n - liars }, (_, i) => i);
  return fc.record({
    n: fc.constant(n),
    liars: fc.array(fc.constantFrom(...lies), { minLength: liars, maxLength: liars }),
    away: fc.array(fc.subarray(honest, { maxLength: away }), { minLength: rounds, maxLength: rounds }),
    level: fc.double({ min: -200, max: 900, noNaN: true }),
    noise: fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 40, maxLength: 40 }),
    noiseMax: fc.constantFrom(0, 1, 15, 60),
    pull: fc.oneof(fc.double({ min: -100, max: 100, noNaN: true }), fc.double({ min: -1e6, max: 1e6, noNaN: true })),
  });
}

const intervalOf = (round: number): Interval => ({
  start: start + round * stepsPerRound * stepMs,
  end: start + (round + 1) * stepsPerRound * stepMs,
});
const truthOf = ({ level }: World, at: Instant): number => level + 30 * Math.sin(at / (5 * HOUR));
const noiseOf = ({ noise, noiseMax }: World, source: number, at: Instant): number =>
  noiseMax * (noise[(source * 7 + at / stepMs) % noise.length] as number);

function lieOf(world: World, lie: Lie, round: number, at: Instant): number | undefined {
  const truth = truthOf(world, at);
  switch (lie) {
    case 'constant':
      return world.pull;
    case 'drift':
      return truth + (world.pull / rounds) * (round + 1);
    case 'spike':
      return (at / stepMs) % 3 === 0 ? truth + world.pull * 100 : truth;
    case 'collude':
      return truth + world.pull;
    case 'broken':
      return [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY][(at / stepMs) % 3];
    case 'missing':
      return undefined;
    case 'stale':
      return world.level + world.pull;
    case 'follow':
      return truth + Math.sign(world.pull) * 39; // as far as the limit lets it
    default:
      return lie satisfies never;
  }
}

export interface Judged {
  readonly step: CombinedStep;
  /** What honest sources said of the step, of those that said anything. */
  readonly honest: readonly number[];
}

/** Lets a world speak round by round; every combined step beside what honest sources said of it. */
export function play(world: World, tolerated: number): readonly Judged[] {
  const names = Array.from({ length: world.n }, (_, i) => `source-${i}`);
  const panel = createPanel(names, panelRule(tolerated));
  const judged: Judged[] = [];
  for (let round = 0; round < rounds; round++) {
    const interval = intervalOf(round);
    const now = interval.end;
    const said = new Map<Instant, number[]>();
    for (const [i, name] of names.entries()) {
      const lie = world.liars[i];
      if (lie === undefined && world.away[round]?.includes(i - world.liars.length)) continue;
      const steps: SignalStep[] = [];
      for (let at = interval.start; at < interval.end; at += stepMs) {
        const value = lie === undefined ? truthOf(world, at) + noiseOf(world, i, at) : lieOf(world, lie, round, at);
        if (value !== undefined) steps.push({ start: at, end: at + stepMs, value });
        if (lie === undefined) said.set(at, [...(said.get(at) ?? []), value as number]);
      }
      panel.hear(name, steps, lie === 'stale' ? now - 13 * HOUR : now, now);
    }
    for (const step of panel.round(interval, now)) judged.push({ step, honest: said.get(step.start) ?? [] });
  }
  return judged;
}

/** True when a value is what honest sources could have said together; the last bits of a mean are forgiven. */
export const isWithin = (value: number, honest: readonly number[]): boolean => {
  const [low, high] = [Math.min(...honest), Math.max(...honest)];
  const bits = 1e-9 * Math.max(1, Math.abs(low), Math.abs(high));
  return value >= low - bits && value <= high + bits;
};

/** A world in which f + 1 of n = 3f + 1 collude by a hair more than honest ones say while f honest ones are away. */
export function broken(f: number): fc.Arbitrary<World> {
  const n = 3 * f + 1;
  return worlds(n, f + 1, 0).map((world) => ({
    ...world,
    liars: new Array<Lie>(f + 1).fill('collude'),
    away: new Array(rounds).fill(Array.from({ length: f }, (_, i) => i)),
    noiseMax: 1,
    pull: 2 + (Math.abs(world.pull) % 30),
  }));
}
