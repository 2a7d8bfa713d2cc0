/**
 * Oracle: the shell that takes messages in, closes slots, issues outlooks and answers for what was.
 *
 * Composes ingest, rollup and forecaster over the store; knows no jobs and no debts. Everything it says of the past is
 * verified; everything it says of the future is an outlook that it keeps.
 */
import type { Clock } from '../units/clock.ts';
import { type WattHours, wattHours } from '../units/quantity.ts';
import { valueAt } from '../units/series.ts';
import { type DurationMs, type Instant, type Interval, SLOT, slotOf, slotsTouching, toIso } from '../units/time.ts';
import type { Forecaster } from './forecast/forecaster.ts';
import { curtailedEnergy } from './grid/curtailment.ts';
import type { GridFeed } from './grid/grid-feed.ts';
import type { ExchangeRates } from './grid/price.ts';
import { historyOf, powerSeries, priceOf, signalSeries } from './history.ts';
import type { OracleView, Outlook, SlotFacts } from './outlook.ts';
import type { Site } from './site.ts';
import { rollUp } from './store/rollup.ts';
import type { SeriesStore } from './store/series-store.ts';
import { createIngest, type IngestEvent } from './telemetry/ingest.ts';
import { decodeReading, type Reading, type Stream } from './telemetry/reading.ts';
import type { TelemetrySource } from './telemetry/telemetry-source.ts';
import { createVerifier } from './telemetry/verify.ts';

export interface OracleConfig {
  readonly rates: ExchangeRates;
  /** How far an outlook reaches and how much past it may use, ms. */
  readonly horizonMs: DurationMs;
  readonly historyMs: DurationMs;
}

export interface OraclePorts {
  readonly clock: Clock;
  readonly sites: readonly Site[];
  /** Public key (hex) of each zone's feed. */
  readonly feedKeys: Readonly<Record<string, string>>;
  readonly store: SeriesStore;
  readonly telemetry: TelemetrySource;
  readonly grid: GridFeed;
  readonly forecaster: Forecaster;
  readonly wait: (durationMs: DurationMs) => Promise<void>;
  readonly tell: (kind: 'reading' | 'quarantine' | 'outlook', text: string) => void;
  readonly config: OracleConfig;
}

export interface Oracle {
  open(): Promise<void>;
  /** Resolves when everything received so far is stored and acknowledged. */
  settled(): Promise<void>;
  /** Rolls up every slot of the interval from the readings there are; again is harmless. */
  closeSlots(interval: Interval): Promise<void>;
  /** Issues, keeps and returns an outlook for every site. */
  issueOutlooks(): Promise<readonly Outlook[]>;
  readonly view: OracleView;
  /** Verified surplus of all sites over an interval, whole Wh. */
  surplusOver(interval: Interval): Promise<WattHours>;
  close(): Promise<void>;
}

/** Equivocations that are looked back at when an oracle starts. */
const bansMax = 100_000;

/** Streams whose difference is the surplus. */
const surplusStreams: readonly Stream[] = ['pv_power', 'load_power'];

export async function createOracle(ports: OraclePorts): Promise<Oracle> {
  const { clock, sites, store, forecaster, tell, config } = ports;
  const verifier = createVerifier({
    sites,
    feedKeys: ports.feedKeys,
    heads: await store.heads(),
    equivocations: await equivocations(store),
  });
  const onEvent = (event: IngestEvent) => {
    if (event.kind === 'committed') {
      for (const { evidence, reason, detail } of event.batch.quarantined) tell('quarantine', `${evidence.topic}: ${reason}: ${detail}`);
    } else if (event.kind === 'store-fault') tell('reading', `the store is away (attempt ${event.attempt}): ${String(event.error)}`);
    else if (event.kind === 'gap')
      tell('reading', `${event.sender}/${event.stream}: numbers ${event.from} to ${event.to - 1} have not come`);
  };
  const shared = { store, verifier, clock, wait: ports.wait, onEvent };
  const ingests = [createIngest({ ...shared, source: ports.telemetry }), createIngest({ ...shared, source: ports.grid })];
  const newest = new Map<string, Outlook>();
  const siteById = new Map(sites.map((site) => [site.id, site]));

  async function facts(siteId: string, interval: Interval, asOf: Instant): Promise<readonly SlotFacts[]> {
    const site = siteById.get(siteId);
    if (!site) throw new RangeError(`unknown site ${siteId}`);
    const whole = { start: slotOf(interval.start), end: slotOf(interval.end - 1) + SLOT };
    const [pv, load, prices, carbon, marginal] = await Promise.all([
      store.rollups(siteId, 'pv_power', whole, asOf),
      store.rollups(siteId, 'load_power', whole, asOf),
      store.curves(site.zone, 'day_ahead_price', whole, asOf),
      store.curves(site.zone, 'carbon_intensity', whole, asOf),
      store.curves(site.zone, 'carbon_intensity_marginal', whole, asOf),
    ]);
    const generation = powerSeries(pv, whole);
    const ownLoad = powerSeries(load, whole);
    const price = signalSeries(prices, whole, (value, unit) => priceOf(value, unit, config.rates));
    const intensity = signalSeries(carbon, whole, (value) => value);
    const marginalIntensity = signalSeries(marginal, whole, (value) => value);
    const banned = new Set(
      verifier
        .bannedSlots()
        .filter((ban) => ban.site === siteId)
        .map(({ slot }) => slot),
    );
    return slotsTouching(whole).map((slot) => {
      const made = valueAt(generation, slot);
      const used = valueAt(ownLoad, slot);
      const importPrice = valueAt(price, slot);
      const surplusWh = made === undefined || used === undefined || banned.has(slot) ? undefined : surplusEnergy(made, used);
      return {
        site: siteId,
        slot,
        surplusWh,
        curtailedWh: surplusWh === undefined ? undefined : curtailedEnergy(site, surplusWh, importPrice),
        importPrice,
        carbonIntensity: valueAt(intensity, slot),
        marginalIntensity: valueAt(marginalIntensity, slot),
      };
    });
  }

  /** The newest one is at hand; an older one is looked up. */
  async function outlook(site: string, asOf: Instant): Promise<Outlook | undefined> {
    const last = newest.get(site);
    return last && last.issuedAt <= asOf ? last : store.outlook(site, asOf);
  }

  async function issue(site: Site): Promise<Outlook> {
    const issuedAt = clock.now();
    const history = await historyOf({
      store,
      site,
      rates: config.rates,
      asOf: issuedAt,
      behindMs: config.historyMs,
      aheadMs: config.horizonMs,
    });
    const start = slotOf(issuedAt);
    const slots = await forecaster.forecast({ site, issuedAt, start, stepMs: SLOT, steps: Math.ceil(config.horizonMs / SLOT), history });
    const issued: Outlook = {
      id: `${site.id}@${toIso(issuedAt)}`,
      site: site.id,
      issuedAt,
      model: forecaster.model,
      start,
      stepMs: SLOT,
      slots,
    };
    await store.putOutlook(issued);
    newest.set(site.id, issued);
    return issued;
  }

  return {
    view: { outlook, facts },
    open: async () => {
      await Promise.all(ingests.map((ingest) => ingest.open()));
    },
    settled: async () => {
      await Promise.all(ingests.map((ingest) => ingest.settled()));
    },
    closeSlots: async (interval) => {
      const rolled = await Promise.all(
        sites.flatMap(({ id }) =>
          surplusStreams.map(async (stream) =>
            rollUp({ site: id, stream, readings: await store.readings(id, stream, interval) }, slotsTouching(interval), clock.now()),
          ),
        ),
      );
      await store.putRollups(rolled.flat());
    },
    issueOutlooks: async () => {
      const outlooks = await Promise.all(sites.map(issue));
      tell('outlook', `${outlooks.length} outlooks issued by ${forecaster.model}`);
      return outlooks;
    },
    surplusOver: async (interval) => {
      const perSite = await Promise.all(sites.map(({ id }) => facts(id, interval, clock.now())));
      return perSite.flat().reduce((sum, { surplusWh }) => sum + (surplusWh ?? 0), 0);
    },
    close: async () => {
      await Promise.all(ingests.map((ingest) => ingest.close()));
    },
  };
}

/** What sites said twice differently, from the evidence: bans survive a restart. */
async function equivocations(store: SeriesStore): Promise<readonly Reading[]> {
  const quarantined = await store.quarantine(bansMax, 'equivocation');
  const decoded = quarantined.map(({ evidence }) => decodeReading(evidence.topic, evidence.payload));
  return decoded.flatMap((message) => (message.kind === 'reading' ? [message.reading] : []));
}

/** Surplus of a slot from average powers, whole Wh: max(0, generation − own load). */
const surplusEnergy = (generationKw: number, loadKw: number): WattHours =>
  wattHours(Math.max(0, generationKw - loadKw) * (SLOT / 3_600_000) * 1_000);
