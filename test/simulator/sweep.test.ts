/** Sweeps: a file's grid as files of their own, and what is refused. */
import { describe, expect, test } from 'vitest';
import { labelOf, readSweep } from '../../simulator/sweep.ts';
import { HOUR } from '../../units/time.ts';

const read = (file: Record<string, unknown>) => {
  const reading = readSweep({ name: 's', ...file });
  if (reading.kind === 'refused') throw new Error(JSON.stringify(reading.fields));
  return reading.variants;
};
const refusals = (file: Record<string, unknown>) => {
  const reading = readSweep({ name: 's', ...file });
  return reading.kind === 'refused' ? reading.fields.map(({ path, found, allowed }) => `${path}: ${found}; ${allowed}`) : [];
};

describe('a sweep', () => {
  test('is every combination, the last path fastest', () => {
    const variants = read({ sweep: { forecaster: ['perfect', { noise: '5%' }], 'jobs.slack.long': ['12h', '24h'] } });
    expect(variants.map(({ settings }) => labelOf(settings))).toEqual([
      'forecaster=perfect, jobs.slack.long=12h',
      'forecaster=perfect, jobs.slack.long=24h',
      'forecaster={"noise":"5%"}, jobs.slack.long=12h',
      'forecaster={"noise":"5%"}, jobs.slack.long=24h',
    ]);
    expect(variants.map(({ scenario }) => [scenario.forecaster, scenario.jobs.slack.long / HOUR])).toEqual([
      ['perfect', 12],
      ['perfect', 24],
      [{ noise: 0.05 }, 12],
      [{ noise: 0.05 }, 24],
    ]);
  });

  test('of nothing is the file itself', () => {
    const [only, ...others] = read({});
    expect(others).toEqual([]);
    expect(only?.settings).toEqual({});
  });

  test('changes what it names and nothing else', () => {
    const file = { jobs: { slack: { short: '3h', long: '9h' } }, sweep: { 'jobs.slack.long': ['12h'] } };
    const [variant] = read(file);
    expect(variant?.scenario.jobs.slack).toMatchObject({ short: 3 * HOUR, long: 12 * HOUR });
    expect(file.jobs.slack.long).toBe('9h');
  });

  test('reaches entries of lists', () => {
    const sites = [
      { id: 'a', zone: 'FR', accelerators: 'A100:8' },
      { id: 'b', zone: 'GB', accelerators: 'A100:8' },
    ];
    const variants = read({ sites, sweep: { 'sites.1.accelerators': ['A100:1', 'A100:64'] } });
    const counts = variants.map(({ scenario }) =>
      (scenario.sites as { accelerators: { count: number } }[]).map((site) => site.accelerators.count),
    );
    expect(counts).toEqual([
      [8, 1],
      [8, 64],
    ]);
  });

  test.each<{ name: string; file: Record<string, unknown>; says: RegExp }>([
    {
      name: 'a value that the field does not take, once',
      file: { sweep: { 'jobs.slack.long': ['12h', 'never'], forecaster: ['perfect', 'persistence'] } },
      says: /^sweep \(jobs\.slack\.long=never, forecaster=perfect\): jobs\.slack\.long: "never"; a duration such as 6h, at most 30d$/,
    },
    { name: 'a field that is not there', file: { sweep: { 'jobs.slak': ['1h'] } }, says: /jobs\.slak: an unknown field/ },
    { name: 'a list that is none', file: { sweep: { forecaster: 'perfect' } }, says: /^sweep\.forecaster: "perfect"; a list of values/ },
    { name: 'no value', file: { sweep: { forecaster: [] } }, says: /^sweep\.forecaster: \[\]; a list of values/ },
    { name: 'a path that is none', file: { sweep: { 'jobs..slack': [1] } }, says: /jobs\.\.slack/ },
    { name: 'a path into prototypes', file: { sweep: { 'jobs.__proto__.x': [1] } }, says: /jobs\.__proto__\.x/ },
    { name: 'seeds', file: { sweep: { seeds: [[1], [2]] } }, says: /^sweep\.seeds: a field of all variants; any field but name/ },
    { name: 'one path within another', file: { sweep: { jobs: [{}], 'jobs.slack.long': ['1h'] } }, says: /within jobs, which varies too/ },
    { name: 'a value twice', file: { sweep: { slot: ['1h', '1h'] } }, says: /^sweep\.slot: "1h" twice; each value once$/ },
    { name: 'a path into a word', file: { sites: 'demo', sweep: { 'sites.0.pue': [1.1] } }, says: /sites: "demo"; fields or a list/ },
    { name: 'an entry that is not there', file: { sites: [], sweep: { 'sites.3': [{}] } }, says: /sites/ },
    {
      name: 'more combinations than can be run',
      file: {
        sweep: Object.fromEntries(
          ['restart_cost', 'network.g_per_gb', 'network.price_per_gb'].map((path) => [path, [...Array(30).keys()]]),
        ),
      },
      says: /^sweep: 27000 combinations; at most 10000$/,
    },
  ])('is refused for $name', ({ file, says }) => {
    const found = refusals(file);
    expect(found[0]).toMatch(says);
    expect(found).toHaveLength(1);
  });
});
