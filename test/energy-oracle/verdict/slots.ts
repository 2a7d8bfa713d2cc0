/** Slots and sites for tests of verdicts: an honest quarter hour of a June noon, and what to change of it. */
import type { Site } from '../../../energy-oracle/site.ts';
import type { SlotEvidence } from '../../../energy-oracle/verdict/evidence.ts';
import { SLOT } from '../../../units/time.ts';
import { noon, siteOf } from '../telemetry/messages.ts';

/** 10 kW of panels on a roof in Berlin, no accelerators. */
export const roof: Site = { ...siteOf(1), accelerators: [], pv: [{ peakKw: 10, tiltDeg: 30, azimuthDeg: 180 }], exportLimitKw: 20 };
export const roofWithBattery: Site = { ...roof, battery: { capacityKwh: 10, powerKw: 5, roundTripEfficiency: 0.9 } };

/** 6 kW made, 1 kW used, 5 kW exported. */
export const evidence = (change: Partial<SlotEvidence> = {}): SlotEvidence => ({
  slot: noon,
  pvWh: 1_500,
  loadWh: 250,
  batteryWh: undefined,
  gridWh: -1_250,
  registerWh: -1_250,
  registerThroughputWh: 1_250,
  gridStepWh: 20,
  pvBeforeWh: 1_400,
  socStartPercent: undefined,
  socEndPercent: undefined,
  batteryDay: undefined,
  coveredMs: SLOT,
  signedMs: SLOT,
  isBanned: false,
  ...change,
});
