/** `sunward sim paper` and `sim economy`: what they print, and every way to ask wrongly. */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { simCommand } from '../../cli/sim.ts';

let out = '';
beforeEach(() => {
  out = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += text;
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

const sunward = (...argv: string[]) =>
  new Command('sunward')
    .addCommand(simCommand(() => new AbortController().signal))
    .exitOverride()
    .parseAsync(argv, { from: 'user' });

/** A folder with records that are not the paper's: the numbers cannot agree. */
function folderOf(): string {
  const folder = mkdtempSync(join(tmpdir(), 'paper-'));
  mkdirSync(join(folder, 'zones'));
  const rows = Array.from({ length: 8_760 }, (_, hour) => String(100 + (hour % 24)));
  writeFileSync(join(folder, 'zones', 'eurosys_ci_2022_123zones.csv.gz'), gzipSync(['AU-SA', ...rows].join('\n')));
  writeFileSync(join(folder, 'pai_1k.csv'), 'arrival_time,length,cpus\n0,6302,1\n68,1000,1\n463,9570,3\n');
  return folder;
}

describe('sunward sim paper', () => {
  test('compares number by number, and fails where they differ', async () => {
    await sunward('sim', 'paper', 'gaia', '--data', folderOf());
    expect(out).toMatch(/^Going Green for Less Green/);
    expect(out).toMatch(/carbon of no-wait +compat +1\.000000 +1\.000000 .* yes\n/);
    expect(out).toMatch(/carbon of lowest-slot .* NO\n/);
    expect(out).toMatch(/\d of 8 agree\n$/);
    expect(process.exitCode).toBe(1);
  });

  test('prints JSON that programs may read', async () => {
    await sunward('sim', 'paper', 'gaia', '--data', folderOf(), '--json');
    expect(JSON.parse(out)[0]).toEqual({
      what: 'carbon of no-wait',
      unit: 'of no-wait',
      mode: 'compat',
      theirs: 1,
      ours: 1,
      tolerance: { absolute: 1e-5 },
      difference: 0,
      agrees: true,
    });
  });

  test('names the papers there are', () =>
    expect(sunward('sim', 'paper', 'novel', '--data', folderOf())).rejects.toThrow(
      'no paper novel; there are eurosys24, gaia, lets-wait-awhile',
    ));

  test('says which record is missing, and where it is published', () =>
    expect(sunward('sim', 'paper', 'lets-wait-awhile', '--data', folderOf())).rejects.toThrow(
      /no DE_15min.csv \(nor DE_15min.csv.gz\) in .* or below; it is github.com\/dos-group\/lets-wait-awhile/,
    ));

  test('says when the folder is not there', () =>
    expect(sunward('sim', 'paper', 'gaia', '--data', '/nowhere')).rejects.toThrow(/\/nowhere/));
});

describe('sunward sim economy', () => {
  const tiny = ['--days', '8', '--providers', '6', '--seeds', '2'];
  test('prints a year by quarters, and how often the laws held', async () => {
    await sunward('sim', 'economy', ...tiny);
    expect(out).toMatch(/^8 days, 6 providers, seeds 1 to 2; no shocks\n/);
    expect(out).toMatch(/ UNIT .* Q1 .* Q4 .* YEAR\n/);
    expect(out).toMatch(/\nfee income +SUN +[\d,]+ .* ± [\d,]+\n/);
    expect(out).toMatch(/Law 5 held for \d+ jobs, laws 1, 2, 4 and 6 on 16 days, .* in 4 periods\.\n$/);
    expect(out).not.toMatch(/NaN|undefined/);
  });

  test('sets a year with shocks beside the same seeds without, and writes files', async () => {
    const folder = join(mkdtempSync(join(tmpdir(), 'economy-')), 'out');
    await sunward('sim', 'economy', ...tiny, '--shock', 'energy=3@3-6', '--shock', 'token=0.5@4-5', '--out', folder);
    expect(out).toMatch(/; energy price × 3 from day 3 to 6, token price × 0\.5 from day 4 to 5\n/);
    expect(out).toMatch(/THE YEAR +UNIT +WITHOUT SHOCKS +WITH SHOCKS +DIFFERENCE\n/);
    const rows = readFileSync(join(folder, 'days.csv'), 'utf8').trimEnd().split('\n');
    expect(rows).toHaveLength(1 + 2 * 2 * 8);
    expect(new Set(rows.map((row) => row.split(',').length)).size).toBe(1);
    expect(readFileSync(join(folder, 'providers.csv'), 'utf8').split('\n').length).toBeGreaterThan(2 * 2 * 6);
    expect(readFileSync(join(folder, 'economy.html'), 'utf8')).toMatch(/^<!doctype html>[\s\S]*energy price × 3[\s\S]*<\/html>\n$/);
    expect(JSON.parse(readFileSync(join(folder, 'summary.json'), 'utf8')).variants).toHaveLength(2);
  });

  test('reads a file, over which options win, and prints JSON that programs may read', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'economy-')), 'economy.yaml');
    writeFileSync(file, 'days: 300\nproviders: 3\nseeds: 1\nterms: {takePerMille: 100}\n');
    await sunward('sim', 'economy', file, '--days', '5', '--json');
    const { scenario, year } = JSON.parse(out);
    expect(scenario).toMatchObject({ days: 5, providers: 3, seeds: 1, shocks: [], terms: { takePerMille: 100, rewardUnitsPerWh: 10 } });
    expect(year[0]).toMatchObject({ metric: 'fee income', unit: 'SUN' });
  });

  test('stops at terms that break a law, and prints nothing else', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'economy-')), 'economy.yaml');
    writeFileSync(file, 'start: 2025-06-01\ndays: 9\nproviders: 9\nterms: {rewardUnitsPerWh: 30, rewardOfTakePerMille: 3000}\n');
    await expect(sunward('sim', 'economy', file)).rejects.toThrow(/^law 5 broke on day \d: a reward above its part of the take \(job /);
    expect(out).toBe('');
  });

  test.each([
    { argv: ['--days', 'ten'], says: /^days: / },
    { argv: ['--providers', '0'], says: /^providers: / },
    { argv: ['--shock', 'rain=2@1-2'], says: /found rain=2@1-2/ },
    { argv: ['/nowhere/economy.yaml'], says: /\/nowhere\/economy\.yaml/ },
  ])('refuses $argv', ({ argv, says }) => expect(sunward('sim', 'economy', ...argv)).rejects.toThrow(says));
});
