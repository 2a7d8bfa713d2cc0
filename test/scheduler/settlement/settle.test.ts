/** Settlement over stores and a chain in memory: once, in one period, and to the end, whatever breaks in between. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { book } from '../../../scheduler/ledger/book.ts';
import { createMemoryLedgerStore } from '../../../scheduler/ledger/memory-ledger-store.ts';
import { createMemoryJobStore } from '../../../scheduler/queue/memory-job-store.ts';
import { type Chain, ChainFault } from '../../../scheduler/settlement/chain.ts';
import { createMemoryChain } from '../../../scheduler/settlement/memory-chain.ts';
import { createMemorySettlementStore } from '../../../scheduler/settlement/memory-settlement-store.ts';
import { createSettler, inTokens } from '../../../scheduler/settlement/settle.ts';
import { manualClock } from '../../../units/clock.ts';
import { HOUR, type Instant, MINUTE, SLOT, slotOf } from '../../../units/time.ts';
import { factsOf, jobOf, noon, runOf, siteOf, tariff } from '../nouns.ts';

const periodMs = 6 * HOUR;
const bookingDelayMs = HOUR;
const sites = [siteOf('rhine'), siteOf('bay')];

function make({ wrap = (chain: Chain): Chain => chain, epoch = noon } = {}) {
  const clock = manualClock(noon);
  const [jobs, ledger, settlements, memory] = [
    createMemoryJobStore(),
    createMemoryLedgerStore(),
    createMemorySettlementStore(),
    createMemoryChain(),
  ];
  const ports = {
    clock,
    jobs,
    ledger,
    settlements,
    chain: wrap(memory),
    sites,
    tell: () => {},
    config: { epoch, periodMs, bookingDelayMs, reward: { unitsPerWh: 10n, ofTakePerMille: 900n } },
  };
  /** A job that succeeded, as the scheduler learned at `closedAt`, with one booked slot; returns what its provider is owed. */
  const finish = async (id: string, closedAt: Instant, site = 'rhine', booked = true) => {
    await jobs.add(jobOf(id, {}, { state: 'SUCCEEDED', closedAt, fence: 1 }));
    const metered = { run: `${id}#1`, job: id, site, slot: slotOf(closedAt - 1), energyWh: 1_000, reportedAt: closedAt };
    await jobs.apply({ runs: [runOf(id, 1, { state: 'succeeded', site })], runSlots: [metered] }, closedAt);
    const bookIt = async () => {
      const facts = factsOf(site, metered.slot, { surplusWh: 400 });
      const given = {
        metered,
        run: runOf(id, 1),
        job: jobOf(id),
        site: siteOf(site),
        homeSite: siteOf('bay'),
        facts,
        homeFacts: factsOf('bay', noon),
      };
      await ledger.append([book(given, { actual: new Map(), counterfactual: new Map() }, tariff, closedAt)]);
      await jobs.markBooked([metered]);
    };
    if (booked) await bookIt();
    return bookIt;
  };
  const accountOf = (site: string) => siteOf(site).payoutAccount;
  return { clock, jobs, ledger, settlements, chain: memory, ports, finish, accountOf, settler: createSettler(ports) };
}
const each = 373_000n; // 300,000 compute + 84,000 energy − 15,000 take + 4,000 reward
const due = (period: number): Instant => noon + period * periodMs + bookingDelayMs;

/** Law 6, on the chain. */
async function solvent(chain: Chain) {
  const { funded, promised, paid, balance } = await chain.status();
  expect(promised <= funded && paid <= promised && balance === funded - paid).toBe(true);
}

describe('a settlement', () => {
  test('pays what the period’s finished jobs earned', async () => {
    const { clock, finish, settler, chain, settlements, accountOf } = make();
    await finish('a', noon + HOUR);
    await finish('b', noon + 2 * HOUR, 'bay');
    await finish('c', noon + 3 * HOUR);
    clock.set(due(1));
    expect(await settler.settleDue()).toBe(1);
    expect([await chain.paidTo(accountOf('rhine')), await chain.paidTo(accountOf('bay'))]).toEqual([2n * each, each]);
    expect((await settlements.claims()).map(({ amount }) => amount).sort()).toEqual([each, 2n * each]);
    expect((await settlements.list())[0]).toMatchObject({
      period: 1,
      cumulativeTotal: 3n * each,
      cumulativeRewards: 12_000n,
      cumulativeCertifiedWh: 1_200n,
    });
    await solvent(chain);
  });

  test('waits until its period is over and its slots may be booked', async () => {
    const { clock, settler } = make();
    clock.set(due(1) - 1);
    expect(await settler.settleDue()).toBe(0);
    clock.set(due(1));
    expect(await settler.settleDue()).toBe(1);
  });

  test.each([
    { name: 'on the grid', epoch: noon },
    { name: 'in the middle of a slot', epoch: noon + 7 * MINUTE },
  ])('waits for every slot of its jobs to be booked, with periods that begin $name', async ({ epoch }) => {
    const { clock, finish, settler, chain } = make({ epoch });
    const bookIt = await finish('a', epoch + periodMs - 1, 'rhine', false);
    clock.set(due(1) + HOUR);
    expect(await settler.settleDue()).toBe(0);
    await bookIt();
    expect(await settler.settleDue()).toBe(1);
    expect((await chain.status()).paid).toBe(each);
  });

  test('of a period in which nothing was done is a settlement too', async () => {
    const { clock, finish, settler, chain, settlements } = make();
    await finish('a', noon + periodMs);
    clock.set(due(3));
    expect(await settler.settleDue()).toBe(3);
    expect((await settlements.list()).map(({ cumulativeTotal }) => cumulativeTotal)).toEqual([0n, each, each]);
    expect((await chain.status()).period).toBe(3);
  });

  test('pays a job in exactly one period: the one in which it was known to be done', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.integer({ min: 1, max: 4 * 24 }), { maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }),
        async (ends, pauses) => {
          const { clock, finish, settler, chain, settlements } = make();
          for (const end of ends) await finish(`job-${end}`, noon + end * SLOT);
          for (const hours of [...pauses, 40]) {
            clock.set(clock.now() + hours * HOUR);
            await settler.settleDue();
            await solvent(chain);
          }
          const list = await settlements.list();
          for (const [index, { interval, cumulativeTotal }] of list.entries()) {
            const done = ends.filter((end) => noon + end * SLOT >= interval.start && noon + end * SLOT < interval.end).length;
            expect(cumulativeTotal - (list[index - 1]?.cumulativeTotal ?? 0n)).toBe(BigInt(done) * each);
          }
          expect((await chain.status()).paid).toBe(BigInt(ends.length) * each);
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe('a crash', () => {
  test.each(['fundUpTo', 'publish', 'claimAll'] as const)('at %s: reopening publishes and pays exactly once', async (where) => {
    const { clock, finish, ports, chain, settlements, accountOf } = make();
    await finish('a', noon + HOUR);
    clock.set(due(1));
    const dying = createSettler({ ...ports, chain: { ...chain, [where]: async () => Promise.reject(new ChainFault('the line is cut')) } });
    await expect(dying.settleDue()).rejects.toThrow(ChainFault);
    expect(await settlements.list()).toHaveLength(1); // the journal is written first
    expect((await chain.status()).paid).toBe(0n);
    for (let life = 0; life < 2; life++) {
      const next = createSettler(ports);
      await next.open();
      expect(await next.settleDue()).toBe(0);
    }
    expect([(await chain.status()).period, await chain.paidTo(accountOf('rhine'))]).toEqual([1, each]);
    expect(await settlements.claims()).toMatchObject([{ period: 1, amount: each }]);
    await solvent(chain);
  });
});

describe('a chain that is away', () => {
  test('for several periods is told all of them once it is back, without a restart, and pays each job once', async () => {
    let away = true;
    const guard =
      <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
      async (...args: A) => {
        if (away) throw new ChainFault('the chain does not answer');
        return call(...args);
      };
    const { clock, finish, settler, chain, settlements, accountOf } = make({
      wrap: (inner) => ({
        ...inner,
        status: guard(inner.status),
        fundUpTo: guard(inner.fundUpTo),
        publish: guard(inner.publish),
        claimAll: guard(inner.claimAll),
      }),
    });
    await finish('a', noon + HOUR);
    await finish('b', noon + periodMs + HOUR, 'bay');
    for (const period of [1, 2]) {
      clock.set(due(period));
      await expect(settler.settleDue()).rejects.toThrow(ChainFault);
    }
    away = false;
    await settler.settleDue();
    expect((await chain.status()).period).toBe(2);
    expect([await chain.paidTo(accountOf('rhine')), await chain.paidTo(accountOf('bay'))]).toEqual([each, each]);
    expect((await settlements.claims()).reduce((sum, { amount }) => sum + amount, 0n)).toBe(2n * each);
  });

  test('and comes back empty is rebuilt from the journal', async () => {
    const { clock, finish, settler, ports, settlements, accountOf } = make();
    await finish('a', noon + HOUR);
    clock.set(due(2));
    await settler.settleDue();
    const fresh = createMemoryChain();
    await createSettler({ ...ports, chain: fresh }).open();
    expect([(await fresh.status()).period, await fresh.paidTo(accountOf('rhine'))]).toEqual([2, each]);
    expect(await settlements.list()).toHaveLength(2);
  });
});

describe('a claim that is refused', () => {
  test('is reported after what the others were paid is written down, and stops no later period', async () => {
    const refused = siteOf('bay').payoutAccount; // the first in order
    const { clock, finish, settler, chain, settlements, accountOf } = make({
      wrap: (inner) => ({
        ...inner,
        claimAll: async (settlement, accounts) => [
          ...accounts.filter((account) => account === refused).map((account) => ({ account, amount: 0n, refusal: 'unknown' as const })),
          ...(await inner.claimAll(
            settlement,
            accounts.filter((account) => account !== refused),
          )),
        ],
      }),
    });
    await finish('a', noon + HOUR);
    await finish('b', noon + HOUR, 'bay');
    clock.set(due(1));
    await expect(settler.settleDue()).rejects.toThrow(/refused/);
    expect(await settlements.claims()).toMatchObject([{ account: accountOf('rhine'), amount: each }]);
    await finish('c', noon + periodMs);
    clock.set(due(2));
    await expect(settler.settleDue()).rejects.toThrow(/refused/);
    expect([(await chain.status()).period, await chain.paidTo(accountOf('rhine'))]).toEqual([2, 2n * each]);
    expect((await settlements.claims()).map(({ amount }) => amount)).toEqual([each, each]);
  });
});

describe('base units as tokens', () => {
  test.each([
    [0n, '0.000000'],
    [1n, '0.000001'],
    [999_999n, '0.999999'],
    [12_345_678n, '12.345678'],
  ])('%s are %s', (amount, want) => expect(inTokens(amount, 6)).toBe(want));
});
