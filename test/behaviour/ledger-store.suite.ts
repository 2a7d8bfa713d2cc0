/**
 * What every ledger store promises, as tests: run it against each one.
 *
 * `open` gives an empty ledger. Entries are built here by hand; random appends against the reference are in
 * `ledger-store.test.ts`, tampering in `test/scheduler/ledger/verify.test.ts`.
 */
import { describe, expect, test } from 'vitest';
import type { Account, EntryBody } from '../../scheduler/ledger/entry.ts';
import { genesisHash } from '../../scheduler/ledger/entry.ts';
import type { LedgerStore } from '../../scheduler/ledger/ledger-store.ts';
import { verifyChain } from '../../scheduler/ledger/verify.ts';
import { MINUTE, SLOT } from '../../units/time.ts';

export const noon = Date.UTC(2026, 5, 21, 12);

const accountOf = (surplusWh: number, gridWh: number, changes: Partial<Account> = {}): Account => ({
  surplusWh,
  gridWh,
  locationMg: gridWh * 380,
  marginalMg: undefined,
  matchedMg: gridWh * 380,
  energyCost: BigInt(gridWh) * 90n,
  ...changes,
});

/** A balanced body of one run in the `slot`th quarter hour after noon: `surplusWh` certified, the rest of 1300 Wh from the grid. */
export const bodyOf = (run: string, slot = 0, surplusWh = 1000, changes: Partial<EntryBody> = {}): EntryBody => ({
  run,
  job: run.split('#')[0] ?? run,
  owner: 'ada',
  site: 'de-solar',
  provider: 'sunfarm',
  slot: noon + slot * SLOT,
  bookedAt: noon + 20 * MINUTE,
  meteredWh: 1300,
  actual: accountOf(surplusWh, 1300 - surplusWh),
  counterfactual: { ...accountOf(0, 1300), site: 'pl-grid', slot: noon },
  certification: 'ok',
  postings: [
    { account: 'surplus:de-solar', unit: 'Wh', amount: BigInt(-surplusWh) },
    { account: 'grid:de-solar', unit: 'Wh', amount: BigInt(surplusWh - 1300) },
    { account: `job:${run}`, unit: 'Wh', amount: 1300n },
    { account: 'owner:ada', unit: 'micro', amount: -(2n ** 70n) },
    { account: 'provider:sunfarm', unit: 'micro', amount: 2n ** 70n },
  ],
  ...changes,
});

const allOf = (store: LedgerStore) => store.entries(0, 1_000);

export function ledgerStoreSuite(open: () => Promise<LedgerStore>): void {
  test('begins at sequence 0 with the hash of nothing', async () => {
    const store = await open();
    expect(await store.head()).toEqual({ sequence: 0, hash: genesisHash });
    expect(await allOf(store)).toEqual([]);
    expect(await store.append([])).toEqual([]);
  });

  test('gives back what was appended, chained, so that every hash can be computed again', async () => {
    const store = await open();
    const odd = bodyOf('b#1', 0, 0, {
      certification: 'telemetry-missing',
      actual: accountOf(0, 1300, { marginalMg: 7, energyCost: -(2n ** 70n) }),
      postings: [
        { account: '5n', unit: 'micro', amount: 0n },
        { account: '"\ud800☀', unit: 'Wh', amount: 0n },
      ],
    });
    const added = [...(await store.append([bodyOf('a#1', 0), odd])), ...(await store.append([bodyOf('a#1', 1)]))];
    expect(added.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
    expect(added[1]).toMatchObject(odd);
    expect(await allOf(store)).toEqual(added);
    expect(verifyChain(await allOf(store))).toEqual({ kind: 'intact', entries: 3, head: await store.head() });
    expect(await store.head()).toEqual({ sequence: 3, hash: added[2]?.hash });
  });

  test('skips what is booked, within one batch and across, and resolves with the new ones alone', async () => {
    const store = await open();
    await store.append([bodyOf('a#1', 0)]);
    const added = await store.append([bodyOf('a#1', 1), bodyOf('a#1', 0, 5), bodyOf('a#1', 1, 7), bodyOf('a#2', 0)]);
    expect(added.map(({ run, slot }) => [run, (slot - noon) / SLOT])).toEqual([
      ['a#1', 1],
      ['a#2', 0],
    ]);
    expect(await store.append([bodyOf('a#1', 0), bodyOf('a#2', 0)])).toEqual([]);
    expect((await allOf(store)).map(({ actual }) => actual.surplusWh)).toEqual([1000, 1000, 1000]);
    expect((await store.head()).sequence).toBe(3);
  });

  test('refuses a batch in which one entry does not balance, all of it', async () => {
    const store = await open();
    const unbalanced = bodyOf('b#1', 0, 1000, { postings: [{ account: 'owner:ada', unit: 'micro', amount: 1n }] });
    await expect(store.append([bodyOf('a#1'), unbalanced])).rejects.toThrow(RangeError);
    const crossed = bodyOf('b#1', 0, 1000, {
      postings: [
        { account: 'owner:ada', unit: 'micro', amount: 1n },
        { account: 'job:b', unit: 'Wh', amount: -1n },
      ],
    });
    await expect(store.append([crossed])).rejects.toThrow('b#1');
    expect(await allOf(store)).toEqual([]);
    expect((await store.append([bodyOf('a#1')])).length).toBe(1);
  });

  test('is read in stretches, and by job', async () => {
    const store = await open();
    await store.append([bodyOf('a#1', 0), bodyOf('b#1', 0), bodyOf('a#1', 1), bodyOf('a#2', 2)]);
    const sequences = (entries: readonly { readonly sequence: number }[]) => entries.map(({ sequence }) => sequence);
    expect(sequences(await store.entries(1, 2))).toEqual([2, 3]);
    expect(sequences(await store.entries(3, 10))).toEqual([4]);
    expect(sequences(await store.entries(4, 10))).toEqual([]);
    expect(sequences(await store.entries(0, 0))).toEqual([]);
    expect(sequences(await store.entriesOf('a'))).toEqual([1, 3, 4]);
    expect(await store.entriesOf('c')).toEqual([]);
  });

  test('sums what was taken of the surplus of a site and slot, by runs and by counterfactuals apart', async () => {
    const store = await open();
    const elsewhere = (surplusWh: number, site: string, slot: number) => ({
      counterfactual: { ...accountOf(surplusWh, 1300 - surplusWh), site, slot: noon + slot * SLOT },
    });
    await store.append([
      bodyOf('a#1', 0, 700, elsewhere(300, 'de-solar', 1)),
      bodyOf('b#1', 0, 50, elsewhere(20, 'de-solar', 0)),
      bodyOf('b#1', 1, 9, elsewhere(4, 'pl-grid', 0)),
      bodyOf('c#1', 0, 8, { site: 'pl-grid', ...elsewhere(1, 'de-solar', 0) }),
    ]);
    expect(await store.taken('de-solar', noon)).toEqual({ actualWh: 750, counterfactualWh: 21 });
    expect(await store.taken('de-solar', noon + SLOT)).toEqual({ actualWh: 9, counterfactualWh: 300 });
    expect(await store.taken('pl-grid', noon)).toEqual({ actualWh: 8, counterfactualWh: 4 });
    expect(await store.taken('nowhere', noon)).toEqual({ actualWh: 0, counterfactualWh: 0 });
  });

  describe('under many appenders', () => {
    test('stays one unbroken chain with every entry once', async () => {
      const store = await open();
      const batches = Array.from({ length: 12 }, (_, i) => Array.from({ length: 5 }, (_, slot) => bodyOf(`j${i % 6}#1`, slot)));
      const added = (await Promise.all(batches.map((batch) => store.append(batch)))).flat();
      expect(added).toHaveLength(30); // each batch was given twice
      expect(verifyChain(await allOf(store))).toEqual({ kind: 'intact', entries: 30, head: await store.head() });
      expect(await allOf(store)).toEqual(added.toSorted((a, b) => a.sequence - b.sequence));
    });
  });
}
