/** Rows of slots and jobs, from a run small enough to write down. */
import { parse } from 'csv-parse/sync';
import { describe, expect, test } from 'vitest';
import { jobColumns, jobRows } from '../../../simulator/report/job-rows.ts';
import { csvLine, slotColumns, slotRows } from '../../../simulator/report/slot-rows.ts';
import { ran } from '../../../simulator/study/run.ts';
import { runsOf, tinyStudy } from '../../fixtures/study.ts';

// one site of two accelerators, 1 kW each; surplus of 1 kW in the second hour, half of it exportable
const study = tinyStudy({
  sites: [{ accelerators: 2, exportLimitKw: 0.5, feedInTariff: 50 }],
  slots: 3,
  tail: 2,
  netKw: [[-1, 1, -1]],
  price: [[80, 100, Number.NaN]],
  jobs: [
    { length: 1, end: 2, accelerators: 2 },
    { length: 1, end: 1 },
    { release: 2, length: 1, end: 3 },
  ],
});
const run = ran(study, runsOf([0, 1], undefined, [0, 3]), 'a, "b"', 'perfect');
const baseline = ran(study, runsOf([0, 0], [0, 1], [0, 3]), 'run-now', 'perfect');

describe('rows of slots', () => {
  const text = csvLine(slotColumns('EUR').map(({ name }) => name)) + [...slotRows(study, run)].join('');
  const rows = parse(text, { columns: true }) as Record<string, string>[];

  test('are one a slot and site, for as long as jobs run', () =>
    expect(rows.map((row) => row['time'])).toEqual([0, 1, 2, 3].map((hour) => `2023-06-12T0${hour}:00:00Z`)));

  test('say what was drawn of what', () =>
    expect(rows[1]).toEqual({
      time: '2023-06-12T01:00:00Z',
      policy: 'a, "b"',
      seed: '1',
      site: 'site-0',
      zone: 'zone-0',
      draw_kw: '2',
      curtailed_kw: '0.5',
      exportable_kw: '0.5',
      grid_kw: '1',
      curtailable_kw: '0.5',
      net_kw: '1',
      accelerators_held: '2',
      starts: '1',
      price_eur_per_mwh: '100',
      carbon_intensity_g_per_kwh: '200',
      marginal_intensity_g_per_kwh: '',
      carbon_g: '200',
    }));

  test('leave a gap empty', () => expect([rows[0]?.['price_eur_per_mwh'], rows[2]?.['price_eur_per_mwh']]).toEqual(['80', '']));
});

describe('rows of jobs', () => {
  const told = jobRows(study, run, baseline);
  const row = (job: number) => Object.fromEntries(told.map(({ name, data }) => [name, data[job]]));

  test('are as many columns as are described', () =>
    expect(told.map(({ name }) => name)).toEqual(jobColumns('EUR').map(({ name }) => name)));

  test('say where and when a job ran, what it used and what it saved', () =>
    expect(row(0)).toEqual({
      job: 'job-0',
      policy: 'a, "b"',
      seed: 1,
      site: 'site-0',
      home: 'site-0',
      release: new Date('2023-06-12T00:00:00Z'),
      start: new Date('2023-06-12T01:00:00Z'),
      end: new Date('2023-06-12T02:00:00Z'),
      deadline: new Date('2023-06-12T02:00:00Z'),
      accelerators: 2,
      is_interruptible: false,
      curtailed_kwh: 0.5,
      exportable_kwh: 0.5,
      grid_kwh: 1,
      money_eur: (0.5 * 50 + 100) / 1_000,
      location_g: 200,
      marginal_g: null,
      matched_g: 200,
      embodied_g: 0,
      wait_hours: 1,
      stops: 0,
      missed: false,
      saved_location_g: 400 - 200,
      saved_money_eur: (2 * 80 - 0.5 * 50 - 100) / 1_000,
    }));

  test('know no place, time or saving of one that found no room', () =>
    expect(row(1)).toMatchObject({
      site: null,
      start: null,
      end: null,
      wait_hours: null,
      saved_location_g: null,
      missed: true,
      grid_kwh: 0,
    }));

  test('know what missed its deadline', () => expect(row(2)).toMatchObject({ missed: true, wait_hours: 1 }));

  test('save nothing without a baseline', () => expect(jobRows(study, run, undefined).at(-1)?.data).toEqual([null, null, null]));
});
