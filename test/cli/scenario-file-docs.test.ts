/** The scenario file: its documentation and its templates, beside its grammar. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { loadScenario, readScenarioYaml } from '../../cli/scenario-yaml.ts';
import { simNew, templates } from '../../cli/sim-new.ts';
import { scenarioFile } from '../../simulator/scenario-file.ts';

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly additionalProperties?: Schema | boolean;
}
/** Dotted paths of all fields; those of a list's entries stand below the list, those of a map's values below the map. */
function pathsOf({ properties = {}, items, anyOf = [], allOf = [], oneOf = [], additionalProperties }: Schema, path = ''): string[] {
  const values = typeof additionalProperties === 'object' ? [additionalProperties] : [];
  const inner = [...(items ? [items] : []), ...values, ...anyOf, ...allOf, ...oneOf].flatMap((part) => pathsOf(part, path));
  const own = Object.entries(properties).flatMap(([name, part]) => {
    const below = pathsOf(part, path === '' ? name : `${path}.${name}`);
    return below.length > 0 ? below : [path === '' ? name : `${path}.${name}`];
  });
  return [...new Set([...inner, ...own])];
}
/** The four records of a zone take the same fields: told once, of its prices. What-ifs have a page of their own. */
const toldOnce = (path: string) =>
  path.replace(/^grid\.zones\.(carbon|marginal|clouds)\./, 'grid.zones.price.').replace(/^what_if\..*/, 'what_if');
const grammar = z.toJSONSchema(scenarioFile, { io: 'input', unrepresentable: 'any' }) as Schema;
const rows = [...readFileSync('docs/scenario-file.md', 'utf8').matchAll(/^\| `([^`]+)`/gm)].map(([, path]) => path as string);
const folder = () => mkdtempSync(join(tmpdir(), 'scenario-'));

describe('docs/scenario-file.md', () => {
  test('tells every field of the grammar', () => {
    const paths = pathsOf(grammar);
    expect(paths.length).toBeGreaterThan(65); // a walk that saw nothing proves nothing
    expect(paths.filter((path) => !rows.includes(toldOnce(path)))).toEqual([]);
  });

  test('tells no field that there is not', () => {
    const paths = pathsOf(grammar);
    const isKnown = (row: string) => paths.some((path) => path === row || path.startsWith(`${row}.`));
    expect(rows.filter((row) => !isKnown(row))).toEqual([]);
  });

  test('tells the defaults of the lists and names that are read', () => {
    const scenario = readScenarioYaml(written('name: defaults\n')).scenario;
    const text = readFileSync('docs/scenario-file.md', 'utf8');
    for (const policy of scenario.policies) expect(text).toContain(`\`${policy}\``);
    expect(text).toContain(`| ${scenario.restart_cost} `);
  });
});

function written(text: string): string {
  const file = join(folder(), 's.yaml');
  writeFileSync(file, text);
  return file;
}

describe('sunward sim new', () => {
  test.each(templates)('writes the template %s, which can be run as it is', async (template) => {
    const file = join(folder(), 's.yaml');
    simNew(file, { template });
    const { variants } = readScenarioYaml(file);
    const loaded = await loadScenario(file, variants[0]?.scenario);
    const { study, tooWide } = await loaded.studyOf(1);
    expect(study.workload.count).toBeGreaterThan(100);
    expect(tooWide).toBe(0);
  });

  test('has templates', () => expect(templates).toEqual(['fleet', 'river', 'sweep', 'week']));

  test('says in the week what stands in when it is left out', () => {
    const file = join(folder(), 's.yaml');
    simNew(file, { template: 'week' });
    const { slot: _, name: __, jobs, ...week } = readScenarioYaml(file).scenario;
    const { slot: ___, name: ____, jobs: ofNothing, ...nothing } = readScenarioYaml(written('name: nothing\n')).scenario;
    expect(week).toEqual(nothing);
    expect({ ...jobs, drawn: undefined }).toEqual({ ...ofNothing, drawn: undefined });
  });

  test('never writes over a file', () => {
    const file = written('mine');
    expect(() => simNew(file, { template: 'week' })).toThrow(`${file} is there already; a scenario is never written over`);
    expect(readFileSync(file, 'utf8')).toBe('mine');
  });
});

describe('a scenario with mistakes', () => {
  test('is told every one: path, found, allowed; and the command ends with 1', () => {
    const file = written('name: a b\nfor: 1y\njobs: {slak: {}}\nslot: 20m\npolicies: [run-now]\n');
    try {
      execFileSync('node', ['cli/sunward.mjs', 'sim', 'run', file], { encoding: 'utf8', stdio: 'pipe' });
      expect.unreachable('it ran');
    } catch (fault) {
      const { status, stderr } = fault as { status: number; stderr: string };
      expect(status).toBe(1);
      expect(stderr).toMatch(/name: found "a b"; allowed: 1 to 64 letters/);
      expect(stderr).toMatch(/for: found "1y"; allowed: a duration of at least 1h, at most 366d/);
      expect(stderr).toMatch(/jobs\.slak: found an unknown field; allowed: see docs\/scenario-file\.md/);
      expect(stderr).toMatch(/slot: found "20m"; allowed: 15m, 30m or 1h/);
    }
  });

  test.each([
    {
      name: 'a policy nobody knows',
      text: 'policies: [run-now, run-later]',
      says: /policies: found "run-later"; allowed: .*run-now.*, or the path of a file/,
    },
    {
      name: 'a forecaster nobody knows',
      text: 'forecaster: crystal-ball',
      says: /forecaster: found "crystal-ball"; allowed: perfect, persistence, trained/,
    },
    {
      name: 'a zone nobody drew',
      text: 'sites: [{id: a, zone: XX, accelerators: "A100:8"}]',
      says: /no statistics to draw XX from; allowed: DE-LU/,
    },
  ])('is refused before anything runs: $name', async ({ text, says }) => {
    const run = async () => (await loadScenario(written(`name: s\n${text}\n`))).studyOf(1);
    await expect(run()).rejects.toThrow(says);
  });
});
