/** Mishaps as a file has them: read with their defaults, or refused with the field's path. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { batterySchema, mishapsSchema } from '../../simulator/mishaps.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../units/time.ts';

const start = Date.UTC(2026, 5, 1);
const read = (yaml: string) => mishapsSchema(start).safeParse(parse(yaml));
const from = (hours: number, forHours: number) => ({ start: start + hours * HOUR, end: start + (hours + forHours) * HOUR });

test('every mishap there is, written out', () => {
  const { data } = read(`
outages:
  - { site: eu-rhine, from: "2026-06-02T10:00:00+02:00", for: 4h }
  - { site: eu-rhine, from: +6h, for: PT90M, kind: network }
  - { mean_time_between: 30d, duration: 4h, kind: grid, sites: [za-rand] }
job_failures: { mean_time_to_failure: 500h }
telemetry:
  - { site: eu-rhine, fault: gap, from: +6h, for: 3h }
  - { site: eu-rhine, fault: drift, from: +6h, for: 3h, clock: -90s, gain_per_day: 2.5 }
  - { site: eu-rhine, fault: replay, from: +6h, for: 3h }
  - { site: eu-rhine, fault: forgery, from: +6h, for: 3h, factor: 3 }
  - { site: eu-rhine, fault: scale, from: +6h, for: 3h, factor: 1.05 }
  - { site: eu-rhine, fault: stuck, from: +6h, for: 3h, stream: load_power }
`);
  const at = { site: 'eu-rhine', ...from(6, 3) };
  expect(data).toEqual({
    outages: [
      { site: 'eu-rhine', kind: 'grid', ...from(32, 4) },
      { site: 'eu-rhine', kind: 'network', ...from(6, 1.5) },
      { sites: ['za-rand'], kind: 'grid', meanTimeBetween: 30 * DAY, duration: 4 * HOUR },
    ],
    meanTimeToFailure: 500 * HOUR,
    telemetry: [
      { ...at, fault: 'gap' },
      { ...at, fault: 'drift', clockMs: -90 * SECOND, gainPercentPerDay: 2.5 },
      { ...at, fault: 'replay', copies: 1 },
      { ...at, fault: 'forgery', factor: 3 },
      { ...at, fault: 'scale', stream: 'pv_power', factor: 1.05 },
      { ...at, fault: 'stuck', stream: 'load_power' },
    ],
  });
});

test('the page about them says what can be read', () => {
  const page = readFileSync('docs/mishaps.md', 'utf8');
  const [battery, mishaps] = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, yaml]) => parse(yaml ?? '') as Record<string, unknown>);
  expect(batterySchema.parse(battery?.['battery'])).toMatchObject({ capacityKwh: 20, powerKw: 8 });
  const { outages, telemetry } = mishapsSchema(start).parse(mishaps?.['mishaps']);
  expect([outages.length, telemetry.map(({ fault }) => fault)]).toEqual([2, ['gap', 'drift', 'replay', 'forgery', 'scale', 'stuck']]);
});

test('nothing is said, nothing goes wrong', () =>
  expect(read('{}').data).toEqual({ outages: [], meanTimeToFailure: undefined, telemetry: [] }));

describe('a mishap that cannot be', () => {
  test.each([
    { yaml: 'outages: [{ site: a, from: tomorrow, for: 4h }]', says: /from, for, kind[\s\S]*outages\[0\]/ },
    { yaml: 'outages: [{ site: a, from: +1h, for: 1m }]', says: /outages\[0\]/ },
    { yaml: 'outages: [{ mean_time_between: 30d }]', says: /mean_time_between, duration/ },
    { yaml: 'outages: [{ site: a, from: +1h, for: 4h, kind: flood }]', says: /grid or network/ },
    { yaml: 'job_failures: { mean_time_to_failure: soon }', says: /such as 500h[\s\S]*job_failures\.mean_time_to_failure/ },
    { yaml: 'telemetry: [{ site: a, fault: rust, from: +1h, for: 4h }]', says: /telemetry\[0\]\.fault/ },
    { yaml: 'telemetry: [{ site: a, fault: gap, from: 1h, for: 4h }]', says: /RFC 3339[\s\S]*telemetry\[0\]\.from/ },
    { yaml: 'telemetry: [{ site: a, fault: scale, from: +1h, for: 4h }]', says: /telemetry\[0\]\.factor/ },
    { yaml: 'telemetry: [{ site: a, fault: drift, from: +1h, for: 4h, clock: 2h }]', says: /up to 1h[\s\S]*telemetry\[0\]\.clock/ },
    { yaml: 'telemetry: [{ site: a, fault: stuck, from: +1h, for: 4h, stream: energy_import }]', says: /telemetry\[0\]\.stream/ },
    { yaml: 'fire: true', says: /fire/ },
  ])('`$yaml` is refused', ({ yaml, says }) => {
    const { error } = read(yaml);
    expect(error && z.prettifyError(error)).toMatch(says);
  });
});

describe('a battery of a file', () => {
  test('is its nameplate and how it is run', () => {
    expect(batterySchema.parse(parse('{ energy: 20kWh, power: 8000 W, round_trip: 0.85 }'))).toEqual({
      capacityKwh: 20,
      powerKw: 8,
      roundTripEfficiency: 0.85,
      selfDischargePerDay: 0,
      controller: 'self-consumption',
    });
  });
  test.each([
    '{ energy: 20, power: 8kW }',
    '{ energy: 0kWh, power: 8kW }',
    '{ energy: 2kW, power: 8kW }',
    '{ energy: 2kWh, power: 8kW, round_trip: 90 }',
  ])('%s is refused', (yaml) => expect(batterySchema.safeParse(parse(yaml)).success).toBe(false));
});

test('minutes are the least an outage lasts', () =>
  expect(read('outages: [{ site: a, from: +0s, for: 5m }]').data?.outages).toEqual([
    { site: 'a', kind: 'grid', start, end: start + 5 * MINUTE },
  ]));
