/** ENTSO-E prices: every generation of the header, and the days on which clocks change. */
import { describe, expect, test } from 'vitest';
import { importEntsoePrice } from '../../../../simulator/traces/importers/entsoe-price.ts';
import { ImportFault } from '../../../../simulator/traces/importers/import-note.ts';
import { toIso } from '../../../../units/time.ts';

const dots = '"MTU (CET/CEST)","Day-ahead Price [EUR/MWh]","Currency","BZN|DE-LU"';
const slashes = '"MTU (CET/CEST)","Area","Sequence","Day-ahead Price (EUR/MWh)","Intraday Period (CET/CEST)","Intraday Price (EUR/MWh)"';
const file = (header: string, ...rows: string[]) => [header, ...rows].join('\n');
const old = (range: string, price: string) => `"${range}","${price}","EUR",""`;
const recent = (range: string, price: string, area = 'BZN|DE-LU', sequence = 'Without Sequence') =>
  `"${range}","${area}","${sequence}","${price}","",""`;

describe('day-ahead prices of ENTSO-E', () => {
  test('are read from the old header, dots and no seconds, a dash as a gap', () => {
    const text = file(
      dots,
      old('01.01.2024 00:00 - 01.01.2024 01:00', '0.10'),
      old('01.01.2024 01:00 - 01.01.2024 02:00', '-'),
      old('01.01.2024 02:00 - 01.01.2024 03:00', '-5'),
    );
    const { series, note } = importEntsoePrice(text);
    expect(toIso(series.start)).toBe('2023-12-31T23:00:00Z');
    expect(series.values).toEqual([0.1, undefined, -5]);
    expect(note).toMatchObject({
      what: 'price',
      zone: 'DE-LU',
      unit: 'EUR/MWh',
      currency: 'EUR',
      timeZone: 'Europe/Berlin',
      gaps: 1,
      resolutionMs: 3_600_000,
      corrections: [],
    });
  });
  test('are read from the new header, slashes and seconds, by the quarter hour', () => {
    const text = file(
      slashes,
      recent('01/07/2025 00:00:00 - 01/07/2025 00:15:00', '80.5'),
      recent('01/07/2025 00:15:00 - 01/07/2025 00:30:00', 'n/e'),
      recent('01/07/2025 00:30:00 - 01/07/2025 00:45:00', '81'),
    );
    const { series, note } = importEntsoePrice(text);
    expect(series).toMatchObject({ start: Date.parse('2025-06-30T22:00Z'), stepMs: 900_000, values: [80.5, undefined, 81] });
    expect(note.zone).toBe('DE-LU');
  });
  test.each([
    { clock: 'MTU (UTC)', start: '2024-07-01T00:00:00Z' },
    { clock: 'MTU (CET)', start: '2024-06-30T23:00:00Z' },
    { clock: 'MTU (CET/CEST)', start: '2024-06-30T22:00:00Z' },
    { clock: 'MTU (WET/WEST)', start: '2024-06-30T23:00:00Z' },
    { clock: 'MTU (EET/EEST)', start: '2024-06-30T21:00:00Z' },
    { clock: 'MTU', start: '2024-06-30T22:00:00Z' },
  ])('stamped under $clock begin at $start', ({ clock, start }) => {
    const { series, note } = importEntsoePrice(file(`${clock},Day-ahead Price (GBP/MWh)`, '01.07.2024 00:00 - 01.07.2024 01:00,7'));
    expect(toIso(series.start)).toBe(start);
    expect(note.currency).toBe('GBP');
    expect(note.corrections.join().includes('the header names no clock; read as CET/CEST')).toBe(clock === 'MTU');
  });

  const autumn = (mark: (n: number) => string) =>
    file(
      slashes,
      ...['01:00', '02:00', '02:00', '03:00'].map((at, i) =>
        recent(`27/10/2024 ${at}:00${mark(i)} - 27/10/2024 0${Math.max(2, i + (i < 2 ? 2 : 1))}:00:00`, String(i + 1)),
      ),
    );
  test.each([
    { name: 'told by the order of the file', mark: () => '' },
    { name: 'marked', mark: (i: number) => (i < 2 ? ' (CEST)' : ' (CET)') },
  ])('have two prices in a doubled hour, $name', ({ mark }) => {
    const { series, note } = importEntsoePrice(autumn(mark));
    expect(toIso(series.start)).toBe('2024-10-26T23:00:00Z');
    expect(series.values).toEqual([1, 2, 3, 4]);
    expect(note.gaps).toBe(0);
  });
  test('have four and four quarters of a doubled hour in order', () => {
    const quarters = ['00', '15', '30', '45'];
    const pass = (from: number) =>
      quarters.map((at, i) =>
        recent(`26/10/2025 02:${at}:00 - 26/10/2025 ${i < 3 ? `02:${quarters[i + 1]}` : '03:00'}:00`, String(from + i)),
      );
    const { series } = importEntsoePrice(file(slashes, ...pass(1), ...pass(5)));
    expect(toIso(series.start)).toBe('2025-10-26T00:00:00Z');
    expect(series.values).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });
  test('leave the second hour a gap when a doubled hour stands there once', () => {
    const text = file(
      slashes,
      recent('27/10/2024 02:00:00 - 27/10/2024 03:00:00', '2'),
      recent('27/10/2024 03:00:00 - 27/10/2024 04:00:00', '3'),
    );
    expect(importEntsoePrice(text).series.values).toEqual([2, undefined, 3]);
  });
  test.each([
    { name: 'left out, silently when empty', price: '-', corrections: [] },
    {
      name: 'left out and counted when priced',
      price: '9',
      corrections: ['1 prices stood in an hour that Europe/Berlin skips and were left out'],
    },
  ])('in the hour that spring skips are $name', ({ price, corrections }) => {
    const text = file(
      slashes,
      recent('31/03/2024 01:00:00 - 31/03/2024 03:00:00', '1'),
      recent('31/03/2024 02:00:00 - 31/03/2024 03:00:00', price),
      recent('31/03/2024 03:00:00 - 31/03/2024 04:00:00', '3'),
    );
    const { series, note } = importEntsoePrice(text);
    expect(series.values).toEqual([1, 3]);
    expect(note.corrections).toEqual(corrections);
  });
  test('by the hour before quarter hours came count for each quarter', () => {
    const text = file(
      slashes,
      recent('30/09/2025 23:00:00 - 01/10/2025 00:00:00', '9'),
      recent('01/10/2025 00:00:00 - 01/10/2025 00:15:00', '1'),
    );
    expect(importEntsoePrice(text).series.values).toEqual([9, 9, 9, 9, 1]);
  });
  test.each([
    { name: 'skip', range: '30/03/2025 01:00:00 - 30/03/2025 03:00:00', next: '30/03/2025 03:00:00 - 30/03/2025 03:15:00' },
    {
      name: 'double',
      range: '26/10/2025 02:00:00 (CEST) - 26/10/2025 02:00:00 (CET)',
      next: '26/10/2025 02:00:00 (CET) - 26/10/2025 02:15:00 (CET)',
    },
  ])('by an hour in which clocks $name another are as long as any', ({ range, next }) =>
    expect(importEntsoePrice(file(slashes, recent(range, '9'), recent(next, '1'))).series.values).toEqual([9, 9, 9, 9, 1]),
  );
  test('are of the zone asked for where the file holds several', () => {
    const range = '01/01/2024 00:00:00 - 01/01/2024 01:00:00';
    const text = file(slashes, recent(range, '1', 'BZN|FR'), recent(range, '2', 'BZN|BE'));
    for (const zone of ['BE', 'BZN|BE'])
      expect(importEntsoePrice(text, zone)).toMatchObject({ series: { values: [2] }, note: { zone: 'BE', records: 1 } });
    expect(() => importEntsoePrice(text)).toThrow(/the file holds FR, BE; name one of them as the zone/);
    expect(() => importEntsoePrice(text, 'DE')).toThrow(/the file holds FR, BE/);
  });
  test('are of the first auction where there were several', () => {
    const range = '01/01/2024 00:00:00 - 01/01/2024 01:00:00';
    const { series, note } = importEntsoePrice(
      file(slashes, recent(range, '2', 'BZN|DE-LU', 'Sequence 2'), recent(range, '1', 'BZN|DE-LU', 'Sequence 1')),
    );
    expect(series.values).toEqual([1]);
    expect(note.corrections).toEqual(['auctions Sequence 2 were left out, Sequence 1 was kept']);
  });
  test.each([
    {
      name: 'no range',
      text: file(slashes, recent('01/01/2024 00:00:00', '1')),
      says: /line 2: expected a range such as .*, found 01\/01\/2024 00:00:00/,
    },
    {
      name: 'a day that no month has',
      text: file(slashes, recent('30/02/2024 00:00:00 - 30/02/2024 01:00:00', '1')),
      says: /expected a range/,
    },
    {
      name: 'a clock nobody keeps',
      text: file('MTU (XYZ),Day-ahead Price (EUR/MWh)', '01.01.2024 00:00 - 01.01.2024 01:00,1'),
      says: /of the clock UTC, .* found XYZ/,
    },
    {
      name: 'a mark nobody uses',
      text: file(slashes, recent('01/01/2024 00:00:00 (PST) - 01/01/2024 01:00:00 (PST)', '1')),
      says: /expected a mark .* found PST/,
    },
    { name: 'load in place of prices', text: file('MTU (UTC),Actual Total Load (MW)', 'x,1'), says: /expected a column Day-ahead Price/ },
    { name: 'nothing', text: file(dots), says: /no rows/ },
  ])('fault with $name', ({ text, says }) => {
    expect(() => importEntsoePrice(text)).toThrow(ImportFault);
    expect(() => importEntsoePrice(text)).toThrow(says);
  });
});
