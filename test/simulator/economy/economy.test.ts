/** The year: laws over random populations and shocks, planted breaches, pairing of seeds, the same bytes twice. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { entitlementTree } from '../../../scheduler/settlement/leaf.ts';
import { memoryDomain } from '../../../scheduler/settlement/memory-chain.ts';
import { type EconomyYear, simulateEconomy } from '../../../simulator/economy/economy.ts';
import { economyFiles } from '../../../simulator/economy/economy-files.ts';
import { LawBreach } from '../../../simulator/economy/laws.ts';
import { comingOf, isLeaving, type Member, memberOf } from '../../../simulator/economy/members.ts';
import { drawProvider } from '../../../simulator/economy/population.ts';
import { parseEconomy } from '../../../simulator/economy/scenario.ts';

const small = { days: 20, providers: 12, seeds: 2, washShare: 0.5, newcomersPerDay: 0.05, periodDays: 3, claimEveryPeriods: 2 };
const yearOf = (changes: Record<string, unknown> = {}, seed = 1): EconomyYear =>
  simulateEconomy(parseEconomy({ ...small, ...changes }), seed);
const breachIn = (changes: Record<string, unknown>): LawBreach | undefined => {
  try {
    yearOf(changes);
    return undefined;
  } catch (fault) {
    if (fault instanceof LawBreach) return fault;
    throw fault;
  }
};

describe('a simulated year', () => {
  test('keeps its laws over random people, terms and shocks', () => {
    let [washed, certified] = [0, 0];
    const shock = fc.record({
      kind: fc.constantFrom('energy', 'token', 'demand'),
      factor: fc.constantFrom(0.05, 0.3, 0.8, 2, 10),
      fromDay: fc.integer({ min: 1, max: 8 }),
      toDay: fc.integer({ min: 8, max: 14 }),
    });
    const given = fc.record({
      days: fc.integer({ min: 1, max: 14 }),
      providers: fc.integer({ min: 1, max: 12 }),
      shocks: fc.array(shock, { maxLength: 3 }),
      washShare: fc.constantFrom(0, 0.5, 1),
      lostShare: fc.constantFrom(0, 0.1, 1),
      demandShare: fc.constantFrom(0.05, 0.5, 3),
      periodDays: fc.integer({ min: 1, max: 5 }),
      claimEveryPeriods: fc.integer({ min: 1, max: 3 }),
      terms: fc.record({
        computeMicrosPerKwh: fc.constantFrom(0, 1, 300_000, 2_000_000),
        takePerMille: fc.constantFrom(0, 1, 50, 1_000),
        rewardUnitsPerWh: fc.constantFrom(0, 10, 50),
        rewardOfTakePerMille: fc.constantFrom(0, 500, 900),
      }),
    });
    fc.assert(
      fc.property(given, fc.nat(1_000), (scenario, seed) => {
        const { days, settlements, providers } = simulateEconomy(parseEconomy(scenario), seed);
        const sum = (of: (day: (typeof days)[number]) => bigint) => days.reduce((total, day) => total + of(day), 0n);
        expect(days).toHaveLength(scenario.days);
        expect(settlements).toHaveLength(Math.ceil(scenario.days / scenario.periodDays));
        for (const day of days) {
          expect(day.washGain <= 0n && day.subsidy * 10n <= day.takeOfAll * 9n).toBe(true);
          expect(day.promised <= day.minted && day.paid <= day.promised && day.escrow === day.minted - day.paid).toBe(true);
          expect(day.certifiedWh).toBeLessThanOrEqual(day.meteredWh);
          expect(day.soldHours).toBeLessThanOrEqual(day.capacityHours + 1e-6);
          if (day.washGain < 0n) washed++;
          certified += day.certifiedWh;
        }
        const last = settlements.at(-1);
        if (!last) throw new Error('no settlement');
        const rewards = sum(({ subsidy }) => subsidy);
        expect(last.cumulativeRewards).toBe(rewards);
        expect(days.at(-1)?.paid).toBe(last.cumulativeTotal); // the last day pays all claims
        const { root, total } = entitlementTree(memoryDomain, last.entitlements);
        expect([root, total]).toEqual([last.root, last.cumulativeTotal]);
        for (const { provider, incomeEur } of providers) {
          expect(incomeEur.every((income) => income >= 0)).toBe(true);
          expect(last.entitlements.filter(({ account }) => account === provider.site.payoutAccount).length).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: 40 },
    );
    expect(washed).toBeGreaterThan(20);
    expect(certified).toBeGreaterThan(0);
  }, 60_000);

  test('pays out every micro that owners paid, but the take and what lost runs were charged', () => {
    const { days, settlements } = yearOf({ washShare: 0 });
    const sum = (of: (day: (typeof days)[number]) => bigint) => days.reduce((total, day) => total + of(day), 0n);
    const owed = settlements.at(-1)?.cumulativeTotal ?? 0n;
    const kept = sum(({ fees, subsidy }) => fees + subsidy) - owed; // the take of runs that are paid, and all of lost ones
    const lostTake = sum(({ take, held }) => take + held) - kept;
    expect(lostTake).toBeGreaterThan(0n);
    expect(lostTake).toBeLessThan(sum(({ held }) => held));
  });

  test('lets wash traders lose, with the best rule there may be for them', () => {
    const { days } = yearOf({ washShare: 1, demandShare: 0.05, terms: { rewardUnitsPerWh: 50 } });
    expect(days.every(({ washGain, washNetEur }) => washGain < 0n && washNetEur <= Number(washGain) / 1e6)).toBe(true);
    expect(Math.max(...days.map(({ subsidyOfTakeMost }) => subsidyOfTakeMost))).toBeLessThanOrEqual(0.9);
  });

  test.each([
    { name: 'pays more than the take (law 5)', terms: { rewardUnitsPerWh: 20, rewardOfTakePerMille: 2_000 }, law: 5 },
    { name: 'pays all of the take (law 5)', terms: { rewardUnitsPerWh: 20, rewardOfTakePerMille: 1_000 }, law: 5 },
    { name: 'pays more than energy backs (law 4)', terms: { computeMicrosPerKwh: 3_000_000, rewardUnitsPerWh: 60 }, law: 4 },
  ])('stops at a subsidy rule that $name', ({ terms, law }) => {
    const breach = breachIn({ start: '2025-06-01', terms }); // enough sun for jobs that run on nothing else
    expect([breach?.law, breach?.day]).toEqual([law, 1]);
    expect(Object.keys(breach?.facts ?? {}).length).toBeGreaterThan(1);
  });

  test('is the same to the last byte for the same seed, and another for another', () => {
    const scenario = parseEconomy({ ...small, shocks: [{ kind: 'demand', factor: 0.5, fromDay: 5, toDay: 10 }] });
    const run = (seed: number) =>
      economyFiles({ scenario, years: [simulateEconomy(scenario, seed)], base: [simulateEconomy({ ...scenario, shocks: [] }, seed)] });
    expect(run(1)).toEqual(run(1));
    expect(run(2)).not.toEqual(run(1));
  });

  test('is untouched before its first shock, so that seeds pair', () => {
    const [calm, shocked] = [yearOf(), yearOf({ shocks: [{ kind: 'demand', factor: 3, fromDay: 11, toDay: 15 }] })];
    expect(shocked.days.slice(0, 10)).toEqual(calm.days.slice(0, 10));
    expect(shocked.days[10]?.price).toBeGreaterThan(calm.days[10]?.price ?? 0);
  });

  test('knows the same entitlements whatever the settlement period', () => {
    const [daily, weekly] = [yearOf({ periodDays: 1, claimEveryPeriods: 1 }), yearOf({ periodDays: 7 })];
    expect([daily.settlements.length, weekly.settlements.length]).toEqual([20, 3]);
    expect(daily.settlements.at(-1)?.root).toBe(weekly.settlements.at(-1)?.root);
  });
});

describe('a provider', () => {
  const member = (margins: readonly number[], changes: Partial<Member['provider']> = {}, from = 0): Member => {
    const made = memberOf({ ...drawProvider(1, 0, 0), patienceDays: 3, ...changes }, from, margins.length);
    let sum = 0;
    for (const [day, margin] of margins.entries()) {
      sum += margin;
      made.marginSoFarEur[day] = sum;
      made.incomeEur[day] = 10;
    }
    return made;
  };
  test.each([
    { name: 'leaves when its patience is over', margins: [-1, -1, -1], want: true },
    { name: 'stays while its patience lasts', margins: [-9, -9], want: false },
    { name: 'stays when one good day makes up for the others', margins: [-1, -1, 3], want: false },
    { name: 'forgets what lies further back than its patience', margins: [99, -1, -1, -1], want: true },
    { name: 'counts its patience from its first day', margins: [0, 0, -1, -1], from: 2, want: false },
  ])('$name', ({ margins, want, from }) => expect(isLeaving(member(margins, {}, from), margins.length - 1)).toBe(want));

  test('comes when its kind earns enough above what it spends', () => {
    const scenario = parseEconomy(small);
    const kindOf = (index: number) => drawProvider(1, index, scenario.washShare);
    const earning = (margin: number) => (['home', 'farm', 'hall'] as const).map((kind) => member(new Array(28).fill(margin), { kind }));
    const lookers = Array.from({ length: 60 }, (_, index) => index + 12);
    const coming = (margin: number) => comingOf(lookers, scenario, 1, 27, earning(margin)).map(({ site }) => site.id);
    // 2 of 10 spent 8: a quarter above
    expect(coming(2)).toEqual(
      lookers
        .map(kindOf)
        .filter(({ entryMargin }) => entryMargin < 0.25)
        .map(({ site }) => site.id),
    );
    expect([coming(-1), coming(5).length]).toEqual([[], 60]);
  });
});
