/** Forecast tasks: that each record is read as its task says, and that no truth stands where it was not known. */
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { issuesOf } from '../../../energy-oracle/forecast/score/backtest.ts';
import { type Dense, denseAt } from '../../../energy-oracle/forecast/target.ts';
import { forecastTask } from '../../../simulator/experiments/forecast-tasks.ts';
import { ownRecordTask } from '../../../simulator/experiments/own-record.ts';
import { importGermanDayAhead } from '../../../simulator/traces/importers/german-day-ahead.ts';
import { DAY, HOUR, toIso } from '../../../units/time.ts';

const folder = process.env['SUNWARD_DATA'] ?? '../shared/data';
const isThere = existsSync(folder);
const read = (path: string) => {
  const bytes = readFileSync(`${folder}/${path}`);
  return (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
};
const header = 't_local,Price,Load_DA_Forecast,Renewables_DA_Forecast,EUA,API2_Coal,TTF_Gas,Brent_oil';

/** Correlation of two hourly records' daily means, less those of the three weeks around, on the days of the first. */
function correlationOfDepartures(one: Dense, other: Dense): number {
  const days = Math.floor(one.values.length / 24);
  const departures = (dense: Dense) => {
    const from = Math.round((one.start - dense.start) / HOUR);
    const daily = Array.from({ length: days }, (_, day) =>
      mean(dense.values.slice(Math.max(0, from + 24 * day), Math.max(0, from + 24 * day + 24))),
    );
    return daily.map((value, day) => value - mean(daily.slice(Math.max(0, day - 10), day + 11)));
  };
  const [xs, ys] = [departures(one), departures(other)];
  const pairs = xs.flatMap((x, day) => (Number.isFinite(x + (ys[day] as number)) ? [[x, ys[day] as number] as const] : []));
  const of = (value: (x: number, y: number) => number) => mean(pairs.map(([x, y]) => value(x, y)));
  return of((x, y) => x * y) / Math.sqrt(of((x) => x * x) * of((_, y) => y * y));
}

/** Of what is known; NaN when nothing is. */
function mean(values: ArrayLike<number>): number {
  const known = Array.from(values).filter(Number.isFinite);
  return known.reduce((sum, value) => sum + value, 0) / known.length;
}

describe('the German day-ahead record', () => {
  const rows = (day: string, price: (hour: number) => number, fuel: number) =>
    Array.from({ length: 24 }, (_, hour) => `${day}T${String(hour).padStart(2, '0')}:00Z,${price(hour)},50000,10000,${fuel},60,20,50`);

  test('has 23 hours on the day that clocks skip one', () => {
    const { history } = importGermanDayAhead(
      [header, ...rows('2016-03-27', (hour) => hour, 7), ...rows('2016-03-28', () => 100, 7)].join('\n'),
    );
    expect(toIso(history.start)).toBe('2016-03-26T23:00:00Z');
    expect([...history.values.slice(0, 5)]).toEqual([0, 1, 3, 4, 5]);
    expect(history.values[23]).toBe(100);
  });

  test('has a gap for the second of two equal hours', () => {
    const { history } = importGermanDayAhead(
      [header, ...rows('2016-10-30', (hour) => hour, 7), ...rows('2016-10-31', () => 100, 7)].join('\n'),
    );
    expect([...history.values.slice(0, 5)]).toEqual([0, 1, 2, Number.NaN, 3]);
    expect(history.values[25]).toBe(100);
  });

  test('tells a fuel as it closed two days before the delivery', () => {
    const days = ['2016-06-01', '2016-06-02', '2016-06-03'].flatMap((day, i) => rows(day, () => 30, 5 + i));
    const { signals } = importGermanDayAhead([header, ...days].join('\n'));
    const noon = Date.parse('2016-06-03T12:00:00+02:00');
    expect(denseAt(signals['carbonPrice'] as never, noon)).toBe(0.5);
    expect(denseAt(signals['loadForecast'] as never, noon)).toBe(5);
    expect(denseAt(signals['residualForecast'] as never, noon)).toBe(4);
  });
});

describe('a record of one’s own', () => {
  const csv = (days: number) =>
    ['t,kw', ...Array.from({ length: days * 24 }, (_, i) => `${toIso(Date.UTC(2022, 0) + i * HOUR)},${i % 24}`)].join('\n');
  const record = (days: number, column = 'kw') =>
    ownRecordTask({ name: 'pv.csv', text: csv(days), column, kind: 'pv', latitude: 48, longitude: 11 });

  test('is tested on its last third', () => {
    const task = record(120);
    const [{ from, to }] = task.targets as [(typeof task.targets)[number]];
    expect([from, to]).toEqual([Date.UTC(2022, 0) + 80 * DAY, Date.UTC(2022, 0) + 120 * DAY]);
  });
  test('needs 120 days', () => expect(() => record(119)).toThrow(/pv.csv holds 119 days, at least 120 are needed/));
  test('needs the column', () => expect(() => record(120, 'watts')).toThrow(/pv.csv has no column watts; there are kw/));
});

if (!isThere && process.env['CI'] === 'true')
  test('the public records are there', () => expect.fail(`no ${folder}; SUNWARD_DATA names it`));

describe.skipIf(!isThere)(`the development tasks${isThere ? '' : ` (no ${folder}; SUNWARD_DATA names it)`}`, () => {
  test.each([
    { name: 'T1', targets: 6, issues: 1077, trainUntil: '2021-07-01' },
    { name: 'T2', targets: 4, issues: 4308, trainUntil: '2021-01-01' },
    { name: 'T3', targets: 2, issues: 1434, trainUntil: '2017-02-01' },
    { name: 'T4', targets: 2, issues: 178, trainUntil: '2013-02-01' },
    { name: 'DAM', targets: 1, issues: 730, trainUntil: '2016-12-31' },
    { name: 'untouched', targets: 1, issues: 1445, trainUntil: '2021-01-01' },
  ])('$name asks $issues times', ({ name, targets, issues, trainUntil }) => {
    const task = forecastTask(name, read);
    expect(task.targets.length).toBe(targets);
    expect(task.targets.reduce((sum, target) => sum + issuesOf(task, target).length, 0)).toBe(issues);
    expect(toIso(task.targets[0]?.from ?? 0).slice(0, 10)).toBe(trainUntil);
  });

  test('a farm’s light follows the sun from sunrise to sunset, not the sum of its day', () => {
    const { learnFrom } = forecastTask('T4', read);
    const [farm] = learnFrom as [(typeof learnFrom)[number]];
    const light = farm.signals['shortwave_radiation'] as (typeof farm)['history'];
    const noon = Date.parse('2012-12-10T02:00:00Z');
    expect(denseAt(light, noon)).toBeGreaterThan(300);
    expect(denseAt(light, noon + 12 * HOUR)).toBe(0);
    expect(Math.max(...light.values)).toBeLessThan(1_400);
  });

  test('a region’s wind forecast is that of its own day, not of the day before or after', () => {
    for (const { target, signals, companions } of forecastTask('T1', read).learnFrom) {
      const [forecast, share] = [signals['wind_speed_10m'] as Dense, companions['wind'] as Dense];
      const said = (days: number) => correlationOfDepartures(share, { ...forecast, start: forecast.start + days * DAY });
      expect(said(0), target.id).toBeGreaterThan(0.15 + Math.max(said(-1), said(1)));
    }
  });

  test('hides the weather where it says so', () => {
    const { targets, learnFrom } = forecastTask('T2-noW', read);
    expect(targets.map(({ archive }) => Object.keys(archive.signals))).toEqual([[], [], [], []]);
    expect(Object.keys(learnFrom[0]?.signals ?? {})).toContain('shortwave_radiation');
  });

  test('has no task of another name', () => expect(() => forecastTask('T9', read)).toThrow(/no task T9; there are T1, T2/));
});
