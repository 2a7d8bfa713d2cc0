/** WattTime: pounds, the marginal basis, three shapes of one record, and what is refused. */
import { describe, expect, test } from 'vitest';
import { ImportFault } from '../../../../simulator/traces/importers/import-note.ts';
import { importWattTime } from '../../../../simulator/traces/importers/watttime.ts';
import { toIso } from '../../../../units/time.ts';

const csv = 'point_time,value\n2023-06-08T00:00:00+00:00,937\n2023-06-08T00:05:00+00:00,952.5\n2023-06-08T00:15:00+00:00,0\n';
const points = [
  { point_time: '2023-06-08T00:00:00+00:00', value: 937 },
  { point_time: '2023-06-08T00:05:00+00:00', value: 952.5 },
  { point_time: '2023-06-08T00:15:00+00:00', value: 0 },
];
const meta = {
  data_point_period_seconds: 300,
  region: 'CAISO_NORTH',
  signal_type: 'co2_moer',
  units: 'lbs_co2_per_mwh',
  model: { date: '2023-03-01' },
};
const v3 = (changed: object = {}, data: object[] = points) => JSON.stringify({ data, meta: { ...meta, ...changed } });
const v2 = JSON.stringify(
  points.map((point) => ({ ...point, frequency: 300, market: 'RTM', ba: 'CAISO_NORTH', datatype: 'MOER', version: '3.2' })),
);

describe('marginal carbon intensities of WattTime', () => {
  test.each([
    { name: 'a table', text: csv, zone: '' },
    { name: 'the answer of version 3', text: v3(), zone: 'CAISO_NORTH' },
    { name: 'the list of version 2', text: v2, zone: 'CAISO_NORTH' },
  ])('are grams from pounds, in $name', ({ text, zone }) => {
    const { series, note } = importWattTime(text);
    expect(toIso(series.start)).toBe('2023-06-08T00:00:00Z');
    expect(series.values.map((value) => value?.toFixed(6))).toEqual(['425.016051', '432.046732', undefined, '0.000000']);
    expect(note).toMatchObject({ what: 'carbon-intensity', zone, unit: 'gCO2eq/kWh', basis: 'marginal', resolutionMs: 300_000, gaps: 1 });
    expect(note.corrections.join()).toMatch(/pounds of CO2 per MWh times 0.45359237,marginal: what one more kWh makes/);
  });
  test('are taken for what WattTime sells most when no signal is named, and the note says so', () => {
    expect(importWattTime(csv).note.corrections).toContain('the record names no signal; read as co2_moer');
    expect(importWattTime(v3()).note.corrections.join()).not.toMatch(/names no signal/);
  });
  test('are of the zone that is told where the file tells none', () => expect(importWattTime(csv, 'CAISO').note.zone).toBe('CAISO'));
  test('are averages when the signal is one', () => expect(importWattTime(v3({ signal_type: 'co2_aoer' })).note.basis).toBe('average'));
  test('say when stamps had no offset', () =>
    expect(importWattTime(csv.replaceAll('+00:00', '')).note.corrections.join()).toMatch(/3 stamps without an offset were read as UTC/));

  test.each([
    { name: 'another signal', text: v3({ signal_type: 'health_damage' }), says: /expected the signal co2_moer.* found "health_damage"/ },
    { name: 'another unit', text: v3({ units: 'g_per_kwh' }), says: /expected units lbs_co2_per_mwh, found g_per_kwh/ },
    { name: 'the name of an inherited property', text: v3({ signal_type: 'constructor' }), says: /found "constructor"/ },
    {
      name: 'two regions in a table',
      text: 'point_time,value,region\n2023-06-08T00:00Z,1,A\n2023-06-08T00:05Z,1,B',
      says: /one region, found A, B/,
    },
    {
      name: 'two regions in a list',
      text: JSON.stringify(points.map((point, i) => ({ ...point, ba: `Z${i % 2}` }))),
      says: /one region, found Z0, Z1/,
    },
    {
      name: 'two signals in a list',
      text: JSON.stringify(points.map((point, i) => ({ ...point, datatype: i > 0 ? 'MOER' : 'AOER' }))),
      says: /one signal, found AOER, MOER/,
    },
    { name: 'less than none', text: csv.replace('937', '-937'), says: /line 2: expected an intensity ≥ 0, found -937/ },
    { name: 'one point', text: v3({}, points.slice(0, 1)), says: /fewer than two rows/ },
    { name: 'no points', text: v3({}, []), says: /fewer than two rows|no rows/ },
    { name: 'something else', text: '{"data": 5}', says: /expected array/ },
  ])('fault with $name', ({ text, says }) => {
    expect(() => importWattTime(text)).toThrow(ImportFault);
    expect(() => importWattTime(text)).toThrow(says);
  });
});
