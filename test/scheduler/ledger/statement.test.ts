/** The statement: sums over entries, and a tampered field anywhere in them is seen. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { book } from '../../../scheduler/ledger/book.ts';
import { chained, type LedgerEntry } from '../../../scheduler/ledger/entry.ts';
import { add, noTotals } from '../../../scheduler/ledger/statement.ts';
import { SLOT } from '../../../units/time.ts';
import { factsOf, jobOf, noon, runOf, siteOf, tariff } from '../nouns.ts';

const COUNT = 6;
const entries: LedgerEntry[] = [];
const taken = { actual: new Map(), counterfactual: new Map() };
for (let index = 0; index < COUNT; index++) {
  const slot = noon + (index >> 1) * SLOT; // two runs share a slot
  const body = book(
    {
      metered: {
        run: `${index % 2 ? 'b' : 'a'}#1`,
        job: index % 2 ? 'b' : 'a',
        site: 'rhine',
        slot,
        energyWh: 300 + index,
        reportedAt: slot + SLOT,
      },
      run: runOf(index % 2 ? 'b' : 'a', 1),
      job: jobOf(index % 2 ? 'b' : 'a'),
      site: siteOf('rhine'),
      homeSite: siteOf('bay'),
      facts: factsOf('rhine', slot, { surplusWh: 400, curtailedWh: 50, marginalIntensity: 700 }),
      homeFacts: factsOf('bay', slot, { surplusWh: 10 }),
    },
    taken,
    tariff,
    slot + SLOT,
  );
  entries.push(chained(body, entries.at(-1) ?? noTotals));
}
const totalsOf = (list: readonly LedgerEntry[]) => list.reduce(add, noTotals);

/** Every path to a leaf of a value. */
const pathsOf = (value: unknown, path: readonly string[] = []): (readonly string[])[] =>
  value && typeof value === 'object' ? Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, [...path, key])) : [path];
function tampered<T>(value: T, [key, ...rest]: readonly string[]): T {
  if (key === undefined) {
    if (typeof value === 'number') return (value + 1) as T;
    if (typeof value === 'bigint') return (value + 1n) as T;
    return (value === undefined ? 1 : `${String(value)}!`) as T;
  }
  const changed = { ...value, [key]: tampered((value as Record<string, unknown>)[key], rest) };
  return (Array.isArray(value) ? Object.values(changed) : changed) as T;
}

describe('a statement', () => {
  test('adds up what the entries say, each account by itself', () => {
    const totals = totalsOf(entries);
    const sum = (of: (entry: LedgerEntry) => number) => entries.reduce((total, entry) => total + of(entry), 0);
    expect(totals).toEqual({
      sequence: COUNT,
      hash: entries.at(-1)?.hash,
      surplusWh: sum(({ actual }) => actual.surplusWh),
      gridWh: sum(({ actual }) => actual.gridWh),
      locationMg: sum(({ actual }) => actual.locationMg),
      counterfactualMg: sum(({ counterfactual }) => counterfactual.locationMg),
      energyCost: entries.reduce((total, { actual }) => total + actual.energyCost, 0n),
      counterfactualCost: entries.reduce((total, { counterfactual }) => total + counterfactual.energyCost, 0n),
      balanced: true,
    });
    expect(totals.surplusWh).toBe(3 * 400);
    expect(totals.surplusWh + totals.gridWh).toBe(sum(({ meteredWh }) => meteredWh));
  });

  test('goes on from where it stopped', () => {
    for (let cut = 0; cut <= COUNT; cut++)
      expect(entries.slice(cut).reduce(add, totalsOf(entries.slice(0, cut)))).toEqual(totalsOf(entries));
  });

  test('of nothing is nothing, and balanced', () => expect(totalsOf([])).toEqual(noTotals));

  test('shows any one field that was changed, wherever it is', () => {
    let checked = 0;
    for (const [index, entry] of entries.entries())
      for (const path of pathsOf(entry)) {
        checked++;
        const totals = totalsOf(entries.with(index, tampered(entry, path)));
        expect({ path, balanced: totals.balanced }).toEqual({ path, balanced: false });
      }
    expect(checked).toBeGreaterThan(COUNT * 30);
  });

  test('shows an entry that was left out, repeated or moved', () =>
    fc.assert(
      fc.property(fc.nat(COUNT - 2), fc.integer({ min: 1, max: COUNT - 1 }), (from, by) => {
        const to = Math.min(COUNT - 1, from + by);
        const moved = [...entries];
        moved.splice(to, 0, ...moved.splice(from, 1));
        const entry = entries[from] as LedgerEntry;
        for (const list of [entries.toSpliced(from, 1), entries.toSpliced(to, 0, entry), moved])
          expect(totalsOf(list).balanced).toBe(false);
      }),
      { numRuns: 40 },
    ));

  test('stays unbalanced once it is, whatever follows', () => {
    const spoilt = totalsOf([tampered(entries[0] as LedgerEntry, ['meteredWh'])]);
    expect(entries.slice(1).reduce(add, spoilt).balanced).toBe(false);
  });
});
