/** `sunward sim sweep`: the same bytes whoever runs the cells, what is finished is kept, and a real Slurm. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { planCells } from '../../cli/cells.ts';
import { simCommand } from '../../cli/sim.ts';
import { arrayScript } from '../../cli/slurm-array.ts';
import { hasSlurm, startSlurm } from '../fixtures/slurm.ts';

let [out, error] = ['', ''];
let stop = new AbortController();
beforeEach(() => {
  [out, error] = ['', ''];
  stop = new AbortController();
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += text;
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    error += text;
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  process.exitCode = undefined;
});

const sunward = (...argv: string[]) =>
  new Command('sunward')
    .addCommand(simCommand(() => stop.signal))
    .exitOverride()
    .parseAsync(['sim', ...argv], { from: 'user' });

const text = (more = '') =>
  `name: small\nfor: 1d\nslot: 1h\nseeds: [1, 2]\njobs: {drawn: {per_hour: 2}}\npolicies: [run-now, greenest-now]\n${more}`;
const grid = 'sweep: {forecaster: [perfect, {noise: 20%}]}\n';
function scenarioOf(content = text(grid)): { file: string; folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'sweep-'));
  const file = join(folder, 's.yaml');
  writeFileSync(file, content);
  return { file, folder };
}
const summaryIn = (folder: string) => readFileSync(join(folder, 'summary.json'), 'utf8');
const cellsIn = (folder: string) => readdirSync(join(folder, 'cells')).sort();

describe('sunward sim sweep', () => {
  test('writes the same bytes in this process, with one worker and with two', async () => {
    const { file, folder } = scenarioOf();
    const at = (workers: string) => join(folder, workers);
    for (const workers of ['0', '1', '2']) await sunward('sweep', file, '--out', at(workers), '--workers', workers);
    for (const workers of ['1', '2']) {
      expect(summaryIn(at(workers))).toBe(summaryIn(at('0')));
      expect(cellsIn(at(workers))).toEqual(cellsIn(at('0')));
      for (const cell of cellsIn(at('0')))
        expect(readFileSync(join(at(workers), 'cells', cell), 'utf8')).toBe(readFileSync(join(at('0'), 'cells', cell), 'utf8'));
    }
    expect(cellsIn(at('0'))).toHaveLength(8);
  }, 60_000);

  test('says of each variant what sim run says of its scenario alone', async () => {
    const { file, folder } = scenarioOf();
    await sunward('sweep', file, '--out', folder, '--workers', '0');
    const { variants } = JSON.parse(summaryIn(folder));
    const alone = scenarioOf(text('forecaster: {noise: 20%}\n'));
    await sunward('run', alone.file, '--out', alone.folder);
    const { standings, runs } = JSON.parse(summaryIn(alone.folder));
    expect(variants[1]).toMatchObject({ settings: { forecaster: { noise: '20%' } }, standings, runs });
    expect(variants[0].runs).not.toEqual(runs);
  }, 60_000);

  test('says of each seed what it says of that seed alone, whatever ran before it', async () => {
    const [both, second] = [scenarioOf(), scenarioOf(text(grid).replace('[1, 2]', '[2]'))];
    for (const { file, folder } of [both, second]) await sunward('sweep', file, '--out', folder, '--workers', '0');
    expect(cellsIn(both.folder)).toEqual(expect.arrayContaining(cellsIn(second.folder)));
    for (const cell of cellsIn(second.folder))
      expect(readFileSync(join(both.folder, 'cells', cell), 'utf8')).toBe(readFileSync(join(second.folder, 'cells', cell), 'utf8'));
  }, 60_000);

  test('runs what is missing, and nothing twice', async () => {
    const { file, folder } = scenarioOf();
    await sunward('sweep', file, '--out', folder, '--workers', '0');
    const [first, ...others] = cellsIn(folder);
    const whole = summaryIn(folder);
    const timeOf = (cell: string) => statSync(join(folder, 'cells', cell)).mtimeMs;
    const before = others.map(timeOf);
    rmSync(join(folder, 'cells', first as string));
    writeFileSync(join(folder, 'cells', others[0] as string), '{"policy": "run-'); // cut off: as good as missing
    await sunward('sweep', file, '--out', folder, '--workers', '0');
    expect(error).toContain('6 of 8 cells were finished before');
    expect(others.slice(1).map(timeOf)).toEqual(before.slice(1));
    expect(summaryIn(folder)).toBe(whole);
  }, 60_000);

  test('runs what is new when it grows, and leaves aside what is of another state', async () => {
    const { file, folder } = scenarioOf();
    await sunward('sweep', file, '--out', folder, '--workers', '0');
    writeFileSync(file, text(grid).replace('[1, 2]', '[1, 2, 3]'));
    await sunward('sweep', file, '--out', folder, '--workers', '0');
    expect(error).toContain('8 of 12 cells were finished before');
    expect(error).not.toContain('another state');
    writeFileSync(file, text(grid).replace('per_hour: 2', 'per_hour: 3'));
    await sunward('sweep', file, '--out', folder, '--workers', '0');
    expect(error).toContain('holds 12 cells of another state of this scenario; they stay, and are not counted');
    expect(cellsIn(folder)).toHaveLength(20);
    expect(JSON.parse(summaryIn(folder)).variants[0].runs).toHaveLength(4);
  }, 60_000);

  test('keeps what is finished when it is stopped, and goes on from there', async () => {
    const { file, folder } = scenarioOf();
    const write = vi.spyOn(process.stderr, 'write');
    mkdirSync(join(folder, 'cells'));
    const watch = setInterval(() => cellsIn(folder).length >= 3 && stop.abort(), 1);
    await sunward('sweep', file, '--out', folder, '--workers', '0');
    clearInterval(watch);
    const kept = cellsIn(folder).length;
    expect(kept).toBeGreaterThanOrEqual(3);
    expect(kept).toBeLessThan(8);
    expect(error).toContain(`${kept} of 8 cells are finished and kept; the same command goes on from there`);
    expect(process.exitCode).toBe(1);
    write.mockClear();
    stop = new AbortController();
    await sunward('sweep', file, '--out', folder, '--workers', '0', '--json');
    const other = join(folder, 'other');
    await sunward('sweep', file, '--out', other, '--workers', '0');
    expect(summaryIn(folder)).toBe(summaryIn(other));
  }, 60_000);

  test('tells the cells that failed at the end, and keeps the others', async () => {
    const { file, folder } = scenarioOf(text(grid).replace('greenest-now]', './mine.ts]'));
    const breaks = 'export default (job, sites, now) => { if (job.id.endsWith("7")) throw new Error("seven"); return undefined; };';
    writeFileSync(join(folder, 'mine.ts'), breaks);
    for (const workers of ['0', '1']) {
      const sweep = sunward('sweep', file, '--out', join(folder, workers), '--workers', workers);
      await expect(sweep).rejects.toThrow(
        /^4 of 8 cells failed; the others are kept\n {2}forecaster=perfect, \.\/mine\.ts, seed 1: policy \.\/mine\.ts: threw on job-000007: seven\n/,
      );
      expect(cellsIn(join(folder, workers))).toHaveLength(4);
    }
    writeFileSync(join(folder, 'mine.ts'), breaks.replace('"7"', '"nothing"'));
    await sunward('sweep', file, '--out', join(folder, '0'), '--workers', '0');
    expect(JSON.parse(summaryIn(join(folder, '0'))).variants).toHaveLength(2);
  }, 60_000);

  test('prints the summary as JSON, or a table of every variant', async () => {
    const { file, folder } = scenarioOf();
    await sunward('sweep', file, '--out', folder, '--workers', '0', '--json');
    expect(out).toBe(summaryIn(folder));
    out = '';
    await sunward('sweep', file, '--out', folder);
    expect(out).toMatch(/^forecaster +POLICY +kgCO2eq +SAVED % \[95 %\] +EUR +WAIT h +MISSED\n/);
    expect(out).toMatch(/\nperfect +greenest-now +\d/);
    expect(out).toMatch(/\n\{"noise":"20%"\} +run-now +\d/);
  }, 60_000);

  test('says who left jobs out, whose savings are of less work', async () => {
    const full = text(`sites: [{id: a, zone: FR, accelerators: "A100:1"}]\n${grid}`).replace(
      '{per_hour: 2}',
      '{per_hour: 20, accelerators: [1]}',
    );
    const { file, folder } = scenarioOf(full);
    await sunward('sweep', file, '--out', folder, '--workers', '0');
    expect(out).toContain('run-now, greenest-now left jobs without room in some variant');
  });
});

describe('a cell', () => {
  const keysOf = (content: string, more: Record<string, string> = {}) => {
    const { file, folder } = scenarioOf(content);
    for (const [name, body] of Object.entries(more)) writeFileSync(join(folder, name), body);
    return planCells(file, { clairvoyant: false, sweep: true }).cells.map(({ key }) => key);
  };
  const base = keysOf(text());

  test('has the same key wherever the scenario lies, whatever it is called and whoever is beside it', () => {
    expect(keysOf(text().replace('name: small', 'name: other'))).toEqual(base);
    expect(keysOf(text().replace('[1, 2]', '[2, 1, 9]'))).toEqual(expect.arrayContaining(base));
    expect(keysOf(text('baseline: greenest-now\n')).sort()).toEqual([...base].sort());
  });
  test.each(['optimize: cost\n', 'slot: 30m\n', 'forecaster: perfect\n', 'restart_cost: 1\n'])('has another key with %j', (more) =>
    expect(keysOf(`${text().replace('slot: 1h\n', more.startsWith('slot') ? '' : 'slot: 1h\n')}${more}`)).not.toEqual(
      expect.arrayContaining([base[0]]),
    ),
  );
  test('has another key with other bytes in its job file, or in its policy', () => {
    const traced = text().replace('{drawn: {per_hour: 2}}', '{file: jobs.csv}').replace('greenest-now', './mine.ts');
    const [jobs, mine] = ['arrival_time,length,cpus\n0,3600,1\n', 'export default () => undefined;'];
    const keys = keysOf(traced, { 'jobs.csv': jobs, 'mine.ts': mine });
    expect(keysOf(traced, { 'jobs.csv': jobs, 'mine.ts': mine })).toEqual(keys);
    const otherPolicy = keysOf(traced, { 'jobs.csv': jobs, 'mine.ts': `${mine}//` });
    expect(otherPolicy.map((key, at) => key === keys[at])).toEqual([true, false, true, false]);
    const otherJobs = keysOf(traced, { 'jobs.csv': `${jobs}60,60,1\n`, 'mine.ts': mine });
    expect(otherJobs.some((key, at) => key === keys[at])).toBe(false);
  });
});

describe('a sweep as a Slurm array', () => {
  const planOf = (seeds: number) => {
    const { file } = scenarioOf(text(grid).replace('[1, 2]', JSON.stringify([...Array(seeds).keys()])));
    return planCells(file, { clairvoyant: false, sweep: true });
  };
  test('has one task a cell, of those that are not finished', () => {
    const plan = planOf(2);
    const pending = plan.cells.filter(({ index }) => index !== 3);
    const script = arrayScript(plan, pending, { folder: "/data/it's", clairvoyant: true });
    expect(script).toContain('#SBATCH --array=0-2,4-7\n');
    expect(script).toMatch(/'sim' 'cell' '\/.*s\.yaml' "\$SLURM_ARRAY_TASK_ID" \\\n {2}--of 8 --out '\/data\/it'\\''s' --clairvoyant\n$/);
  });
  test('has at most a thousand tasks, which share the cells', () => {
    const plan = planOf(600); // 2,400 cells
    expect(arrayScript(plan, plan.cells, { folder: '/data', clairvoyant: false })).toMatch(/--array=0-999\n[\s\S]*--of 1000 /);
    expect(arrayScript(plan, plan.cells.slice(-1), { folder: '/data', clairvoyant: false })).toContain('--array=399\n');
  });
  test('is refused where there is no Slurm', async () => {
    const { file, folder } = scenarioOf();
    vi.stubEnv('PATH', '/nowhere');
    await expect(sunward('sweep', file, '--out', folder, '--engine', 'slurm')).rejects.toThrow(
      'no squeue in PATH; --engine slurm is for machines',
    );
  });
  test('leaves each task its own cells', async () => {
    const { file, folder } = scenarioOf();
    await sunward('cell', file, '1', '--of', '4', '--out', folder);
    expect(cellsIn(folder)).toHaveLength(2);
    expect(out).toBe('forecaster=perfect, greenest-now, seed 1\nforecaster={"noise":"20%"}, greenest-now, seed 1\n');
    await expect(sunward('cell', file, '4', '--of', '4', '--out', folder)).rejects.toThrow('found task 4; allowed: 0 to 3');
  });

  test.skipIf(!hasSlurm && process.env['CI'] !== 'true')(
    'comes to the same bytes under a real Slurm, handed over or waited for',
    async () => {
      const slurm = await startSlurm();
      try {
        vi.stubEnv('SLURM_CONF', slurm.env.SLURM_CONF);
        const { file, folder } = scenarioOf(text().replace('[1, 2]', '[1]'));
        const [waited, here] = [join(folder, 'waited'), join(folder, 'here')];
        await sunward('sweep', file, '--out', waited, '--engine', 'slurm', '--submit-only');
        expect(error).toMatch(/Slurm job 1: 2 cells; /);
        await sunward('sweep', file, '--out', waited, '--engine', 'slurm'); // finds the array that is queued, and waits for it
        expect(error).not.toMatch(/Slurm job 2/);
        await sunward('sweep', file, '--out', here, '--workers', '0');
        expect(summaryIn(waited)).toBe(summaryIn(here));
      } finally {
        await slurm.stop();
      }
    },
    90_000,
  );

  test.skipIf(!hasSlurm && process.env['CI'] !== 'true')(
    'that ends without its cells is told, with where its logs lie',
    async () => {
      const slurm = await startSlurm();
      try {
        vi.stubEnv('SLURM_CONF', slurm.env.SLURM_CONF);
        const { file, folder } = scenarioOf(text().replace('[1, 2]', '[1]').replace('greenest-now', './mine.ts'));
        writeFileSync(join(folder, 'mine.ts'), 'throw new Error("no model here");');
        const sweep = sunward('sweep', file, '--out', join(folder, 'out'), '--engine', 'slurm');
        await expect(sweep).rejects.toThrow(/Slurm job 1 is over, and \d of 2 cells are missing; see .*slurm/);
        const logs = readdirSync(join(folder, 'out', 'slurm')).filter((name) => name.endsWith('.log'));
        expect(logs.map((log) => readFileSync(join(folder, 'out', 'slurm', log), 'utf8')).join('')).toContain('no model here');
      } finally {
        await slurm.stop();
      }
    },
    90_000,
  );
});
