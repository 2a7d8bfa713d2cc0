/**
 * World: the virtual composition root. Plants, meters, feeds and agents around the same oracle and scheduler as live.
 *
 * Read beside `cli/serve.ts`. The clock advances only when the river is still: every step waits for the receipts of
 * what it sent (reading to commit, lease to journal, report to store), so no message or write is in flight when the
 * next one begins. The order within a step is fixed; that and the seed make a run repeatable.
 */

import { createPersistence } from '../energy-oracle/forecast/persistence.ts';
import { createOracle, type OraclePorts } from '../energy-oracle/oracle.ts';
import type { Spool } from '../energy-oracle/store/spool.ts';
import { pvPower } from '../energy-oracle/sun/pv.ts';
import { createSender, type Sender } from '../energy-oracle/telemetry/sender.ts';
import type { TelemetryUplink } from '../energy-oracle/telemetry/telemetry-source.ts';
import { type Agent, createAgent } from '../scheduler/agent/agent.ts';
import type { Executor } from '../scheduler/agent/executor.ts';
import type { AgentJournal } from '../scheduler/agent/journal.ts';
import type { AgentLink } from '../scheduler/dispatch/dispatch-link.ts';
import { createScheduler, type SchedulerPorts } from '../scheduler/engine.ts';
import { ChainFault } from '../scheduler/settlement/chain.ts';
import { reward, tariff } from '../scheduler/terms.ts';
import type { EventWire } from '../scheduler/wire.ts';
import { DAY, type DurationMs, HOUR, type Instant, MINUTE, SLOT, slotOf, toIso } from '../units/time.ts';
import { createTimeline, type Pace } from './kernel/virtual-clock.ts';
import { createFeed } from './plant/feed.ts';
import { ownLoadKw } from './plant/load.ts';
import { createMeter } from './plant/meter.ts';
import { pvPowerKw } from './plant/pv-plant.ts';
import { demoKey, type Scenario } from './scenario.ts';
import { cloudCoverOf } from './traces/grid-trace.ts';

/** Meters tell every five minutes; everything else happens on slots. */
export const meteringMs: DurationMs = 5 * MINUTE;
const outlookEveryMs: DurationMs = HOUR;
/** Three quarter hours: an agent may miss two beats. */
const leaseMs: DurationMs = 3 * SLOT;
/** A slot is booked one slot after its end; carbon intensities of an hour come when the hour is over. */
const bookingDelayMs: DurationMs = HOUR;
export const periodMs: DurationMs = 6 * HOUR;
/** What the feeds had published before the start: a day to repeat. */
const publishedBeforeMs: DurationMs = 2 * DAY;

/** Where a world left off; survives a crash. */
export interface WorldMark {
  load(): Promise<Instant | undefined>;
  save(instant: Instant): Promise<void>;
}

export interface WorldPorts {
  readonly scenario: Scenario;
  readonly pace: Pace;
  readonly mark: WorldMark;
  readonly oracle: (clock: OraclePorts['clock']) => Pick<OraclePorts, 'store' | 'telemetry' | 'grid'>;
  readonly scheduler: Pick<SchedulerPorts, 'jobs' | 'ledger' | 'link' | 'settlements' | 'chain'>;
  readonly meterUplink: (site: string) => TelemetryUplink;
  readonly feedUplink: (zone: string) => TelemetryUplink;
  readonly spool: (sender: string) => Promise<Spool>;
  readonly agentLink: (site: string) => AgentLink;
  readonly executor: (site: string, clock: OraclePorts['clock']) => Executor;
  readonly journal: (site: string) => AgentJournal;
  readonly wait: (durationMs: DurationMs) => Promise<void>;
  readonly newId: () => string;
  readonly tell: (event: Omit<EventWire, 'id'>) => void;
}

export type World = Awaited<ReturnType<typeof createWorld>>;

export async function createWorld(ports: WorldPorts) {
  const { scenario, mark, tell } = ports;
  const resumedAt = await mark.load();
  const begin = resumedAt ?? scenario.start;
  const timeline = createTimeline(begin, ports.pace);
  const { clock } = timeline;
  const say = (kind: EventWire['kind'], text: string) => tell({ at: toIso(clock.now()), kind, text });
  const sites = scenario.sites.map(({ site }) => site);
  const feedKeys = new Map(scenario.traces.map(({ zone }) => [zone, demoKey(scenario.seed, `feed/${zone}`)]));

  const oracle = await createOracle({
    ...ports.oracle(clock),
    clock,
    sites,
    feedKeys: Object.fromEntries([...feedKeys].map(([zone, { publicKey }]) => [zone, publicKey])),
    forecaster: createPersistence({ clearSkyKw: (site, at) => pvPower(site, at, 0) }),
    wait: ports.wait,
    tell: say,
    config: { rates: scenario.rates, horizonMs: 4 * DAY, historyMs: 8 * DAY },
  });
  const scheduler = createScheduler({
    ...ports.scheduler,
    clock,
    fleet: sites,
    oracle: oracle.view,
    newId: ports.newId,
    tell: say,
    config: {
      currency: scenario.rates.accounting,
      leaseMs,
      bookingDelayMs,
      periodMs,
      epoch: scenario.start,
      tariff,
      reward,
    },
  });

  const senders: Sender[] = [];
  const sender = async (name: string, uplink: TelemetryUplink) => {
    const made = createSender({
      name,
      spool: await ports.spool(name),
      uplink,
      retryMs: 2_000,
      wait: ports.wait,
      onRefused: ({ stream, seq, reason }) => say('quarantine', `${name}/${stream} #${seq} was refused: ${reason}`),
    });
    senders.push(made);
    return made;
  };
  const meters = await Promise.all(
    scenario.sites.map(async ({ site, load, key }) => {
      const trace = scenario.traces.find(({ zone }) => zone === site.zone);
      if (!trace) throw new RangeError(`no trace of zone ${site.zone} for ${site.id}`);
      const clouds = cloudCoverOf(trace, unknownCloudCover);
      const plant = {
        pvKw: (interval: { start: Instant; end: Instant }) => pvPowerKw(site, interval, clouds, scenario.seed),
        loadKw: (interval: { start: Instant; end: Instant }) => ownLoadKw(site, load, interval, scenario.seed),
      };
      return createMeter({ site, key, plant, sender: await sender(`${site.provider}/${site.id}`, ports.meterUplink(site.id)) });
    }),
  );
  const feeds = await Promise.all(
    scenario.traces.map(async (trace) =>
      createFeed({
        trace,
        key: demoKey(scenario.seed, `feed/${trace.zone}`),
        sender: await sender(trace.zone, ports.feedUplink(trace.zone)),
      }),
    ),
  );
  const agents = scenario.sites.map(
    ({ site, key }): Agent =>
      createAgent({
        site: site.id,
        key,
        link: ports.agentLink(site.id),
        executor: ports.executor(site.id, clock),
        journal: ports.journal(site.id),
        clock,
        log: (line) => say('run', `${site.id}: ${line}`),
      }),
  );

  /** What happens when a quarter hour is over, in this order. */
  async function closeSlot(now: Instant): Promise<void> {
    await oracle.closeSlots({ start: now - SLOT, end: now });
    if (now % outlookEveryMs === 0) await oracle.issueOutlooks();
    await Promise.all(agents.map((agent) => agent.beat()));
    await scheduler.cycle();
    await scheduler.book();
    await settle();
  }

  async function settle(): Promise<void> {
    try {
      await scheduler.settler.settleDue();
    } catch (fault) {
      if (!(fault instanceof ChainFault)) throw fault;
      say('settlement', fault.message);
    }
  }

  async function step(now: Instant): Promise<void> {
    await Promise.all([
      ...feeds.map((feed) => feed.tell({ start: now - meteringMs + 1, end: now + 1 })),
      ...meters.map((meter) => meter.tell({ start: now - meteringMs, end: now })),
    ]);
    if (now % SLOT === 0) await closeSlot(now);
    await mark.save(now);
  }

  /** Opens every end, catches up on what was known before the start, and plans the first time. */
  async function open(): Promise<void> {
    await oracle.open();
    await scheduler.open();
    await Promise.all([...meters, ...feeds].map((end) => end.open()));
    await Promise.all(senders.map((each) => each.flush())); // what a killed life had told but not heard acknowledged
    for (const agent of agents) await agent.open();
    await Promise.all(feeds.map((feed) => feed.tell({ start: begin - publishedBeforeMs, end: begin + 1 })));
    await oracle.issueOutlooks();
    say('system', resumedAt === undefined ? `the river starts at ${toIso(begin)}` : `the river goes on from ${toIso(begin)}`);
    timeline.every(Math.floor(begin / meteringMs) * meteringMs + meteringMs, meteringMs, 1, step);
    for (const { at, id, owner, file } of scenario.arrivals.filter((arrival) => arrival.at >= begin)) {
      timeline.at({ at, priority: 0, happen: () => submit(file, owner, id) });
    }
  }

  async function submit(file: unknown, owner: string, id: string): Promise<void> {
    const submission = await scheduler.submit(file, owner, id);
    if (submission.kind === 'refused')
      say(
        'job',
        `${id} refused: ${submission.fields.map(({ path, found, allowed }) => `${path}: ${found}; allowed: ${allowed}`).join(', ')}`,
      );
  }

  return {
    clock,
    oracle,
    scheduler,
    sites,
    agents,
    open,
    /** Runs the river up to an instant, or until told to stop; resolves when it is still. */
    run: (until: Instant, stopped: () => boolean = () => false) => timeline.run(until, stopped),
    /** Verified surplus since the start, whole Wh. */
    surplusWh: () => oracle.surplusOver({ start: scenario.start, end: Math.max(slotOf(clock.now()), scenario.start + 1) }),
    close: async () => {
      await Promise.all(agents.map((agent) => agent.close()));
      await Promise.all([...meters, ...feeds].map((end) => end.close()));
      await scheduler.close();
      await oracle.close();
    },
  };
}

/** Cloud cover where nobody looked. */
const unknownCloudCover = 0.5;
