/** Retraining: from a store full of readings to models that answer, over a restart, and past a training that fails. */
import { beforeAll, describe, expect, test } from 'vitest';
import { pooledModelOf } from '../../../energy-oracle/forecast/model/tfjs-pooled-fit.ts';
import { createMemoryModelStore } from '../../../energy-oracle/forecast/model-store.ts';
import { createPersistence } from '../../../energy-oracle/forecast/persistence.ts';
import { openRetraining, type RetrainingPorts } from '../../../energy-oracle/forecast/retraining.ts';
import type { Archive } from '../../../energy-oracle/forecast/target.ts';
import { historyOf } from '../../../energy-oracle/history.ts';
import { createMemorySeriesStore } from '../../../energy-oracle/store/memory-series-store.ts';
import type { SeriesStore } from '../../../energy-oracle/store/series-store.ts';
import { manualClock } from '../../../units/clock.ts';
import { DAY, HOUR, type Instant, SLOT } from '../../../units/time.ts';
import { curveOf } from '../telemetry/messages.ts';
import { fleet, pastOf, smallModel, today } from './small-fleet.ts';

const rates = { accounting: 'EUR', perUnit: {} };

/** A store that was told so many days of the fleet's past. */
async function filled(days: number): Promise<SeriesStore> {
  const store = createMemorySeriesStore();
  let seq = 0;
  for (const [i, site] of fleet.entries()) {
    const past = pastOf(site, today, days);
    const rollups = (['pvKw', 'loadKw'] as const).flatMap((key) =>
      past[key].values.map((kw, k) => {
        const slot = past[key].start + k * SLOT;
        const stream = key === 'pvKw' ? ('pv_power' as const) : ('load_power' as const);
        return { site: site.id, stream, slot, energyWh: (kw ?? 0) * 250, coveredMs: SLOT, signedMs: SLOT, availableAt: slot + SLOT };
      }),
    );
    await store.putRollups(rollups);
    if (i === 1) continue; // the second site lies in the zone of the first
    const evidence = { topic: '', payload: new Uint8Array(), receivedAt: 0 };
    const curves = (['importPrice', 'carbonIntensity'] as const).map((key) => {
      const isPrice = key === 'importPrice';
      const { start, values } = past[key];
      const said = { zone: site.zone, start, stepMs: SLOT, values, issuedAt: today - HOUR };
      const signal = isPrice ? ('day_ahead_price' as const) : ('carbon_intensity' as const);
      return { value: { ...curveOf(seq++, { ...said, signal, unit: isPrice ? 'EUR/MWh' : 'gCO2eq/kWh' }), signature: '' }, evidence };
    });
    await store.commit({ readings: [], curves, weather: [], quarantined: [] });
  }
  return store;
}

let store: SeriesStore;
beforeAll(async () => {
  store = await filled(60);
}, 60_000);

function make(changes: Partial<RetrainingPorts> = {}) {
  const told: string[] = [];
  const trained: { readonly kind: string; readonly archives: readonly Archive[] }[] = [];
  const models = createMemoryModelStore();
  const ports: RetrainingPorts = {
    cold: createPersistence({ clearSkyKw: () => 0 }),
    siteStepMs: HOUR,
    clock: manualClock(today),
    sites: fleet,
    store,
    rates,
    models,
    train: async (kind, archives) => {
      trained.push({ kind, archives });
      return smallModel(kind, archives);
    },
    load: async (stored) => pooledModelOf(stored),
    tell: (text) => told.push(text),
    ...changes,
  };
  return { ports, told, trained, models };
}
const requests = async (asOf: Instant = today) =>
  Promise.all(
    fleet.map(async (site) => ({
      site,
      issuedAt: asOf,
      start: asOf,
      stepMs: SLOT,
      steps: DAY / SLOT,
      history: await historyOf({ store, site, rates, asOf, behindMs: 45 * DAY, aheadMs: DAY }),
    })),
  );

describe('retraining', () => {
  test('learns each kind from every record that is long enough, stores the models and lets them answer', async () => {
    const { ports, told, trained, models } = make();
    const { forecaster, retrain } = await openRetraining(ports);
    await retrain();
    expect(trained.map(({ kind, archives }) => [kind, archives.map(({ target }) => target.id)])).toEqual([
      ['net', ['site-1', 'site-2', 'site-3']],
      ['import-price', ['DE', 'PT']],
      ['carbon-intensity', ['DE', 'PT']],
    ]);
    const stored = await models.models();
    expect(stored.map(({ kind }) => kind)).toEqual(['carbon-intensity', 'import-price', 'net']);
    expect(told).toHaveLength(3);
    expect(told[0]).toMatch(/^pooled-net@2026-06-21#[0-9a-f]{8} learned from 3 of 3 records, 180 days in all$/);
    const said = await forecaster.forecastFleet(await requests());
    expect(said.map(({ model }) => model)).toEqual(fleet.map(() => stored[2]?.id));
  });

  test('gives the same weights for the same record', async () => {
    const ids = await Promise.all(
      [make(), make()].map(async ({ ports, models }) => {
        await (await openRetraining(ports)).retrain();
        return (await models.models()).map(({ id }) => id);
      }),
    );
    expect(ids[0]).toEqual(ids[1]);
  });

  test('waits until there are six weeks', async () => {
    const { ports, told, trained } = make({ store: await filled(40) });
    const { retrain } = await openRetraining(ports);
    await retrain();
    expect([trained, told]).toEqual([[], []]);
  });

  test('tells of a training that failed, and leaves what there was', async () => {
    const { ports, models } = make();
    await (await openRetraining(ports)).retrain();
    const before = await models.models();
    const told: string[] = [];
    const failing = await openRetraining({
      ...ports,
      train: async (kind) => Promise.reject(new Error(`no memory for ${kind}`)),
      tell: (text) => told.push(text),
    });
    await failing.retrain();
    expect(told).toContain('no new net model, the last one goes on: no memory for net');
    expect(await models.models()).toEqual(before);
    expect((await failing.forecaster.forecastFleet(await requests()))[0]?.model).toBe(before[2]?.id);
  });

  test('goes on after a restart with the stored models and with what the tracks had learned', async () => {
    const { ports } = make();
    const first = await openRetraining(ports);
    await first.retrain();
    for (let at = today - 2 * DAY; at < today; at += 6 * HOUR) await first.forecaster.forecastFleet(await requests(at));
    await first.remember();
    const second = await openRetraining(ports);
    const asked = await requests();
    expect(await second.forecaster.forecastFleet(asked)).toEqual(await first.forecaster.forecastFleet(asked));
  });

  test('goes without a stored model that does not load, and says so', async () => {
    const { ports } = make();
    await (await openRetraining(ports)).retrain();
    const told: string[] = [];
    const { forecaster } = await openRetraining({
      ...ports,
      load: async () => Promise.reject(new Error('no engine')),
      tell: (text) => told.push(text),
    });
    expect(told[0]).toMatch(/ cannot be used: no engine$/);
    expect((await forecaster.forecastFleet(await requests()))[0]?.model).toBe('persistence-1');
  });
});
