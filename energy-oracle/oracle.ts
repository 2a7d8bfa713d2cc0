/**
 * Oracle: the shell that takes messages in, closes slots, issues outlooks and answers for what was.
 *
 * Composes ingest, rollup and forecaster over the store; knows no jobs and no debts. Everything it says of the past is
 * verified; everything it says of the future is an outlook that it keeps.
 */
import type { Clock } from '../units/clock.ts';
import type { WattHours } from '../units/quantity.ts';
import { valueAt } from '../units/series.ts';
import { DAY, type DurationMs, type Instant, type Interval, SLOT, slotOf, slotsTouching, toIso } from '../units/time.ts';
import type { Forecaster, ForecastRequest, History, SiteForecast } from './forecast/forecaster.ts';
import { curtailedEnergy } from './grid/curtailment.ts';
import type { GridFeed } from './grid/grid-feed.ts';
import type { ExchangeRates } from './grid/price.ts';
import { createHistoryReader, knownPrice, signalSeries } from './history.ts';
import type { OracleView, Outlook, SlotFacts } from './outlook.ts';
import type { Site } from './site.ts';
import { rollUp } from './store/rollup.ts';
import { type BannedSlot, everStored, type Rollup, type SeriesStore } from './store/series-store.ts';
import { createIngest, type Ingest, type IngestEvent, type IngestStats } from './telemetry/ingest.ts';
import { keyOfSiteFile, type MeterKeys } from './telemetry/meter-keys.ts';
import { decodeReading, type Reading, type Stream } from './telemetry/reading.ts';
import { signedFirst } from './telemetry/signed-first.ts';
import type { TelemetrySource } from './telemetry/telemetry-source.ts';
import { createVerifier } from './telemetry/verify.ts';
import { energyStreams, evidenceOver, neededStreams } from './verdict/evidence.ts';
import { judgeSlot } from './verdict/verdict.ts';
import type { KeptVerdict, VerdictStore } from './verdict/verdict-store.ts';
import { type AcceptedLevel, createWatch } from './verdict/watch.ts';
import { createWeatherFetcher } from './weather/fetched-weather.ts';
import type { WeatherFeed } from './weather/weather-feed.ts';
import type { WeatherService } from './weather/weather-service.ts';

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
  /** Which key of a site is valid when; without it the site file's is, for ever. */
  readonly meterKeys?: MeterKeys;
  readonly store: SeriesStore;
  readonly telemetry: TelemetrySource;
  /**
   * Readings that nobody signs (`unsigned/v1`): given only when the operator says that its broker lets a connection speak for
   * its own site alone. They are shown and forecast from, and never certified. Without it nobody is listened to.
   */
  readonly unsigned?: TelemetrySource;
  readonly grid: GridFeed;
  /** Whether signatures are checked on other threads ahead of their turn; only where time is the wall's. */
  readonly checksAhead?: boolean;
  /** Forecasts that providers send; without it nobody is listened to. */
  readonly weather?: WeatherFeed;
  /** Asked for forecasts by `fetchWeather`; without it nobody is asked. */
  readonly weatherService?: WeatherService;
  readonly forecaster: Forecaster;
  /** Keeps every verdict as it was made; without it none is kept. */
  readonly verdicts?: VerdictStore;
  /** Levels of sites that an operator has looked at and believes. */
  readonly acceptedLevels?: readonly AcceptedLevel[];
  readonly wait: (durationMs: DurationMs) => Promise<void>;
  readonly tell: (kind: 'reading' | 'quarantine' | 'outlook', text: string) => void;
  readonly config: OracleConfig;
}

export interface Oracle {
  open(): Promise<void>;
  /** Resolves when everything received so far is stored and acknowledged. */
  settled(): Promise<void>;
  /** Counts of what came in since the start, by line; none of a line that is not listened to. */
  ingest(): Readonly<Record<string, IngestStats>>;
  /** Rolls up every slot of the interval, and earlier ones that readings came for since, from the readings there are; again is harmless. */
  closeSlots(interval: Interval): Promise<void>;
  /** Asks the weather service, if there is one, for every site; a service that is away is told of, and no fault. */
  fetchWeather(): Promise<void>;
  /** Issues, keeps and returns an outlook for every site. */
  issueOutlooks(): Promise<readonly Outlook[]>;
  readonly view: OracleView;
  /** Verdicts of an interval as they were kept by `asOf`, by slot; nothing of slots that nobody had judged by then. */
  verdicts(site: string, interval: Interval, asOf: Instant): Promise<readonly KeptVerdict[]>;
  /** Verified surplus of all sites over an interval, whole Wh. */
  surplusOver(interval: Interval): Promise<WattHours>;
  close(): Promise<void>;
}

/** Equivocations that are looked back at when an oracle starts. */
const bansMax = 100_000;

/** How far back slots are rolled up when an oracle starts: what was stored just before a kill counts too. */
const catchUpMs: DurationMs = DAY;

export async function createOracle(ports: OraclePorts): Promise<Oracle> {
  const { clock, sites, store, forecaster, tell, config, meterKeys = keyOfSiteFile } = ports;
  const heads = await store.heads();
  const verifier = createVerifier({
    sites,
    keys: meterKeys,
    feedKeys: ports.feedKeys,
    heads,
    takesUnsigned: ports.unsigned !== undefined,
    checksAhead: ports.checksAhead ?? false,
    banned: [...(await store.bannedSlots()), ...(await bannedBefore(store))],
  });
  const siteById = new Map(sites.map((site) => [site.id, site]));
  /** Slots that readings were stored for since they were last rolled up, by `<site>/<stream>`. */
  const unrolled = new Map<string, Set<Instant>>();
  /** Streams of energy that sites send beside those that a surplus needs, as `<site>/<stream>`. */
  const sent = new Set(heads.map(({ sender, stream }) => `${sender.slice(sender.indexOf('/') + 1)}/${stream}`));
  const rolledStreams = (site: Site): readonly Stream[] =>
    energyStreams.filter((stream) => neededStreams(site).includes(stream) || sent.has(`${site.id}/${stream}`));
  const noteReading = ({ site, stream, metered }: Reading) => {
    sent.add(`${site}/${stream}`);
    const own = siteById.get(site);
    if (!own || !rolledStreams(own).includes(stream)) return;
    const slots = unrolled.get(`${site}/${stream}`) ?? new Set();
    unrolled.set(`${site}/${stream}`, slots);
    for (const slot of slotsTouching(metered)) slots.add(slot);
  };
  const onEvent = (event: IngestEvent) => {
    if (event.kind === 'committed') {
      for (const { value } of event.batch.readings) noteReading(value);
      for (const { evidence, reason, detail } of event.batch.quarantined) tell('quarantine', `${evidence.topic}: ${reason}: ${detail}`);
    } else if (event.kind === 'store-fault') tell('reading', `the store is away (attempt ${event.attempt}): ${String(event.error)}`);
    else if (event.kind === 'gap')
      tell('reading', `${event.sender}/${event.stream}: numbers ${event.from} to ${event.to - 1} have not come`);
  };
  const shared = { store, verifier, clock, wait: ports.wait, onEvent };
  const ingestOf = (source: TelemetrySource) => createIngest({ ...shared, source });
  const needed = {
    telemetry: ingestOf(ports.telemetry),
    grid: ingestOf(ports.grid),
    ...(ports.unsigned ? { unsigned: ingestOf(ports.unsigned) } : {}),
  };
  const weather = ports.weather && ingestOf(ports.weather);
  const named: Readonly<Record<string, Ingest>> = weather ? { ...needed, weather } : needed;
  const ingests = Object.values(named);
  const fetchWeather = ports.weatherService && createWeatherFetcher({ service: ports.weatherService, sites, store, tell });
  const newest = new Map<string, Outlook>();
  const watch = createWatch({
    sites,
    store,
    kept: ports.verdicts,
    accepted: ports.acceptedLevels ?? [],
    tell: (text) => tell('quarantine', text),
  });
  const bannedSlots = (siteId: string): ReadonlySet<Instant> =>
    new Set(
      verifier
        .bannedSlots()
        .filter((ban) => ban.site === siteId)
        .map(({ slot }) => slot),
    );

  async function facts(siteId: string, interval: Interval, asOf: Instant): Promise<readonly SlotFacts[]> {
    const site = siteById.get(siteId);
    if (!site) throw new RangeError(`unknown site ${siteId}`);
    const whole = { start: slotOf(interval.start), end: slotOf(interval.end - 1) + SLOT };
    const [evidence, prices, carbon, marginal] = await Promise.all([
      evidenceOver({ store, site, whole, asOf, bannedSlots: bannedSlots(siteId) }),
      store.curves(site.zone, 'day_ahead_price', whole, asOf),
      store.curves(site.zone, 'carbon_intensity', whole, asOf),
      store.curves(site.zone, 'carbon_intensity_marginal', whole, asOf),
    ]);
    const held = watch.heldOf(siteId);
    const price = signalSeries(prices, whole, knownPrice(config.rates));
    const intensity = signalSeries(carbon, whole, (value) => value);
    const marginalIntensity = signalSeries(marginal, whole, (value) => value);
    return evidence.map((told) => {
      const { slot } = told;
      const importPrice = valueAt(price, slot);
      const verdict = judgeSlot(site, { ...told, isKeyRevoked: meterKeys.validAt(site, slot) === undefined }, held, asOf);
      const surplusWh = verdict.kind === 'certified' ? verdict.certifiedWh : undefined;
      return {
        site: siteId,
        slot,
        surplusWh,
        verdict,
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

  const readHistories = createHistoryReader({ store, rates: config.rates, behindMs: config.historyMs, aheadMs: config.horizonMs });

  async function issue(): Promise<readonly Outlook[]> {
    const issuedAt = clock.now();
    const [start, steps] = [slotOf(issuedAt), Math.ceil(config.horizonMs / SLOT)];
    const histories = await readHistories(sites, issuedAt);
    const requests = sites.map(
      (site, i): ForecastRequest => ({ site, issuedAt, start, stepMs: SLOT, steps, history: histories[i] as History }),
    );
    const forecasts = await (forecaster.forecastFleet?.(requests) ??
      Promise.all(
        requests.map(async (request): Promise<SiteForecast> => ({ model: forecaster.model, slots: await forecaster.forecast(request) })),
      ));
    return sites.map(({ id }, i) => ({
      id: `${id}@${toIso(issuedAt)}`,
      site: id,
      issuedAt,
      start,
      stepMs: SLOT,
      ...(forecasts[i] as SiteForecast),
    }));
  }

  async function keep(issued: Outlook): Promise<void> {
    await store.putOutlook(issued);
    const before = newest.get(issued.site)?.notes ?? [];
    for (const note of issued.notes ?? []) if (!before.includes(note)) tell('outlook', `${issued.site}: ${note}`);
    newest.set(issued.site, issued);
  }

  /** Rollups of the interval and of what came late before it; of a late slot only when it changed, for its `availableAt` stands. */
  async function rolledUp(site: string, stream: Stream, interval: Interval): Promise<readonly Rollup[]> {
    const noted = unrolled.get(`${site}/${stream}`) ?? new Set();
    const over = [...noted].filter((slot) => slot + SLOT <= interval.end);
    for (const slot of over) noted.delete(slot); // before reading: what is stored meanwhile is noted anew
    const late = over.filter((slot) => slot < interval.start).sort((a, b) => a - b);
    const whole = { start: late[0] ?? interval.start, end: interval.end };
    const slots = [...late, ...slotsTouching(interval)];
    const rolled = rollUp(
      { site, stream, readings: signedFirst(await store.readings(site, stream, whole, everStored)) },
      slots,
      clock.now(),
    );
    const before = late.length > 0 ? await store.rollups(site, stream, { ...whole, end: interval.start }, clock.now()) : [];
    const known = new Map(before.map((rollup) => [rollup.slot, rollup]));
    return rolled.filter(({ slot, energyWh, coveredMs, signedMs }) => {
      const last = known.get(slot);
      return !last || last.energyWh !== energyWh || last.coveredMs !== coveredMs || last.signedMs !== signedMs;
    });
  }

  /** Judges the slots of the interval and those that came late, and keeps what was made of them. */
  async function keepVerdicts(interval: Interval, rolled: readonly Rollup[]): Promise<void> {
    if (!ports.verdicts) return;
    const judgedAt = clock.now();
    for (const site of sites) {
      const late = rolled.filter((rollup) => rollup.site === site.id && rollup.slot < interval.start);
      const start = late.reduce((first, { slot }) => Math.min(first, slot), interval.start);
      const judged = new Set([...late.map(({ slot }) => slot), ...slotsTouching(interval)]);
      const evidence = await evidenceOver({
        store,
        site,
        whole: { start, end: interval.end },
        asOf: judgedAt,
        bannedSlots: bannedSlots(site.id),
      });
      const told = evidence.filter(({ slot, coveredMs }) => judged.has(slot) && (coveredMs > 0 || slot >= interval.start));
      await ports.verdicts.put(
        told.map((one) => ({ site: site.id, slot: one.slot, judgedAt, verdict: judgeSlot(site, one, watch.heldOf(site.id), judgedAt) })),
      );
    }
  }

  /** Has every slot of the last day rolled up anew where that changes anything. */
  function noteLastDay(): void {
    const now = slotOf(clock.now());
    for (const site of sites)
      for (const stream of rolledStreams(site))
        unrolled.set(`${site.id}/${stream}`, new Set(slotsTouching({ start: now - catchUpMs, end: now })));
  }

  return {
    view: { outlook, facts },
    open: async () => {
      noteLastDay();
      await watch.open();
      const withoutWeather = (fault: unknown) => tell('reading', `outlooks go without sent weather: ${String(fault)}`);
      await Promise.all([...Object.values(needed).map((ingest) => ingest.open()), weather?.open().catch(withoutWeather)]);
    },
    verdicts: async (site, interval, asOf) => (await ports.verdicts?.verdicts(site, interval, asOf)) ?? [],
    settled: async () => {
      await Promise.all(ingests.map((ingest) => ingest.settled()));
    },
    ingest: () => Object.fromEntries(Object.entries(named).map(([name, ingest]) => [name, ingest.stats()])),
    closeSlots: async (interval) => {
      try {
        const rolled = await Promise.all(sites.flatMap((site) => rolledStreams(site).map((stream) => rolledUp(site.id, stream, interval))));
        await store.putRollups(rolled.flat());
        await watch.look(clock.now());
        await keepVerdicts(interval, rolled.flat());
      } catch (fault) {
        noteLastDay(); // whoever had been noted is looked at again
        throw fault;
      }
    },
    fetchWeather: async () => fetchWeather?.(),
    issueOutlooks: async () => {
      const outlooks = await issue();
      await Promise.all(outlooks.map(keep));
      const models = [...new Set(outlooks.map(({ model }) => model))].sort();
      tell('outlook', `${outlooks.length} outlooks issued by ${models.join(', ') || forecaster.model}`);
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

/** Slots of the single readings that were kept as equivocations: the only record of a ban before bans were stored. */
async function bannedBefore(store: SeriesStore): Promise<readonly BannedSlot[]> {
  const quarantined = await store.quarantine(bansMax, 'equivocation');
  const decoded = quarantined.map(({ evidence }) => decodeReading(evidence.topic, evidence.payload));
  return decoded.flatMap((message) =>
    message.kind === 'reading' ? slotsTouching(message.reading.metered).map((slot) => ({ site: message.reading.site, slot })) : [],
  );
}
