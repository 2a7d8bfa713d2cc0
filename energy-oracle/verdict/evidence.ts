/**
 * Evidence: all that the meters of a site said of a slot, side by side, before anybody judges it.
 *
 * Owns the gathering from rollups, as they were known at an instant, and what lies just before and after the slot. A
 * stream that does not cover the slot whole is a gap, never 0. Leaves every judgement to the checks.
 */
import { DAY, type DurationMs, type Instant, type Interval, MINUTE, SLOT, slotsTouching } from '../../units/time.ts';
import type { Site } from '../site.ts';
import type { Rollup, SeriesStore } from '../store/series-store.ts';
import type { Reading, Stream } from '../telemetry/reading.ts';

/** What a battery did in the day that ends with the slot. */
export interface BatteryDay {
  readonly chargedWh: number;
  readonly dischargedWh: number;
  /** State of charge at the end less at the start of what is known of the day, percentage points; a gap without both. */
  readonly risenPercent: number | undefined;
}

/** Energies in Wh with their stream's sign: grid + import, battery + discharge. */
export interface SlotEvidence {
  readonly slot: Instant;
  readonly pvWh: number | undefined;
  readonly loadWh: number | undefined;
  readonly batteryWh: number | undefined;
  readonly gridWh: number | undefined;
  /** Import less export by the registers. */
  readonly registerWh: number | undefined;
  /** Sums of both registers, the measure of their error. */
  readonly registerThroughputWh: number | undefined;
  /** The larger of the grid's steps to the slot before and after: a register's reading is spread evenly across the edge. */
  readonly gridStepWh: number;
  readonly pvBeforeWh: number | undefined;
  readonly socStartPercent: number | undefined;
  readonly socEndPercent: number | undefined;
  readonly batteryDay: BatteryDay | undefined;
  /** Least share of the slot that the streams it needs cover, and that signed readings cover, ms. */
  readonly coveredMs: DurationMs;
  readonly signedMs: DurationMs;
  readonly isBanned: boolean;
  /** True when no key of the site is valid for the slot, be it that it was revoked after the readings were stored. */
  readonly isKeyRevoked?: boolean;
}

/** Streams that a certificate needs: sun, own load, and what a battery takes. */
export const neededStreams = ({ battery }: Pick<Site, 'battery'>): readonly Stream[] =>
  battery ? ['pv_power', 'load_power', 'battery_power'] : ['pv_power', 'load_power'];

/** Streams of energy: all that can be rolled up to slots. */
export const energyStreams = ['pv_power', 'load_power', 'battery_power', 'grid_power', 'energy_import', 'energy_export'] as const;
type EnergyStream = (typeof energyStreams)[number];

/** A state of charge that was told so near to an edge of the slot counts for it. */
const socMsMax: DurationMs = 5 * MINUTE;

export interface EvidenceQuery {
  readonly store: SeriesStore;
  readonly site: Site;
  /** On slots. */
  readonly whole: Interval;
  readonly asOf: Instant;
  readonly bannedSlots: ReadonlySet<Instant>;
}

/** Evidence of every slot of the interval, in order, from what was available at `asOf`. */
export async function evidenceOver({ store, site, whole, asOf, bannedSlots }: EvidenceQuery): Promise<readonly SlotEvidence[]> {
  const around = { start: whole.start - SLOT, end: whole.end + SLOT };
  const day = { start: whole.start - DAY, end: whole.end };
  const [rollups, soc] = await Promise.all([
    Promise.all(
      energyStreams.map(async (stream) => {
        if (stream === 'battery_power' && !site.battery) return [stream, []] as const;
        return [stream, await store.rollups(site.id, stream, stream === 'battery_power' ? day : around, asOf)] as const;
      }),
    ),
    site.battery ? store.readings(site.id, 'battery_soc', { start: day.start - socMsMax, end: whole.end + socMsMax }, asOf) : [],
  ]);
  return evidenceOf(
    site,
    whole,
    Object.fromEntries(rollups) as Record<EnergyStream, readonly Rollup[]>,
    soc.filter(({ metered }) => metered.end <= asOf),
    bannedSlots,
  );
}

/** The same from rows at hand. O(slots + battery slots × 96). */
export function evidenceOf(
  site: Site,
  whole: Interval,
  rollups: Readonly<Partial<Record<EnergyStream, readonly Rollup[]>>>,
  soc: readonly Reading[],
  bannedSlots: ReadonlySet<Instant>,
): SlotEvidence[] {
  const bySlot = Object.fromEntries(
    energyStreams.map((stream) => [stream, new Map((rollups[stream] ?? []).map((rollup) => [rollup.slot, rollup]))]),
  ) as unknown as Record<EnergyStream, Map<Instant, Rollup>>;
  const energy = (stream: EnergyStream, slot: Instant): number | undefined => {
    const rollup = bySlot[stream].get(slot);
    return rollup && rollup.coveredMs >= SLOT ? rollup.energyWh : undefined;
  };
  const needed = neededStreams(site) as readonly EnergyStream[];
  const least = (slot: Instant, key: 'coveredMs' | 'signedMs') => Math.min(...needed.map((stream) => bySlot[stream].get(slot)?.[key] ?? 0));
  return slotsTouching(whole).map((slot) => {
    const gridWh = energy('grid_power', slot);
    const [importWh, exportWh] = [energy('energy_import', slot), energy('energy_export', slot)];
    const hasRegisters = importWh !== undefined && exportWh !== undefined;
    const steps = [slot - SLOT, slot + SLOT].map((beside) => Math.abs((gridWh ?? 0) - (energy('grid_power', beside) ?? 0)));
    return {
      slot,
      pvWh: energy('pv_power', slot),
      loadWh: energy('load_power', slot),
      batteryWh: energy('battery_power', slot),
      gridWh,
      registerWh: hasRegisters ? importWh - exportWh : undefined,
      registerThroughputWh: hasRegisters ? importWh + exportWh : undefined,
      gridStepWh: Math.max(...steps),
      pvBeforeWh: energy('pv_power', slot - SLOT),
      socStartPercent: socAt(soc, slot),
      socEndPercent: socAt(soc, slot + SLOT),
      batteryDay: site.battery ? batteryDay(bySlot.battery_power, soc, slot) : undefined,
      coveredMs: least(slot, 'coveredMs'),
      signedMs: least(slot, 'signedMs'),
      isBanned: bannedSlots.has(slot),
    };
  });
}

/** State of charge told at an instant or next to it, %; of two as near the earlier. */
function socAt(soc: readonly Reading[], at: Instant): number | undefined {
  let [nearest, value] = [socMsMax + 1, undefined as number | undefined];
  for (const reading of soc) {
    const middle = (reading.metered.start + reading.metered.end) / 2;
    const away = Math.abs(middle - at);
    if (away < nearest) [nearest, value] = [away, reading.value];
  }
  return value;
}

/** Only what is known without a gap up to the slot's end counts: beyond a gap nobody can tell what was charged. */
function batteryDay(rollups: ReadonlyMap<Instant, Rollup>, soc: readonly Reading[], slot: Instant): BatteryDay | undefined {
  let [chargedWh, dischargedWh, start] = [0, 0, slot + SLOT];
  while (start > slot + SLOT - DAY) {
    const rollup = rollups.get(start - SLOT);
    if (!rollup || rollup.coveredMs < SLOT) break;
    if (rollup.energyWh < 0) chargedWh -= rollup.energyWh;
    else dischargedWh += rollup.energyWh;
    start -= SLOT;
  }
  if (start > slot) return undefined;
  const [first, last] = [socAt(soc, start), socAt(soc, slot + SLOT)];
  return { chargedWh, dischargedWh, risenPercent: first === undefined || last === undefined ? undefined : last - first };
}
