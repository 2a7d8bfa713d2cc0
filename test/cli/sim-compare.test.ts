/** `sunward sim compare`, on results that `sim run` and `sim sweep` wrote; and the same scenario twice. */
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { simCommand } from '../../cli/sim.ts';

let out = '';
const listen = () => {
  out = '';
  vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += text;
    return true;
  });
};
beforeEach(listen);
afterEach(() => vi.restoreAllMocks());

const sunward = (...argv: string[]) =>
  new Command('sunward')
    .addCommand(simCommand(() => new AbortController().signal))
    .exitOverride()
    .parseAsync(['sim', ...argv], { from: 'user' });

const folder = mkdtempSync(join(tmpdir(), 'compare-'));
const at = (name: string) => join(folder, name);
const text = (more = '') =>
  `name: small\nfor: 1d\nslot: 1h\nseeds: [1, 2, 3]\njobs: {drawn: {per_hour: 2}}\npolicies: [run-now, greenest-now]\n${more}`;

async function results(name: string, content: string, command = 'run'): Promise<string> {
  writeFileSync(at(`${name}.yaml`), content);
  await sunward(command, at(`${name}.yaml`), '--out', at(name), ...(command === 'sweep' ? ['--workers', '0'] : []));
  return at(name);
}
beforeAll(async () => {
  listen();
  await results('persistent', text());
  await results('perfect', text('forecaster: perfect\n'));
  await results('costly', text('optimize: cost\nfor: 2d\n').replace('for: 1d\n', ''));
  await results('swept', text('sweep: {forecaster: [persistence, perfect]}\n'), 'sweep');
  vi.restoreAllMocks();
}, 60_000);

const compared = () =>
  JSON.parse(out) as { reference: string; arm: string; differences: { metric: string; difference: { mean: number } }[] }[];
const moneyOf = (each: ReturnType<typeof compared>[number] | undefined) =>
  each?.differences.find(({ metric }) => metric === 'money')?.difference;

describe('sunward sim compare', () => {
  test('sets the policies of one folder beside the baseline, or beside the one that is named', async () => {
    await sunward('compare', at('persistent'), '--json');
    const [one, ...none] = compared();
    expect(none).toEqual([]);
    expect(one).toMatchObject({ reference: `${at('persistent')}, run-now`, arm: `${at('persistent')}, greenest-now` });
    const forth = moneyOf(one)?.mean;
    out = '';
    await sunward('compare', at('persistent'), '--policy', 'greenest-now', '--json');
    expect(compared()[0]).toMatchObject({ reference: `${at('persistent')}, greenest-now` });
    expect(moneyOf(compared()[0])?.mean).toBeCloseTo(-(forth as number), 12);
  });

  test('sets each policy beside itself in another folder', async () => {
    await sunward('compare', at('persistent'), at('perfect'), '--json');
    expect(compared().map(({ arm }) => arm)).toEqual([`${at('perfect')}, run-now`, `${at('perfect')}, greenest-now`]);
    expect(moneyOf(compared()[0])).toEqual({ mean: 0, low: 0, high: 0, seeds: 3 }); // run-now looks at no forecast
  });

  test('takes the variants of a sweep for folders', async () => {
    await sunward('compare', at('persistent'), at('perfect'), '--policy', 'greenest-now', '--json');
    const [folders] = compared();
    out = '';
    await sunward('compare', at('swept'), '--policy', 'greenest-now', '--json');
    const [variants] = compared();
    expect(variants?.arm).toBe(`${at('swept')}: forecaster=perfect, greenest-now`);
    expect(variants?.differences).toEqual(folders?.differences);
  });

  test('prints a table of what is known', async () => {
    await sunward('compare', at('persistent'));
    expect(out).toMatch(
      /^.*persistent, greenest-now\nagainst .*persistent, run-now\n\nMETRIC +REFERENCE +THIS +DIFFERENCE +\[95 %\] +OF REFERENCE +CLEAR\n/,
    );
    expect(out).toMatch(/\nlocationKg +\d/);
    expect(out).not.toMatch(/NaN|marginalKg/);
    expect(out).toMatch(/\npaired over 3 seeds, Student’s t\n$/);
  });

  test.each([
    {
      name: 'worlds that are not the same',
      argv: [at('persistent'), at('costly')],
      says: /costly, run-now cannot be paired with .*\n {2}interval differ: .*86400000.* and .*172800000/,
    },
    {
      name: 'a policy that is not there',
      argv: [at('persistent'), '--policy', 'planner'],
      says: /no policy planner in .*; there are: run-now, greenest-now/,
    },
    { name: 'a folder without results', argv: [folder], says: /no results in .*summary\.json: ENOENT.*; sim run and sim sweep write them/ },
  ])('refuses $name', ({ argv, says }) => expect(sunward('compare', ...argv)).rejects.toThrow(says));
});

describe('the same scenario twice', () => {
  test.each(['run', 'sweep'])(
    'gives the same bytes of every file of sim %s',
    async (command) => {
      const content = text('forecaster: {noise: 20%}\njobs: {drawn: {per_hour: 2}, interruptible: 30%, data: {median_gb: 5}}\n').replace(
        'jobs: {drawn: {per_hour: 2}}\n',
        '',
      );
      const files = (of: string) =>
        readdirSync(of, { recursive: true, encoding: 'utf8', withFileTypes: true }).filter((entry) => entry.isFile());
      const [one, two] = [await results(`one-${command}`, content, command), await results(`two-${command}`, content, command)];
      const bytes = (of: string) => files(of).map((entry) => [entry.name, readFileSync(join(entry.parentPath, entry.name), 'base64')]);
      expect(files(one).length).toBeGreaterThan(0);
      expect(bytes(two)).toEqual(bytes(one));
    },
    60_000,
  );
});
