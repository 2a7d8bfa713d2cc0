/**
 * Zone signal: what is measured of a zone and what is forecast of it, as of an instant.
 *
 * The one reader below all imitated APIs. Measured is a curve's step that was over when the curve was issued; everything
 * else of a curve is its feed's forecast. A forecast comes from the newest outlook of the zone's sites, else from the
 * feed, and always says from which. Nothing issued after `asOf` is looked at.
 */
import { meanOver, type Series, valueAt } from '../../units/series.ts';
import { type DurationMs, HOUR, type Instant, type Interval, MINUTE, SLOT } from '../../units/time.ts';
import type { Curve, Signal } from '../grid/grid-feed.ts';
import type { Outlook, OutlookSlot } from '../outlook.ts';
import type { Site } from '../site.ts';
import type { SeriesStore } from '../store/series-store.ts';

/** Everything is read on this grid; curves of longer steps say the same over all of a step. */
export const baseStepMs: DurationMs = 5 * MINUTE;

/** A whole step that is known. */
export interface KnownStep extends Interval {
  readonly value: number;
  /** When it was first told, and when it was last told otherwise or again. */
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
}

/** Who forecast. */
export type Provenance =
  | { readonly kind: 'outlook'; readonly id: string; readonly model: string; readonly issuedAt: Instant }
  | { readonly kind: 'feed'; readonly issuedAt: Instant };

export interface ZoneForecast {
  readonly provenance: Provenance;
  readonly series: Series;
}

export interface ZoneReader {
  /** Every whole step of the interval that is measured, in order; a step with any gap is left out. Steps start at multiples of `stepMs`. */
  measured(zone: string, signal: Signal, interval: Interval, stepMs: DurationMs, asOf: Instant): Promise<readonly KnownStep[]>;
  /** The forecast in force at `asOf` over the interval; `undefined` when nobody has said a word of it. */
  forecast(zone: string, signal: Signal, interval: Interval, asOf: Instant): Promise<ZoneForecast | undefined>;
  /** Forecasts by outlooks of one site of the zone that were issued within the interval, oldest first, at most `max` of them. */
  issued(zone: string, signal: Signal, issued: Interval, max: number): Promise<readonly ZoneForecast[]>;
}

/** Sites of a zone whose outlooks are asked for. All are issued together, so more of them know nothing newer. */
const sitesAskedMax = 8;
/** An older outlook gives way to a feed's forecast that is newer. */
const outlookAgeMsMax: DurationMs = 6 * HOUR;

const valueOfSlot: Partial<Record<Signal, (slot: OutlookSlot) => number | undefined>> = {
  carbon_intensity: ({ carbonIntensity }) => carbonIntensity?.p50,
  carbon_intensity_marginal: ({ marginalIntensity }) => marginalIntensity?.p50,
};

export function createZoneReader({ store, sites }: { readonly store: SeriesStore; readonly sites: readonly Site[] }): ZoneReader {
  const sitesOf = (zone: string) =>
    sites
      .filter((site) => site.zone === zone)
      .map(({ id }) => id)
      .sort()
      .slice(0, sitesAskedMax);

  async function byOutlook(zone: string, signal: Signal, interval: Interval, asOf: Instant): Promise<ZoneForecast | undefined> {
    const outlooks = await Promise.all(sitesOf(zone).map((site) => store.outlook(site, asOf)));
    const said = outlooks
      .filter((outlook) => outlook !== undefined)
      .sort((a, b) => b.issuedAt - a.issuedAt || (a.id < b.id ? -1 : 1))
      .map((outlook) => forecastOf(outlook, signal));
    return said.find((forecast) => forecast && saysAnythingIn(forecast.series, interval));
  }

  return {
    measured: async (zone, signal, interval, stepMs, asOf) => {
      const whole = { start: Math.floor(interval.start / stepMs) * stepMs, end: Math.ceil(interval.end / stepMs) * stepMs };
      return measuredSteps(await store.curves(zone, signal, whole, asOf), whole, stepMs);
    },
    forecast: async (zone, signal, interval, asOf) => {
      const own = valueOfSlot[signal] ? await byOutlook(zone, signal, interval, asOf) : undefined;
      if (own && asOf - own.provenance.issuedAt <= outlookAgeMsMax) return own;
      const fed = feedForecast(await store.curves(zone, signal, interval, asOf), interval);
      return fed && (!own || fed.provenance.issuedAt > own.provenance.issuedAt) ? fed : own;
    },
    issued: async (zone, signal, issued, max) => {
      for (const site of sitesOf(zone)) {
        const forecasts = (await store.outlooks(site, issued)).slice(0, max).map((outlook) => forecastOf(outlook, signal));
        const said = forecasts.filter((forecast) => forecast !== undefined);
        if (said.length > 0) return said;
      }
      return [];
    },
  };
}

/** P50 of an outlook's signal; `undefined` when it says nothing of it. */
function forecastOf({ id, model, sources, issuedAt, start, stepMs, slots }: Outlook, signal: Signal): ZoneForecast | undefined {
  const pick = valueOfSlot[signal];
  const values = pick ? slots.map(pick) : [];
  if (values.every((value) => value === undefined)) return undefined;
  const named = (signal === 'carbon_intensity' ? sources?.['carbon-intensity'].model : undefined) ?? model;
  return { provenance: { kind: 'outlook', id, model: named, issuedAt }, series: { start, stepMs, values } };
}

const saysAnythingIn = ({ start, stepMs, values }: Series, interval: Interval): boolean =>
  values.some((value, i) => value !== undefined && start + (i + 1) * stepMs > interval.start && start + i * stepMs < interval.end);

/** Value of a curve over a base step, to the bit where one step of the curve holds it; `undefined` where it is not known whole. */
function baseValue(curve: Curve, start: Instant): number | undefined {
  const into = (start - curve.start) % curve.stepMs;
  return into >= 0 && into + baseStepMs <= curve.stepMs
    ? valueAt(curve, start)
    : meanOver(curve, { start, end: Math.min(start + baseStepMs, curve.start + curve.stepMs * curve.values.length) });
}

/** True when the curve's step that ends the base step was over at its issue. */
const isMeasured = ({ start, stepMs, issuedAt }: Curve, base: Instant): boolean =>
  start + Math.ceil((base + baseStepMs - start) / stepMs) * stepMs <= issuedAt;

interface BaseCell {
  readonly value: number;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
}

/** Cells of the base grid, newest issue first to tell. O(curves × their base steps). */
function baseCells(
  curves: readonly Curve[],
  { start, end }: Interval,
  isWanted: (curve: Curve, base: Instant) => boolean,
): readonly (BaseCell | undefined)[] {
  const cells: (BaseCell | undefined)[] = new Array(Math.ceil((end - start) / baseStepMs)).fill(undefined);
  for (const curve of curves.toReversed()) {
    const span = { start: curve.start, end: curve.start + curve.stepMs * curve.values.length };
    const from = Math.max(0, Math.ceil((span.start - start) / baseStepMs));
    for (let i = from; i < cells.length && start + i * baseStepMs < span.end; i++) {
      const base = start + i * baseStepMs;
      if (!isWanted(curve, base)) continue;
      const told = cells[i];
      if (told) cells[i] = { ...told, createdAt: Math.min(told.createdAt, curve.issuedAt) };
      else {
        const value = baseValue(curve, base);
        if (value !== undefined) cells[i] = { value, createdAt: curve.issuedAt, updatedAt: curve.issuedAt };
      }
    }
  }
  return cells;
}

/** Means of whole steps of `stepMs` (a multiple of the base step); the interval starts and ends on that grid. */
export function measuredSteps(curves: readonly Curve[], interval: Interval, stepMs: DurationMs): KnownStep[] {
  const cells = baseCells(curves, interval, isMeasured);
  const perStep = stepMs / baseStepMs;
  const steps: KnownStep[] = [];
  for (let i = 0; i + perStep <= cells.length; i += perStep) {
    const part = cells.slice(i, i + perStep).filter((cell) => cell !== undefined);
    const head = part[0];
    if (head === undefined || part.length < perStep) continue;
    const start = interval.start + i * baseStepMs;
    const isFlat = part.every(({ value }) => value === head.value);
    steps.push({
      start,
      end: start + stepMs,
      value: isFlat ? head.value : part.reduce((sum, { value }) => sum + value, 0) / perStep,
      createdAt: Math.min(...part.map(({ createdAt }) => createdAt)),
      updatedAt: Math.max(...part.map(({ updatedAt }) => updatedAt)),
    });
  }
  return steps;
}

/** What curves say of steps that were not over at their issue, in slots; the newest issue first. */
export function feedForecast(curves: readonly Curve[], interval: Interval): ZoneForecast | undefined {
  const whole = { start: Math.floor(interval.start / SLOT) * SLOT, end: Math.ceil(interval.end / SLOT) * SLOT };
  const cells = baseCells(curves, whole, (curve, base) => !isMeasured(curve, base));
  const values = cells.map((cell) => cell?.value);
  const issuedAt = cells.reduce((last, cell) => Math.max(last, cell?.updatedAt ?? last), Number.NEGATIVE_INFINITY);
  return Number.isFinite(issuedAt)
    ? { provenance: { kind: 'feed', issuedAt }, series: { start: whole.start, stepMs: baseStepMs, values } }
    : undefined;
}

/** Whole steps of a forecast within the interval, in order; a step with any gap is left out. Steps start at multiples of `stepMs`. */
export function forecastSteps(
  { series }: ZoneForecast,
  interval: Interval,
  stepMs: DurationMs,
): readonly (Interval & { readonly value: number })[] {
  const steps: (Interval & { readonly value: number })[] = [];
  for (let start = Math.floor(interval.start / stepMs) * stepMs; start < interval.end; start += stepMs) {
    const into = (start - series.start) % series.stepMs;
    const isInOne = into >= 0 && into + stepMs <= series.stepMs;
    const end = start + stepMs;
    const value = isInOne ? valueAt(series, start) : meanOver(series, { start: Math.max(start, firstKnown(series, start, end)), end });
    if (value !== undefined) steps.push({ start, end, value });
  }
  return steps;
}

/** A forecast begins in the middle of the hour it was issued in: what is left of that step is its mean. */
const firstKnown = (series: Series, start: Instant, end: Instant): Instant =>
  series.start > start && series.start < end ? series.start : start;

/** Who forecast, in one line of a header. */
export const provenanceText = (provenance: Provenance): string =>
  provenance.kind === 'outlook'
    ? `outlook; id="${provenance.id}"; model="${provenance.model}"`
    : `feed; issued-at="${new Date(provenance.issuedAt).toISOString()}"`;
