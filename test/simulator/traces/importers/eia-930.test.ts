/** EIA-930 balance files: hour ends, thousands, adjusted columns, one authority of many, both generations of sources. */
import { describe, expect, test } from 'vitest';
import { importEia930 } from '../../../../simulator/traces/importers/eia-930.ts';
import { ImportFault } from '../../../../simulator/traces/importers/import-note.ts';
import { toIso } from '../../../../units/time.ts';

const head =
  'Balancing Authority,Data Date,Hour Number,Local Time at End of Hour,UTC Time at End of Hour,Demand Forecast (MW),Demand (MW),Net Generation (MW),Total Interchange (MW)';
const before = `${head},Net Generation (MW) from Coal,Net Generation (MW) from Solar,Demand (MW) (Imputed),Demand (MW) (Adjusted),Net Generation (MW) from Solar (Imputed),Net Generation (MW) from Solar (Adjusted)`;
const row = (code: string, utc: string, ...cells: string[]) =>
  [code, '07/01/2023', '1', 'x', utc, '', ...cells.map((cell) => `"${cell}"`)].join(',');
const july = [
  row('CISO', '07/01/2023 8:00:00 AM', '1', '25,100', '0', '12', '-20', '', '26,000', '', '-5'),
  row('PJM', '07/01/2023 8:00:00 AM', '1', '99,999', '0', '1', '1', '', '99,999', '', '1'),
  row('CISO', '07/01/2023 12:00:00 PM', '1', '25,400', '0', '13', '', '', '26,500.5', '', ''),
  row('CISO', '07/01/2023 9:00:00 AM', '1', '25,200', '0', '', '1,234', '', '26,100', '', '1,234'),
];

describe('EIA-930 balance files', () => {
  test('give demand by the start of each hour, adjusted, thousands and all', () => {
    const { series, beside, note } = importEia930([before, ...july].join('\n'), 'CISO');
    expect(toIso(series.start)).toBe('2023-07-01T07:00:00Z');
    expect(series.values).toEqual([26_000, 26_100, undefined, undefined, 26_500.5]);
    expect(beside?.['solar_mw']?.values).toEqual([-5, 1_234, undefined, undefined, undefined]);
    expect(beside?.['coal_mw']?.values[0]).toBe(12);
    expect(Object.keys(beside ?? {})).toEqual(['net_generation_mw', 'coal_mw', 'solar_mw']);
    expect(note).toMatchObject({ what: 'demand', zone: 'CISO', unit: 'MW', timeZone: 'UTC', records: 3, gaps: 2 });
    expect(note.corrections).toEqual([
      'stamps end their hour and were turned into starts',
      '2 columns were taken as adjusted by the EIA',
      'other balancing authorities of the file were left out',
    ]);
  });
  test('read midnight and noon as twelve', () => {
    const { series } = importEia930([before, row('CISO', '7/1/2023 12:00:00 AM', '1', '5', '0', '1', '1', '', '5', '', '1')].join('\n'));
    expect(toIso(series.start)).toBe('2023-06-30T23:00:00Z');
  });
  test('add up what was split in 2024, through the misspelt header', () => {
    const after = [
      head,
      'Net Generation (MW) from Solar without Integrated Battery Storage',
      'Net Generation (MW) from Solar with Integrated Battery Storage',
      'Net Generation (MW) from Solar without Integrated Battery Storage (Adjusted)',
      'Net Generation (MW) from Solar witho Integrated Battery Storage (Adjusted)',
      'Net Generation (MW) from Pumped Storage  (Adjusted)',
      'Net Generation (MW) from Hydropower Excluding Pumped Storage (Adjusted)',
      'Net Generation (MW) from Unknown Energy Storage',
    ].join(',');
    const { beside } = importEia930(
      [after, row('CISO', '07/01/2024 8:00:00 PM', '1', '1', '1', '9', '9', '1,000', '200', '-7', '30', '')].join('\n'),
    );
    expect(Object.fromEntries(Object.entries(beside ?? {}).map(([name, { values }]) => [name, values[0]]))).toEqual({
      net_generation_mw: 1,
      solar_mw: 1_200,
      pumped_storage_mw: -7,
      hydro_mw: 30,
    });
  });
  test.each([
    { name: 'no authority chosen', text: [before, ...july].join('\n'), says: /the file holds CISO, PJM; name one of them as the zone/ },
    { name: 'an authority that is not there', text: [before, ...july].join('\n'), zone: 'ERCO', says: /holds CISO, PJM; found no ERCO/ },
    {
      name: 'another first column',
      text: 'Region,UTC Time at End of Hour\nCAL,x',
      says: /expected Balancing Authority first, found Region/,
    },
    {
      name: 'a stamp that is none',
      text: [before, row('CISO', '2023-07-01 08:00', '1', '1', '1', '1', '1', '', '1', '', '')].join('\n'),
      says: /line 2: expected a stamp such as 07\/01\/2023/,
    },
    { name: 'no demand', text: 'Balancing Authority,UTC Time at End of Hour\nCISO,07/01/2023 8:00:00 AM', says: /no column Demand/ },
    { name: 'nothing', text: '', says: /expected Balancing Authority first/ },
  ])('fault with $name', ({ text, zone, says }) => {
    expect(() => importEia930(text, zone)).toThrow(ImportFault);
    expect(() => importEia930(text, zone)).toThrow(says);
  });
});
