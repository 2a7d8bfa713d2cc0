/** Prices stamped in UTC beside local time. */
import { describe, expect, test } from 'vitest';
import { importUtcPrice } from '../../../../simulator/traces/importers/utc-price.ts';
import { toIso } from '../../../../units/time.ts';

const header = 'Datetime (UTC),Datetime (Local),Price (USD/MWh)';

describe('prices stamped in UTC', () => {
  test('are read by that column alone: the doubled local hour is two hours', () => {
    const rows = [
      '2022-10-29 23:00:00,2022-10-30 01:00:00,1',
      '2022-10-30 00:00:00,2022-10-30 02:00:00,2',
      '2022-10-30 01:00:00,2022-10-30 02:00:00,-3',
    ];
    const { series, note, currency } = importUtcPrice([header, ...rows].join('\n'), 'DE-LU');
    expect(toIso(series.start)).toBe('2022-10-29T23:00:00Z');
    expect(series.values).toEqual([1, 2, -3]);
    expect(currency).toBe('USD');
    expect(note).toMatchObject({
      what: 'price',
      zone: 'DE-LU',
      unit: 'USD/MWh',
      currency: 'USD',
      timeZone: 'UTC',
      gaps: 0,
      records: 3,
      corrections: [],
    });
  });
  test('may come by the quarter hour, and twice', () => {
    const rows = ['2025-10-01 00:00:00,x,1', '2025-10-01 00:15:00,x,2', '2025-10-01 00:15:00,x,3', '2025-10-01 00:45:00,x,4'];
    const { series, note } = importUtcPrice([header.replace('USD', '€'), ...rows].join('\n'));
    expect(series).toMatchObject({ stepMs: 900_000, values: [1, 3, undefined, 4] });
    expect(note).toMatchObject({ currency: 'EUR', gaps: 1, corrections: ['1 stamps came twice; the later row was kept'] });
  });
  test('fault without a price', () => expect(() => importUtcPrice('Datetime (UTC),Load\n')).toThrow(/expected a column Price/));
});
