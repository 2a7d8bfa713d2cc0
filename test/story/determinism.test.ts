/**
 * The same scenario gives the same run: in memory to the last hash, and on real engines to the last byte of the summary.
 */
import { describe, expect, test } from 'vitest';
import { DAY } from '../../units/time.ts';
import { runToEnd } from '../fixtures/river.ts';
import { createMemoryWorld, storyStart } from '../fixtures/world.ts';

async function life(seed: number) {
  const world = await createMemoryWorld({ seed, arrivalDays: 2 });
  await world.run(storyStart + 2 * DAY);
  const latest = (await world.settlements.latest())?.settlement;
  const all = await world.jobs.list();
  const told = world.events.map(({ at, kind, text }) => `${at} ${kind} ${text}`);
  const seen = { summary: await world.summary(), head: await world.ledger.head(), root: latest?.root, all, told };
  await world.close();
  return seen;
}

describe('the same seed', () => {
  test('gives the same two days in memory: summary, jobs, events, ledger and root', { timeout: 120_000 }, async () => {
    const [first, second] = [await life(7), await life(7)];
    expect(second).toEqual(first);
    expect(first.summary.ledger.entries).toBeGreaterThan(100);
    expect(first.root).toMatch(/^0x/);
  });

  test('gives the same six hours on real engines, byte by byte', { timeout: 240_000 }, async () => {
    const [first, second] = [await runToEnd(['--for', '6h', '--json']), await runToEnd(['--for', '6h', '--json'])];
    expect(first.code).toBe(0);
    expect(second.stdout).toBe(first.stdout);
    expect(JSON.parse(first.stdout)).toMatchObject({ from: '2026-06-01T00:00:00Z', ledger: { balanced: true } });
  });
});

test('another seed gives another two days', { timeout: 120_000 }, async () => {
  const [first, second] = [await life(7), await life(8)];
  expect(second.head.hash).not.toBe(first.head.hash);
  expect(second.summary.energyWh).not.toEqual(first.summary.energyWh);
});
