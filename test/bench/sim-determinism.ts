/**
 * Determinism under measure: the same scenario twice, and a sweep in this process, under one and under two worker threads.
 */

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bar } from './main.ts';

const scenario = 'name: twice\nfor: 2d\nslot: 1h\nseeds: [1, 2]\npolicies: [run-now, lowest-window, planner]\nforecaster: {noise: 5%}\n';

/** One digest of all files of a folder, by name and bytes. */
function digestOf(folder: string): string {
  const digest = createHash('sha256');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => statSync(join(folder, file)).isFile());
  for (const file of files.sort()) digest.update(file).update(readFileSync(join(folder, file)));
  return digest.digest('hex');
}

/** How many of the ways to run it gave other bytes than the first. */
export function determinismBar(progress: (line: string) => void): Bar {
  const folder = mkdtempSync(join(tmpdir(), 'twice-'));
  const file = join(folder, 'twice.yaml');
  writeFileSync(file, scenario);
  const sunward = (...args: string[]) => {
    const { status, stderr } = spawnSync(process.execPath, ['--import', 'tsx', 'cli/main.ts', 'sim', ...args], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`sim ${args.join(' ')} ended with ${status}: ${stderr}`);
  };
  const ways: readonly (readonly [string, readonly string[]])[] = [
    ['run', ['run', file]],
    ['run again', ['run', file]],
    ['sweep, 1 worker', ['sweep', file, '--workers', '1']],
    ['sweep again, 1 worker', ['sweep', file, '--workers', '1']],
    ['sweep, 2 workers', ['sweep', file, '--workers', '2']],
  ];
  const digests = ways.map(([name, args], at) => {
    const out = join(folder, `out-${at}`);
    sunward(...args, '--out', out);
    const digest = digestOf(out);
    progress(`${name}: ${digest.slice(0, 16)}`);
    return digest;
  });
  rmSync(folder, { recursive: true });
  const others = digests.filter((digest, at) => digest !== digests[at < 2 ? 0 : 2]).length;
  return {
    bar: 'the same scenario twice, and swept with 1 and 2 worker threads: ways with other bytes in any file',
    value: others,
    unit: `of ${ways.length}`,
    target: '0',
    holds: others === 0,
  };
}
