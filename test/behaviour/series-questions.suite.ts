/**
 * What every series store answers to those who chart: samples, last values, energy by step, and what was imported.
 *
 * Part of the series store's suite. The store in memory, which sums what it has when it is asked, is the second
 * implementation that the sums of the engines are compared with, to the bit; only sums over sites, where an engine may
 * add in its own order, to twelve digits.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createMemorySeriesStore } from '../../energy-oracle/store/memory-series-store.ts';
import {
  type EnergyStep,
  everStored,
  type ImportedReadings,
  type Rollup,
  type SeriesStore,
} from '../../energy-oracle/store/series-store.ts';
import type { Reading, Stream } from '../../energy-oracle/telemetry/reading.ts';
import { DAY, HOUR, type Instant, MINUTE, SLOT } from '../../units/time.ts';
import type { OpenedStore } from './series-store.suite.ts';

const midnight = Date.UTC(2026, 5, 1);
const whole = { start: 0, end: Date.UTC(2100, 0, 1) };
const nothing = { readings: [], curves: [], weather: [], quarantined: [] };

function accepted(site: string, stream: Stream, seq: number, start: Instant, value: number, receivedAt: Instant) {
  const metered = { start, end: start + 5 * MINUTE };
  const reading: Reading = { provider: 'p', site, stream, metered, value, seq, quality: 'measured', signature: `s${seq}` };
  return { value: reading, evidence: { topic: 't', payload: new Uint8Array([1]), receivedAt } };
}

const rollup = (site: string, slot: number, energyWh: number, availableAt: Instant, stream: Stream = 'pv_power'): Rollup => ({
  site,
  stream,
  slot: midnight + slot * SLOT,
  energyWh,
  coveredMs: SLOT,
  signedMs: SLOT / 2,
  availableAt,
});

const steps: readonly EnergyStep[] = ['slot', 'hour', 'day'];

export function seriesQuestionsSuite(open: () => Promise<OpenedStore>): void {
  describe('a sample', () => {
    test('is a reading from the instant it was received', async () => {
      const { store } = await open();
      const readings = [0, 1, 2].map((seq) =>
        accepted('evora', 'pv_power', seq, midnight + seq * 5 * MINUTE, seq + 0.1, midnight + HOUR - seq),
      );
      await store.commit({ ...nothing, readings });
      const at = (asOf: Instant) => store.samples('evora', 'pv_power', whole, asOf);
      expect(await at(everStored)).toEqual(
        readings.map(({ value: { site, stream, metered, value }, evidence }) => ({
          site,
          stream,
          metered,
          value,
          availableAt: evidence.receivedAt,
        })),
      );
      expect((await at(midnight + HOUR - 1)).map(({ value }) => value)).toEqual([1.1, 2.1]);
      expect((await store.readings('evora', 'pv_power', whole, midnight + HOUR - 2)).map(({ seq }) => seq)).toEqual([2]);
      expect(await at(midnight)).toEqual([]);
      expect(
        await store.samples('evora', 'pv_power', { start: midnight + 5 * MINUTE, end: midnight + 6 * MINUTE }, everStored),
      ).toHaveLength(1);
    });

    test('is never one for two: numbers of one instant are kept apart', async () => {
      const { store } = await open();
      const twins = [7, 1_000_008].map((seq) => accepted('evora', 'pv_power', seq, midnight, seq, midnight + HOUR));
      await store.commit({ ...nothing, readings: twins });
      expect((await store.samples('evora', 'pv_power', whole, everStored)).map(({ value }) => value)).toEqual([7, 1_000_008]);
    });
  });

  describe('the latest', () => {
    test('is the last of every site and stream as it was known, in order', async () => {
      const { store, reopen } = await open();
      const at = (minute: number) => midnight + minute * MINUTE;
      await store.commit({
        ...nothing,
        readings: [
          accepted('faro', 'pv_power', 0, at(0), 1, at(6)),
          accepted('evora', 'pv_power', 1, at(5), 3, at(30)), // late
          accepted('evora', 'pv_power', 0, at(0), 2, at(6)),
          accepted('evora', 'pv_power', 2, at(10), 4, at(16)),
          accepted('evora', 'load_power', 0, at(0), 5, at(7)),
          accepted('lagos', 'grid_power', 0, at(-40 * 24 * 60), 6, at(-40 * 24 * 60 + 6)), // silent for forty days
        ],
      });
      const values = async (from: SeriesStore, asOf: Instant) =>
        (await from.latest(asOf)).map(({ site, stream, value }) => [site, stream, value]);
      const last = [
        ['evora', 'load_power', 5],
        ['evora', 'pv_power', 4],
        ['faro', 'pv_power', 1],
        ['lagos', 'grid_power', 6],
      ];
      expect(await values(store, at(60))).toEqual(last);
      if (reopen) expect(await values(reopen(), at(60))).toEqual(last);
      expect(await values(store, at(6))).toEqual([
        ['evora', 'pv_power', 2],
        ['faro', 'pv_power', 1],
        ['lagos', 'grid_power', 6],
      ]);
      expect(await values(store, at(-41 * 24 * 60))).toEqual([]);
    });
  });

  describe('energy', () => {
    test('is the sum of its slots by hour and by day, and what is covered of them', async () => {
      const { store } = await open();
      await store.putRollups([0, 1, 2, 3, 5, 96].map((slot) => rollup('evora', slot, 10 + slot, midnight + DAY)));
      const sums = async (step: EnergyStep) =>
        (await store.energy('evora', 'pv_power', whole, step, everStored)).map(({ start, energyWh, coveredMs }) => [
          (start - midnight) / HOUR,
          energyWh,
          coveredMs / SLOT,
        ]);
      expect(await sums('hour')).toEqual([
        [0, 46, 4],
        [1, 15, 1],
        [24, 106, 1],
      ]);
      expect(await sums('day')).toEqual([
        [0, 61, 5],
        [24, 106, 1],
      ]);
      const within = await store.energy('evora', 'pv_power', { start: midnight + HOUR - 1, end: midnight + HOUR }, 'hour', everStored);
      expect(within.map(({ start }) => start)).toEqual([midnight]);
      expect(await store.energy('evora', 'pv_power', { start: midnight, end: midnight }, 'day', everStored)).toEqual([]);
      expect(await store.energy('evora', 'load_power', whole, 'day', everStored)).toEqual([]);
    });

    test('follows a slot that a late reading changed, at every step', async () => {
      const { store } = await open();
      await store.putRollups([0, 1, 2, 3].map((slot) => rollup('evora', slot, 10, midnight + HOUR)));
      await store.putRollups([rollup('evora', 2, 99, midnight + 2 * HOUR)]);
      for (const step of ['hour', 'day'] as const) {
        const [sum] = await store.energy('evora', 'pv_power', whole, step, everStored);
        expect(sum).toEqual({ start: midnight, energyWh: 129, coveredMs: HOUR, signedMs: HOUR / 2, availableAt: midnight + 2 * HOUR });
        const [before] = await store.energy('evora', 'pv_power', whole, step, midnight + HOUR);
        expect(before?.energyWh).toBe(30); // what it became was not known yet
      }
    });

    test('is conserved from slots to hours to days, whatever is put when and asked as of when', async () => {
      const { store } = await open();
      let run = 0;
      const put = fc.record({
        site: fc.constantFrom('a', 'b', 'c'),
        slot: fc.integer({ min: 0, max: 220 }),
        energyWh: fc.double({ min: -1e4, max: 1e4, noNaN: true }).map((wh) => wh + 0),
        availableHour: fc.integer({ min: 0, max: 5 }),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(fc.array(put, { minLength: 1, maxLength: 40 }), { maxLength: 4 }), async (calls) => {
          run += 1; // a world of its own for every run: nothing else lies in its years
          const aside = run * 10 * DAY;
          const reference = createMemorySeriesStore();
          for (const call of calls) {
            const rollups = call.map(({ site, slot, energyWh, availableHour }) => ({
              ...rollup(site, slot, energyWh, midnight + aside + availableHour * HOUR),
              slot: midnight + aside + slot * SLOT,
            }));
            await Promise.all([store.putRollups(rollups), reference.putRollups(rollups)]);
          }
          const interval = { start: midnight + aside + 30 * MINUTE, end: midnight + aside + 2.2 * DAY };
          for (const step of steps)
            for (const asOf of [everStored, midnight + aside + 2 * HOUR]) {
              for (const site of ['a', 'b', 'c'])
                expect(await store.energy(site, 'pv_power', interval, step, asOf)).toEqual(
                  await reference.energy(site, 'pv_power', interval, step, asOf),
                );
              const fleet = await store.fleetEnergy('pv_power', interval, step, asOf);
              const want = await reference.fleetEnergy('pv_power', interval, step, asOf);
              expect(fleet.map(({ energyWh, ...rest }) => rest)).toEqual(want.map(({ energyWh, ...rest }) => rest));
              for (const [i, { energyWh }] of fleet.entries())
                expect(Math.abs(energyWh - (want[i]?.energyWh ?? Number.NaN))).toBeLessThanOrEqual(1e-7); // of ±10⁴ Wh each
            }
        }),
        { numRuns: 12 },
      );
    }, 60_000);
  });

  describe('an import', () => {
    const imported = (from: Instant, count: number, change: Partial<ImportedReadings> = {}): ImportedReadings => ({
      site: 'evora',
      stream: 'pv_power',
      samples: Array.from({ length: count }, (_, i) => {
        const start = from + i * 5 * MINUTE;
        return { metered: { start, end: start + 5 * MINUTE }, value: 1_200 };
      }),
      availableAt: midnight + 9 * DAY,
      ...change,
    });

    test('is samples and energy of the past, unsigned, known from when it came', async () => {
      const { store, reopen } = await open();
      expect(await store.importReadings(imported(midnight, 24))).toBe(24);
      const read = reopen ? reopen() : store;
      expect(await read.samples('evora', 'pv_power', whole, everStored)).toHaveLength(24);
      expect(await read.samples('evora', 'pv_power', whole, midnight + 9 * DAY - 1)).toEqual([]);
      const hour = { energyWh: 1_200, coveredMs: HOUR, signedMs: 0, availableAt: midnight + 9 * DAY };
      expect(await read.energy('evora', 'pv_power', whole, 'hour', everStored)).toEqual([
        { start: midnight, ...hour },
        { start: midnight + HOUR, ...hour },
      ]);
      expect((await read.latest(everStored))[0]?.metered.start).toBe(midnight + 115 * MINUTE);
      expect((await read.counts()).readings).toBe(24);
    });

    test('leaves out what meets a stored reading, so it may be repeated and overlap', async () => {
      const { store } = await open();
      await store.commit({ ...nothing, readings: [accepted('evora', 'pv_power', 0, midnight + 10 * MINUTE, 600, midnight + HOUR)] });
      expect(await store.importReadings(imported(midnight, 6))).toBe(5);
      expect(await store.importReadings(imported(midnight, 12))).toBe(6);
      expect(await store.importReadings(imported(midnight, 12))).toBe(0);
      const samples = await store.samples('evora', 'pv_power', whole, everStored);
      expect(samples.map(({ value }) => value)).toEqual([1_200, 1_200, 600, ...Array(9).fill(1_200)]);
      expect((await store.energy('evora', 'pv_power', whole, 'slot', everStored)).map(({ energyWh }) => energyWh)).toEqual([
        250, 300, 300, 300,
      ]);
      const [hour] = await store.energy('evora', 'pv_power', whole, 'hour', everStored);
      expect(hour).toMatchObject({ energyWh: 1_150, coveredMs: HOUR, signedMs: 5 * MINUTE });
    });

    test('of a register is its differences, across hours', async () => {
      const { store } = await open();
      const { samples } = imported(midnight, 24);
      const register = samples.map(({ metered }, i) => ({ metered, value: i * 50 }));
      await store.importReadings(imported(midnight, 24, { stream: 'energy_export', samples: register }));
      const hours = await store.energy('evora', 'energy_export', whole, 'hour', everStored);
      expect(hours.map(({ energyWh, coveredMs }) => [Math.round(energyWh * 1e6) / 1e6, coveredMs])).toEqual([
        [550, HOUR - 5 * MINUTE],
        [600, HOUR],
      ]);
    });

    test('of nothing, of overlapping samples or of impossible lengths is a bug of the caller', async () => {
      const { store } = await open();
      const [first] = imported(midnight, 1).samples;
      const twice = first ? [first, first] : [];
      await expect(store.importReadings(imported(midnight, 0))).rejects.toThrow(RangeError);
      await expect(store.importReadings(imported(midnight, 2, { samples: twice }))).rejects.toThrow(/without overlap/);
      const day = [{ metered: { start: midnight, end: midnight + DAY }, value: 1 }];
      await expect(store.importReadings(imported(midnight, 1, { samples: day }))).rejects.toThrow(RangeError);
      expect(await store.samples('evora', 'pv_power', whole, everStored)).toEqual([]);
    });
  });
}
