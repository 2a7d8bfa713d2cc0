/** Explanations: why there, why then, against the plan that decided it. */
import { describe, expect, test } from 'vitest';
import { type Cycled, cycle } from '../../scheduler/cycle.ts';
import { explanationOf } from '../../scheduler/explanation.ts';
import type { Job, JobSpec } from '../../scheduler/job.ts';
import { distanceNetwork, placesOf } from '../../scheduler/network.ts';
import { HOUR, SLOT } from '../../units/time.ts';
import { jobOf, noon, outlookOf, siteOf, slotOutlook } from './nouns.ts';

const sites = [siteOf('rhine'), siteOf('thames', { zone: 'GB', latitude: 51, longitude: 0 })];
const terms = { now: noon, network: distanceNetwork(), places: placesOf(sites), computePricePerKwh: 0.3 };
const outlooks = new Map(
  sites.map(({ id }) => [id, outlookOf(id, (slot) => slotOutlook(0, id === 'rhine' ? 100 + 50 * Math.cos(slot / 8) : 120, 400))]),
);
const planOf = (...waiting: Job[]): Cycled =>
  cycle({ fleet: sites.map((site) => ({ site, heardAt: noon })), outlooks, waiting, running: [], computePricePerKwh: 0.3 }, noon);
const explained = (job: Job, ...others: Job[]) => explanationOf(planOf(job, ...others), job, terms, sites);
const here: JobSpec['regions'] = { within: undefined, allow: ['rhine'], deny: [] };

describe('an explanation', () => {
  test('of a planned job tells its run, and what the next best would have cost', () => {
    const job = jobOf('one', { interruptible: false });
    const { kind, reason, placement, chosen, elsewhere, otherTime, runNow, slots, plan } = explained(job);
    expect(kind).toBe('planned');
    expect(reason).toBe(placement?.reason);
    expect(chosen).toMatchObject({ site: placement?.site, start: placement?.start, end: placement?.end });
    expect(chosen?.priced?.comparableCost).toBeCloseTo(plan?.costs.believed ?? 0, 9);
    expect(elsewhere).toMatchObject({ site: 'thames', start: noon });
    expect(runNow).toMatchObject({ site: 'rhine', start: noon });
    expect(otherTime?.site).toBe('rhine');
    expect((otherTime?.start ?? 0) >= (chosen?.end ?? 0) || (otherTime?.end ?? 0) <= (chosen?.start ?? 0)).toBe(true);
    for (const other of [elsewhere, otherTime, runNow])
      expect(other?.priced?.comparableCost).toBeGreaterThanOrEqual(chosen?.priced?.comparableCost ?? 0);
    expect(slots.map(({ slot }) => slot)).toEqual([0, 1, 2, 3].map((n) => (placement?.start ?? 0) + n * SLOT));
    expect(slots[0]).toMatchObject({ accelerators: 4, surplusPrice: undefined, carbonIntensity: 400 });
  });

  test('counts the surplus that the job uses as its own', () => {
    const sunny = new Map([['rhine', outlookOf('rhine', () => slotOutlook(1.6, 100, 400))]]);
    const job = jobOf('one', { regions: here });
    const fleet = sites.map((site) => ({ site, heardAt: noon }));
    const plan = cycle({ fleet, outlooks: sunny, waiting: [job], running: [], computePricePerKwh: 0.3 }, noon);
    expect(plan.placements[0]?.believed.surplusKwh).toBeCloseTo(1.6);
    const { chosen } = explanationOf(plan, job, terms, sites);
    expect(chosen?.priced).toMatchObject({ surplusKwh: expect.closeTo(1.6, 9), carbonG: 0 });
  });

  test('counts what the job holds as free for its other runs', () => {
    const whole = jobOf('one', {
      acceleratorsPerNode: 8,
      maxDuration: 4 * HOUR,
      deadline: noon + 5 * HOUR,
      regions: here,
      interruptible: false,
    });
    const { chosen, otherTime, binding } = explained(whole);
    expect(chosen?.priced).toBeDefined();
    expect(otherTime).toBeUndefined(); // no other four of five hours
    expect(binding).toContain('its deadline');
  });

  test('of a job that others left no room says what would have been needed', () => {
    const tight = { acceleratorsPerNode: 8, regions: here, deadline: noon + HOUR + SLOT / 3, interruptible: false };
    const [a, b] = [jobOf('a', tight), jobOf('b', tight)];
    const told = [explained(a, b), explained(b, a)];
    expect(told.map(({ kind }) => kind).sort()).toEqual(['planned', 'waiting']);
    const waiting = told.find(({ kind }) => kind === 'waiting');
    expect(waiting?.reason).toBe('no-capacity-in-horizon');
    expect(waiting?.needed).toMatch(/with a deadline .* later: rhine/);
  });

  test('of a job over its budget names the budget that would do', () => {
    const wishes = { carbonPricePerKg: 0, waitPricePerHour: 0.5 }; // dearer now rather than cheaper later
    const job = jobOf('one', { maxPrice: 100_000n, weights: wishes });
    const { kind, reason, needed } = explained(job);
    expect([kind, reason]).toEqual(['waiting', 'over-budget']);
    const [, price] = /^a max_price of (\d+\.\d\d): \w+ from 2026-/.exec(needed ?? '') ?? [];
    const enough = jobOf('one', { weights: wishes, maxPrice: BigInt(Math.round(Number(price) * 1e6)) });
    expect(explained(enough).kind).toBe('planned');
    const short = jobOf('one', { weights: wishes, maxPrice: BigInt(Math.round(Number(price) * 1e6)) - 10_000n });
    expect(explained(short).kind).toBe('waiting');
  });

  test('of a job that came after the plan, and before the first, says what it waits for', () => {
    const late = jobOf('late');
    expect(explanationOf(planOf(), late, terms, sites)).toMatchObject({
      kind: 'waiting',
      reason: 'stored',
      needed: expect.stringMatching(/^nothing: rhine from/),
    });
    expect(explanationOf(undefined, late, terms, sites)).toMatchObject({ kind: 'waiting', needed: undefined, plan: undefined });
  });

  test('of a job that runs or is over is what was stored, whatever the market does now', () => {
    const job = jobOf('one');
    const [placement] = planOf(job).placements;
    const running = explanationOf(planOf(), { ...job, state: 'RUNNING', placement }, terms, sites);
    expect(running).toMatchObject({ kind: 'stored', placement, chosen: undefined, slots: [] });
    expect(running.reason).toContain(`${placement?.reason}; told as it was stored, the market has moved on`);
    expect(explanationOf(planOf(), { ...job, state: 'EXPIRED', reason: 'refused: no-site-fits' }, terms, sites).reason).toBe(
      'refused: no-site-fits',
    );
  });
});
