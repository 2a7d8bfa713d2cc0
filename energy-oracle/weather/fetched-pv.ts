/**
 * Fetched PV: what services say a site's panels will give, together, beside the oracle's own forecast.
 *
 * Asks every source for every site with panels, keeps the newest answer of each, and combines them by median on quarter
 * hours. It is shown and not stored: no outlook is made of it. An answer that cannot be read goes to quarantine whole.
 */
import type { Clock } from '../../units/clock.ts';
import { DAY, type Instant, SLOT, slotOf, toIso } from '../../units/time.ts';
import { type CombinedStep, combine, toleratedOf } from '../signals/combine.ts';
import { SignalFault } from '../signals/signal-source.ts';
import type { PvForecastWire } from '../signals/wire.ts';
import type { Site } from '../site.ts';
import type { SeriesStore } from '../store/series-store.ts';
import type { PvForecast, PvForecastSource } from './pv-forecast-source.ts';

const aheadMs = 3 * DAY;
/** Clouds are forecast differently; only what cannot be the same sky is left out of a step. */
const deviation = { absolute: 500, relative: 1 };
/** Older answers are not shown. */
const staleMs = DAY;

export interface PvFetcherPorts {
  readonly clock: Clock;
  readonly sources: readonly PvForecastSource[];
  readonly sites: readonly Site[];
  readonly store: Pick<SeriesStore, 'commit'>;
  readonly tell: (kind: 'reading' | 'quarantine', text: string) => void;
}

export interface PvFetcher {
  /** One round over all sites and sources. */
  fetch(): Promise<void>;
  /** What is said of a site's panels now; `undefined` for a site that nobody told of, or not lately. */
  forecastOf(site: string): PvForecastWire | undefined;
}

export function createPvFetcher({ clock, sources, sites, store, tell }: PvFetcherPorts): PvFetcher {
  const newest = new Map<string, Map<string, PvForecast>>();
  const take = async (source: PvForecastSource, site: Site): Promise<void> => {
    try {
      const said = await source.ask(site);
      if (said === undefined) return;
      if (said.kind === 'pv-forecast') {
        const ofSite = newest.get(site.id) ?? new Map<string, PvForecast>();
        newest.set(site.id, ofSite.set(said.source, said));
        return;
      }
      const { evidence, reason, detail } = said;
      tell('quarantine', `${source.name} of ${site.id}: ${reason}: ${detail}`);
      await store.commit({
        readings: [],
        curves: [],
        weather: [],
        quarantined: evidence.map((one) => ({ evidence: one, reason, detail })),
      });
    } catch (fault) {
      if (!(fault instanceof SignalFault)) throw fault;
      tell('reading', `no forecast of the panels of ${site.id}: ${fault.message}`);
    }
  };
  return {
    fetch: async () => {
      for (const site of sites) await Promise.all(sources.map((source) => take(source, site)));
    },
    forecastOf: (site) => {
      const now = clock.now();
      const told = [...(newest.get(site)?.values() ?? [])].filter(({ fetchedAt }) => now - fetchedAt <= staleMs);
      return told.length === 0 ? undefined : wireOf(site, told, now);
    },
  };
}

function wireOf(site: string, told: readonly PvForecast[], now: Instant): PvForecastWire {
  const interval = { start: slotOf(now), end: slotOf(now) + aheadMs };
  const rule = { stepMs: SLOT, tolerated: toleratedOf(told.length), deviation, belowQuorum: 'mark' as const };
  const steps = combine(told, interval, rule);
  const isTold = (step: CombinedStep): step is CombinedStep & { value: number; low: number; high: number } => step.value !== undefined;
  return {
    site,
    asOf: toIso(now),
    unit: 'W',
    sources: told.map(({ source, unitFound, issuedAt, fetchedAt }) => ({
      source,
      unitFound,
      issuedAt: issuedAt === undefined ? null : toIso(issuedAt),
      fetchedAt: toIso(fetchedAt),
      ageMs: now - (issuedAt ?? fetchedAt),
    })),
    steps: steps.filter(isTold).map(({ start, value, low, high, sources, quality }) => ({
      start: toIso(start),
      end: toIso(start + SLOT),
      value,
      low,
      high,
      sources,
      quality,
    })),
  };
}
