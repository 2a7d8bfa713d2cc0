/**
 * Verdict: what is certified of one slot, or why not.
 *
 * Joins every check over the evidence of a slot and what is held against the site at that time. A pure function of what
 * was told and when it was known, so the order of arrival is irrelevant. Always certified ≤ verified PV ≤ ceiling; what a
 * battery gives is never counted; whatever speaks against a slot is named, not only the first.
 */
import { type WattHours, wattHours } from '../../units/quantity.ts';
import { HOUR, type Instant, MINUTE, SLOT, toIso } from '../../units/time.ts';
import type { Finding } from '../forecast/trust/suspicion.ts';
import type { Objection, RefusalReason, SlotVerdict } from '../outlook.ts';
import type { Site } from '../site.ts';
import { nameplateKw, type SlotCeiling, slotCeiling } from '../sun/ceiling.ts';
import { chargeObjection, roundTripObjection } from './battery-checks.ts';
import type { SlotEvidence } from './evidence.ts';
import { balanceObjection, registerObjection } from './meter-checks.ts';
import { alarmOver, type NeighbourAlarm } from './neighbours.ts';
import { ceilingObjection, nameplateObjection, nightObjection, rampObjection } from './sun-checks.ts';

/** What is held against a site from day to day. */
export interface Held {
  /** Symptoms of its meters, with when they were found. */
  readonly findings: readonly HeldFinding[];
  readonly alarms: readonly NeighbourAlarm[];
}
export interface HeldFinding extends Finding {
  readonly foundAt: Instant;
  /** When it had been seen day after day for two days; absent until then. */
  readonly confirmedAt?: Instant;
}

/** So near to the export limit a surplus counts as held back by it, share of the limit and of the nameplate. */
const atLimitShare = 0.03;
const atLimitPlateShare = 0.01;
const hoursPerSlot = SLOT / HOUR;

/**
 * The verdict on one slot.
 *
 * @param asOf  what was found later is not held against it
 */
export function judgeSlot(site: Site, evidence: SlotEvidence, held: Held, asOf: Instant): SlotVerdict {
  const sky = slotCeiling(site, evidence.slot);
  const judged = { ceilingWh: Math.floor(sky.ceilingWh), isThrottled: isThrottled(site, evidence, sky) };
  const [first, ...others] = objections(site, evidence, sky, held, asOf);
  if (first) return { kind: 'refused', ...judged, reasons: [first, ...others] };
  const { pvWh = 0, loadWh = 0, batteryWh = 0 } = evidence; // no gap is left
  const alarm = alarmOver(held.alarms, evidence.slot, asOf);
  const believedWh = Math.min(Math.max(0, pvWh), judged.ceilingWh);
  const verifiedPvWh = wattHours(alarm ? believedWh / alarm.factor : believedWh);
  const certifiedWh = surplusWh(Math.min(believedWh, alarm ? pvWh / alarm.factor : pvWh), loadWh, batteryWh);
  const certified = { kind: 'certified', ...judged, certifiedWh: Math.min(certifiedWh, verifiedPvWh), verifiedPvWh } as const;
  return alarm && believedWh > 0 ? { ...certified, limit: neighbourLimit(alarm, believedWh) } : certified;
}

/** max(0, generation − own load), whole Wh; what a battery takes counts as load, what it gives as nothing. */
const surplusWh = (madeWh: number, loadWh: number, batteryWh: number): WattHours =>
  wattHours(Math.max(0, madeWh - loadWh - Math.max(0, -batteryWh)));

function objections(site: Site, evidence: SlotEvidence, sky: SlotCeiling, held: Held, asOf: Instant): Objection[] {
  const gap = missing(evidence);
  if (gap) return evidence.isBanned ? [banned(evidence), gap] : [gap];
  const found: (Objection | undefined)[] = [
    evidence.isBanned ? banned(evidence) : undefined,
    revoked(evidence),
    unsigned(evidence),
    nightObjection(evidence, sky),
    nameplateObjection(evidence, site.pv),
    ceilingObjection(evidence, sky),
    rampObjection(evidence, site.pv),
    registerObjection(evidence),
    balanceObjection(evidence, site),
    site.battery && chargeObjection(evidence, site.battery),
    site.battery && roundTripObjection(evidence, site.battery),
    ...held.findings.map((finding) => symptom(finding, evidence.slot, asOf)),
  ];
  return found.filter((objection) => objection !== undefined);
}

function missing({ coveredMs, slot }: SlotEvidence): Objection | undefined {
  if (coveredMs >= SLOT) return undefined;
  const [found, allowed] = [coveredMs / MINUTE, SLOT / MINUTE];
  const detail = `readings of every stream that is needed cover ${Number(found.toFixed(2))} of ${allowed} min from ${toIso(slot)}`;
  return { reason: 'uncovered', found, allowed, unit: 'min', detail };
}

function unsigned({ signedMs }: SlotEvidence): Objection | undefined {
  if (signedMs >= SLOT) return undefined;
  const [found, allowed] = [signedMs / MINUTE, SLOT / MINUTE];
  const detail = `signed readings cover ${Number(found.toFixed(2))} of ${allowed} min; what is not signed never earns`;
  return { reason: 'unsigned', found, allowed, unit: 'min', detail };
}

const revoked = ({ isKeyRevoked, slot }: SlotEvidence): Objection | undefined =>
  isKeyRevoked
    ? { reason: 'revoked-key', found: 0, allowed: 1, unit: '1', detail: `no key of the site’s meter is valid at ${toIso(slot)}` }
    : undefined;

const banned = ({ slot }: SlotEvidence): Objection => ({
  reason: 'equivocation',
  found: 2,
  allowed: 1,
  unit: '1',
  detail: `two different values were signed for the slot of ${toIso(slot)}; both are kept`,
});

/**
 * What a symptom refuses. PV that grew a thousandfold is above its ceiling, and PV that fell to a thousandth harms nobody
 * (so it does at the start of every polar night); a load that fell to a thousandth makes surplus of nothing.
 */
const symptomReasons: Readonly<Record<Finding['stream'], Readonly<Partial<Record<Finding['kind'], RefusalReason>>>>> = {
  pv: { stuck: 'stuck', 'clock-shift': 'clock-shift' },
  load: { stuck: 'stuck', 'unit-change': 'unit-change' },
};

/** What the forecaster's detectors hold against PV or load at the time of a slot; range is checked slot by slot. */
function symptom(finding: HeldFinding, slot: Instant, asOf: Instant): Objection | undefined {
  const { stream, kind, detail, since, foundAt, confirmedAt, until } = finding;
  const reason = symptomReasons[stream][kind];
  const knownAt = kind === 'clock-shift' ? confirmedAt : foundAt; // one odd morning looks like a shifted clock, three do not
  if (reason === undefined || knownAt === undefined || asOf < knownAt || slot + SLOT <= since || (until !== undefined && slot >= until))
    return undefined;
  const hours = Number(((slot + SLOT - since) / HOUR).toFixed(2));
  return { reason, found: hours, allowed: 0, unit: 'h', detail: `${stream}: ${detail}` };
}

function neighbourLimit({ factor, since, kind }: NeighbourAlarm, believedWh: WattHours): Objection<'neighbours'> {
  const allowed = Math.floor(believedWh / factor);
  const more = `${((factor - 1) * 100).toFixed(0)} % more than the sites around support`;
  const detail = kind === 'change' ? `since ${toIso(since)} the site tells ${more}` : `the site tells ${more} of its nameplate`;
  return { reason: 'neighbours', found: believedWh, allowed, unit: 'Wh', detail };
}

/** The surplus sits at the export limit (none to export: at zero) although the sun could have given more. */
function isThrottled(site: Site, { pvWh, loadWh, batteryWh }: SlotEvidence, { ceilingWh }: SlotCeiling): boolean {
  if (pvWh === undefined || loadWh === undefined || pvWh <= 0) return false;
  const limitWh = site.exportLimitKw * 1_000 * hoursPerSlot;
  const surplus = pvWh - loadWh + (batteryWh ?? 0);
  const near = limitWh * atLimitShare + nameplateKw(site.pv) * 1_000 * hoursPerSlot * atLimitPlateShare;
  return Math.abs(surplus - limitWh) <= near && ceilingWh > pvWh + near;
}
