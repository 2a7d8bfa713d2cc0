/**
 * Night sun: a year of slots at twelve latitudes through the whole verdict path, honest and lying.
 *
 * The honest years come from another model in another language (test/make/honest-pv.py), which also says by its own
 * ephemeris in which slots the sun is below the horizon. Two real solar farms with declared panels stand beside them.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { createOracle } from '../../energy-oracle/oracle.ts';
import type { SlotFacts } from '../../energy-oracle/outlook.ts';
import type { PvArray, Site } from '../../energy-oracle/site.ts';
import { createMemorySeriesStore } from '../../energy-oracle/store/memory-series-store.ts';
import type { Rollup } from '../../energy-oracle/store/series-store.ts';
import { clearSlotWh } from '../../energy-oracle/sun/ceiling.ts';
import type { Stream } from '../../energy-oracle/telemetry/reading.ts';
import { createMemoryLine } from '../../energy-oracle/telemetry/telemetry-source.ts';
import { evidenceOf } from '../../energy-oracle/verdict/evidence.ts';
import { judgeSlot } from '../../energy-oracle/verdict/verdict.ts';
import { importGefcomPlant } from '../../simulator/traces/importers/gefcom-plant.ts';
import { manualClock } from '../../units/clock.ts';
import { DAY, HOUR, type Instant, SLOT } from '../../units/time.ts';
import { siteOf } from '../energy-oracle/telemetry/messages.ts';

export interface HonestYear {
  readonly site: Site;
  readonly start: Instant;
  readonly pvWh: Float64Array;
  /** True where the other ephemeris has the sun below the horizon throughout. */
  readonly isDark: readonly boolean[];
}

interface HonestFile {
  readonly start: string;
  readonly peakKw: number;
  readonly sites: readonly (Omit<PvArray, 'peakKw'> & Pick<Site, 'latitude' | 'longitude' | 'altitudeM'> & { readonly name: string })[];
}

const folder = join(import.meta.dirname, '../fixtures/sun');

/** The twelve honest years. */
export function honestYears(): HonestYear[] {
  const { start, peakKw, sites } = JSON.parse(readFileSync(join(folder, 'honest-pv.json'), 'utf8')) as HonestFile;
  const packed = gunzipSync(readFileSync(join(folder, 'honest-pv.bin.gz')));
  const slots = packed.length / 2 / sites.length;
  return sites.map(({ name, latitude, longitude, altitudeM, ...array }, i) => {
    const words = Array.from({ length: slots }, (_, slot) => packed.readUInt16LE(2 * (i * slots + slot)));
    const id = name.toLowerCase().replaceAll(/[^a-z]+/g, '-');
    const place = { id, provider: id, name, latitude, longitude, altitudeM };
    return {
      site: { ...siteOf(i), ...place, accelerators: [], pv: [{ ...array, peakKw }], exportLimitKw: 2 * peakKw },
      start: Date.parse(start),
      pvWh: Float64Array.from(words, (word) => (word & 0x7fff) / 10),
      isDark: words.map((word) => word >= 0x8000),
    };
  });
}

/** What the task's organisers told of the first two farms: panels, and where they stand. */
const farms = [
  { tiltDeg: 36, azimuthDeg: 38 },
  { tiltDeg: 35, azimuthDeg: 327 },
];

/** Two real farms; hours become slots by the clear sky of their quarter hours. Nothing tells what is dark but the product. */
export function realFarms(read: (path: string) => string): HonestYear[] {
  return farms.map((plane, i) => {
    const { history } = importGefcomPlant(read(`sites/gefcom2014S_zone${i + 1}.csv.gz`), `plant-${i + 1}`);
    const pv = [{ ...plane, peakKw: 1 }];
    const place = { latitude: -35.275, longitude: 149.113, altitudeM: 595 };
    const site = { ...siteOf(i), ...place, id: `plant-${i + 1}`, provider: `plant-${i + 1}`, accelerators: [], pv, exportLimitKw: 2 };
    const pvWh = new Float64Array(history.values.length * 4);
    for (const [hour, kw] of history.values.entries()) {
      const parts = [0, 1, 2, 3].map((k) => clearSlotWh(site, history.start + hour * HOUR + k * SLOT));
      const whole = parts.reduce((sum, part) => sum + part, 0);
      for (const [k, part] of parts.entries()) pvWh[4 * hour + k] = kw * 1_000 * (whole > 0 ? part / whole : 0.25);
    }
    return { site, start: history.start, pvWh, isDark: [] };
  });
}

const rollup = (site: string, stream: Stream, slot: Instant, energyWh: number): Rollup => ({
  site,
  stream,
  slot,
  energyWh,
  coveredMs: SLOT,
  signedMs: SLOT,
  availableAt: slot + SLOT,
});

/** Meters that agree with the PV of a year to their class: load, grid power and registers in steps of 10 Wh. */
export function honestRollups({ site, start, pvWh }: HonestYear): Rollup[] {
  const registers = { energy_import: 0, energy_export: 0 };
  return Array.from(pvWh).flatMap((pv, i) => {
    const slot = start + i * SLOT;
    const load = 100 + 60 * Math.sin(i / 13) + 40 * Math.sin(i / 1.7);
    const grid = load - pv;
    const steps = (['energy_import', 'energy_export'] as const).map((stream) => {
      const before = Math.floor(registers[stream] / 10);
      registers[stream] += 0.99 * Math.max(0, stream === 'energy_import' ? grid : -grid);
      return rollup(site.id, stream, slot, 10 * (Math.floor(registers[stream] / 10) - before));
    });
    return [
      rollup(site.id, 'pv_power', slot, pv),
      rollup(site.id, 'load_power', slot, 1.01 * load),
      rollup(site.id, 'grid_power', slot, grid),
      ...steps,
    ];
  });
}

/** Facts of a whole record as the oracle tells them at its end: rollups, daily watch, verdicts. */
export async function factsOf(year: HonestYear): Promise<readonly SlotFacts[]> {
  const { site, start, pvWh } = year;
  const end = start + pvWh.length * SLOT;
  const clock = manualClock(start);
  const store = createMemorySeriesStore();
  await store.putRollups(honestRollups(year));
  const oracle = await createOracle({
    clock,
    sites: [site],
    feedKeys: {},
    store,
    telemetry: createMemoryLine({ clock }).source,
    grid: createMemoryLine({ clock }).source,
    forecaster: { model: 'none', forecast: async () => [] },
    wait: async () => {},
    tell: () => {},
    config: { rates: { accounting: 'EUR', perUnit: {} }, horizonMs: DAY, historyMs: DAY },
  });
  await oracle.open();
  for (let day = Math.ceil(start / DAY) * DAY + DAY; day <= end + 2 * DAY; day += DAY) {
    clock.set(day);
    await oracle.closeSlots({ start: day - SLOT, end: day });
  }
  const facts: SlotFacts[] = [];
  for (let from = start; from < end; from += 30 * DAY)
    facts.push(...(await oracle.view.facts(site.id, { start: from, end: Math.min(end, from + 30 * DAY) }, clock.now())));
  await oracle.close();
  return facts;
}

/** What a liar gets certified in the dark slots of a year who tells a share of the nameplate there, Wh and slots refused. */
export function liarInTheDark({ site, start, pvWh, isDark }: HonestYear, share: number): { certifiedWh: number; refused: number } {
  const toldWh = share * (site.pv[0]?.peakKw ?? 0) * 250;
  const rollups = { pv_power: [] as Rollup[], load_power: [] as Rollup[] };
  for (const i of pvWh.keys()) {
    rollups.pv_power.push(rollup(site.id, 'pv_power', start + i * SLOT, isDark[i] ? toldWh : (pvWh[i] as number)));
    rollups.load_power.push(rollup(site.id, 'load_power', start + i * SLOT, 0));
  }
  let [certifiedWh, refused] = [0, 0];
  const whole = { start, end: start + pvWh.length * SLOT };
  for (const [i, evidence] of evidenceOf(site, whole, rollups, [], new Set()).entries()) {
    if (!isDark[i]) continue;
    const verdict = judgeSlot(site, evidence, { findings: [], alarms: [] }, whole.end);
    if (verdict.kind === 'refused') refused++;
    else certifiedWh += verdict.certifiedWh;
  }
  return { certifiedWh, refused };
}
