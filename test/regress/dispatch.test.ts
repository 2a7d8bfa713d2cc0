/** What dispatch once got wrong: ends that no calendar holds, a line that is away at a cancel, agents that are gone, leases nobody looks after. */
import { describe, expect, test } from 'vitest';
import { signingKey } from '../../energy-oracle/site.ts';
import { createAgent } from '../../scheduler/agent/agent.ts';
import { createMemoryJournal } from '../../scheduler/agent/journal.ts';
import { type AgentHandlers, DispatchFault, type DispatchLink } from '../../scheduler/dispatch/dispatch-link.ts';
import type { Lease } from '../../scheduler/dispatch/lease.ts';
import { expire, reconcile } from '../../scheduler/dispatch/reconcile.ts';
import { createScheduler } from '../../scheduler/engine.ts';
import { createMemoryLedgerStore } from '../../scheduler/ledger/memory-ledger-store.ts';
import { createMemoryJobStore } from '../../scheduler/queue/memory-job-store.ts';
import { createMemoryChain } from '../../scheduler/settlement/memory-chain.ts';
import { createMemorySettlementStore } from '../../scheduler/settlement/memory-settlement-store.ts';
import { reward, tariff } from '../../scheduler/terms.ts';
import { createSimEngine } from '../../simulator/plant/sim-engine.ts';
import { manualClock } from '../../units/clock.ts';
import { DAY, HOUR, type Instant, MINUTE, SECOND } from '../../units/time.ts';
import { jobOf, noon, outlookOf, runOf, siteOf, slotOutlook } from '../scheduler/nouns.ts';

const leaseMs = 45 * SECOND;

function make(link: Partial<DispatchLink>) {
  const clock = manualClock(noon);
  const jobs = createMemoryJobStore();
  const scheduler = createScheduler({
    clock,
    jobs,
    fleet: [siteOf('rhine'), siteOf('thames')],
    oracle: {
      outlook: async (site) => outlookOf(site, () => slotOutlook(0, site === 'rhine' ? 50 : 100, 400)),
      facts: async () => [],
    },
    ledger: createMemoryLedgerStore(),
    link: { open: async () => {}, offer: async () => {}, stop: async () => {}, close: async () => {}, ...link },
    settlements: createMemorySettlementStore(),
    chain: createMemoryChain(),
    newId: () => 'a',
    tell: () => {},
    config: { currency: 'EUR', leaseMs, bookingDelayMs: HOUR, periodMs: DAY, epoch: noon, tariff, reward },
  });
  const hear = (site: string, seq: number) => jobs.apply({ heard: { site, seq, at: clock.now() } }, clock.now());
  const launch = () => scheduler.submit({ name: 'a', max_duration: '1h', policy: { optimize: 'cost' } }, 'ada');
  return { clock, jobs, scheduler, hear, launch };
}

describe('an end', () => {
  test.each([
    { name: 'before the lease', said: 0, kept: noon },
    { name: 'in a year that no calendar holds', said: Number.MAX_SAFE_INTEGER, kept: noon + HOUR },
    { name: 'in time', said: noon + MINUTE, kept: noon + MINUTE },
  ])('that an agent tells $name is kept within the lease and now', ({ said, kept }) => {
    const pair = { run: runOf('a', 1), job: jobOf('a', {}, { state: 'RUNNING', fence: 1 }) };
    const told = { run: 'a#1', state: 'succeeded' as const, progress: HOUR, metered: [], detail: '', endedAt: said };
    const report = { site: 'rhine', seq: 1, at: noon, runs: [told], signature: '' };
    const { changes } = reconcile(report, new Map([['a#1', pair]]), leaseMs, noon + HOUR);
    expect([changes.jobs?.[0]?.endedAt, changes.runs?.[0]?.endedAt]).toEqual([kept, kept]);
  });
});

test('a job is cancelled although its agent cannot be told', async () => {
  const stop = async (site: string) => {
    throw new DispatchFault(site, 'the broker is away');
  };
  const { scheduler, hear, launch } = make({ stop });
  await hear('rhine', 1);
  await launch();
  await scheduler.cycle();
  expect(await scheduler.cancel('a', 'changed my mind')).toMatchObject({ state: 'CANCELLED' });
});

test('a site whose agent is gone is passed over after one lease, and costs the job no failure', async () => {
  const offered: string[] = [];
  const offer = async ({ site }: Lease) => {
    offered.push(site);
    if (site === 'rhine') throw new DispatchFault(site, 'no agent took it'); // its agent died just after it was heard
  };
  const { clock, jobs, scheduler, hear, launch } = make({ offer });
  await hear('rhine', 1);
  await launch();
  for (let seconds = 0; seconds < 90; seconds += 5) {
    clock.set(noon + seconds * SECOND);
    await hear('thames', seconds + 1);
    await scheduler.cycle();
  }
  expect(offered).toEqual(['rhine', 'thames']);
  expect(await jobs.get('a')).toMatchObject({ failures: 0, placement: { site: 'thames' } });
});

test('a job is given away only after an agent that heard nothing has had its time to stop', () => {
  const pair = { run: runOf('a', 1, { until: noon }), job: jobOf('a', {}, { state: 'RUNNING', fence: 1 }) };
  const lostAt = (now: Instant) => expire([pair], now, 15 * SECOND).runs?.length;
  expect([lostAt(noon + 1), lostAt(noon + 15 * SECOND), lostAt(noon + 15 * SECOND + 1)]).toEqual([0, 0, 1]);
});

test('an agent whose report hangs still stops a run whose lease is over, at the next beat', async () => {
  const clock = manualClock(noon);
  const executor = createSimEngine(clock);
  let handlers: AgentHandlers | undefined;
  const agent = createAgent({
    site: 'rhine',
    key: signingKey(new Uint8Array(32).fill(7)),
    link: {
      open: async (_site, given) => {
        handlers = given;
      },
      report: () => new Promise(() => {}), // no answer, ever
      close: async () => {},
    },
    executor,
    journal: createMemoryJournal(),
    clock,
  });
  await agent.open();
  const { id, drawKw, model, accelerators, fence, site } = runOf('a', 1);
  const lease = { run: id, job: 'a', fence, site, model, accelerators, drawKw, remaining: HOUR, script: 'true', envs: {} };
  await handlers?.onLease({ ...lease, until: noon + leaseMs });
  const beat = async () => {
    void agent.beat();
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  await beat();
  expect(executor.state(id).kind).toBe('running');
  clock.set(noon + leaseMs);
  await beat();
  expect(executor.state(id).kind).toBe('exited');
});
