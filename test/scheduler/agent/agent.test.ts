import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { signingKey } from '../../../energy-oracle/site.ts';
import { type Agent, createAgent } from '../../../scheduler/agent/agent.ts';
import { type Executor, ExecutorFault } from '../../../scheduler/agent/executor.ts';
import { type AgentJournal, createMemoryJournal } from '../../../scheduler/agent/journal.ts';
import { createMemoryDispatch } from '../../../scheduler/dispatch/dispatch-link.ts';
import type { Lease, Report, ReportReceipt, RunReport } from '../../../scheduler/dispatch/lease.ts';
import { createSimEngine } from '../../../simulator/plant/sim-engine.ts';
import { manualClock } from '../../../units/clock.ts';
import { type DurationMs, HOUR, type Instant, MINUTE, SLOT } from '../../../units/time.ts';

const key = signingKey(new Uint8Array(32).fill(7));
const start: Instant = Date.parse('2026-06-01T10:05:00Z'); // five minutes into a slot
const slot = (n: number): Instant => Date.parse('2026-06-01T10:00:00Z') + n * SLOT;

/** A site's agent and a scheduler's ear for it, on a clock that stands still. */
async function site({ executor: make = createSimEngine, journal = createMemoryJournal() as AgentJournal } = {}) {
  const clock = manualClock(start);
  const dispatch = createMemoryDispatch((id) => (id === 'oak' ? key.publicKey : undefined));
  const executor = make(clock);
  const heard: Report[] = [];
  const said: string[] = [];
  const line = {
    receipt: ({ site: of, seq }: Report): ReportReceipt | undefined => ({ site: of, seq, renewals: [], stop: [] }),
  };
  await dispatch.scheduler.open(async (report) => {
    heard.push(report);
    return line.receipt(report);
  });
  const born = async (): Promise<Agent> => {
    const agent = createAgent({ site: 'oak', key, link: dispatch.agent(), executor, journal, clock, log: (text) => said.push(text) });
    await agent.open();
    return agent;
  };
  return { clock, dispatch, executor, journal, heard, said, line, born, agent: await born() };
}
type Site = Awaited<ReturnType<typeof site>>;

const lease = (news: Partial<Lease> = {}): Lease => {
  const { job = 'a', fence = 1 } = news;
  const rest = {
    site: 'oak',
    model: 'A100',
    accelerators: 8,
    drawKw: 4,
    remaining: 60 * MINUTE,
    script: 'true',
    envs: {},
    until: start + 600 * MINUTE,
  };
  return { run: `${job}#${fence}`, job, fence, ...rest, ...news };
};
const toldOf = (heard: readonly Report[], run: string): RunReport[] => heard.flatMap(({ runs }) => runs.filter((told) => told.run === run));
const meteredOf = (heard: readonly Report[], run: string) => toldOf(heard, run).flatMap(({ metered }) => metered);
/** Beats every `every` until the instant. */
async function beatUntil({ clock, agent }: Pick<Site, 'clock' | 'agent'>, end: Instant, every: DurationMs = 5 * MINUTE) {
  while (clock.now() < end) {
    clock.set(Math.min(end, clock.now() + every));
    await agent.beat();
  }
}

describe('an agent', () => {
  test('that lost its journal goes on above every number it ever told', async () => {
    const before = await site();
    await beatUntil(before, start + HOUR);
    const after = await site();
    after.clock.set(start + 2 * HOUR);
    await after.agent.beat();
    expect(after.heard[0]?.seq).toBeGreaterThan(before.heard.at(-1)?.seq ?? Number.NaN);
  });

  test('says that it answers, even with nothing to run', async () => {
    const { agent, heard } = await site();
    await agent.beat();
    await agent.beat();
    expect(heard.map(({ seq, runs }) => ({ seq, runs }))).toEqual([
      { seq: start, runs: [] },
      { seq: start + 1, runs: [] },
    ]);
  });

  test('runs a lease to its end and tells each slot once it is over, the last one with the end', async () => {
    const at = await site();
    await at.dispatch.scheduler.offer(lease());
    await beatUntil(at, start + 75 * MINUTE);
    // 10:05 to 11:05 at 4 kW: 10 minutes, four full slots less one, then 5 minutes
    expect(meteredOf(at.heard, 'a#1')).toEqual([
      { slot: slot(0), energyWh: 666 },
      { slot: slot(1), energyWh: 1000 },
      { slot: slot(2), energyWh: 1000 },
      { slot: slot(3), energyWh: 1000 },
      { slot: slot(4), energyWh: 333 },
    ]);
    const told = toldOf(at.heard, 'a#1');
    expect(told.at(-1)).toMatchObject({ state: 'succeeded', progress: 60 * MINUTE, endedAt: start + 60 * MINUTE });
    expect(told.slice(0, -1).every(({ state }) => state === 'running')).toBe(true);
    const slotFirstTold = at.heard.find(({ runs }) => runs.some(({ metered }) => metered.some((entry) => entry.slot === slot(0))));
    expect(slotFirstTold?.at).toBe(slot(1));
  });

  test('refuses a stale fence, and takes a repeated delivery as the same lease', async () => {
    const { dispatch, executor } = await site();
    await dispatch.scheduler.offer(lease({ fence: 5 }));
    await dispatch.scheduler.offer(lease({ fence: 5 }));
    await expect(dispatch.scheduler.offer(lease({ fence: 4 }))).rejects.toThrow('fence 4 of a is stale, 5 was taken');
    expect([executor.state('a#5').kind, executor.state('a#4').kind]).toEqual(['running', 'unknown']);
  });

  test('refuses a stale fence after the run is over and after a restart', async () => {
    const at = await site();
    await at.dispatch.scheduler.offer(lease({ fence: 5 }));
    await beatUntil(at, start + 70 * MINUTE);
    at.agent.kill();
    await at.born();
    for (const fence of [4, 5]) await expect(at.dispatch.scheduler.offer(lease({ fence }))).rejects.toThrow('is stale');
    await at.dispatch.scheduler.offer(lease({ fence: 6 }));
  });

  test('forgets a fence only when any lease below it would be over', async () => {
    const at = await site();
    await at.dispatch.scheduler.offer(lease({ fence: 5, remaining: MINUTE, until: start + 30 * MINUTE }));
    await beatUntil(at, start + 40 * MINUTE);
    expect((await at.journal.load()).fences).toEqual({});
    await expect(at.dispatch.scheduler.offer(lease({ fence: 5, until: start + 30 * MINUTE }))).rejects.toThrow('was over before it came');
  });

  test('stops the older run of a job before it starts the newer', async () => {
    const at = await site();
    await at.dispatch.scheduler.offer(lease({ fence: 1 }));
    at.clock.set(start + 10 * MINUTE);
    await at.dispatch.scheduler.offer(lease({ fence: 2 }));
    await at.agent.beat();
    expect(toldOf(at.heard, 'a#1').at(-1)).toMatchObject({ state: 'checkpointed', progress: 10 * MINUTE });
    expect(at.executor.state('a#2').kind).toBe('running');
  });

  test('waits for the older run of a job to be gone, however long it takes', async () => {
    const events: string[] = [];
    const at = await site({
      executor: () => ({
        name: 'slow',
        start: async ({ run }) => void events.push(`start ${run}`),
        state: () => ({ kind: 'running', progress: 0, startedAt: start }),
        stop: async (run) => {
          await new Promise((gone) => setTimeout(gone, 50));
          events.push(`gone ${run}`);
        },
        close: async () => {},
      }),
    });
    await at.dispatch.scheduler.offer(lease({ fence: 1 }));
    await at.dispatch.scheduler.offer(lease({ fence: 2 }));
    await new Promise((later) => setTimeout(later, 100));
    expect(events).toEqual(['start a#1', 'gone a#1', 'start a#2']);
  });

  test('sends no report before it is journalled, though beats overlap', async () => {
    const journal = createMemoryJournal();
    let saved = 0;
    const disk: AgentJournal = {
      load: journal.load,
      save: async (snapshot) => {
        await new Promise((later) => setTimeout(later, 30));
        await journal.save(snapshot);
        saved = snapshot.seq;
      },
    };
    const at = await site({ journal: disk });
    const early: number[] = [];
    at.line.receipt = ({ site: of, seq }) => {
      if (seq > saved) early.push(seq);
      return { site: of, seq, renewals: [], stop: [] };
    };
    await Promise.all([at.agent.beat(), at.agent.beat(), new Promise((later) => setTimeout(later, 10)).then(() => at.agent.beat())]);
    expect(early).toEqual([]);
    expect(at.heard.map(({ seq }) => seq)).toEqual([start, start + 1, start + 2].slice(0, at.heard.length));
  });

  test('stops a run whose lease was not renewed, though nobody answers', async () => {
    const at = await site();
    await at.dispatch.scheduler.offer(lease({ until: start + 20 * MINUTE }));
    at.line.receipt = () => undefined;
    await beatUntil(at, start + 30 * MINUTE);
    expect(at.executor.state('a#1')).toMatchObject({ kind: 'exited', endedAt: start + 20 * MINUTE });
    at.line.receipt = ({ site: of, seq }) => ({ site: of, seq, renewals: [], stop: [] });
    await at.agent.beat();
    const end = toldOf(at.heard, 'a#1').at(-1);
    expect(end).toMatchObject({ state: 'checkpointed', progress: 20 * MINUTE });
    expect(end?.detail).toContain('the lease was not renewed in time');
  });

  test('keeps a run going as long as its lease is renewed, and stops it when it is told to', async () => {
    const at = await site();
    at.line.receipt = ({ site: of, seq, at: then }) => ({
      site: of,
      seq,
      renewals: [{ run: 'a#1', until: then + 10 * MINUTE }],
      stop: then >= start + 40 * MINUTE ? ['a#1'] : [],
    });
    await at.dispatch.scheduler.offer(lease({ until: start + 10 * MINUTE }));
    await beatUntil(at, start + 50 * MINUTE);
    expect(at.executor.state('a#1')).toMatchObject({ kind: 'exited', endedAt: start + 40 * MINUTE });
    expect(toldOf(at.heard, 'a#1').at(-1)).toMatchObject({ state: 'checkpointed', detail: 'stopped by the scheduler; stopped' });
  });

  test('repeats a report unchanged until its receipt, and only then tells what came since', async () => {
    const at = await site();
    await at.dispatch.scheduler.offer(lease());
    at.line.receipt = () => undefined;
    await beatUntil(at, start + 40 * MINUTE, 20 * MINUTE);
    expect(new Set(at.heard.map((report) => JSON.stringify(report))).size).toBe(1);
    at.line.receipt = ({ site: of, seq }) => ({ site: of, seq, renewals: [], stop: [] });
    await at.agent.beat();
    const numbers = [...new Set(at.heard.map(({ seq }) => seq))];
    expect(numbers).toHaveLength(2);
    expect(numbers[1]).toBeGreaterThan(numbers[0] ?? Number.NaN);
    const once = [...new Map(at.heard.map((report) => [report.seq, report])).values()];
    expect(meteredOf(once, 'a#1').map((entry) => entry.slot)).toEqual([slot(0), slot(1), slot(2)]);
  });

  test('killed between taking a lease and starting it, reports the run as lost and does not start it again', async () => {
    let agent: Agent | undefined;
    const journal = createMemoryJournal();
    const dying: AgentJournal = {
      load: journal.load,
      save: async (snapshot) => {
        await journal.save(snapshot);
        agent?.kill();
      },
    };
    const at = await site({ journal: dying });
    agent = at.agent;
    await expect(at.dispatch.scheduler.offer(lease())).rejects.toThrow('went away');
    expect(at.executor.state('a#1').kind).toBe('unknown');
    agent = undefined;
    const next = await at.born();
    at.clock.set(start + 30 * MINUTE);
    await next.beat();
    expect(toldOf(at.heard, 'a#1')).toMatchObject([{ state: 'lost', progress: 0, metered: [] }]);
    expect(at.executor.state('a#1').kind).toBe('unknown');
  });

  test('killed between report and receipt, repeats that report word for word and tells nothing twice', async () => {
    const at = await site();
    await at.dispatch.scheduler.offer(lease());
    await beatUntil(at, start + 15 * MINUTE);
    let agent = at.agent;
    at.line.receipt = (report) => {
      agent.kill();
      return { site: report.site, seq: report.seq, renewals: [], stop: [] };
    };
    at.clock.set(start + 30 * MINUTE);
    await agent.beat();
    const cut = at.heard.at(-1);
    at.line.receipt = ({ site: of, seq }) => ({ site: of, seq, renewals: [], stop: [] });
    agent = await at.born();
    await beatUntil({ clock: at.clock, agent }, start + 75 * MINUTE);
    expect(at.heard.filter(({ seq }) => seq === cut?.seq)).toEqual([cut, cut]);
    const once = [...new Map(at.heard.map((report) => [report.seq, report])).values()];
    const slots = meteredOf(once, 'a#1').map((entry) => entry.slot);
    expect(slots).toEqual([slot(0), slot(1), slot(2), slot(3), slot(4)]);
    expect(toldOf(once, 'a#1').at(-1)?.state).toBe('succeeded');
  });

  test('restarted without its executor, reports what was safe, metered as far as it was seen', async () => {
    const at = await site();
    await at.dispatch.scheduler.offer(lease());
    await beatUntil(at, start + 20 * MINUTE);
    at.agent.kill();
    const clock = manualClock(start + 50 * MINUTE);
    const link = at.dispatch.agent();
    const agent = createAgent({ site: 'oak', key, link, executor: createSimEngine(clock), journal: at.journal, clock });
    await agent.open();
    await agent.beat();
    expect(toldOf(at.heard, 'a#1').at(-1)).toMatchObject({
      state: 'lost',
      progress: 20 * MINUTE,
      metered: [{ slot: slot(1), energyWh: 666 }],
    });
  });

  test('reports work that cannot start, fails or is killed, each by its name', async () => {
    const states: Record<string, Executor['state']> = {
      'b#1': () => ({ kind: 'exited', code: 3, progress: 0, startedAt: start, endedAt: start + MINUTE, detail: 'exit code 3' }),
      'c#1': () => ({ kind: 'exited', code: 137, progress: MINUTE, startedAt: start, endedAt: start + MINUTE, detail: 'ended by SIGKILL' }),
    };
    const at = await site({
      executor: () => ({
        name: 'faulty',
        start: async ({ run }) => {
          if (run === 'a#1') throw new ExecutorFault(run, 'no room');
        },
        state: (run) => states[run]?.(run) ?? { kind: 'unknown' },
        stop: async () => {},
        close: async () => {},
      }),
    });
    for (const job of ['a', 'b', 'c']) await at.dispatch.scheduler.offer(lease({ job }));
    await at.dispatch.scheduler.stop('oak', 'c#1');
    at.clock.set(start + 5 * MINUTE);
    await at.agent.beat();
    const told = ['a#1', 'b#1', 'c#1'].map((run) => toldOf(at.heard, run).at(-1));
    expect(told.map((report) => report?.state)).toEqual(['failed', 'failed', 'lost']);
    expect(told[0]?.detail).toContain('no room');
    expect(told.map((report) => report?.metered)).toEqual([[], [{ slot: slot(0), energyWh: 66 }], [{ slot: slot(0), energyWh: 66 }]]);
  });

  test('does not take a lease that it cannot journal', async () => {
    const journal = createMemoryJournal();
    let full = false;
    const disk: AgentJournal = {
      load: journal.load,
      save: async (snapshot) => (full ? Promise.reject(new Error('disk full')) : journal.save(snapshot)),
    };
    const at = await site({ journal: disk });
    full = true;
    await expect(at.agent.beat()).rejects.toThrow('disk full');
    await expect(at.agent.beat()).rejects.toThrow('disk full');
    await expect(at.dispatch.scheduler.offer(lease())).rejects.toThrow('disk full');
    expect(at.executor.state('a#1').kind).toBe('unknown');
    expect(at.heard).toEqual([]); // nothing is said that a kill could make it say differently
    full = false;
    await at.agent.beat();
    await at.dispatch.scheduler.offer(lease());
    expect(at.heard.map(({ seq }) => seq)).toEqual([start, start + 1]);
  });

  test('stops its runs when it goes away, and says how far they came', async () => {
    const at = await site();
    await at.dispatch.scheduler.offer(lease());
    at.clock.set(start + 10 * MINUTE);
    await at.agent.close();
    expect(toldOf(at.heard, 'a#1').at(-1)).toMatchObject({
      state: 'checkpointed',
      progress: 10 * MINUTE,
      metered: [{ slot: slot(0), energyWh: 666 }],
    });
    await expect(at.dispatch.scheduler.offer(lease({ fence: 2 }))).rejects.toThrow('no agent');
  });

  test('spreads what does not fit one report over the next ones', async () => {
    const at = await site();
    const jobs = Array.from({ length: 100 }, (_, i) => `job-${i}`);
    for (const job of jobs) await at.dispatch.scheduler.offer(lease({ job, remaining: 180 * MINUTE }));
    at.clock.set(start + 190 * MINUTE); // 13 slots each, 1,300 in all
    for (let i = 0; i < 10; i++) await at.agent.beat();
    expect(Math.max(...at.heard.map((report) => JSON.stringify(report).length))).toBeLessThan(65_536);
    for (const job of jobs) {
      expect(meteredOf(at.heard, `${job}#1`).map((entry) => entry.slot)).toEqual(Array.from({ length: 13 }, (_, i) => slot(i)));
      expect(toldOf(at.heard, `${job}#1`).at(-1)?.state).toBe('succeeded');
    }
  });

  test('meters draw × running time within a watt-hour a slot, whatever the beats, kills and lost receipts', async () => {
    const step = fc.record({
      wait: fc.integer({ min: 1, max: 40 * MINUTE }),
      what: fc.constantFrom('beat', 'beat', 'beat', 'kill', 'mute', 'stop'),
    });
    const runOf = fc.record({
      drawKw: fc.double({ min: 0.1, max: 50, noNaN: true }),
      remaining: fc.integer({ min: 1, max: 300 * MINUTE }),
    });
    await fc.assert(
      fc.asyncProperty(runOf, fc.array(step, { maxLength: 25 }), async ({ drawKw, remaining }, steps) => {
        const at = await site();
        let agent = at.agent;
        const answers = at.line.receipt;
        await at.dispatch.scheduler.offer(lease({ drawKw, remaining, until: start + 100_000 * MINUTE }));
        for (const { wait, what } of steps) {
          at.clock.set(at.clock.now() + wait);
          if (what === 'kill') {
            agent.kill();
            agent = await at.born();
          }
          if (what === 'stop') await at.dispatch.scheduler.stop('oak', 'a#1');
          at.line.receipt = what === 'mute' ? () => undefined : answers;
          await agent.beat();
        }
        at.line.receipt = answers;
        at.clock.set(at.clock.now() + 400 * MINUTE);
        await agent.beat();
        const once = [...new Map(at.heard.map((report) => [report.seq, report])).values()];
        const metered = meteredOf(once, 'a#1');
        const end = at.executor.state('a#1');
        const exactWh = end.kind === 'exited' ? (drawKw * (end.endedAt - start)) / 3_600 : Number.NaN;
        const sumWh = metered.reduce((sum, { energyWh }) => sum + energyWh, 0);
        expect(new Set(metered.map((entry) => entry.slot)).size).toBe(metered.length);
        expect(sumWh).toBeLessThanOrEqual(exactWh + 1e-6 * metered.length);
        expect(sumWh).toBeGreaterThan(exactWh - metered.length - 1e-6);
      }),
      { numRuns: 150 },
    );
  });
});
