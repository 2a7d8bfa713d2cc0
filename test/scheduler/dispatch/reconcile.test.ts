/** Reconcile: only the newest fence moves a job, only believable energy is taken, every end of a run has its next state. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Report, Run, RunReport, RunState } from '../../../scheduler/dispatch/lease.ts';
import { expire, failuresMax, reconcile } from '../../../scheduler/dispatch/reconcile.ts';
import { type Job, transitions } from '../../../scheduler/job.ts';
import { HOUR, MINUTE, SLOT } from '../../../units/time.ts';
import { jobOf, noon, runOf } from '../nouns.ts';

const leaseMs = 45 * MINUTE;
const now = noon + 40 * MINUTE;
const said = (changes: Partial<RunReport> = {}): RunReport => ({
  run: 'a#1',
  state: 'running',
  progress: 0,
  metered: [],
  detail: '',
  ...changes,
});
const reportOf = (...runs: RunReport[]): Report => ({ site: 'rhine', seq: 7, at: now, runs, signature: '' });
const pairOf = (fence = 1, run: Partial<Run> = {}, job: Partial<Job> = {}) => ({
  run: runOf('a', fence, run),
  job: jobOf('a', {}, { state: 'SCHEDULED', fence, version: 5, ...job }),
});
const take = (pair: { run: Run; job: Job }, ...runs: RunReport[]) =>
  reconcile(reportOf(...runs), new Map([[pair.run.id, pair]]), leaseMs, now);

describe('a report of a run that', () => {
  test('started makes its job run and renews its lease from now', () => {
    const { changes, receipt, doubts } = take(pairOf(1, { state: 'leased' }), said());
    expect(changes.jobs).toMatchObject([{ id: 'a', state: 'RUNNING', version: 6, startedAt: noon }]);
    expect(changes.runs).toMatchObject([{ id: 'a#1', state: 'running', until: now + leaseMs }]);
    expect(receipt).toEqual({ site: 'rhine', seq: 7, renewals: [{ run: 'a#1', until: now + leaseMs }], stop: [] });
    expect(changes.heard).toEqual({ site: 'rhine', seq: 7, at: now });
    expect(doubts).toEqual([]);
  });

  test('goes on renews the lease and leaves the job alone', () => {
    const { changes, receipt } = take(pairOf(1, {}, { state: 'RUNNING' }), said());
    expect(changes.jobs).toEqual([]);
    expect(receipt.renewals).toHaveLength(1);
  });

  test('stopped before anybody heard of it puts its job back in the queue', () => {
    const { changes } = take(pairOf(), said({ state: 'checkpointed', progress: 0 }));
    expect(changes.jobs).toMatchObject([{ state: 'QUEUED', progress: 0 }]);
  });

  test.each([
    { state: 'succeeded', failures: 0, want: { state: 'SUCCEEDED', progress: HOUR, endedAt: now, closedAt: now } },
    { state: 'checkpointed', failures: 0, want: { state: 'PAUSED', progress: 20 * MINUTE, closedAt: undefined } },
    { state: 'failed', failures: 0, want: { state: 'QUEUED', progress: 20 * MINUTE, closedAt: undefined } },
    { state: 'lost', failures: 0, want: { state: 'QUEUED', progress: 20 * MINUTE, closedAt: undefined } },
    { state: 'failed', failures: failuresMax - 2, want: { state: 'QUEUED', failures: failuresMax - 1 } },
    { state: 'failed', failures: failuresMax - 1, want: { state: 'FAILED', failures: failuresMax, closedAt: now } },
    { state: 'lost', failures: failuresMax - 1, want: { state: 'FAILED', failures: failuresMax, closedAt: now } },
    { state: 'checkpointed', failures: failuresMax - 1, want: { state: 'PAUSED', failures: failuresMax - 1 } },
    { state: 'succeeded', failures: failuresMax - 1, want: { state: 'SUCCEEDED', failures: failuresMax - 1 } },
  ])('$state after $failures failures makes its job $want.state', ({ state, failures, want }) => {
    const { changes, receipt } = take(
      pairOf(9, {}, { failures, state: 'RUNNING' }),
      said({ run: 'a#9', state: state as RunReport['state'], progress: 20 * MINUTE }),
    );
    expect(changes.jobs).toMatchObject([want]);
    expect(changes.runs).toMatchObject([{ state, endedAt: now }]);
    expect(receipt).toMatchObject({ renewals: [], stop: [] });
  });

  test('went on from a checkpoint adds what it did after its restore, never less than nothing nor more than there is', () => {
    const progressOf = (progress: number) =>
      take(pairOf(1, {}, { progress: 30 * MINUTE }), said({ state: 'checkpointed', progress })).changes.jobs?.[0]?.progress;
    expect([0, 1 * MINUTE, 12 * MINUTE, 9 * HOUR].map(progressOf)).toEqual([30 * MINUTE, 30 * MINUTE, 40 * MINUTE, HOUR]); // 2 minutes of restore
  });
});

describe('a run that has lost its right', () => {
  const metered = [{ slot: noon, energyWh: 300 }];
  test.each([
    { name: 'holds an older fence', pair: pairOf(1, {}, { fence: 2 }) },
    { name: 'is over', pair: pairOf(1, { state: 'lost' }) },
    { name: 'is another site’s', pair: pairOf(1, { site: 'bay' }) },
  ])('because it $name is told to stop, moves nothing and books no energy', ({ pair }) => {
    const { changes, receipt, doubts } = take(pair, said({ metered }));
    expect(changes).toEqual({ jobs: [], runs: [], runSlots: [], heard: { site: 'rhine', seq: 7, at: now } });
    expect(receipt).toMatchObject({ stop: ['a#1'], renewals: [] });
    expect(doubts).toHaveLength(1);
  });

  test('cannot end the job either, and need not be stopped when it has ended', () => {
    const { changes, receipt } = take(pairOf(1, {}, { fence: 2, state: 'RUNNING' }), said({ state: 'succeeded', metered }));
    expect([changes.jobs, changes.runSlots, receipt.stop]).toEqual([[], [], []]);
  });

  test('because nobody knows it is told to stop', () => {
    const { receipt, doubts } = reconcile(reportOf(said({ run: 'ghost#1' })), new Map(), leaseMs, now);
    expect(receipt.stop).toEqual(['ghost#1']);
    expect(doubts).toEqual(['ghost#1 is not a run of rhine']);
  });
});

describe('metered energy', () => {
  test.each([
    { name: 'up to what the hardware draws', slot: noon, energyWh: 400, taken: true },
    { name: 'of nothing', slot: noon, energyWh: 0, taken: true },
    { name: 'of the slot the lease began in', slot: noon, energyWh: 1, taken: true },
    { name: 'above what the hardware draws', slot: noon, energyWh: 402, taken: false },
    { name: 'below zero', slot: noon, energyWh: -1, taken: false },
    { name: 'in parts of a watt-hour', slot: noon, energyWh: 1.5, taken: false },
    { name: 'off the grid of slots', slot: noon + 1, energyWh: 1, taken: false },
    { name: 'from before the lease', slot: noon - SLOT, energyWh: 1, taken: false },
    { name: 'of a slot to come', slot: noon + 4 * SLOT, energyWh: 1, taken: false },
  ])('$name is taken: $taken', ({ slot, energyWh, taken }) => {
    const { changes, doubts } = take(pairOf(), said({ metered: [{ slot, energyWh }] }));
    expect(changes.runSlots).toEqual(taken ? [{ run: 'a#1', job: 'a', site: 'rhine', slot, energyWh, reportedAt: now }] : []);
    expect(doubts).toHaveLength(taken ? 0 : 1);
  });

  test('that is not believed does not taint the rest of the report', () => {
    const { changes } = take(
      pairOf(),
      said({
        metered: [
          { slot: noon, energyWh: 9_999 },
          { slot: noon + SLOT, energyWh: 400 },
        ],
      }),
    );
    expect(changes.runSlots).toHaveLength(1);
    expect(changes.jobs).toMatchObject([{ state: 'RUNNING' }]);
  });
});

describe('any report', () => {
  const states = ['running', 'succeeded', 'failed', 'checkpointed', 'lost'] as const;
  const runStates: RunState[] = ['leased', 'running', 'succeeded', 'failed', 'checkpointed', 'lost'];
  test('names each job and run once, moves jobs only along their transitions, and by one version', () => {
    let moved = 0;
    fc.assert(
      fc.property(
        fc.array(fc.record({ index: fc.nat(3), state: fc.constantFrom(...states), progress: fc.nat(2 * HOUR) }), { maxLength: 6 }),
        fc.array(
          fc.record({
            state: fc.constantFrom(...runStates),
            ahead: fc.nat(1),
            job: fc.constantFrom('SCHEDULED' as const, 'RUNNING' as const),
          }),
          { minLength: 4, maxLength: 4 },
        ),
        (told, stored) => {
          const known = new Map(
            stored.map(({ state, ahead, job }, index) => {
              const id = `job-${index}`;
              return [`${id}#1`, { run: runOf(id, 1, { state }), job: jobOf(id, {}, { state: job, fence: 1 + ahead }) }] as const;
            }),
          );
          const { changes } = reconcile(
            reportOf(...told.map(({ index, state, progress }) => said({ run: `job-${index}#1`, state, progress }))),
            known,
            leaseMs,
            now,
          );
          const jobs = changes.jobs ?? [];
          expect(new Set(jobs.map(({ id }) => id)).size).toBe(jobs.length);
          expect(new Set((changes.runs ?? []).map(({ id }) => id)).size).toBe(changes.runs?.length);
          for (const job of jobs) {
            moved++;
            const before = known.get(`${job.id}#1`)?.job as Job;
            expect(job.version).toBe(before.version + 1);
            expect(job.fence).toBe(before.fence);
            expect(transitions[before.state]).toContain(job.state);
          }
        },
      ),
      { numRuns: 200 },
    );
    expect(moved).toBeGreaterThan(50);
  });
});

describe('a lease that ran out', () => {
  const late = (fence = 1, run: Partial<Run> = {}, job: Partial<Job> = {}) => pairOf(fence, { until: now - 1, ...run }, job);

  test('ends its run as lost and puts the job back into the queue', () => {
    const { runs, jobs } = expire([late()], now);
    expect(runs).toMatchObject([{ id: 'a#1', state: 'lost', endedAt: now }]);
    expect(jobs).toMatchObject([{ state: 'QUEUED', version: 6, reason: 'rhine fell silent; runs again' }]);
  });

  test('keeps what the agent had said is safe in a checkpoint, of a job that makes them', () => {
    const checkpoint = { every: 15 * MINUTE, restoreCost: 2 * MINUTE };
    const goesOn = take(pairOf(1, {}, { state: 'RUNNING' }), said({ progress: 20 * MINUTE })).changes.runs?.[0];
    expect(goesOn).toMatchObject({ state: 'running', progress: 20 * MINUTE });
    const lost = { ...(goesOn as Run), until: now - 1 };
    const progressOf = (job: Job) => expire([{ run: lost, job }], now).jobs?.[0]?.progress;
    const job = jobOf('a', { checkpoint }, { state: 'RUNNING', fence: 1 });
    expect(progressOf(job)).toBe(20 * MINUTE);
    expect(progressOf({ ...job, progress: 10 * MINUTE })).toBe(28 * MINUTE); // it began with a restore
    expect(progressOf(jobOf('a', { checkpoint: undefined }, { state: 'RUNNING', fence: 1 }))).toBe(0);
  });

  test('is over only after its last millisecond', () => expect(expire([pairOf(1, { until: now })], now)).toEqual({ runs: [], jobs: [] }));

  test('for the last time fails the job', () =>
    expect(expire([late(9, {}, { failures: failuresMax - 1 })], now).jobs).toMatchObject([
      { state: 'FAILED', closedAt: now, endedAt: now },
    ]));

  test('of an older fence, or of a job that is over, leaves the job alone', () => {
    for (const job of [{ fence: 2 }, { state: 'CANCELLED' as const }]) {
      const { runs, jobs } = expire([late(1, {}, job)], now);
      expect([runs?.length, jobs]).toEqual([1, []]);
    }
  });
});
