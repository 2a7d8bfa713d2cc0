/**
 * Serve: the live composition root. The same oracle and scheduler as in `simulator/world.ts`, on the wall's clock.
 *
 * Read beside it: there, a timeline of events closes slots and beats agents; here node-cron does, and sites, feeds and
 * agents are other people's machines on the broker.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { schedule } from 'node-cron';
import { learnEveryMs } from '../energy-oracle/forecast/learned.ts';
import { openRetraining } from '../energy-oracle/forecast/retraining.ts';
import { createScorekeeper } from '../energy-oracle/forecast/score/scorekeeper.ts';
import { createMqttGridFeed } from '../energy-oracle/grid/mqtt-grid-feed.ts';
import { createOracle } from '../energy-oracle/oracle.ts';
import { createSignalFetcher } from '../energy-oracle/signals/fetched-signals.ts';
import { ethersSignerOf } from '../energy-oracle/telemetry/keys/ethers-owner-wallet.ts';
import { openKeyRegistry } from '../energy-oracle/telemetry/keys/key-registry.ts';
import { createMqttTelemetrySource } from '../energy-oracle/telemetry/mqtt-telemetry.ts';
import { createPvFetcher } from '../energy-oracle/weather/fetched-pv.ts';
import { createHttpOpenMeteo } from '../energy-oracle/weather/http-open-meteo.ts';
import { createMqttWeatherFeed } from '../energy-oracle/weather/mqtt-weather-feed.ts';
import { createMqttDispatchLink } from '../scheduler/dispatch/mqtt-dispatch.ts';
import { createScheduler } from '../scheduler/engine.ts';
import { reward, tariff } from '../scheduler/terms.ts';
import type { EventWire } from '../scheduler/wire.ts';
import { wallClock } from '../units/clock.ts';
import { DAY, type DurationMs, HOUR, MINUTE, SECOND, SLOT, slotOf, toIso } from '../units/time.ts';
import { startAnnouncing } from './announcing.ts';
import { createScrub, secretsIn } from './door/scrub.ts';
import { type Engines, startEngines } from './engines.ts';
import { createEventLog } from './event-log.ts';
import { learningEngine } from './learning.ts';
import { createLog, type Log, type LogFormat, type LogLevel } from './log.ts';
import { createMetrics } from './metrics/metrics.ts';
import { quoteKeyIn } from './quote-key.ts';
import { createReadiness } from './readiness.ts';
import { keepMonths as monthsKept, retain } from './retention.ts';
import { startRiverHttp } from './river-http.ts';
import { type Door, type DoorOptions, prepareDoor } from './serve-door.ts';
import { pvForecastSources, signalPlans } from './signal-sources.ts';
import { type FleetFile, readFleet } from './site-file.ts';
import { partsTable } from './table.ts';

export interface ServeOptions extends DoorOptions {
  readonly data: string;
  readonly port: number;
  /** When models are trained anew, in cron's words; nightly unless told. */
  readonly retrain?: string;
  readonly logFormat?: LogFormat;
  readonly logLevel?: LogLevel;
  readonly logFile?: string;
  /** Months of raw readings that are kept before this one. */
  readonly keepMonths?: number;
  readonly stop: AbortSignal;
}

const leaseMs = 45 * SECOND;
/** An agent looks every five seconds and gives a job five to save itself; the rest is for its clock. */
const stopMsMax = 15 * SECOND;
/** Readings and hourly signals may come so long after their slot. */
const bookingDelayMs = HOUR;
const periodMs = DAY;
/** What the models' features reach back to. */
const historyMs = 45 * DAY;
/** At twenty past two, in the machine's own time: the sun is down and the day's prices are out. */
const retrainCron = '0 20 2 * * *';

/** Serves until `stop`. */
export async function serve(options: ServeOptions): Promise<void> {
  const fleet = readFleet(options.fleet);
  const { data, env, logFormat = 'text', logLevel = 'info', logFile } = options;
  const scrub = createScrub(secretsIn(env));
  const log = createLog({ format: logFormat, level: logLevel, file: logFile, scrub });
  const door = prepareDoor(options, fleet.sites, log);
  const engines = await startEngines({
    folder: data,
    env,
    log: (line) => log.info(line.startsWith('broker:') ? 'broker.client' : 'engine', line),
    broker: door.broker,
  });
  try {
    await flow(options, fleet, engines, { door, log, scrub });
  } finally {
    await engines.stop();
  }
}

async function flow(
  { data, host, port, stop, retrain = retrainCron, keepMonths = monthsKept, env }: ServeOptions,
  { sites, feedKeys, rates, epoch, weatherUrl, acceptedLevels, signals: section, pvForecast, apis }: FleetFile,
  engines: Engines,
  { door, log, scrub }: { readonly door: Door; readonly log: Log; readonly scrub: (text: string) => string },
): Promise<void> {
  const clock = wallClock;
  const gate = await door.gate(engines); // before anything begins: it may refuse
  const events = createEventLog(({ kind, text }) => log.info(kind, text));
  const say = (kind: EventWire['kind'], text: string) => events.tell({ at: toIso(clock.now()), kind, text: scrub(text) });
  const { line } = engines.mqtt;
  const wait = async (durationMs: DurationMs) => void (await sleep(durationMs, undefined, { ref: false }));
  const { series, jobs, models, ledger } = engines.stores;
  const metrics = createMetrics({
    clock,
    sites,
    currency: rates.accounting,
    series,
    jobs,
    ledger,
    scores: () => models.scores(),
    brokerStats: engines.mqtt.stats,
    influxBacklog: engines.influxBacklog,
    databaseBytes: async () => Number((await engines.pool.query('select pg_database_size(current_database()) as bytes')).rows[0]?.bytes),
  });
  const retraining = await openRetraining({
    ...learningEngine((text) => say('system', text)),
    clock,
    sites,
    store: engines.stores.series,
    rates,
    models: engines.stores.models,
    tell: (text) => say('outlook', text),
  });
  const meterKeys = await openKeyRegistry({
    sites,
    store: engines.stores.keys,
    signerOf: ethersSignerOf,
    clock,
    tell: (text) => say('reading', text),
  });
  const oracle = await createOracle({
    clock,
    sites,
    feedKeys,
    meterKeys,
    store: metrics.series,
    checksAhead: true,
    telemetry: createMqttTelemetrySource({ line, clock }),
    // who sends what nobody signed is known by the connection, or not at all
    ...(engines.mqtt.bindsSites ? { unsigned: createMqttTelemetrySource({ line, clock, root: 'unsigned/v1' }) } : {}),
    grid: createMqttGridFeed({ line, clock }),
    weather: createMqttWeatherFeed({ line, clock }),
    ...(weatherUrl === undefined ? {} : { weatherService: createHttpOpenMeteo({ url: weatherUrl, clock, wait }) }),
    forecaster: retraining.forecaster,
    verdicts: engines.stores.verdicts,
    acceptedLevels,
    wait,
    tell: say,
    config: { rates, horizonMs: 4 * DAY, historyMs },
  });
  const asking = { clock, wait, random: Math.random, env };
  const told = { clock, store: engines.stores.series, tell: say };
  const signals = createSignalFetcher({ ...told, plans: signalPlans(section, { ...asking, currency: rates.accounting }) });
  const pvForecasts = createPvFetcher({ ...told, sites, sources: pvForecastSources(pvForecast, asking) });
  const scorekeeper = createScorekeeper({
    sites,
    store: engines.stores.series,
    facts: oracle.view.facts,
    pages: engines.stores.models,
  });
  const siteById = new Map(sites.map((site) => [site.id, site]));
  const keyOf = (id: string) => {
    const site = siteById.get(id);
    return site && meterKeys.validAt(site, clock.now());
  };
  const scheduler = createScheduler({
    clock,
    fleet: sites,
    oracle: oracle.view,
    ...engines.stores,
    jobs: metrics.jobs,
    link: createMqttDispatchLink({ line, keyOf, onRefused: (reason) => say('quarantine', reason) }),
    chain: engines.chain,
    newId: () => `job-${randomUUID()}`,
    quoteKey: quoteKeyIn(data),
    tell: say,
    config: { currency: rates.accounting, leaseMs, stopMsMax, bookingDelayMs, periodMs, epoch, tariff, reward },
  });

  /** What happens when a quarter hour is over, in this order; `world.ts` has its twin. */
  const closeSlot = async () => {
    const now = slotOf(clock.now());
    await oracle.closeSlots({ start: now - SLOT, end: now });
    if (now % HOUR === 0) await oracle.issueOutlooks();
    if (now % learnEveryMs === 0) await retraining.remember();
    await scheduler.book();
    await scheduler.settler.settleDue();
  };
  const guarded = (what: string, work: () => Promise<unknown>) => async () => {
    await work().catch((fault) => say('system', `${what}: ${fault instanceof Error ? fault.message : String(fault)}`));
  };
  await oracle.open();
  await scheduler.open();
  const fetchWeather = guarded('fetching the weather', () => oracle.fetchWeather());
  const fetchSignals = guarded('asking for signals', () => signals.fetch());
  const fetchPvForecasts = guarded('asking for forecasts of panels', () => pvForecasts.fetch());
  void fetchPvForecasts();
  await oracle.issueOutlooks();
  // not awaited: a service that does not answer holds nothing up
  if (Object.keys(section).length > 0) void fetchSignals().then(guarded('outlooks with the signals', () => oracle.issueOutlooks()));
  if (weatherUrl !== undefined) void fetchWeather().then(guarded('outlooks with the weather', () => oracle.issueOutlooks()));
  const second = Math.floor(Math.random() * 60);
  const tasks = [
    schedule('0 50 * * * *', fetchWeather, { noOverlap: true }), // ten minutes before the outlooks, and never in their way
    schedule(`${second} 7,22,37,52 * * * *`, fetchSignals, { noOverlap: true }), // before slots close, and not when everybody asks
    schedule(`${second} 42 * * * *`, fetchPvForecasts, { noOverlap: true }),
    schedule('20 */15 * * * *', guarded('closing the slot', closeSlot), { noOverlap: true }),
    schedule(
      '0 35 * * * *',
      guarded('scoring the outlooks', () => scorekeeper.scoreDue(clock.now())),
      { noOverlap: true },
    ),
    schedule(
      '0 40 3 * * *',
      guarded('dropping old readings', async () => {
        for (const { table, readings } of (await retain(engines.pool, clock.now(), keepMonths)).drop)
          say('system', `${table} is gone, about ${readings} raw readings; its sums stay`);
      }),
      { noOverlap: true },
    ),
    schedule(
      retrain,
      guarded('training', () => retraining.retrain()),
      { noOverlap: true },
    ),
    schedule(
      '*/5 * * * * *',
      guarded('the cycle', () => scheduler.cycle()),
      { noOverlap: true },
    ),
  ];
  const http = await startRiverHttp({
    host,
    port,
    clock,
    keys: meterKeys,
    sites,
    oracle,
    scheduler,
    engines,
    events,
    parts: engines.parts,
    currency: rates.accounting,
    speed: 1,
    seed: 0,
    start: slotOf(epoch),
    defaultOwner: 'anonymous',
    door: {
      gate: { ...gate, onAnswered: metrics.answered },
      metrics: await metrics.router(oracle),
      ...(door.tls ? { tls: door.tls } : {}),
    },
    missing: createReadiness({ clock, sites, view: oracle.view, line, folder: data, engines: engines.missing }),
    signals,
    pvForecasts,
    apis,
  });
  const endAnnouncing = startAnnouncing({
    line,
    env,
    clock,
    sites,
    view: oracle.view,
    store: engines.stores.series,
    currency: rates.accounting,
    everyMs: MINUTE,
    tell: (text) => say('system', text),
  });
  process.stdout.write(`${partsTable([...engines.parts, http.part])}\n\n`);
  log.info('server.start', `listening at ${http.url}`);
  await new Promise<void>((resolve) => (stop.aborted ? resolve() : stop.addEventListener('abort', () => resolve(), { once: true })));
  await Promise.all(tasks.map((task) => task.stop()));
  await endAnnouncing();
  await guarded('keeping what was learned', () => retraining.remember())();
  await http.close();
  await scheduler.close();
  await oracle.close();
}
