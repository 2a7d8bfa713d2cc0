/** Clearing rules in the planner's seat: a baseline decides cycle by cycle where and when, and whether a run goes on. */
import { describe, expect, test } from 'vitest';
import { cycle, type Snapshot } from '../../../scheduler/cycle.ts';
import { type Baseline, baselineNames } from '../../../scheduler/placement/baselines.ts';
import { baselineClearing, byPrices } from '../../../scheduler/placement/clearing-rule.ts';
import { HOUR, SLOT } from '../../../units/time.ts';
import { jobOf, noon, outlookOf, runOf, siteOf, slotOutlook } from '../nouns.ts';

const sites = ['bay', 'rhine'];
/** The grid's intensity slot by slot, of each site; no surplus, one price. */
const snapshotOf = (changes: Partial<Snapshot>, intensity: (site: string, slot: number) => number = () => 400): Snapshot => ({
  fleet: sites.map((id) => ({ site: siteOf(id), heardAt: noon })),
  outlooks: new Map(sites.map((id) => [id, outlookOf(id, (slot) => slotOutlook(0, 100, intensity(id, slot)))])),
  waiting: [],
  running: [],
  computePricePerKwh: 0,
  ...changes,
});
const solid = { interruptible: false } as const;
const under = (baseline: Baseline) => baselineClearing(baseline);
const running = (job = jobOf('runs', { maxDuration: 4 * HOUR }, { state: 'RUNNING', fence: 1 })) => ({
  job,
  run: runOf(job.id, 1, { plannedEnd: noon + 4 * HOUR }),
});
/** Green from the n-th slot on, at home alone. */
const greenFrom = (first: number) => (site: string, slot: number) => (site === 'rhine' && slot >= first ? 50 : 400);

describe('under a baseline', () => {
  test.each<{ baseline: Baseline; site: string; slot: number }>([
    { baseline: 'run-now', site: 'rhine', slot: 0 },
    { baseline: 'lowest-window', site: 'rhine', slot: 8 },
    { baseline: 'greenest-now', site: 'bay', slot: 0 },
  ])('$baseline a job goes to $site in slot $slot', ({ baseline, site, slot }) => {
    const intensity = (id: string, at: number) => (id === 'bay' ? 300 : at === 0 ? 500 : greenFrom(8)(id, at));
    const { placements } = cycle(snapshotOf({ waiting: [jobOf('j', solid)], clearing: under(baseline) }, intensity), noon);
    expect(placements).toMatchObject([{ site, start: noon + slot * SLOT }]);
  });

  test('a job that waits is planned again on what is believed now', () => {
    const waiting = [jobOf('j', solid, { state: 'AWAITING' })];
    const plan = (first: number) => cycle(snapshotOf({ waiting, clearing: under('lowest-window') }, greenFrom(first)), noon);
    expect([plan(8), plan(20)].map(({ placements }) => placements[0]?.start)).toEqual([noon + 8 * SLOT, noon + 20 * SLOT]);
  });

  test('the first submitted comes first, whatever it is called', () => {
    const whole = { ...solid, acceleratorsPerNode: 8, regions: { within: undefined, allow: ['rhine'], deny: [] } };
    const waiting = [jobOf('a', whole, { submittedAt: noon }), jobOf('b', whole, { submittedAt: noon - HOUR })];
    const { placements } = cycle(snapshotOf({ waiting, clearing: under('run-now') }), noon);
    expect(placements).toMatchObject([
      { job: 'a', start: noon + HOUR },
      { job: 'b', start: noon },
    ]);
  });

  test.each(baselineNames)('%s leaves a run where it is as long as its slots are the greenest', (baseline) => {
    const intensity = (site: string, slot: number) => (site === 'rhine' && slot < 24 ? 50 : 400);
    const plan = cycle(snapshotOf({ running: [running()], waiting: [jobOf('j')], clearing: under(baseline) }, intensity), noon);
    expect(plan.moves).toEqual([]);
    expect(plan.placements).toHaveLength(1);
  });

  test.each(baselineNames)('%s pauses a run for greener slots only if it pauses at all', (baseline) => {
    const plan = cycle(snapshotOf({ running: [running()], clearing: under(baseline) }, greenFrom(24)), noon);
    expect(plan.moves.map(({ reason }) => reason.replace(/:.*/, ''))).toEqual(
      baseline === 'wait-awhile' || baseline === 'ecovisor' ? ['pauses'] : [],
    );
  });

  test.each([
    { name: 'pauses for a few green hours', green: (slot: number) => (slot >> 2) % 2 === 1, pieces: 4 },
    { name: 'runs in one piece where it would restore at every slot', green: (slot: number) => slot % 2 === 1, pieces: 1 },
  ])('a job $name', ({ green, pieces }) => {
    const waiting = [jobOf('j', { maxDuration: 4 * HOUR - SLOT })];
    const intensity = (site: string, slot: number) => (site === 'rhine' && green(slot) ? 50 : 400);
    const { placements } = cycle(snapshotOf({ waiting, clearing: under('wait-awhile') }, intensity), noon);
    expect(placements[0]?.segments).toHaveLength(pieces);
  });

  test('nobody bids: prices are 0, and no plan costs less than the bound', () => {
    const snapshot = snapshotOf({ waiting: [jobOf('j', solid), jobOf('k')] }, greenFrom(8));
    const { standing, costs } = cycle({ ...snapshot, clearing: under('run-now') }, noon);
    expect([...standing.clearing.prices.accelerator, ...standing.clearing.prices.surplus].every((price) => price === 0)).toBe(true);
    expect(costs.lowerBound).toBeLessThanOrEqual(cycle(snapshot, noon).costs.believed);
    expect(costs.gap).toBeGreaterThan(0);
  });
});

test('prices decide when nobody else is told to', () => {
  const snapshot = snapshotOf({ waiting: [jobOf('j'), jobOf('k')] }, greenFrom(8));
  expect(cycle({ ...snapshot, clearing: byPrices }, noon)).toEqual(cycle(snapshot, noon));
});
