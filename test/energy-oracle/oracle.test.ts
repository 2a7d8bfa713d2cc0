/** The oracle over a line and a store in memory: from signed messages to facts and outlooks. */
import { describe, expect, test } from 'vitest';
import type { ForecastRequest } from '../../energy-oracle/forecast/forecaster.ts';
import { createOracle } from '../../energy-oracle/oracle.ts';
import type { Site } from '../../energy-oracle/site.ts';
import { createMemorySeriesStore } from '../../energy-oracle/store/memory-series-store.ts';
import type { MeterKeys } from '../../energy-oracle/telemetry/meter-keys.ts';
import { encodeUnsigned, type Stream, unsignedTopic } from '../../energy-oracle/telemetry/reading.ts';
import { createMemoryLine } from '../../energy-oracle/telemetry/telemetry-source.ts';
import { manualClock } from '../../units/clock.ts';
import { DAY, HOUR, type Instant, MINUTE, SLOT, toIso } from '../../units/time.ts';
import { curveMessage, curveOf, feedKey, keyOf, noon, readingOf, signed, siteOf } from './telemetry/messages.ts';

const gridOnly: Site = { ...siteOf(1), zone: 'DE-LU', exportLimitKw: 6 };
const site = gridOnly;
const withBattery: Site = { ...gridOnly, battery: { capacityKwh: 20, powerKw: 8, roundTripEfficiency: 0.9 } };
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

async function make(site: Site = gridOnly, { takesUnsigned = false, meterKeys }: { takesUnsigned?: boolean; meterKeys?: MeterKeys } = {}) {
  const clock = manualClock(noon);
  const [meters, feeds, bound] = [createMemoryLine({ clock }), createMemoryLine({ clock }), createMemoryLine({ clock })];
  const store = createMemorySeriesStore();
  const asked: ForecastRequest[] = [];
  const told: string[] = [];
  const oracle = await createOracle({
    clock,
    sites: [site],
    feedKeys: { 'DE-LU': feedKey.publicKey },
    store,
    telemetry: meters.source,
    ...(meterKeys ? { meterKeys } : {}),
    ...(takesUnsigned ? { unsigned: bound.source } : {}),
    grid: feeds.source,
    forecaster: {
      model: 'none-1',
      forecast: async (request) => {
        asked.push(request);
        return Array.from({ length: request.steps }, () => ({
          surplusKw: undefined,
          importPrice: undefined,
          carbonIntensity: undefined,
          marginalIntensity: undefined,
        }));
      },
    },
    wait: async () => {},
    tell: (kind, text) => told.push(`${kind}: ${text}`),
    config: { rates: { accounting: 'EUR', perUnit: {} }, horizonMs: DAY, historyMs: 2 * DAY },
  });
  await oracle.open();
  const [meter, feed, connection] = [meters.uplink(), feeds.uplink(), bound.uplink()];
  await meter.open('meter', () => {});
  await connection.open('connection', () => {});
  await feed.open('feed', () => {});
  let seq = 0;
  /** Average W of a stream over minutes of the hour after noon. */
  const read = async (stream: Stream, value: number, from: number, to: number) => {
    const metered = { start: noon + from * MINUTE, end: noon + to * MINUTE };
    clock.set(Math.max(clock.now(), metered.end));
    const { topic, payload } = signed(readingOf(1, seq++, { stream, value, metered }), keyOf(1));
    await meter.send(topic, payload);
  };
  /** As `read`, unsigned, over the site's own connection. */
  const readUnsigned = async (stream: Stream, value: number, from: number, to: number) => {
    const metered = { start: noon + from * MINUTE, end: noon + to * MINUTE };
    clock.set(Math.max(clock.now(), metered.end));
    const reading = readingOf(1, seq++, { stream, value, metered });
    await connection.send(unsignedTopic(reading.provider, reading.site, stream), encodeUnsigned(reading));
  };
  const publish = async (changes: Parameters<typeof curveOf>[1]) => {
    const { topic, payload } = curveMessage(curveOf(seq++, changes));
    await feed.send(topic, payload);
  };
  const settled = async () => {
    await turn();
    await oracle.settled();
  };
  return { clock, store, oracle, read, readUnsigned, publish, settled, asked, told };
}
const hour = { start: noon, end: noon + HOUR };

describe('the facts of a slot', () => {
  test('are the surplus above own load in whole Wh, the part that could not be exported, and the signals', async () => {
    const { clock, oracle, read, publish, settled } = await make();
    await publish({ issuedAt: noon - HOUR, start: noon, stepMs: HOUR, values: [80] });
    await publish({ signal: 'carbon_intensity', unit: 'gCO2eq/kWh', issuedAt: noon - HOUR, start: noon, stepMs: HOUR, values: [300] });
    for (const [from, pv] of [
      [0, 9_000],
      [5, 10_000],
      [10, 12_500],
    ] as const)
      await read('pv_power', pv, from, from + 5);
    for (const from of [0, 5, 10]) await read('load_power', 2_000, from, from + 5);
    await settled();
    await oracle.closeSlots({ start: noon, end: noon + SLOT });
    const [first, ...rest] = await oracle.view.facts(site.id, hour, clock.now());
    // 10.5 kW made, 2 kW used: 8.5 kW over a quarter hour, 2.5 kW above the export limit
    expect(first).toEqual({
      site: site.id,
      slot: noon,
      verdict: { kind: 'certified', certifiedWh: 2_125, verifiedPvWh: 2_625, ceilingWh: 30_000, isThrottled: false },
      surplusWh: 2_125,
      curtailedWh: 625,
      importPrice: 80,
      carbonIntensity: 300,
      marginalIntensity: undefined,
    });
    expect(rest.map(({ slot, surplusWh, curtailedWh }) => [slot, surplusWh, curtailedWh])).toEqual(
      [1, 2, 3].map((n) => [noon + n * SLOT, undefined, undefined]),
    );
    expect(await oracle.surplusOver(hour)).toBe(2_125);
  });

  test.each([
    { name: 'five minutes are missing', pv: [0, 10], load: [0, 5, 10] },
    { name: 'the load is missing', pv: [0, 5, 10], load: [] },
  ])('hold no surplus when $name', async ({ pv, load }) => {
    const { clock, oracle, read, settled } = await make();
    for (const from of pv) await read('pv_power', 9_000, from, from + 5);
    for (const from of load) await read('load_power', 1_000, from, from + 5);
    await settled();
    await oracle.closeSlots({ start: noon, end: noon + SLOT });
    expect((await oracle.view.facts(site.id, hour, clock.now()))[0]).toMatchObject({
      surplusWh: undefined,
      curtailedWh: undefined,
      importPrice: undefined,
    });
  });

  test('certify nothing of a slot for which the key was revoked after its readings were stored', async () => {
    let revoked = false;
    const meterKeys = { validAt: () => (revoked ? undefined : keyOf(1).publicKey), known: () => [] };
    const { clock, oracle, read, settled } = await make(site, { meterKeys });
    for (const from of [0, 5, 10]) await read('pv_power', 9_000, from, from + 5);
    for (const from of [0, 5, 10]) await read('load_power', 1_000, from, from + 5);
    await settled();
    await oracle.closeSlots({ start: noon, end: noon + SLOT });
    expect((await oracle.view.facts(site.id, hour, clock.now()))[0]?.surplusWh).toBe(2_000);
    revoked = true;
    expect((await oracle.view.facts(site.id, hour, clock.now()))[0]?.surplusWh).toBeUndefined();
  });

  describe('of unsigned readings', () => {
    test('certify nothing, while the history for forecasts has them', async () => {
      const { clock, oracle, store, read, readUnsigned, settled, asked } = await make(site, { takesUnsigned: true });
      for (const from of [0, 5, 10]) await readUnsigned('pv_power', 9_000, from, from + 5);
      for (const from of [0, 5, 10]) await read('load_power', 1_000, from, from + 5);
      await settled();
      await oracle.closeSlots({ start: noon, end: noon + SLOT });
      expect((await oracle.view.facts(site.id, hour, clock.now()))[0]).toMatchObject({ surplusWh: undefined, curtailedWh: undefined });
      expect(await oracle.surplusOver(hour)).toBe(0);
      expect(await store.rollups(site.id, 'pv_power', hour, clock.now())).toMatchObject([
        { energyWh: 2_250, coveredMs: SLOT, signedMs: 0 },
      ]);
      await oracle.issueOutlooks();
      expect(asked[0]?.history.pvKw.values.at(-1)).toBe(9);
    });

    test('certify nothing when one reading of a slot is unsigned', async () => {
      const { clock, oracle, read, readUnsigned, settled } = await make(site, { takesUnsigned: true });
      for (const from of [0, 5]) await read('pv_power', 9_000, from, from + 5);
      await readUnsigned('pv_power', 9_000, 10, 15);
      for (const from of [0, 5, 10]) await read('load_power', 1_000, from, from + 5);
      await settled();
      await oracle.closeSlots({ start: noon, end: noon + SLOT });
      expect((await oracle.view.facts(site.id, hour, clock.now()))[0]).toMatchObject({ surplusWh: undefined });
    });

    test('give way to signed ones of the same time, whichever came first, and accuse nobody', async () => {
      const { clock, oracle, store, read, readUnsigned, settled } = await make(site, { takesUnsigned: true });
      for (const from of [0, 5, 10]) await readUnsigned('pv_power', 99_000, from, from + 5);
      for (const from of [0, 5, 10]) await read('pv_power', 9_000, from, from + 5);
      for (const from of [0, 5, 10]) await read('load_power', 1_000, from, from + 5);
      for (const from of [0, 5, 10]) await readUnsigned('load_power', 10, from, from + 5);
      await settled();
      await oracle.closeSlots({ start: noon, end: noon + SLOT });
      expect((await oracle.view.facts(site.id, hour, clock.now()))[0]).toMatchObject({ surplusWh: 2_000 });
      expect((await store.counts()).quarantined).toEqual({});
      expect(await store.bannedSlots()).toEqual([]);
    });

    test('are never heard where no broker binds connections to sites', async () => {
      const { store, readUnsigned, settled } = await make(site);
      await readUnsigned('pv_power', 9_000, 0, 5);
      await settled();
      expect(await store.counts()).toMatchObject({ readings: 0, quarantined: {} });
    });
  });

  test('are zero, not unknown, when the load takes all', async () => {
    const { clock, oracle, read, settled } = await make();
    await read('pv_power', 1_000, 0, 15);
    await read('load_power', 3_000, 0, 15);
    await settled();
    await oracle.closeSlots({ start: noon, end: noon + SLOT });
    expect((await oracle.view.facts(site.id, hour, clock.now()))[0]).toMatchObject({ surplusWh: 0, curtailedWh: 0 });
  });

  test('are curtailed whole while the price is below zero', async () => {
    const { clock, oracle, read, publish, settled } = await make();
    await publish({ issuedAt: noon - HOUR, start: noon, stepMs: HOUR, values: [-1] });
    await read('pv_power', 3_000, 0, 15);
    await read('load_power', 1_000, 0, 15);
    await settled();
    await oracle.closeSlots({ start: noon, end: noon + SLOT });
    expect((await oracle.view.facts(site.id, hour, clock.now()))[0]).toMatchObject({ surplusWh: 500, curtailedWh: 500 });
  });

  test('are as known at the instant asked: before a rollup or an issue was there, it was not', async () => {
    const { clock, oracle, read, publish, settled } = await make();
    await publish({ issuedAt: noon - HOUR, start: noon, stepMs: HOUR, values: [80] });
    await read('pv_power', 3_000, 0, 15);
    await read('load_power', 1_000, 0, 15);
    clock.set(noon + 20 * MINUTE);
    await publish({ issuedAt: noon + 20 * MINUTE, start: noon, stepMs: HOUR, values: [90] });
    await settled();
    await oracle.closeSlots({ start: noon, end: noon + SLOT });
    const at = async (asOf: Instant) => {
      const [facts] = await oracle.view.facts(site.id, hour, asOf);
      return [facts?.surplusWh, facts?.importPrice];
    };
    expect(await at(noon - 2 * HOUR)).toEqual([undefined, undefined]);
    expect(await at(noon + 20 * MINUTE - 1)).toEqual([undefined, 80]);
    expect(await at(noon + 20 * MINUTE)).toEqual([500, 90]);
  });

  test('of two signed values for one interval are banned, both kept as evidence', async () => {
    const { clock, oracle, store, read, settled } = await make();
    await read('pv_power', 3_000, 0, 15);
    await read('load_power', 1_000, 0, 15);
    await read('pv_power', 9_000, 0, 15);
    await settled();
    await oracle.closeSlots({ start: noon, end: noon + SLOT });
    expect((await oracle.view.facts(site.id, hour, clock.now()))[0]).toMatchObject({ surplusWh: undefined });
    expect(Object.values((await store.counts()).quarantined).reduce((sum, count) => sum + count, 0)).toBe(1);
  });

  test('of a site nobody knows are a bug', async () => {
    const { oracle } = await make();
    await expect(oracle.view.facts('mars', hour, noon)).rejects.toThrow(RangeError);
  });
});

describe('the facts of a slot where a battery stands', () => {
  const surplusOf = async (own: Site, readings: readonly (readonly [Stream, number])[]) => {
    const { clock, oracle, store, read, settled } = await make(own);
    for (const [stream, value] of readings) await read(stream, value, 0, 15);
    await settled();
    await oracle.closeSlots({ start: noon, end: noon + SLOT });
    const { quarantined } = await store.counts();
    return [(await oracle.view.facts(own.id, hour, clock.now()))[0]?.surplusWh, quarantined];
  };
  const sun = ['pv_power', 9_000] as const;
  const load = ['load_power', 2_000] as const;
  test.each([
    { name: 'count what it charges as used: nobody else can have it', battery: -4_000, want: 750 },
    { name: 'leave no surplus when it charges more than there is', battery: -8_000, want: 0 },
    { name: 'never count what it gives: it is not a source', battery: 5_000, want: 1_750 },
    { name: 'are as without one while it rests', battery: 0, want: 1_750 },
  ])('$name', async ({ battery, want }) =>
    expect(await surplusOf(withBattery, [sun, load, ['battery_power', battery], ['battery_soc', 40]])).toEqual([want, {}]),
  );

  test('are unknown while it is not metered: what it takes might be all', async () =>
    expect(await surplusOf(withBattery, [sun, load])).toEqual([undefined, {}]));

  test('refuse a power that no nameplate allows', async () =>
    expect(await surplusOf(withBattery, [sun, load, ['battery_power', -8_801]])).toEqual([undefined, { 'out-of-range': 1 }]));

  test('teach the forecaster an own load that what it charges is part of', async () => {
    const { clock, oracle, read, settled, asked } = await make(withBattery);
    await read('pv_power', 9_000, 0, 15);
    await read('load_power', 2_000, 0, 15);
    await read('battery_power', -4_000, 0, 15);
    await settled();
    clock.set(noon + SLOT);
    await oracle.closeSlots({ start: noon, end: noon + SLOT });
    await oracle.issueOutlooks();
    expect(asked[0]?.history.loadKw.values.at(-1)).toBe(6);
  });
});

describe('an outlook', () => {
  test('is issued for every site, kept under its instant, and the newest one before an instant is the answer', async () => {
    const { clock, oracle, told } = await make();
    clock.set(noon + 7 * MINUTE);
    const [first] = await oracle.issueOutlooks();
    clock.set(noon + HOUR);
    const [second] = await oracle.issueOutlooks();
    expect(first).toMatchObject({
      id: `${site.id}@${toIso(noon + 7 * MINUTE)}`,
      site: site.id,
      model: 'none-1',
      start: noon,
      stepMs: SLOT,
      slots: { length: 96 },
    });
    expect(await oracle.view.outlook(site.id, noon + 7 * MINUTE - 1)).toBeUndefined();
    expect(await oracle.view.outlook(site.id, noon + HOUR - 1)).toEqual(first);
    expect(await oracle.view.outlook(site.id, noon + DAY)).toEqual(second);
    expect(told).toContain('outlook: 1 outlooks issued by none-1');
  });

  test('is made of nothing that was not available when it was issued', async () => {
    const { clock, oracle, read, publish, settled, asked } = await make();
    await read('pv_power', 3_000, 0, 15);
    await read('load_power', 1_000, 0, 15);
    await publish({ issuedAt: noon, start: noon, stepMs: HOUR, values: [80, 81] });
    await settled();
    clock.set(noon + SLOT - 1);
    await oracle.issueOutlooks(); // the slot is not closed yet
    clock.set(noon + SLOT);
    await oracle.closeSlots({ start: noon, end: noon + SLOT });
    await oracle.issueOutlooks();
    expect(asked.map(({ history }) => history.pvKw.values.at(-1))).toEqual([undefined, 3]);
    expect(asked.map(({ issuedAt, history }) => history.pvKw.start + history.pvKw.values.length * SLOT <= issuedAt)).toEqual([true, true]);
    expect(asked[1]?.history.importPrice.values.slice(2 * 96, 2 * 96 + 4)).toEqual([80, 80, 80, 81]);
  });
});
