/**
 * What every settlement store promises, as tests: run it against each one. `open` gives an empty journal.
 */
import { expect, test } from 'vitest';
import type { Settlement } from '../../scheduler/settlement/chain.ts';
import type { SettlementStore } from '../../scheduler/settlement/settlement-store.ts';
import { DAY } from '../../units/time.ts';

const midnight = Date.UTC(2026, 5, 21);

export const settlementOf = (period: number, changes: Partial<Settlement> = {}): Settlement => ({
  period,
  interval: { start: midnight + (period - 1) * DAY, end: midnight + period * DAY },
  entitlements: [
    { account: '0xB0b', cumulative: 3n * 10n ** 24n },
    { account: '0xAda', cumulative: BigInt(period) },
  ],
  root: `0x${'ab'.repeat(32)}`,
  cumulativeTotal: 3n * 10n ** 24n + BigInt(period),
  cumulativeRewards: 0n,
  cumulativeCertifiedWh: 2n ** 63n,
  leavesHash: `0x${'cd'.repeat(32)}`,
  settledAt: midnight + period * DAY + 5,
  ...changes,
});

export function settlementStoreSuite(open: () => Promise<SettlementStore>): void {
  test('begins with nothing', async () => {
    const store = await open();
    expect(await store.list()).toEqual([]);
    expect(await store.latest()).toBeUndefined();
    expect(await store.claims()).toEqual([]);
  });

  test('gives back every period in order, to the base unit, and the newest with how far it went', async () => {
    const store = await open();
    for (const [period, upTo] of [
      [2, 90],
      [1, 40],
      [10, 90],
    ] as const)
      await store.put(settlementOf(period), upTo);
    expect(await store.list()).toEqual([settlementOf(1), settlementOf(2), settlementOf(10)]);
    expect(await store.latest()).toEqual({ settlement: settlementOf(10), upToSequence: 90 });
  });

  test('takes an identical repeat as nothing new', async () => {
    const store = await open();
    await Promise.all([1, 2, 3].map(() => store.put(settlementOf(1), 40)));
    expect(await store.list()).toEqual([settlementOf(1)]);
  });

  test.each([
    { name: 'one base unit more', again: settlementOf(1, { cumulativeTotal: 3n * 10n ** 24n + 2n }), upTo: 40 },
    { name: 'another root', again: settlementOf(1, { root: `0x${'00'.repeat(32)}` }), upTo: 40 },
    { name: 'a leaf less', again: settlementOf(1, { entitlements: settlementOf(1).entitlements.slice(1) }), upTo: 40 },
    { name: 'leaves in another order', again: settlementOf(1, { entitlements: settlementOf(1).entitlements.toReversed() }), upTo: 40 },
    { name: 'more of the ledger', again: settlementOf(1), upTo: 41 },
  ])('refuses a settled period with $name, and keeps what it had', async ({ again, upTo }) => {
    const store = await open();
    await store.put(settlementOf(1), 40);
    await expect(store.put(again, upTo)).rejects.toThrow(RangeError);
    expect(await store.latest()).toEqual({ settlement: settlementOf(1), upToSequence: 40 });
  });

  test('of two different settlements of one period at once, keeps one and refuses the other', async () => {
    const store = await open();
    const rivals = [settlementOf(1), settlementOf(1, { settledAt: midnight })];
    const answers = await Promise.allSettled(rivals.map((rival) => store.put(rival, 40)));
    const kept = rivals.filter((_, i) => answers[i]?.status === 'fulfilled');
    expect(kept).toHaveLength(1);
    expect(await store.list()).toEqual(kept);
  });

  test('remembers each payment once, by when, then period, account and amount', async () => {
    const store = await open();
    const claim = { period: 2, account: '0xB0b', amount: 3n * 10n ** 24n, at: midnight };
    const facts = [
      { ...claim, at: midnight - 1 },
      { ...claim, period: 1, amount: 0n },
      { ...claim, account: '0xAda' },
      { ...claim, amount: 9n },
      claim,
      { ...claim, at: midnight + 1 },
    ];
    for (const fact of [...facts.toReversed(), ...facts]) await store.recordClaim(fact);
    expect(await store.claims()).toEqual(facts);
  });
}
