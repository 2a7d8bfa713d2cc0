/** Scenarios with records of the user's own: what sites see of them, and what is said when they cannot be read. */
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { planCells } from '../../cli/cells.ts';
import { loadScenario } from '../../cli/scenario-yaml.ts';
import { HOUR } from '../../units/time.ts';
import { carbonAt, priceAt, scenarioIn, zoneFolder, zoneStart } from '../fixtures/zone-files.ts';

const site = 'sites: [{id: a, zone: DE-LU, accelerators: "A100:100"}]';
const own = (zone: string, fields: string) =>
  `sites: [{id: a, zone: ${zone}, accelerators: "A100:100"}]\ngrid: {zones: {${zone}: {${fields}}}}`;
const both = 'price: price.csv, carbon: carbon.csv';
const studyOf = async (file: string) => (await (await loadScenario(file)).studyOf(1)).study;
const hourOf = (at: number) => (at - zoneStart) / HOUR;

describe('records of the user’s own', () => {
  test('are what the sites of the zone see, hour by hour', async () => {
    const { truth, start, sites } = await studyOf(scenarioIn(zoneFolder(), own('DE-LU', `${both}, marginal: marginal.csv`)));
    for (let slot = 0; slot < 48; slot++) {
      expect(truth.price[truth.lead + slot]).toBeCloseTo(priceAt(hourOf(start) + slot), 6);
      expect(truth.carbonIntensity[truth.lead + slot]).toBeCloseTo(carbonAt(hourOf(start) + slot), 6);
      expect(truth.marginalIntensity[truth.lead + slot]).toBe(700);
    }
    expect(sites[0]?.market).toMatchObject({ timeZone: 'Europe/Berlin', priceIsDayAhead: true }); // as is known of DE-LU
  });

  test('say when prices of a zone that nobody knows are known', async () => {
    const { sites } = await studyOf(scenarioIn(zoneFolder(), own('ISLE', `${both}, time_zone: Atlantic/Faroe, day_ahead: false`)));
    expect(sites[0]?.market).toMatchObject({ timeZone: 'Atlantic/Faroe', priceIsDayAhead: false });
  });

  test('in another currency are accounted at the scenario’s rate', async () => {
    const text = 'currency: USD\nrates: {EUR: 1.1}';
    const { truth, start } = await studyOf(scenarioIn(zoneFolder(), `${own('DE-LU', both)}\n${text}`));
    expect(truth.price[truth.lead]).toBeCloseTo(1.1 * priceAt(hourOf(start)), 6);
  });

  test('of several years are one', async () => {
    const folder = zoneFolder();
    const later = 'start,price_eur_per_mwh\n2022-02-01T05:00:00Z,999\n2022-02-01T06:00:00Z,998\n';
    writeFileSync(join(folder, 'later.csv'), later);
    const { truth, start } = await studyOf(
      scenarioIn(folder, own('DE-LU', 'price: {file: [price.csv, later.csv], format: own-series}, carbon: carbon.csv')),
    );
    const seen = [4, 5, 6, 7].map((slot) => truth.price[truth.lead + slot]);
    expect(seen).toEqual([expect.closeTo(priceAt(hourOf(start) + 4)), 999, 998, expect.closeTo(priceAt(hourOf(start) + 7))]);
  });

  test.each([
    {
      name: 'a zone of which nothing is known',
      text: own('ISLE', both),
      says: /grid\.zones\.ISLE: nothing is known of the zone; say time_zone .* and day_ahead/,
    },
    {
      name: 'a file that is not there',
      text: own('DE-LU', 'price: prices.csv, carbon: carbon.csv'),
      says: /no record .*prices\.csv .*there is: .*price\.csv/,
    },
    {
      name: 'a file of another kind',
      text: own('DE-LU', 'price: carbon.csv, carbon: carbon.csv'),
      says: /carbon\.csv: carbon-intensity record: expected a record of price/,
    },
    {
      name: 'marginal carbon for average',
      text: own('DE-LU', 'price: price.csv, carbon: marginal.csv'),
      says: /grid\.zones\.DE-LU\.carbon: found a record of marginal intensity/,
    },
    {
      name: 'a record that ends before the study',
      text: own('DE-LU', 'price: short.csv, carbon: carbon.csv'),
      says: /grid\.zones\.DE-LU\.price: found a record from 2022-02-01T00:00:00Z to 2022-02-01T02:00:00Z; allowed: one that covers/,
    },
    {
      name: 'generation that ends before the study',
      text: own('DE-LU', 'price: price.csv, region: short-mix.csv'),
      says: /grid\.zones\.DE-LU\.region: found a record from 2022-01-01T00:00:00Z to 2022-01-01T03:00:00Z; allowed: one that covers/,
    },
    {
      name: 'files of one record in two currencies',
      text: own('DE-LU', 'price: [price.csv, pounds.csv], carbon: carbon.csv'),
      says: /grid\.zones\.DE-LU\.price: found files of different steps or currencies/,
    },
    { name: 'a currency without a rate', text: `${own('DE-LU', both)}\ncurrency: USD`, says: /EUR/ },
    {
      name: 'prices without carbon',
      text: own('DE-LU', 'price: price.csv'),
      says: /grid\.zones\.DE-LU: found price; allowed: price, and carbon or region/,
    },
    {
      name: 'a zone without a site',
      text: `${site}\ngrid: {zones: {FR: {${both}}}}`,
      says: /grid\.zones: found FR; allowed: a zone of the sites: DE-LU/,
    },
    {
      name: 'a time zone that is none',
      text: own('DE-LU', `${both}, time_zone: Berlin`),
      says: /grid\.zones\.DE-LU\.time_zone: found "Berlin"; allowed: an IANA/,
    },
    {
      name: 'a format that is none',
      text: own('DE-LU', 'price: {file: price.csv, format: xls}, carbon: carbon.csv'),
      says: /grid\.zones\.DE-LU\.price.*allowed/,
    },
  ])('are refused with what to do: $name', async ({ text, says }) => {
    const mix = ['t_utc,coal', ...[0, 1, 2].map((hour) => `2022-01-01T0${hour}:00Z,5`)].join('\n');
    const short = 'start,price_eur_per_mwh\n2022-02-01T00:00:00Z,40\n2022-02-01T01:00:00Z,41\n';
    await expect(
      studyOf(scenarioIn(zoneFolder({ 'short.csv': short, 'short-mix.csv': mix, 'pounds.csv': short.replace('eur', 'gbp') }), text)),
    ).rejects.toThrow(says);
  });

  test('are part of a cell’s name, every file of them', () => {
    const folder = zoneFolder({ 'jobs.csv': 'arrival_s,length_s,accelerators\n60,3600,2\n' });
    const file = scenarioIn(
      folder,
      `${own('DE-LU', 'price: price.csv, region: region.csv, clouds: marginal.csv')}\njobs: {file: jobs.csv}`,
    );
    const keyOf = () => planCells(file, { clairvoyant: false, sweep: false }).cells[0]?.key;
    const keys = [keyOf()];
    for (const name of ['price.csv', 'region.csv', 'marginal.csv', 'jobs.csv']) {
      appendFileSync(join(folder, name), '\n');
      keys.push(keyOf());
    }
    expect(new Set(keys).size).toBe(5);
  });
});

describe('jobs of the user’s own', () => {
  const swf = '; UnixStartTime: 0\n1 60 0 3600 2 -1 -1 2 3600 -1 1 1 1 -1 1 -1 -1 -1\n';
  test.each([
    { name: 'our own CSV', file: 'arrival_s,length_s,accelerators\n60,3600,2\n', jobs: '{file: jobs}' },
    { name: 'SWF', file: swf, jobs: '{file: jobs, format: swf}' },
    { name: 'GAIA in seconds unless told', file: 'arrival_time,length,cpus\n60,3600,2\n', jobs: '{file: jobs}' },
    { name: 'GAIA in hours', file: 'arrival_time,length,cpus\n0.5,1,2\n', jobs: '{file: jobs, unit: hours}' },
  ])('are read from $name', async ({ file, jobs }) => {
    const { workload } = await studyOf(scenarioIn(zoneFolder({ jobs: file }), `${own('DE-LU', both)}\njobs: ${jobs}`));
    expect([workload.count, workload.length[0], workload.accelerators[0], workload.release[0]]).toEqual([1, 1, 2, 1]);
  });

  test.each([
    {
      name: 'a unit of a file that says its own',
      jobs: '{file: jobs.csv, unit: hours}',
      says: /jobs\.csv: .*own-jobs, which takes no options; found timeUnit/,
    },
    { name: 'prices for jobs', jobs: '{file: price.csv}', says: /price\.csv: price record: expected a record of jobs/ },
    {
      name: 'a format of no jobs',
      jobs: '{file: price.csv, format: epw}',
      says: /jobs\.format: found "epw"; allowed: one of swf, pai, openb, gaia, own-jobs/,
    },
  ])('are refused: $name', async ({ jobs, says }) => {
    const folder = zoneFolder({ 'jobs.csv': 'arrival_s,length_s,accelerators\n60,3600,2\n' });
    await expect(studyOf(scenarioIn(folder, `${own('DE-LU', both)}\njobs: ${jobs}`))).rejects.toThrow(says);
  });
});
