/**
 * The job stores: each keeps every promise of the suite, and PostgreSQL answers random sequences as memory does.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Job, jobStates } from '../../scheduler/job.ts';
import type { Changes, JobStore } from '../../scheduler/queue/job-store.ts';
import { createMemoryJobStore } from '../../scheduler/queue/memory-job-store.ts';
import { createPostgresJobStore, jobSchema } from '../../scheduler/queue/postgres-job-store.ts';
import { DAY, SLOT } from '../../units/time.ts';
import { freshStores, postgresServers } from '../fixtures/postgres.ts';
import { jobOf, jobStoreSuite, meteredOf, next, noon, runOf } from './job-store.suite.ts';

describe('the job store in memory', () => jobStoreSuite(async () => createMemoryJobStore()));

type Step = { readonly does: string; on(store: JobStore): Promise<unknown> };

const jobId = fc.constantFrom('a', 'b', 'B');
const slot = fc.integer({ min: 0, max: 5 });
const text = fc.string({ unit: 'binary', maxLength: 8 });
const job = fc
  .record({
    id: jobId,
    version: fc.integer({ min: 0, max: 4 }),
    state: fc.constantFrom(...jobStates),
    reason: text,
    maxPrice: fc.option(fc.bigInt(), { nil: undefined }),
  })
  .map(({ maxPrice, ...given }): Job => {
    const plain = jobOf(given.id);
    return { ...plain, ...given, spec: { ...plain.spec, maxPrice } };
  });
const run = fc
  .record({ job: jobId, fence: fc.integer({ min: 0, max: 3 }), state: fc.constantFrom('leased', 'running', 'succeeded', 'lost') })
  .map((given) => runOf(given.job, given.fence, given.state));
const metered = fc
  .record({ job: jobId, slot, energyWh: fc.integer({ min: -1, max: 9_000 }), site: fc.constantFrom('s', 'S') })
  .map((given) => meteredOf(`${given.job}#1`, given.slot, given.energyWh, given.site));
const changes: fc.Arbitrary<Changes> = fc.record(
  {
    jobs: fc.array(job, { maxLength: 3 }),
    runs: fc.array(run, { maxLength: 3 }),
    runSlots: fc.array(metered, { maxLength: 3 }),
    heard: fc.record({ site: fc.constantFrom('s', 'S'), seq: fc.integer({ min: 0, max: 9 }), at: fc.constant(noon) }),
  },
  { requiredKeys: [] },
);
/** A change of a job as it stands, so that many are neither stale nor impossible. */
const progress = fc.record({ id: jobId, state: fc.constantFrom('AWAITING', 'SCHEDULED', 'RUNNING', 'PAUSED', 'SUCCEEDED'), reason: text });

const step: fc.Arbitrary<Step> = fc.oneof(
  job.map((given): Step => ({ does: `add ${given.id}`, on: (store) => store.add({ ...given, version: 0 }) })),
  changes.map((given): Step => ({ does: 'apply anything', on: (store) => store.apply(given, noon) })),
  progress.map(
    ({ id, ...given }): Step => ({
      does: `move ${id} to ${given.state}`,
      on: async (store) => {
        const stored = (await store.get(id)) ?? jobOf(id);
        return store.apply({ jobs: [{ ...stored, ...given, version: stored.version + 1 } as Job] }, noon);
      },
    }),
  ),
  fc.array(metered, { maxLength: 3 }).map((keys): Step => ({ does: 'mark booked', on: (store) => store.markBooked(keys) })),
);

const outcome = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.catch((error: unknown) => {
    if (error instanceof RangeError) return `RangeError: ${error.message}`;
    throw error;
  });

const everythingOf = async (store: JobStore): Promise<unknown> => ({
  jobs: await store.list(),
  open: await store.list(['QUEUED', 'AWAITING', 'RUNNING'], 2),
  counts: await store.countByState(),
  events: [await store.events('a'), await store.events('b'), await store.events('B')],
  active: await store.activeRuns(),
  runs: [await store.runsOf('a'), await store.runsOf('b'), await store.runsOf('B')],
  slots: await store.runSlots({ start: noon, end: noon + DAY }),
  unbooked: await store.unbookedRunSlots(noon + 4 * SLOT),
  heard: await store.heard(),
});

describe.each(postgresServers)('the job store on $name', ({ start }) => {
  const { open, query } = freshStores(start, jobSchema, createPostgresJobStore);

  jobStoreSuite(open);

  test('answers any sequence of operations as the one in memory does', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
        const memory = createMemoryJobStore();
        const store = await open();
        for (const { does, on } of steps)
          expect({ does, said: await outcome(on(store)) }).toEqual({ does, said: await outcome(on(memory)) });
        expect(await everythingOf(store)).toEqual(await everythingOf(memory));
      }),
      { numRuns: 12, endOnFailure: true },
    );
  });

  test('keeps nothing of an apply whose last part the database cannot take', async () => {
    const store = await open();
    await store.add(jobOf('a'));
    const changes = {
      jobs: [next(jobOf('a'), { state: 'AWAITING' })],
      runs: [runOf('a', 1, 'leased')],
      heard: { site: 's', seq: 2 ** 70, at: noon },
    };
    await expect(store.apply(changes, noon)).rejects.toThrow('bigint');
    expect(await store.get('a')).toEqual(jobOf('a'));
    expect(await store.events('a')).toHaveLength(1);
    expect(await store.activeRuns()).toEqual([]);
  });

  test('reads jobs that were stored before specs had speeds, elasticity, data, latency and promises', async () => {
    const store = await open();
    await store.add(jobOf('a'));
    await query(`update jobs set document = jsonb_set(document::jsonb, '{spec}',
      (document::jsonb -> 'spec') - '{speeds,elastic,data,latency,promise}'::text[])::json`);
    const plain = jobOf('a');
    const old = { ...plain.spec, speeds: {}, elastic: undefined, data: undefined, latency: undefined, promise: 'best-effort' } as const;
    expect(await store.get('a')).toEqual({ ...plain, spec: old });
    await store.apply({ jobs: [next({ ...plain, spec: old }, { state: 'AWAITING' })] }, noon);
    expect((await store.list())[0]?.spec).toEqual(old);
  });

  test('takes its schema twice', async () => {
    const store = await open();
    await store.add(jobOf('a'));
    await query(jobSchema);
    expect(await store.get('a')).toEqual(jobOf('a'));
  });
});
