/** Site file: what a site offers is read with its defaults, or refused with the field's path. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { FleetFileFault, readFleet } from '../../cli/site-file.ts';
import { MINUTE } from '../../units/time.ts';

const folder = mkdtempSync(join(tmpdir(), 'sunward-site-file-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A fleet of one site, with a line more. */
function fleetWith(line: string) {
  const file = join(folder, 'fleet.yaml');
  const text = `
currency: EUR
epoch: 2026-01-01T00:00:00Z
sites:
  - id: roof
    name: A roof
    provider: ada
    zone: DE-LU
    latitude: 50
    longitude: 8
    exportLimitKw: 5
    feedInTariff: 60
    accelerators: [{ model: L4, count: 2, drawKw: 0.072 }]
    meterKey: "${'0'.repeat(64)}"
    payoutAccount: "0x${'a'.repeat(40)}"
    ${line}
`;
  writeFileSync(file, text);
  return readFleet(file);
}

describe('the offer of a site', () => {
  test.each([
    {
      line: 'offer: {askPerAcceleratorHour: 0.4, notice: 15m, firmness: reclaimable}',
      want: { askPerAcceleratorHour: 0.4, noticeMs: 15 * MINUTE, firmness: 'reclaimable' },
    },
    { line: 'offer: {askPerAcceleratorHour: 0.4}', want: { askPerAcceleratorHour: 0.4, noticeMs: 0, firmness: 'firm' } },
    { line: 'offer: {firmness: opportunistic}', want: { askPerAcceleratorHour: 0, noticeMs: 0, firmness: 'opportunistic' } },
    { line: '', want: undefined },
  ])('`$line` means $want', ({ line, want }) => expect(fleetWith(line).sites[0]?.offer).toEqual(want));

  test.each([
    { line: 'offer: {askPerAcceleratorHour: -0.1}', says: /offer\.askPerAcceleratorHour/ },
    { line: 'offer: {notice: soon}', says: /a duration such as 15m[\s\S]*offer\.notice/ },
    { line: 'offer: {firmness: soft}', says: /offer\.firmness/ },
    { line: 'offer: {firmness: reclaimable}', says: /above 0 when reclaimable[\s\S]*offer\.notice/ },
    { line: 'offer: {price: 1}', says: /price/ },
  ])('`$line` is refused', ({ line, says }) => {
    expect(() => fleetWith(line)).toThrow(FleetFileFault);
    expect(() => fleetWith(line)).toThrow(says);
  });
});

test('the battery of a site is its nameplate; without a round trip it is refused', () => {
  const line = 'battery: {capacityKwh: 20, powerKw: 8, roundTripEfficiency: 0.9}';
  expect(fleetWith(line).sites[0]?.battery).toEqual({ capacityKwh: 20, powerKw: 8, roundTripEfficiency: 0.9 });
  expect(() => fleetWith('battery: {capacityKwh: 20, powerKw: 8}')).toThrow(/battery\.roundTripEfficiency/);
});
