/** Own policy files: which load, from where, and how one that does not is told. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadOwnPolicy, policyMark } from '../../cli/own-policy-file.ts';
import { PolicyFault } from '../../simulator/study/policy.ts';

const folder = () => mkdtempSync(join(tmpdir(), 'own-policy-'));
const scenario = (policy: string) =>
  `name: own\nfor: 6h\nslot: 1h\nseeds: [1, 2]\njobs: {drawn: {per_hour: 1}}\npolicies: [run-now, ${policy}]\n`;

/** Runs a scenario with the command as it is installed: from a symbolic link in another project's node_modules. */
function sunward(cwd: string, ...argv: string[]): { status: number; out: string; error: string } {
  const installed = join(cwd, 'node_modules');
  mkdirSync(installed, { recursive: true });
  try {
    symlinkSync(resolve('.'), join(installed, 'sunward'));
  } catch {
    // linked by the run before
  }
  try {
    const options = { cwd, encoding: 'utf8' as const, stdio: 'pipe' as const };
    return { status: 0, out: execFileSync('node', ['node_modules/sunward/cli/sunward.mjs', ...argv], options), error: '' };
  } catch (fault) {
    const { status, stdout, stderr } = fault as { status: number; stdout: string; stderr: string };
    return { status, out: stdout, error: stderr };
  }
}

const typed = `
import type { OwnPolicy } from 'sunward/simulator/study/own-policy.ts';
import { zero } from './zero.ts';
const place: OwnPolicy = (job, sites): ReturnType<OwnPolicy> => {
  const start: number = zero;
  return sites.filter((site) => site.hasRoom(start)).map(({ id }) => ({ site: id, start }))[0];
};
export default place;
`;
const plain = 'export default (job, sites) => sites.filter((s) => s.hasRoom(0)).map(({ id }) => ({ site: id, start: 0 }))[0];\n';

describe('an own policy file', () => {
  test.each([
    { project: 'says nothing of modules', type: undefined },
    { project: 'is one of modules', type: 'module' },
  ])('runs with an installed sunward when its project $project', ({ type }) => {
    const at = folder();
    if (type) writeFileSync(join(at, 'package.json'), JSON.stringify({ type }));
    writeFileSync(join(at, 'mine.ts'), typed);
    writeFileSync(join(at, 'zero.ts'), 'export const zero: number = 0;\n');
    writeFileSync(join(at, 's.yaml'), scenario('./mine.ts'));
    const { status, out, error } = sunward(at, 'sim', 'run', 's.yaml', '--json');
    expect(error).toBe('');
    expect(status).toBe(0);
    expect(JSON.parse(out).standings.map(({ policy }: { policy: string }) => policy)).toEqual(['run-now', './mine.ts']);
  });

  test.each([
    { file: 'mine.ts', text: typed, type: undefined },
    { file: 'mine.ts', text: typed, type: 'module' },
    { file: 'mine.mts', text: typed, type: 'commonjs' },
    { file: 'mine.mjs', text: plain, type: undefined },
    { file: 'mine.js', text: plain, type: 'module' },
    { file: 'mine.js', text: plain, type: undefined },
  ])('loads as $file in a project of type $type', async ({ file, text, type }) => {
    const at = folder();
    if (type) writeFileSync(join(at, 'package.json'), JSON.stringify({ type }));
    writeFileSync(join(at, file), text);
    writeFileSync(join(at, 'zero.ts'), 'export const zero: number = 0;\n');
    expect(await loadOwnPolicy(`./${file}`, join(at, file))).toMatchObject({ name: `./${file}`, isReplanned: false });
  });

  test('is evaluated anew each time, so that it remembers nothing', async () => {
    const path = join(folder(), 'counting.mjs');
    writeFileSync(path, 'let loads = 0;\nexport const replan = ++loads === 1;\nexport default () => undefined;');
    expect((await loadOwnPolicy('one', path)).isReplanned).toBe(true);
    expect((await loadOwnPolicy('two', path)).isReplanned).toBe(true);
  });

  test.each([
    { name: 'is not there', file: 'a.ts', text: undefined, says: /policy \.\/a\.ts: no file .*a\.ts; paths count from the scenario/ },
    {
      name: 'has no default export',
      file: 'a.ts',
      text: 'export const place = 1;',
      says: /exports no default; allowed: export default function place/,
    },
    { name: 'exports no function', file: 'a.ts', text: 'export default 7;', says: /exports a default number; allowed/ },
    {
      name: 'says replan with a word',
      file: 'a.ts',
      text: 'export default () => undefined; export const replan = "yes";',
      says: /exports replan as string; allowed: true or false/,
    },
    { name: 'does not parse', file: 'a.ts', text: 'export default (', says: /a\.ts does not load: / },
    { name: 'throws while it loads', file: 'a.ts', text: 'throw new Error("no model")', says: /a\.ts does not load: no model/ },
    { name: 'is no module', file: 'a.py', text: 'pass', says: /found a file \.py; allowed: \.ts, \.mts, \.js, \.mjs/ },
  ])('that $name is told', async ({ file, text, says }) => {
    const at = folder();
    if (text !== undefined) writeFileSync(join(at, file), text);
    const load = loadOwnPolicy(`./${file}`, join(at, file));
    await expect(load).rejects.toThrow(says);
    await expect(load).rejects.toBeInstanceOf(PolicyFault);
  });

  test('that breaks while it runs ends the command with its name, the job and the reason', () => {
    const at = folder();
    writeFileSync(join(at, 'a.ts'), 'export default (job) => job.site.id;');
    writeFileSync(join(at, 's.yaml'), scenario('./a.ts'));
    const { status, out, error } = sunward(at, 'sim', 'run', 's.yaml');
    expect(error).toMatch(/^sunward: policy \.\/a\.ts: threw on job-0+: Cannot read/m); // a slow machine tells its progress first
    expect({ status, out }).toEqual({ status: 1, out: '' });
  });

  test('has another mark when its text changes, or that of a file it imports', () => {
    const at = folder();
    const [mine, zero] = [join(at, 'mine.ts'), join(at, 'zero.ts')];
    writeFileSync(mine, typed);
    writeFileSync(zero, 'export const zero = 0;');
    const first = policyMark(mine);
    expect(policyMark(mine)).toBe(first);
    writeFileSync(zero, 'export const zero = 1;');
    const second = policyMark(mine);
    writeFileSync(mine, `${readFileSync(mine, 'utf8')}// changed\n`);
    expect(new Set([first, second, policyMark(mine)]).size).toBe(3);
  });

  test('stands in examples/policies, and saves carbon there', () => {
    const out = join(folder(), 'out');
    const { status, out: text } = sunward(
      folder(),
      'sim',
      'run',
      resolve('examples/policies/greenest-window.yaml'),
      '--out',
      out,
      '--json',
    );
    expect(status).toBe(0);
    const { standings } = JSON.parse(text) as { standings: { policy: string; savings: { locationKg: { low: number } } }[] };
    expect(standings.find(({ policy }) => policy === './greenest-window.ts')?.savings.locationKg.low).toBeGreaterThan(0);
  }, 60_000);
});
