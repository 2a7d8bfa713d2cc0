/** Admission: the job file of the documentation, every default, every refusal with its path, what was found and what is allowed. */
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { admit, maxDurationMsMax, settings } from '../../../scheduler/queue/admission.ts';
import { DAY, HOUR, MINUTE } from '../../../units/time.ts';

const submittedAt = Date.parse('2026-11-22T12:00:00Z');
const at = { owner: 'ada', submittedAt, currency: 'EUR' };
const least = { name: 'a', max_duration: '1h' };

const fullFile = `
name: train-bert
num_nodes: 1
resources: {accelerators: A100:8|H100:8, speed: {H100: 2.1}, cpus: 16+, memory: 64+, infra: "eu-*"}
data: {size: 120GB, at: eu-rhine}
envs: {MODEL: bert}
run: |
  python train.py --resume
max_duration: 6h                       # ISO 8601 PT6H too
energy: {power: 5.2kW}                 # or estimate: 31kWh
policy:
  optimize: carbon                     # cost | carbon | surplus | balanced, or weights
  not_before: 2026-11-22T18:00+01:00
  deadline: +24h                       # or RFC 3339
  interruptible: true                  # needs checkpoint
  latency: {from: DE-LU, round_trip: 60ms}
  promise: firm                        # firm | best-effort
  max_price: 12 EUR                    # whole job
  regions: {allow: [eu-*], deny: []}
checkpoint: {every: 15m, restore_cost: 2m}
`;

function admitted(file: unknown) {
  const admission = admit(file, at);
  if (admission.kind === 'refused') throw new Error(JSON.stringify(admission.fields));
  return admission.spec;
}
function refusedFields(file: unknown) {
  const admission = admit(file, at);
  return admission.kind === 'refused' ? admission.fields : [];
}

describe('the job file', () => {
  test('with every field is admitted as it says', () =>
    expect(admitted(parse(fullFile))).toEqual({
      name: 'train-bert',
      owner: 'ada',
      nodes: 1,
      accelerators: ['A100', 'H100'],
      acceleratorsPerNode: 8,
      envs: { MODEL: 'bert' },
      run: 'python train.py --resume\n',
      speeds: { H100: 2.1 },
      maxDuration: 6 * HOUR,
      elastic: undefined,
      data: { gigabytes: 120, at: 'eu-rhine' },
      power: 5.2,
      optimize: 'carbon',
      weights: settings.carbon,
      notBefore: Date.parse('2026-11-22T17:00:00Z'),
      deadline: submittedAt + DAY,
      interruptible: true,
      latency: { from: 'DE-LU', roundTripMsMax: 60 },
      promise: 'firm',
      maxPrice: 12_000_000n,
      regions: { within: 'eu-*', allow: ['eu-*'], deny: [] },
      checkpoint: { every: 15 * MINUTE, restoreCost: 2 * MINUTE },
    }));

  test('with a name and a duration gets every default', () =>
    expect(admitted(least)).toEqual({
      name: 'a',
      owner: 'ada',
      nodes: 1,
      accelerators: [],
      acceleratorsPerNode: 1,
      envs: {},
      run: undefined,
      speeds: {},
      maxDuration: HOUR,
      elastic: undefined,
      data: undefined,
      power: undefined,
      optimize: 'balanced',
      weights: settings.balanced,
      notBefore: submittedAt,
      deadline: submittedAt + HOUR + DAY,
      interruptible: false,
      latency: undefined,
      promise: 'best-effort',
      maxPrice: undefined,
      regions: { within: undefined, allow: [], deny: [] },
      checkpoint: undefined,
    }));

  test('with an empty policy is as one without', () => expect(admitted({ ...least, policy: {} })).toEqual(admitted(least)));

  test('of the documentation is admitted', () => {
    const [, example = ''] = /```yaml\n(.*?)```/s.exec(readFileSync('docs/job-file.md', 'utf8')) ?? [];
    expect(admitted(parse(example))).toMatchObject({ name: 'train-bert', speeds: { H100: 2.1 }, promise: 'firm' });
  });

  test.each(readdirSync('examples').filter((name) => name.endsWith('.yaml')))('examples/%s is admitted', (name) =>
    expect(admitted(parse(readFileSync(`examples/${name}`, 'utf8'))).maxDuration).toBeGreaterThan(0),
  );
});

const stretchy = { elastic: { max: 16, speed_exponent: 0.9 }, policy: { interruptible: true }, checkpoint: { every: '15m' } };

describe('a field', () => {
  test.each([
    { change: { max_duration: 'PT6H30M' }, want: { maxDuration: 6.5 * HOUR } },
    { change: { max_duration: '14d' }, want: { maxDuration: maxDurationMsMax } },
    { change: { resources: { accelerators: 'L4' } }, want: { accelerators: ['L4'], acceleratorsPerNode: 1 } },
    { change: { resources: { accelerators: 'A100:2 | L4:2' } }, want: { accelerators: ['A100', 'L4'], acceleratorsPerNode: 2 } },
    { change: { resources: { cpus: 4, memory: '2.5+' } }, want: {} },
    { change: { num_nodes: 3 }, want: { nodes: 3 } },
    { change: { energy: { power: '900 W' } }, want: { power: 0.9 } },
    { change: { energy: { estimate: '31kWh' }, max_duration: '10h' }, want: { power: 3.1 } },
    { change: { envs: { N: 3, ON: true, TEXT: 'x' } }, want: { envs: { N: '3', ON: 'true', TEXT: 'x' } } },
    { change: { policy: { optimize: 'surplus' } }, want: { optimize: 'surplus', weights: settings.surplus } },
    {
      change: { policy: { optimize: { carbon_price_per_kg: 0.2, wait_price_per_hour: 0 } } },
      want: { optimize: 'custom', weights: { carbonPricePerKg: 0.2, waitPricePerHour: 0 } },
    },
    { change: { policy: { max_price: '0.000001 EUR' } }, want: { maxPrice: 1n } },
    { change: { policy: { not_before: '+90m' } }, want: { notBefore: submittedAt + 1.5 * HOUR, deadline: submittedAt + 2.5 * HOUR + DAY } },
    {
      change: { policy: { not_before: '+PT1H', deadline: '+2h' } },
      want: { notBefore: submittedAt + HOUR, deadline: submittedAt + 2 * HOUR },
    },
    { change: { policy: { deadline: '2026-11-22T14:00:00+01:00' } }, want: { deadline: submittedAt + HOUR } },
    { change: { policy: { not_before: '2020-01-01T00:00Z' } }, want: { notBefore: submittedAt, deadline: submittedAt + HOUR + DAY } },
    { change: { resources: { infra: 'eu-*' } }, want: { regions: { within: 'eu-*', allow: [], deny: [] } } },
    { change: { checkpoint: { every: '10m' } }, want: { checkpoint: { every: 10 * MINUTE, restoreCost: 0 } } },
    { change: { resources: { speed: { H100: 2.1, L4: 0.25 } } }, want: { accelerators: [], speeds: { H100: 2.1, L4: 0.25 } } },
    { change: { data: { size: '500 MB' } }, want: { data: { gigabytes: 0.5, at: undefined } } },
    { change: { data: { size: '2.5TB', at: 'DE-LU' } }, want: { data: { gigabytes: 2_500, at: 'DE-LU' } } },
    {
      change: { policy: { latency: { from: 'eu-rhine', round_trip: '0.1 s' } } },
      want: { latency: { from: 'eu-rhine', roundTripMsMax: 100 } },
    },
    { change: { policy: { promise: 'firm' } }, want: { promise: 'firm' } },
    { change: { ...stretchy }, want: { elastic: { acceleratorsMax: 16, speedExponent: 0.9 }, acceleratorsPerNode: 1, maxDuration: HOUR } },
    {
      change: { ...stretchy, resources: { accelerators: 'A100|H100' }, elastic: { max: 4096, speed_exponent: 1 } },
      want: { elastic: { acceleratorsMax: 4_096, speedExponent: 1 }, accelerators: ['A100', 'H100'] },
    },
    // the deadline needs to leave room for the shortest run only, and by default leaves a day beside max_duration
    { change: { resources: { speed: { H100: 2 } }, policy: { deadline: '+30m' } }, want: { deadline: submittedAt + HOUR / 2 } },
    { change: { resources: { speed: { H100: 0.5 } } }, want: { deadline: submittedAt + HOUR + DAY } },
    { change: { resources: { accelerators: 'L4', speed: { L4: 0.5 } } }, want: { deadline: submittedAt + 2 * HOUR + DAY } },
    {
      change: { ...stretchy, elastic: { max: 4, speed_exponent: 0.5 }, policy: { interruptible: true, deadline: '+30m' } },
      want: { deadline: submittedAt + HOUR / 2 },
    },
  ])('of $change means $want', ({ change, want }) => expect(admitted({ ...least, ...change })).toMatchObject(want));
});

const tooLong = '9'.repeat(400);

describe('a bad field is refused with its path, what was found and what is allowed:', () => {
  test.each([
    { change: { name: undefined }, path: 'name', found: 'nothing', allowed: /string/ },
    { change: { name: 'no spaces' }, path: 'name', found: '"no spaces"', allowed: /1 to 64 letters/ },
    { change: { name: '../../etc' }, path: 'name', found: '"../../etc"', allowed: /letters/ },
    { change: { num_nodes: 0 }, path: 'num_nodes', found: '0', allowed: />=1/ },
    { change: { num_nodes: 1.5 }, path: 'num_nodes', found: '1.5', allowed: /int/ },
    { change: { max_duration: undefined }, path: 'max_duration', found: 'nothing', allowed: /string/ },
    { change: { max_duration: '6 hours' }, path: 'max_duration', found: '"6 hours"', allowed: /90m, 6h or PT6H, at most 14d/ },
    { change: { max_duration: '0s' }, path: 'max_duration', found: '"0s"', allowed: /above 0/ },
    { change: { max_duration: '15d' }, path: 'max_duration', found: '"15d"', allowed: /at most 14d/ },
    { change: { max_duration: 3600 }, path: 'max_duration', found: '3600', allowed: /string/ },
    { change: { resources: { accelerators: 'A100:0' } }, path: 'resources.accelerators', found: '"A100:0"', allowed: /MODEL:COUNT/ },
    {
      change: { resources: { accelerators: 'A100:2|L4:1' } },
      path: 'resources.accelerators',
      found: '"A100:2|L4:1"',
      allowed: /one count/,
    },
    { change: { resources: { cpus: 'many' } }, path: 'resources.cpus', found: '"many"', allowed: /number/ },
    { change: { resources: { memory: 0 } }, path: 'resources.memory', found: '0', allowed: /above 0/ },
    { change: { resources: { infra: 'eu west' } }, path: 'resources.infra', found: '"eu west"', allowed: /a zone or site/ },
    { change: { resources: { disk: 5 } }, path: 'resources.disk', found: 'an unknown field', allowed: /docs\/job-file/ },
    { change: { envs: { 'A-B': 'x' } }, path: 'envs.A-B', found: /A-B/, allowed: /.+/ },
    { change: { envs: { A: [1] } }, path: 'envs.A', found: '[1]', allowed: /text, a number/ },
    { change: { energy: { power: '5.2' } }, path: 'energy.power', found: '"5.2"', allowed: /W, kW or MW/ },
    { change: { energy: { power: '5 kWh' } }, path: 'energy.power', found: '"5 kWh"', allowed: /W, kW or MW/ },
    { change: { energy: { power: '0kW' } }, path: 'energy.power', found: '"0kW"', allowed: /above 0/ },
    { change: { energy: { power: `${tooLong}kW` } }, path: 'energy.power', found: /^"999/, allowed: /W, kW or MW/ },
    { change: { energy: { estimate: '-3kWh' } }, path: 'energy.estimate', found: '"-3kWh"', allowed: /Wh, kWh or MWh/ },
    { change: { energy: { power: '1kW', estimate: '1kWh' } }, path: 'energy', found: /power/, allowed: /not both/ },
    { change: { policy: { optimize: 'speed' } }, path: 'policy.optimize', found: '"speed"', allowed: /cost, carbon, surplus, balanced/ },
    {
      change: { policy: { optimize: { carbon_price_per_kg: -1, wait_price_per_hour: 0 } } },
      path: 'policy.optimize.carbon_price_per_kg',
      found: '-1',
      allowed: />=0/,
    },
    {
      change: { policy: { not_before: '2026-11-22T18:00' } },
      path: 'policy.not_before',
      found: '"2026-11-22T18:00"',
      allowed: /with an offset/,
    },
    { change: { policy: { deadline: 'tomorrow' } }, path: 'policy.deadline', found: '"tomorrow"', allowed: /with an offset/ },
    {
      change: { policy: { deadline: '2026-11-31T00:00Z' } },
      path: 'policy.deadline',
      found: '"2026-11-31T00:00Z"',
      allowed: /with an offset/,
    },
    { change: { policy: { deadline: '-1h' } }, path: 'policy.deadline', found: '"-1h"', allowed: /with an offset/ },
    {
      change: { policy: { deadline: '+59m' } },
      path: 'policy.deadline',
      found: '"2026-11-22T12:59:00Z"',
      allowed: /2026-11-22T13:00:00Z or later/,
    },
    {
      change: { policy: { not_before: '2020-01-01T00:00Z', deadline: '2020-01-02T00:00Z' } },
      path: 'policy.deadline',
      found: '"2020-01-02T00:00:00Z"',
      allowed: /or later/,
    },
    { change: { policy: { interruptible: 'yes' } }, path: 'policy.interruptible', found: '"yes"', allowed: /boolean/ },
    { change: { policy: { interruptible: true } }, path: 'checkpoint', found: 'nothing', allowed: /required when/ },
    { change: { policy: { max_price: '12 USD' } }, path: 'policy.max_price', found: '"12 USD"', allowed: /an amount in EUR/ },
    { change: { policy: { max_price: '-1 EUR' } }, path: 'policy.max_price', found: '"-1 EUR"', allowed: /an amount in EUR/ },
    { change: { policy: { max_price: `${tooLong} EUR` } }, path: 'policy.max_price', found: /^"999/, allowed: /an amount in EUR/ },
    { change: { policy: { max_price: 12 } }, path: 'policy.max_price', found: '12', allowed: /string/ },
    { change: { policy: { regions: { allow: ['eu_*'] } } }, path: 'policy.regions.allow.0', found: '"eu_*"', allowed: /a zone or site/ },
    { change: { policy: { regions: { allow: 'eu-*' } } }, path: 'policy.regions.allow', found: '"eu-*"', allowed: /array/ },
    { change: { policy: { dead_line: '+2h' } }, path: 'policy.dead_line', found: 'an unknown field', allowed: /docs\/job-file/ },
    { change: { checkpoint: { every: '0s' } }, path: 'checkpoint.every', found: '"0s"', allowed: /above 0/ },
    { change: { checkpoint: { restore_cost: '2m' } }, path: 'checkpoint.every', found: 'nothing', allowed: /string/ },
    { change: { resources: { speed: { H100: 0 } } }, path: 'resources.speed.H100', found: '0', allowed: /above 0, at most 100/ },
    { change: { resources: { speed: { H100: 101 } } }, path: 'resources.speed.H100', found: '101', allowed: /above 0, at most 100/ },
    { change: { resources: { speed: { H100: 'fast' } } }, path: 'resources.speed.H100', found: '"fast"', allowed: /above 0, at most 100/ },
    { change: { resources: { speed: { 'H 100': 2 } } }, path: 'resources.speed.H 100', found: /H 100/, allowed: /.+/ },
    {
      change: { resources: { accelerators: 'A100|L4', speed: { L4: 0.2, H100: 2 } } },
      path: 'resources.speed.H100',
      found: '2',
      allowed: /a model of resources.accelerators: A100, L4/,
    },
    {
      change: { max_duration: '14d', resources: { accelerators: 'L4', speed: { L4: 1e-300 } } },
      path: 'max_duration',
      found: '"P14D"',
      allowed: /at most 14d on the fastest model/,
    },
    {
      change: { resources: { speed: { H100: 2 } }, policy: { deadline: '+29m' } },
      path: 'policy.deadline',
      found: '"2026-11-22T12:29:00Z"',
      allowed: /at least the shortest run .* 2026-11-22T12:30:00Z or later/,
    },
    {
      change: { ...stretchy, elastic: { max: 4, speed_exponent: 0.5 }, policy: { interruptible: true, deadline: '+29m' } },
      path: 'policy.deadline',
      found: '"2026-11-22T12:29:00Z"',
      allowed: /2026-11-22T12:30:00Z or later/,
    },
    { change: { ...stretchy, elastic: { max: 16 } }, path: 'elastic.speed_exponent', found: 'nothing', allowed: /number/ },
    { change: { ...stretchy, elastic: { max: 0, speed_exponent: 1 } }, path: 'elastic.max', found: '0', allowed: />=1/ },
    { change: { ...stretchy, elastic: { max: 4097, speed_exponent: 1 } }, path: 'elastic.max', found: '4097', allowed: /<=4096/ },
    { change: { ...stretchy, elastic: { max: 2, speed_exponent: 1.1 } }, path: 'elastic.speed_exponent', found: '1.1', allowed: /<=1/ },
    { change: { ...stretchy, elastic: { max: 2, speed_exponent: 0 } }, path: 'elastic.speed_exponent', found: '0', allowed: />0/ },
    { change: { ...stretchy, policy: {} }, path: 'policy.interruptible', found: 'false', allowed: /true for an elastic job/ },
    { change: { ...stretchy, checkpoint: undefined }, path: 'checkpoint', found: 'nothing', allowed: /required when/ },
    { change: { ...stretchy, num_nodes: 2 }, path: 'num_nodes', found: '2', allowed: /1 for an elastic job/ },
    {
      change: { ...stretchy, resources: { accelerators: 'A100:2|L4:2' } },
      path: 'resources.accelerators',
      found: '"A100:2|L4:2"',
      allowed: /a count of 1/,
    },
    { change: { data: { at: 'eu-rhine' } }, path: 'data.size', found: 'nothing', allowed: /a number above 0 with MB, GB or TB/ },
    { change: { data: { size: '120' } }, path: 'data.size', found: '"120"', allowed: /MB, GB or TB/ },
    { change: { data: { size: '120 Gb' } }, path: 'data.size', found: '"120 Gb"', allowed: /MB, GB or TB/ },
    { change: { data: { size: '0GB' } }, path: 'data.size', found: '"0GB"', allowed: /above 0/ },
    { change: { data: { size: '1GB', at: 'eu-*' } }, path: 'data.at', found: '"eu-*"', allowed: /a zone or site/ },
    {
      change: { policy: { latency: { round_trip: '60ms' } } },
      path: 'policy.latency.from',
      found: 'nothing',
      allowed: /string/,
    },
    {
      change: { policy: { latency: { from: 'DE-LU', round_trip: '60' } } },
      path: 'policy.latency.round_trip',
      found: '"60"',
      allowed: /ms or s/,
    },
    { change: { policy: { promise: 'maybe' } }, path: 'policy.promise', found: '"maybe"', allowed: /firm or best-effort/ },
    { change: { gpus: 8 }, path: 'gpus', found: 'an unknown field', allowed: /docs\/job-file/ },
  ])('$change', ({ change, path, found, allowed }) => {
    const fields = refusedFields({ ...least, ...change });
    expect(fields).toEqual([
      { path, found: typeof found === 'string' ? found : expect.stringMatching(found), allowed: expect.stringMatching(allowed) },
    ]);
  });

  test.each([undefined, null, 'name: a', 42, []])('%j instead of a file', (file) =>
    expect(refusedFields(file)).toMatchObject([{ path: '(file)', allowed: expect.stringContaining('object') }]),
  );

  test('all bad fields at once, each with its own line', () =>
    expect(
      refusedFields({ name: '', max_duration: 'x', policy: { optimize: 'x', late: 1 } })
        .map(({ path }) => path)
        .sort(),
    ).toEqual(['max_duration', 'name', 'policy.late', 'policy.optimize']));
});

describe('whatever is submitted', () => {
  test('is admitted or refused with at least one field, and never throws', () =>
    fc.assert(
      fc.property(
        fc.record({ name: fc.string(), max_duration: fc.anything(), policy: fc.anything(), envs: fc.anything() }, { requiredKeys: [] }),
        (file) => {
          const admission = admit(file, at);
          expect(admission.kind === 'admitted' || admission.fields.length > 0).toBe(true);
        },
      ),
      { numRuns: 200 },
    ));

  test('and admitted has time for itself between its release and its deadline, and neither lies in the past', () => {
    const when = fc.oneof(
      fc.integer({ min: -99, max: 99 }).map((hours) => new Date(submittedAt + hours * HOUR).toISOString()),
      fc.nat(99).map((hours) => `+${hours}h`),
      fc.constant(undefined),
    );
    let kept = 0;
    fc.assert(
      fc.property(when, when, fc.integer({ min: 1, max: 50 }), (not_before, deadline, hours) => {
        const admission = admit(
          { name: 'a', max_duration: `${hours}h`, policy: { ...(not_before && { not_before }), ...(deadline && { deadline }) } },
          at,
        );
        if (admission.kind === 'refused') return;
        kept++;
        expect(admission.spec.notBefore).toBeGreaterThanOrEqual(submittedAt);
        expect(admission.spec.notBefore + admission.spec.maxDuration).toBeLessThanOrEqual(admission.spec.deadline);
      }),
      { numRuns: 200 },
    );
    expect(kept).toBeGreaterThan(20);
  });
});
