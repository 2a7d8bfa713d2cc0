/** The dispatcher over a store and a line in memory: what is durable when, what a repeat does, and law 10. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { signingKey } from '../../../energy-oracle/site.ts';
import { createMemoryDispatch, type DispatchLink } from '../../../scheduler/dispatch/dispatch-link.ts';
import { createDispatcher } from '../../../scheduler/dispatch/dispatcher.ts';
import { isRunOver, type Lease, type Report, type RunReport } from '../../../scheduler/dispatch/lease.ts';
import { signReport } from '../../../scheduler/dispatch/report.ts';
import type { Placement } from '../../../scheduler/plan.ts';
import type { JobStore } from '../../../scheduler/queue/job-store.ts';
import { createMemoryJobStore } from '../../../scheduler/queue/memory-job-store.ts';
import { manualClock } from '../../../units/clock.ts';
import { HOUR, MINUTE, SLOT } from '../../../units/time.ts';
import { jobOf, noon, siteOf } from '../nouns.ts';

const leaseMs = 45 * MINUTE;
const key = signingKey(new Uint8Array(32).fill(3));
const placement: Placement = {
  job: 'a',
  site: 'rhine',
  model: 'A100',
  accelerators: 4,
  start: noon,
  end: noon + HOUR,
  believed: { outlook: undefined, energyKwh: 1.6, surplusKwh: 0, energyCost: 0, computeCost: 0, carbonG: 0, waitMs: 0, runNow: undefined },
  reason: 'cheapest',
};

/** One job, one site, an agent that takes every lease unless told otherwise. */
async function make({ wrap = (link: DispatchLink) => link, store = createMemoryJobStore() as JobStore } = {}) {
  const clock = manualClock(noon);
  const line = createMemoryDispatch(() => key.publicKey);
  const told: string[] = [];
  const dispatcher = createDispatcher({
    clock,
    jobs: store,
    link: wrap(line.scheduler),
    sites: new Map([['rhine', siteOf('rhine', { pue: 1.25 })]]),
    leaseMs,
    tell: (kind, text) => told.push(`${kind}: ${text}`),
  });
  await line.scheduler.open((report) => dispatcher.take(report));
  await store.add(jobOf('a', { run: 'echo hi', envs: { X: '1' } }));
  const leases: Lease[] = [];
  const stops: string[] = [];
  const agent = line.agent();
  let seq = 0;
  const report = (...runs: Partial<RunReport>[]): Report =>
    signReport(
      {
        site: 'rhine',
        seq: ++seq,
        at: clock.now(),
        runs: runs.map((run) => ({ run: 'a#1', state: 'running', progress: 0, metered: [], detail: '', ...run })),
      },
      key,
    );
  const connect = (onLease: (lease: Lease) => Promise<void> = async (lease) => void leases.push(lease)) =>
    agent.open('rhine', { onLease, onStop: async (run) => void stops.push(run) });
  const job = async () => {
    const found = await store.get('a');
    if (!found) throw new Error('the job is gone');
    return found;
  };
  const dispatch = async () => dispatcher.dispatch(await job(), placement);
  return { clock, store, line, dispatcher, agent, connect, leases, stops, told, report, job, dispatch };
}

describe('a placement that is due', () => {
  test('becomes a run and a lease of the same words', async () => {
    const { connect, dispatch, leases, store, job } = await make();
    await connect();
    await dispatch();
    expect(leases).toEqual([
      {
        run: 'a#1',
        job: 'a',
        fence: 1,
        site: 'rhine',
        model: 'A100',
        accelerators: 4,
        drawKw: 2,
        remaining: HOUR,
        script: 'echo hi',
        envs: { X: '1' },
        until: noon + leaseMs,
      },
    ]);
    expect(await store.run('a#1')).toMatchObject({
      state: 'leased',
      drawKw: 2,
      leasedAt: noon,
      until: noon + leaseMs,
      plannedEnd: noon + HOUR,
    });
    expect(await job()).toMatchObject({ state: 'SCHEDULED', fence: 1, version: 2, placement });
  });

  test('hands its prices to the run', async () => {
    const prices = [{ from: noon, microsPerAcceleratorHour: 500_000, contestedPerMille: 250 }];
    const { dispatcher, store, job } = await make();
    await dispatcher.dispatch(await job(), { ...placement, prices });
    expect(await store.run('a#1')).toMatchObject({ prices, remaining: HOUR });
  });

  test('of an elastic job is held as long as its first share takes, whatever was planned for it later', async () => {
    const store = createMemoryJobStore();
    await store.add(jobOf('a', { elastic: { acceleratorsMax: 4, speedExponent: 0.5 }, acceleratorsPerNode: 1, maxDuration: 2 * HOUR }));
    const { dispatcher, job } = await make({ store });
    await dispatcher.dispatch(await job(), { ...placement, accelerators: 2 });
    const remaining = (2 * HOUR) / 2 ** 0.5;
    expect((await store.run('a#1'))?.plannedEnd).toBe(noon + Math.ceil(remaining / SLOT) * SLOT);
  });

  test('is durable before it is offered', async () => {
    const at = await make();
    const stored: unknown[] = [];
    await at.connect(async ({ run }) => void stored.push((await at.store.run(run))?.state, (await at.job()).state, (await at.job()).fence));
    await at.dispatch();
    expect(stored).toEqual(['leased', 'SCHEDULED', 1]);
  });

  test('whose job was moved meanwhile is not offered', async () => {
    const { connect, dispatcher, leases, store, job } = await make();
    await connect();
    const read = await job();
    await store.apply({ jobs: [{ ...read, state: 'CANCELLED', version: 2 }] }, noon);
    await dispatcher.dispatch(read, placement);
    expect([leases, await store.runsOf('a'), (await job()).state]).toEqual([[], [], 'CANCELLED']);
  });

  test('at a site that is not known is a bug', async () => {
    const { dispatcher, job } = await make();
    await expect(dispatcher.dispatch(await job(), { ...placement, site: 'mars' })).rejects.toThrow(RangeError);
  });
});

describe('a lease that nobody took', () => {
  test.each([
    { name: 'because no agent is there', connected: false },
    { name: 'because the agent refuses it', connected: true },
  ])('$name runs out, and the next one carries a higher fence', async ({ connected }) => {
    const { clock, connect, dispatch, dispatcher, leases, store, job, told } = await make();
    if (connected)
      await connect(async () => {
        throw new Error('no room');
      });
    await dispatch();
    expect(told.at(-1)).toMatch(/was not taken by rhine/);
    clock.set(noon + leaseMs);
    await dispatcher.sweep();
    expect((await job()).state).toBe('SCHEDULED'); // the agent may have taken it after all, until its last millisecond
    clock.set(noon + leaseMs + 1);
    await dispatcher.sweep();
    expect(await job()).toMatchObject({ state: 'QUEUED', fence: 1 });
    expect(await store.activeRuns()).toEqual([]);
    await connect();
    await dispatch();
    expect(leases).toMatchObject([{ run: 'a#2', fence: 2, until: noon + 2 * leaseMs + 1 }]);
  });
});

describe('a report', () => {
  const metered = [{ slot: noon, energyWh: 500 }];
  test('is durable before its receipt', async () => {
    const { clock, connect, dispatch, agent, report, store, job } = await make();
    await connect();
    await dispatch();
    clock.set(noon + SLOT);
    const receipt = await agent.report(report({ metered }));
    expect(receipt).toEqual({ site: 'rhine', seq: 1, renewals: [{ run: 'a#1', until: noon + SLOT + leaseMs }], stop: [] });
    expect(await store.unbookedRunSlots(noon + HOUR)).toMatchObject([{ run: 'a#1', slot: noon, energyWh: 500 }]);
    expect(await job()).toMatchObject({ state: 'RUNNING' });
    expect((await store.heard()).get('rhine')).toEqual({ seq: 1, at: noon + SLOT });
  });

  test('that comes again gets a receipt and changes nothing', async () => {
    const { clock, connect, dispatch, agent, report, store, job } = await make();
    await connect();
    await dispatch();
    const first = report({ state: 'succeeded', metered });
    await agent.report(first);
    const [before, events] = [await job(), await store.events('a')];
    clock.set(noon + MINUTE);
    expect(await agent.report(first)).toMatchObject({ seq: 1, renewals: [] });
    expect([await job(), await store.events('a')]).toEqual([before, events]);
    expect(await store.unbookedRunSlots(noon + HOUR)).toHaveLength(1);
  });

  test('of a run that runs, come again, tells the lease as it is stored, not a longer one', async () => {
    const { clock, connect, dispatch, agent, report } = await make();
    await connect();
    await dispatch();
    const first = report({});
    await agent.report(first);
    clock.set(noon + 30 * MINUTE);
    expect(await agent.report(first)).toMatchObject({ renewals: [{ run: 'a#1', until: noon + leaseMs }] });
  });

  test('that meets a job moved meanwhile is judged again on what is true then', async () => {
    const store = createMemoryJobStore();
    let races = 1;
    const racing: JobStore = {
      ...store,
      apply: async (changes, at) => {
        const job = await store.get('a');
        if (changes.heard && job && races-- > 0)
          await store.apply(
            {
              jobs: [{ ...job, state: 'CANCELLED', closedAt: at, version: job.version + 1 }],
              runs: (await store.runsOf('a')).map((run) => ({ ...run, state: 'lost' })),
            },
            at,
          );
        return store.apply(changes, at);
      },
    };
    const { connect, dispatch, agent, report, job } = await make({ store: racing });
    await connect();
    await dispatch();
    expect(await agent.report(report({ metered }))).toMatchObject({ stop: ['a#1'], renewals: [] });
    expect((await job()).state).toBe('CANCELLED');
    expect(await store.unbookedRunSlots(noon + HOUR)).toEqual([]);
  });

  test('that finds no peace gets no receipt, so that the agent sends it again', async () => {
    const store = createMemoryJobStore();
    const { connect, dispatch, agent, report } = await make({
      store: { ...store, apply: async (changes, at) => (changes.heard ? { kind: 'stale', job: 'a' } : store.apply(changes, at)) },
    });
    await connect();
    await dispatch();
    await expect(agent.report(report({ metered }))).rejects.toThrow(/no receipt/);
  });

  test('that names a run twice is taken, not choked on', async () => {
    const { connect, dispatch, agent, report, job } = await make();
    await connect();
    await dispatch();
    expect(await agent.report(report({ state: 'succeeded' }, { state: 'failed' }))).toMatchObject({ seq: 1 });
    expect((await job()).state).toBe('SUCCEEDED');
  });

  test('of an agent that was given up is answered with a stop, and its energy is not booked', async () => {
    const { clock, connect, dispatch, dispatcher, agent, report, store, job } = await make();
    await connect();
    await dispatch();
    await agent.report(report({}));
    clock.set(noon + leaseMs + 1);
    await dispatcher.sweep();
    await dispatch();
    expect(await agent.report(report({ metered }))).toMatchObject({ stop: ['a#1'], renewals: [] });
    expect(await store.unbookedRunSlots(noon + HOUR)).toEqual([]);
    expect(await job()).toMatchObject({ state: 'SCHEDULED', fence: 2 });
  });
});

describe('a recall', () => {
  test('tells the agent of a run that is not over, and of no other', async () => {
    const { connect, dispatch, dispatcher, store, stops } = await make();
    await connect();
    await dispatch();
    const [run] = await store.activeRuns();
    if (!run) throw new Error('no run');
    await dispatcher.recall(run);
    await dispatcher.recall({ ...run, state: 'succeeded' });
    expect(stops).toEqual(['a#1']);
  });
});

describe('law 10: a job', () => {
  test('has at most one run at a time and fences that only grow, whatever is lost, repeated or late', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('wait' as const), minutes: fc.integer({ min: 1, max: 60 }) }),
      fc.constant({ kind: 'dispatch' as const }),
      fc.constant({ kind: 'sweep' as const }),
      fc.record({
        kind: fc.constant('report' as const),
        fence: fc.integer({ min: 1, max: 4 }),
        state: fc.constantFrom<RunReport['state']>('running', 'checkpointed', 'failed', 'lost', 'succeeded'),
      }),
      fc.constant({ kind: 'repeat' as const }),
      fc.record({ kind: fc.constant('agent' as const), works: fc.boolean() }),
    );
    let fences = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 20 }), async (steps) => {
        const at = await make();
        let works = true;
        await at.connect(async (lease) => {
          if (!works) throw new Error('not now');
          at.leases.push(lease);
        });
        let last: Report | undefined;
        let highest = 0;
        for (const each of steps) {
          const before = await at.job();
          if (each.kind === 'wait') at.clock.set(at.clock.now() + each.minutes * MINUTE);
          else if (each.kind === 'agent') works = each.works;
          else if (each.kind === 'sweep') await at.dispatcher.sweep();
          else if (each.kind === 'dispatch') {
            if (before.state === 'QUEUED') await at.dispatch();
          } else if (each.kind === 'repeat') {
            if (last) await at.agent.report(last);
          } else {
            last = at.report({ run: `a#${each.fence}`, state: each.state });
            await at.agent.report(last);
          }
          const job = await at.job();
          const active = await at.store.activeRuns();
          expect(active.length).toBeLessThanOrEqual(1);
          for (const run of active) expect(run.fence).toBe(job.fence);
          expect(active.length === 1).toBe(job.state === 'SCHEDULED' || job.state === 'RUNNING');
          expect(job.fence).toBeGreaterThanOrEqual(highest);
          highest = job.fence;
        }
        expect(at.leases.map(({ fence }) => fence)).toEqual([...new Set(at.leases.map(({ fence }) => fence))].sort((a, b) => a - b));
        expect((await at.store.runsOf('a')).filter(({ state }) => !isRunOver(state)).length).toBeLessThanOrEqual(1);
        fences = Math.max(fences, highest);
      }),
      { numRuns: 120 },
    );
    expect(fences).toBeGreaterThan(1);
  });
});
