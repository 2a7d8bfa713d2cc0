/** PVGIS, TMY3 and EPW: whose hour a stamp names, in which time, and how months of different years become one. */
import { describe, expect, test } from 'vitest';
import { importEpw } from '../../../../simulator/traces/importers/epw.ts';
import { ImportFault } from '../../../../simulator/traces/importers/import-note.ts';
import { importPvgis } from '../../../../simulator/traces/importers/pvgis.ts';
import { importTmy3 } from '../../../../simulator/traces/importers/tmy3.ts';
import { toIso } from '../../../../units/time.ts';

const location = { latitude: 45, longitude: 8, elevation: 250 };
const system = { technology: 'c-Si', peak_power: 10, system_loss: 14 };
const hour = (time: string, values: object) => ({ time, ...values, H_sun: 0, T2m: 3.5, WS10m: 1.25, Int: 0 });
const hourly = (hours: object[], pv_module: object | undefined = system) =>
  JSON.stringify({
    inputs: { location, meteo_data: {}, mounting_system: {}, ...(pv_module ? { pv_module } : {}) },
    outputs: { hourly: hours },
    meta: {},
  });
const typical = (hours: object[]) =>
  JSON.stringify({ inputs: { location, meteo_data: {} }, outputs: { months_selected: [], tmy_hourly: hours }, meta: {} });
const typicalHour = (time: string, light: number) => ({
  'time(UTC)': time,
  T2m: 2,
  RH: 90,
  'G(h)': light,
  'Gb(n)': 5,
  'Gd(h)': 1,
  'IR(h)': 280,
  WS10m: 1,
  WD10m: 1,
  SP: 96_000,
});

describe('PVGIS', () => {
  test('gives kW per kWp from watts of the system, in the hour its minute lies in', () => {
    const { series, beside, note } = importPvgis(
      hourly([
        hour('20200601:0910', { P: 4_000, 'G(i)': 500 }),
        hour('20200601:1010', { P: 0, 'G(i)': 0 }),
        hour('20200601:1210', { P: 5_500, 'G(i)': 700 }),
      ]),
    );
    expect(toIso(series.start)).toBe('2020-06-01T09:00:00Z');
    expect(series.values).toEqual([0.4, 0, undefined, 0.55]);
    expect(beside?.['plane_irradiance_w_per_m2']?.values).toEqual([500, 0, undefined, 700]);
    expect(beside?.['temperature_c']?.values[0]).toBe(3.5);
    expect(note).toMatchObject({ what: 'pv-power', zone: '45, 8', unit: 'kW/kWp', timeZone: 'UTC', gaps: 1, records: 3 });
    expect(note.corrections).toEqual([
      'stamps at minute 10 stand for the hour they lie in',
      'power of 10 kWp in W divided by 10000, system losses of 14 % included',
    ]);
  });
  test('adds up the parts of light where they are told apart, and counts reconstructed hours', () => {
    const { beside, note } = importPvgis(
      hourly([{ ...hour('20130101:0755', { P: 3_464.5, 'Gb(i)': 270.25, 'Gd(i)': 91.25, 'Gr(i)': 6.5 }), Int: 1 }]),
    );
    expect(beside?.['plane_irradiance_w_per_m2']?.values).toEqual([368]);
    expect(note.corrections.join()).toMatch(/minute 55.*1 hours of light are reconstructed/);
  });
  test('without a system gives light on the plane, and does not call it level', () => {
    const { series, note } = importPvgis(hourly([hour('20200601:0910', { 'G(i)': 500 })], undefined));
    expect(series.values).toEqual([500]);
    expect(note).toMatchObject({ what: 'plane-irradiance', unit: 'W/m2' });
  });
  test('lays a typical year on one, the one asked for or a usual one', () => {
    const hours = [typicalHour('20160131:2300', 1), typicalHour('20070201:0000', 2)];
    const { series, beside, note } = importPvgis(typical(hours), 2022);
    expect(toIso(series.start)).toBe('2022-01-31T23:00:00Z');
    expect(series.values).toEqual([1, 2]);
    expect(beside?.['dni_w_per_m2']?.values).toEqual([5, 5]);
    expect(note).toMatchObject({ what: 'ghi', unit: 'W/m2', corrections: ['months of 2007 to 2016 laid on 2022'] });
    expect(toIso(importPvgis(typical(hours)).series.start)).toBe('2023-01-31T23:00:00Z');
  });
  test('says of which minute the light of a typical year is', () => {
    const text = typical([typicalHour('20160131:2200', 1)]).replace('"latitude":45', '"irradiance_time_offset":0.1761,"latitude":45');
    expect(importPvgis(text).note.corrections).toEqual(['light is of minute 11 of its hour and stands for the whole']);
  });
  test('keeps a typical year of one month where it is', () =>
    expect(toIso(importPvgis(typical([typicalHour('20160131:2200', 1), typicalHour('20160131:2300', 1)])).series.start)).toBe(
      '2016-01-31T22:00:00Z',
    ));
  test.each([
    {
      name: 'power of a system without a size',
      text: hourly([hour('20200601:0910', { P: 1 })], { peak_power: 0 }),
      says: /peak_power > 0 kW, found 0/,
    },
    { name: 'neither power nor light', text: hourly([hour('20200601:0910', {})], undefined), says: /neither P nor G\(i\)/ },
    {
      name: 'a stamp of another form',
      text: hourly([hour('2020-06-01T09:10', { P: 1 })]),
      says: /such as 20230701:0010, found 2020-06-01T09:10/,
    },
    { name: 'an error of the service', text: '{"message":"Location over the sea","status":400}', says: /inputs/ },
    { name: 'no hours', text: hourly([]), says: /outputs/ },
  ])('faults with $name', ({ text, says }) => {
    expect(() => importPvgis(text)).toThrow(ImportFault);
    expect(() => importPvgis(text)).toThrow(says);
  });
});

const station = '723860,"LAS VEGAS MCCARRAN INTL AP",NV,-8.0,36.083,-115.150,648';
const tmy3Header =
  'Date (MM/DD/YYYY),Time (HH:MM),ETR (W/m^2),ETRN (W/m^2),GHI (W/m^2),GHI source,DNI (W/m^2),DNI source,DHI (W/m^2),DHI source,Dry-bulb (C)';
const tmy3Row = (day: string, time: string, light: number) => `${day},${time},0,0,${light},1,700,1,80,1,21.5`;

describe('TMY3', () => {
  test('stamps end hours of standard time: 24:00 is the last hour of its day, and January is at the same offset as July', () => {
    const { series, beside, note } = importTmy3(
      [station, tmy3Header, tmy3Row('07/01/1988', '23:00', 1), tmy3Row('07/01/1988', '24:00', 2), tmy3Row('07/02/1988', '01:00', 3)].join(
        '\r\n',
      ),
    );
    expect(toIso(series.start)).toBe('1988-07-02T06:00:00Z'); // 22:00 to 23:00 at -8 h, though clocks in Nevada were at -7 h
    expect(series.values).toEqual([1, 2, 3]);
    expect(beside?.['dni_w_per_m2']?.values[0]).toBe(700);
    expect(beside?.['temperature_c']?.values[0]).toBe(21.5);
    expect(note).toMatchObject({
      what: 'ghi',
      zone: 'LAS VEGAS MCCARRAN INTL AP',
      unit: 'W/m2',
      timeZone: 'UTC-08:00',
      records: 3,
      gaps: 0,
    });
  });
  test('columns beside the light may be misspelt, or lack', () => {
    const header = tmy3Header.replace('DNI (W/m^2)', 'DNI (W/m^2))').replace('Dry-bulb (C)', 'Dry-bulb');
    const { beside } = importTmy3([station, header, tmy3Row('07/01/1988', '23:00', 1)].join('\n'));
    expect(Object.keys(beside ?? {})).toEqual(['dni_w_per_m2', 'dhi_w_per_m2']);
  });
  test('months of different years are laid on one; missing light is a gap', () => {
    const { series, note } = importTmy3(
      [station, tmy3Header, tmy3Row('01/31/1999', '24:00', 1), tmy3Row('02/01/1980', '01:00', -9900)].join('\n'),
    );
    expect(toIso(series.start)).toBe('2023-02-01T07:00:00Z');
    expect(series.values).toEqual([1, undefined]);
    expect(note.corrections.slice(1)).toEqual(['months of 1980 to 1999 laid on 2023', '1 hours without light (-9900)']);
  });
  test.each([
    {
      name: 'no site',
      text: [tmy3Header, tmy3Row('01/01/1999', '01:00', 1)].join('\n'),
      says: /line 1: expected station, name, state, hours from UTC/,
    },
    { name: 'another header', text: [station, 'Date,Time', '1,1'].join('\n'), says: /no column Date \(MM\/DD\/YYYY\)/ },
    {
      name: 'the hour 25',
      text: [station, tmy3Header, tmy3Row('01/01/1999', '25:00', 1)].join('\n'),
      says: /line 3: expected MM\/DD\/YYYY and 01:00 to 24:00, found 01\/01\/1999 25:00/,
    },
    { name: 'nothing', text: '', says: /line 1/ },
  ])('faults with $name', ({ text, says }) => {
    expect(() => importTmy3(text)).toThrow(ImportFault);
    expect(() => importTmy3(text)).toThrow(says);
  });
});

const epwHead = (hoursEast: string, perHour = '1') => [
  `LOCATION,AMSTERDAM,-,NLD,IWEC Data,062400,52.30,4.77,${hoursEast},-2.0`,
  'DESIGN CONDITIONS,0',
  'TYPICAL/EXTREME PERIODS,0',
  'GROUND TEMPERATURES,0',
  'HOLIDAYS/DAYLIGHT SAVINGS,No,0,0,0',
  'COMMENTS 1,"a, comment with commas"',
  'COMMENTS 2,',
  `DATA PERIODS,1,${perHour},Data,Sunday, 1/ 1,12/31`,
];
const epwRow = (date: string, hour: number, light: number, temperature = 5.1, minute = 60) =>
  `${date},${hour},${minute},C9C9C9C9*0?9?9?9,${temperature},1.8,79,100100,0,1415,288,${light},100,50,0,0,0,0,340,6.7,6,6,20.0,420,9,999999999,0,0.0500,0,88`;

describe('EPW', () => {
  test('hours are named by their end, from 1 to 24, whatever the minute says', () => {
    const { series, beside, note } = importEpw([...epwHead('1.0'), epwRow('1995,7,1', 24, 7, 18, 0), epwRow('1995,7,2', 1, 8)].join('\n'));
    expect(toIso(series.start)).toBe('1995-07-01T22:00:00Z'); // 23:00 to 24:00 at +1 h, also in July
    expect(series.values).toEqual([7, 8]);
    expect(beside?.['temperature_c']?.values).toEqual([18, 5.1]);
    expect(note).toMatchObject({ what: 'ghi', zone: 'AMSTERDAM', unit: 'W/m2', timeZone: 'UTC+01:00', records: 2 });
  });
  test('written by PVGIS are in UTC, though they name an offset', () => {
    const text = [...epwHead('1'), epwRow('2018,1,1', 1, 3)].join('\n').replace('AMSTERDAM,-,NLD,IWEC Data', 'unknown,-,unknown,ECMWF/ERA');
    const { series, note } = importEpw(text);
    expect(toIso(series.start)).toBe('2018-01-01T00:00:00Z'); // the JSON of the same place has this hour at 20180101:0000
    expect(note).toMatchObject({
      timeZone: 'UTC',
      corrections: expect.arrayContaining(['written by PVGIS, in UTC whatever LOCATION says (UTC+01:00)']),
    });
  });
  test('missing codes are gaps', () => {
    const { series, beside, note } = importEpw([...epwHead('5.5'), epwRow('1995,7,1', 1, 9999, 99.9), epwRow('1995,7,1', 2, 8)].join('\n'));
    expect(toIso(series.start)).toBe('1995-06-30T18:30:00Z');
    expect(series.values).toEqual([undefined, 8]);
    expect(beside?.['temperature_c']?.values).toEqual([undefined, 5.1]);
    expect(note.corrections.join()).toMatch(/1 hours without light \(9999\)/);
  });
  test('a leap day is left out of a year that has none', () => {
    const { series, note } = importEpw(
      [...epwHead('0'), epwRow('1996,2,28', 24, 1), epwRow('1996,2,29', 1, 2), epwRow('1996,3,1', 1, 3)].join('\n'),
      2022,
    );
    expect(series.values).toEqual([1, 3]);
    expect(note.corrections.slice(1)).toEqual(['the year 1996 laid on 2022', '1 hours of 29 February were left out']);
  });
  test.each([
    { name: 'no place', text: 'PLACE,1', says: /line 1: expected LOCATION/ },
    {
      name: 'an offset that is none',
      text: [...epwHead('x'), epwRow('1995,7,1', 1, 1)].join('\n'),
      says: /hours from UTC as the ninth field/,
    },
    {
      name: 'four records an hour',
      text: [...epwHead('1', '4'), epwRow('1995,7,1', 1, 1)].join('\n'),
      says: /DATA PERIODS with one record an hour, found 4/,
    },
    {
      name: 'the hour 0',
      text: [...epwHead('1'), epwRow('1995,7,1', 0, 1)].join('\n'),
      says: /line 9: expected year, month, day and hour 1 to 24, found 1995,7,1,0/,
    },
    { name: 'no hours', text: epwHead('1').join('\n'), says: /no rows/ },
  ])('faults with $name', ({ text, says }) => {
    expect(() => importEpw(text)).toThrow(ImportFault);
    expect(() => importEpw(text)).toThrow(says);
  });
});
