/** What is certified of a slot, and why not. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Site } from '../../../energy-oracle/site.ts';
import { slotCeiling } from '../../../energy-oracle/sun/ceiling.ts';
import type { SlotEvidence } from '../../../energy-oracle/verdict/evidence.ts';
import type { NeighbourAlarm } from '../../../energy-oracle/verdict/neighbours.ts';
import { rampObjection } from '../../../energy-oracle/verdict/sun-checks.ts';
import { type Held, type HeldFinding, judgeSlot } from '../../../energy-oracle/verdict/verdict.ts';
import { DAY, HOUR, MINUTE, SLOT } from '../../../units/time.ts';
import { noon } from '../telemetry/messages.ts';
import { evidence, roof, roofWithBattery } from './slots.ts';

const nothing: Held = { findings: [], alarms: [] };
const later = noon + DAY;
const judge = (change: Partial<SlotEvidence> = {}, site: Site = roof, held: Held = nothing, asOf = later) =>
  judgeSlot(site, evidence(change), held, asOf);
const reasonsOf = (...given: Parameters<typeof judge>) => {
  const verdict = judge(...given);
  return verdict.kind === 'refused' ? verdict.reasons.map(({ reason }) => reason) : [];
};
const midnight = noon - 12 * HOUR;
const alone = { gridWh: undefined, registerWh: undefined, registerThroughputWh: undefined } as const;

describe('the verdict on a slot', () => {
  test('certifies the surplus that its meters agree on, below the ceiling', () =>
    expect(judge()).toMatchObject({ kind: 'certified', certifiedWh: 1_250, verifiedPvWh: 1_500, isThrottled: false }));

  test.each([
    { name: 'readings that leave a gap', change: { coveredMs: SLOT - 1, pvWh: undefined }, want: ['uncovered'] },
    { name: 'readings of which a part is not signed', change: { signedMs: SLOT - MINUTE }, want: ['unsigned'] },
    { name: 'two values that were signed for it', change: { isBanned: true }, want: ['equivocation'] },
    { name: 'sun at midnight', change: { slot: midnight, pvWh: 400, pvBeforeWh: 400, ...alone }, want: ['night'] },
    { name: 'more than the nameplate with a fifth', change: { pvWh: 3_050, pvBeforeWh: 3_000, ...alone }, want: ['nameplate'] },
    { name: 'a step of more than the nameplate', change: { pvWh: 2_600, pvBeforeWh: 0, ...alone }, want: ['ramp'] },
    { name: 'registers that tell another export', change: { registerWh: -800, registerThroughputWh: 800 }, want: ['register'] },
    { name: 'PV that went nowhere', change: { pvWh: 2_000, pvBeforeWh: 2_000 }, want: ['balance'] },
    {
      name: 'export out of nothing',
      change: { gridWh: -1_800, ...{ registerWh: -1_800, registerThroughputWh: 1_800 } },
      want: ['balance'],
    },
  ])('refuses $name', ({ change, want }) => expect(reasonsOf(change)).toEqual(want));

  test('names all that speaks against it', () =>
    expect(reasonsOf({ slot: midnight, pvWh: 3_100, pvBeforeWh: 0, signedMs: 0 })).toEqual([
      'unsigned',
      'night',
      'nameplate',
      'ramp',
      'balance',
    ]));

  test('refuses an evening that the nameplate allows and the sun does not', () =>
    expect(reasonsOf({ slot: Date.parse('2026-06-21T19:00Z'), pvWh: 1_500, pvBeforeWh: 1_500, ...alone })).toEqual(['ceiling']));

  test('lets an inverter read a little of itself at night, and certifies 0 of it', () =>
    expect(judge({ slot: midnight, pvWh: 3, pvBeforeWh: 3, loadWh: 0, ...alone })).toMatchObject({
      kind: 'certified',
      certifiedWh: 0,
      verifiedPvWh: 0,
      ceilingWh: 0,
    }));

  test('knows no night but the sun’s: it is certified at midnight under the midnight sun', () => {
    const north: Site = { ...roof, latitude: 78.2, longitude: 15.6, pv: [{ peakKw: 10, tiltDeg: 90, azimuthDeg: 0 }] };
    const slot = Date.parse('2026-06-20T23:00Z');
    expect(judge({ slot, pvWh: 300, pvBeforeWh: 300, loadWh: 0, ...alone }, north)).toMatchObject({ kind: 'certified', certifiedWh: 300 });
  });

  test('takes what accelerators draw behind the meter for what it is', () => {
    const busy: Site = { ...roof, accelerators: [{ model: 'A100', count: 4, drawKw: 0.5 }], idleKw: 0, pue: 1.25 };
    expect(judge({ gridWh: -700, registerWh: -700, registerThroughputWh: 700 }, busy)).toMatchObject({ certifiedWh: 1_250 });
    expect(reasonsOf({ gridWh: -400, registerWh: -400, registerThroughputWh: 400 }, busy)).toEqual(['balance']);
  });

  test('goes without the checks whose streams are not sent', () => expect(judge(alone)).toMatchObject({ certifiedWh: 1_250 }));
});

describe('a battery', () => {
  const stored = (change: Partial<SlotEvidence>) => judge({ ...alone, ...change }, roofWithBattery);
  test.each([
    { name: 'is load while it charges', change: { batteryWh: -1_000 }, want: 250 },
    { name: 'is no source while it discharges', change: { batteryWh: 1_000 }, want: 1_250 },
  ])('$name', ({ change, want }) => expect(stored(change)).toMatchObject({ certifiedWh: want }));

  const refusals = (change: Partial<SlotEvidence>) => reasonsOf({ ...alone, ...change }, roofWithBattery);
  test('that fills while its meter shows nothing is refused', () =>
    expect(refusals({ batteryWh: 0, socStartPercent: 40, socEndPercent: 52 })).toEqual(['charge']));
  test('that fills as its meter says is not', () =>
    expect(refusals({ batteryWh: -1_000, socStartPercent: 40, socEndPercent: 50 })).toEqual([]));
  test('that gave in a day what nobody put in is refused, although none of it is certified', () => {
    const day = (chargedWh: number, dischargedWh: number, risenPercent: number | undefined) => ({
      batteryWh: 500,
      batteryDay: { chargedWh, dischargedWh, risenPercent },
    });
    expect(refusals(day(0, 4_000, 0))).toEqual(['round-trip']);
    expect(refusals(day(4_500, 4_000, 0))).toEqual([]);
    expect(refusals(day(0, 8_000, -80))).toEqual([]);
    expect(refusals(day(0, 11_500, undefined))).toEqual([]);
    expect(refusals(day(0, 12_500, undefined))).toEqual(['round-trip']);
  });
});

describe('what is held against a site', () => {
  const finding: HeldFinding = {
    stream: 'pv',
    kind: 'stuck',
    since: noon - HOUR,
    seenAt: noon + 5 * HOUR,
    foundAt: noon + 5 * HOUR,
    detail: 'stuck at 6',
  };
  const alarm: NeighbourAlarm = { kind: 'change', since: noon - DAY, raisedAt: noon + HOUR, factor: 1.25 };

  test.each([
    { name: 'a stuck sun', change: {}, want: ['stuck'] },
    { name: 'a stuck load', change: { stream: 'load' as const }, want: ['stuck'] },
    { name: 'a load in another unit', change: { stream: 'load' as const, kind: 'unit-change' as const }, want: ['unit-change'] },
    {
      name: 'a shifted clock that was confirmed',
      change: { kind: 'clock-shift' as const, confirmedAt: noon + 6 * HOUR },
      want: ['clock-shift'],
    },
    { name: 'no sun that vanished, as it does in polar night', change: { kind: 'unit-change' as const }, want: [] },
    { name: 'no clock after a single odd morning', change: { kind: 'clock-shift' as const }, want: [] },
  ])('refuses the slots of $name', ({ change, want }) =>
    expect(reasonsOf({}, roof, { ...nothing, findings: [{ ...finding, ...change }] })).toEqual(want),
  );
  test('counts from when it was found, back to when it began, and not past its end', () => {
    const held = (change: Partial<HeldFinding>) => ({ ...nothing, findings: [{ ...finding, ...change }] });
    expect(reasonsOf({}, roof, held({}), noon + HOUR)).toEqual([]);
    expect(reasonsOf({}, roof, held({ until: noon }))).toEqual([]);
    expect(reasonsOf({}, roof, held({ since: noon + SLOT }))).toEqual([]);
  });
  test('certifies of a sun that outgrew its neighbours only what they support, and says so', () =>
    expect(judge({}, roof, { ...nothing, alarms: [alarm] })).toMatchObject({
      kind: 'certified',
      certifiedWh: 950,
      verifiedPvWh: 1_200,
      limit: { reason: 'neighbours', found: 1_500, allowed: 1_200 },
    }));
  test('lets an alarm that was not yet raised change nothing', () =>
    expect(judge({}, roof, { ...nothing, alarms: [alarm] }, noon + SLOT)).toMatchObject({ certifiedWh: 1_250 }));
});

describe('a throttled meter', () => {
  test.each([
    { name: 'is one at its export limit', site: { ...roof, exportLimitKw: 5 }, want: true },
    { name: 'is none below it', site: { ...roof, exportLimitKw: 6 }, want: false },
  ])('$name', ({ site, want }) => expect(judge({}, site)).toMatchObject({ kind: 'certified', isThrottled: want }));
  test('may not export at all, and makes what it uses', () =>
    expect(judge({ pvWh: 250, gridWh: 0, registerWh: 0, registerThroughputWh: 0 }, { ...roof, exportLimitKw: 0 }).isThrottled).toBe(true));
});

describe('a ramp', () => {
  test('is bounded by the width of the panels where the interval is short', () => {
    const wide = [{ peakKw: 10_000, tiltDeg: 30, azimuthDeg: 180 }];
    const second = { slot: noon, pvBeforeWh: 0, pvWh: 10_000_000 / 3_600 };
    expect(rampObjection(second, wide, 1_000)?.reason).toBe('ramp');
    expect(rampObjection({ ...second, pvWh: 500_000 / 3_600 }, wide, 1_000)).toBeUndefined();
  });
});

const watts = fc.oneof(fc.double({ min: 0, max: 4_000, noNaN: true }), fc.double({ min: 0, max: 80, noNaN: true })); // dusk is in the second
const slotsOfYear = fc.integer({ min: 0, max: 365 * 96 - 1 }).map((i) => Date.UTC(2026, 0, 1) + i * SLOT);
const places = fc.record({
  latitude: fc.double({ min: -90, max: 90, noNaN: true }),
  longitude: fc.double({ min: -180, max: 180, noNaN: true }),
  tiltDeg: fc.double({ min: 0, max: 90, noNaN: true }),
  azimuthDeg: fc.double({ min: 0, max: 359, noNaN: true }),
  tracking: fc.constantFrom(undefined, 'single-axis' as const),
});
const siteAt = ({
  latitude,
  longitude,
  tiltDeg,
  azimuthDeg,
  tracking,
}: {
  latitude: number;
  longitude: number;
  tiltDeg: number;
  azimuthDeg: number;
  tracking: 'single-axis' | undefined;
}): Site => ({
  ...roof,
  latitude,
  longitude,
  pv: [{ peakKw: 10, tiltDeg, azimuthDeg, tracking }],
});
const alarmed: Held = { findings: [], alarms: [{ kind: 'level', since: 0, raisedAt: 0, factor: 1.4 }] };

describe('the laws of verdicts', () => {
  test('certified ≤ verified PV ≤ ceiling and the meter, whatever was told; below the horizon 0', () =>
    fc.assert(
      fc.property(places, slotsOfYear, watts, watts, fc.constantFrom(nothing, alarmed), (place, slot, pvWh, loadWh, held) => {
        const site = siteAt(place);
        const verdict = judgeSlot(site, evidence({ slot, pvWh, loadWh, pvBeforeWh: undefined, ...alone }), held, slot + DAY);
        if (verdict.kind === 'refused') return;
        expect(verdict.certifiedWh).toBeLessThanOrEqual(verdict.verifiedPvWh);
        expect(verdict.verifiedPvWh).toBeLessThanOrEqual(verdict.ceilingWh);
        expect(verdict.certifiedWh).toBeLessThanOrEqual(Math.max(0, pvWh - loadWh) + 1e-8); // `wattHours` forgives 1e-9
        if (slotCeiling(site, slot).highestSunDeg <= -0.02) expect(verdict.certifiedWh).toBe(0);
      }),
      { numRuns: 2_000 },
    ));

  test('telling more never turns a refusal by the sky into a certificate, nor a certificate into more than the ceiling', () =>
    fc.assert(
      fc.property(places, slotsOfYear, watts, fc.double({ min: 1, max: 1_000, noNaN: true }), (place, slot, pvWh, scale) => {
        const site = siteAt(place);
        const told = (wh: number) =>
          judgeSlot(site, evidence({ slot, pvWh: wh, loadWh: 0, pvBeforeWh: undefined, ...alone }), nothing, slot + DAY);
        const [before, after] = [told(pvWh), told(pvWh * scale)];
        if (before.kind === 'refused') expect(after.kind).toBe('refused');
        if (after.kind === 'certified') expect(after.certifiedWh).toBeLessThanOrEqual(slotCeiling(site, slot).ceilingWh);
      }),
      { numRuns: 2_000 },
    ));
});
