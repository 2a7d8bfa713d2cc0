/** What Prometheus is told, against the stores it is told of. */
import express from 'express';
import { afterEach, describe, expect, test } from 'vitest';
import { createMetrics } from '../../cli/metrics/metrics.ts';
import { createMemorySeriesStore } from '../../energy-oracle/store/memory-series-store.ts';
import { createMemoryLedgerStore } from '../../scheduler/ledger/memory-ledger-store.ts';
import { createMemoryJobStore } from '../../scheduler/queue/memory-job-store.ts';
import { manualClock } from '../../units/clock.ts';
import { HOUR } from '../../units/time.ts';
import { bodyOf } from '../behaviour/ledger-store.suite.ts';
import { noon, outlookOf, siteOf, slotOutlook } from '../scheduler/nouns.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function served({ databaseAway = false } = {}) {
  const ledger = createMemoryLedgerStore();
  const series = createMemorySeriesStore();
  const facts = { surplusWh: 500, curtailedWh: 0, importPrice: 120, carbonIntensity: 300, marginalIntensity: 700 };
  const metrics = createMetrics({
    clock: manualClock(noon),
    sites: [siteOf('rhine')],
    currency: 'EUR',
    series,
    jobs: createMemoryJobStore(),
    ledger,
    scores: async () => [],
    brokerStats: undefined,
    databaseBytes: () => (databaseAway ? Promise.reject(new Error('away')) : Promise.resolve(4_096)),
    influxBacklog: async () => 12,
  });
  const view = {
    outlook: async (site: string) => outlookOf(site, () => slotOutlook(1, 1, 1), noon - HOUR),
    facts: async (site: string) => [{ site, slot: noon - HOUR / 4, ...facts }],
  };
  const app = express().use(await metrics.router({ view: view as never, ingest: () => ({}) }));
  const server = app.listen(0);
  closing.push(() => server.close());
  const { port } = server.address() as { port: number };
  const all = async () => (await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()).split('\n');
  const value = async (name: string) =>
    Number(
      (await all())
        .find((line) => line.startsWith(`${name} `))
        ?.split(' ')
        .at(-1),
    );
  return { ledger, metrics, value, all };
}

describe('the metrics', () => {
  test('tell the ledger’s energy in joules and carbon in grams, once each, however often they are asked', async () => {
    const { ledger, value } = await served();
    const entries = await ledger.append([bodyOf('ada#1', 0, 1_000), bodyOf('ada#1', 1, 200)]);
    const sum = (of: (entry: (typeof entries)[number]) => number) => entries.reduce((total, entry) => total + of(entry), 0);
    const site = entries[0]?.site;
    for (let again = 0; again < 3; again++) {
      expect(await value(`sunward_energy_joules_total{site="${site}",source="surplus"}`)).toBe(
        sum(({ actual }) => actual.surplusWh) * 3_600,
      );
      expect(await value(`sunward_energy_joules_total{site="${site}",source="grid"}`)).toBe(sum(({ actual }) => actual.gridWh) * 3_600);
      expect(await value(`sunward_carbon_emissions_grams_total{site="${site}",account="location"}`)).toBeCloseTo(
        sum(({ actual }) => actual.locationMg) / 1_000,
      );
    }
    await ledger.append([bodyOf('ada#1', 2, 300)]);
    expect(await value('sunward_ledger_entries')).toBe(3);
  });

  test('tell power in watts, prices per kWh, and the zone’s intensity under the names others use', async () => {
    const { value } = await served();
    expect(await value('sunward_site_surplus_power_watts{site="rhine"}')).toBe(2_000);
    expect(await value('sunward_site_import_price_per_kilowatt_hour{site="rhine",currency="EUR"}')).toBe(0.12);
    const { zone } = siteOf('rhine');
    const labels = `{location="${zone}",node="sunward",provider="sunward",region="${zone}",units="gCO2e per kWh",is_estimated="false"}`;
    expect(await value(`grid_intensity_carbon_average${labels}`)).toBe(300);
    expect(await value(`grid_intensity_carbon_marginal${labels}`)).toBe(700);
    expect(await value('sunward_outlook_age_seconds{site="rhine"}')).toBe(3_600);
    expect(await value('sunward_influx_backlog_points')).toBe(12);
    expect(await value('sunward_store_size_bytes')).toBe(4_096);
  });

  test('answer although a part cannot be asked, and count that', async () => {
    const { value } = await served({ databaseAway: true });
    expect(await value('sunward_metrics_faults_total{part="store"}')).toBe(1);
    expect(await value('sunward_outlook_age_seconds{site="rhine"}')).toBe(3_600);
  });

  test('grow with nothing that a client can invent', async () => {
    const { metrics, all } = await served();
    const before = (await all()).length;
    for (let i = 0; i < 1_000; i++) metrics.answered({ method: `M${i}`, route: undefined, status: 404, ms: 1 });
    const quarantined = Array.from({ length: 1_000 }, (_, i) => ({
      evidence: { topic: `energy/v1/x/${i}/y`, payload: new Uint8Array(), receivedAt: noon + i },
      reason: `reason ${i}`,
      detail: '',
    }));
    await metrics.series.commit({ readings: [], curves: [], weather: [], quarantined });
    expect((await all()).length - before).toBeLessThan(200);
  });
});
