/** `sunward forecast backtest`: a record of one's own from a file to a table, and every way to ask wrongly. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { forecastCommand } from '../../cli/forecast.ts';
import type { BacktestReport } from '../../energy-oracle/forecast/score/backtest.ts';
import { DAY, HOUR, toIso } from '../../units/time.ts';
import { plant, start } from '../energy-oracle/forecast/score/backtest-world.ts';

let [out, err] = ['', ''];

beforeEach(() => {
  [out, err] = ['', ''];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += text;
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

async function sunward(...argv: string[]): Promise<void> {
  const program = new Command('sunward').exitOverride();
  forecastCommand(program);
  for (let commands = [program as Command]; commands.length > 0; commands = commands.flatMap(({ commands }) => [...commands]))
    for (const command of commands)
      command.exitOverride().configureOutput({
        writeErr: (text) => {
          err += text;
        },
        writeOut: (text) => {
          out += text;
        },
      });
  await program.parseAsync(['forecast', 'backtest', ...argv], { from: 'user' });
}

function recordFile(): string {
  const { history } = plant('roof', 3);
  const values = [...history.values, ...history.values.slice(0, 12 * 24)]; // 122 days
  const file = join(mkdtempSync(join(tmpdir(), 'sunward-backtest-')), 'roof.csv');
  writeFileSync(file, ['t,kw', ...values.map((kw, i) => `${toIso(start + i * HOUR)},${kw.toFixed(3)}`)].join('\n'));
  return file;
}

describe('a backtest from the command line', () => {
  test('scores a record of one’s own, everybody side by side', async () => {
    const file = recordFile();
    const own = ['--file', file, '--column', 'kw', '--kind', 'pv', '--at', '48,10', '--ceiling', '100', '--seeds', '1'];
    await sunward(...own, '--state', `${file}.state`, '--json');
    const [report] = JSON.parse(out) as BacktestReport[];
    expect(report?.targets[0]).toMatchObject({ target: 'kw', issues: 145, refused: 0, outOfBounds: 0 });
    expect(report?.horizonMs).toBe(4 * DAY);
    const { final, sn24 } = report?.targets[0]?.judged ?? {};
    expect(final?.overall.pinballPercent).toBeLessThan(sn24?.overall.pinballPercent ?? 0);

    out = '';
    await sunward(...own, '--state', `${file}.state`);
    expect(out).toMatch(/TARGET +FIGURE +FINAL +NET +RIDGE +CLIPER +SN24 +WEEK/);
    expect(out).toMatch(new RegExp(`kw +nMAE % +${final?.overall.nmaePercent?.toFixed(2)} `));
  }, 60_000);

  test.each([
    { name: 'names the tasks when one is not there', argv: ['T9'], says: /no task T9; there are T1, T2/ },
    { name: 'tells how to point to the records', argv: ['T2'], says: /--data FOLDER or SUNWARD_DATA/ },
    { name: 'asks for what a file needs', argv: ['--file', 'x.csv', '--kind', 'pv'], says: /--file needs --column, --at too/ },
    { name: 'keeps a file apart from tasks', argv: ['T2', '--file', 'x.csv'], says: /--file is a task of its own; found T2/ },
    { name: 'wants a file for a column', argv: ['T2', '--column', 'kw'], says: /--column is for a record of your own; give --file too/ },
    { name: 'knows a place', argv: ['--at', '95,10'], says: /expected degrees as LATITUDE,LONGITUDE/ },
    { name: 'knows no kind but its own', argv: ['--kind', 'wind'], says: /Allowed choices are net, pv/ },
    { name: 'has no more nets than folds', argv: ['--seeds', '9'], says: /whole number from 1 to 8/ },
  ])('$name', async ({ argv, says }) => {
    vi.stubEnv('SUNWARD_DATA', '');
    await expect(sunward(...argv)).rejects.toThrow();
    expect(err).toMatch(says);
  });

  test('says which folder is not there', async () => {
    await expect(sunward('T2', '--data', '/nowhere')).rejects.toThrow('/nowhere is no folder; --data or SUNWARD_DATA names');
  });
});
