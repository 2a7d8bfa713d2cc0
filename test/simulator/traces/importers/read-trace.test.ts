/** One door for every record: told apart by its beginning, read as the kind asked for, and back from our own files. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { detectFormat } from '../../../../simulator/traces/importers/detect.ts';
import { type FormatName, formatNames, formats } from '../../../../simulator/traces/importers/formats.ts';
import { type Imported, ImportFault } from '../../../../simulator/traces/importers/import-note.ts';
import { importOwnJobs, ownJobsText } from '../../../../simulator/traces/importers/own-jobs.ts';
import { importOwnSeries, ownSeriesText } from '../../../../simulator/traces/importers/own-series.ts';
import { readRecord, readTrace } from '../../../../simulator/traces/importers/read-trace.ts';
import { type RecordSample, recordSamples } from '../../../fixtures/record-samples.ts';

const samples = Object.entries(recordSamples).map(([name, sample]) => ({ name: name as FormatName, ...sample }));
const faultOf = (read: () => unknown): ImportFault => {
  try {
    read();
  } catch (fault) {
    if (fault instanceof ImportFault) return fault;
    throw fault;
  }
  throw new Error('read without a fault');
};
const price = (recordSamples['wholesale-price'] as RecordSample).text;

describe('the format of a record', () => {
  test.each(samples)('$name is told by its beginning', ({ name, text }) => {
    expect(detectFormat(text)).toBe(name);
    expect(detectFormat(text.replaceAll('\n', '\r\n'))).toBe(name);
  });
  test('every one has a sample here', () => expect(samples.map(({ name }) => name)).toEqual(formatNames));
  test.each([
    { name: 'nothing', text: '' },
    { name: 'a page in place of data', text: '<!DOCTYPE html><html><body>Not found</body></html>' },
    { name: 'a header nobody knows', text: 'sn,cpu_milli,memory_mib,gpu,model\nn,1,1,1,T4\n' },
    { name: 'JSON of something else', text: '{"message": "unauthorized"}' },
  ])('of $name is refused, with the list', ({ text }) => {
    const fault = faultOf(() => detectFormat(text));
    expect(fault.needs).toBe('format');
    expect(fault.message).toMatch(/its beginning is of no format/);
    for (const name of formatNames) expect(fault.message).toContain(name);
  });
  test('that fits two is refused by both names', () => {
    const both = 'Datetime,Datetime (UTC),Price (EUR/MWh)\n';
    expect(faultOf(() => detectFormat(both)).message).toMatch(/fits wholesale-price and utc-price/);
  });
  test('is asked of the file’s name last', () => {
    expect(detectFormat('; nothing but a comment', 'log.swf.gz')).toBe('swf');
    expect(detectFormat(price, 'prices.epw')).toBe('wholesale-price');
  });
});

describe('a record read through the one door', () => {
  test.each(samples)('of $name is the kind it tells', ({ name, text, options, what }) => {
    const { note, format } = readRecord(text, options);
    expect({ format, what: note.what }).toEqual({ format: name, what });
    expect(formats[name].gives as readonly string[]).toContain(what);
    expect(note.records).toBeGreaterThan(0);
    expect(Object.keys(options ?? {}).every((key) => (formats[name].takes as readonly string[]).includes(key))).toBe(true);
  });
  test('of another kind than asked for is refused', () =>
    expect(() => readTrace('carbon-intensity', price, { zone: 'DE-LU' })).toThrow(
      /expected a record of carbon-intensity, found one of price \(read as wholesale-price\)/,
    ));
  test('of the kind asked for is handed out', () => {
    expect(readTrace('price', price, { zone: 'DE-LU' }).series.values).toEqual([120.5, -9, undefined, 80]);
    expect(readTrace('jobs', recordSamples['own-jobs'].text).jobs).toHaveLength(2);
  });
  test('is of the kind asked for where it does not say its own, or holds several', () => {
    expect(readTrace('pv-power', recordSamples.vessim.text, { zone: 'Berlin', start: 0 }).series.values).toEqual([0, 0.25]);
    const clouds = recordSamples['open-meteo'].text;
    expect(readTrace('cloud-cover', clouds).series.values).toEqual([1, 0.25]);
    expect(() => readTrace('ghi', clouds)).toThrow(/expected hourly.shortwave_radiation beside 2 times, found none/);
    expect(faultOf(() => readTrace('price', clouds))).toMatchObject({
      needs: 'as',
      message: 'price record: open-meteo holds cloud-cover, ghi',
    });
  });
  test('is read in the format that is said, whatever it looks like', () =>
    expect(() => readRecord(price, { format: 'eia-930' })).toThrow(/expected Balancing Authority first, found Datetime/));
  test('refuses what means nothing to it', () =>
    expect(() => readRecord(recordSamples.swf.text, { year: 2022 })).toThrow(/read as swf, which takes no options; found year/));

  test.each([
    { name: 'a price file of no zone', format: 'wholesale-price', options: {}, needs: 'zone' },
    { name: 'a price file of a zone nobody knows', format: 'wholesale-price', options: { zone: 'XX' }, needs: 'convention' },
    { name: 'a price file of an inherited property', format: 'wholesale-price', options: { zone: 'constructor' }, needs: 'convention' },
    { name: 'a GAIA file', format: 'gaia', options: {}, needs: 'timeUnit' },
    { name: 'a Vessim trace', format: 'vessim', options: {}, needs: 'as' },
    { name: 'a Vessim trace in seconds', format: 'vessim', options: { as: 'ghi', zone: 'Berlin' }, needs: 'start' },
    { name: 'a Vessim trace of several places', format: 'vessim', options: { as: 'ghi', start: 0 }, needs: 'zone' },
    { name: 'a balance file of several authorities', format: 'eia-930', options: {}, needs: 'zone' },
  ] as const)('$name asks for $needs', ({ format, options, needs }) =>
    expect(faultOf(() => readRecord(recordSamples[format].text, options)).needs).toBe(needs),
  );
  test('a price file may have its zone in its name, and the note says so', () => {
    const { note } = readRecord(price, { fileName: 'DE-LU_electricity_prices_2022.csv.gz' });
    expect(note).toMatchObject({ zone: 'DE-LU', timeZone: 'Europe/Berlin' });
    expect(note.corrections[0]).toBe('the zone was read from the file’s name');
  });
  test('a zone that is told stands in the note, the record’s own name beside it', () =>
    expect(readRecord(recordSamples.epw.text, { zone: 'NL' }).note).toMatchObject({
      zone: 'NL',
      corrections: expect.arrayContaining(['the record calls its place AMSTERDAM']),
    }));
});

describe('prices in another currency', () => {
  const usd = { accounting: 'USD', perUnit: { EUR: 1.05, GBP: 1.3 } };
  test('are the file’s times the rate that was told, gaps and signs kept', () => {
    const { series, note } = readTrace('price', price, { zone: 'DE-LU', rates: usd });
    expect(series.values.map((value) => value?.toFixed(3))).toEqual(['126.525', '-9.450', undefined, '84.000']);
    expect(note).toMatchObject({ currency: 'USD', unit: 'USD/MWh' });
    expect(note.corrections).toContain('1 EUR taken as 1.05 USD, as told');
  });
  test('stay as they are in their own', () =>
    expect(readTrace('price', price, { zone: 'DE-LU', rates: { accounting: 'EUR', perUnit: {} } }).note.corrections).toEqual([]));
  test('are never guessed', () => {
    const fault = faultOf(() => readRecord(price, { zone: 'DE-LU', rates: { accounting: 'JPY', perUnit: { USD: 150 } } }));
    expect(fault).toMatchObject({ needs: 'rate', message: expect.stringMatching(/prices are in EUR and no rate to JPY was given/) });
  });
  test('are a thing of prices alone', () =>
    expect(() => readRecord(recordSamples.watttime.text, { rates: usd })).toThrow(/carbon-intensity record: has no prices/));
});

describe('our own files', () => {
  const value = fc.option(
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
    { nil: undefined },
  );
  const column = fc.array(value, { minLength: 5, maxLength: 5 });
  const kinds = fc.constantFrom(
    { what: 'price', unit: 'GBP/MWh', currency: 'GBP' } as const,
    { what: 'carbon-intensity', unit: 'gCO2eq/kWh', basis: 'marginal' } as const,
    { what: 'ghi', unit: 'W/m2' } as const,
    { what: 'demand', unit: 'MW' } as const,
  );
  test('give back the series that was written, to the last digit', () =>
    fc.assert(
      fc.property(kinds, column, column, fc.constantFrom(300_000, 3_600_000, 86_400_000), (kind, values, others, stepMs) => {
        const start = Date.UTC(2022, 2, 27);
        const note = {
          ...kind,
          zone: 'X',
          timeZone: 'UTC',
          resolutionMs: stepMs,
          records: 5,
          gaps: values.filter((each) => each === undefined).length,
          corrections: [],
        };
        const imported: Imported = { series: { start, stepMs, values }, beside: { coal_mw: { start, stepMs, values: others } }, note };
        expect(importOwnSeries(ownSeriesText(imported), 'X')).toEqual(imported);
      }),
    ));
  test.each(samples)('hold what $name told', ({ text, options }) => {
    const record = readRecord(text, options);
    if ('jobs' in record) expect(readTrace('jobs', ownJobsText(record.jobs)).jobs).toEqual(record.jobs);
    else expect(importOwnSeries(ownSeriesText(record)).series).toEqual(record.series);
  });
  test('carry their units in their first line', () => {
    const header = (format: FormatName) => {
      const record = readRecord(recordSamples[format].text, recordSamples[format].options);
      return 'jobs' in record ? '' : ownSeriesText(record).split('\n')[0];
    };
    expect(formatNames.map(header).filter((line) => line)).toEqual([
      'start,carbon_intensity_g_per_kwh,basis',
      'start,carbon_intensity_g_per_kwh,basis',
      'start,carbon_intensity_g_per_kwh,basis',
      'start,price_eur_per_mwh',
      'start,price_usd_per_mwh',
      'start,price_eur_per_mwh',
      'start,demand_mw,solar_mw',
      'start,cloud_cover',
      'start,pv_kw_per_kwp,plane_irradiance_w_per_m2,temperature_c,wind_m_per_s',
      'start,ghi_w_per_m2,dni_w_per_m2,dhi_w_per_m2,temperature_c',
      'start,ghi_w_per_m2,dni_w_per_m2,dhi_w_per_m2,temperature_c',
      'start,pv_kw_per_kwp',
      'start,price_eur_per_mwh',
    ]);
  });
  test.each([
    { name: 'a value of no kind', text: 'start,price\n', says: /expected start and a value such as price_eur_per_mwh, found start, price/ },
    { name: 'a local start', text: 'start,demand_mw\n2022-01-01T00:00:00,1\n', says: /line 2: expected a start in UTC/ },
    {
      name: 'a start twice',
      text: 'start,demand_mw\n2022-01-01T00:00:00Z,1\n2022-01-01T00:00:00Z,1\n',
      says: /line 3: 2022-01-01T00:00:00Z stands twice/,
    },
    {
      name: 'no basis',
      text: 'start,carbon_intensity_g_per_kwh\n2022-01-01T00:00:00Z,1\n',
      says: /one basis for all rows.*found no column basis/,
    },
    {
      name: 'two bases',
      text: 'start,carbon_intensity_g_per_kwh,basis\n2022-01-01T00:00:00Z,1,average\n2022-01-01T01:00:00Z,1,marginal\n',
      says: /found average, marginal/,
    },
    { name: 'one step', text: 'start,demand_mw\n2022-01-01T00:00:00Z,1\n', says: /fewer than two rows/ },
  ])('fault with $name', ({ text, says }) => expect(() => importOwnSeries(text)).toThrow(says));
  test.each([
    { name: 'no length', row: '0,0,1' },
    { name: 'half an accelerator', row: '0,1,0.5' },
    { name: 'an arrival before the trace', row: '-1,1,1' },
    { name: 'an empty cell', row: '0,,1' },
  ])('of jobs fault with $name', ({ row }) =>
    expect(() => importOwnJobs(`arrival_s,length_s,accelerators\n${row}\n`)).toThrow(/line 2: expected an arrival ≥ 0 s/),
  );
});

describe('damage to a record', () => {
  /** A reading either gives a record or says as an ImportFault why not. */
  const reads = (text: string, options: object) => {
    try {
      expect(readRecord(text, options).note.records).toBeGreaterThan(0);
    } catch (fault) {
      if (!(fault instanceof ImportFault)) throw fault;
    }
  };
  test.each(samples)('of $name is an ImportFault or a record, never another error', ({ name, text, options }) => {
    const place = fc.nat({ max: text.length });
    const scrap = fc.oneof(
      fc.string({ maxLength: 8 }),
      fc.constantFrom(',', '"', '\n', '\r', '-', '1e999', '9999', '0000', '{', '}', 'null', '\u0000', '24:00', ' ', ';', '1e9'),
    );
    fc.assert(
      fc.property(place, place, scrap, fc.boolean(), (from, length, put, cut) => {
        const damaged = cut ? text.slice(0, from) : text.slice(0, from) + put + text.slice(from + (length % 12));
        reads(damaged, { ...options });
        reads(damaged, { ...options, format: name });
      }),
    );
  });
  test.each(formatNames)('garbage read as %s is an ImportFault or a record', (format) =>
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => reads(text, { format, ...recordSamples[format].options })),
    ),
  );
});
