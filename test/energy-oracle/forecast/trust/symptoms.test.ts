/**
 * Symptoms: planted faults are found within a day and told with their numbers; a healthy history has none.
 *
 * The last part reads real records (`../shared/data`, or `SUNWARD_DATA`) and is skipped without them, except in CI.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Known, Target } from '../../../../energy-oracle/forecast/target.ts';
import { type SymptomKind, symptomsOf } from '../../../../energy-oracle/forecast/trust/symptoms.ts';
import { pvPower } from '../../../../energy-oracle/sun/pv.ts';
import { DAY, type DurationMs, HOUR, type Instant, SLOT } from '../../../../units/time.ts';

const roof: Target = {
  id: 'roof',
  kind: 'pv',
  latitude: 48,
  longitude: 11,
  pv: [{ peakKw: 10, tiltDeg: 30, azimuthDeg: 180 }],
  ceiling: 10,
  floor: 0,
};
const begin = Date.parse('2021-04-01T00:00Z');
const days = 32;

/** Numbers in [0, 1) by a linear congruence (Numerical Recipes). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A month of a roof under clouds that drift from clear to dull and back over hours. */
function cloudyMonth(stepMs: DurationMs, seed = 1): Float64Array {
  const random = seeded(seed);
  let cover = 0.5;
  return Float64Array.from({ length: (days * DAY) / stepMs }, (_, i) => {
    if ((i * stepMs) % HOUR === 0) cover = Math.min(0.95, Math.max(0, cover + 0.5 * (random() - 0.5)));
    return pvPower(roof, begin + (i + 0.5) * stepMs, cover);
  });
}

const knownOf = (values: Float64Array, stepMs: DurationMs, target = roof, start: Instant = begin): Known => ({
  target,
  issuedAt: start + values.length * stepMs,
  history: { start, stepMs, values },
  signals: {},
  companions: {},
});
const kindsOf = (known: Known) => symptomsOf(known).map(({ kind }) => kind);
/** The history with its last day replaced, step by step. */
const lastDay = (values: Float64Array, stepMs: DurationMs, fault: (i: number) => number) => {
  const onset = values.length - DAY / stepMs;
  return values.map((value, i) => (i < onset ? value : fault(i)));
};

describe.each([
  { steps: 'hours', stepMs: HOUR },
  { steps: 'quarter hours', stepMs: SLOT },
])('a roof metered in $steps', ({ stepMs }) => {
  const healthy = cloudyMonth(stepMs);
  const perHour = HOUR / stepMs;
  const at = (i: number) => healthy[i] as number;
  const noon = healthy.length - 12 * perHour;

  test('shows nothing while it is healthy, on any of twenty days', () => {
    for (let seed = 1; seed <= 20; seed++) expect(kindsOf(knownOf(cloudyMonth(stepMs, seed), stepMs))).toEqual([]);
  });

  test.each<{ name: string; kind: SymptomKind; fault: (i: number) => number; detail: RegExp }>([
    {
      name: 'labels an hour late',
      kind: 'clock-shift',
      fault: (i) => at(i - perHour),
      detail: /^labels are 1 h late: .* 1[23]\.\d h .* 1[12]\.\d h/,
    },
    {
      name: 'labels an hour early',
      kind: 'clock-shift',
      fault: (i) => healthy[i + perHour] ?? 0,
      detail: /^labels are 1 h early: .* 1[01]\.\d h .* 1[12]\.\d h/,
    },
    {
      name: 'watts for kilowatts',
      kind: 'unit-change',
      fault: (i) => 1_000 * at(i),
      detail: /^values × 1000: found \d{4}, expected at most about \d\.\d+/,
    },
    {
      name: 'megawatts for kilowatts',
      kind: 'unit-change',
      fault: (i) => at(i) / 1_000,
      detail: /^values ÷ 1000: found at most 0\.00\d+ in 24 h, expected/,
    },
    {
      name: 'one value since noon',
      kind: 'stuck',
      fault: (i) => at(Math.min(i, noon)),
      detail: /^stuck at \d\.\d+ for 12 h, at most \d+(\.\d+)? h in the 28 days/,
    },
    { name: 'a zero all day', kind: 'stuck', fault: () => 0, detail: /^stuck at 0 for 24 h, expected up to \d/ },
    {
      name: 'more than its nameplate',
      kind: 'above-nameplate',
      fault: (i) => (i === noon ? 11.5 : at(i)),
      detail: /^found up to 11\.5, a nameplate of 10 allows at most 11$/,
    },
    { name: 'power below zero', kind: 'negative', fault: (i) => (i === noon ? -2 : at(i)), detail: /^found -2, expected at least 0$/ },
  ])('shows $name within a day', ({ kind, fault, detail }) => {
    const found = symptomsOf(knownOf(lastDay(healthy, stepMs, fault), stepMs)).find((symptom) => symptom.kind === kind);
    expect(found?.detail).toMatch(detail);
    expect(found?.since).toBeGreaterThanOrEqual(begin + (days - 1) * DAY - HOUR);
    expect(found?.since).toBeLessThan(begin + days * DAY);
  });

  test('says since when', () => {
    const since = (fault: (i: number) => number) => symptomsOf(knownOf(lastDay(healthy, stepMs, fault), stepMs))[0]?.since;
    expect(since((i) => at(Math.min(i, noon)))).toBe(begin + noon * stepMs);
    expect(since((i) => (i >= noon ? 1_000 : 1) * at(i))).toBe(begin + noon * stepMs);
    expect(since((i) => (i === noon ? -2 : at(i)))).toBe(begin + noon * stepMs);
  });

  test('may draw a little at night, and has gaps, without a symptom', () => {
    const random = seeded(3);
    expect(
      kindsOf(
        knownOf(
          healthy.map((value) => (value === 0 ? -0.02 : value)),
          stepMs,
        ),
      ),
    ).toEqual([]);
    expect(
      kindsOf(
        knownOf(
          healthy.map((value) => (random() < 0.2 ? Number.NaN : value)),
          stepMs,
        ),
      ),
    ).toEqual([]);
  });

  test('shows a shifted clock in spite of gaps', () => {
    const random = seeded(4);
    const late = lastDay(healthy, stepMs, (i) => at(i - perHour)).map((value) => (random() < 0.2 ? Number.NaN : value));
    expect(kindsOf(knownOf(late, stepMs))).toEqual(['clock-shift']);
  });

  test('says nothing of an inverter that was off for some hours, or of its first days', () => {
    expect(
      kindsOf(
        knownOf(
          lastDay(healthy, stepMs, (i) => (i < noon ? 0 : at(i))),
          stepMs,
        ),
      ),
    ).toEqual([]);
    const young = healthy.subarray(0, (4 * DAY) / stepMs);
    expect(
      kindsOf(
        knownOf(
          lastDay(young, stepMs, (i) => 1_000 * at(i)),
          stepMs,
        ),
      ),
    ).not.toContain('unit-change');
  });

  test('never looks past the issue', () => {
    const faulty = lastDay(healthy, stepMs, (i) => -1_000 * at(i));
    expect(kindsOf({ ...knownOf(faulty, stepMs), issuedAt: begin + (days - 1) * DAY })).toEqual([]);
  });
});

const data = process.env['SUNWARD_DATA'] ?? join(import.meta.dirname, '../../../../../shared/data');
const isThere = existsSync(join(data, 'regions-2019-21'));
if (!isThere) console.warn(`no real records at ${data}: set SUNWARD_DATA; symptoms are not looked for in them`);

/** One column of hourly records; an hour that is not there is a gap. */
function column(file: string, name: string): { start: Instant; values: Float64Array } {
  const [head = [], ...rows] = gunzipSync(readFileSync(join(data, file)))
    .toString()
    .trim()
    .split('\n')
    .map((line) => line.split(','));
  const start = Date.parse(rows[0]?.[0] ?? '');
  const values = new Float64Array((Date.parse(rows.at(-1)?.[0] ?? '') - start) / HOUR + 1).fill(Number.NaN);
  for (const row of rows) values[(Date.parse(row[0] ?? '') - start) / HOUR] = Number(row[head.indexOf(name)] || Number.NaN);
  return { start, values };
}

describe.runIf(isThere || process.env['CI'])('in real records', () => {
  test.each([
    { file: 'regions-2019-21/CISO.csv.gz', name: 'solar', kind: 'renewables', latitude: 36.5, longitude: -119.5, shiftMin: 0.95 },
    { file: 'regions-2019-21/ERCO.csv.gz', name: 'solar', kind: 'renewables', latitude: 31.5, longitude: -101, shiftMin: 0.95 },
    { file: 'regions-2019-21/ES.csv.gz', name: 'solar', kind: 'renewables', latitude: 39, longitude: -4.5, shiftMin: 0.9 },
    { file: 'regions-2019-21/DE.csv.gz', name: 'solar', kind: 'renewables', latitude: 50.5, longitude: 10.5, shiftMin: 0.95 },
    { file: 'sites/citylearn2022_b1-9.csv.gz', name: 'pv_kw_5', kind: 'pv', latitude: 34.1, longitude: -117.5, shiftMin: 0.8 },
    { file: 'sites/gefcom2014S_zone1.csv.gz', name: 'POWER', kind: 'pv', latitude: -35.3, longitude: 149.1, shiftMin: 0.9 },
  ] as const)('of $file faults are found within 24 h and few are seen that were not planted', ({ file, name, shiftMin, ...place }) => {
    const { start, values } = column(file, name);
    const target: Target = { ...roof, ...place, id: file, pv: [], ceiling: undefined };
    const [span, random, runs] = [(days + 1) * 24, seeded(8), 40];
    const tally = { days: 0, healthy: 0, shifted: 0, thousandfold: 0, thousandth: 0 };
    for (let run = 0; run < runs; run++) {
      const from = Math.floor(random() * (values.length - span - 2));
      const month = values.subarray(from, from + span + 2);
      const shows = (kind: SymptomKind, fault: (i: number) => number) => {
        const faulty = lastDay(month.subarray(0, span), HOUR, fault);
        return symptomsOf(knownOf(faulty, HOUR, target, start + from * HOUR)).some((symptom) => symptom.kind === kind) ? 1 : 0;
      };
      const later = random() < 0.5 ? 1 : -1;
      tally.days++;
      tally.healthy += symptomsOf(knownOf(month.subarray(0, span), HOUR, target, start + from * HOUR)).length === 0 ? 1 : 0;
      tally.shifted += shows('clock-shift', (i) => month[i - later] as number);
      tally.thousandfold += shows('unit-change', (i) => 1_000 * (month[i] as number));
      tally.thousandth += shows('unit-change', (i) => (month[i] as number) / 1_000);
    }
    expect(tally).toMatchObject({ days: runs, thousandfold: runs, thousandth: runs });
    expect(tally.shifted / runs).toBeGreaterThanOrEqual(shiftMin);
    expect(tally.healthy / runs).toBeGreaterThanOrEqual(0.96); // the records have shifts of their own
  });
});
