/** `sunward sim run` with `depth: river`: the scenario of docs/mishaps.md, whose files are set beside the river's own record. */
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse as parseCsv } from 'csv-parse/sync';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { planCells } from '../../cli/cells.ts';
import { loadScenario } from '../../cli/scenario-yaml.ts';
import type { RunSummary } from '../../cli/sim-results.ts';
import { simRun } from '../../cli/sim-run.ts';
import { type RiverRun, runAsRiver } from '../../simulator/river-run.ts';
import { HOUR, SLOT } from '../../units/time.ts';

const [, , text = ''] = [...readFileSync('docs/mishaps.md', 'utf8').matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, yaml]) => yaml);
const folder = mkdtempSync(join(tmpdir(), 'sim-river-'));
const file = join(folder, 'forged-noon.yaml');
writeFileSync(file, text);

const silenced = () => vi.spyOn(process.stdout, 'write').mockImplementation(() => true);
beforeEach(() => void silenced());
afterEach(() => {
  vi.restoreAllMocks();
});
async function run(name: string, stop = new AbortController().signal) {
  silenced();
  const out = join(folder, name);
  await simRun(file, { out, json: false, clairvoyant: false, stop });
  return { out, summary: JSON.parse(readFileSync(join(out, 'summary.json'), 'utf8')) as RunSummary };
}
type Row = Record<string, string | number | Date | boolean | null>;
const sum = <Each>(items: readonly Each[], of: (item: Each) => unknown) => items.reduce((total, item) => total + Number(of(item)), 0);

let out: string;
let summary: RunSummary;
let rows: Row[];
let slots: Record<string, string>[];
let river: RiverRun;
beforeAll(async () => {
  ({ out, summary } = await run('results'));
  rows = (await parquetReadObjects({ file: await asyncBufferFromFile(join(out, 'jobs.parquet')) })) as Row[];
  slots = parseCsv(readFileSync(join(out, 'timeseries.csv')), { columns: true }) as Record<string, string>[];
  const { scenario, studyOf } = await loadScenario(file);
  river = (await runAsRiver(scenario, await studyOf(1), 'planner')) as RiverRun;
}, 120_000);
const cellOf = (policy: string) => summary.runs.find((each) => each.policy === policy) ?? expect.unreachable(policy);

describe('a river of a day', () => {
  test('writes every file that a study writes', () =>
    expect(readdirSync(out).sort()).toEqual([
      'impact.yaml',
      'jobs.parquet',
      'metadata.yaml',
      'report.html',
      'summary.json',
      'timeseries.csv',
    ]));

  test('writes the energy and carbon of its record, by job and by slot', () => {
    const { record, run: ran } = river;
    const { metrics } = cellOf('planner');
    const wattHours = record.summary.energyWh;
    expect(wattHours.grid).toBeGreaterThan(1_000);
    expect(wattHours.surplus).toBeGreaterThan(1_000);
    expect(ran.metrics.gridKwh).toBe(metrics.gridKwh);
    expect(metrics.gridKwh * 1_000).toBeCloseTo(wattHours.grid, 6);
    expect((metrics.curtailedKwh + metrics.exportableKwh) * 1_000).toBeCloseTo(wattHours.surplus, 6);
    expect(metrics.locationKg * 1_000).toBeCloseTo(record.summary.carbonG.actual, 6);
    const own = slots.filter((row) => row['policy'] === 'planner');
    expect(sum(own, (row) => row['grid_kw']) / 4).toBeCloseTo(metrics.gridKwh, 6);
    expect(sum(own, (row) => row['curtailed_kw']) / 4).toBeCloseTo(metrics.curtailedKwh, 6);
    expect(sum(own, (row) => row['starts'])).toBe(record.counters.leases);
    const jobs = rows.filter((row) => row['policy'] === 'planner');
    expect(jobs).toHaveLength(record.counters.arrivals);
    expect(sum(jobs, (row) => row['location_g']) / 1_000).toBeCloseTo(metrics.locationKg, 9);
    expect(jobs.filter((row) => row['missed'])).toHaveLength(metrics.deadlineMisses);
  });

  test('tells of every job where and when its record says it ran', () => {
    const jobs = new Map(rows.filter((row) => row['policy'] === 'planner').map((row) => [`${row['job']}-seed1`, row]));
    expect(jobs.size).toBeGreaterThan(50);
    for (const { id, state, homeSite, runs, release, deadline } of river.record.jobs) {
      const row = jobs.get(id) ?? expect.unreachable(id);
      expect([row['home'], Number(row['release']), Number(row['deadline'])]).toEqual([homeSite, release, deadline]);
      if (state !== 'SUCCEEDED') expect([row['site'], row['missed']]).toEqual([null, true]);
      else expect([row['site'], Number(row['start']), Number(row['end'])]).toEqual([runs.at(-1)?.site, runs[0]?.start, runs.at(-1)?.end]);
    }
  });

  test('never holds more accelerators than there are, nor draws more than those it holds', () => {
    for (const row of slots) {
      expect(Number(row['accelerators_held'])).toBeLessThanOrEqual(12);
      expect(Number(row['draw_kw'])).toBeLessThanOrEqual(Number(row['accelerators_held']) * 0.48 + 1e-9);
    }
  });

  test('pairs its policies on the same jobs and homes', () => {
    const worldOf = (policy: string) =>
      rows.filter((row) => row['policy'] === policy).map(({ job, home, release, deadline }) => ({ job, home, release, deadline }));
    expect(worldOf('planner')).toEqual(worldOf('run-now'));
    const [base, planned] = summary.standings;
    expect([base?.policy, planned?.policy]).toEqual(['run-now', 'planner']);
    expect(planned?.savings.locationKg.mean).toBeCloseTo(
      100 * (1 - cellOf('planner').metrics.locationKg / cellOf('run-now').metrics.locationKg),
      9,
    );
    expect(planned?.savings.locationKg.mean).toBeGreaterThan(0);
  });

  test('gives the same bytes again', { timeout: 60_000 }, async () => {
    const again = await run('again');
    for (const name of readdirSync(out)) expect(readFileSync(join(again.out, name)).equals(readFileSync(join(out, name))), name).toBe(true);
  });
});

describe('its mishaps', () => {
  test('forge what is quarantined', () => expect(river.record.counters.quarantined).toBe(2 * 12 * 3));

  test('leave a dark site without surplus, and its runs lost', () => {
    const { start, jobs, slots: records } = river.record;
    const dark = { start: start + 10 * HOUR, end: start + 12 * HOUR };
    const certified = records.filter(({ site, start: at }) => site === 'rhine' && at >= dark.start && at < dark.end);
    expect(certified).toHaveLength((2 * HOUR) / SLOT);
    expect(sum(certified, ({ surplusKwh }) => surplusKwh ?? 0)).toBe(0);
    const lost = jobs.flatMap(({ runs }) => runs).filter(({ state }) => state === 'lost');
    expect(lost.length).toBeGreaterThan(0);
    for (const one of lost.filter(({ start: at }) => at < dark.start))
      expect([one.site, one.end]).toEqual(['rhine', dark.start + 3 * SLOT]);
  });
});

describe('a river that is stopped', () => {
  test('keeps what is finished and names the rest', { timeout: 60_000 }, async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 300);
    const { summary: cut } = await run('cut', stop.signal);
    expect([...cut.runs, ...cut.missing].map(({ policy }) => policy)).toEqual(['run-now', 'planner']);
    expect(cut.missing.length).toBeGreaterThan(0);
  });

  test('tells nothing of a cell that it left', async () => {
    const { scenario, studyOf } = await loadScenario(file);
    let asked = 0;
    expect(await runAsRiver(scenario, await studyOf(1), 'run-now', { stopped: () => ++asked > 3 })).toBeUndefined();
  });
});

test('a river has no clairvoyant', () =>
  expect(() => planCells(file, { clairvoyant: true, sweep: false })).toThrow(/depth: found river beside --clairvoyant; allowed: study/));
