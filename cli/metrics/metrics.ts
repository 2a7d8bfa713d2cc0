/**
 * Metrics: everything Prometheus is told, behind `GET /metrics`.
 *
 * Base units, and as many series as sites, states and reasons allow. A part that cannot be asked now keeps its last values
 * and is counted; the answer is never missing.
 */
import { type Request, type Response, Router } from 'express';
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { ScorePage } from '../../energy-oracle/forecast/score/outlook-score.ts';
import type { Oracle } from '../../energy-oracle/oracle.ts';
import type { Site } from '../../energy-oracle/site.ts';
import type { SeriesStore } from '../../energy-oracle/store/series-store.ts';
import type { LedgerStore } from '../../scheduler/ledger/ledger-store.ts';
import type { JobStore } from '../../scheduler/queue/job-store.ts';
import type { Clock } from '../../units/clock.ts';
import type { Answered } from '../door/gate.ts';
import type { BrokerStats } from '../embedded/broker.ts';
import { createDoorMetrics } from './door-metrics.ts';
import { createIngestMetrics } from './ingest-metrics.ts';
import { createSchedulerMetrics } from './scheduler-metrics.ts';
import { createSiteMetrics } from './site-metrics.ts';

export interface MetricsPorts {
  readonly clock: Clock;
  readonly sites: readonly Site[];
  readonly currency: string;
  readonly series: SeriesStore;
  readonly jobs: JobStore;
  readonly ledger: LedgerStore;
  readonly scores: () => Promise<readonly ScorePage[]>;
  readonly brokerStats: (() => BrokerStats) | undefined;
  /** Bytes that the database takes on disk. */
  readonly databaseBytes?: () => Promise<number>;
  /** Points that InfluxDB has not been told yet; `undefined` when there is none. */
  readonly influxBacklog?: (() => Promise<number>) | undefined;
}

export interface Metrics {
  /** The stores to give to the oracle and the scheduler, so that what they store is counted. */
  readonly series: SeriesStore;
  readonly jobs: JobStore;
  readonly answered: (answered: Answered) => void;
  /** Answers `/metrics`, once the oracle is there to be asked. */
  router(oracle: Pick<Oracle, 'view' | 'ingest'>): Promise<Router>;
}

/** prom-client's gauges whose names end as counters' do. */
const misnamed = ['nodejs_active_resources_total', 'nodejs_active_handles_total', 'nodejs_active_requests_total'];
/** Counting a large store takes a while; once in so many ms. */
const storeKeptMs = 60_000;

export function createMetrics(ports: MetricsPorts): Metrics {
  const { clock, sites, currency, series, jobs, ledger } = ports;
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of misnamed) registry.removeSingleMetric(name);
  const ingest = createIngestMetrics(
    registry,
    clock,
    sites.map(({ id }) => id),
  );
  const scheduler = createSchedulerMetrics(registry, { clock, jobs, ledger, currency });
  const door = createDoorMetrics(registry, ports.brokerStats);
  const store = createStoreMetrics(registry, ports);
  const faults = new Counter({
    name: 'sunward_metrics_faults_total',
    help: 'Parts that could not be asked.',
    labelNames: ['part'],
    registers: [registry],
  });
  return {
    series: ingest.watched(series),
    jobs: scheduler.watched(jobs),
    answered: door.answered,
    router: async (oracle) => {
      const heads = await series.heads();
      const ends = new Map(heads.map(({ sender, stream, end }) => [`${sender.split('/')[1]}/${stream}`, end]));
      const site = createSiteMetrics(registry, {
        clock,
        sites,
        view: oracle.view,
        scores: ports.scores,
        last: ingest.last,
        ends,
        currency,
      });
      const parts: Readonly<Record<string, () => void | Promise<void>>> = {
        ingest: () => ingest.refresh(oracle.ingest()),
        sites: site.refresh,
        scheduler: scheduler.refresh,
        broker: door.refresh,
        store: store.refresh,
      };
      const refresh = async () => {
        for (const [part, ask] of Object.entries(parts)) {
          try {
            await ask();
          } catch {
            faults.inc({ part }); // told by the metric itself; the log has the reason from whoever else asks that part
          }
        }
      };
      let underWay: Promise<void> | undefined;
      return Router().get('/metrics', async (_request: Request, response: Response) => {
        underWay ??= refresh().finally(() => {
          underWay = undefined;
        });
        await underWay; // those who ask at once share one asking
        response.set('Content-Type', registry.contentType).send(await registry.metrics());
      });
    },
  };
}

function createStoreMetrics(registry: Registry, { series, databaseBytes, influxBacklog }: MetricsPorts): { refresh(): Promise<void> } {
  const registers = [registry];
  const stored = new Gauge({ name: 'sunward_store_messages', help: 'What the store holds.', labelNames: ['kind'], registers });
  const size = new Gauge({ name: 'sunward_store_size_bytes', help: 'What the database takes on disk.', registers });
  const backlog = new Gauge({
    name: 'sunward_influx_backlog_points',
    help: 'Points that InfluxDB has not been told yet; 0 without one.',
    registers,
  });
  let asked = Number.NEGATIVE_INFINITY;
  return {
    refresh: async () => {
      if (influxBacklog) backlog.set(await influxBacklog());
      if (performance.now() - asked < storeKeptMs) return;
      const { readings, curves, weather, quarantined } = await series.counts();
      const held = { readings, curves, weather, quarantined: Object.values(quarantined).reduce((sum, count) => sum + count, 0) };
      for (const [kind, count] of Object.entries(held)) stored.set({ kind }, count);
      if (databaseBytes) size.set(await databaseBytes());
      asked = performance.now();
    },
  };
}
