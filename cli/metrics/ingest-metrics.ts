/**
 * Ingest metrics: what came, what became of it, and how long it took to be safe.
 *
 * Watches the store's commits from outside, so that what is counted is what was stored; the rest are the ingest's own counts.
 */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { IngestBatch, SeriesStore } from '../../energy-oracle/store/series-store.ts';
import type { IngestStats } from '../../energy-oracle/telemetry/ingest.ts';
import type { Stream } from '../../energy-oracle/telemetry/reading.ts';
import type { Clock } from '../../units/clock.ts';
import type { Instant } from '../../units/time.ts';
import { setTotal } from './totals.ts';

/** Reasons that are told apart; of a mistake that made them endless the rest are `other`. */
const reasonsMax = 60;
const commitBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
/** From a second to a week: a gateway that was away brings what it kept. */
const lagBuckets = [0.25, 1, 5, 15, 60, 300, 900, 3_600, 21_600, 86_400, 604_800];

/** The newest reading of a site's stream, as it was stored since the start. */
export interface LastReading {
  readonly end: Instant;
  readonly value: number;
}

export interface IngestMetrics {
  /** The store, watched. */
  watched(store: SeriesStore): SeriesStore;
  last(site: string, stream: Stream): LastReading | undefined;
  /** Takes over the ingest's counts. */
  refresh(stats: Readonly<Record<string, IngestStats>>): void;
}

/** @param sites  ids whose readings are remembered */
export function createIngestMetrics(registry: Registry, clock: Clock, sites: readonly string[]): IngestMetrics {
  const registers = [registry];
  const source = ['source'] as const;
  const counts = {
    received: new Counter({
      name: 'sunward_ingest_messages_received_total',
      help: 'Messages that arrived from the broker.',
      labelNames: source,
      registers,
    }),
    accepted: new Counter({
      name: 'sunward_ingest_messages_accepted_total',
      help: 'Readings, curves and forecasts that were new, passed, and are stored.',
      labelNames: source,
      registers,
    }),
    repeats: new Counter({
      name: 'sunward_ingest_messages_repeated_total',
      help: 'Messages that were stored already.',
      labelNames: source,
      registers,
    }),
    turnedAway: new Counter({
      name: 'sunward_ingest_messages_turned_away_total',
      help: 'Messages that a full queue left to their senders.',
      labelNames: source,
      registers,
    }),
  };
  const quarantined = new Counter({
    name: 'sunward_ingest_messages_quarantined_total',
    help: 'Messages that were not believed, and are kept.',
    labelNames: ['reason'],
    registers,
  });
  const queue = new Gauge({
    name: 'sunward_ingest_queue_messages',
    help: 'Messages that wait to be stored.',
    labelNames: source,
    registers,
  });
  const commit = new Histogram({
    name: 'sunward_ingest_commit_seconds',
    help: 'How long a commit took.',
    buckets: commitBuckets,
    registers,
  });
  const lag = new Histogram({
    name: 'sunward_ingest_lag_seconds',
    help: 'From the end of the metered interval to its commit, per reading.',
    buckets: lagBuckets,
    registers,
  });
  const faults = new Counter({ name: 'sunward_ingest_commit_faults_total', help: 'Commits that failed and are tried again.', registers });
  const reasons = new Set<string>();
  const reasonLabel = (reason: string) => {
    if (reasons.size < reasonsMax) reasons.add(reason);
    return reasons.has(reason) ? reason : 'other';
  };
  const known = new Set(sites);
  const newest = new Map<string, LastReading>();
  const committed = ({ readings, quarantined: refused }: IngestBatch) => {
    const now = clock.now();
    for (const { value } of readings) {
      lag.observe(Math.max(0, now - value.metered.end) / 1_000);
      if (!known.has(value.site)) continue;
      const key = `${value.site}/${value.stream}`;
      const before = newest.get(key);
      if (!before || value.metered.end >= before.end) newest.set(key, { end: value.metered.end, value: value.value });
    }
    for (const { reason } of refused) quarantined.inc({ reason: reasonLabel(reason) });
  };
  return {
    watched: (store) => ({
      ...store,
      commit: async (batch) => {
        const began = performance.now();
        try {
          await store.commit(batch);
        } catch (fault) {
          faults.inc();
          throw fault;
        }
        commit.observe((performance.now() - began) / 1_000);
        committed(batch);
      },
    }),
    last: (site, stream) => newest.get(`${site}/${stream}`),
    refresh: (stats) => {
      for (const [name, of] of Object.entries(stats)) {
        queue.set({ source: name }, of.queued);
        for (const what of ['received', 'accepted', 'repeats', 'turnedAway'] as const) setTotal(counts[what], { source: name }, of[what]);
      }
    },
  };
}
