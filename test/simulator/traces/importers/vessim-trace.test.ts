/** Vessim traces: two kinds of stamps, and what must be told because the file does not say it. */
import { describe, expect, test } from 'vitest';
import { ImportFault } from '../../../../simulator/traces/importers/import-note.ts';
import { importVessimTrace } from '../../../../simulator/traces/importers/vessim-trace.ts';
import { toIso } from '../../../../units/time.ts';

const seconds = 'time,Berlin,Cape Town\n0,0.0,0.5\n300,0.25,0.75\n900,,1\n';
const dates = 'time,Caiso_North\n2023-06-08 00:00:00,425.5\n2023-06-08 00:05:00,432\n';
const start = Date.parse('2022-06-15T00:00Z');

describe('a trace of Vessim', () => {
  test('in seconds is laid where the caller says', () => {
    const { series, note } = importVessimTrace(seconds, { kind: 'pv-power', column: 'Berlin', start });
    expect(series).toEqual({ start, stepMs: 300_000, values: [0, 0.25, undefined, undefined] });
    expect(note).toMatchObject({ what: 'pv-power', zone: 'Berlin', unit: 'kW/kWp', gaps: 2, records: 3 });
    expect(note.corrections).toEqual([
      'numbers read as kW/kWp, as told; the file does not say',
      'times are seconds since the start that was told',
      '1 other columns were left out',
    ]);
  });
  test('in dates needs no start, and one column no name', () => {
    const { series, note } = importVessimTrace(dates, { kind: 'carbon-intensity', basis: 'marginal' });
    expect(toIso(series.start)).toBe('2023-06-08T00:00:00Z');
    expect(note).toMatchObject({ zone: 'Caiso_North', basis: 'marginal', unit: 'gCO2eq/kWh' });
  });
  test.each([
    { name: 'no column chosen', text: seconds, meaning: { start }, says: /the file holds Berlin, Cape Town; name one of them as the zone/ },
    { name: 'a column that is not there', text: seconds, meaning: { column: 'Oslo', start }, says: /holds Berlin, Cape Town/ },
    { name: 'the column of time', text: seconds, meaning: { column: 'time', start }, says: /holds Berlin/ },
    { name: 'seconds since nobody knows when', text: seconds, meaning: { column: 'Berlin' }, says: /say which instant that is/ },
    { name: 'another first column', text: 'hour,a\n1,2', meaning: {}, says: /expected time and a column a place, found hour, a/ },
    { name: 'one row', text: 'time,a\n0,1', meaning: { start }, says: /fewer than two rows/ },
  ])('faults with $name', ({ text, meaning, says }) => {
    const read = () => importVessimTrace(text, { kind: 'pv-power', ...meaning });
    expect(read).toThrow(ImportFault);
    expect(read).toThrow(says);
  });
});
