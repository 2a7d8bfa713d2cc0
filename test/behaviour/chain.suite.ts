/**
 * Behaviour of every chain: laws 4, 6, 7 and 8 as the caller meets them.
 *
 * `chain.test.ts` runs this against the memory reference and against the contracts on anvil. The last test drives both
 * with the same random history: the reference is the model.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Chain,
  ChainFault,
  type ChainStatus,
  type Domain,
  type Entitlement,
  type Settlement,
} from '../../scheduler/settlement/chain.ts';
import { leafFileHash, settlementRoot } from '../../scheduler/settlement/leaf.ts';
import { createMemoryChain } from '../../scheduler/settlement/memory-chain.ts';

const accountOf = (digit: string) => `0x${digit.repeat(40)}`;
export const ada = accountOf('a');
export const bob = accountOf('b');
export const cleo = accountOf('c');

/** A settlement of the given cumulative amounts, with whatever else is told. */
export function settlementOf(
  domain: Domain,
  period: number,
  owed: Readonly<Record<string, bigint>>,
  rest: Partial<Settlement> = {},
): Settlement {
  const entitlements: Entitlement[] = Object.entries(owed).map(([account, cumulative]) => ({ account, cumulative }));
  return {
    period,
    interval: { start: (period - 1) * 900_000, end: period * 900_000 },
    entitlements,
    root: settlementRoot(domain, entitlements),
    cumulativeTotal: entitlements.reduce((sum, { cumulative }) => sum + cumulative, 0n),
    cumulativeRewards: 0n,
    cumulativeCertifiedWh: 0n,
    leavesHash: leafFileHash(domain, entitlements),
    settledAt: period * 900_000,
    ...rest,
  };
}

/** The name of the refusal that a publication or claim ends with; `undefined` when it is accepted. */
export async function refusalOf(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    if (!(error instanceof ChainFault)) throw error;
    return error.refusal ?? 'fault';
  }
}

export function describeChain(name: string, open: (options: { readonly rewardPerWhMax: bigint }) => Promise<Chain>): void {
  const funded = async (amount: bigint) => {
    const chain = await open({ rewardPerWhMax: 10n });
    if (amount > 0n) await chain.fundUpTo(amount);
    return chain;
  };
  const sound = ({ funded: put, promised, paid, balance }: ChainStatus) =>
    expect({ balance, inOrder: paid <= promised && promised <= put }).toEqual({ balance: put - paid, inOrder: true });

  describe(`${name}: funding`, () => {
    test('starts with nothing, under an address that is already known', async () => {
      const chain = await funded(0n);
      expect(chain.domain.contract).toMatch(/^0x[0-9a-f]{40}$/);
      expect(await chain.status()).toEqual({ period: 0, funded: 0n, promised: 0n, paid: 0n, balance: 0n });
      expect(await chain.paidTo(ada)).toBe(0n);
    });
    test('tops up to an amount, and never takes out', async () => {
      const chain = await funded(100n);
      await chain.fundUpTo(100n);
      await chain.fundUpTo(40n);
      expect(await chain.status()).toMatchObject({ funded: 100n, balance: 100n });
      await chain.fundUpTo(130n);
      expect(await chain.status()).toMatchObject({ funded: 130n, balance: 130n });
    });
  });

  describe(`${name}: a publication`, () => {
    test('is refused beyond what is funded, and accepted at exactly that (law 6)', async () => {
      const chain = await funded(99n);
      const settlement = settlementOf(chain.domain, 1, { [ada]: 100n });
      expect(await refusalOf(chain.publish(settlement))).toBe('Law6Unfunded');
      await chain.fundUpTo(100n);
      await chain.publish(settlement);
      expect(await chain.status()).toMatchObject({ period: 1, promised: 100n });
    });
    test('is refused when rewards exceed what certified Wh back, and accepted at exactly that (law 4)', async () => {
      const chain = await funded(1_000n);
      const backed = (cumulativeRewards: bigint) =>
        settlementOf(chain.domain, 1, { [ada]: 500n }, { cumulativeRewards, cumulativeCertifiedWh: 7n });
      expect(await refusalOf(chain.publish(backed(71n)))).toBe('Law4Backing');
      await chain.publish(backed(70n));
    });
    test('is refused when rewards exceed the total they are part of (law 4)', async () => {
      const chain = await funded(1_000n);
      const settlement = settlementOf(chain.domain, 1, { [ada]: 50n }, { cumulativeRewards: 51n, cumulativeCertifiedWh: 100n });
      expect(await refusalOf(chain.publish(settlement))).toBe('Law4RewardsAboveTotal');
    });
    test('is refused without a root or without a leaf file (law 8)', async () => {
      const chain = await funded(1_000n);
      const zero = `0x${'0'.repeat(64)}`;
      expect(await refusalOf(chain.publish(settlementOf(chain.domain, 1, { [ada]: 1n }, { leavesHash: zero })))).toBe(
        'Law8LeavesUnpublished',
      );
      expect(await refusalOf(chain.publish(settlementOf(chain.domain, 1, { [ada]: 1n }, { root: zero })))).toBe('EmptyRoot');
    });
    test('is refused unless it is the next period', async () => {
      const chain = await funded(1_000n);
      expect(await refusalOf(chain.publish(settlementOf(chain.domain, 2, { [ada]: 1n })))).toBe('NotConsecutive');
      await chain.publish(settlementOf(chain.domain, 1, { [ada]: 1n }));
      expect(await refusalOf(chain.publish(settlementOf(chain.domain, 3, { [ada]: 2n })))).toBe('NotConsecutive');
      expect(await refusalOf(chain.publish(settlementOf(chain.domain, 0, { [ada]: 2n })))).toBe('NotConsecutive');
    });
    test('changes nothing when it is repeated, however late', async () => {
      const chain = await funded(1_000n);
      const [first, second] = [settlementOf(chain.domain, 1, { [ada]: 10n }), settlementOf(chain.domain, 2, { [ada]: 30n })];
      for (const settlement of [first, first, second, first, second]) await chain.publish(settlement);
      expect(await chain.status()).toMatchObject({ period: 2, promised: 30n });
    });
    test('is a fault when that period is there in other words', async () => {
      const chain = await funded(1_000n);
      const first = settlementOf(chain.domain, 1, { [ada]: 10n }, { cumulativeRewards: 5n, cumulativeCertifiedWh: 9n });
      await chain.publish(first);
      const others = [
        settlementOf(chain.domain, 1, { [bob]: 10n }),
        { ...first, cumulativeRewards: 6n },
        { ...first, cumulativeCertifiedWh: 8n },
      ];
      for (const other of others) expect(await refusalOf(chain.publish(other))).toBe('fault');
    });
    test.each([
      { name: 'total', owed: 99n, rest: {} },
      { name: 'rewards', owed: 120n, rest: { cumulativeRewards: 19n } },
      { name: 'certified Wh', owed: 120n, rest: { cumulativeCertifiedWh: 9n } },
    ])('is refused when its $name shrinks (law 7)', async ({ owed, rest }) => {
      const chain = await funded(1_000n);
      const sums = { cumulativeRewards: 20n, cumulativeCertifiedWh: 10n };
      await chain.publish(settlementOf(chain.domain, 1, { [ada]: 100n }, sums));
      expect(await refusalOf(chain.publish(settlementOf(chain.domain, 2, { [ada]: owed }, { ...sums, ...rest })))).toBe('Law7Shrunken');
      await chain.publish(settlementOf(chain.domain, 2, { [ada]: 100n }, sums)); // nothing new is no shrinking
    });
    test('may owe nobody anything', async () => {
      const chain = await funded(0n);
      const settlement = settlementOf(chain.domain, 1, {});
      await chain.publish(settlement);
      expect(await chain.claim(settlement, ada)).toBe(0n);
      expect(await chain.status()).toMatchObject({ period: 1, promised: 0n });
    });
  });

  describe(`${name}: a claim`, () => {
    test('pays once, and the difference under a newer root', async () => {
      const chain = await funded(1_000n);
      const first = settlementOf(chain.domain, 1, { [ada]: 10n, [bob]: 20n, [cleo]: 0n });
      await chain.publish(first);
      expect(await chain.claim(first, ada)).toBe(10n);
      expect(await chain.claim(first, ada)).toBe(0n);
      const second = settlementOf(chain.domain, 2, { [ada]: 15n, [bob]: 20n, [cleo]: 7n });
      await chain.publish(second);
      expect(await chain.claimAll(second, [cleo, ada, bob])).toEqual([
        { account: cleo, amount: 7n },
        { account: ada, amount: 5n },
        { account: bob, amount: 20n },
      ]);
      expect(await Promise.all([ada, bob, cleo].map((account) => chain.paidTo(account)))).toEqual([15n, 20n, 7n]);
      expect(await chain.status()).toEqual({ period: 2, funded: 1_000n, promised: 42n, paid: 42n, balance: 958n });
    });
    test('of an account without an entitlement pays 0', async () => {
      const chain = await funded(10n);
      const settlement = settlementOf(chain.domain, 1, { [ada]: 10n });
      await chain.publish(settlement);
      expect(await chain.claim(settlement, bob)).toBe(0n);
    });
    test('does not care how the account is spelt', async () => {
      const chain = await funded(10n);
      const settlement = settlementOf(chain.domain, 1, { [ada.toUpperCase().replace('0X', '0x')]: 10n });
      await chain.publish(settlement);
      expect(await chain.claim(settlement, ada.toLowerCase())).toBe(10n);
      expect(await chain.paidTo(ada.toUpperCase().replace('0X', '0x'))).toBe(10n);
    });
    test('is refused before its root is there and after it was replaced', async () => {
      const chain = await funded(100n);
      const [first, second] = [settlementOf(chain.domain, 1, { [ada]: 10n }), settlementOf(chain.domain, 2, { [ada]: 30n })];
      expect(await refusalOf(chain.claim(first, ada))).toBe('Law7RootMoved');
      await chain.publish(first);
      await chain.publish(second);
      expect(await refusalOf(chain.claim(first, ada))).toBe('Law7RootMoved');
      expect(await chain.claim(second, ada)).toBe(30n);
    });
    test.each([99n, 101n])('is refused when the leaves sum to 100 and %s is declared (law 7)', async (cumulativeTotal) => {
      const chain = await funded(1_000n);
      const settlement = settlementOf(chain.domain, 1, { [ada]: 60n, [bob]: 40n }, { cumulativeTotal });
      await chain.publish(settlement);
      for (const account of [ada, bob]) expect(await refusalOf(chain.claim(settlement, account))).toBe('Law7NotInTree');
    });
    test('is refused when the root was made for another chain or another contract (law 7)', async () => {
      const chain = await funded(1_000n);
      const elsewhere = { ...chain.domain, chainId: chain.domain.chainId + 1n };
      const settlement = settlementOf(elsewhere, 1, { [ada]: 60n, [bob]: 40n });
      await chain.publish(settlement);
      expect(await refusalOf(chain.claim(settlement, ada))).toBe('Law7NotInTree');
    });
    test('is refused when more is claimed than the leaf says, and the others are paid all the same', async () => {
      const chain = await funded(1_000n);
      const settlement = settlementOf(chain.domain, 1, { [ada]: 60n, [bob]: 40n });
      await chain.publish(settlement);
      const forged = { ...settlement, entitlements: settlementOf(chain.domain, 1, { [ada]: 61n, [bob]: 40n }).entitlements };
      expect(await refusalOf(chain.claim(forged, ada))).toBe('Law7NotInTree');
      expect(await chain.claim(settlement, bob)).toBe(40n);
    });
    test('is never clawed back, and never paid beyond what is promised (laws 6 and 7)', async () => {
      const chain = await funded(1_000n);
      const first = settlementOf(chain.domain, 1, { [ada]: 100n });
      await chain.publish(first);
      await chain.claim(first, ada);
      const shifted = settlementOf(chain.domain, 2, { [ada]: 20n, [bob]: 90n, [cleo]: 10n });
      await chain.publish(shifted); // 120 promised, 100 of it gone to ada
      expect(await chain.claimAll(shifted, [ada, bob, cleo])).toEqual([
        { account: ada, amount: 0n },
        { account: bob, amount: 0n, refusal: 'Law6Unpromised' },
        { account: cleo, amount: 10n },
      ]);
      expect(await chain.paidTo(ada)).toBe(100n);
      sound(await chain.status());
      const later = settlementOf(chain.domain, 3, { [ada]: 120n, [bob]: 90n, [cleo]: 10n });
      await chain.publish(later);
      expect(await chain.claim(later, bob)).toBe(90n); // delayed, not lost
    });
  });

  test(`${name} keeps balance = funded − paid and does what the reference does, whatever the history`, async () => {
    const accounts = [ada, bob, cleo];
    const step = fc.oneof(
      fc.record({ kind: fc.constant('fund' as const), amount: fc.bigInt(0n, 300n) }),
      fc.record({
        kind: fc.constant('publish' as const),
        skip: fc.constantFrom(0, 0, 0, 1, -1),
        more: fc.array(fc.bigInt(-3n, 60n), { minLength: 3, maxLength: 3 }),
        rewards: fc.bigInt(0n, 30n),
        certifiedWh: fc.bigInt(0n, 4n),
        error: fc.constantFrom(0n, 0n, 0n, 1n, -1n),
      }),
      fc.record({ kind: fc.constant('claim' as const), of: fc.subarray(accounts), old: fc.boolean() }),
    );
    type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
    const play = async (chain: Chain, steps: readonly Step[]) => {
      const said: unknown[] = [];
      const published: Settlement[] = [];
      let put = 0n;
      for (const each of steps) {
        const last = published.at(-1);
        if (each.kind === 'fund') {
          put += each.amount;
          await chain.fundUpTo(put);
        } else if (each.kind === 'publish') {
          const before = Object.fromEntries((last?.entitlements ?? []).map(({ account, cumulative }) => [account, cumulative]));
          const owed = Object.fromEntries(
            accounts.map((account, index) => {
              const amount = (before[account] ?? 0n) + (each.more[index] ?? 0n);
              return [account, amount < 0n ? 0n : amount];
            }),
          );
          const settlement = settlementOf(chain.domain, published.length + 1 + each.skip, owed);
          const total = settlement.cumulativeTotal + each.error;
          const next = {
            ...settlement,
            cumulativeTotal: total < 0n ? 0n : total,
            cumulativeRewards: (last?.cumulativeRewards ?? 0n) + each.rewards,
            cumulativeCertifiedWh: (last?.cumulativeCertifiedWh ?? 0n) + each.certifiedWh,
          };
          const refusal = await refusalOf(chain.publish(next));
          said.push(refusal);
          if (!refusal) published.push(next);
        } else {
          const settlement = each.old ? published.at(-2) : last;
          if (settlement) said.push(await chain.claimAll(settlement, each.of));
        }
        const status = await chain.status();
        sound(status);
        const paid = await Promise.all(accounts.map((account) => chain.paidTo(account)));
        expect(paid.reduce((sum, amount) => sum + amount, 0n)).toBe(status.paid);
        said.push(status);
      }
      return said;
    };
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 12 }), async (steps) => {
        const [found, reference] = [await open({ rewardPerWhMax: 10n }), createMemoryChain({ rewardPerWhMax: 10n })];
        expect(await play(found, steps)).toEqual(await play(reference, steps));
        await found.close();
      }),
      { numRuns: 10 },
    );
  }, 60_000);
}
