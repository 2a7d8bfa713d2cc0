/** What a scenario may say at each depth, and what is said to one that says more. */
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { readScenarioFile } from '../../simulator/scenario-file.ts';
import { HOUR } from '../../units/time.ts';

const read = (text: string) => readScenarioFile(parse(`name: s\n${text}\n`));
const battery = 'sites: [{ id: a, zone: DE-LU, accelerators: "A100:8", battery: { energy: 5kWh, power: 1kW } }]';
const outageAt = (site: string, from: string) => `mishaps: { outages: [{ site: ${site}, from: ${from}, for: 4h }] }`;

describe('a study refuses', () => {
  test.each([
    { text: 'mishaps: {}', path: 'mishaps' },
    { text: outageAt('eu-rhine', '+1h'), path: 'mishaps' },
    { text: battery, path: 'sites.0.battery' },
  ])('`$text`, and names the cure', ({ text, path }) => {
    expect(read(text)).toMatchObject({ kind: 'refused', fields: [{ path, allowed: expect.stringContaining('depth: river') }] });
    expect(read(`depth: river\n${text}`).kind).toBe('read');
  });
});

describe('a river refuses', () => {
  test.each([
    { text: 'slot: 1h\ncycle: 1h', path: 'slot', allowed: /PT15M with depth: river/ },
    { text: 'cycle: 1h', path: 'cycle', allowed: /PT15M with depth: river/ },
    { text: 'forecaster: perfect', path: 'forecaster', allowed: /nobody is told the truth ahead/ },
    { text: 'forecaster: { noise: 5% }', path: 'forecaster', allowed: /persistence or trained/ },
    { text: 'policies: [run-now, ./mine.ts]', path: 'policies.1', allowed: /planner, run-now.*own ones run in studies/ },
    { text: outageAt('rhine', '+1h'), path: 'mishaps.outages.0.site', allowed: /one of sites: eu-rhine/ },
    {
      text: 'mishaps: { outages: [{ sites: [za-rand, mars], mean_time_between: 2d, duration: 1h }] }',
      path: 'mishaps.outages.0.sites.1',
      allowed: /one of sites/,
    },
    { text: 'mishaps: { telemetry: [{ site: b, fault: gap, from: +1h, for: 1h }] }', path: 'mishaps.telemetry.0.site', allowed: /one of/ },
  ])('`$text` with its path', ({ text, path, allowed }) => {
    const reading = read(`depth: river\n${text}`);
    const fields = reading.kind === 'refused' ? reading.fields : [];
    expect(fields.find((field) => field.path === path)?.allowed).toMatch(allowed);
  });
});

describe('a river', () => {
  test('plans every quarter hour unless told', () => {
    expect(read('depth: river')).toMatchObject({ kind: 'read', scenario: { depth: 'river', cycle: HOUR / 4 } });
    expect(read('depth: study')).toMatchObject({ kind: 'read', scenario: { depth: 'study', cycle: HOUR } });
  });

  test.each([
    { from: '', at: Date.UTC(2023, 5, 12, 1) },
    { from: 'from: 2023-01-01', at: Date.UTC(2023, 0, 1, 1) },
  ])('counts mishaps from its start: `$from`', ({ from, at }) =>
    expect(read(`depth: river\n${from}\n${outageAt('eu-rhine', '+1h')}`)).toMatchObject({
      scenario: { mishaps: { outages: [{ site: 'eu-rhine', start: at, end: at + 4 * HOUR }] } },
    }),
  );
});
