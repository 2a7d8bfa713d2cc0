/** What-if files: what is read, and every way to write one wrongly. */
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { readWhatIfs } from '../../../simulator/grid/what-if-file.ts';

const june = (hour: number) => Date.UTC(2023, 5, 13, hour);
const during = 'from: 2023-06-13T16:00Z, until: 2023-06-13T20:00+02:00';
const interval = { start: june(16), end: june(18) };

describe('a what-if file', () => {
  test.each([
    { yaml: '- scale: {source: solar, by: 1.5}', want: { kind: 'scale', source: 'solar', by: 1.5 } },
    { yaml: `- scale: {source: wind, by: 0, ${during}}`, want: { kind: 'scale', source: 'wind', by: 0, interval } },
    {
      yaml: '- battery: {power: 500MW, energy: 2GWh, round_trip: 0.88}',
      want: { kind: 'battery', powerMw: 500, energyMwh: 2_000, roundTrip: 0.88 },
    },
    { yaml: '- battery: {power: 1.5 GW, energy: 800 kWh}', want: { kind: 'battery', powerMw: 1_500, energyMwh: 0.8, roundTrip: 0.85 } },
    { yaml: `- price_shock: {add: 80, ${during}}`, want: { kind: 'price-shock', by: 1, add: 80, interval } },
    { yaml: '- price_shock: {by: 2.5}', want: { kind: 'price-shock', by: 2.5, add: 0 } },
    { yaml: `- heat_wave: {demand_share: 0.12, ${during}}`, want: { kind: 'heat-wave', demandShare: 0.12, solarDerate: 0, interval } },
    { yaml: `- outage: {source: nuclear, power: 1.1GW, ${during}}`, want: { kind: 'outage', source: 'nuclear', mw: 1_100, interval } },
    { yaml: '- outage: {add_price: 40}', want: { kind: 'signal-outage', priceAdder: 40, carbonAdder: 0 } },
    {
      yaml: `- demand_response: {max_draw_share: 0.9, add_price: 100, ${during}}`,
      want: { kind: 'demand-response', maxDrawShare: 0.9, priceAdder: 100, interval },
    },
  ])('reads $yaml', ({ yaml, want }) => expect(readWhatIfs(parse(yaml))).toEqual({ kind: 'read', changes: [want] }));

  test.each([
    { yaml: 'scale: {}', path: '(file)', allowed: /a list of changes/ },
    {
      yaml: '- flood: {}',
      path: '0',
      found: '{"flood":{}}',
      allowed: /one of scale, battery, price_shock, heat_wave, outage, demand_response/,
    },
    { yaml: '- {scale: {source: solar, by: 1}, battery: {}}', path: '0', allowed: /one of scale/ },
    { yaml: '- scale: {source: coal, by: 2}', path: '0.scale.source', found: '"coal"', allowed: /solar or wind/ },
    { yaml: '- scale: {source: wind, by: -1}', path: '0.scale.by', found: '-1', allowed: /a number, 0 to 100/ },
    {
      yaml: '- scale: {source: wind, by: 1, share: 2}',
      path: '0.scale.share',
      found: 'an unknown field',
      allowed: /docs\/grid-what-ifs.md/,
    },
    { yaml: '- battery: {power: 500, energy: 2GWh}', path: '0.battery.power', found: '500', allowed: /a number above 0 with kW, MW or GW/ },
    { yaml: '- battery: {power: 5MW, energy: 2GW}', path: '0.battery.energy', found: '"2GW"', allowed: /kWh, MWh or GWh/ },
    { yaml: '- battery: {power: 5MW, energy: 2GWh, round_trip: 1.1}', path: '0.battery.round_trip', found: '1.1', allowed: /0.1 to 1/ },
    { yaml: '- heat_wave: {demand_share: 0.1}', path: '0.heat_wave.from', found: 'nothing', allowed: /RFC 3339 with an offset/ },
    { yaml: '- price_shock: {add: 1, from: 2023-06-13T16:00}', path: '0.price_shock.from', allowed: /RFC 3339 with an offset/ },
    { yaml: '- price_shock: {add: 1, from: 2023-06-13T16:00Z}', path: '0.price_shock.until', allowed: /from and until together/ },
    {
      yaml: '- scale: {source: wind, by: 1, from: 2023-06-13T16:00Z, until: 2023-06-13T16:00Z}',
      path: '0.scale.until',
      allowed: /later than from/,
    },
    { yaml: '- outage: {source: gas}', path: '0.outage', allowed: /source and power, or else/ },
    { yaml: '- outage: {source: gas, power: 1GW, add_price: 3}', path: '0.outage', allowed: /source and power, or else/ },
    { yaml: `- demand_response: {${during}}`, path: '0.demand_response', allowed: /max_draw_share, add_price or both/ },
  ])('refuses $yaml', ({ yaml, path, found, allowed }) => {
    const read = readWhatIfs(parse(yaml));
    if (read.kind === 'read') expect.fail('it was read');
    expect(read.fields).toContainEqual({ path, found: found ?? expect.any(String), allowed: expect.stringMatching(allowed) });
  });

  test('is told all that is wrong with it at once, by place', () => {
    const read = readWhatIfs(parse('- scale: {source: sun, by: 1}\n- price_shock: {}\n- battery: {power: x, energy: y}'));
    expect(read.kind === 'refused' && read.fields.map(({ path }) => path)).toEqual([
      '0.scale.source',
      '2.battery.power',
      '2.battery.energy',
    ]);
  });
});
