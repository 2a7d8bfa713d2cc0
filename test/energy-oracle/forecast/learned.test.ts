/** The live forecaster: who answers for what, why nobody better did, and that nothing is lost over a restart. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { ForecastRequest, History } from '../../../energy-oracle/forecast/forecaster.ts';
import { createLearnedForecaster, type LearnedPorts, type LearnedState } from '../../../energy-oracle/forecast/learned.ts';
import type { PooledModel } from '../../../energy-oracle/forecast/model/pooled-model.ts';
import { pooledModelOf } from '../../../energy-oracle/forecast/model/tfjs-pooled-fit.ts';
import { createPersistence } from '../../../energy-oracle/forecast/persistence.ts';
import { netArchive, zoneArchive } from '../../../energy-oracle/forecast/records.ts';
import { pvPower } from '../../../energy-oracle/sun/pv.ts';
import { DAY, HOUR, type Instant, SLOT } from '../../../units/time.ts';
import { fleet, pastOf, smallModel, today } from './small-fleet.ts';

const [first, second, third] = fleet as [(typeof fleet)[number], (typeof fleet)[number], (typeof fleet)[number]];
const ports: LearnedPorts = {
  cold: createPersistence({ clearSkyKw: (site, at) => pvPower(site, at, 0) }),
};
const requestOf = (site = first, issuedAt: Instant = today, history: History = pastOf(site, issuedAt, 45)): ForecastRequest => ({
  site,
  issuedAt,
  start: issuedAt,
  stepMs: SLOT,
  steps: (2 * DAY) / SLOT,
  history,
});

let models: readonly PooledModel[] = [];
beforeAll(async () => {
  const histories = fleet.map((site) => pastOf(site));
  const net = fleet.map((site, i) => netArchive(site, histories[i] as History, SLOT));
  const zone = (kind: 'import-price' | 'carbon-intensity') => [
    zoneArchive(kind, 'DE', [first, second], [histories[0] as History]),
    zoneArchive(kind, 'PT', [third], [histories[2] as History]),
  ];
  models = [
    pooledModelOf(await smallModel('net', net)),
    pooledModelOf(await smallModel('import-price', zone('import-price'))),
    pooledModelOf(await smallModel('carbon-intensity', zone('carbon-intensity'))),
  ];
}, 60_000);

function trained(saved?: LearnedState, changes: Partial<LearnedPorts> = {}) {
  const forecaster = createLearnedForecaster({ ...ports, ...changes }, saved);
  for (const model of models) forecaster.adopt(model);
  return forecaster;
}
const one = async (forecaster: ReturnType<typeof trained>, request: ForecastRequest) =>
  (await forecaster.forecastFleet([request]))[0] as Awaited<ReturnType<typeof forecaster.forecastFleet>>[number];
/** Values of the last days are something else. */
const lately = (history: History, key: 'pvKw' | 'loadKw', days: number, change: (value: number) => number | undefined): History => {
  const { values, ...rest } = history[key];
  const from = values.length - Math.round((days * DAY) / SLOT);
  return { ...history, [key]: { ...rest, values: values.map((value, i) => (i < from || value === undefined ? value : change(value))) } };
};

describe('the live forecaster', () => {
  test('answers by persistence until a model is trained, and says so', async () => {
    const said = await one(createLearnedForecaster(ports), requestOf());
    expect(said.slots).toEqual(await ports.cold.forecast(requestOf()));
    expect(said.sources).toEqual({
      surplus: { model: 'persistence-1', reason: 'no net model has been trained yet' },
      'import-price': { model: 'persistence-1', reason: 'no import-price model has been trained yet' },
      'carbon-intensity': { model: 'persistence-1', reason: 'no carbon-intensity model has been trained yet' },
    });
  });

  test('answers by the model of the kind once there is one, between 0 and the nameplate, without crossing', async () => {
    const all = await trained().forecastFleet(fleet.map((site) => requestOf(site)));
    for (const [i, { slots, sources, model }] of all.entries()) {
      const peakKw = fleet[i]?.pv[0]?.peakKw as number;
      expect(sources?.surplus).toEqual({ model: models[0]?.id });
      expect(model).toBe(models[0]?.id);
      for (const { surplusKw, carbonIntensity } of slots) {
        for (const { p10, p50, p90 } of [surplusKw, carbonIntensity].map((said) => said as NonNullable<typeof said>)) {
          expect(p10).toBeLessThanOrEqual(p50);
          expect(p50).toBeLessThanOrEqual(p90);
          expect(p10).toBeGreaterThanOrEqual(0);
        }
        expect(surplusKw?.p90).toBeLessThanOrEqual(peakKw);
      }
      expect(Math.max(...slots.map(({ surplusKw }) => surplusKw?.p50 ?? 0))).toBeGreaterThan(0.2 * peakKw);
    }
  });

  test('answers for a day-ahead price as it was published, and by the model beyond it', async () => {
    const request = requestOf(first, today + 13 * HOUR);
    const { slots, baselines } = await one(trained(), request);
    const published = (DAY - 13 * HOUR) / SLOT;
    const known = request.history.importPrice.values.slice(-published);
    expect(slots.slice(0, published).map(({ importPrice }) => importPrice?.p10)).toEqual(known);
    expect(slots.slice(0, published).map(({ importPrice }) => importPrice?.p90)).toEqual(known);
    const beyond = slots.slice(published).map(({ importPrice }) => importPrice as NonNullable<typeof importPrice>);
    expect(beyond.some(({ p10, p90 }) => p90 > p10)).toBe(true);
    expect(baselines?.['import-price']?.start).toBe(today + DAY); // nothing that was certain is a forecast
  });

  test('says the same of a zone at all its sites', async () => {
    const [a, b, c] = await trained().forecastFleet(fleet.map((site) => requestOf(site)));
    const carbon = (said: typeof a) => said?.slots.map(({ carbonIntensity }) => carbonIntensity);
    expect(carbon(a)).toEqual(carbon(b));
    expect(carbon(a)).not.toEqual(carbon(c));
  });

  test('keeps CLIPER and SN24 beside what it said, within the same bounds', async () => {
    const { baselines, slots } = await one(trained(), requestOf());
    const { cliper, repeated, start } = baselines?.surplus ?? { cliper: [], repeated: [], start: 0 };
    expect([start, cliper.length, repeated.length]).toEqual([today, 3 * slots.length, slots.length]);
    expect(Math.min(...cliper, ...repeated)).toBe(0);
    expect(Math.max(...cliper, ...repeated)).toBeLessThanOrEqual(100);
  });

  test('refuses the surplus of a torn history with its numbers, and still names a price', async () => {
    const torn = lately(requestOf().history, 'loadKw', 4, () => undefined);
    const { slots, sources, model } = await one(trained(), requestOf(first, today, torn));
    expect(slots.every(({ surplusKw }) => surplusKw === undefined)).toBe(true);
    expect([model, sources?.surplus.model]).toEqual(['refused', 'refused']);
    expect(sources?.surplus.reason).toMatch(/^thin-history: site-1 \(net\): 28\d of 672 values of the last 7 days/);
    expect(slots.every(({ importPrice }) => importPrice !== undefined)).toBe(true);
  });

  test('lets CLIPER speak for a target whose model has drifted, with the reason', async () => {
    const forecaster = trained();
    await one(forecaster, requestOf());
    const state = JSON.parse(JSON.stringify(forecaster.toJSON())) as LearnedState;
    const track = state.tracks['net/site-1'] as LearnedState['tracks'][string];
    const drifted = {
      ...track,
      drift: { ...track.drift, kind: 'drifted' as const, reason: 'the model lost to CLIPER on 3 days in a row' },
    };
    const after = trained({ ...state, tracks: { ...state.tracks, 'net/site-1': drifted } });
    const said = await after.forecastFleet([requestOf(first), requestOf(second)]);
    expect(said[0]?.sources?.surplus).toEqual({
      model: `cliper/${models[0]?.id}`,
      reason: 'the model lost to CLIPER on 3 days in a row',
    });
    expect(said[1]?.sources?.surplus).toEqual({ model: models[0]?.id });
    const middles = said[0]?.slots.map(({ surplusKw }) => surplusKw?.p50 ?? Number.NaN) as number[];
    const cliper = said[0]?.baselines?.surplus?.cliper.filter((_, i) => i % 3 === 1) as number[];
    for (const [i, middle] of middles.entries()) expect(middle).toBeCloseTo(cliper[i] as number, 2);
  });

  test('stops believing a meter whose unit changed, falls back within the nameplate, and does not forget it', async () => {
    const forecaster = trained();
    await one(forecaster, requestOf());
    const issuedAt = today + DAY;
    const broken = (at: Instant) => lately(pastOf(first, at, 45), 'pvKw', (at - today) / DAY, (kw) => kw * 1_000);
    const { sources, notes, slots } = await one(forecaster, requestOf(first, issuedAt, broken(issuedAt)));
    expect(sources?.surplus.model).toBe('persistence-1');
    expect(sources?.surplus.reason).toMatch(/^the pv meter is not believed: values × 1000/);
    expect(notes?.[0]).toBe(sources?.surplus.reason);
    expect(Math.max(...slots.map(({ surplusKw }) => surplusKw?.p90 ?? 0))).toBeLessThanOrEqual(100);
    // two days later the four weeks before hold the fault, and the site is suspected all the same; after a restart too
    const later = today + 3 * DAY;
    const restarted = trained(JSON.parse(JSON.stringify(forecaster.toJSON())));
    expect((await one(restarted, requestOf(first, later, broken(later)))).sources?.surplus.model).toBe('persistence-1');
    expect((await one(restarted, requestOf(second, later))).sources?.surplus.model).toBe(models[0]?.id);
  });

  test('goes on after a restart as if there had been none', async () => {
    const [through, before] = [trained(), trained()];
    for (let at = today; at < today + 3 * DAY; at += 6 * HOUR) {
      await through.forecastFleet(fleet.map((site) => requestOf(site, at)));
      await before.forecastFleet(fleet.map((site) => requestOf(site, at)));
    }
    const after = trained(JSON.parse(JSON.stringify(before.toJSON())));
    const next = fleet.map((site) => requestOf(site, today + 3 * DAY));
    expect(await after.forecastFleet(next)).toEqual(await through.forecastFleet(next));
    const untaught = await trained().forecastFleet(next);
    expect((await after.forecastFleet(next))[0]?.slots).not.toEqual(untaught[0]?.slots); // it had learned something
  });

  test('takes over from the model before with all that its tracks had learned', async () => {
    const forecaster = trained();
    for (let at = today; at < today + 3 * DAY; at += 6 * HOUR) await forecaster.forecastFleet([requestOf(first, at)]);
    const renewed = { ...(models[0] as PooledModel), id: 'pooled-net@2026-06-24#new' };
    forecaster.adopt(renewed);
    const after = forecaster.toJSON().tracks['net/site-1'];
    expect(after?.pending).toHaveLength(12);
    const said = await one(forecaster, requestOf(first, today + 3 * DAY));
    expect(said.model).toBe(renewed.id);
    const untaught = await one(trained(), requestOf(first, today + 3 * DAY));
    expect(said.slots.map(({ surplusKw }) => surplusKw)).not.toEqual(untaught.slots.map(({ surplusKw }) => surplusKw));
  });

  test('forecasts by the hour when asked to, on the same slots', async () => {
    const histories = fleet.map((site) => pastOf(site));
    const stored = await smallModel(
      'net',
      fleet.map((site, i) => netArchive(site, histories[i] as History, HOUR)),
    );
    const forecaster = createLearnedForecaster({ ...ports, siteStepMs: HOUR });
    forecaster.adopt(pooledModelOf(stored));
    const { slots } = await one(forecaster, requestOf(first, today + 2 * SLOT)); // an issue within an hour
    expect(slots).toHaveLength((2 * DAY) / SLOT);
    expect(slots.every(({ surplusKw }) => surplusKw !== undefined)).toBe(true);
    const noon = (11 * HOUR - 2 * SLOT) / SLOT;
    expect(slots[noon]?.surplusKw).toEqual(slots[noon + 3]?.surplusKw);
  });
});
