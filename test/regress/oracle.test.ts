/** What the oracle once got wrong: readings that come after their slot was closed, a kill before the close, a currency nobody foresaw. */
import { describe, expect, test } from 'vitest';
import { createPersistence } from '../../energy-oracle/forecast/persistence.ts';
import { createOracle } from '../../energy-oracle/oracle.ts';
import { createMemorySeriesStore } from '../../energy-oracle/store/memory-series-store.ts';
import { createMemoryLine } from '../../energy-oracle/telemetry/telemetry-source.ts';
import { manualClock } from '../../units/clock.ts';
import { DAY, HOUR, MINUTE, SLOT } from '../../units/time.ts';
import { curveMessage, curveOf, feedKey, keyOf, noon, readingOf, signed, siteOf } from '../energy-oracle/telemetry/messages.ts';

const site = { ...siteOf(1), zone: 'DE-LU' };
const slot = { start: noon, end: noon + SLOT };
const next = { start: noon + SLOT, end: noon + 2 * SLOT };

async function make(store = createMemorySeriesStore(), at = noon) {
  const clock = manualClock(at);
  const [meters, feeds] = [createMemoryLine({ clock }), createMemoryLine({ clock })];
  const oracle = await createOracle({
    clock,
    sites: [site],
    feedKeys: { 'DE-LU': feedKey.publicKey },
    store,
    telemetry: meters.source,
    grid: feeds.source,
    forecaster: createPersistence({ clearSkyKw: () => 0 }),
    wait: async () => {},
    tell: () => {},
    config: { rates: { accounting: 'EUR', perUnit: {} }, horizonMs: DAY, historyMs: 2 * DAY },
  });
  await oracle.open();
  const [meter, feed] = [meters.uplink(), feeds.uplink()];
  await meter.open('meter', () => {});
  await feed.open('feed', () => {});
  const settled = async () => {
    await new Promise((resolve) => setImmediate(resolve));
    await oracle.settled();
  };
  /** 8 kW of sun and 2 kW of load over five minutes from `from`. */
  const read = async (from: number) => {
    for (const [stream, value] of [
      ['pv_power', 8_000],
      ['load_power', 2_000],
    ] as const) {
      const metered = { start: noon + from * MINUTE, end: noon + (from + 5) * MINUTE };
      const { topic, payload } = signed(readingOf(1, from, { stream, value, metered }), keyOf(1));
      await meter.send(topic, payload);
    }
    await settled();
  };
  const surplus = async () => (await oracle.view.facts(site.id, slot, clock.now()))[0]?.surplusWh;
  return { clock, store, oracle, feed, read, settled, surplus };
}

describe('a reading that comes after its slot was closed', () => {
  test('counts from the next close on', async () => {
    const { clock, oracle, read, surplus } = await make();
    clock.set(slot.end);
    for (const from of [0, 5]) await read(from);
    await oracle.closeSlots(slot);
    await read(10);
    expect(await surplus()).toBeUndefined();
    clock.set(next.end);
    await oracle.closeSlots(next);
    expect(await surplus()).toBe(1_500);
  });

  test('does not change when it was known what was whole before', async () => {
    const { clock, store, oracle, read } = await make();
    clock.set(slot.end);
    for (const from of [0, 5, 10]) await read(from);
    await oracle.closeSlots(slot);
    clock.set(next.end);
    await read(0);
    await oracle.closeSlots(next);
    expect(await store.rollups(site.id, 'pv_power', slot, next.end)).toMatchObject([{ availableAt: slot.end }]);
  });
});

test('a reading that was stored just before a kill counts after it', async () => {
  const first = await make();
  first.clock.set(slot.end);
  for (const from of [0, 5, 10]) await first.read(from);
  const second = await make(first.store, next.end); // the first one never came to close the slot
  await second.oracle.closeSlots(next);
  expect(await second.surplus()).toBe(1_500);
});

test('a price in a currency without a rate is a gap, and stops neither facts nor outlooks', async () => {
  const { clock, oracle, feed, settled } = await make();
  const told = curveMessage(curveOf(1, { issuedAt: noon, start: noon, stepMs: HOUR, values: [80], unit: 'JPY/MWh' }));
  await feed.send(told.topic, told.payload);
  await settled();
  clock.set(noon + HOUR);
  expect(await oracle.view.facts(site.id, slot, clock.now())).toMatchObject([{ slot: noon, importPrice: undefined }]);
  expect(await oracle.issueOutlooks()).toHaveLength(1);
});
