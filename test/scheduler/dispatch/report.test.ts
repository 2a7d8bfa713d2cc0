import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { signingKey } from '../../../energy-oracle/site.ts';
import type { Report, RunReport } from '../../../scheduler/dispatch/lease.ts';
import { readReport, reportBytesMax, signedReportText, signReport } from '../../../scheduler/dispatch/report.ts';

const key = signingKey(new Uint8Array(32).fill(3));
const keyOf = (site: string) => (site === 'oak' || site === 'elm' ? key.publicKey : undefined);
const run: RunReport = { run: 'a#1', state: 'running', progress: 5, metered: [{ slot: 900_000, energyWh: 12 }], detail: 'x' };
const report = signReport({ site: 'oak', seq: 4, at: 1_000_000, runs: [run] }, key);

describe('a report', () => {
  test('is signed over a text that names its kind, site, number, instant and runs', () => {
    expect(signedReportText(report)).toBe(
      'sunward/report/1\noak\n4\n1000000\n[{"run":"a#1","state":"running","progress":5,"metered":[{"slot":900000,"energyWh":12}],"detail":"x"}]',
    );
    expect(signedReportText({ ...report, runs: [{ ...run, endedAt: 7 }] })).toContain('"detail":"x","endedAt":7}]');
  });

  test('has one text, whatever the order of its fields', () => {
    const { detail, metered, progress, state, run: id } = run;
    expect(signedReportText({ ...report, runs: [{ detail, metered, progress, state, run: id }] })).toBe(signedReportText(report));
  });

  test('is read back whole', () => expect(readReport(JSON.stringify(report), keyOf)).toEqual({ kind: 'report', report }));

  test('cannot be moved to another site, number, instant, run or energy', () => {
    const forged: Report[] = [
      { ...report, site: 'elm' },
      { ...report, seq: 5 },
      { ...report, at: 1_000_001 },
      { ...report, runs: [] },
      { ...report, runs: [run, run] },
      { ...report, runs: [{ ...run, run: 'a#2' }] },
      { ...report, runs: [{ ...run, state: 'succeeded' }] },
      { ...report, runs: [{ ...run, endedAt: 5 }] },
      { ...report, runs: [{ ...run, metered: [{ slot: 900_000, energyWh: 13 }] }] },
    ];
    for (const text of forged.map((each) => JSON.stringify(each))) expect(readReport(text, keyOf)).toMatchObject({ reason: 'signature' });
  });

  test.each([
    { name: 'no JSON', text: 'hello', reason: 'not-json' },
    { name: 'an unknown field', text: JSON.stringify({ ...report, extra: 1 }), reason: 'schema' },
    {
      name: 'a fraction of a watt-hour',
      text: JSON.stringify({ ...report, runs: [{ ...run, metered: [{ slot: 0, energyWh: 0.5 }] }] }),
      reason: 'schema',
    },
    { name: 'a site that is not enrolled', text: JSON.stringify({ ...report, site: 'ash' }), reason: 'unknown-site' },
    { name: 'more than the limit', text: JSON.stringify({ ...report, signature: 'é'.repeat(reportBytesMax / 2) }), reason: 'oversized' },
  ])('is refused for $name', ({ text, reason }) => expect(readReport(text, keyOf)).toMatchObject({ kind: 'refused', reason }));

  test('is never believed after any one character of it was changed', () => {
    const text = JSON.stringify(report);
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.string({ minLength: 1, maxLength: 1, unit: 'grapheme-ascii' }), (at, letter) => {
        const changed = text.slice(0, at) + letter + text.slice(at + 1);
        const read = readReport(changed, keyOf);
        // an equal value in another spelling (1e6 for 1000000, a cased escape) is the same report
        if (read.kind === 'report') expect(read.report).toEqual(report);
      }),
    );
  });
});
