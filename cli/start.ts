/**
 * Start: the whole river in one process tree. Embedded engines, six demo sites, and a virtual clock.
 *
 * Without `--for` it runs until Ctrl-C, at `--speed`, with real job processes and the page. With `--for` it runs as
 * fast as the machine allows with simulated jobs, prints the summary and ends. Either resumes in its data folder.
 */
import { randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createMqttFeedUplink, createMqttGridFeed } from '../energy-oracle/grid/mqtt-grid-feed.ts';
import { createFileSpool } from '../energy-oracle/store/file-spool.ts';
import { createMqttTelemetrySource, createMqttUplink } from '../energy-oracle/telemetry/mqtt-telemetry.ts';
import { createMqttWeatherFeed, createMqttWeatherUplink } from '../energy-oracle/weather/mqtt-weather-feed.ts';
import type { Executor } from '../scheduler/agent/executor.ts';
import { createFileJournal } from '../scheduler/agent/file-journal.ts';
import { createProcessEngine } from '../scheduler/agent/process-engine.ts';
import { createMqttAgentLink, createMqttDispatchLink } from '../scheduler/dispatch/mqtt-dispatch.ts';
import type { SummaryWire } from '../scheduler/wire.ts';
import { type Pace, unpaced } from '../simulator/kernel/virtual-clock.ts';
import { createSimEngine } from '../simulator/plant/sim-engine.ts';
import type { Scenario } from '../simulator/scenario.ts';
import { createWorld, type World, type WorldPorts } from '../simulator/world.ts';
import type { Clock } from '../units/clock.ts';
import { type DurationMs, HOUR, type Instant, SECOND, toIso } from '../units/time.ts';
import { startAnnouncing } from './announcing.ts';
import { type Engines, type Part, startEngines } from './engines.ts';
import { createEventLog } from './event-log.ts';
import { learningEngine } from './learning.ts';
import { startRiverHttp } from './river-http.ts';
import { readScenario } from './scenario-files.ts';
import { createSummary } from './summary.ts';
import { summaryText } from './summary-text.ts';
import { partsTable } from './table.ts';
import { createWorldMark } from './world-mark.ts';

export interface StartOptions {
  readonly speed: number;
  /** Virtual length of a run that ends by itself; `undefined` runs on. */
  readonly lengthMs: DurationMs | undefined;
  readonly from: Instant;
  readonly grid: string | undefined;
  readonly jobs: string | undefined;
  readonly optimize: string;
  readonly data: string | undefined;
  readonly port: number;
  readonly seed: number;
  readonly json: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stop: AbortSignal;
}

const home = join(import.meta.dirname, '..');
/** From SIGTERM to SIGKILL of a job at shutdown: everything must be gone within five seconds. */
const graceMs = 2_000;
const progressEveryMs = 6 * HOUR;
/** Wall time: many virtual hours may pass meanwhile. */
const announceEveryMs = 10 * SECOND;

/** Resolves when the run is over, stopped or finished; the exit code is the caller's. */
export async function start(options: StartOptions): Promise<void> {
  if (options.data === '') throw new RangeError('--data is empty; name a folder');
  if (options.env['DATABASE_URL'] && options.data === undefined) {
    throw new RangeError(
      'DATABASE_URL is set and --data is not: senders keep their spools and numbers in the data folder, and must find them again; give --data',
    );
  }
  const folder = options.data ?? (options.lengthMs === undefined ? '.sunward' : temporaryFolder());
  const { stop } = options;
  const note = (line: string) => process.stderr.write(`${line}\n`);
  const engines = await startEngines({
    folder,
    env: options.env,
    log: (line) => (options.lengthMs === undefined ? note(line) : undefined),
  });
  try {
    await flow(options, folder, engines, stop, note);
  } finally {
    await engines.stop();
    if (options.data === undefined && options.lengthMs !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}

/** Others may pass through it: the database does not run as root. */
function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sunward-'));
  chmodSync(folder, 0o711);
  return folder;
}

async function flow(
  options: StartOptions,
  folder: string,
  engines: Engines,
  stop: AbortSignal,
  note: (line: string) => void,
): Promise<void> {
  const scenario = await readScenario({ ...options, start: options.from });
  const live = options.lengthMs === undefined;
  const pace = live ? paced(options.speed, stop) : unpaced;
  const events = createEventLog(
    (event) => live && event.kind !== 'reading' && process.stdout.write(`${event.at}  ${event.kind.padEnd(10)} ${event.text}\n`),
  );
  const ports = worldPorts({ options, scenario, folder, engines, pace, tell: events.tell });
  const world = await createWorld(ports);
  const parts = [...engines.parts, ...ownParts(world, live)];
  const { seed, speed, port } = options;
  const { accounting: currency } = scenario.rates;
  const shared = { seed, currency, start: scenario.start };
  const http = live
    ? await startRiverHttp({ ...world, ...shared, engines, parts, events, speed, host: '127.0.0.1', port, defaultOwner: 'you' })
    : undefined;
  let endAnnouncing: (() => Promise<void>) | undefined;
  if (!options.json) process.stdout.write(`${partsTable(http ? [...parts, http.part] : parts)}\n\n`);
  try {
    await world.open();
    if (live) {
      const tell = (text: string) => events.tell({ at: toIso(world.clock.now()), kind: 'system', text });
      const { clock, sites, oracle } = world;
      const from = { line: engines.mqtt.line, env: options.env, clock, sites, view: oracle.view, store: engines.stores.series };
      endAnnouncing = startAnnouncing({ ...from, currency, everyMs: announceEveryMs, tell });
    }
    const until = options.lengthMs === undefined ? Number.POSITIVE_INFINITY : scenario.start + options.lengthMs;
    await runTelling(world, until, () => stop.aborted, live ? undefined : note);
    if (!live && !stop.aborted) {
      const { surplusOver } = world.oracle;
      print(await createSummary({ ...engines.stores, ...shared, chain: engines.chain, surplusOver, settlingMs: 0 })(until), options.json);
    }
  } finally {
    await endAnnouncing?.();
    await http?.close();
    await world.close();
  }
}

/** Runs to the end, telling how far it is every few virtual hours when somebody wants to know. */
async function runTelling(world: World, until: Instant, stopped: () => boolean, note: ((line: string) => void) | undefined): Promise<void> {
  if (!note) return world.run(until, stopped);
  const [began, from] = [performance.now(), world.clock.now()];
  for (let next = Math.min(until, from + progressEveryMs); ; next = Math.min(until, next + progressEveryMs)) {
    await world.run(next, stopped);
    const seconds = (performance.now() - began) / 1_000;
    const left = (seconds * (until - next)) / Math.max(1, next - from);
    note(
      `${toIso(next)}  ${Math.round((100 * (next - from)) / Math.max(1, until - from))} %  ${seconds.toFixed(0)} s gone, ${left.toFixed(0)} s left`,
    );
    if (next >= until || stopped()) return;
  }
}

interface Wiring {
  readonly options: StartOptions;
  readonly scenario: Scenario;
  readonly folder: string;
  readonly engines: Engines;
  readonly pace: Pace;
  readonly tell: WorldPorts['tell'];
}

/** Names every adapter of the demo. */
function worldPorts({ options, scenario, folder, engines, pace, tell }: Wiring): WorldPorts {
  const { line } = engines.mqtt;
  const keys = new Map(scenario.sites.map(({ site }) => [site.id, site.meterKey]));
  const world = JSON.stringify({
    seed: options.seed,
    from: toIso(options.from),
    grid: options.grid,
    jobs: options.jobs,
    ...(options.jobs ? { optimize: options.optimize } : {}),
  });
  let executor: Executor | undefined; // one for all sites: a checkpoint made at one is found at the next
  return {
    scenario,
    pace,
    mark: createWorldMark(engines.pool, world),
    oracle: (clock) => ({
      store: engines.stores.series,
      verdicts: engines.stores.verdicts,
      telemetry: createMqttTelemetrySource({ line, clock }),
      grid: createMqttGridFeed({ line, clock }),
      weather: createMqttWeatherFeed({ line, clock }),
    }),
    learning: { ...learningEngine((text) => tell({ at: toIso(Date.now()), kind: 'system', text })), models: engines.stores.models },
    scheduler: {
      ...engines.stores,
      link: createMqttDispatchLink({
        line,
        keyOf: (site) => keys.get(site),
        onRefused: (reason) => tell({ at: toIso(Date.now()), kind: 'quarantine', text: reason }),
      }),
      chain: engines.chain,
    },
    meterUplink: () => createMqttUplink({ line }),
    feedUplink: () => createMqttFeedUplink({ line }),
    weatherUplink: () => createMqttWeatherUplink({ line }),
    spool: (sender) => createFileSpool({ folder: join(folder, 'spools'), sender }),
    agentLink: () => createMqttAgentLink({ line }),
    executor: (_site, clock) => {
      executor ??= executorOf(options, folder, clock);
      return executor;
    },
    journal: (site) => createFileJournal(join(folder, 'agents', `${site}.json`)),
    wait: async (durationMs) => void (await sleep(durationMs, undefined, { ref: false })),
    newId: () => `job-${randomUUID()}`,
    tell,
  };
}

const executorOf = ({ lengthMs }: StartOptions, folder: string, clock: Clock): Executor =>
  lengthMs === undefined
    ? createProcessEngine({ folder: join(folder, 'jobs'), clock, graceMs, env: { SUNWARD_HOME: home } })
    : createSimEngine(clock);

const ownParts = (world: World, live: boolean): Part[] => [
  {
    part: 'oracle',
    engine: 'persistence-1 forecaster',
    durable: true,
    address: 'energy/v1/#, grid/v1/#, weather/v1/#',
    limit: 'one process; verifies each signature',
  },
  {
    part: 'scheduler',
    engine: 'a market that clears each cycle',
    durable: true,
    address: 'dispatch/v1/#',
    limit: 'one scheduler; jobs × sites × 384 slots a cycle',
  },
  {
    part: 'agents',
    engine: live ? 'child processes' : 'simulated engine',
    durable: true,
    address: world.sites.map(({ id }) => id).join(' '),
    limit: 'this machine',
  },
];

const print = (summary: SummaryWire, json: boolean) =>
  process.stdout.write(json ? `${JSON.stringify(summary, null, 2)}\n` : `${summaryText(summary)}\n`);

/** No faster than `speed` times the wall; what was lost to a slow step is not caught up by running faster. */
function paced(speed: number, signal: AbortSignal): Pace {
  let anchor: { readonly wall: number; readonly virtual: Instant } | undefined;
  return {
    speed,
    async reach(instant) {
      const now = performance.now();
      anchor ??= { wall: now, virtual: instant };
      const due = anchor.wall + (instant - anchor.virtual) / speed;
      if (due < now) anchor = { wall: now, virtual: instant };
      else await sleep(due - now, undefined, { signal }).catch(() => undefined);
    },
  };
}
