/**
 * World: the virtual composition root. Plants, meters, weather desks, feeds and agents around the same oracle and scheduler as live.
 *
 * Read beside `cli/serve.ts`. The clock advances only when the river is still: every step waits for the receipts of
 * what it sent (reading to commit, lease to journal, report to store), so no message or write is in flight when the
 * next one begins. The order within a step is fixed; that and the seed make a run repeatable.
 */

import { learnEveryMs } from '../energy-oracle/forecast/learned.ts';
import type { ModelStore } from '../energy-oracle/forecast/model-store.ts';
import { createPersistence } from '../energy-oracle/forecast/persistence.ts';
import { openRetraining, type Retraining, type RetrainingPorts, trainingDaysMin } from '../energy-oracle/forecast/retraining.ts';
import { createScorekeeper, type Scorekeeper } from '../energy-oracle/forecast/score/scorekeeper.ts';
import { createOracle, type Oracle, type OraclePorts } from '../energy-oracle/oracle.ts';
import type { Site } from '../energy-oracle/site.ts';
import type { Spool } from '../energy-oracle/store/spool.ts';
import { pvPower } from '../energy-oracle/sun/pv.ts';
import { createSender, type Sender } from '../energy-oracle/telemetry/sender.ts';
import type { TelemetryUplink } from '../energy-oracle/telemetry/telemetry-source.ts';
import { type Agent, createAgent } from '../scheduler/agent/agent.ts';
import type { Executor } from '../scheduler/agent/executor.ts';
import type { AgentJournal } from '../scheduler/agent/journal.ts';
import type { AgentLink } from '../scheduler/dispatch/dispatch-link.ts';
import { createScheduler, type Scheduler, type SchedulerPorts } from '../scheduler/engine.ts';
import type { ClearingRule } from '../scheduler/placement/clearing-rule.ts';
import { ChainFault } from '../scheduler/settlement/chain.ts';
import { reward, tariff } from '../scheduler/terms.ts';
import type { EventWire } from '../scheduler/wire.ts';
import type { Clock } from '../units/clock.ts';
import { valueAt } from '../units/series.ts';
import { DAY, type DurationMs, HOUR, type Instant, MINUTE, SLOT, toIso } from '../units/time.ts';
import { createTimeline, type Pace } from './kernel/virtual-clock.ts';
import { createFeed } from './plant/feed.ts';
import type { Injected } from './plant/line-faults.ts';
import { createMeter, type Plant } from './plant/meter.ts';
import { createRecovery } from './plant/recovery.ts';
import type { LineRole, SiteFaults } from './plant/site-faults.ts';
import { createWeatherDesk } from './plant/weather-desk.ts';
import { type Arrival, demoKey, type Scenario, type ScenarioSite } from './scenario.ts';
import { enginesOf, faultsOf, plantOf, type SiteEnds } from './site-plants.ts';
import { cloudCoverOf } from './traces/grid-trace.ts';

/** Meters tell every five minutes; everything else happens on slots. */
export const meteringMs: DurationMs = 5 * MINUTE;
const outlookEveryMs: DurationMs = HOUR;
/** Three quarter hours: an agent may miss two beats. */
const leaseMs: DurationMs = 3 * SLOT;
/** A slot is booked an hour after its end: the carbon intensity of an hour comes when the hour is over. */
const bookingDelayMs: DurationMs = HOUR;
export const periodMs: DurationMs = 6 * HOUR;
/** A message without a receipt is sent again after so long, wall time. */
const resendMs: DurationMs = 2_000;
/** What the feeds had published before the start: a day to repeat. */
const publishedBeforeMs: DurationMs = 2 * DAY;

/** What the models' features reach back to. */
const historyMs: DurationMs = 45 * DAY;
/** Models are trained when there is enough to learn from, and a fortnight after each time. */
const retrainEveryMs: DurationMs = 14 * DAY;

/** Cloud cover where nobody looked. */
const unknownCloudCover = 0.5;

/** Where a world left off; survives a crash. */
export interface WorldMark {
  load(): Promise<Instant | undefined>;
  save(instant: Instant): Promise<void>;
}

export interface WorldPorts {
  readonly scenario: Scenario;
  readonly pace: Pace;
  readonly mark: WorldMark;
  readonly oracle: (clock: Clock) => Pick<OraclePorts, 'store' | 'telemetry' | 'grid' | 'weather'>;
  /** Keeps and makes models and scores; without it persistence forecasts, and nobody keeps score. */
  readonly learning?: Pick<RetrainingPorts, 'cold' | 'train' | 'load'> & { readonly models: ModelStore };
  readonly scheduler: Pick<SchedulerPorts, 'jobs' | 'ledger' | 'link' | 'settlements' | 'chain'>;
  /** Who decides on a cycle's market; prices unless told. */
  readonly clearing?: ClearingRule | undefined;
  readonly meterUplink: (site: string) => TelemetryUplink;
  readonly feedUplink: (zone: string) => TelemetryUplink;
  /** Without it the sites send no weather forecasts. */
  readonly weatherUplink?: (site: string) => TelemetryUplink;
  readonly spool: (sender: string) => Promise<Spool>;
  readonly agentLink: (site: string) => AgentLink;
  readonly executor: (site: string, clock: Clock) => Executor;
  readonly journal: (site: string) => AgentJournal;
  readonly wait: (durationMs: DurationMs) => Promise<void>;
  readonly newId: () => string;
  readonly tell: (event: Omit<EventWire, 'id'>) => void;
}

/** A world that can be run; `oracle` and `scheduler` are the same as live. */
export interface World {
  readonly clock: Clock;
  readonly oracle: Oracle;
  readonly scheduler: Scheduler;
  readonly sites: readonly Site[];
  /** One a site, in the order of the sites; a killed one may be replaced in place. */
  readonly agents: Agent[];
  /** What truly happens at each site. */
  readonly plants: ReadonlyMap<string, Plant>;
  /** Messages that telemetry faults made, by site; empty without mishaps. */
  readonly injected: ReadonlyMap<string, Readonly<Injected>>;
  /** Opens every end, and catches up on what was known before the start. */
  open(): Promise<void>;
  /** Runs the river up to an instant, or until told to stop; resolves when it is still. */
  run(until: Instant, stopped?: () => boolean): Promise<void>;
  close(): Promise<void>;
}

/** @throws RangeError for a world with grid meters that is to go on from a mark: their registers were lost with its memory; or for mishaps of unknown sites */
export async function createWorld(ports: WorldPorts): Promise<World> {
  const { scenario, mark } = ports;
  const resumedAt = await mark.load();
  const metersGrid = scenario.sites.find(({ gridMeter }) => gridMeter);
  if (resumedAt !== undefined && metersGrid)
    throw new RangeError(
      `a world whose grid is metered (${metersGrid.site.id}) cannot be resumed: its registers would go back; start anew`,
    );
  const begin = resumedAt ?? scenario.start;
  const timeline = createTimeline(begin, ports.pace);
  const { clock } = timeline;
  const say: Say = (kind, text) => ports.tell({ at: toIso(clock.now()), kind, text });
  const sites = scenario.sites.map(({ site }) => site);

  const oraclePorts = ports.oracle(clock);
  const { rates } = scenario;
  const tellOutlook = (text: string) => say('outlook', text);
  const retraining: Retraining | undefined =
    ports.learning && (await openRetraining({ ...ports.learning, clock, sites, store: oraclePorts.store, rates, tell: tellOutlook }));
  const oracle = await createOracle({
    ...oraclePorts,
    clock,
    sites,
    feedKeys: Object.fromEntries(scenario.traces.map(({ zone }) => [zone, feedKey(scenario, zone).publicKey])),
    forecaster: retraining?.forecaster ?? createPersistence({ clearSkyKw: (site, at) => pvPower(site, at, 0) }),
    wait: ports.wait,
    tell: say,
    config: { rates, horizonMs: 4 * DAY, historyMs },
  });
  const scorekeeper: Scorekeeper | undefined =
    ports.learning && createScorekeeper({ sites, store: oraclePorts.store, facts: oracle.view.facts, pages: ports.learning.models });
  const scheduler = createScheduler({
    ...ports.scheduler,
    clock,
    fleet: sites,
    oracle: oracle.view,
    newId: ports.newId,
    quoteKey: demoKey(scenario.seed, 'quotes'),
    tell: say,
    config: {
      currency: rates.accounting,
      leaseMs,
      bookingDelayMs,
      periodMs,
      epoch: scenario.start,
      tariff,
      reward,
      clearing: ports.clearing,
    },
  });
  const faults = faultsOf(scenario, clock, meteringMs);
  const engines = enginesOf({ ...ports, jobs: ports.scheduler.jobs }, clock);
  const { meters, feeds, desks, senders, plants } = await createSenders(ports, { faults, engines }, say);
  const agentAt = agentsOf(ports, { faults, engines }, clock, say);
  const agents = sites.map((_, index) => agentAt(index));
  const recovery = faults && createRecovery({ faults, engines, senders, agents, agentAt, begin, say });

  /** Five minutes are over: what became known is told, and on a quarter hour everything else follows. */
  async function step(now: Instant): Promise<void> {
    await recovery?.meet(now);
    await Promise.all([
      ...[...feeds, ...desks].map((end) => end.tell({ start: now - meteringMs + 1, end: now + 1 })),
      ...meters.map((meter) => meter.tell({ start: now - meteringMs, end: now })),
    ]);
    if (now % SLOT === 0) await closeSlot(now);
    await mark.save(now);
  }

  /** What happens when a quarter hour is over, in this order; `cli/serve.ts` has its twin. */
  async function closeSlot(now: Instant): Promise<void> {
    await oracle.closeSlots({ start: now - SLOT, end: now });
    if (now % outlookEveryMs === 0) await oracle.issueOutlooks();
    if (now % learnEveryMs === 0) await retraining?.remember();
    if (now % DAY === 0) await nightWork(now);
    await Promise.all(agents.map((agent) => agent.beat()));
    await scheduler.cycle();
    await scheduler.book();
    await scheduler.settler.settleDue().catch((fault) => {
      if (!(fault instanceof ChainFault)) throw fault;
      say('settlement', fault.message); // the journal has it; the chain is told when it is back
    });
  }

  /** What a live river does by node-cron; the clock stands still for it, so a run is repeatable. */
  async function nightWork(now: Instant): Promise<void> {
    await scorekeeper?.scoreDue(now);
    const age = Math.floor((now - scenario.start) / DAY) * DAY;
    if (age >= trainingDaysMin * DAY && (age - trainingDaysMin * DAY) % retrainEveryMs === 0) await retraining?.retrain();
  }

  async function arrive({ id, owner, file }: Arrival): Promise<void> {
    const submission = await scheduler.submit(file, owner, id);
    if (submission.kind === 'accepted') return;
    const fields = submission.fields.map(({ path, found, allowed }) => `${path}: ${found}; allowed: ${allowed}`);
    say('job', `${id} refused: ${fields.join(', ')}`);
  }

  return {
    clock,
    oracle,
    scheduler,
    sites,
    agents,
    plants: new Map(sites.map(({ id }, index) => [id, plants[index] as Plant])),
    injected: new Map(sites.flatMap(({ id }, index) => (faults ? [[id, (faults[index] as SiteFaults).injected]] : []))),
    open: async () => {
      await oracle.open();
      await scheduler.open();
      await Promise.all([...meters, ...feeds, ...desks].map((end) => end.open()));
      await Promise.all(senders.map(({ sender }) => sender.flush())); // what a killed life had told but not heard acknowledged
      for (const [index, agent] of agents.entries()) if (!recovery?.isDown(index)) await agent.open();
      await Promise.all([...feeds, ...desks].map((end) => end.tell({ start: begin - publishedBeforeMs, end: begin + 1 })));
      await oracle.issueOutlooks();
      say('system', resumedAt === undefined ? `the river starts at ${toIso(begin)}` : `the river goes on from ${toIso(begin)}`);
      timeline.every(Math.floor(begin / meteringMs) * meteringMs + meteringMs, meteringMs, 1, step);
      for (const arrival of scenario.arrivals.filter(({ at }) => at >= begin)) {
        timeline.at({ at: arrival.at, priority: 0, happen: () => arrive(arrival) });
      }
    },
    run: (until, stopped = () => false) => timeline.run(until, stopped),
    close: async () => {
      await Promise.all(agents.map((agent, index) => (recovery?.isDown(index) ? undefined : agent.close())));
      await Promise.all([...meters, ...feeds, ...desks].map((end) => end.close()));
      await scheduler.close();
      await oracle.close();
    },
  };
}

type Say = (kind: EventWire['kind'], text: string) => void;

const feedKey = ({ seed }: Scenario, zone: string) => demoKey(seed, `feed/${zone}`);

/** The meters and weather desks of the sites and the feeds of the zones, each with its own spool on its own line. */
async function createSenders(ports: WorldPorts, { faults, engines }: SiteEnds, say: Say) {
  const { scenario, spool, meterUplink, feedUplink, weatherUplink, wait } = ports;
  const { seed, traces, start } = scenario;
  const senders: { readonly site: number | undefined; readonly sender: Sender }[] = [];
  const senderOf = async (name: string, uplink: TelemetryUplink, spoolName = name): Promise<Sender> =>
    createSender({
      name,
      spool: await spool(spoolName),
      uplink,
      retryMs: resendMs,
      wait,
      onRefused: ({ stream, seq, reason }) => say('quarantine', `${name}/${stream} #${seq} was refused: ${reason}`),
    });
  const kept = (sender: Sender, site?: number): Sender => {
    senders.push({ site, sender });
    return sender;
  };
  /** The sender of a site's meter or weather desk, on a line that may be away. */
  const siteSenderOf = async (index: number, role: LineRole, name: string, uplink: TelemetryUplink): Promise<Sender> => {
    const spoolName = role === 'meter' ? name : `weather/${name}`;
    const own = faults?.[index];
    if (!own) return kept(await senderOf(name, uplink, spoolName), index);
    return kept(own.sender(role, await senderOf(name, own.uplink(role, uplink), spoolName)), index);
  };
  const traceOf = ({ id, zone: wanted }: Site) => {
    const trace = traces.find(({ zone }) => zone === wanted);
    if (!trace) throw new RangeError(`no trace of zone ${wanted} for ${id}`);
    return trace;
  };
  const plants = scenario.sites.map((place, index) =>
    plantOf(place, cloudCoverOf(traceOf(place.site), unknownCloudCover), engines[index], { seed, start }),
  );
  const meters = await Promise.all(
    scenario.sites.map(async ({ site, key }, index) => {
      const plant = plants[index] as Plant;
      const own = faults?.[index];
      const sender = await siteSenderOf(index, 'meter', `${site.provider}/${site.id}`, meterUplink(site.id));
      const meter = createMeter({ site, key, plant, sender, sensor: own?.sensor(plant) });
      return own ? own.silenced(meter) : meter;
    }),
  );
  const feeds = await Promise.all(
    traces.map(async (trace) =>
      createFeed({ trace, key: feedKey(scenario, trace.zone), sender: kept(await senderOf(trace.zone, feedUplink(trace.zone))) }),
    ),
  );
  const deskOf = async ({ site, key }: ScenarioSite, index: number, uplinkOf: (site: string) => TelemetryUplink) => {
    const { cloudCover } = traceOf(site);
    const cloudCoverAt = (instant: Instant) => cloudCover && valueAt(cloudCover, instant);
    const sender = await siteSenderOf(index, 'weather', `${site.provider}/${site.id}`, uplinkOf(site.id));
    const desk = createWeatherDesk({ site, key, seed, cloudCoverAt, sender });
    return faults?.[index]?.silenced(desk) ?? desk;
  };
  const desks = weatherUplink ? await Promise.all(scenario.sites.map((place, index) => deskOf(place, index, weatherUplink))) : [];
  return { meters, feeds, desks, senders, plants };
}

/** Makes the agent of a site, and another one with its journal when its machine comes back. */
const agentsOf =
  ({ scenario, agentLink, executor, journal }: WorldPorts, { faults, engines }: SiteEnds, clock: Clock, say: Say) =>
  (index: number): Agent => {
    const { site, key } = scenario.sites[index] as ScenarioSite;
    const link = agentLink(site.id);
    return createAgent({
      site: site.id,
      key,
      link: faults?.[index]?.link(link) ?? link,
      executor: engines[index] ?? executor(site.id, clock),
      journal: journal(site.id),
      clock,
      log: (line) => say('run', `${site.id}: ${line}`),
    });
  };
