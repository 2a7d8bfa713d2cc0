/**
 * The ledger stores: each keeps every promise of the suite; PostgreSQL answers random appends as memory does, and
 * refuses to forget.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LedgerStore } from '../../scheduler/ledger/ledger-store.ts';
import { createMemoryLedgerStore } from '../../scheduler/ledger/memory-ledger-store.ts';
import { createPostgresLedgerStore, ledgerSchema } from '../../scheduler/ledger/postgres-ledger-store.ts';
import { verifyChain } from '../../scheduler/ledger/verify.ts';
import { SLOT } from '../../units/time.ts';
import { freshStores, postgresServers } from '../fixtures/postgres.ts';
import { bodyOf, ledgerStoreSuite, noon } from './ledger-store.suite.ts';

describe('the ledger in memory', () => ledgerStoreSuite(async () => createMemoryLedgerStore()));

const body = fc
  .record({
    run: fc.constantFrom('a#1', 'a#2', 'b#1'),
    slot: fc.integer({ min: 0, max: 7 }),
    surplusWh: fc.integer({ min: 0, max: 1300 }),
    money: fc.bigInt(),
    off: fc.constantFrom(0n, 0n, 0n, 0n, 0n, 0n, 1n),
    said: fc.string({ unit: 'grapheme', maxLength: 5 }),
  })
  .map(({ run, slot, surplusWh, money, off, said }) =>
    bodyOf(run, slot, surplusWh, {
      certification: said,
      counterfactual: { ...bodyOf(run).counterfactual, surplusWh, energyCost: money, slot: noon + (slot % 3) * SLOT },
      postings: [
        { account: said, unit: 'micro', amount: money },
        { account: 'protocol:take', unit: 'micro', amount: off - money },
      ],
    }),
  );

const outcome = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.catch((error: unknown) => {
    if (error instanceof RangeError) return `RangeError: ${error.message}`;
    throw error;
  });
const everythingOf = async (store: LedgerStore): Promise<unknown> => ({
  head: await store.head(),
  entries: await store.entries(0, 1_000),
  some: await store.entries(3, 2),
  ofJob: await store.entriesOf('a'),
  taken: await Promise.all(
    [0, 1, 2].flatMap((slot) => [store.taken('de-solar', noon + slot * SLOT), store.taken('pl-grid', noon + slot * SLOT)]),
  ),
});

describe.each(postgresServers)('the ledger on $name', ({ start }) => {
  const { open, query } = freshStores(start, ledgerSchema, createPostgresLedgerStore);

  ledgerStoreSuite(open);

  test('answers any sequence of appends as the one in memory does', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(body, { maxLength: 4 }), { maxLength: 12 }), async (batches) => {
        const memory = createMemoryLedgerStore();
        const store = await open();
        for (const batch of batches) expect(await outcome(store.append(batch))).toEqual(await outcome(memory.append(batch)));
        expect(await everythingOf(store)).toEqual(await everythingOf(memory));
      }),
      { numRuns: 12, endOnFailure: true },
    );
  });

  test.each([
    'update ledger_entries set hash = hash',
    'delete from ledger_entries where sequence = 2',
    'truncate ledger_entries',
    'insert into ledger_entries select * from ledger_entries where sequence = 2',
  ])('refuses: %s', async (statement) => {
    const store = await open();
    const added = await store.append([bodyOf('a#1'), bodyOf('b#1')]);
    await expect(query(statement)).rejects.toThrow(/append-only|duplicate/);
    expect(await store.entries(0, 10)).toEqual(added);
  });

  test('keeps the very text that was hashed: the database itself can recompute every hash', async () => {
    const store = await open();
    await store.append([bodyOf('a#1'), bodyOf('b#1', 0, 0, { certification: '☀ \\ "' })]);
    const { rows } = await query(`
      select encode(sha256(convert_to(
        'sunward/entry/1' || chr(10) || sequence || chr(10) || previous_hash || chr(10) || body, 'UTF8')), 'hex') = hash as same
      from ledger_entries`);
    expect(rows).toEqual([{ same: true }, { same: true }]);
  });

  test('names the first entry that was changed behind its back', async () => {
    const store = await open();
    await store.append([0, 1, 2, 3].map((slot) => bodyOf('a#1', slot)));
    await query('alter table ledger_entries disable trigger ledger_entries_append_only');
    await query(`update ledger_entries set body = replace(body, '"surplusWh":1000', '"surplusWh":1001') where sequence = 3`);
    expect(verifyChain(await store.entries(0, 10))).toMatchObject({ kind: 'broken', sequence: 3 });
    await query(`update ledger_entries set body = replace(body, '"energyCost"', '"energyCosts"') where sequence = 2`);
    await expect(store.entries(0, 10)).rejects.toMatchObject({ name: 'LedgerFault', sequence: 2 });
  });

  test('takes its schema twice', async () => {
    const store = await open();
    const added = await store.append([bodyOf('a#1')]);
    await query(ledgerSchema);
    expect(await store.head()).toMatchObject({ sequence: 1, hash: added[0]?.hash });
  });
});
