/** `sunward sim run`: the folder it writes, read back by other programs and added up again. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse as parseCsv } from 'csv-parse/sync';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { loadScenario } from '../../cli/scenario-yaml.ts';
import { createResults, type RunSummary } from '../../cli/sim-results.ts';
import { simRun } from '../../cli/sim-run.ts';
import { type Policy, policies } from '../../simulator/study/policy.ts';
import { clairvoyant, runClairvoyant, runStudy, type StudyRun, standingsOf } from '../../simulator/study/run.ts';
import { hasChromium, openPage } from '../fixtures/browser.ts';

let out = '';
const listen = () => {
  out = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += text;
    return true;
  });
};
beforeEach(listen);
afterEach(() => {
  vi.restoreAllMocks();
});

const scenarioText = `
name: two-days
slot: 1h
for: 2d
seeds: [3, 8]
jobs: { drawn: { per_hour: 2 }, interruptible: 50%, data: { median_gb: 20 } }
policies: [greenest-now, run-now, planner]
embodied_g_per_accelerator_hour: 12
`;

/** The same without the planner: quick. */
const quickText = scenarioText.replace(', planner]', ']').replace('2d', '1d');

function scenarioFile(text = quickText): string {
  const file = join(mkdtempSync(join(tmpdir(), 'sim-run-')), 'two-days.yaml');
  writeFileSync(file, text);
  return file;
}

const open = () => new AbortController().signal;
const outOf = (file: string) => file.replace('.yaml', '-out');
async function run(file: string, options: Partial<Parameters<typeof simRun>[1]> = {}) {
  const folder = outOf(file);
  await simRun(file, { out: folder, json: false, clairvoyant: false, stop: open(), ...options });
  return { folder, summary: JSON.parse(readFileSync(join(folder, 'summary.json'), 'utf8')) as RunSummary };
}

type Row = Record<string, string>;
const csvOf = (folder: string): Row[] => parseCsv(readFileSync(join(folder, 'timeseries.csv')), { columns: true }) as Row[];
const jobsOf = async (folder: string) =>
  (await parquetReadObjects({ file: await asyncBufferFromFile(join(folder, 'jobs.parquet')) })) as Record<
    string,
    number | string | Date | boolean
  >[];
const total = <Each>(rows: readonly Each[], of: (row: Each) => unknown) => rows.reduce((sum, row) => sum + Number(of(row)), 0);

describe('a run', () => {
  let folder: string;
  let summary: RunSummary;
  let told: string;
  beforeAll(async () => {
    listen();
    ({ folder, summary } = await run(scenarioFile(scenarioText), { clairvoyant: true }));
    told = out;
  }, 60_000);

  test('tells the policies against their baseline, and where the rest lies', () => {
    expect(told).toMatch(/run-now \(baseline\)/);
    expect(told).toContain(`written to ${folder}: rows of all seeds`);
    expect(summary).toMatchObject({ rows: 'all', missing: [], seeds: [3, 8] });
    expect(summary.runs.map(({ seed, policy }) => `${seed} ${policy}`)).toEqual(
      [3, 8].flatMap((seed) => ['run-now', 'greenest-now', 'planner', 'clairvoyant'].map((policy) => `${seed} ${policy}`)),
    );
  });

  test('has rows by slot that add up to its energy and carbon', () => {
    const rows = csvOf(folder);
    expect(Object.keys(rows[0] ?? {}).slice(0, 4)).toEqual(['time', 'policy', 'seed', 'site']);
    for (const { policy, seed, metrics } of summary.runs) {
      const own = rows.filter((row) => row['policy'] === policy && row['seed'] === String(seed));
      expect(total(own, (row) => row['grid_kw'])).toBeCloseTo(metrics.gridKwh, 3);
      expect(total(own, (row) => row['curtailed_kw'])).toBeCloseTo(metrics.curtailedKwh, 3);
      expect(total(own, (row) => row['draw_kw'])).toBeCloseTo(metrics.energyKwh, 3);
      expect(total(own, (row) => row['starts'])).toBe(metrics.starts);
    }
  });

  test('has rows by job that add up, and save what their baseline cost more', async () => {
    const rows = await jobsOf(folder);
    const of = (policy: string, seed: number) => rows.filter((row) => row['policy'] === policy && row['seed'] === seed);
    for (const { policy, seed, metrics } of summary.runs) {
      const own = of(policy, seed);
      expect(own).toHaveLength(metrics.jobs);
      expect(total(own, (row) => row['grid_kwh'])).toBeCloseTo(metrics.gridKwh, 9);
      expect(total(own, (row) => row['location_g']) / 1_000).toBeCloseTo(metrics.locationKg, 9);
      expect(total(own, (row) => row['embodied_g']) / 1_000).toBeCloseTo(metrics.embodiedKg, 9);
      expect(total(own, (row) => row['money_eur'])).toBeCloseTo(metrics.money, 9);
      const base = summary.runs.find((each) => each.policy === 'run-now' && each.seed === seed);
      expect(total(own, (row) => row['saved_location_g']) / 1_000).toBeCloseTo((base?.metrics.locationKg ?? 0) - metrics.locationKg, 9);
      expect(own.filter((row) => row['missed'])).toHaveLength(metrics.deadlineMisses);
    }
    const first = rows[0] as { release: Date; start: Date; end: Date; deadline: Date };
    expect(first.release).toBeInstanceOf(Date);
    expect([first.start >= first.release, first.end > first.start, first.deadline >= first.end]).toEqual([true, true, true]);
  });

  test('says in words and units what every column is', () => {
    const metadata = parse(readFileSync(join(folder, 'metadata.yaml'), 'utf8'));
    expect(Object.keys(metadata['timeseries.csv'])).toEqual(Object.keys(csvOf(folder)[0] ?? {}));
    expect(metadata['timeseries.csv'].grid_kw).toEqual({ unit: 'kW', meaning: 'part of the draw served by the grid' });
    expect(metadata).toMatchObject({ name: 'two-days', slot: 'PT1H', start: '2023-06-12T00:00:00Z', seeds: [3, 8] });
  });

  test('is recomputed to the same carbon by the Impact Framework', { timeout: 60_000 }, () => {
    const recomputed = join(folder, 'recomputed.yaml');
    execFileSync('node_modules/.bin/if-run', ['-m', join(folder, 'impact.yaml'), '-o', recomputed], { stdio: 'pipe' });
    const { tree } = parse(readFileSync(recomputed, 'utf8'));
    expect(Object.keys(tree.children)).toEqual(['run-now', 'greenest-now', 'planner', 'clairvoyant']);
    for (const { policy, metrics } of summary.runs.filter(({ seed }) => seed === 3)) {
      const theirs = tree.children[policy].aggregated;
      expect(metrics.locationKg).toBeGreaterThan(0);
      expect(Math.abs(theirs.carbon / 1_000 / metrics.locationKg - 1)).toBeLessThan(1e-6);
      expect(theirs['carbon-embodied'] / 1_000).toBeCloseTo(metrics.embodiedKg, 9);
      expect(theirs.energy).toBeCloseTo(metrics.gridKwh, 6);
      expect(theirs['energy-surplus']).toBeCloseTo(metrics.energyKwh - metrics.gridKwh, 6);
    }
  });
});

describe('the report', () => {
  test.skipIf(!hasChromium())(
    'opens from a file, wide and narrow, without a word of complaint or a wish',
    { timeout: 60_000 },
    async () => {
      const { folder } = await run(scenarioFile());
      for (const viewport of [
        { width: 1440, height: 900 },
        { width: 390, height: 844 },
      ]) {
        const address = `file://${join(folder, 'report.html')}`;
        const { page, faults, requested, close } = await openPage(address, { viewport });
        try {
          await page.getByRole('heading', { name: 'two-days' }).waitFor();
          expect(await page.getByRole('img', { name: 'Carbon and cost' }).count()).toBe(1); // the other size is hidden
          expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(viewport.width);
          expect([faults, requested]).toEqual([[], [address]]);
        } finally {
          await close();
        }
      }
    },
  );
});

describe('rows', () => {
  test('are of the first seed when asked so, and the output says it', async () => {
    const { folder, summary } = await run(scenarioFile(), { rows: 'first' });
    expect(out).toContain('rows of seed 3 only (--rows all keeps all)');
    expect(summary.rows).toBe('first');
    expect(new Set(csvOf(folder).map((row) => row['seed']))).toEqual(new Set(['3']));
    expect(new Set((await jobsOf(folder)).map((row) => row['seed']))).toEqual(new Set([3]));
  });

  test('are left out when asked so, and those of an earlier run with them', async () => {
    const file = scenarioFile();
    await run(file);
    const { folder } = await run(file, { rows: 'none' });
    expect(['timeseries.csv', 'jobs.parquet', 'metadata.yaml', 'summary.json'].map((name) => existsSync(join(folder, name)))).toEqual([
      false,
      false,
      false,
      true,
    ]);
  });

  test('are the same bytes in whatever order cells are done', async () => {
    const file = scenarioFile();
    const { folder, summary } = await run(file, { clairvoyant: true });
    const loaded = await loadScenario(file);
    const cells = summary.runs.map(({ policy, seed }) => ({ policy, seed }));
    const mixed = join(folder, '..');
    const results = createResults({ folder: mixed, scenario: loaded.scenario, text: quickText, cells });
    const runs: StudyRun[] = [];
    for (const { policy, seed } of [...cells].reverse()) {
      const { study } = await loaded.studyOf(seed);
      const forecaster = await loaded.forecasterOf(study);
      const run = policy === clairvoyant ? runClairvoyant(study) : runStudy(study, await loaded.policyOf(policy), forecaster);
      results.cell(run, study);
      runs.unshift(run);
    }
    results.close({ ...summary, standings: standingsOf(runs, 'run-now') });
    for (const name of ['timeseries.csv', 'jobs.parquet', 'metadata.yaml', 'impact.yaml', 'report.html'])
      expect(readFileSync(join(mixed, name)).equals(readFileSync(join(folder, name))), name).toBe(true);
  });
});

describe('a run that is stopped', () => {
  test('keeps the cells that are done, and names those that are not', async () => {
    const stop = new AbortController();
    const file = scenarioFile();
    const running = run(file, { stop: stop.signal, json: true });
    await vi.waitFor(() => expect(existsSync(join(outOf(file), 'timeseries.csv'))).toBe(true), { interval: 0 });
    stop.abort();
    const { folder, summary } = await running;
    expect(summary.runs.length).toBeGreaterThan(0);
    expect(summary.runs.length).toBeLessThan(4);
    expect(summary.runs.length + summary.missing.length).toBe(4);
    expect(JSON.parse(out)).toEqual(summary);
    expect(new Set(csvOf(folder).map((row) => `${row['seed']} ${row['policy']}`)).size).toBe(summary.runs.length);
    expect(await jobsOf(folder)).toHaveLength(total(summary.runs, ({ metrics }) => metrics.jobs));
  });

  test('compares on the seeds that all policies ran', async () => {
    const stop = new AbortController();
    const baseline = policies.get('run-now') as Policy;
    const open = baseline.open;
    vi.spyOn(baseline, 'open').mockImplementation((study) => {
      if (study.seed === 8) stop.abort(); // heard when its run is over
      return open(study);
    });
    const { summary } = await run(scenarioFile(), { stop: stop.signal });
    expect(summary.missing).toEqual([{ policy: 'greenest-now', seed: 8 }]);
    expect(summary.standings.map(({ policy, metrics }) => [policy, metrics.jobs.seeds])).toEqual([
      ['run-now', 1],
      ['greenest-now', 1],
    ]);
  });

  test('by a fault keeps the cells that are done, too', async () => {
    const file = scenarioFile(quickText.replace('[greenest-now', '[planner, greenest-now'));
    vi.spyOn(policies.get('planner') as Policy, 'open').mockImplementation(() => {
      throw new Error('no plan');
    });
    await expect(run(file)).rejects.toThrow('no plan');
    expect(await jobsOf(outOf(file))).not.toHaveLength(0);
    expect(JSON.parse(readFileSync(join(outOf(file), 'summary.json'), 'utf8')).missing[0]).toEqual({ policy: 'planner', seed: 3 });
  });

  test('before any cell is done has a summary all the same', async () => {
    const { summary } = await run(scenarioFile(), { stop: AbortSignal.abort() });
    expect(summary).toMatchObject({ runs: [], standings: [], rows: 'none' });
    expect(summary.missing).toHaveLength(4);
  });
});

test('a study without a job says so', async () => {
  let err = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    err += text;
    return true;
  });
  const file = scenarioFile(quickText.replace(/^jobs:.*$/m, 'jobs: { file: epoch.csv }'));
  writeFileSync(file.replace('two-days.yaml', 'epoch.csv'), 'arrival_time,length,cpus\n1686528000,3600,1\n1686531600,3600,1\n');
  await run(file);
  expect(err.match(/there is no job/g)).toHaveLength(2);
  expect(out).not.toContain('NaN');
});
