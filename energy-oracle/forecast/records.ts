/**
 * Records: a site's history as archives of the targets that are forecast from it.
 *
 * Owns which series make a target, what lies beside it, and on which grid it is learned. Slots in which an inverter was
 * held back and slots under suspicion are gaps here, so that no model learns from them. What to make of an archive is
 * the forecaster's.
 */
import type { Series } from '../../units/series.ts';
import { DAY, type DurationMs, HOUR, type Instant, type Interval } from '../../units/time.ts';
import { isThrottled } from '../grid/curtailment.ts';
import type { Site } from '../site.ts';
import { pvPower } from '../sun/pv.ts';
import type { History } from './forecaster.ts';
import { type Archive, type Dense, denseOf, type Target, type TargetKind } from './target.ts';

/** Kinds that the live service forecasts. */
export const liveKinds = ['net', 'import-price', 'carbon-intensity'] as const satisfies readonly TargetKind[];
export type LiveKind = (typeof liveKinds)[number];

/** Prices and carbon intensities of a zone are by the hour. */
export const zoneStepMs: DurationMs = HOUR;

export const peakOfSite = ({ pv }: Pick<Site, 'pv'>): number => pv.reduce((sum, { peakKw }) => sum + peakKw, 0);

/** Net power of a site with panels, kW: its nameplate is the most it can give. */
export const netTarget = ({ id, latitude, longitude, pv }: Site): Target => ({
  id,
  kind: 'net',
  latitude,
  longitude,
  pv,
  ceiling: peakOfSite({ pv }),
  floor: undefined,
});

/** A zone's signal, at the middle of the sites there are in it. @throws RangeError for a zone without one */
export function zoneTarget(kind: 'import-price' | 'carbon-intensity', zone: string, sites: readonly Site[]): Target {
  if (sites.length === 0) throw new RangeError(`no site lies in ${zone}`);
  const mean = (of: (site: Site) => number) => sites.reduce((sum, site) => sum + of(site), 0) / sites.length;
  return {
    id: zone,
    kind,
    latitude: mean(({ latitude }) => latitude),
    longitude: mean(({ longitude }) => longitude),
    pv: [],
    ceiling: undefined,
    floor: kind === 'carbon-intensity' ? 0 : undefined,
  };
}

/** When a stream of a site was under suspicion: its values of that time are gaps. */
export interface Suspicion extends Interval {
  readonly stream: 'pv' | 'load';
}

/** Series of a site before they are put on a grid: NaN where there is a gap, a suspicion, or an inverter held back. */
function cleaned(site: Site, { pvKw, loadKw, importPrice }: History, suspicions: readonly Suspicion[]) {
  const [pv, load] = [denseOf(pvKw), denseOf(loadKw)];
  for (const { stream, start, end } of suspicions) {
    const { values, ...grid } = stream === 'pv' ? pv : load;
    const [first, last] = [Math.ceil((start - grid.start) / grid.stepMs), Math.floor((end - grid.start) / grid.stepMs)];
    values.fill(Number.NaN, Math.max(0, first), Math.max(0, last));
  }
  const priceOffset = (pv.start - importPrice.start) / pv.stepMs;
  pv.values.forEach((pvKw, i) => {
    const loadKw = load.values[i] as number;
    const price = importPrice.values[i + priceOffset];
    if (Number.isNaN(pvKw + loadKw) || !mayBeThrottled(site, pvKw - loadKw, price)) return;
    const clearSkyKw = pvPower(site, pv.start + (i + 0.5) * pv.stepMs, 0);
    if (isThrottled(site, { pvKw, loadKw, clearSkyKw, importPrice: price })) pv.values[i] = Number.NaN;
  });
  return { pv, load, net: { ...pv, values: pv.values.map((kw, i) => kw - (load.values[i] as number)) } };
}

/** Cheap look before the sun is computed. */
const mayBeThrottled = ({ exportLimitKw }: Site, netKw: number, price: number | undefined): boolean =>
  (price !== undefined && price < 0) || Math.abs(netKw - exportLimitKw) < 0.05 * exportLimitKw;

/** The archive of a site's net power, with its generation and load beside it and its weather as signals. */
export function netArchive(site: Site, history: History, stepMs: DurationMs, suspicions: readonly Suspicion[] = []): Archive {
  const { pv, load, net } = cleaned(site, history, suspicions);
  return {
    target: netTarget(site),
    history: coarser(net, stepMs),
    signals: weatherSignals(history),
    companions: { pv: coarser(pv, stepMs), load: coarser(load, stepMs) },
  };
}

/** The archive of a zone's signal; its weather is that of the first of its sites that has any. */
export function zoneArchive(
  kind: 'import-price' | 'carbon-intensity',
  zone: string,
  sites: readonly Site[],
  of: readonly History[],
): Archive {
  const [history] = of;
  if (!history) throw new RangeError(`no history of ${zone}`);
  const series = kind === 'import-price' ? history.importPrice : history.carbonIntensity;
  const told = of.find(({ weather }) => weather !== undefined);
  return { target: zoneTarget(kind, zone, sites), history: hourly(series), signals: told ? weatherSignals(told) : {}, companions: {} };
}

const weatherSignals = ({ weather = {} }: History): Record<string, Dense> =>
  Object.fromEntries(Object.entries(weather).map(([variable, { series }]) => [variable, denseOf(series)]));

/** Means over whole steps; a step with any gap in it is one. Steps stand on multiples of their length. */
function coarser(dense: Dense, stepMs: DurationMs): Dense {
  if (stepMs === dense.stepMs) return dense;
  const per = stepMs / dense.stepMs;
  const start = Math.ceil(dense.start / stepMs) * stepMs;
  const first = (start - dense.start) / dense.stepMs;
  const values = new Float64Array(Math.max(0, Math.floor((dense.values.length - first) / per)));
  for (let i = 0; i < values.length; i++) {
    let sum = 0;
    for (let k = 0; k < per; k++) sum += dense.values[first + i * per + k] as number;
    values[i] = sum / per;
  }
  return { start, stepMs, values };
}

const hourly = (series: Series): Dense => coarser(denseOf(series), zoneStepMs);

/** End of the last known step; the start when none is known. */
export function knownUntil({ start, stepMs, values }: Dense): Instant {
  return start + (values.findLastIndex((value) => !Number.isNaN(value)) + 1) * stepMs;
}

/** Days of a target that are present to at least a half: how much there is to learn from. */
export function knownDays({ stepMs, values }: Dense): number {
  const perDay = DAY / stepMs;
  let days = 0;
  for (let at = 0; at + perDay <= values.length; at += perDay)
    if (2 * values.subarray(at, at + perDay).filter(Number.isFinite).length >= perDay) days++;
  return days;
}
