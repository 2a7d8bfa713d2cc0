/** History: from stored rows to series, the newest issue first, gaps as gaps, nothing that was not known. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Curve } from '../../energy-oracle/grid/grid-feed.ts';
import { createHistoryReader, historyOf, powerSeries, priceOf, signalSeries } from '../../energy-oracle/history.ts';
import { createMemorySeriesStore } from '../../energy-oracle/store/memory-series-store.ts';
import type { Rollup } from '../../energy-oracle/store/series-store.ts';
import { DAY, HOUR, type Instant, MINUTE, SLOT } from '../../units/time.ts';
import { curveOf, noon, siteOf } from './telemetry/messages.ts';

const rates = { accounting: 'EUR', perUnit: { GBP: 1.2 } };
const same = (value: number) => value;
const curve = (changes: Partial<Curve>): Curve => ({ ...curveOf(0), signature: '', start: noon, stepMs: SLOT, ...changes });
const span = (slots: number) => ({ start: noon, end: noon + slots * SLOT });
const rollup = (slot: Instant, energyWh: number, changes: Partial<Rollup> = {}): Rollup => ({
  site: 'site-1',
  stream: 'pv_power',
  slot,
  energyWh,
  coveredMs: SLOT,
  signedMs: SLOT,
  availableAt: slot + SLOT,
  ...changes,
});

describe('a signal on slots', () => {
  test.each([
    {
      name: 'repeats an hourly value on its four slots',
      curves: [curve({ stepMs: HOUR, values: [7, 8] })],
      slots: 6,
      want: [7, 7, 7, 7, 8, 8],
    },
    { name: 'has gaps where no curve is', curves: [curve({ start: noon + SLOT, values: [7] })], slots: 3, want: [undefined, 7, undefined] },
    { name: 'has gaps where a curve has', curves: [curve({ values: [7, undefined, 0] })], slots: 3, want: [7, undefined, 0] },
    {
      name: 'takes the later of two issues, and the earlier where it is silent',
      curves: [curve({ values: [1, 1, 1] }), curve({ values: [2, undefined] })],
      slots: 3,
      want: [2, 1, 1],
    },
    {
      name: 'begins inside a curve that began before',
      curves: [curve({ start: noon - HOUR, stepMs: HOUR, values: [5, 6] })],
      slots: 2,
      want: [6, 6],
    },
    {
      name: 'is the mean of five-minute values',
      curves: [curve({ stepMs: 5 * MINUTE, values: [0, 30, 60, 1, 1, 1] })],
      slots: 2,
      want: [30, 1],
    },
    {
      name: 'has a gap where five-minute values do not cover the slot',
      curves: [curve({ stepMs: 5 * MINUTE, values: [1, 1, 1, 9] })],
      slots: 2,
      want: [1, undefined],
    },
    {
      name: 'has a gap where one of them is missing',
      curves: [curve({ stepMs: 5 * MINUTE, values: [1, undefined, 1] })],
      slots: 1,
      want: [undefined],
    },
    {
      name: 'weighs the steps a slot straddles',
      curves: [curve({ start: noon - 10 * MINUTE, stepMs: 20 * MINUTE, values: [3, 9] })],
      slots: 1,
      want: [5],
    },
  ])('$name', ({ curves, slots, want }) =>
    expect(signalSeries(curves, span(slots), same).values.map((value) => value && Math.round(value * 1e9) / 1e9)).toEqual(want),
  );

  test('is in the accounting currency', () => {
    const pounds = curve({ values: [10, -5], unit: 'GBP/MWh' });
    expect(signalSeries([pounds], span(2), (value, unit) => priceOf(value, unit, rates)).values).toEqual([12, -6]);
    expect(() => priceOf(1, 'JPY/MWh', rates)).toThrow(RangeError);
  });

  test('is the last word on each slot, of any curves on the grid', () => {
    const curves = fc.array(
      fc.record({
        start: fc.integer({ min: -6, max: 6 }),
        step: fc.constantFrom(1, 2, 4),
        values: fc.array(fc.option(fc.nat(99), { nil: undefined }), { minLength: 1, maxLength: 5 }),
      }),
      { maxLength: 4 },
    );
    fc.assert(
      fc.property(curves, (given) => {
        const want: (number | undefined)[] = new Array(8).fill(undefined);
        for (const { start, step, values } of given)
          for (const [index, value] of values.entries())
            for (let slot = start + index * step; slot < start + (index + 1) * step; slot++)
              if (slot >= 0 && slot < 8 && value !== undefined) want[slot] = value;
        const made = given.map(({ start, step, values }) => curve({ start: noon + start * SLOT, stepMs: step * SLOT, values }));
        expect(signalSeries(made, span(8), same).values).toEqual(want);
      }),
      { numRuns: 200 },
    );
  });
});

describe('power on slots', () => {
  test('is the average over each slot that is covered whole, and a gap elsewhere', () =>
    expect(
      powerSeries([rollup(noon, 500), rollup(noon + SLOT, 400, { coveredMs: SLOT - 1 }), rollup(noon + 3 * SLOT, 0)], span(4)).values,
    ).toEqual([2, undefined, undefined, 0]));
});

describe('the history at an instant', () => {
  test('holds what was available then, ends there, and looks ahead only along published prices', async () => {
    const store = createMemorySeriesStore();
    const site = { ...siteOf(1), zone: 'DE-LU' };
    const asOf = noon + 5 * MINUTE;
    const evidence = { topic: '', payload: new Uint8Array(), receivedAt: noon };
    const put = (seq: number, changes: Partial<Curve>) => ({ value: curve({ seq, issuedAt: noon - DAY, ...changes }), evidence });
    await store.putRollups([
      rollup(noon - 2 * SLOT, 500),
      rollup(noon - SLOT, 750, { availableAt: asOf + 1 }),
      rollup(noon, 900, { availableAt: asOf }),
      rollup(noon - SLOT, 100, { stream: 'load_power', availableAt: asOf }),
    ]);
    await store.commit({
      readings: [],
      weather: [],
      quarantined: [],
      curves: [
        put(1, { start: noon - DAY, stepMs: HOUR, values: new Array(48).fill(50) }),
        put(2, { start: noon - DAY, stepMs: HOUR, values: new Array(48).fill(60), issuedAt: noon - HOUR }),
        put(3, { start: noon - DAY, stepMs: HOUR, values: new Array(48).fill(99), issuedAt: asOf + 1 }),
        put(4, { signal: 'carbon_intensity', start: noon - HOUR, stepMs: HOUR, values: [300, 301, 302] }),
      ],
    });
    const history = await historyOf({ store, site, rates, asOf, behindMs: DAY, aheadMs: DAY });
    expect(history.pvKw.values.slice(-3)).toEqual([undefined, 2, undefined]);
    expect(history.loadKw.values.at(-1)).toBeCloseTo(0.4, 12);
    expect(history.pvKw.values).toHaveLength(96);
    expect(history.importPrice.values).toEqual(new Array(192).fill(60));
    expect(history.carbonIntensity.values.slice(-5)).toEqual([undefined, 300, 300, 300, 300]);
    expect(history.marginalIntensity).toBeUndefined();
  });
});

describe('a reader of histories', () => {
  test('says at every issue what one question would, and asks a zone once for its sites', async () => {
    const store = createMemorySeriesStore();
    const begin = noon - (noon % DAY);
    const hours = Array.from({ length: 8 * 24 }, (_, i) => i);
    await store.putRollups(
      hours.flatMap((hour) =>
        ['site-1', 'site-2'].map((name) => rollup(begin + hour * HOUR, hour, { site: name, availableAt: begin + hour * HOUR + SLOT })),
      ),
    );
    const curves = hours.map((hour) => ({
      value: curve({ seq: hour, issuedAt: begin + hour * HOUR, start: begin + hour * HOUR, stepMs: HOUR, values: [hour, hour + 0.5] }),
      evidence: { topic: '', payload: new Uint8Array(), receivedAt: begin + hour * HOUR },
    }));
    await store.commit({ readings: [], curves, weather: [], quarantined: [] });
    const asked: string[] = [];
    const counted = {
      ...store,
      curves: (...query: Parameters<typeof store.curves>) => {
        asked.push(query[1]);
        return store.curves(...query);
      },
    };
    const sites = [
      { ...siteOf(1), zone: 'DE-LU' },
      { ...siteOf(2), zone: 'DE-LU' },
    ];
    const span = { rates, behindMs: 4 * DAY, aheadMs: DAY };
    const read = createHistoryReader({ store: counted, ...span });
    for (let asOf = begin + 4 * DAY + 7 * MINUTE; asOf < begin + 7 * DAY; asOf += 5 * HOUR) {
      const expected = await Promise.all(sites.map((site) => historyOf({ store, site, asOf, ...span })));
      expect(await read(sites, asOf)).toEqual(expected);
    }
    asked.length = 0;
    await read(sites, begin + 7 * DAY);
    await read(sites, begin + 7 * DAY + HOUR);
    expect(asked.filter((signal) => signal === 'day_ahead_price')).toHaveLength(3); // the days before, and twice the last ones
  });

  test('sees at the next issue what came late for yesterday, and the day after what came later still', async () => {
    const store = createMemorySeriesStore();
    const begin = noon - (noon % DAY);
    const read = createHistoryReader({ store, rates, behindMs: 4 * DAY, aheadMs: DAY });
    const seenAt = async (asOf: Instant, slot: Instant) => {
      const [history] = await read([siteOf(1)], asOf);
      return history?.pvKw.values[(slot - (history?.pvKw.start ?? 0)) / SLOT];
    };
    const asOf = begin + HOUR;
    const [yesterday, before] = [begin - HOUR, begin - DAY - HOUR];
    expect(await seenAt(asOf, yesterday)).toBeUndefined();
    await store.putRollups([yesterday, before].map((slot) => rollup(slot, 250, { availableAt: asOf + MINUTE })));
    expect(await seenAt(asOf + HOUR, yesterday)).toBe(1);
    expect(await seenAt(asOf + HOUR, before)).toBeUndefined();
    expect(await seenAt(asOf + DAY, before)).toBe(1);
  });
});
