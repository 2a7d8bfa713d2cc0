/** The demo scenario: the same seed, the same fleet, keys and arrivals; every job file it draws is admitted. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { isSignedBy } from '../../energy-oracle/site.ts';
import { fittingModels, regionAdmits } from '../../scheduler/fleet.ts';
import { admit } from '../../scheduler/queue/admission.ts';
import { demoArrivals, demoKey, demoSites, demoZones, tracedArrivals } from '../../simulator/scenario.ts';
import { DAY, HOUR, MINUTE } from '../../units/time.ts';

const start = Date.UTC(2022, 5, 1);
const files = readdirSync('examples')
  .filter((name) => name.endsWith('.yaml'))
  .sort()
  .map((name) => ({ name: name.replace('.yaml', ''), file: parse(readFileSync(`examples/${name}`, 'utf8')) as unknown }));
const arrivals = (seed: number) => demoArrivals(files, start, 2, seed);

describe('the demo fleet', () => {
  test('is six sites in six zones, each with its own id, key, provider and account', () => {
    const sites = demoSites(1).map(({ site }) => site);
    expect(sites).toHaveLength(6);
    for (const of of ['id', 'zone', 'provider', 'meterKey', 'payoutAccount'] as const)
      expect(new Set(sites.map((site) => site[of])).size).toBe(6);
    expect(demoZones).toEqual(sites.map(({ zone }) => zone));
    for (const { payoutAccount, pue, exportLimitKw, feedInTariff } of sites) {
      expect(payoutAccount).toMatch(/^0x[0-9a-f]{40}$/);
      expect(pue >= 1 && exportLimitKw > 0 && feedInTariff > 0).toBe(true);
    }
  });

  test('faces its panels to the equator', () => {
    for (const { site } of demoSites(1)) {
      const fromSouth = Math.abs((site.pv[0]?.azimuthDeg ?? Number.NaN) - 180);
      expect(site.latitude > 0 ? fromSouth : 180 - fromSouth).toBeLessThanOrEqual(30);
    }
  });

  test('is the same for a seed, and has other keys for another', () => {
    const keys = (seed: number) => demoSites(seed).map(({ site }) => site.meterKey);
    expect(keys(7)).toEqual(keys(7));
    expect(new Set([...keys(7), ...keys(8)]).size).toBe(12);
  });

  test('signs with the keys it shows', () => {
    const [first] = demoSites(1);
    expect(isSignedBy(first?.site.meterKey ?? '', 'text', first?.key.sign('text') ?? '')).toBe(true);
    expect(isSignedBy(demoKey(2, 'eu-rhine').publicKey, 'text', first?.key.sign('text') ?? '')).toBe(false);
  });
});

describe('the demo arrivals', () => {
  test('are the same for a seed, and others for another', () => {
    expect(arrivals(1)).toEqual(arrivals(1));
    expect(arrivals(2)).not.toEqual(arrivals(1));
  });

  test('come in order, on whole minutes, within their days, each under its own id', () => {
    const all = arrivals(1);
    expect(all.length).toBe(48);
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    for (const [index, { at }] of all.entries()) {
      expect(at % MINUTE === 0 && at >= start && at < start + 2 * DAY).toBe(true);
      expect(at).toBeGreaterThanOrEqual(all[index - 1]?.at ?? start);
    }
  });

  test('are jobs that are admitted and that some site of the fleet can run', () => {
    for (const { at, owner, file } of arrivals(1)) {
      const admission = admit(file, { owner, submittedAt: at, currency: 'EUR' });
      if (admission.kind === 'refused') throw new Error(JSON.stringify(admission.fields));
      expect(demoSites(1).some(({ site }) => regionAdmits(site, admission.spec) && fittingModels(site, admission.spec).length > 0)).toBe(
        true,
      );
    }
  });
});

describe('traced arrivals', () => {
  test('keep the record’s time, length and width, and may wait six hours when short, a day when long', () => {
    const trace = [
      { at: 0, lengthMs: HOUR, accelerators: 2 },
      { at: 90 * MINUTE, lengthMs: 3 * HOUR, accelerators: 1 },
    ];
    const traced = tracedArrivals(trace, 'gaia', start, 'carbon');
    const specs = traced.map(({ at, owner, file }) => admit(file, { owner, submittedAt: at, currency: 'EUR' }));
    expect(traced.map(({ at, id }) => [at, id])).toEqual([
      [start, 'gaia-000000'],
      [start + 90 * MINUTE, 'gaia-000001'],
    ]);
    expect(specs).toMatchObject([
      { kind: 'admitted', spec: { maxDuration: HOUR, acceleratorsPerNode: 2, optimize: 'carbon', deadline: start + 7 * HOUR } },
      { kind: 'admitted', spec: { maxDuration: 3 * HOUR, deadline: start + 90 * MINUTE + 27 * HOUR } },
    ]);
  });
});
