/**
 * Site metrics: what each site makes, uses and has over, what its zone asks for energy, and what is foretold.
 *
 * Powers are of the newest readings; prices and intensities of the newest slots that are over, as the API tells them. Asked
 * for at most every half minute.
 */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { ScorePage } from '../../energy-oracle/forecast/score/outlook-score.ts';
import { scoreReport } from '../../energy-oracle/forecast/score/score-report.ts';
import type { OracleView } from '../../energy-oracle/outlook.ts';
import type { Site } from '../../energy-oracle/site.ts';
import { streams } from '../../energy-oracle/telemetry/reading.ts';
import type { Clock } from '../../units/clock.ts';
import { HOUR, type Instant, SLOT, slotOf } from '../../units/time.ts';
import type { LastReading } from './ingest-metrics.ts';

/** Sites that are told apart; those beyond it are left out, and their number is told. */
export const sitesMax = 500;
const factsKeptMs = 30_000;
const signalsBehindMs = 3 * HOUR;

export interface SiteMetricsPorts {
  readonly clock: Clock;
  readonly sites: readonly Site[];
  readonly view: OracleView;
  readonly scores: () => Promise<readonly ScorePage[]>;
  readonly last: (site: string, stream: (typeof streams)[number]) => LastReading | undefined;
  /** Ends of the newest readings before this process, by `<site>/<stream>`. */
  readonly ends: ReadonlyMap<string, Instant>;
  readonly currency: string;
}

export function createSiteMetrics(registry: Registry, ports: SiteMetricsPorts): { refresh(): Promise<void> } {
  const { clock, view, last, ends, currency } = ports;
  const sites = ports.sites.slice(0, sitesMax);
  const registers = [registry];
  const gauge = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new Gauge({ name, help, labelNames, registers });
  const pv = gauge('sunward_site_pv_power_watts', 'Power of the panels, newest reading.', ['site']);
  const load = gauge('sunward_site_load_power_watts', 'Own load, newest reading.', ['site']);
  const surplus = gauge('sunward_site_surplus_power_watts', 'Verified surplus, average over the newest slot that is over.', ['site']);
  const age = gauge('sunward_site_reading_age_seconds', 'Since the end of the newest stored reading.', ['site', 'stream']);
  const price = gauge('sunward_site_import_price_per_kilowatt_hour', 'Price of grid energy, newest slot that is over.', [
    'site',
    'currency',
  ]);
  const intensity = gauge(
    'sunward_site_carbon_intensity_grams_per_kilowatt_hour',
    'Carbon intensity of grid energy, newest slot that is over.',
    ['site', 'basis'],
  );
  const aliasLabels = ['location', 'node', 'provider', 'region', 'units', 'is_estimated'] as const;
  const alias = {
    average: gauge('grid_intensity_carbon_average', 'Average carbon intensity of the zone, gCO2e per kWh.', aliasLabels),
    marginal: gauge('grid_intensity_carbon_marginal', 'Marginal carbon intensity of the zone, gCO2e per kWh.', aliasLabels),
  };
  const outlookAge = gauge('sunward_outlook_age_seconds', 'Since the newest outlook was issued.', ['site']);
  const pinball = gauge('sunward_outlook_pinball_ratio', 'Mean pinball loss of outlooks for the next day, as the scores have it.', [
    'site',
    'signal',
    'model',
  ]);
  const leftOut = new Counter({ name: 'sunward_sites_left_out_total', help: `Sites beyond ${sitesMax}, that have no metrics.`, registers });
  leftOut.inc(ports.sites.length - sites.length);
  const set = <Label extends string>(of: Gauge<Label>, labels: Record<Label, string>, value: number | undefined) => {
    if (value === undefined) of.remove(labels);
    else of.set(labels, value);
  };

  const readings = (now: Instant) => {
    for (const { id: site } of sites) {
      set(pv, { site }, last(site, 'pv_power')?.value);
      set(load, { site }, last(site, 'load_power')?.value);
      for (const stream of streams) {
        const end = last(site, stream)?.end ?? ends.get(`${site}/${stream}`);
        set(age, { site, stream }, end === undefined ? undefined : Math.max(0, now - end) / 1_000);
      }
    }
  };
  const facts = async (now: Instant) => {
    await Promise.all(
      sites.map(async ({ id: site, zone }) => {
        const end = slotOf(now);
        const recent = await view.facts(site, { start: end - signalsBehindMs, end }, now);
        const newest = <Key extends 'importPrice' | 'carbonIntensity' | 'marginalIntensity'>(key: Key) =>
          recent.findLast((slot) => slot[key] !== undefined)?.[key];
        const wattHours = recent.at(-1)?.surplusWh;
        set(surplus, { site }, wattHours === undefined ? undefined : wattHours * (HOUR / SLOT));
        const perMwh = newest('importPrice');
        set(price, { site, currency }, perMwh === undefined ? undefined : perMwh / 1_000);
        for (const basis of ['average', 'marginal'] as const) {
          const grams = newest(basis === 'average' ? 'carbonIntensity' : 'marginalIntensity');
          set(intensity, { site, basis }, grams);
          const labels = {
            location: zone,
            node: 'sunward',
            provider: 'sunward',
            region: zone,
            units: 'gCO2e per kWh',
            is_estimated: 'false',
          };
          if (grams !== undefined) alias[basis].set(labels, grams);
        }
      }),
    );
  };
  const outlooks = async (now: Instant) => {
    for (const { id: site } of sites) {
      const issuedAt = (await view.outlook(site, now))?.issuedAt;
      set(outlookAge, { site }, issuedAt === undefined ? undefined : (now - issuedAt) / 1_000);
    }
  };
  const known = new Set(sites.map(({ id }) => id));
  const scores = async () => {
    for (const { site, signal, model, leadDays } of scoreReport(await ports.scores())) {
      const percent = leadDays.find(({ leadDay }) => leadDay === 0)?.issued.pinballPercent;
      if (known.has(site)) set(pinball, { site, signal, model }, percent === null || percent === undefined ? undefined : percent / 100);
    }
  };
  let asked = Number.NEGATIVE_INFINITY;
  return {
    refresh: async () => {
      const now = clock.now();
      readings(now);
      await outlooks(now);
      if (performance.now() - asked < factsKeptMs) return;
      asked = performance.now();
      await facts(now);
      await scores();
    },
  };
}
