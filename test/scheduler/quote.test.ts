/** Quotes: what one more job would cost, where and when, against what a plan then decides and books. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Outlook } from '../../energy-oracle/outlook.ts';
import type { Site } from '../../energy-oracle/site.ts';
import { type Cycled, cycle } from '../../scheduler/cycle.ts';
import type { Job, JobSpec } from '../../scheduler/job.ts';
import { distanceNetwork, placesOf } from '../../scheduler/network.ts';
import { alternativesMax, quoteOf } from '../../scheduler/quote.ts';
import { DAY, HOUR, SLOT } from '../../units/time.ts';
import { jobOf, noon, outlookOf, runOf, siteOf, slotOutlook } from './nouns.ts';

const sites = [siteOf('rhine'), siteOf('thames', { zone: 'GB', latitude: 51, longitude: 0 }), siteOf('yarra', { zone: 'AU-VIC' })];
const computePricePerKwh = 0.3;
const terms = { now: noon, network: distanceNetwork(), places: placesOf(sites), computePricePerKwh };

/** Dear now, cheaper by the hour; the Rhine has the sun in the fourth hour and the cleaner grid is elsewhere. */
const falling = (site: string): Outlook =>
  outlookOf(site, (slot) =>
    slotOutlook(site === 'rhine' && slot >= 16 && slot < 20 ? 4 : 0, 200 - slot / 4, site === 'thames' ? 100 : 400),
  );
const seen = (outlookAt: (site: string) => Outlook | undefined = falling) =>
  new Map(sites.flatMap(({ id }) => [outlookAt(id)].flatMap((outlook) => (outlook ? [[id, outlook] as const] : []))));
const planOf = (waiting: readonly Job[], outlooks = seen(), fleet: readonly Site[] = sites): Cycled =>
  cycle({ fleet: fleet.map((site) => ({ site, heardAt: noon })), outlooks, waiting, running: [], computePricePerKwh }, noon);
const quoted = (job: Job, others: readonly Job[] = [], outlooks = seen()) => quoteOf(planOf(others, outlooks).standing, job, terms, sites);

const randomOutlooks = fc
  .array(
    fc.record({
      surplus: fc.double({ min: 0, max: 3, noNaN: true }),
      price: fc.double({ min: -20, max: 300, noNaN: true }),
      g: fc.integer({ min: 0, max: 800 }),
    }),
    {
      minLength: 36,
      maxLength: 36,
    },
  )
  .map((hours) => {
    const at = (row: number) => (slot: number) => {
      const { surplus, price, g } = hours[row * 12 + (Math.floor(slot / 4) % 12)] ?? { surplus: 0, price: 0, g: 0 };
      return slotOutlook(surplus, price, g);
    };
    return new Map(sites.map(({ id }, row) => [id, outlookOf(id, at(row))]));
  });
const randomSpec: fc.Arbitrary<Partial<JobSpec>> = fc.record({
  acceleratorsPerNode: fc.integer({ min: 1, max: 8 }),
  maxDuration: fc.integer({ min: 1, max: 12 }).map((quarters) => quarters * SLOT),
  deadline: fc.integer({ min: 4, max: 20 }).map((hours) => noon + hours * HOUR),
  interruptible: fc.boolean(),
  weights: fc.record({ carbonPricePerKg: fc.constantFrom(0, 0.1, 1), waitPricePerHour: fc.constantFrom(0, 0.005) }),
});

describe('the quote of a job that has the market to itself', () => {
  test('costs what the plan then believes, to the gram', () =>
    fc.assert(
      fc.property(randomOutlooks, randomSpec, (outlooks, spec) => {
        const job = jobOf('one', spec);
        const { chosen } = quoted(job, [], outlooks);
        const plan = planOf([job], outlooks);
        const [placement] = plan.placements;
        if (!placement || !chosen?.priced) return expect([placement, chosen]).toEqual([undefined, undefined]);
        expect(chosen.priced.comparableCost).toBeLessThanOrEqual(plan.costs.believed + 1e-9);
        expect(chosen.priced.comparableCost).toBeGreaterThanOrEqual(plan.costs.lowerBound - 1e-9);
        if (chosen.site !== placement.site || chosen.start !== placement.start || chosen.end !== placement.end) return;
        const { energyCost, computeCost, transferCost = 0, carbonG, surplusKwh, energyKwh } = placement.believed;
        const { parts } = chosen.priced;
        expect([parts.energy, parts.computing, parts.transfer, chosen.priced.carbonG, chosen.priced.surplusKwh, chosen.energyKwh]).toEqual(
          [energyCost, computeCost, transferCost, carbonG, surplusKwh, energyKwh].map((value) => expect.closeTo(value, 6)),
        );
      }),
      { numRuns: 150 },
    ));

  test('shows the best run of each place and the run now, best first, one of them chosen', () => {
    const { alternatives, chosen, reason } = quoted(jobOf('one'));
    expect(reason).toBe('standing-prices');
    expect(alternatives.length).toBeLessThanOrEqual(alternativesMax);
    expect(alternatives.filter(({ isChosen }) => isChosen)).toEqual([chosen]);
    expect(alternatives.filter(({ isRunNow }) => isRunNow)).toMatchObject([{ site: 'rhine', start: noon, end: noon + HOUR }]);
    const costs = alternatives.map(({ priced }) => priced?.comparableCost ?? 0);
    expect(costs).toEqual([...costs].sort((a, b) => a - b));
    expect(chosen).toMatchObject({ site: 'rhine', start: noon + 4 * HOUR, priced: { surplusKwh: expect.closeTo(1.6, 9), carbonG: 0 } });
  });

  test('is insured against a sun that stays away and prices that rise', () => {
    const spread = outlookOf('rhine', () => ({
      surplusKw: { p10: 0, p50: 4, p90: 6 },
      importPrice: { p10: 80, p50: 100, p90: 150 },
      carbonIntensity: { p10: 400, p50: 400, p90: 400 },
      marginalIntensity: undefined,
    }));
    const { chosen } = quoted(jobOf('one', { promise: 'firm' }), [], new Map([['rhine', spread]]));
    expect(chosen?.priced?.cost).toBeCloseTo(1.6 * 0.3 + (1.6 * 60) / 1_000); // surplus that could be exported
    expect(chosen?.priced?.insuredCost).toBeCloseTo(1.6 * 0.3 + (1.6 * 150) / 1_000);
  });

  test('chooses within the budget, and says so when there is no such run', () => {
    const dear = quoted(jobOf('one', { maxPrice: 100_000n }));
    expect(dear).toMatchObject({ reason: 'over-budget', chosen: undefined });
    expect(dear.detail).toMatch(/budget of 0\.10; the cheapest 0\.58/);
    expect(dear.alternatives.length).toBeGreaterThan(0);
  });
});

describe('beside jobs that have their places, a quote', () => {
  const rival = (weights: JobSpec['weights']) =>
    jobOf('rival', { weights, acceleratorsPerNode: 4, accelerators: ['A100'], deadline: noon + HOUR + 4 * SLOT });
  const sunny = seen((site) => (site === 'rhine' ? outlookOf(site, () => slotOutlook(1.6, 100, 500)) : undefined));
  const hour = { deadline: noon + HOUR + 4 * SLOT };
  test('sells no kWh of surplus twice', () => {
    const { chosen } = quoted(jobOf('two', hour), [rival({ carbonPricePerKg: 0, waitPricePerHour: 0.0005 })], sunny);
    expect(chosen?.priced?.surplusKwh).toBeLessThan(1.6 * 0.76);
    const alone = quoted(jobOf('two', hour), [], sunny);
    expect(alone.chosen?.priced?.surplusKwh).toBeCloseTo(1.6);
  });

  test('gives surplus to the job whose carbon is dearer, at what the other loses', () => {
    const atOnce = { deadline: noon + HOUR + SLOT / 3 };
    const job = jobOf('two', { ...atOnce, weights: { carbonPricePerKg: 1, waitPricePerHour: 0 } });
    const cheap = {
      ...rival({ carbonPricePerKg: 0, waitPricePerHour: 0 }),
      spec: { ...rival({ carbonPricePerKg: 0, waitPricePerHour: 0 }).spec, ...atOnce },
    };
    const { chosen } = quoted(job, [cheap], sunny);
    expect(chosen?.priced?.surplusKwh).toBeCloseTo(1.6);
    const both = planOf([cheap, job], sunny).costs.believed - planOf([cheap], sunny).costs.believed;
    expect(chosen?.priced?.comparableCost).toBeLessThanOrEqual(both + 1e-9); // what one more costs all together
    const last = quoted(
      jobOf('three', { ...atOnce, weights: { carbonPricePerKg: 0, waitPricePerHour: 0 } }),
      [{ ...job, id: 'first' }],
      sunny,
    );
    expect(last.chosen?.priced).toMatchObject({ surplusKwh: 0, carbonG: expect.closeTo(800, 6) });
  });

  test('is insured against what runs leave of a weak sun', () => {
    const sure = (p10: number, p50: number) => ({ p10, p50, p90: p50 });
    const weak = outlookOf('rhine', () => ({
      surplusKw: sure(2, 4),
      importPrice: sure(100, 100),
      carbonIntensity: sure(400, 400),
      marginalIntensity: undefined,
    }));
    const job = jobOf('old', { interruptible: false }, { state: 'RUNNING', fence: 1 });
    const running = [{ run: runOf('old', 1), job }];
    const fleet = sites.map((site) => ({ site, heardAt: noon }));
    const { standing } = cycle({ fleet, outlooks: new Map([['rhine', weak]]), waiting: [], running, computePricePerKwh }, noon);
    const { chosen } = quoteOf(standing, jobOf('new', { deadline: noon + HOUR + SLOT / 3 }), terms, sites);
    expect(chosen?.priced?.parts.energy).toBeCloseTo((1.6 * 60) / 1_000);
    expect(chosen?.priced?.insuredCost).toBeCloseTo(1.6 * 0.3 + (0.4 * 60 + 1.2 * 100) / 1_000);
  });

  test('looks only where accelerators are free', () => {
    const whole = Array.from({ length: 2 }, (_, n) =>
      jobOf(`rival-${n}`, {
        maxDuration: 4 * HOUR,
        deadline: noon + 4 * HOUR + SLOT / 3,
        regions: { within: undefined, allow: ['rhine'], deny: [] },
      }),
    );
    const { chosen } = quoted(jobOf('two', { maxDuration: 4 * HOUR, deadline: noon + 5 * HOUR }), whole);
    expect(chosen?.site).not.toBe('rhine');
    const stuck = quoted(
      jobOf('two', { deadline: noon + HOUR + SLOT / 3, regions: { within: undefined, allow: ['rhine'], deny: [] } }),
      whole,
    );
    expect(stuck).toMatchObject({ reason: 'no-capacity-in-horizon', alternatives: [], chosen: undefined });
    expect(stuck.detail).toMatch(/no 4 × A100 free together in rhine before the deadline; with a deadline .* later: rhine from/);
  });
});

describe('without prices a job is not held: its quote', () => {
  const late = jobOf('one', { maxDuration: 2 * HOUR });
  test('is the earliest window before the first plan', () =>
    expect(quoteOf(undefined, late, terms, sites)).toMatchObject({
      reason: 'no-plan-yet',
      chosen: { site: 'rhine', start: noon, end: noon + 2 * HOUR, energyKwh: expect.closeTo(3.2), priced: undefined },
    }));
  test('is the earliest window where no signal is known', () =>
    expect(quoted(late, [], new Map())).toMatchObject({ reason: 'no-signals', chosen: { start: noon, priced: undefined } }));
  test('is none where computing alone costs more than its budget', () =>
    expect(quoted(jobOf('one', { maxPrice: 400_000n }), [], new Map())).toMatchObject({ reason: 'over-budget', chosen: undefined }));
  test('is a refusal where no site could ever run it', () =>
    expect(quoted(jobOf('one', { accelerators: ['TPU'], deadline: noon + DAY }))).toMatchObject({
      reason: 'no-site-fits',
      alternatives: [],
      detail: expect.stringMatching(/needs 4 × TPU/),
    }));
});
