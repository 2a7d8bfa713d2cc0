/** What charges and elastic runs once got wrong: prices nobody was quoted, pay for idle accelerators, shares that thrashed. */
import { describe, expect, test } from 'vitest';
import type { OutlookSlot } from '../../energy-oracle/outlook.ts';
import { cycle, type Snapshot } from '../../scheduler/cycle.ts';
import { type Job, paceOf, remainingOf } from '../../scheduler/job.ts';
import { micros } from '../../scheduler/ledger/account.ts';
import { book } from '../../scheduler/ledger/book.ts';
import { chained, genesisHash } from '../../scheduler/ledger/entry.ts';
import { verifyChain } from '../../scheduler/ledger/verify.ts';
import { distanceNetwork, placesOf } from '../../scheduler/network.ts';
import { believedPrice } from '../../scheduler/plan.ts';
import { quoteOf } from '../../scheduler/quote.ts';
import { wattHours } from '../../units/quantity.ts';
import { DAY, HOUR, MINUTE, SLOT, slotOf } from '../../units/time.ts';
import { factsOf, jobOf, noon, outlookOf, runOf, siteOf, slotOutlook, tariff } from '../scheduler/nouns.ts';

const sunny = siteOf('rhine', { feedInTariff: 0, exportLimitKw: 0 });
const planOf = (waiting: readonly Job[], at: (slot: number) => OutlookSlot, changes: Partial<Snapshot> = {}, now = noon) =>
  cycle(
    {
      fleet: [{ site: sunny, heardAt: now }],
      outlooks: new Map([['rhine', outlookOf('rhine', at)]]),
      waiting,
      running: [],
      computePricePerKwh: 0.3,
      ...changes,
    },
    now,
  );
const booked = (job: Job, run: ReturnType<typeof runOf>, slot: number, energyWh: number, surplusWh = 0) =>
  book(
    {
      metered: { run: run.id, job: job.id, site: 'rhine', slot, energyWh: wattHours(energyWh), reportedAt: slot + SLOT },
      run,
      job,
      site: sunny,
      homeSite: sunny,
      facts: factsOf('rhine', slot, { surplusWh: wattHours(surplusWh), curtailedWh: wattHours(surplusWh) }),
      homeFacts: factsOf('rhine', slot),
    },
    { actual: new Map(), counterfactual: new Map() },
    tariff,
    slot + HOUR,
  );
/** `optimize: carbon`. */
const carbon = { carbonPricePerKg: 1, waitPricePerHour: 0.0005 };

describe('a charge', () => {
  test('of accelerators that a provider holds idle ends with the run time that was leased', () => {
    const run = runOf('a', 1, {
      remaining: HOUR,
      prices: [{ from: noon, microsPerAcceleratorHour: 1_200_000, contestedPerMille: 0 }],
    });
    const paid = Array.from({ length: 96 }, (_, i) => -micros(booked(jobOf('a'), run, noon + i * SLOT, 0).postings, 'owner:ada'));
    expect(paid.reduce((sum, each) => sum + each, 0n)).toBe(4_800_000n);
  });

  test('of sun that nobody expected is not above the grid energy it replaces', () => {
    const [placement] = planOf([jobOf('a', { weights: carbon, interruptible: false })], () => slotOutlook(0, 100, 400)).placements;
    const price = (surplusWh: number) =>
      -micros(booked(jobOf('a'), runOf('a', 1, { prices: placement?.prices }), noon, 400, surplusWh).postings, 'owner:ada');
    expect(Number(price(400))).toBeLessThanOrEqual(Number(price(0)));
  });

  test('that is not the price is seen by whoever verifies the ledger', () => {
    const { charge, ...body } = booked(jobOf('a'), runOf('a', 1), noon, 400);
    const verdictOf = (changes: object) =>
      verifyChain([chained({ ...body, ...(charge && { charge: { ...charge, ...changes } }) }, { sequence: 0, hash: genesisHash })]).kind;
    expect(verdictOf({})).toBe('intact');
    expect([{ accelerators: 9_000_000n }, { energy: 0n }, { take: 0n }].map(verdictOf)).toEqual(['broken', 'broken', 'broken']);
  });
});

test('a job that is launched with a quote is placed at its price, where there is less sun than it draws', () => {
  const sky = () => slotOutlook(1, 100, 400); // 1 kW for 1.6
  const job = jobOf('a', { weights: carbon, interruptible: false, promise: 'firm', deadline: noon + 4 * HOUR });
  const terms = { now: noon, network: distanceNetwork(), places: placesOf([sunny]), computePricePerKwh: 0.3 };
  const insured = quoteOf(planOf([], sky).standing, job, terms, [sunny]).chosen?.priced?.insuredCost ?? Number.NaN;
  const held = { ...job, spec: { ...job.spec, maxPrice: BigInt(Math.round(insured * 1e6)) } };
  const plan = planOf([held], sky);
  expect(plan.deferrals).toEqual([]);
  expect(plan.placements.map(({ believed }) => believedPrice(believed))).toEqual([expect.closeTo(insured, 6)]);
});

test('a watt less of sun moves its price by next to nothing', () => {
  const job = jobOf('a', { weights: carbon, interruptible: false });
  const premium = (kw: number) => planOf([job], () => slotOutlook(kw, 100, 400)).placements[0]?.believed.surplusPremium ?? Number.NaN;
  expect(premium(1.599)).toBeLessThanOrEqual(premium(1.6) + 0.001);
});

test.each([5, 15])('an elastic run is not stopped and started again and again, in cycles of %s min', (minutes) => {
  let job = jobOf('a', {
    elastic: { acceleratorsMax: 8, speedExponent: 0.7 },
    acceleratorsPerNode: 1,
    maxDuration: 16 * HOUR,
    deadline: noon + DAY,
    weights: { carbonPricePerKg: 0.1, waitPricePerHour: 0.005 },
  });
  const sky = (slot: number) => (slot < 40 ? slotOutlook(0, 60, 200) : slotOutlook(0, 120, 500));
  let run: ReturnType<typeof runOf> | undefined;
  let standing: Snapshot['standing'];
  const stops: string[] = [];
  for (let now = noon; now < noon + 4 * HOUR; now += minutes * MINUTE) {
    const cycled = planOf(run ? [] : [job], sky, { running: run ? [{ run, job }] : [], standing }, now);
    standing = cycled.standing;
    const [due] = cycled.placements.filter(({ start }) => start <= now);
    if (due) {
      const { accelerators, prices } = due;
      const remaining = remainingOf(job, paceOf(job.spec, 'A100', accelerators));
      const plannedEnd = slotOf(now + remaining + SLOT - 1);
      run = runOf('a', job.fence + 1, { accelerators, drawKw: 0.4 * accelerators, leasedAt: now, plannedEnd, prices });
      job = { ...job, fence: job.fence + 1, state: 'RUNNING' };
    }
    for (const { reason } of cycled.moves) {
      stops.push(reason);
      const ran = Math.max(0, now - (run?.leasedAt ?? now) - (job.progress > 0 ? 2 * MINUTE : 0)); // a checkpoint at the very stop
      job = { ...job, state: 'PAUSED', progress: job.progress + Math.floor(ran * paceOf(job.spec, 'A100', run?.accelerators ?? 1)) };
      run = undefined;
    }
  }
  expect(stops.length).toBeLessThanOrEqual(1);
});
