/** The `signals` section of a fleet file: what it means, what it refuses, and that keys are found where it says. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { feedsText } from '../../cli/feeds.ts';
import { SecretFault, signalPlans } from '../../cli/signal-sources.ts';
import { signalsSection } from '../../cli/signals-file.ts';
import { manualClock } from '../../units/clock.ts';
import { HOUR, MINUTE } from '../../units/time.ts';

const folder = mkdtempSync(join(tmpdir(), 'sunward-signals-file-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const read = (yaml: string) => signalsSection.safeParse(parse(yaml));
const plansOf = (yaml: string, env: Record<string, string> = {}) =>
  signalPlans(signalsSection.parse(parse(yaml)), { clock: manualClock(0), wait: async () => {}, random: () => 0, env, currency: 'EUR' });

const germany = (line: string) => `DE-LU: { timeZone: Europe/Berlin, ${line} }`;

describe('a section', () => {
  test('names whom to ask for what, with the defaults of each signal and the f of its sources', () => {
    const [price, carbon] = plansOf(
      `
DE-LU:
  timeZone: Europe/Berlin
  day_ahead_price:
    step: 15m
    sources: [{from: awattar}, {from: energy-charts, bzn: DE-LU}, {from: entsoe, domain: 10Y1001A1001A82H, key: {env: TOKEN}}, {from: awattar, name: second}]
  carbon_intensity:
    stale: 4h
    belowQuorum: mark
    sources: [{from: electricity-maps, zone: DE, key: {env: TOKEN}}, {from: energy-charts, country: de}]
`,
      { TOKEN: 'x' },
    );
    expect(price).toMatchObject({ zone: 'DE-LU', topic: 'day_ahead_price', unit: 'EUR/MWh', timeZone: 'Europe/Berlin' });
    expect(price?.rule).toMatchObject({ stepMs: 15 * MINUTE, tolerated: 1, belowQuorum: 'gap', staleMs: 30 * HOUR });
    expect(price?.sources.map(({ name }) => name)).toEqual(['awattar', 'energy-charts', 'entsoe', 'second']);
    expect(carbon?.rule).toMatchObject({ stepMs: HOUR, tolerated: 0, belowQuorum: 'mark', staleMs: 4 * HOUR, heartbeatMs: 2 * HOUR });
    expect(carbon?.sources[1]?.topics).toContain('carbon_intensity'); // computed from its generation
  });

  test('may name a key’s file, and another currency', () => {
    const file = join(folder, 'key');
    writeFileSync(file, 'from-a-file\n');
    const [plan] = plansOf(
      `GB: { timeZone: Europe/London, currency: GBP, day_ahead_price: { sources: [{from: entsoe, domain: 10YGB----------A, key: {file: ${file}}}] } }`,
    );
    expect(plan?.unit).toBe('GBP/MWh');
  });

  test.each([
    { what: 'a zone without its time zone', yaml: 'DE-LU: { day_ahead_price: { sources: [{from: awattar}] } }', says: /timeZone/ },
    { what: 'a time zone that there is not', yaml: 'DE-LU: { timeZone: Europe/Leipzig }', says: /IANA name/ },
    { what: 'a source that there is not', yaml: germany('grid_load: { sources: [{from: oracle-of-delphi}] }'), says: /from/ },
    { what: 'no source', yaml: germany('grid_load: { sources: [] }'), says: /sources/ },
    {
      what: 'a key in the file itself',
      yaml: germany('grid_load: { sources: [{from: entsoe, domain: 10Y1001A1001A82H, key: s3cret}] }'),
      says: /key/,
    },
    {
      what: 'more liars than its sources stand',
      yaml: germany('day_ahead_price: { tolerated: 1, sources: [{from: awattar}] }'),
      says: /2f \+ 1/,
    },
    { what: 'a code that is none', yaml: germany('grid_load: { sources: [{from: entsoe, domain: DE, key: {env: X}}] }'), says: /EIC code/ },
    { what: 'a word that is none', yaml: germany('day_ahead_price: { source: [{from: awattar}] }'), says: /source/ },
    {
      what: 'an address that is none',
      yaml: germany('day_ahead_price: { sources: [{from: awattar, url: file:///etc/passwd}] }'),
      says: /url/,
    },
  ])('with $what is refused', ({ yaml, says }) => {
    const parsed = read(yaml);
    expect(parsed.success).toBe(false);
    expect(JSON.stringify(parsed.error?.issues)).toMatch(says);
  });

  test('whose key is not there is refused by the variable’s name or the file’s, which are no secrets', () => {
    const entsoe = (key: string) => germany(`grid_load: { sources: [{from: entsoe, domain: 10Y1001A1001A82H, key: ${key}}] }`);
    expect(() => plansOf(entsoe('{env: ENTSOE_TOKEN}'))).toThrow(
      new SecretFault('entsoe needs its key in the variable ENTSOE_TOKEN of the environment, which is not set'),
    );
    expect(() => plansOf(entsoe('{file: /nowhere/key}'))).toThrow('/nowhere/key: ENOENT');
  });
});

test('feeds for people are a row a source under the value of all', () => {
  const shared = { ageMs: 20 * MINUTE, leftOutUntil: null, why: null };
  const text = feedsText([
    {
      zone: 'DE-LU',
      signal: 'carbon_intensity',
      unit: 'gCO2eq/kWh',
      tolerated: 0,
      quorum: 1,
      last: { start: '2026-06-21T11:00:00Z', value: 302, low: 300, high: 304, sources: ['a', 'b'], quality: 'quorum' },
      gap: null,
      asOf: '2026-06-21T12:00:00Z',
      sources: [
        { source: 'a', standing: 'fresh', ...shared, last: { start: '2026-06-21T11:00:00Z', value: 304, deviation: 2, estimated: true } },
        { source: 'b', standing: 'unheard', ...shared, ageMs: null, why: 'HTTP 503', last: null },
      ],
    },
  ]);
  expect(
    text
      .split('\n')
      .slice(2)
      .map((row) => row.split(/ {2,}/)),
  ).toEqual([
    ['DE-LU', 'carbon_intensity', 'all (1 of 2)', '2026-06-21T11:00', '302.0', 'gCO2eq/kWh', '300.0 to 304.0', 'quorum'],
    ['', 'a', '2026-06-21T11:00', '304.0 e', '20 min', '+2.0', 'fresh'],
    ['', 'b', '–', '–', '–', '–', 'unheard: HTTP 503'],
  ]);
  expect(feedsText([])).toContain('Nobody is asked');
});
