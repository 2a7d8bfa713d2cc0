/**
 * What every job store promises, as tests: run it against each one.
 *
 * `open` gives an empty store. Values are built here, small and by hand; random sequences of operations against the
 * reference are in `job-store.test.ts`.
 */
import { describe, expect, test } from 'vitest';
import type { Run, RunState } from '../../scheduler/dispatch/lease.ts';
import { type Job, type JobState, jobStates, transitions } from '../../scheduler/job.ts';
import type { JobStore, RunSlot } from '../../scheduler/queue/job-store.ts';
import { HOUR, SLOT } from '../../units/time.ts';

export const noon = Date.UTC(2026, 5, 21, 12);

export const jobOf = (id: string, changes: Partial<Job> = {}): Job => ({
  id,
  spec: {
    name: `train-${id}`,
    owner: 'ada',
    nodes: 1,
    accelerators: ['A100'],
    acceleratorsPerNode: 8,
    envs: { MODEL: 'bert' },
    run: 'python train.py --resume',
    speeds: { A100: 1.5 },
    maxDuration: 6 * HOUR,
    elastic: { acceleratorsMax: 16, speedExponent: 0.9 },
    data: { gigabytes: 120, at: 'eu-rhine' },
    power: 5.2,
    optimize: 'carbon',
    weights: { carbonPricePerKg: 0.08, waitPricePerHour: 0 },
    notBefore: noon,
    deadline: noon + 24 * HOUR,
    interruptible: true,
    latency: { from: 'DE-LU', roundTripMsMax: 60 },
    promise: 'firm',
    maxPrice: 12_000_000n,
    regions: { within: undefined, allow: ['eu-*'], deny: [] },
    checkpoint: { every: SLOT, restoreCost: 120_000 },
  },
  submittedAt: noon,
  homeSite: 'de-solar',
  state: 'QUEUED',
  reason: 'submitted',
  version: 0,
  placement: undefined,
  fence: 0,
  failures: 0,
  progress: 0,
  startedAt: undefined,
  endedAt: undefined,
  closedAt: undefined,
  ...changes,
});

export const runOf = (job: string, fence: number, state: RunState, site = 'de-solar'): Run => ({
  id: `${job}#${fence}`,
  job,
  fence,
  site,
  model: 'A100',
  accelerators: 8,
  drawKw: 5.2,
  ceilingKw: 4,
  state,
  leasedAt: noon,
  until: noon + HOUR,
  plannedEnd: noon + 6 * HOUR,
  endedAt: undefined,
  reason: 'leased',
});

export const meteredOf = (run: string, slot: number, energyWh: number, site = 'de-solar'): RunSlot => ({
  run,
  job: run.split('#')[0] ?? run,
  site,
  slot: noon + slot * SLOT,
  energyWh,
  reportedAt: noon + (slot + 1) * SLOT,
});

export const next = (job: Job, changes: Partial<Job>): Job => ({ ...job, ...changes, version: job.version + 1 });

export function jobStoreSuite(open: () => Promise<JobStore>): void {
  const openWith = async (...jobs: readonly Job[]) => {
    const store = await open();
    for (const job of jobs) await store.add(job);
    return store;
  };

  describe('a job', () => {
    test('comes back as it was added', async () => {
      const placement = {
        job: 'a',
        site: 'de-solar',
        model: 'A100',
        accelerators: 8,
        start: noon,
        end: noon + HOUR,
        believed: {
          outlook: 'o-1',
          energyKwh: 5.2,
          surplusKwh: 0.1 + 0.2,
          energyCost: -1e-9,
          computeCost: 1.56,
          carbonG: 1e21,
          waitMs: 0,
          runNow: undefined,
        },
        reason: 'cheapest',
      };
      const job = jobOf('a', { placement, startedAt: noon + 1 });
      const store = await openWith(job);
      expect(await store.get('a')).toEqual(job);
      expect(await store.get('b')).toBeUndefined();
    });

    test.each([0n, 12_000_000n, 2n ** 70n, undefined])('keeps its budget of %s to the micro', async (maxPrice) => {
      const store = await openWith(jobOf('a', { spec: { ...jobOf('a').spec, maxPrice } }));
      expect((await store.get('a'))?.spec.maxPrice).toBe(maxPrice);
      expect((await store.list())[0]?.spec.maxPrice).toBe(maxPrice);
    });

    test.each(['\0', '\ud800', '"; drop table jobs --', '☀ 12n', ''])('may say anything in its script and its reason: %j', async (text) => {
      const job = jobOf('a', { reason: text, spec: { ...jobOf('a').spec, run: text, envs: { [`K${text}`]: text } } });
      const store = await openWith(job);
      await store.apply({ jobs: [next(job, { reason: `${text}!` })], runs: [{ ...runOf('a', 1, 'failed'), reason: text }] }, noon);
      expect(await store.get('a')).toEqual(next(job, { reason: `${text}!` }));
      expect((await store.events('a')).map(({ reason }) => reason)).toEqual([text, `${text}!`]);
      expect((await store.run('a#1'))?.reason).toBe(text);
    });

    test('of a known id changes nothing', async () => {
      const store = await open();
      expect(await store.add(jobOf('a'))).toBe('added');
      expect(await store.add(jobOf('a', { reason: 'again', homeSite: 'elsewhere' }))).toBe('known');
      expect(await store.get('a')).toEqual(jobOf('a'));
      expect(await store.events('a')).toHaveLength(1);
    });

    test('is added once, however many add it at the same time', async () => {
      const store = await open();
      const answers = await Promise.all(Array.from({ length: 8 }, () => store.add(jobOf('a'))));
      expect(answers.filter((answer) => answer === 'added')).toHaveLength(1);
      expect(await store.events('a')).toHaveLength(1);
    });
  });

  describe('a list', () => {
    test('is by submission, then id; of the states asked for; at most as long as asked', async () => {
      const store = await openWith(
        jobOf('b', { submittedAt: noon + 1 }),
        jobOf('a', { submittedAt: noon + 1, state: 'AWAITING' }),
        jobOf('c', { submittedAt: noon }),
        jobOf('B', { submittedAt: noon + 1 }),
      );
      const ids = async (...asked: Parameters<JobStore['list']>) => (await store.list(...asked)).map(({ id }) => id);
      expect(await ids()).toEqual(['c', 'B', 'a', 'b']);
      expect(await ids(['QUEUED'])).toEqual(['c', 'B', 'b']);
      expect(await ids(['AWAITING', 'QUEUED'], 2)).toEqual(['c', 'B']);
      expect(await ids(undefined, 3)).toEqual(['c', 'B', 'a']);
      expect(await ids([])).toEqual([]);
      expect(await ids(['FAILED'])).toEqual([]);
      expect(await ids(undefined, 0)).toEqual([]);
    });

    test('of counts names every state', async () => {
      const store = await openWith(jobOf('a'), jobOf('b'), jobOf('c', { state: 'RUNNING' }));
      await store.apply({ jobs: [next(jobOf('b'), { state: 'CANCELLED' })] }, noon);
      const none = Object.fromEntries(jobStates.map((state) => [state, 0]));
      expect(await store.countByState()).toEqual({ ...none, QUEUED: 1, RUNNING: 1, CANCELLED: 1 });
    });
  });

  describe('an apply', () => {
    test('writes jobs, runs, metered slots and the report number together', async () => {
      const [a, b] = [jobOf('a'), jobOf('b')];
      const store = await openWith(a, b);
      const scheduled = next(a, { state: 'SCHEDULED', reason: 'surplus at noon', fence: 1 });
      const waiting = next(b, { state: 'AWAITING', reason: 'no-capacity-in-horizon' });
      const changes = {
        jobs: [scheduled, waiting],
        runs: [runOf('a', 1, 'leased')],
        runSlots: [meteredOf('a#1', 0, 1300)],
        heard: { site: 'de-solar', seq: 7, at: noon },
      };
      expect(await store.apply(changes, noon)).toEqual({ kind: 'applied' });
      expect(await store.list()).toEqual([scheduled, waiting]);
      expect(await store.run('a#1')).toEqual(runOf('a', 1, 'leased'));
      expect(await store.runSlots({ start: noon, end: noon + SLOT })).toEqual([meteredOf('a#1', 0, 1300)]);
      expect(await store.heard()).toEqual(new Map([['de-solar', { seq: 7, at: noon }]]));
    });

    test('of nothing is applied', async () => {
      expect(await (await open()).apply({}, noon)).toEqual({ kind: 'applied' });
    });

    const everythingOf = async (store: JobStore) => [
      await store.list(),
      await store.events('a'),
      await store.events('b'),
      await store.activeRuns(),
      await store.runSlots({ start: 0, end: noon + 24 * HOUR }),
      await store.heard(),
    ];
    const alongside = {
      runs: [runOf('a', 1, 'leased')],
      runSlots: [meteredOf('a#1', 0, 1)],
      heard: { site: 'de-solar', seq: 1, at: noon },
    };

    test.each([
      { name: 'one stale version', second: { version: 2 }, id: 'b' },
      { name: 'a version read twice', second: { version: 0 }, id: 'b' },
      { name: 'an unknown job', second: { id: 'x', version: 1 }, id: 'x' },
    ])('with $name is stale, says which, and undoes all of it', async ({ second, id }) => {
      const store = await openWith(jobOf('a'), jobOf('b'));
      const before = await everythingOf(store);
      const jobs = [next(jobOf('a'), { state: 'AWAITING' }), jobOf('b', { state: 'AWAITING', ...second })];
      expect(await store.apply({ ...alongside, jobs }, noon)).toEqual({ kind: 'stale', job: id });
      expect(await everythingOf(store)).toEqual(before);
    });

    test('names the first stale job in the order given', async () => {
      const store = await openWith(jobOf('a'), jobOf('b'));
      expect(await store.apply({ jobs: [jobOf('b', { version: 5 }), jobOf('a', { version: 5 })] }, noon)).toEqual({
        kind: 'stale',
        job: 'b',
      });
    });

    test.each([
      {
        name: 'a state that may not follow',
        changes: { jobs: [next(jobOf('a'), { state: 'AWAITING' }), next(jobOf('b'), { state: 'SUCCEEDED' })] },
      },
      { name: 'a job named twice', changes: { jobs: [next(jobOf('a'), {}), next(next(jobOf('a'), {}), {})] } },
      { name: 'a run named twice', changes: { runs: [runOf('a', 1, 'leased'), runOf('a', 1, 'running')] } },
      { name: 'a part of a watt-hour', changes: { runSlots: [meteredOf('a#1', 0, 0.5)] } },
      { name: 'negative energy', changes: { runSlots: [meteredOf('a#1', 0, -1)] } },
      { name: 'a slot off the grid', changes: { runSlots: [meteredOf('a#1', 0.5, 1)] } },
    ])('with $name is a bug, and undoes all of it', async ({ changes }) => {
      const store = await openWith(jobOf('a'), jobOf('b'));
      const before = await everythingOf(store);
      await expect(store.apply({ ...alongside, ...changes }, noon)).rejects.toThrow(RangeError);
      expect(await everythingOf(store)).toEqual(before);
    });

    test.each(jobStates)('lets %s go where it may, stay, and go nowhere else', async (from) => {
      const store = await open();
      const went: JobState[] = [];
      for (const to of jobStates) {
        const job = jobOf(to, { state: from });
        await store.add(job);
        const answer = await store.apply({ jobs: [next(job, { state: to })] }, noon).catch((error: unknown) => error);
        if (!(answer instanceof RangeError)) went.push(to);
        expect((await store.get(to))?.state).toBe(answer instanceof RangeError ? from : to);
      }
      expect(went).toEqual(jobStates.filter((to) => to === from || transitions[from].includes(to)));
    });

    test('records an event when the state or the reason changes, not when only the work goes on', async () => {
      const added = jobOf('a', { submittedAt: noon - 5 });
      const store = await openWith(added);
      const steps: Partial<Job>[] = [
        { state: 'SCHEDULED', reason: 'surplus at noon' },
        { state: 'RUNNING' },
        { progress: HOUR },
        { reason: 'lease renewed' },
        { state: 'SUCCEEDED', reason: 'done' },
      ];
      let job = added;
      for (const [i, step] of steps.entries()) {
        job = next(job, step);
        await store.apply({ jobs: [job] }, noon + i);
      }
      expect(await store.events('a')).toEqual([
        { job: 'a', version: 0, at: noon - 5, from: undefined, to: 'QUEUED', reason: 'submitted' },
        { job: 'a', version: 1, at: noon, from: 'QUEUED', to: 'SCHEDULED', reason: 'surplus at noon' },
        { job: 'a', version: 2, at: noon + 1, from: 'SCHEDULED', to: 'RUNNING', reason: 'surplus at noon' },
        { job: 'a', version: 4, at: noon + 3, from: 'RUNNING', to: 'RUNNING', reason: 'lease renewed' },
        { job: 'a', version: 5, at: noon + 4, from: 'RUNNING', to: 'SUCCEEDED', reason: 'done' },
      ]);
      expect(await store.events('b')).toEqual([]);
    });

    test('of one version is won by exactly one of many appliers', async () => {
      let job = jobOf('a');
      const store = await openWith(job);
      for (let round = 0; round < 10; round++) {
        const rivals = Array.from({ length: 6 }, (_, i) => next(job, { reason: `rival ${i} of round ${round}` }));
        const answers = await Promise.all(rivals.map((rival) => store.apply({ jobs: [rival], runs: [runOf('a', round, 'lost')] }, noon)));
        expect(answers.filter(({ kind }) => kind === 'applied')).toHaveLength(1);
        job = rivals[answers.findIndex(({ kind }) => kind === 'applied')] ?? job;
        expect(await store.get('a')).toEqual(job);
      }
      expect(await store.events('a')).toHaveLength(11);
    });

    test('never waits in a ring, whatever order its jobs are named in', async () => {
      const jobs = Array.from({ length: 20 }, (_, i) => jobOf(`j${i}`));
      const store = await openWith(...jobs);
      const forth = jobs.map((job) => next(job, { reason: 'forth' }));
      const back = jobs.map((job) => next(job, { reason: 'back' })).reverse();
      const answers = await Promise.all([forth, back, forth, back].map((given) => store.apply({ jobs: given }, noon)));
      expect(answers.filter(({ kind }) => kind === 'applied')).toHaveLength(1);
      expect(new Set((await store.list()).map(({ reason }) => reason)).size).toBe(1);
    });
  });

  describe('runs', () => {
    test('are active until they are over, and all remembered by their job', async () => {
      const store = await open();
      const states: RunState[] = ['leased', 'running', 'succeeded', 'failed', 'checkpointed', 'lost'];
      await store.apply({ runs: states.map((state, i) => runOf('a', 12 - i, state)) }, noon);
      await store.apply({ runs: [runOf('b', 1, 'leased')] }, noon);
      expect((await store.activeRuns()).map(({ id }) => id)).toEqual(['a#11', 'a#12', 'b#1']);
      expect((await store.runsOf('a')).map(({ fence }) => fence)).toEqual([7, 8, 9, 10, 11, 12]);
      await store.apply({ runs: [{ ...runOf('a', 11, 'succeeded'), endedAt: noon + HOUR, reason: 'done' }] }, noon);
      expect((await store.activeRuns()).map(({ id }) => id)).toEqual(['a#12', 'b#1']);
      expect(await store.run('a#11')).toEqual({ ...runOf('a', 11, 'succeeded'), endedAt: noon + HOUR, reason: 'done' });
      expect(await store.run('c#1')).toBeUndefined();
      expect(await store.runsOf('c')).toEqual([]);
    });
  });

  describe('metered slots', () => {
    test('keep the first report, within one apply and across', async () => {
      const store = await open();
      await store.apply({ runSlots: [meteredOf('a#1', 0, 100), meteredOf('a#1', 0, 200)] }, noon);
      await store.apply({ runSlots: [meteredOf('a#1', 0, 300), meteredOf('a#1', 1, 50)] }, noon);
      expect((await store.runSlots({ start: noon, end: noon + HOUR })).map(({ energyWh }) => energyWh)).toEqual([100, 50]);
    });

    test('come by slot, site and run; from the start of the interval to before its end', async () => {
      const store = await open();
      const given = [
        meteredOf('b#1', 1, 1),
        meteredOf('a#2', 1, 2),
        meteredOf('c#1', 1, 3, 'at-hydro'),
        meteredOf('a#1', 0, 4),
        meteredOf('a#2', 2, 5),
      ];
      await store.apply({ runSlots: given }, noon);
      const wh = async (start: number, end: number) =>
        (await store.runSlots({ start: noon + start * SLOT, end: noon + end * SLOT })).map(({ energyWh }) => energyWh);
      expect(await wh(0, 3)).toEqual([4, 3, 2, 1, 5]);
      expect(await wh(1, 2)).toEqual([3, 2, 1]);
      expect(await wh(2, 2)).toEqual([]);
    });

    test('are unbooked from their end until they are marked, and are not opened again by a repeat', async () => {
      const store = await open();
      const [first, second] = [meteredOf('a#1', 0, 100), meteredOf('a#1', 1, 200)];
      await store.apply({ runSlots: [second, first] }, noon);
      expect(await store.unbookedRunSlots(noon + SLOT - 1)).toEqual([]);
      expect(await store.unbookedRunSlots(noon + SLOT)).toEqual([first]);
      expect(await store.unbookedRunSlots(noon + HOUR)).toEqual([first, second]);
      await store.markBooked([first, { run: 'never', slot: noon }]);
      await store.markBooked([first]);
      await store.markBooked([]);
      await store.apply({ runSlots: [first] }, noon);
      expect(await store.unbookedRunSlots(noon + HOUR)).toEqual([second]);
      expect(await store.runSlots({ start: noon, end: noon + HOUR })).toEqual([first, second]);
    });
  });

  describe('the report number of a site', () => {
    test('only grows', async () => {
      const store = await open();
      for (const [seq, at] of [
        [3, noon],
        [2, noon + 1],
        [3, noon + 2],
      ] as const)
        await store.apply({ heard: { site: 's', seq, at } }, at);
      expect(await store.heard()).toEqual(new Map([['s', { seq: 3, at: noon }]]));
      await store.apply({ heard: { site: 's', seq: 4, at: noon + 3 } }, noon + 3);
      await store.apply({ heard: { site: 't', seq: 0, at: noon } }, noon);
      expect(await store.heard()).toEqual(
        new Map([
          ['s', { seq: 4, at: noon + 3 }],
          ['t', { seq: 0, at: noon }],
        ]),
      );
    });
  });
}
