/**
 * Houses: nine measured roofs as sites with the arrays that their records betray, for the bench of plausibility.
 *
 * The records (CityLearn 2022: one year, by the hour, inland southern California) do not tell how the panels stand. Tilt,
 * azimuth and size are fitted to each house's whole year, as an installer's plan would tell them. The stamps of the
 * record follow summer time although its clocks did not: in winter the sun would rise an hour before it can. They are
 * put right here. Hours become slots by the clear sky of their quarter hours.
 */
import type { Site } from '../../energy-oracle/site.ts';
import type { Rollup } from '../../energy-oracle/store/series-store.ts';
import { clearSlotWh } from '../../energy-oracle/sun/ceiling.ts';
import { importHourlyTable } from '../../simulator/traces/importers/hourly-table.ts';
import { HOUR, type Instant, SLOT } from '../../units/time.ts';
import { siteOf } from '../energy-oracle/telemetry/messages.ts';

const place = { latitude: 34.1, longitude: -117.4, altitudeM: 380 };

export interface House {
  readonly site: Site;
  readonly start: Instant;
  /** By the hour, kW. */
  readonly pvKw: Float64Array;
  readonly loadKw: Float64Array;
}

/** The nine houses of a table, a kilometre apart, each of its own provider. */
export function housesIn(text: string): House[] {
  const table = importHourlyTable(text);
  return Array.from({ length: 9 }, (_, i) => {
    const [pv, load] = [table[`pv_kw_${i + 1}`], table[`load_kw_${i + 1}`]];
    if (!pv || !load) throw new RangeError(`no columns of house ${i + 1}`);
    const at = { ...place, longitude: place.longitude + i * 0.01 };
    return {
      site: {
        ...siteOf(i),
        ...at,
        id: `house-${i + 1}`,
        provider: `owner-${i + 1}`,
        accelerators: [],
        pv: [fittedArray(at, pv.start, onOneClock(pv.start, pv.values))],
        exportLimitKw: 10,
      },
      start: pv.start,
      pvKw: onOneClock(pv.start, pv.values),
      loadKw: onOneClock(load.start, load.values),
    };
  });
}

/** Between these instants the stamps are an hour early; both lie in the night. */
const winter = { start: Date.UTC(2016, 10, 6, 9), end: Date.UTC(2017, 2, 12, 10) };
const onOneClock = (start: Instant, values: Float64Array): Float64Array =>
  values.map((value, i) => {
    const at = start + i * HOUR;
    return at >= winter.start && at < winter.end ? (values[i - 1] ?? value) : value;
  });

/** The array whose clear sky is most nearly a constant multiple of the brightest hours of every month. */
function fittedArray(at: Pick<Site, 'latitude' | 'longitude' | 'altitudeM'>, start: Instant, values: Float64Array) {
  let best = { misfit: Number.POSITIVE_INFINITY, tiltDeg: 20, azimuthDeg: 180, peakKw: 4 };
  const hours = brightestHours(values);
  for (let tiltDeg = 0; tiltDeg <= 45; tiltDeg += 5)
    for (let azimuthDeg = 90; azimuthDeg <= 280; azimuthDeg += 10) {
      const pv = [{ peakKw: 1, tiltDeg, azimuthDeg }];
      let [found, clear, cross, count] = [0, 0, 0, 0];
      const ratios: number[] = [];
      for (const hour of hours) {
        const wh = hourWh({ ...at, pv }, start + hour * HOUR) / 1_000;
        if (wh < 0.05) continue;
        const kw = values[hour] as number;
        found += kw * kw;
        clear += wh * wh;
        cross += kw * wh;
        count++;
        ratios.push(kw / wh);
      }
      const scale = cross / clear;
      const misfit = (found - scale * cross) / found + (hours.length - count) / hours.length;
      if (misfit < best.misfit) best = { misfit, tiltDeg, azimuthDeg, peakKw: scale / 0.85 }; // panels lose 15 %
    }
  const { tiltDeg, azimuthDeg, peakKw } = best;
  return { tiltDeg, azimuthDeg, peakKw };
}

/** Of every fortnight and hour of the day the brightest. */
function brightestHours(values: Float64Array): number[] {
  const best = new Map<string, number>();
  for (const [hour, kw] of values.entries()) {
    const key = `${Math.floor(hour / 336)} ${hour % 24}`;
    if (kw > 0.1 && kw > (values[best.get(key) ?? -1] ?? 0)) best.set(key, hour);
  }
  return [...best.values()];
}

const hourWh = (site: Pick<Site, 'pv' | 'latitude' | 'longitude' | 'altitudeM'>, hour: Instant): number =>
  clearSlotWh(site, hour) + clearSlotWh(site, hour + SLOT) + clearSlotWh(site, hour + 2 * SLOT) + clearSlotWh(site, hour + 3 * SLOT);

/** A stream of a house as rollups; an hour's PV is shared out as its clear sky is, load evenly. */
export function slotsOf({ site, start, pvKw, loadKw }: House, stream: 'pv_power' | 'load_power'): Rollup[] {
  const values = stream === 'pv_power' ? pvKw : loadKw;
  return Array.from(values).flatMap((kw, hour) => {
    const at = start + hour * HOUR;
    const parts = [0, 1, 2, 3].map((i) => (stream === 'pv_power' && kw > 0 ? clearSlotWh(site, at + i * SLOT) : 1));
    const whole = parts.reduce((sum, part) => sum + part, 0);
    return parts.map((part, i) => {
      const slot = at + i * SLOT;
      const energyWh = whole > 0 ? (kw * 1_000 * part) / whole : (kw * 1_000) / 4;
      return { site: site.id, stream, slot, energyWh, coveredMs: SLOT, signedMs: SLOT, availableAt: slot + SLOT };
    });
  });
}
