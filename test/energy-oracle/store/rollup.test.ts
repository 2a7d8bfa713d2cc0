import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rollUp } from '../../../energy-oracle/store/rollup.ts';
import type { Reading, Stream } from '../../../energy-oracle/telemetry/reading.ts';
import { MINUTE, SLOT, slotsTouching } from '../../../units/time.ts';
import { noon } from '../telemetry/messages.ts';

const reading = (stream: Stream, fromMinutes: number, toMinutes: number, value: number): Reading => ({
  provider: 'acme',
  site: 'berlin',
  stream,
  metered: { start: noon + fromMinutes * MINUTE, end: noon + toMinutes * MINUTE },
  value,
  seq: fromMinutes,
  quality: 'measured',
  signature: 'signed',
});
const roll = (stream: Stream, readings: Reading[], slots = [noon, noon + SLOT]) =>
  rollUp({ site: 'berlin', stream, readings }, slots, noon + SLOT);

describe('a rollup', () => {
  test.each([
    { name: 'takes a whole slot of power as energy', readings: [reading('pv_power', 0, 15, 4_000)], want: [[1_000, 15]] },
    {
      name: 'splits a reading over the border of two slots',
      readings: [reading('pv_power', 10, 20, 6_000)],
      want: [
        [500, 5],
        [500, 5],
      ],
    },
    {
      name: 'says how much is covered and guesses nothing',
      readings: [reading('pv_power', 0, 5, 1_200), reading('pv_power', 10, 15, 1_200)],
      want: [[200, 10]],
    },
    { name: 'knows a covered slot of darkness from an unknown one', readings: [reading('pv_power', 0, 15, 0)], want: [[0, 15]] },
    { name: 'keeps the sign of export', readings: [reading('grid_power', 0, 15, -4_000)], want: [[-1_000, 15]] },
    {
      name: 'takes the differences of a register, spread between its readings',
      readings: [reading('energy_export', -5, 0, 700), reading('energy_export', 0, 10, 900), reading('energy_export', 10, 20, 1_000)],
      want: [
        [250, 15],
        [50, 5],
      ],
    },
    {
      name: 'leaves a gap where a register was silent too long or ran backwards',
      readings: [reading('energy_export', -20, -16, 1), reading('energy_export', 0, 1, 900), reading('energy_export', 1, 15, 800)],
      want: [],
    },
  ])('$name', ({ readings, want }) => {
    const rollups = roll(readings[0]?.stream ?? 'pv_power', readings);
    expect(rollups.map(({ energyWh, coveredMs }) => [energyWh, coveredMs / MINUTE])).toEqual(want);
  });

  test('says how much of a slot is signed; of a register both ends must be', () => {
    const unsigned = (stream: Stream, from: number, to: number, value: number) => ({ ...reading(stream, from, to, value), signature: '' });
    const power = roll('pv_power', [reading('pv_power', 0, 5, 1_200), unsigned('pv_power', 5, 15, 1_200)]);
    expect(power.map(({ coveredMs, signedMs }) => [coveredMs, signedMs])).toEqual([[SLOT, 5 * MINUTE]]);
    const register = [reading('energy_export', -5, 0, 700), reading('energy_export', 0, 5, 800), unsigned('energy_export', 5, 15, 900)];
    expect(roll('energy_export', register).map(({ coveredMs, signedMs }) => [coveredMs, signedMs])).toEqual([[SLOT, 5 * MINUTE]]);
  });

  test('conserves energy and time, however the readings lie', () => {
    const part = fc.record({ gap: fc.nat(7), minutes: fc.integer({ min: 1, max: 40 }), value: fc.integer({ min: -5_000, max: 5_000 }) });
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 30 }), (parts) => {
        let minute = 0;
        const readings = parts.map(({ gap, minutes, value }) => {
          minute += gap + minutes;
          return reading('grid_power', minute - minutes, minute, value);
        });
        const rollups = roll('grid_power', readings, slotsTouching({ start: noon, end: noon + minute * MINUTE }));
        const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
        expect(sum(rollups.map(({ energyWh }) => energyWh))).toBeCloseTo(sum(parts.map(({ minutes, value }) => (value * minutes) / 60)), 6);
        expect(sum(rollups.map(({ coveredMs }) => coveredMs))).toBe(sum(parts.map(({ minutes }) => minutes)) * MINUTE);
        expect(rollups.every(({ coveredMs }) => coveredMs > 0 && coveredMs <= SLOT)).toBe(true);
      }),
    );
  });

  test('refuses to make energy of a state of charge, or to count overlapping readings twice', () => {
    expect(() => roll('battery_soc', [reading('battery_soc', 0, 15, 50)])).toThrow(RangeError);
    expect(() => roll('pv_power', [reading('pv_power', 0, 15, 1), reading('pv_power', 14, 16, 1)])).toThrow(RangeError);
  });
});
