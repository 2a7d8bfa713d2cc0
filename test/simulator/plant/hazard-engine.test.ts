/** Accelerators that fail and power that goes: what survives of a run, and how often it happens. */
import { describe, expect, test } from 'vitest';
import { createHazardEngine, type RunNature } from '../../../simulator/plant/hazard-engine.ts';
import { createSimEngine } from '../../../simulator/plant/sim-engine.ts';
import { demoSites } from '../../../simulator/scenario.ts';
import { manualClock } from '../../../units/clock.ts';
import { DAY, HOUR, MINUTE } from '../../../units/time.ts';

const site = demoSites(1)[0]?.site ?? expect.fail('no demo sites');
const nature: RunNature = { model: 'A100', accelerators: 4, checkpointEvery: 15 * MINUTE, restore: 0 };

function make({
  meanTimeToFailure,
  natures = {},
  seed = 1,
}: {
  meanTimeToFailure?: number;
  natures?: Record<string, Partial<RunNature>>;
  seed?: number;
} = {}) {
  const clock = manualClock(0);
  const inner = createSimEngine(clock);
  const engine = createHazardEngine({
    executor: inner,
    clock,
    site,
    seed,
    meanTimeToFailure,
    natureOf: async (run) => (run.startsWith('stranger') ? undefined : { ...nature, ...natures[run] }),
  });
  const start = (run: string, remaining = 3 * HOUR) =>
    engine.start({ run, job: run.split('#')[0] ?? run, script: undefined, envs: {}, remaining });
  return { clock, inner, engine, start };
}

describe('a run whose power goes', () => {
  test.each([
    { name: 'keeps whole checkpoint intervals', at: 50, own: {}, progress: 45 },
    { name: 'keeps nothing before the first', at: 14, own: {}, progress: 0 },
    { name: 'keeps nothing without checkpoints', at: 170, own: { checkpointEvery: undefined }, progress: 0 },
    { name: 'counts intervals from the end of its restore', at: 50, own: { restore: 10 * MINUTE }, progress: 40 },
    { name: 'has nothing new while it restores', at: 9, own: { restore: 10 * MINUTE }, progress: 0 },
  ])('$name', async ({ at, own, progress }) => {
    const { clock, engine, start } = make({ natures: { 'a#1': own } });
    await start('a#1');
    clock.set(at * MINUTE);
    expect(engine.state('a#1')).toMatchObject({ kind: 'running', progress: progress * MINUTE });
    await engine.cutPower();
    clock.set(DAY);
    expect(engine.state('a#1')).toMatchObject({ kind: 'exited', code: 137, progress: progress * MINUTE, endedAt: at * MINUTE });
  });
  test('that was over before is as it was', async () => {
    const { clock, engine, start } = make();
    await start('a#1', HOUR);
    clock.set(2 * HOUR);
    const before = engine.state('a#1');
    await engine.cutPower();
    expect(engine.state('a#1')).toEqual(before);
    expect(before).toMatchObject({ kind: 'exited', code: 0, progress: HOUR });
  });
  test('is not alive below either, and its job may start anew', async () => {
    const { clock, inner, engine, start } = make();
    await start('a#1');
    clock.set(HOUR);
    await engine.cutPower();
    expect(inner.state('a#1').kind).toBe('exited');
    await start('a#2');
    expect(engine.state('a#2').kind).toBe('running');
  });
});

test('a run that is stopped in order saves all, if its job makes checkpoints at all', async () => {
  const { clock, engine, start } = make({ natures: { 'b#1': { checkpointEvery: undefined } } });
  for (const run of ['a#1', 'b#1']) await start(run);
  clock.set(50 * MINUTE);
  for (const run of ['a#1', 'b#1']) await engine.stop(run);
  expect(engine.state('a#1')).toMatchObject({ code: 143, progress: 50 * MINUTE });
  expect(engine.state('b#1')).toMatchObject({ code: 143, progress: 0 });
});

describe('accelerators that fail', () => {
  /** How long runs lasted that would have run for ever. */
  async function lifetimes(accelerators: number, count: number, seed = 1) {
    const natures = Object.fromEntries(Array.from({ length: count }, (_, i) => [`r${i}#1`, { accelerators }]));
    const { clock, engine, start } = make({ meanTimeToFailure: 500 * HOUR, natures, seed });
    for (const run of Object.keys(natures)) await start(run, 1e15);
    clock.set(1e14);
    return Object.keys(natures).map((run) => {
      const state = engine.state(run);
      if (state.kind !== 'exited') throw new RangeError(`${run} lives on`);
      expect(state).toMatchObject({ code: 1, detail: 'an accelerator failed' });
      expect(state.progress % (15 * MINUTE)).toBe(0);
      return state.endedAt / HOUR;
    });
  }
  test.each([
    { accelerators: 1, meanH: 500 },
    { accelerators: 8, meanH: 62.5 },
  ])('end a run on $accelerators of them after $meanH h on average, without memory', async ({ accelerators, meanH }) => {
    const hours = await lifetimes(accelerators, 4_000);
    const mean = hours.reduce((sum, value) => sum + value, 0) / hours.length;
    expect(Math.abs(mean / meanH - 1)).toBeLessThan(0.05); // three standard errors of 4,000
    const survived = (from: number) => hours.filter((value) => value > from * meanH).length / hours.length;
    for (const from of [0.5, 1, 2]) expect(Math.abs(survived(from) - Math.exp(-from))).toBeLessThan(0.025);
  });
  test('fail at the same time whenever they are asked, and at another by another seed', async () => {
    expect(await lifetimes(4, 5)).toEqual(await lifetimes(4, 5));
    expect(await lifetimes(4, 5)).not.toEqual(await lifetimes(4, 5, 2));
  });
  test('do not fail where no mean time is given, nor a run that ended before', async () => {
    const never = make();
    await never.start('a#1', 1e15);
    never.clock.set(1e14);
    expect(never.engine.state('a#1').kind).toBe('running');
    const { clock, engine, start } = make({ meanTimeToFailure: 500 * HOUR });
    await start('a#1', MINUTE);
    clock.set(1e14);
    expect(engine.state('a#1')).toMatchObject({ code: 0 });
  });
});

describe('the draw of a site’s accelerators', () => {
  const draw = 4 * 0.4 * 1.2;
  test('is that of the runs while they are alive, part of an interval in part', async () => {
    const { clock, engine, start } = make();
    const over = (from: number, to: number) => engine.drawKw({ start: from * MINUTE, end: to * MINUTE }, 'asleep');
    clock.set(2 * MINUTE);
    await start('a#1', 60 * MINUTE);
    clock.set(40 * MINUTE);
    expect(over(0, 5)).toBeCloseTo(0.6 * draw, 12);
    expect(over(5, 10)).toBeCloseTo(draw, 12);
    await engine.cutPower();
    clock.set(90 * MINUTE);
    expect(over(35, 45)).toBeCloseTo(0.5 * draw, 12);
    expect(over(60, 65)).toBe(0);
  });
});

test('a run that nobody knows is not started', async () => {
  const { engine, start } = make();
  await expect(start('stranger#1')).rejects.toThrow('nobody knows this run');
  expect(engine.state('stranger#1').kind).toBe('unknown');
});
