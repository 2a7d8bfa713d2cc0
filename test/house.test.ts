/**
 * House: the rules of the building that a program can check. A check that saw nothing fails.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const floors = ['units', 'energy-oracle', 'scheduler', 'simulator', 'dashboards', 'cli'];
const adapter =
  /\/(mqtt|postgres|file|influx|http|process|slurm|kubernetes|tfjs|ethers)-[^/]+\.ts$|^cli\/|^dashboards\/|\/api\.ts$|^units\/clock\.ts$/;
const modules = floors.flatMap((floor) =>
  readdirSync(floor, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file) && !file.startsWith('dist/'))
    .map((file) => `${floor}/${file}`),
);
const text = (file: string) => readFileSync(file, 'utf8');

describe('the house', () => {
  test('has modules on every floor', () =>
    expect(floors.filter((floor) => !modules.some((file) => file.startsWith(`${floor}/`)))).toEqual([]));
  test('says on every floor what it owns, in under sixty lines', () =>
    expect(floors.filter((floor) => !existsSync(`${floor}/README.md`) || text(`${floor}/README.md`).split('\n').length > 60)).toEqual([]));
  test('opens every module with its header', () => expect(modules.filter((file) => !text(file).startsWith('/**'))).toEqual([]));
  test('reads the clock, the dice and the environment only in adapters', () =>
    expect(
      modules.filter((file) => !adapter.test(file) && /Date\.now\(|new Date\(\)|Math\.random\(|process\.env/.test(text(file))),
    ).toEqual([]));
  test('has no drawer for odds and ends', () =>
    expect(modules.filter((file) => /(^|\/)(utils?|helpers?|common|misc|shared|lib)(\/|\.tsx?$)/.test(file))).toEqual([]));
  test('has no top-level code folder but its floors', () =>
    expect(
      readdirSync('.', { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
        .map(({ name }) => name)
        .filter((name) => ![...floors, 'test', 'docs', 'examples', 'node_modules', 'coverage'].includes(name)),
    ).toEqual([]));
  test('keeps its floors, and the check saw every module', () => {
    const cruise = JSON.parse(
      execFileSync('npx', ['--no-install', 'depcruise', ...floors, '--output-type', 'json'], {
        encoding: 'utf8',
        maxBuffer: 1e8,
        stdio: ['ignore', 'pipe', 'ignore'],
      }),
    ) as {
      summary: { violations: unknown[] };
      modules: { source: string }[];
    };
    expect(cruise.summary.violations).toEqual([]);
    expect(cruise.modules.map(({ source }) => source)).toEqual(expect.arrayContaining(modules)); // a blind checker fails
  }, 60_000);
});
