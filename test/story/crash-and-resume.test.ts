/**
 * The river on real engines and real processes is killed -9 and started again by the same command: nothing is lost, nothing
 * runs twice at once, nobody is left behind. `npm run bench -- crash` does the same with more kills.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import type { SummaryWire } from '../../scheduler/wire.ts';
import { type CrashReport, crash, mixedRuns, orphanMsTarget, stopMsTarget } from '../bench/crash.ts';
import { dataFolder, runToEnd, untilGone } from '../fixtures/river.ts';

/** A test shares its machine with other tests; the bench holds the bare targets. */
const patience = 2;

describe('the live river, killed twice and then stopped', () => {
  let report: CrashReport;
  beforeAll(async () => {
    const seed = Number(process.env['SUNWARD_SEED'] ?? 3);
    report = await crash({ kills: 2, seed, tell: () => {} });
  }, 300_000);

  test('still knows every job that it acknowledged, and brings each to an end', () => {
    expect(report.acknowledged).toBeGreaterThan(5);
    expect(report.forgotten).toEqual([]);
    expect(report.unfinished).toEqual([]);
    expect(report.succeeded).toBe(report.acknowledged);
  });

  test('runs lost runs again, and never two runs of a job at once', () => {
    expect(report.repeatedRuns).toBeGreaterThan(0);
    expect(report.overlaps).toEqual([]);
  });

  test('leaves no process behind, whichever way it ends', () => {
    for (const { whom, tookMs, left } of report.orphans) {
      expect(left, whom).toEqual([]);
      expect(tookMs, whom).toBeLessThan(patience * orphanMsTarget);
    }
    expect(report.stop.left).toEqual([]);
  });

  test('has a ledger that is one intact, balanced chain', () => expect(report.balanced).toBe(true));

  test('ends on Ctrl-C with exit code 0', () => {
    expect(report.stop.code).toBe(0);
    expect(report.stop.tookMs).toBeLessThan(patience * stopMsTarget);
  });
});

test('marks tell runs that are mixed from runs that follow each other', () => {
  const marks = (...words: string[]) => words.map((word) => `beat job job#${word} 1`).join('\n');
  expect(mixedRuns(marks('1', '1', '2', '2'))).toEqual([]);
  expect(mixedRuns(marks('1', '2', '1', '2'))).toEqual(['job#1 and job#2']);
});

test('a run with --for that is killed goes on by the same command and accounts for every job', { timeout: 300_000 }, async () => {
  const data = dataFolder();
  const args = ['--for', '12h', '--json'];
  try {
    const killed = await runToEnd(args, {
      folder: data.path,
      killAfter: async (said) => {
        while (!/ % /.test(said().stderr)) await sleep(20); // half of it is over
        await sleep(700);
      },
    });
    expect(killed).toMatchObject({ code: null, stdout: '' });
    expect((await untilGone([], data.path, patience * orphanMsTarget)).left).toEqual([]);
    const resumed = await runToEnd(args, { folder: data.path });
    expect(resumed.code, resumed.stderr).toBe(0);
    const { jobs, ledger, settlement, from, to } = JSON.parse(resumed.stdout) as SummaryWire;
    const whole = JSON.parse((await runToEnd(args)).stdout) as SummaryWire;
    expect({ from, to }).toEqual({ from: whole.from, to: whole.to });
    expect(jobs.submitted).toBe(whole.jobs.submitted);
    expect(jobs.succeeded + jobs.failed + jobs.refused + jobs.waiting).toBe(jobs.submitted);
    expect(ledger.balanced).toBe(true);
    expect(settlement.claimed).toBe(settlement.promised);
    expect(settlement.periods).toBe(whole.settlement.periods);
  } finally {
    data.remove();
  }
});
