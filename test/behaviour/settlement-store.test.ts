/**
 * The settlement stores: each keeps every promise of the suite, and PostgreSQL answers random sequences as memory does.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createMemorySettlementStore } from '../../scheduler/settlement/memory-settlement-store.ts';
import { createPostgresSettlementStore, settlementSchema } from '../../scheduler/settlement/postgres-settlement-store.ts';
import type { SettlementStore } from '../../scheduler/settlement/settlement-store.ts';
import { freshStores, postgresServers } from '../fixtures/postgres.ts';
import { settlementOf, settlementStoreSuite } from './settlement-store.suite.ts';

describe('the settlement journal in memory', () => settlementStoreSuite(async () => createMemorySettlementStore()));

type Step = (store: SettlementStore) => Promise<unknown>;
const period = fc.integer({ min: 1, max: 3 });
const amount = fc.oneof(fc.constantFrom(0n, 1n), fc.bigInt({ min: 0n, max: 2n ** 128n }));
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(period, amount, fc.integer({ min: 0, max: 1 })).map(
    ([n, total, upTo]): Step =>
      (store) =>
        store.put(settlementOf(n, { cumulativeTotal: total }), upTo),
  ),
  fc.record({ period, account: fc.constantFrom('0xAda', '0xada', '0xB0b'), amount, at: fc.nat(2) }).map(
    (claim): Step =>
      (store) =>
        store.recordClaim(claim),
  ),
);
const outcome = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.catch((error: unknown) => {
    if (error instanceof RangeError) return `RangeError: ${error.message}`;
    throw error;
  });
const everythingOf = async (store: SettlementStore): Promise<unknown> => [await store.list(), await store.latest(), await store.claims()];

describe.each(postgresServers)('the settlement journal on $name', ({ start }) => {
  const { open } = freshStores(start, settlementSchema, createPostgresSettlementStore);

  settlementStoreSuite(open);

  test('answers any sequence of operations as the one in memory does', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const memory = createMemorySettlementStore();
        const store = await open();
        for (const on of steps) expect(await outcome(on(store))).toEqual(await outcome(on(memory)));
        expect(await everythingOf(store)).toEqual(await everythingOf(memory));
      }),
      { numRuns: 10, endOnFailure: true },
    );
  });
});
