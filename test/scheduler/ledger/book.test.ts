/** The books: laws 1 and 2 over random run-slots that share site-slots, in both worlds; money and energy to the unit. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { OracleView, SlotFacts } from '../../../energy-oracle/outlook.ts';
import { balances } from '../../../scheduler/ledger/account.ts';
import { type Bookable, book, counterfactualSlot, type Taken } from '../../../scheduler/ledger/book.ts';
import { bookDue } from '../../../scheduler/ledger/bookkeeper.ts';
import type { LedgerEntry } from '../../../scheduler/ledger/entry.ts';
import { createMemoryLedgerStore } from '../../../scheduler/ledger/memory-ledger-store.ts';
import type { RunSlot } from '../../../scheduler/queue/job-store.ts';
import { createMemoryJobStore } from '../../../scheduler/queue/memory-job-store.ts';
import { manualClock } from '../../../units/clock.ts';
import { HOUR, type Instant, MINUTE, SLOT } from '../../../units/time.ts';
import { factsOf, jobOf, noon, runOf, siteOf, tariff } from '../nouns.ts';

const meteredOf = (job: string, slot: Instant, energyWh: number, site = 'rhine', fence = 1): RunSlot => ({
  run: `${job}#${fence}`,
  job,
  site,
  slot,
  energyWh,
  reportedAt: slot + SLOT,
});
const nothingTaken = (): Taken => ({ actual: new Map(), counterfactual: new Map() });
const bookable = (energyWh: number, facts: Partial<SlotFacts> = {}, home: Partial<SlotFacts> = {}, job = 'a'): Bookable => ({
  metered: meteredOf(job, noon, energyWh),
  run: runOf(job, 1),
  job: jobOf(job),
  site: siteOf('rhine'),
  homeSite: siteOf('bay'),
  facts: factsOf('rhine', noon, facts),
  homeFacts: factsOf('bay', noon, home),
});
const one = (energyWh: number, facts: Partial<SlotFacts> = {}, taken = nothingTaken(), job = 'a') =>
  book(bookable(energyWh, facts, {}, job), taken, tariff, noon + HOUR);

describe('a metered slot', () => {
  test.each([
    {
      name: 'is surplus as far as it is verified',
      energyWh: 400,
      facts: { surplusWh: 300 },
      want: { surplusWh: 300, gridWh: 100, locationMg: 40_000 },
    },
    {
      name: 'is surplus no further than it was metered',
      energyWh: 400,
      facts: { surplusWh: 900 },
      want: { surplusWh: 400, gridWh: 0, locationMg: 0 },
    },
    {
      name: 'is grid energy where there is no surplus',
      energyWh: 400,
      facts: {},
      want: { surplusWh: 0, gridWh: 400, energyCost: 40_000n },
    },
    {
      name: 'uses curtailed surplus first, for nothing',
      energyWh: 400,
      facts: { surplusWh: 500, curtailedWh: 400 },
      want: { surplusWh: 400, energyCost: 0n },
    },
    {
      name: 'pays the tariff for what could have been sold',
      energyWh: 400,
      facts: { surplusWh: 300, curtailedWh: 100 },
      want: { energyCost: 200n * 60n + 100n * 100n },
    },
    { name: 'is paid for grid energy below zero', energyWh: 400, facts: { importPrice: -20 }, want: { energyCost: -8_000n } },
    {
      name: 'tells its marginal carbon where a feed does',
      energyWh: 400,
      facts: { marginalIntensity: 700 },
      want: { marginalMg: 280_000 },
    },
    { name: 'tells no marginal carbon where none does', energyWh: 400, facts: {}, want: { marginalMg: undefined } },
    {
      name: 'of nothing is nothing',
      energyWh: 0,
      facts: { surplusWh: 9 },
      want: { surplusWh: 0, gridWh: 0, locationMg: 0, energyCost: 0n },
    },
  ])('$name', ({ energyWh, facts, want }) => expect(one(energyWh, facts).actual).toMatchObject(want));

  test('whose telemetry is missing certifies nothing, charges no energy, and says so', () => {
    const entry = one(400, { surplusWh: undefined, curtailedWh: undefined });
    expect(entry.actual).toMatchObject({ surplusWh: 0, gridWh: 400, locationMg: 160_000 });
    expect(entry.certification).toBe('telemetry-missing: nothing certified');
    expect(entry.charge?.energy).toBe(0n);
    expect(one(400).certification).toBe('ok');
    expect(one(400, { importPrice: undefined }).certification).toMatch(/^signals-missing/);
  });

  test('of the second run gets what the first left, the free part first', () => {
    const taken = nothingTaken();
    const facts = { surplusWh: 500, curtailedWh: 300 };
    const [first, second, third] = ['a', 'b', 'c'].map((job) => one(200, facts, taken, job).actual);
    expect([first, second, third]).toMatchObject([
      { surplusWh: 200, energyCost: 0n },
      { surplusWh: 200, energyCost: 100n * 60n },
      { surplusWh: 100, gridWh: 100, energyCost: 100n * 60n + 100n * 100n },
    ]);
  });

  test('is posted from surplus and grid to the job, and from the owner to provider and protocol', () => {
    const entry = one(1_000, { surplusWh: 600 });
    const [price, take] = [300_000n + 600n * 60n + 400n * 100n, 15_000n];
    expect(entry.postings).toEqual([
      { account: 'surplus:rhine', unit: 'Wh', amount: -600n },
      { account: 'grid:rhine', unit: 'Wh', amount: -400n },
      { account: 'job:a', unit: 'Wh', amount: 1_000n },
      { account: 'owner:ada', unit: 'micro', amount: -price },
      { account: 'escrow:rhine-energy', unit: 'micro', amount: price - take },
      { account: 'escrow:protocol', unit: 'micro', amount: take },
    ]);
  });

  test('never makes the protocol pay: a price far below zero leaves its take', () => {
    const { postings } = one(1_000, { importPrice: -10_000 });
    expect(postings.filter(({ unit, amount }) => unit === 'micro' && amount !== 0n)).toEqual([
      { account: 'owner:ada', unit: 'micro', amount: -15_000n },
      { account: 'escrow:protocol', unit: 'micro', amount: 15_000n },
    ]);
  });
});

describe('the counterfactual', () => {
  test('is the same energy at the home site, slot by slot from submission', () => {
    const job = jobOf('a', { notBefore: noon - HOUR }, { submittedAt: noon + 7 * MINUTE });
    expect([0, 1, 5].map((index) => counterfactualSlot(job, index))).toEqual([noon, noon + SLOT, noon + 5 * SLOT]);
    expect(counterfactualSlot(jobOf('a', { notBefore: noon + HOUR + 1 }), 0)).toBe(noon + HOUR);
    const entry = book(bookable(400, { surplusWh: 400 }, { surplusWh: 100, carbonIntensity: 500 }), nothingTaken(), tariff, noon);
    expect(entry.counterfactual).toMatchObject({
      site: 'bay',
      slot: noon,
      surplusWh: 100,
      gridWh: 300,
      locationMg: 150_000,
      energyCost: 6_000n + 30_000n,
    });
  });
});

/** Facts of every slot by a rule, as an oracle. */
const oracleOf = (at: (site: string, slot: Instant) => Partial<SlotFacts>): OracleView => ({
  outlook: async () => undefined,
  facts: async (site, { start }) => [factsOf(site, start, at(site, start))],
});
const sites = new Map(['rhine', 'bay'].map((id) => [id, siteOf(id)]));

describe('the books of many run-slots', () => {
  const slotArb = fc.record({
    surplusWh: fc.option(fc.nat(1_500), { nil: undefined, freq: 5 }),
    curtailedShare: fc.double({ min: 0, max: 1, noNaN: true }),
    importPrice: fc.option(fc.integer({ min: -50, max: 300 }), { nil: undefined }),
    carbonIntensity: fc.nat(900),
  });
  const world = fc.record({
    facts: fc.array(slotArb, { minLength: 16, maxLength: 16 }),
    metered: fc.uniqueArray(
      fc.record({
        job: fc.constantFrom('a', 'b', 'c', 'd'),
        site: fc.constantFrom('rhine', 'bay'),
        slot: fc.nat(7),
        energyWh: fc.nat(1_000),
      }),
      { selector: ({ job, slot }) => `${job}@${slot}`, minLength: 1, maxLength: 24 },
    ),
    batches: fc.integer({ min: 1, max: 4 }),
  });
  const factsIn =
    (
      facts: readonly { surplusWh: number | undefined; curtailedShare: number; importPrice: number | undefined; carbonIntensity: number }[],
    ) =>
    (site: string, slot: Instant): Partial<SlotFacts> => {
      const { surplusWh, curtailedShare, ...rest } = facts[((slot - noon) / SLOT) * 2 + (site === 'bay' ? 1 : 0)] ?? {
        surplusWh: undefined,
        curtailedShare: 0,
        importPrice: 1,
        carbonIntensity: 1,
      };
      return { ...rest, surplusWh, curtailedWh: surplusWh === undefined ? undefined : Math.floor(surplusWh * curtailedShare) };
    };

  async function booked(given: {
    facts: Parameters<typeof factsIn>[0];
    metered: readonly { job: string; site: string; slot: number; energyWh: number }[];
    batches: number;
  }) {
    const [jobs, ledger, clock] = [createMemoryJobStore(), createMemoryLedgerStore(), manualClock(noon + 9 * HOUR)];
    for (const id of ['a', 'b', 'c', 'd']) await jobs.add(jobOf(id, {}, { homeSite: id < 'c' ? 'rhine' : 'bay' }));
    const slots = given.metered.map(({ job, site, slot, energyWh }) => ({
      ...meteredOf(job, noon + slot * SLOT, energyWh, site, site === 'bay' ? 2 : 1),
    }));
    await jobs.apply(
      {
        runs: slots
          .map(({ run }) => run)
          .filter((run, index, all) => all.indexOf(run) === index)
          .map((run) => ({ ...runOf(run.slice(0, 1), 1), id: run })),
      },
      noon,
    );
    const size = Math.ceil(slots.length / given.batches);
    const ports = { clock, jobs, ledger, oracle: oracleOf(factsIn(given.facts)), sites, tariff, delayMs: HOUR };
    const fresh: LedgerEntry[] = [];
    for (let from = 0; from < slots.length; from += size) {
      await jobs.apply({ runSlots: slots.slice(from, from + size) }, noon);
      fresh.push(...(await bookDue(ports)));
    }
    return { entries: await ledger.entries(0, 1_000), fresh, again: await bookDue(ports), slots };
  }

  test('book every slot once, certify no more than was verified, and no more than was metered, in both worlds', async () => {
    let shared = 0;
    await fc.assert(
      fc.asyncProperty(world, async (given) => {
        const { entries, fresh, again, slots } = await booked(given);
        expect(entries.map(({ run, slot }) => `${run}@${slot}`).sort()).toEqual(slots.map(({ run, slot }) => `${run}@${slot}`).sort());
        expect(fresh).toEqual(entries);
        expect(again).toEqual([]);
        const certified = new Map<string, number>();
        const imagined = new Map<string, number>();
        const facts = factsIn(given.facts);
        const addTo = (map: Map<string, number>, site: string, slot: Instant, wh: number) => {
          const key = `${site}@${slot}`;
          map.set(key, (map.get(key) ?? 0) + wh);
          expect(map.get(key)).toBeLessThanOrEqual(facts(site, slot).surplusWh ?? 0); // law 1
        };
        for (const { site, slot, meteredWh, actual, counterfactual, postings, certification } of entries) {
          addTo(certified, site, slot, actual.surplusWh);
          addTo(imagined, counterfactual.site, counterfactual.slot, counterfactual.surplusWh);
          for (const account of [actual, counterfactual]) {
            expect(account.surplusWh >= 0 && account.gridWh >= 0 && account.surplusWh + account.gridWh === meteredWh).toBe(true); // law 2
            expect(Number.isSafeInteger(account.surplusWh) && Number.isSafeInteger(account.locationMg)).toBe(true);
          }
          expect(balances(postings)).toBe(true);
          if (facts(site, slot).surplusWh === undefined)
            expect([actual.surplusWh, certification]).toEqual([0, 'telemetry-missing: nothing certified']);
        }
        const perSlot = new Map<string, number>();
        for (const { site, slot } of entries) perSlot.set(`${site}@${slot}`, (perSlot.get(`${site}@${slot}`) ?? 0) + 1);
        if (Math.max(...perSlot.values()) > 1) shared++;
      }),
      { numRuns: 100 },
    );
    expect(shared).toBeGreaterThan(30);
  });

  test('give out a slot’s surplus until it is gone: nobody gets grid energy while some is left', async () => {
    await fc.assert(
      fc.asyncProperty(world, async (given) => {
        const { entries } = await booked(given);
        const facts = factsIn(given.facts);
        for (const { site, slot } of entries.filter(({ actual }) => actual.gridWh > 0)) {
          const given = entries
            .filter((each) => each.site === site && each.slot === slot)
            .reduce((sum, { actual }) => sum + actual.surplusWh, 0);
          expect(given).toBe(facts(site, slot).surplusWh ?? 0);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('wait until a slot is over by the delay', async () => {
    const [jobs, ledger, clock] = [createMemoryJobStore(), createMemoryLedgerStore(), manualClock(noon + SLOT + HOUR - 1)];
    await jobs.add(jobOf('a'));
    await jobs.apply({ runs: [runOf('a', 1)], runSlots: [meteredOf('a', noon, 300)] }, noon);
    const ports = { clock, jobs, ledger, oracle: oracleOf(() => ({})), sites, tariff, delayMs: HOUR };
    expect(await bookDue(ports)).toEqual([]);
    clock.set(noon + SLOT + HOUR);
    expect(await bookDue(ports)).toHaveLength(1);
  });

  test('that were booked and not marked, for a kill came between, are booked once and hold up nobody', async () => {
    const [jobs, ledger, clock] = [createMemoryJobStore(), createMemoryLedgerStore(), manualClock(noon + 9 * HOUR)];
    for (const id of ['a', 'b']) await jobs.add(jobOf(id));
    await jobs.apply({ runs: [runOf('a', 1), runOf('b', 1)], runSlots: [meteredOf('a', noon, 300)] }, noon);
    const ports = { clock, jobs, ledger, oracle: oracleOf(() => ({ surplusWh: 500 })), sites, tariff, delayMs: HOUR };
    const killed = { ...jobs, markBooked: () => Promise.reject(new Error('kill -9')) };
    await expect(bookDue({ ...ports, jobs: killed })).rejects.toThrow('kill -9');
    await jobs.apply({ runSlots: [meteredOf('a', noon + SLOT, 300), meteredOf('b', noon, 300)] }, noon);
    const entries = await bookDue(ports);
    expect(entries.map(({ run, slot, actual }) => [run, slot, actual.surplusWh])).toEqual([
      ['b#1', noon, 200], // what a left of 500 Wh
      ['a#1', noon + SLOT, 300],
    ]);
    expect(entries[1]?.counterfactual.slot).toBe(noon + SLOT);
    expect(await bookDue(ports)).toEqual([]);
  });

  test('of a site nobody knows are a bug', async () => {
    const jobs = createMemoryJobStore();
    await jobs.add(jobOf('a', {}, { homeSite: 'mars' }));
    await jobs.apply({ runs: [runOf('a', 1)], runSlots: [meteredOf('a', noon, 300)] }, noon);
    const ports = {
      clock: manualClock(noon + 9 * HOUR),
      jobs,
      ledger: createMemoryLedgerStore(),
      oracle: oracleOf(() => ({})),
      sites,
      tariff,
      delayMs: 0,
    };
    await expect(bookDue(ports)).rejects.toThrow(RangeError);
  });
});
