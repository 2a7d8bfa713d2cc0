/** `sunward sim paper`: what it prints, and every way to ask wrongly. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
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
