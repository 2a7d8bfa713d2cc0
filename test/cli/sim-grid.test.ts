/** `sunward sim grid`: the table before and after, on a made-up region; and every way to ask wrongly. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { simCommand } from '../../cli/sim.ts';
import { HOUR, toIso } from '../../units/time.ts';

let [out, err] = ['', ''];
beforeEach(() => {
  [out, err] = ['', ''];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += text;
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    err += text;
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

const folder = mkdtempSync(join(tmpdir(), 'grid-'));
const write = (name: string, content: string | Buffer): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const start = Date.UTC(2021, 5, 1);
const at = Array.from({ length: 30 * 24 }, (_, h) => ({ stamp: toIso(start + h * HOUR), day: Math.sin((2 * Math.PI * (h - 8)) / 24), h }));
/** A month of gas between 300 and 700 MW under coal of 400, and as much sun as gas lacks. */
const region = write(
  'ISLE.csv.gz',
  gzipSync(
    [
      't_utc,ci_lifecycle,coal,nat_gas,solar,wind',
      ...at.map(({ stamp, day, h }) => `${stamp},,400,${500 - 200 * day + (h % 7)},${Math.max(0, 300 * day)},50`),
    ].join('\n'),
  ),
);
const price = write(
  'prices.csv',
  [
    'Datetime,Price (EUR/MWh)',
    ...at.map(({ h, day }) => `${new Date(start + h * HOUR + 2 * HOUR).toISOString().slice(0, 19).replace('T', ' ')},${50 - 20 * day}`),
  ].join('\n'),
);
const sunward = (...argv: string[]) =>
  new Command('sunward')
    .addCommand(simCommand(() => new AbortController().signal))
    .exitOverride()
    .parseAsync(['sim', 'grid', '--region', region, ...argv], { from: 'user' });
const june = ['--from', '2021-06-10', '--until', '2021-06-12'];

describe('sunward sim grid', () => {
  test('prints what a zone was and would be', async () => {
    await sunward(...june, '--price', price, '--price-zone', 'DE-LU', '--what-if', write('more.yaml', '- scale: {source: solar, by: 2}'));
    expect(out).toMatch(/^WHAT +BEFORE +AFTER +DIFFERENCE +UNIT\n/);
    expect(out).toMatch(/\nhours +48 +48 +0 +h\n/);
    expect(out).toMatch(/\nmean price +50\.00 +\d+\.\d\d +-\d+\.\d\d +EUR\/MWh\n/);
    expect(out).toMatch(/\nsolar +4557 +6000 +1442 +MWh\n/);
    expect(out).toMatch(/\ncurtailed +0 +342\d +342\d +MWh\n/); // coal never ran below 400 MW, nor gas below 300
    expect(out).toMatch(
      /\nOf the changes .* the merit order explains 0\.99, .*;\nof the price its curve explains 1\.00, of its changes 1\.00\.\n$/,
    );
    expect(process.exitCode).toBeUndefined();
  });

  test('without changes and load shows twice the same', async () => {
    await sunward(...june, '--json');
    const { before, after } = JSON.parse(out);
    expect(after).toEqual(before);
    expect(before).toMatchObject({ hours: 48, unservedMwh: 0, curtailedMwh: 0 });
    expect(before.averageIntensity).toBeCloseTo(
      (before.emissionsTonnes /
        (before.generationMwh.coal + before.generationMwh.gas + before.generationMwh.solar + before.generationMwh.wind)) *
        1_000,
      6,
    );
  });

  test('puts the load of a fleet on its sources', async () => {
    await sunward(...june, '--extra-load', '25', '--json');
    const { before, after } = JSON.parse(out);
    const generated = ({ generationMwh }: { generationMwh: Record<string, number> }) =>
      Object.values(generationMwh).reduce((a, b) => a + b);
    expect(generated(after) - generated(before)).toBeCloseTo(25 * 48, 3);
    expect(after.emissionsTonnes - before.emissionsTonnes).toBeCloseTo((25 * 48 * 490) / 1_000, 0);
  });

  test('writes the hours as CSV', async () => {
    const file = join(folder, 'hours.csv');
    await sunward(...june, '--out', file);
    const [head, first, ...rest] = readFileSync(file, 'utf8').trimEnd().split('\n');
    expect(head).toBe(
      'start_utc,price_per_mwh,carbon_intensity_g_per_kwh,marginal_intensity_g_per_kwh,demand_mw,coal_mw,gas_mw,solar_mw,wind_mw,charge_mw,discharge_mw,curtailed_mw,unserved_mw',
    );
    expect(first).toMatch(/^2021-06-10T00:00:00Z,,\d+/);
    expect(rest).toHaveLength(47);
  });

  test('refuses a what-if file by path, found and allowed', async () => {
    await sunward(...june, '--what-if', write('wrong.yaml', '- scale: {source: coal, by: 2}'));
    expect(err).toMatch(/wrong\.yaml was refused:\n {2}0\.scale\.source: found "coal"; allowed: solar or wind\n$/);
    expect([out, process.exitCode]).toEqual(['', 2]);
  });
  test('refuses a change that the zone cannot have', async () => {
    await sunward(...june, '--json', '--what-if', write('hydro.yaml', '- outage: {source: hydro, power: 1GW}'));
    expect(JSON.parse(out)).toEqual({
      error: 'refused',
      fields: [{ path: '0', found: '"outage"', allowed: 'the zone has no hydro; it has coal, gas, solar, wind' }],
    });
    expect(process.exitCode).toBe(2);
  });
  test('refuses what is no YAML', async () => {
    await sunward(...june, '--what-if', write('no.yaml', '- scale: {source'));
    expect(err).toMatch(/\(file\): found .*; allowed: a list of changes in YAML\n$/);
  });

  test.each([
    { argv: ['--from', '2021-06-12', '--until', '2021-06-10'], says: /--until comes after --from/ },
    { argv: ['--from', '2031-06-10', '--until', '2031-06-12'], says: /no hour|hours that follow each other/ },
    { argv: [...june, '--price', price], says: /--price-zone is one of DE-LU/ },
    { argv: [...june, '--held', 'coal,gas,solar,wind'], says: /no source answers to load/ },
  ])('says what is wrong with $argv', ({ argv, says }) => expect(sunward(...argv)).rejects.toThrow(says));

  test.each([
    { argv: ['--held', 'coal,steam'], says: /expected some of coal,gas/ },
    { argv: ['--extra-load', 'much'], says: /expected megawatts/ },
    { argv: ['--basis', 'tidal'], says: /life-cycle, direct/ },
  ])('does not take $argv', async ({ argv, says }) => {
    await expect(sunward(...june, ...argv)).rejects.toThrow();
    expect(err).toMatch(says);
  });
});
