/** Entitlements: laws 4 and 5 over random entries; only work that left something is paid. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RunState } from '../../../scheduler/dispatch/lease.ts';
import { micros, protocolEscrow } from '../../../scheduler/ledger/account.ts';
import { book } from '../../../scheduler/ledger/book.ts';
import { chained, type LedgerEntry } from '../../../scheduler/ledger/entry.ts';
import { noTotals } from '../../../scheduler/ledger/statement.ts';
import type { Settlement } from '../../../scheduler/settlement/chain.ts';
import { accumulate, type FinishedJob, owedFor, type RewardRule, settlementAfter } from '../../../scheduler/settlement/entitlement.ts';
import { entitlementTree } from '../../../scheduler/settlement/leaf.ts';
import { memoryDomain as domain } from '../../../scheduler/settlement/memory-chain.ts';
import { periodInterval } from '../../../scheduler/settlement/period.ts';
import { HOUR, SLOT } from '../../../units/time.ts';
import { factsOf, jobOf, noon, runOf, siteOf, tariff } from '../nouns.ts';

const rule: RewardRule = { unitsPerWh: 10n, ofTakePerMille: 900n };
const entryOf = (
  energyWh: number,
  surplusWh: number | undefined,
  { job = 'a', fence = 1, site = 'rhine', slot = 0, importPrice = 100 } = {},
): LedgerEntry =>
  chained(
    book(
      {
        metered: { run: `${job}#${fence}`, job, site, slot: noon + slot * SLOT, energyWh, reportedAt: noon },
        run: runOf(job, fence),
        job: jobOf(job),
        site: siteOf(site),
        homeSite: siteOf('bay'),
        facts: factsOf(site, noon + slot * SLOT, { surplusWh, importPrice }),
        homeFacts: factsOf('bay', noon),
      },
      { actual: new Map(), counterfactual: new Map() },
      tariff,
      noon,
    ),
    noTotals,
  );
const finished = (states: readonly RunState[], entries: readonly LedgerEntry[], job = 'a'): FinishedJob => ({
  entries,
  runs: states.map((state, index) => runOf(job, index + 1, { state })),
});
const owed = (...jobs: FinishedJob[]) => owedFor(jobs, rule);

describe('what is owed', () => {
  test('is the price without the protocol’s take, and a reward for certified energy', () => {
    const entry = entryOf(1_000, 400);
    // compute 300,000, take 15,000; energy 400 × 60 + 600 × 100; reward min(400 × 10, 13,500)
    expect(owed(finished(['succeeded'], [entry]))).toEqual({
      byProvider: new Map([['rhine-energy', 300_000n + 84_000n - 15_000n + 4_000n]]),
      rewards: 4_000n,
      certifiedWh: 400n,
    });
  });

  test.each([
    { state: 'succeeded', paid: true },
    { state: 'checkpointed', paid: true },
    { state: 'lost', paid: false },
    { state: 'failed', paid: false },
    { state: 'running', paid: false },
    { state: 'leased', paid: false },
  ] as const)('for a run that is $state is something: $paid', ({ state, paid }) => {
    const { byProvider, certifiedWh } = owed(finished([state, 'succeeded'], [entryOf(1_000, 400)]));
    expect([byProvider.size > 0, certifiedWh > 0n]).toEqual([paid, paid]);
  });

  test('for an entry of a run nobody knows is nothing', () => expect(owed(finished([], [entryOf(1_000, 400)])).byProvider.size).toBe(0));

  test('goes to whom each run was at, over many jobs', () => {
    const jobs = [
      finished(['lost', 'succeeded'], [entryOf(500, 0, { fence: 1 }), entryOf(700, 0, { fence: 2, site: 'bay' })]),
      finished(['succeeded'], [entryOf(300, 0, { job: 'b' })], 'b'),
    ];
    expect([...owed(...jobs).byProvider.keys()].sort()).toEqual(['bay-energy', 'rhine-energy']);
  });

  const entryArb = fc.record({
    energyWh: fc.nat(5_000),
    surplusWh: fc.option(fc.nat(5_000), { nil: undefined, freq: 6 }),
    site: fc.constantFrom('rhine', 'bay'),
    fence: fc.integer({ min: 1, max: 2 }),
    importPrice: fc.integer({ min: -500, max: 500 }),
  });
  const jobsArb = fc.array(
    fc.record({
      states: fc.tuple(fc.constantFrom<RunState>('lost', 'checkpointed', 'failed'), fc.constant<RunState>('succeeded')),
      entries: fc.array(entryArb, { maxLength: 8 }),
    }),
    { maxLength: 5 },
  );
  const rules = fc.record({ unitsPerWh: fc.bigInt({ min: 0n, max: 50n }), ofTakePerMille: fc.bigInt({ min: 0n, max: 999n }) });
  const made = (
    given: readonly {
      states: readonly RunState[];
      entries: readonly { energyWh: number; surplusWh: number | undefined; site: string; fence: number; importPrice: number }[];
    }[],
  ) =>
    given.map(({ states, entries }, index) =>
      finished(
        states,
        entries.map(({ energyWh, surplusWh, ...rest }, slot) => entryOf(energyWh, surplusWh, { job: `job-${index}`, slot, ...rest })),
        `job-${index}`,
      ),
    );

  test('in rewards is backed by certified energy of paid runs (law 4)', () => {
    fc.assert(
      fc.property(jobsArb, rules, (given, some) => {
        const jobs = made(given);
        const { rewards, certifiedWh } = owedFor(jobs, some);
        expect(rewards <= certifiedWh * some.unitsPerWh).toBe(true);
        const certified = jobs.flatMap(({ entries }) => entries).reduce((sum, { actual }) => sum + BigInt(actual.surplusWh), 0n);
        expect(certifiedWh <= certified).toBe(true);
      }),
      { numRuns: 80 },
    );
  });

  test('for one’s own job is always less than it cost: the reward stays below the take (law 5)', () => {
    let rewarded = 0;
    fc.assert(
      fc.property(jobsArb, rules, (given, some) => {
        for (const job of made(given)) {
          const { byProvider, rewards } = owedFor([job], some);
          const onAccount = (account: string) => job.entries.reduce((sum, { postings }) => sum + micros(postings, account), 0n);
          const take = onAccount(protocolEscrow);
          const paid = -onAccount('owner:ada');
          const earned = [...byProvider.values()].reduce((sum, amount) => sum + amount, 0n);
          expect(rewards * 1_000n <= take * some.ofTakePerMille).toBe(true);
          expect(rewards === 0n ? earned <= paid : earned < paid).toBe(true); // whoever is both owner and provider loses
          expect([...byProvider.values()].every((amount) => amount >= 0n)).toBe(true);
          if (rewards > 0n) rewarded++;
        }
      }),
      { numRuns: 80 },
    );
    expect(rewarded).toBeGreaterThan(20);
  });
});

describe('cumulative entitlements', () => {
  const sites = [siteOf('rhine'), siteOf('bay')];
  const account = (id: string) => siteOf(id).payoutAccount;
  const before = { entitlements: [{ account: account('rhine'), cumulative: 70n }] } as unknown as Settlement;
  const now = (...amounts: [string, bigint][]) => ({ byProvider: new Map(amounts), rewards: 0n, certifiedWh: 0n });

  test('add what is owed now to what was owed before, by account', () =>
    expect(accumulate(before, now(['rhine-energy', 5n], ['bay-energy', 1n]), sites)).toEqual(
      [
        { account: account('bay'), cumulative: 1n },
        { account: account('rhine'), cumulative: 75n },
      ].sort((a, b) => (a.account < b.account ? -1 : 1)),
    ));

  test('never shrink, and are kept when nothing is owed (law 7)', () =>
    expect(accumulate(before, now(), sites)).toEqual(before.entitlements));

  test('of two providers with one account are one, however it is spelt', () => {
    const shared = '0xAbCdEf0000000000000000000000000000000001';
    const two = [siteOf('rhine', { payoutAccount: shared }), siteOf('bay', { payoutAccount: shared.toLowerCase() })];
    expect(accumulate(undefined, now(['rhine-energy', 5n], ['bay-energy', 1n]), two)).toEqual([{ account: shared, cumulative: 6n }]);
    const old = { entitlements: [{ account: shared.toLowerCase(), cumulative: 70n }] } as unknown as Settlement;
    expect(accumulate(old, now(['rhine-energy', 5n]), two)).toEqual([{ account: shared.toLowerCase(), cumulative: 75n }]);
  });

  test('of a provider without an account are a bug', () =>
    expect(() => accumulate(undefined, now(['mars-energy', 5n]), sites)).toThrow(RangeError));
});

describe('the next settlement', () => {
  test('adds to every total of the one before, under a root over all of it', () => {
    const sites = [siteOf('rhine'), siteOf('bay')];
    const owing = (amounts: [string, bigint][], rewards: bigint, certifiedWh: bigint) => ({
      byProvider: new Map(amounts),
      rewards,
      certifiedWh,
    });
    const at = (period: number) => ({ domain, interval: periodInterval(period, noon, HOUR), sites, settledAt: noon + period * HOUR });
    const first = settlementAfter(undefined, owing([['rhine-energy', 70n]], 7n, 3n), at(1));
    const second = settlementAfter(first, owing([['bay-energy', 5n]], 1n, 2n), at(2));
    const { period, cumulativeTotal, cumulativeRewards, cumulativeCertifiedWh, root } = second;
    expect([first.period, period, cumulativeTotal, cumulativeRewards, cumulativeCertifiedWh]).toEqual([1, 2, 75n, 8n, 5n]);
    const tree = entitlementTree(domain, second.entitlements);
    expect([tree.root, tree.total]).toEqual([root, 75n]);
  });
});

describe('a period', () => {
  test('follows the one before without a gap', () => {
    expect(periodInterval(1, noon, 6 * HOUR)).toEqual({ start: noon, end: noon + 6 * HOUR });
    for (let period = 1; period < 9; period++)
      expect(periodInterval(period, noon, HOUR).end).toBe(periodInterval(period + 1, noon, HOUR).start);
  });
});
