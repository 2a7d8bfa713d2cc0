/**
 * Serve: the live composition root. The same oracle and scheduler as in `simulator/world.ts`, on the wall's clock.
 *
 * Read beside it: there, a timeline of events closes slots and beats agents; here node-cron does, and sites, feeds and
 * agents are other people's machines on the broker.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { schedule } from 'node-cron';
import { oracleApi } from '../energy-oracle/api.ts';
import { createPersistence } from '../energy-oracle/forecast/persistence.ts';
import { createMqttGridFeed } from '../energy-oracle/grid/mqtt-grid-feed.ts';
import { createOracle } from '../energy-oracle/oracle.ts';
import { createPostgresSeriesStore } from '../energy-oracle/store/postgres-series-store.ts';
import { pvPower } from '../energy-oracle/sun/pv.ts';
import { createMqttTelemetrySource } from '../energy-oracle/telemetry/mqtt-telemetry.ts';
import { schedulerApi } from '../scheduler/api.ts';
import { createMqttDispatchLink } from '../scheduler/dispatch/mqtt-dispatch.ts';
import { createScheduler } from '../scheduler/engine.ts';
import { createPostgresLedgerStore } from '../scheduler/ledger/postgres-ledger-store.ts';
import { createPostgresJobStore } from '../scheduler/queue/postgres-job-store.ts';
import { createPostgresSettlementStore } from '../scheduler/settlement/postgres-settlement-store.ts';
import { reward, tariff } from '../scheduler/terms.ts';
import type { EventWire } from '../scheduler/wire.ts';
import { wallClock } from '../units/clock.ts';
import { DAY, HOUR, SECOND, SLOT, slotOf, toIso } from '../units/time.ts';
import { claimsOf } from './claims.ts';
import { startEngines } from './engines.ts';
import { createEventLog } from './event-log.ts';
import { startHttp } from './http-server.ts';
import { readFleet } from './site-file.ts';
import { createSummary } from './summary.ts';
import { partsTable } from './table.ts';

export interface ServeOptions {
  readonly fleet: string;
  readonly data: string;
  readonly host: string;
  readonly port: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stop: AbortSignal;
}

const leaseMs = 45 * SECOND;
/** An agent looks every five seconds and gives a job five to save itself; the rest is for its clock. */
const stopMsMax = 15 * SECOND;
/** Readings and hourly signals may come so long after their slot. */
const bookingDelayMs = HOUR;
const periodMs = DAY;

/** Serves until `stop`. */
export async function serve({ fleet: file, data, host, port, env, stop }: ServeOptions): Promise<void> {
  const { sites, feedKeys, rates, epoch } = readFleet(file);
  const clock = wallClock;
  const events = createEventLog(({ at, kind, text }) => process.stdout.write(`${at}  ${kind.padEnd(10)} ${text}\n`));
  const say = (kind: EventWire['kind'], text: string) => events.tell({ at: toIso(clock.now()), kind, text });
  const engines = await startEngines({ folder: data, env, log: (line) => process.stderr.write(`${line}\n`) });
  const line = { url: engines.mqttUrl };
  const stores = {
    series: createPostgresSeriesStore(engines.pool),
    jobs: createPostgresJobStore(engines.pool),
    ledger: createPostgresLedgerStore(engines.pool),
  };
  const settlements = createPostgresSettlementStore(engines.pool);

  const oracle = await createOracle({
    clock,
    sites,
    feedKeys,
    store: stores.series,
    telemetry: createMqttTelemetrySource({ line, clock }),
    grid: createMqttGridFeed({ line, clock }),
    forecaster: createPersistence({ clearSkyKw: (site, at) => pvPower(site, at, 0) }),
    wait: async (durationMs) => void (await sleep(durationMs, undefined, { ref: false })),
    tell: say,
    config: { rates, horizonMs: 4 * DAY, historyMs: 8 * DAY },
  });
  const keys = new Map(sites.map(({ id, meterKey }) => [id, meterKey]));
  const scheduler = createScheduler({
    clock,
    fleet: sites,
    oracle: oracle.view,
    ...stores,
    link: createMqttDispatchLink({ line, keyOf: (site) => keys.get(site), onRefused: (reason) => say('quarantine', reason) }),
    settlements,
    chain: engines.chain,
    newId: () => `job-${randomUUID()}`,
    tell: say,
    config: { currency: rates.accounting, leaseMs, stopMsMax, bookingDelayMs, periodMs, epoch, tariff, reward },
  });

  /** What happens when a quarter hour is over, in this order; `world.ts` has its twin. */
  const closeSlot = async () => {
    const now = slotOf(clock.now());
    await oracle.closeSlots({ start: now - SLOT, end: now });
    if (now % HOUR === 0) await oracle.issueOutlooks();
    await scheduler.book();
    await scheduler.settler.settleDue();
  };
  const guarded = (what: string, work: () => Promise<unknown>) => async () => {
    await work().catch((fault) => say('system', `${what}: ${fault instanceof Error ? fault.message : String(fault)}`));
  };
  await oracle.open();
  await scheduler.open();
  await oracle.issueOutlooks();
  const tasks = [
    schedule('20 */15 * * * *', guarded('closing the slot', closeSlot), { noOverlap: true }),
    schedule(
      '*/5 * * * * *',
      guarded('the cycle', () => scheduler.cycle()),
      { noOverlap: true },
    ),
  ];
  const sum = createSummary({
    ...stores,
    chain: engines.chain,
    surplusOver: oracle.surplusOver,
    seed: 0,
    currency: rates.accounting,
    start: slotOf(epoch),
    settlingMs: 2 * SLOT,
  });
  const http = await startHttp({
    host,
    port,
    events,
    routers: [
      oracleApi({ clock, sites, view: oracle.view, store: stores.series, currency: rates.accounting }),
      schedulerApi({
        scheduler,
        jobs: stores.jobs,
        ledger: stores.ledger,
        settlements,
        domain: engines.chain.domain,
        defaultOwner: 'anonymous',
      }),
    ],
    status: () => ({ now: toIso(clock.now()), speed: 1, currency: rates.accounting, parts: engines.parts }),
    summary: () => sum(clock.now()),
    claims: () => claimsOf(engines.chain, sites, settlements),
    missing: engines.missing,
  });
  process.stdout.write(
    `${partsTable([...engines.parts, { part: 'API and page', engine: 'express', durable: false, address: http.url, limit: 'one process' }])}\n\n`,
  );
  await new Promise<void>((resolve) => (stop.aborted ? resolve() : stop.addEventListener('abort', () => resolve(), { once: true })));
  await Promise.all(tasks.map((task) => task.stop()));
  await http.close();
  await scheduler.close();
  await oracle.close();
  await engines.stop();
}
