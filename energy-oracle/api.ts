/**
 * Oracle's HTTP: sites as they are, outlooks as they were issued, what came of them, what is in quarantine. Reads only.
 */
import { type Request, Router } from 'express';
import type { Clock } from '../units/clock.ts';
import { type DurationMs, HOUR, type Instant, parseInstant, SLOT, slotOf, toIso } from '../units/time.ts';
import type { ScorePage } from './forecast/score/outlook-score.ts';
import { scoreReport } from './forecast/score/score-report.ts';
import type { OracleView, Outlook, OutlookSource, Quantiles, SlotFacts } from './outlook.ts';
import type { Site } from './site.ts';
import type { SeriesStore } from './store/series-store.ts';
import type { OracleWire, OutlookWire, QuantilesWire, QuarantineWire, SiteWire } from './wire.ts';

const quarantineListMax = 100;
/** How many are looked through for those of one provider. */
const quarantineSearchMax = 500;
/** Oldest hourly signal that still counts as now. */
const signalsBehindMs: DurationMs = 3 * HOUR;

export interface OracleApiPorts {
  readonly clock: Clock;
  readonly sites: readonly Site[];
  readonly view: OracleView;
  readonly store: SeriesStore;
  readonly currency: string;
  /** Pages of scores; without it none was ever kept. */
  readonly scores?: (site?: string) => Promise<readonly ScorePage[]>;
  /**
   * Whether a request may see what a provider's meters sent: sun, load, messages in quarantine. What is nobody's has no
   * provider. Without it everybody sees all.
   */
  readonly seesMetersOf?: (request: Request, provider: string | undefined) => boolean;
}

/** `/v1/sites`, `/v1/sites/:id/outlook[?asOf=]`, `/v1/forecast/score[?site=]`, `/v1/oracle`, `/v1/quarantine`. */
export function oracleApi({ clock, sites, view, store, currency, scores, seesMetersOf = () => true }: OracleApiPorts): Router {
  const api = Router();
  const siteIds = () => `sites: ${sites.map(({ id }) => id).join(', ')}`;
  api.get('/v1/sites', async (request, response) => {
    const wires = sites.map(async (site) => {
      const facts = await newestFacts(site, view, clock);
      const wire = siteWire(site, facts, await store.rollups(site.id, 'pv_power', lastSlot(clock), clock.now()));
      return seesMetersOf(request, site.provider) ? wire : withoutMeters(wire);
    });
    response.json(await Promise.all(wires));
  });
  api.get('/v1/sites/:id/outlook', async (request, response) => {
    const { id } = request.params;
    const asked = request.query['asOf'];
    const asOf = asked === undefined ? clock.now() : parseInstant(String(asked));
    if (!sites.some((site) => site.id === id)) {
      response.status(404).json({ error: 'not-found', detail: `no site ${id}; ${siteIds()}` });
      return;
    }
    if (asOf === undefined) {
      const detail = `asOf: found ${String(asked)}; allowed: RFC 3339 with its offset, such as 2026-06-21T12:00Z`;
      response.status(400).json({ error: 'bad-request', detail });
      return;
    }
    const outlook = await view.outlook(id, Math.min(asOf, clock.now()));
    if (outlook) response.json({ ...outlookWire(outlook, currency), ...(asked === undefined ? {} : await happenedWire(outlook)) });
    else response.status(404).json({ error: 'not-found', detail: `no outlook of ${id} was issued by ${toIso(asOf)}; ${siteIds()}` });
  });
  /** Facts of the slots that are over. */
  async function happenedWire({ site, start, stepMs, slots }: Outlook): Promise<Pick<OutlookWire, 'happened'>> {
    const end: Instant = Math.min(slotOf(clock.now()), start + stepMs * slots.length);
    const facts = end > start ? await view.facts(site, { start, end }, clock.now()) : [];
    return {
      happened: facts.map(({ surplusWh, importPrice, carbonIntensity }) => ({
        surplusKw: surplusWh === undefined ? null : surplusWh / 1_000 / (SLOT / HOUR),
        importPricePerMwh: importPrice ?? null,
        carbonIntensityGPerKwh: carbonIntensity ?? null,
      })),
    };
  }
  api.get('/v1/forecast/score', async (request, response) => {
    const asked = request.query['site'];
    const site = asked === undefined ? undefined : String(asked);
    if (site !== undefined && !sites.some(({ id }) => id === site))
      response.status(404).json({ error: 'not-found', detail: `no site ${site}; ${siteIds()}` });
    else response.json(scoreReport((await scores?.(site)) ?? []));
  });
  api.get('/v1/oracle', async (_request, response) => {
    const { readings, curves, quarantined } = await store.counts();
    response.json({ readingsAccepted: readings, curvesAccepted: curves, quarantined } satisfies OracleWire);
  });
  api.get('/v1/quarantine', async (request, response) => {
    const seesAll = seesMetersOf(request, undefined);
    const newest = await store.quarantine(seesAll ? quarantineListMax : quarantineSearchMax);
    const messages = seesAll
      ? newest
      : newest.filter(({ evidence }) => seesMetersOf(request, providerOf(evidence.topic))).slice(0, quarantineListMax);
    response.json(
      messages.map(
        ({ evidence, reason, detail }): QuarantineWire => ({
          receivedAt: toIso(evidence.receivedAt),
          topic: evidence.topic,
          reason,
          detail,
          payloadBase64: Buffer.from(evidence.payload).toString('base64'),
        }),
      ),
    );
  });
  return api;
}

const lastSlot = (clock: Clock) => ({ start: slotOf(clock.now()) - SLOT, end: slotOf(clock.now()) });

/** Facts of the last slot; a signal that is published by the hour is the newest one of the last hours. */
async function newestFacts(site: Site, view: OracleView, clock: Clock): Promise<SlotFacts | undefined> {
  const { start, end } = lastSlot(clock);
  const recent = await view.facts(site.id, { start: start - signalsBehindMs, end }, clock.now());
  const last = recent.at(-1);
  const known = <Key extends 'importPrice' | 'carbonIntensity'>(key: Key) => recent.findLast((facts) => facts[key] !== undefined)?.[key];
  return last && { ...last, importPrice: known('importPrice'), carbonIntensity: known('carbonIntensity') };
}

/** Surplus is on offer and signals are the zone's; what made the surplus is the provider's own. */
const withoutMeters = (wire: SiteWire): SiteWire => ({ ...wire, now: wire.now && { ...wire.now, pvKw: null, loadKw: null } });

/** Whose site a topic is of: `<root>/v1/<provider>/<site>/…`; a zone's is nobody's. */
const providerOf = (topic: string): string | undefined => /^(?:energy|unsigned|weather)\/v1\/([^/]+)\/[^/]+\//.exec(topic)?.[1];

function siteWire(site: Site, facts: SlotFacts | undefined, pv: readonly { readonly energyWh: number }[]): SiteWire {
  const kw = (wattHours: number | undefined) => (wattHours === undefined ? null : wattHours / 1_000 / (SLOT / 3_600_000));
  const pvKw = kw(pv[0]?.energyWh);
  const surplusKw = kw(facts?.surplusWh);
  return {
    id: site.id,
    name: site.name,
    provider: site.provider,
    zone: site.zone,
    latitude: site.latitude,
    longitude: site.longitude,
    accelerators: site.accelerators,
    pvPeakKw: site.pv.reduce((sum, { peakKw }) => sum + peakKw, 0),
    now: facts
      ? {
          at: toIso(facts.slot),
          pvKw,
          loadKw: pvKw !== null && surplusKw !== null && surplusKw > 0 ? pvKw - surplusKw : null,
          surplusKw,
          importPricePerMwh: facts.importPrice ?? null,
          carbonIntensityGPerKwh: facts.carbonIntensity ?? null,
        }
      : null,
  };
}

const quantilesWire = (quantiles: Quantiles<number> | undefined): QuantilesWire | null => quantiles ?? null;

const outlookWire = ({ site, issuedAt, model, start, stepMs, slots, sources, notes }: Outlook, currency: string): OutlookWire => ({
  site,
  issuedAt: toIso(issuedAt),
  model,
  start: toIso(start),
  stepMs,
  currency,
  slots: slots.map(({ surplusKw, importPrice, carbonIntensity }) => ({
    surplusKw: quantilesWire(surplusKw),
    importPricePerMwh: quantilesWire(importPrice),
    carbonIntensityGPerKwh: quantilesWire(carbonIntensity),
  })),
  sources: sources
    ? {
        surplus: sourceWire(sources.surplus),
        'import-price': sourceWire(sources['import-price']),
        'carbon-intensity': sourceWire(sources['carbon-intensity']),
      }
    : null,
  notes: notes ?? [],
});

const sourceWire = ({ model, reason }: OutlookSource) => ({ model, reason: reason ?? null });
