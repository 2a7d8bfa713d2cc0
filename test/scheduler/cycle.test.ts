/** The cycle: laws of every plan, on random fleets, runs and jobs. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cycle, type Snapshot, silenceMsMax } from '../../scheduler/cycle.ts';
import { drawKw, regionAdmits } from '../../scheduler/fleet.ts';
import type { Job } from '../../scheduler/job.ts';
import { remainingOf } from '../../scheduler/job.ts';
import { baselineNames } from '../../scheduler/placement/baselines.ts';
import { baselineClearing } from '../../scheduler/placement/clearing-rule.ts';
import { horizonSlots } from '../../scheduler/placement/supply.ts';
import type { Placement, Plan, Segment } from '../../scheduler/plan.ts';
import { DAY, HOUR, MINUTE, SLOT } from '../../units/time.ts';
import { jobOf, noon, outlookOf, runOf, siteOf, slotOutlook } from './nouns.ts';

const names = ['bay', 'rand', 'rhine'];
const dull = () => slotOutlook(0, 100, 400);
const fleetOf = (...ids: string[]) => ids.map((id) => ({ site: siteOf(id), heardAt: noon }));
const snapshotOf = (changes: Partial<Snapshot>): Snapshot => ({
  fleet: fleetOf(...names),
  outlooks: new Map(names.map((id) => [id, outlookOf(id, dull)])),
  waiting: [],
  running: [],
  computePricePerKwh: 0,
  ...changes,
});

const siteArb = (id: string) =>
  fc.record({
    site: fc
      .record({ a100: fc.integer({ min: 1, max: 8 }), l4: fc.nat(4), tariff: fc.nat(90), limit: fc.nat(4) })
      .map(({ a100, l4, tariff, limit }) =>
        siteOf(id, {
          accelerators: [
            { model: 'A100', count: a100, drawKw: 0.4 },
            { model: 'L4', count: l4, drawKw: 0.07 },
          ],
          feedInTariff: tariff,
          exportLimitKw: limit,
          zone: id === 'rhine' ? 'DE-LU' : 'US-CAL',
        }),
      ),
    heardAt: fc.option(fc.integer({ min: noon - 2 * HOUR, max: noon }), { nil: undefined, freq: 6 }),
  });
const outlookArb = (id: string) =>
  fc.option(
    fc
      .record({
        surplus: fc.array(fc.nat(6), { minLength: 8, maxLength: 8 }),
        price: fc.array(fc.integer({ min: -20, max: 200 }), { minLength: 8, maxLength: 8 }),
      })
      .map(({ surplus, price }) => outlookOf(id, (slot) => slotOutlook(surplus[slot % 8], price[(slot >> 2) % 8], (slot * 7) % 300))),
    { nil: undefined, freq: 8 },
  );
const waitingArb = (now: number) =>
  fc
    .record({
      models: fc.constantFrom([], ['A100'], ['L4'], ['A100', 'L4'], ['H100']),
      count: fc.integer({ min: 1, max: 6 }),
      minutes: fc.integer({ min: 1, max: 400 }),
      ahead: fc.nat(300),
      slack: fc.integer({ min: -30, max: 1_500 }),
      regions: fc.constantFrom(
        { within: undefined, allow: [], deny: [] },
        { within: undefined, allow: ['de-*'], deny: [] },
        { within: undefined, allow: [], deny: ['rand'] },
        { within: undefined, allow: ['us-*'], deny: ['bay'] },
      ),
      carbonPricePerKg: fc.constantFrom(0, 0.1, 1),
      maxPrice: fc.constantFrom(undefined, undefined, 50_000n),
      submitted: fc.nat(3),
      interruptible: fc.boolean(),
      promise: fc.constantFrom('firm', 'best-effort', 'best-effort'),
    })
    .map(({ models, count, minutes, ahead, slack, regions, carbonPricePerKg, maxPrice, submitted, interruptible, promise }) => ({
      spec: {
        interruptible,
        promise,
        accelerators: models,
        acceleratorsPerNode: count,
        maxDuration: minutes * MINUTE,
        notBefore: now + (ahead - 60) * MINUTE,
        deadline: now + (Math.max(0, ahead - 60) + minutes + slack) * MINUTE,
        regions,
        maxPrice,
        weights: { carbonPricePerKg, waitPricePerHour: 0.001 },
      },
      submittedAt: noon - submitted * MINUTE,
    }));

/** Up to a dozen waiting jobs, and runs that hold no more than there is. */
const worldArb = fc
  .integer({ min: 0, max: 14 })
  .chain((minute) => {
    const now = noon + minute * MINUTE;
    return fc.record({
      now: fc.constant(now),
      fleet: fc.tuple(...names.map(siteArb)),
      outlooks: fc.tuple(...names.map(outlookArb)),
      waiting: fc.array(waitingArb(now), { maxLength: 12 }),
      clearing: fc.option(fc.constantFrom(...baselineNames.map(baselineClearing)), { nil: undefined, freq: 1 }),
      running: fc.array(
        fc.record({
          site: fc.constantFrom(...names),
          count: fc.integer({ min: 1, max: 4 }),
          minutes: fc.integer({ min: -30, max: 300 }),
          interruptible: fc.boolean(),
        }),
        { maxLength: 4 },
      ),
    });
  })
  .map(({ now, fleet, outlooks, waiting, running, clearing }) => {
    const held = new Map<string, number>();
    const runs = running.flatMap(({ site, count, minutes, interruptible }, index) => {
      const used = (held.get(site) ?? 0) + count;
      const there = fleet.find((each) => each.site.id === site)?.site.accelerators[0]?.count ?? 0;
      if (used > there) return [];
      held.set(site, used);
      const plannedEnd = now + minutes * MINUTE;
      const maxDuration = Math.max(MINUTE, plannedEnd - noon); // it was leased at noon
      const job = jobOf(`running-${index}`, { acceleratorsPerNode: count, maxDuration, interruptible }, { state: 'RUNNING', fence: 1 });
      return [{ job, run: runOf(job.id, 1, { site, accelerators: count, drawKw: 0.4 * count, plannedEnd }) }];
    });
    const snapshot: Snapshot = {
      fleet,
      outlooks: new Map(outlooks.flatMap((outlook) => (outlook ? [[outlook.site, outlook] as const] : []))),
      waiting: waiting.map(({ spec, submittedAt }, index) => jobOf(`job-${index}`, spec, { submittedAt })),
      running: runs,
      computePricePerKwh: 0.3,
      clearing,
    };
    return { now, snapshot };
  });

const holds = (property: (snapshot: Snapshot, plan: Plan, now: number) => void, numRuns = 60) => {
  fc.assert(
    fc.property(worldArb, ({ snapshot, now }) => property(snapshot, cycle(snapshot, now), now)),
    { numRuns },
  );
};
const jobIn = (snapshot: Snapshot, id: string) => snapshot.waiting.find((job) => job.id === id) as Job;
const siteIn = (snapshot: Snapshot, id: string) => snapshot.fleet.find(({ site }) => site.id === id) as Snapshot['fleet'][number];
const overlaps = (slot: number, start: number, end: number) => start < slot + SLOT && end > slot;
/** What a placement holds when. */
const segmentsOf = ({ start, end, accelerators, segments = [{ start, end, accelerators }] }: Placement) => segments;

/** When a job that goes on in these spans is done, a restore after each pause; `undefined` when they are too short. */
function doneAt(job: Job, spans: readonly Segment[]): number | undefined {
  let left = remainingOf(job);
  for (const [i, { start, end }] of spans.entries()) {
    if (i > 0) left += job.spec.checkpoint?.restoreCost ?? 0;
    if (start + left <= end) return start + left;
    left -= end - start;
  }
  return undefined;
}

describe('every plan', () => {
  test('puts every waiting job in exactly one of placements, deferrals and refusals', () => {
    const seen = { placements: 0, deferrals: 0, refusals: 0 };
    holds((snapshot, plan) => {
      const all = [plan.placements, plan.deferrals, plan.refusals].flat().map(({ job }) => job);
      expect(all.sort()).toEqual(snapshot.waiting.map(({ id }) => id).sort());
      for (const kind of ['placements', 'deferrals', 'refusals'] as const) seen[kind] += plan[kind].length;
    });
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(10); // the worlds are neither too kind nor too cruel
  });

  test('never holds more accelerators than there are, in any slot, what runs included', () =>
    holds((snapshot, plan, now) => {
      const stopped = new Set(plan.moves.map(({ run }) => run));
      for (let slot = noon; slot < noon + 12 * HOUR; slot += SLOT)
        for (const { site } of snapshot.fleet)
          for (const { model, count } of site.accelerators) {
            const placed = plan.placements
              .filter((each) => each.site === site.id && each.model === model)
              .flatMap(segmentsOf)
              .filter(({ start, end }) => overlaps(slot, start, end));
            const runs = snapshot.running.filter(
              ({ run }) =>
                run.site === site.id &&
                run.model === model &&
                !stopped.has(run.id) &&
                overlaps(slot, now, Math.max(run.plannedEnd, now + 1)),
            );
            const held = [...placed, ...runs.map(({ run }) => run)].reduce((sum, { accelerators }) => sum + accelerators, 0);
            expect(held).toBeLessThanOrEqual(count);
          }
    }));

  test('gives each job all the time it needs, pauses included, between its release and its deadline', () => {
    let paused = 0;
    holds((snapshot, plan, now) => {
      for (const placement of plan.placements) {
        const job = jobIn(snapshot, placement.job);
        const spans = segmentsOf(placement);
        const done = doneAt(job, spans);
        expect(placement.start).toBeGreaterThanOrEqual(Math.max(now, job.spec.notBefore));
        expect(done).toBeDefined();
        expect(done ?? Number.NaN).toBeLessThanOrEqual(Math.min(placement.end, job.spec.deadline));
        expect([spans[0]?.start, spans.at(-1)?.end, placement.end % SLOT]).toEqual([placement.start, placement.end, 0]);
        expect(job.spec.interruptible || spans.length === 1).toBe(true);
        if (spans.length > 1) paused++;
      }
    });
    expect(paused).toBeGreaterThan(0);
  });

  test('keeps region rules, models and budgets', () =>
    holds((snapshot, plan) => {
      for (const { job: id, site: at, model, accelerators, believed } of plan.placements) {
        const { spec } = jobIn(snapshot, id);
        const { site } = siteIn(snapshot, at);
        expect(regionAdmits(site, spec)).toBe(true);
        expect(spec.accelerators.length === 0 || spec.accelerators.includes(model)).toBe(true);
        expect(accelerators).toBe(spec.nodes * spec.acceleratorsPerNode);
        if (spec.maxPrice !== undefined)
          expect(believed.energyCost + believed.computeCost + (believed.transferCost ?? 0)).toBeLessThanOrEqual(
            Number(spec.maxPrice) / 1e6,
          );
      }
    }));

  test('uses only sites whose agents answer', () =>
    holds((snapshot, plan, now) => {
      for (const { site } of plan.placements)
        expect(now - (siteIn(snapshot, site).heardAt ?? Number.NaN)).toBeLessThanOrEqual(silenceMsMax);
    }));

  test('is the same for the same snapshot, in whatever order its parts are given', () => {
    fc.assert(
      fc.property(worldArb, fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), ({ snapshot, now }, dice) => {
        const shuffled = <T>(items: readonly T[]): T[] =>
          items
            .map((item) => ({ item, key: dice.next().value as number }))
            .sort((a, b) => a.key - b.key)
            .map(({ item }) => item);
        const plan = cycle(snapshot, now);
        expect(cycle(snapshot, now)).toEqual(plan);
        const other = {
          fleet: shuffled(snapshot.fleet),
          outlooks: new Map(shuffled([...snapshot.outlooks])),
          waiting: shuffled(snapshot.waiting),
          running: shuffled(snapshot.running),
          computePricePerKwh: snapshot.computePricePerKwh,
          clearing: snapshot.clearing,
        };
        expect(cycle(other, now)).toEqual(plan);
      }),
      { numRuns: 20 },
    );
  });

  test('sells no surplus twice: what its placements believe to get from a site is no more than there is', () =>
    holds((snapshot, plan) => {
      for (const { site } of snapshot.fleet) {
        const here = plan.placements.filter((each) => each.site === site.id);
        const outlook = snapshot.outlooks.get(site.id);
        const slots = new Set(
          here.flatMap(({ start, end }) =>
            Array.from(
              { length: Math.ceil((end - Math.floor(start / SLOT) * SLOT) / SLOT) },
              (_, i) => Math.floor(start / SLOT) * SLOT + i * SLOT,
            ),
          ),
        );
        const there = [...slots].reduce(
          (sum, slot) => sum + ((outlook?.slots[(slot - noon) / SLOT]?.surplusKw?.p50 ?? 0) * SLOT) / HOUR,
          0,
        );
        const sold = here.reduce((sum, { believed }) => sum + believed.surplusKwh, 0);
        expect(sold).toBeLessThanOrEqual(there + 1e-9);
        for (const { job, model, believed } of here) {
          expect(believed.surplusKwh).toBeLessThanOrEqual(believed.energyKwh + 1e-9);
          expect(believed.energyKwh).toBeCloseTo(
            (drawKw(site, jobIn(snapshot, job).spec, model) * remainingOf(jobIn(snapshot, job))) / HOUR,
            9,
          );
        }
      }
    }));

  test('knows when none could be made: a refused job fits no site, no time or no purse', () =>
    holds((snapshot, plan, now) => {
      for (const { job: id, reason } of plan.refusals) {
        const job = jobIn(snapshot, id);
        if (reason === 'no-window-before-deadline')
          expect(Math.max(now, job.spec.notBefore) + remainingOf(job)).toBeGreaterThan(job.spec.deadline);
        if (reason === 'no-site-fits')
          for (const { site } of snapshot.fleet) {
            const fits = site.accelerators.some(
              ({ model, count }) =>
                count >= job.spec.acceleratorsPerNode && (job.spec.accelerators.length === 0 || job.spec.accelerators.includes(model)),
            );
            expect(fits && regionAdmits(site, job.spec)).toBe(false);
          }
      }
    }));

  test('comes in order of job, with a bound below its cost and runs that could stop among its moves', () => {
    let moves = 0;
    holds((snapshot, plan) => {
      for (const list of [plan.placements, plan.moves]) {
        const ids = list.map(({ job }) => job);
        expect(ids).toEqual([...ids].sort());
      }
      const { believed, lowerBound, gap } = plan.costs;
      expect(lowerBound).toBeLessThanOrEqual(believed + 1e-9 * Math.max(1, Math.abs(believed)));
      expect(gap).toBeGreaterThanOrEqual(0);
      for (const { run: id, job: name } of plan.moves) {
        moves++;
        const pair = snapshot.running.find(({ run }) => run.id === id);
        expect(pair?.job.id).toBe(name);
        expect(pair?.job.spec.interruptible).toBe(true);
      }
    });
    expect(moves).toBeGreaterThan(0);
  });

  test('that begins where the last one ended keeps its promises, and leaves the last one as it was', () => {
    const property = fc.property(worldArb, fc.integer({ min: 0, max: 3 }), ({ snapshot, now }, slots) => {
      const { standing } = cycle(snapshot, now);
      const before = structuredClone(standing.clearing);
      const later = now + slots * SLOT;
      const waiting = snapshot.waiting.filter(({ spec }) => spec.deadline > later + spec.maxDuration);
      const plan = cycle({ ...snapshot, waiting, standing }, later);
      const all = [plan.placements, plan.deferrals, plan.refusals].flat().map(({ job }) => job);
      expect(all.sort()).toEqual(waiting.map(({ id }) => id).sort());
      for (const placement of plan.placements) {
        const job = jobIn(snapshot, placement.job);
        expect(doneAt(job, segmentsOf(placement)) ?? Number.NaN).toBeLessThanOrEqual(job.spec.deadline);
        expect(placement.start).toBeGreaterThanOrEqual(later);
      }
      expect(standing.clearing).toEqual(before);
    });
    fc.assert(property, { numRuns: 25 });
  });
});

describe('a fleet', () => {
  test('that nobody asks costs nothing, and is there for who comes next', () => {
    const idle = cycle(snapshotOf({}), noon);
    expect(idle.costs).toMatchObject({ believed: 0, expected: 0, p90: 0, gap: 0 });
    expect(idle.costs.lowerBound + 0).toBe(0);
    const next = cycle(snapshotOf({ waiting: [jobOf('a')], standing: idle.standing }), noon + SLOT);
    expect(next.placements).toMatchObject([{ job: 'a', start: noon + SLOT }]);
    expect(next.costs.lowerBound).toBeGreaterThan(0);
  });

  test('that is silent offers nothing, and every job waits for it', () => {
    const silent = names.map((id) => ({ site: siteOf(id), heardAt: id === 'bay' ? undefined : noon - silenceMsMax - 1 }));
    expect(cycle(snapshotOf({ fleet: silent, waiting: [jobOf('a')] }), noon)).toMatchObject({
      at: noon,
      placements: [],
      deferrals: [{ job: 'a', reason: 'no-agent-answers' }],
      refusals: [],
      moves: [],
      costs: { believed: 0, expected: 0, p90: 0, gap: 0 },
    });
  });

  test('of which the one site that would do is silent makes its job wait; it is never refused for that', () => {
    const fleet = [
      ...fleetOf('bay'),
      { site: siteOf('rhine', { accelerators: [{ model: 'H100', count: 8, drawKw: 0.7 }] }), heardAt: undefined },
    ];
    const plan = cycle(
      snapshotOf({ fleet, waiting: [jobOf('a', { accelerators: ['H100'] }), jobOf('b', { accelerators: ['TPU'] })] }),
      noon,
    );
    expect(plan.deferrals).toEqual([{ job: 'a', reason: 'no-agent-answers' }]);
    expect(plan.refusals).toMatchObject([{ job: 'b', reason: 'no-site-fits' }]);
  });
});

describe('the job', () => {
  test('that cannot wait gets the place, whoever came first', () => {
    const waiting = [
      jobOf('easy', { acceleratorsPerNode: 8, deadline: noon + DAY }),
      jobOf('tight', { acceleratorsPerNode: 8, deadline: noon + HOUR }),
    ];
    const plan = cycle(snapshotOf({ fleet: fleetOf('rhine'), waiting }), noon);
    expect(plan.placements.map(({ job, start }) => [job, start])).toEqual([
      ['easy', noon + HOUR],
      ['tight', noon],
    ]);
  });

  test('to which the sun is worth most gets it; the other takes the night', () => {
    const sunny = new Map([['rhine', outlookOf('rhine', (slot) => slotOutlook(slot < 4 ? 3.2 : 0, 100, 400))]]);
    const waiting = [
      jobOf('grey', { acceleratorsPerNode: 8, weights: { carbonPricePerKg: 0, waitPricePerHour: 0 } }),
      jobOf('green', { acceleratorsPerNode: 8, weights: { carbonPricePerKg: 1, waitPricePerHour: 0 } }),
    ];
    const { placements } = cycle(snapshotOf({ fleet: fleetOf('rhine'), outlooks: sunny, waiting }), noon);
    expect(placements.map(({ job, believed }) => [job, believed.surplusKwh > 3])).toEqual([
      ['green', true],
      ['grey', false],
    ]);
  });

  test('that runs holds what it was given, and one that overstays the slot at hand', () => {
    const job = jobOf('a', { interruptible: false }, { state: 'RUNNING' });
    const first = (plannedEnd: number) =>
      cycle(
        snapshotOf({
          fleet: [{ site: siteOf('rhine'), heardAt: noon + 2 * HOUR }],
          waiting: [jobOf('b', { acceleratorsPerNode: 8 })],
          running: [{ job, run: runOf('a', 1, { plannedEnd }) }],
        }),
        noon + 2 * HOUR,
      ).placements[0]?.start;
    expect(first(noon + 3 * HOUR)).toBe(noon + 3 * HOUR);
    expect(first(noon + HOUR)).toBe(noon + 2 * HOUR + SLOT);
  });

  test('that shares a slot with one of its kind believes in its share of the surplus', () => {
    const sunny = new Map([['rhine', outlookOf('rhine', () => slotOutlook(1.6, 100, 400))]]);
    const waiting = ['a', 'b'].map((id) => jobOf(id, { deadline: noon + HOUR }));
    const { placements } = cycle(snapshotOf({ fleet: fleetOf('rhine'), outlooks: sunny, waiting }), noon);
    expect(placements.map(({ believed }) => Math.round(believed.surplusKwh * 1_000))).toEqual([800, 800]);
  });

  test('of which there are 300 is planned as the last of them', () => {
    const waiting = Array.from({ length: 300 }, (_, index) =>
      jobOf(`job-${index}`, { acceleratorsPerNode: 1 + (index % 4), deadline: noon + 4 * DAY }),
    );
    expect(cycle(snapshotOf({ waiting }), noon).placements.length).toBe(300);
    expect(horizonSlots * SLOT).toBe(4 * DAY);
  });
});
