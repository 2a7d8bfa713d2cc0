/** Importers of records: made-up texts in every dialect, and the ways a record can be wrong. */
import { describe, expect, test } from 'vitest';
import { importElectricityMaps } from '../../../../simulator/traces/importers/electricity-maps.ts';
import { importGaiaJobs } from '../../../../simulator/traces/importers/gaia-jobs.ts';
import { ImportFault } from '../../../../simulator/traces/importers/import-note.ts';
import { importOpenMeteo } from '../../../../simulator/traces/importers/open-meteo.ts';
import { importWholesalePrice, type PriceConvention, priceConventions } from '../../../../simulator/traces/importers/wholesale-price.ts';
import { valueAt } from '../../../../units/series.ts';
import { toIso } from '../../../../units/time.ts';

const at = (iso: string) => Date.parse(iso);
const conventionOf = (zone: string): PriceConvention => {
  const convention = priceConventions[zone];
  if (!convention) throw new RangeError(zone);
  return convention;
};
const prices = (zone: string, rows: readonly string[], currency = 'EUR') =>
  importWholesalePrice([`\ufeffDatetime,Price (${currency}/MWh)`, ...rows].join('\r\n'), zone, conventionOf(zone));

describe('wholesale prices', () => {
  test.each([
    { zone: 'DE-LU', stamp: '2022-06-06 08:00:00', start: '2022-06-06T06:00:00Z' },
    { zone: 'DE-LU', stamp: '2022-12-06 08:00:00', start: '2022-12-06T07:00:00Z' },
    { zone: 'GB', stamp: '2022-12-06 18:00:00', start: '2022-12-06T17:00:00Z' },
    { zone: 'US-CAL-CISO', stamp: '2022-06-06 08:00:00', start: '2022-06-06T08:00:00Z' },
    { zone: 'US-MIDA-PJM', stamp: '2022-01-01 05:00:00', start: '2022-01-01T05:00:00Z' },
    { zone: 'US-TEX-ERCO', stamp: '2021-07-01 00:00:00-05:00', start: '2021-07-01T05:00:00Z' },
    { zone: 'CA-ON', stamp: '2022-07-06 08:00:00', start: '2022-07-06T13:00:00Z' },
    { zone: 'AU-VIC', stamp: '2022-12-06 08:00:00', start: '2022-12-05T22:00:00Z' },
    { zone: 'ZA', stamp: '2022-06-06 08:00:00', start: '2022-06-06T06:00:00Z' },
    { zone: 'KR', stamp: '2022-06-06 08:00:00', start: '2022-06-05T23:00:00Z' },
  ])('of $zone stamped $stamp begin at $start', ({ zone, stamp, start }) =>
    expect(toIso(prices(zone, [`${stamp},1.5`]).series.start)).toBe(start),
  );

  test('leave out a row in the hour that clocks skip, and have no gap there', () => {
    const { series, note } = prices('DE-LU', ['2022-03-27 01:00:00,1', '2022-03-27 02:00:00,9', '2022-03-27 03:00:00,3']);
    expect(series.values).toEqual([1, 3]);
    expect(note.corrections.join()).toMatch(/1 rows were stamped in an hour that Europe\/Berlin skips/);
  });
  test('give both hours of a doubled hour their own price', () => {
    const { series } = prices('DE-LU', [
      '2022-10-30 01:00:00,1',
      '2022-10-30 02:00:00,2',
      '2022-10-30 02:00:00,-2',
      '2022-10-30 03:00:00,3',
    ]);
    expect(series.values).toEqual([1, 2, -2, 3]);
  });
  test('leave the second hour a gap when a doubled hour stands there once', () => {
    const { series, note } = prices('DE-LU', ['2022-10-30 01:00:00,1', '2022-10-30 02:00:00,2', '2022-10-30 03:00:00,3']);
    expect(series.values).toEqual([1, 2, undefined, 3]);
    expect(note.gaps).toBe(1);
  });
  test('do not take a stray row elsewhere for the other half of a doubled hour', () => {
    const { series, note } = prices('DE-LU', [
      '2021-10-31 02:00:00,0',
      '2021-10-31 01:00:00,1',
      '2021-10-31 02:00:00,2',
      '2021-10-31 03:00:00,3',
    ]);
    expect(series.values).toEqual([1, 2, undefined, 3]);
    expect(note.corrections.join()).toMatch(/1 hours came twice; the later row was kept/);
  });
  test('keep the later of two rows for a common hour', () =>
    expect(prices('DE-LU', ['2022-02-01 00:00:00,5', '2022-02-01 00:00:00,6']).series.values).toEqual([6]));
  test('keep a missing hour and an empty cell as gaps, and a negative price as it is', () => {
    const { series, note } = prices('DE-LU', ['2022-06-06 00:00:00,120.5', '2022-06-06 01:00:00,', '2022-06-06 03:00:00,-9']);
    expect(series.values).toEqual([120.5, undefined, undefined, -9]);
    expect(note).toMatchObject({
      zone: 'DE-LU',
      unit: 'EUR/MWh',
      currency: 'EUR',
      timeZone: 'Europe/Berlin',
      gaps: 2,
      records: 3,
      resolutionMs: 3_600_000,
    });
  });
  test('of Victoria are Australian dollars whatever the label says, and the note says so', () => {
    const { currency, note } = prices('AU-VIC', ['2022-06-06 08:00:00,224'], 'USD');
    expect(currency).toBe('AUD');
    expect(note.corrections.join()).toMatch(/labelled USD, read as AUD/);
    expect(prices('US-CAL-CISO', ['2022-06-06 08:00:00,224'], 'USD').currency).toBe('USD');
  });
  test('in R$ are BRL', () => expect(prices('BR', ['2022-06-06 08:00:00,55.7'], 'R$').currency).toBe('BRL'));

  test.each([
    { name: 'no price column', text: 'Datetime,Load\n2022-01-01 00:00:00,1', says: /expected a column Price .* found Datetime, Load/ },
    { name: 'no stamp column', text: 'Zeit,Price (EUR/MWh)\n2022-01-01 00:00:00,1', says: /no column Datetime; there are: Zeit/ },
    {
      name: 'a word for a price',
      text: 'Datetime,Price (EUR/MWh)\n2022-01-01 00:00:00,high',
      says: /line 2: expected a number, found "high"/,
    },
    { name: 'a stamp that is none', text: 'Datetime,Price (EUR/MWh)\n01.01.2022 00:00,1', says: /line 2: expected a stamp/ },
    {
      name: 'a day that no month has',
      text: 'Datetime,Price (EUR/MWh)\n2022-02-30 00:00:00,1',
      says: /line 2: expected a stamp .* found 2022-02-30/,
    },
    {
      name: 'an offset where none is expected',
      text: 'Datetime,Price (EUR/MWh)\n2022-01-01 00:00:00+01:00,1',
      says: /expected local stamps without an offset/,
    },
    {
      name: 'a row off the hour',
      text: 'Datetime,Price (EUR/MWh)\n2022-01-01 00:00:00,1\n2022-01-01 00:20:00,1',
      says: /off the grid of 60 min/,
    },
    { name: 'rows of different length', text: 'Datetime,Price (EUR/MWh)\n2022-01-01 00:00:00', says: /not a CSV table/ },
    { name: 'nothing', text: 'Datetime,Price (EUR/MWh)\n', says: /no rows/ },
  ])('fault with $name', ({ text, says }) => {
    const read = () => importWholesalePrice(text, 'DE-LU', conventionOf('DE-LU'));
    expect(read).toThrow(ImportFault);
    expect(read).toThrow(says);
  });
  test('of a zone with offsets fault without one', () =>
    expect(() => prices('US-TEX-ERCO', ['2021-07-01 00:00:00,1'])).toThrow(/with an offset/));
});

const oldHeader =
  'Datetime (UTC),Country,Zone Name,Zone Id,Carbon Intensity gCO₂eq/kWh (direct),Carbon Intensity gCO₂eq/kWh (LCA),Low Carbon Percentage,Renewable Percentage,Data Source,Data Estimated,Data Estimation Method';
const newHeader =
  'Datetime (UTC),Country,Zone name,Zone id,Carbon intensity gCO₂eq/kWh (direct),Carbon intensity gCO₂eq/kWh (Life cycle),Carbon-free energy percentage (CFE%),Renewable energy percentage (RE%),Data source,Data estimated,Data estimation method';

describe('carbon intensities of Electricity Maps', () => {
  const rows = ['2022-06-06 00:00:00,X,Y,DE,300,350,50,40,z,false,', '2022-06-06 02:00:00,X,Y,DE,310,,50,40,z,true,MODE'];
  test.each([
    { name: 'old headers', header: oldHeader },
    { name: 'new headers', header: newHeader },
    { name: 'a 2 that is no subscript', header: newHeader.replaceAll('₂', '2') },
    { name: 'shouting headers', header: oldHeader.toUpperCase() },
  ])('are read under $name', ({ header }) => {
    const { series, note } = importElectricityMaps([header, ...rows].join('\n'));
    expect(toIso(series.start)).toBe('2022-06-06T00:00:00Z');
    expect(series.values).toEqual([350, undefined, undefined]);
    expect(note).toMatchObject({ zone: 'DE', unit: 'gCO2eq/kWh', timeZone: 'UTC', gaps: 2, records: 2 });
    expect(note.corrections).toContain('life-cycle emission factors');
    expect(note.corrections.join()).toMatch(/1 hours are estimates/);
  });
  test('are of combustion alone when asked', () =>
    expect(importElectricityMaps([oldHeader, ...rows].join('\n'), 'direct').series.values).toEqual([300, undefined, 310]));
  test('are read without the columns that say what is estimated, and the note says so', () => {
    const header = newHeader.split(',').slice(0, 8).join(',');
    const cut = rows.map((row) => row.split(',').slice(0, 8).join(','));
    const { series, note } = importElectricityMaps([header, ...cut].join('\n'));
    expect(series.values).toEqual([350, undefined, undefined]);
    expect(note).toMatchObject({ basis: 'average', resolutionMs: 3_600_000 });
    expect(note.corrections.join()).toMatch(/the file does not say which values are estimates/);
  });
  test.each([
    { name: 'five minutes', stamps: ['00:00', '00:05', '00:15'].map((at) => `2022-06-06 ${at}:00`), stepMs: 300_000, gaps: 1 },
    { name: 'days', stamps: ['2022-06-06 00:00:00', '2022-06-07 00:00:00'], stepMs: 86_400_000, gaps: 0 },
    { name: 'hours of which only one is told', stamps: ['2022-06-06 00:00:00'], stepMs: 3_600_000, gaps: 0 },
  ])('may come by $name', ({ stamps, stepMs, gaps }) => {
    const { note } = importElectricityMaps([newHeader, ...stamps.map((stamp) => `${stamp},X,Y,DE,300,350,50,40,z,false,`)].join('\n'));
    expect(note).toMatchObject({ resolutionMs: stepMs, gaps });
  });
  test('fault when the file spans more steps than any record has', () =>
    expect(() => importElectricityMaps([newHeader, rows[0], rows[0]?.replace('2022', '9022')].join('\n'))).toThrow(
      /at most 1100000 steps, found/,
    ));
  test('fault on two zones in one file', () =>
    expect(() => importElectricityMaps([oldHeader, rows[0], rows[1]?.replace('DE', 'FR')].join('\n'))).toThrow(
      /line 3: expected one zone, found DE and FR/,
    ));
  test('fault on a negative one', () =>
    expect(() => importElectricityMaps([oldHeader, rows[0]?.replace('350', '-350')].join('\n'))).toThrow(/≥ 0, found -350/));
});

describe('cloud cover of Open-Meteo', () => {
  const answer = (offset: number, hourly: object) =>
    JSON.stringify({ utc_offset_seconds: offset, timezone: 'America/Los_Angeles', hourly });
  test('is at one offset all year, whatever the clocks of the place do', () => {
    const { series, note } = importOpenMeteo(
      answer(-25_200, { time: ['2022-01-01T00:00', '2022-01-01T01:00', '2022-01-01T02:00'], cloudcover: [100, null, 25] }),
    );
    expect(toIso(series.start)).toBe('2022-01-01T07:00:00Z'); // -7 h, though January in California is at -8 h
    expect(series.values).toEqual([1, undefined, 0.25]);
    expect(note).toMatchObject({ timeZone: 'UTC-07:00', gaps: 1, unit: '1' });
  });
  test('is read under its newer name', () =>
    expect(importOpenMeteo(answer(0, { time: ['2022-01-01T00:00'], cloud_cover: [50] })).series.values).toEqual([0.5]));
  const both = {
    time: ['2022-06-01T12:00', '2022-06-01T13:00', '2022-06-01T14:00'],
    cloud_cover: [50, 0, 25],
    shortwave_radiation: [600, null, 450.5],
  };
  test('gives way to light when that is asked for, which is of the hour before its stamp', () => {
    const { series, note } = importOpenMeteo(answer(-25_200, both), 'ghi');
    expect(toIso(series.start)).toBe('2022-06-01T18:00:00Z');
    expect(series.values).toEqual([600, undefined, 450.5]);
    expect(note).toMatchObject({ what: 'ghi', unit: 'W/m2', gaps: 1 });
    expect(note.corrections[1]).toMatch(/light is of the hour before its stamp/);
    expect(importOpenMeteo(answer(-25_200, both)).note.what).toBe('cloud-cover');
  });
  test('gives way to light when there is nothing else', () =>
    expect(importOpenMeteo(answer(0, { ...both, cloud_cover: undefined })).note.what).toBe('ghi'));
  test('faults with light in another unit', () =>
    expect(() =>
      importOpenMeteo(JSON.stringify({ utc_offset_seconds: 0, hourly: both, hourly_units: { shortwave_radiation: 'MJ/m²' } }), 'ghi'),
    ).toThrow(/expected shortwave_radiation in W\/m², found MJ\/m²/));
  test.each([
    { name: 'text that is not JSON', text: '<html>', says: /not JSON/ },
    { name: 'no offset', text: JSON.stringify({ hourly: { time: [] } }), says: /utc_offset_seconds/ },
    { name: 'no clouds', text: answer(0, { time: ['2022-01-01T00:00'] }), says: /expected hourly.cloud_cover beside 1 times, found none/ },
    { name: 'more than the whole sky', text: answer(0, { time: ['2022-01-01T00:00'], cloudcover: [101] }), says: /0 to 100 %, found 101/ },
  ])('faults with $name', ({ text, says }) => expect(() => importOpenMeteo(text)).toThrow(says));
});

describe('jobs of a GAIA file', () => {
  const text = 'arrival_time,length,cpus\n60.5,600,1\n0,1.25,4\n90,0,2\n90,30,0.5\n';
  test('come by arrival, in milliseconds, with whole accelerators; those without length stay out', () => {
    const { jobs, note } = importGaiaJobs(text, 'seconds');
    expect(jobs).toEqual([
      { at: 0, lengthMs: 1_250, accelerators: 4 },
      { at: 60_500, lengthMs: 600_000, accelerators: 1 },
      { at: 90_000, lengthMs: 30_000, accelerators: 1 },
    ]);
    expect(note.corrections.join()).toMatch(/times read as seconds.*1 jobs without length/);
  });
  test('are as long as the caller says a unit is', () => expect(importGaiaJobs(text, 'hours').jobs[1]?.lengthMs).toBe(600 * 3_600_000));
  test('fault before the trace began', () =>
    expect(() => importGaiaJobs('arrival_time,length,cpus\n-1,5,1', 'seconds')).toThrow(/line 2: expected arrival_time ≥ 0, found -1/));
  test('fault without any', () => expect(() => importGaiaJobs('arrival_time,length,cpus\n', 'seconds')).toThrow(/no job/));
});

test('every convention names a time zone that exists', () => {
  for (const zone of Object.keys(priceConventions))
    expect(
      valueAt(prices(zone, [`2022-06-06 12:00:00${zone === 'US-TEX-ERCO' ? '-05:00' : ''},1`]).series, at('2022-01-01T00:00Z')),
    ).toBeUndefined();
  expect(Object.keys(priceConventions).length).toBe(13);
});
