/**
 * Beliefs: what may be known at an instant of the hours ahead of it, by the truth, by persistence and by learned models.
 *
 * Day-ahead prices are known when they were published, everything else at the end of its hour; what is known is believed
 * by all alike. The learned ones are the oracle's pooled models without weather, of which these records hold no forecast:
 * one each of the prices, the carbon and the panels of all ten zones, fitted on what was before the week, then calibrated
 * along the way.
 */

import { openBackend } from '../../energy-oracle/forecast/model/tfjs-backend.ts';
import { fitPooledModel, pooledFitDefaults, pooledModelOf } from '../../energy-oracle/forecast/model/tfjs-pooled-fit.ts';
import { medianIndex } from '../../energy-oracle/forecast/score/score.ts';
import { denseAt, knownAt } from '../../energy-oracle/forecast/target.ts';
import { dayAheadPublication, marketDay } from '../../energy-oracle/grid/price.ts';
import { DAY, HOUR, type Instant, SLOT } from '../../units/time.ts';
import { type Walked, walk } from './forecast-grids.ts';
import { type Signal, signals, type Week, type WeekSite, weekSlots, weekStart } from './plan-week.ts';

/** The coming hours of a signal of a site, in its own unit, as they were believed at `issuedAt`. */
export type Belief = (site: number, signal: Signal, issuedAt: Instant, hours: number) => Float64Array;

/** Everything up to this instant is known of a signal at `issuedAt`. */
function knownUntil({ convention }: WeekSite, signal: Signal, issuedAt: Instant): Instant {
  if (signal !== 'importPrice' || !convention.isDayAhead) return issuedAt;
  const today = marketDay(convention.timeZone, issuedAt);
  const tomorrow = marketDay(convention.timeZone, today.end);
  return dayAheadPublication(convention.timeZone, tomorrow) <= issuedAt ? tomorrow.end : today.end;
}

/** @throws RangeError for an hour that the record does not have */
function recorded({ zone, archives }: WeekSite, signal: Signal, at: Instant): number {
  const value = denseAt(archives[signal].history, at);
  if (Number.isNaN(value)) throw new RangeError(`the record of ${zone} has no ${signal} at ${new Date(at).toISOString()}`);
  return value;
}

/** The known as it is, what lies beyond as `ahead` says it from the first unknown hour on. */
const beyondTheKnown =
  ({ sites }: Week, ahead: (site: number, signal: Signal, until: Instant, at: Instant) => number): Belief =>
  (site, signal, issuedAt, hours) => {
    const of = sites[site] as WeekSite;
    const until = knownUntil(of, signal, issuedAt);
    return Float64Array.from({ length: hours }, (_, hour) => {
      const at = issuedAt + hour * HOUR;
      return at < until ? recorded(of, signal, at) : ahead(site, signal, until, at);
    });
  };

export const truth =
  ({ sites }: Week): Belief =>
  (site, signal, issuedAt, hours) =>
    Float64Array.from({ length: hours }, (_, hour) => recorded(sites[site] as WeekSite, signal, issuedAt + hour * HOUR));

/** The same hour of the newest day that is known. */
export const persistence = (week: Week): Belief =>
  beyondTheKnown(week, (site, signal, until, at) =>
    recorded(week.sites[site] as WeekSite, signal, at - Math.ceil((at + HOUR - until) / DAY) * DAY),
  );

/** Calibrators begin on these last days of what the models learned from, before anybody believes them. */
const calibrationDays = 7;
const kinds = { importPrice: 'import-price', carbonIntensity: 'carbon-intensity', pvKw: 'pv' } as const;

/** P50 of a pooled model of each signal, fitted here; half a minute each. */
export async function learned(week: Week, progress: (line: string) => void): Promise<Belief> {
  await openBackend();
  const said = new Map<Signal, Map<Instant, Float64Array>[]>();
  for (const signal of signals) {
    const archives = week.sites.map((site) => site.archives[signal]);
    const known = archives.map((archive) => knownAt(archive, weekStart));
    const model = pooledModelOf(
      await fitPooledModel(known, { ...pooledFitDefaults(kinds[signal], 1_000_000), rowsMax: 40_000, seeds: [1, 2] }),
    );
    const span = { from: weekStart - calibrationDays * DAY, to: weekStart + weekSlots * SLOT + 6 * DAY };
    said.set(
      signal,
      archives.map(
        (archive) => new Map(walk(model, { name: '', archive, ...span }, { everyMs: HOUR }).map((one) => [one.issuedAt, medians(one)])),
      ),
    );
    progress(`${model.id} learned and issued, hour by hour`);
  }
  return beyondTheKnown(week, (site, signal, until, at) => {
    const value = said.get(signal)?.[site]?.get(until)?.[(at - until) / HOUR];
    if (value === undefined) throw new RangeError(`no forecast of ${signal} was issued at ${new Date(until).toISOString()}`);
    return signal === 'pvKw' ? Math.max(0, value) : value;
  });
}

function medians({ forecast, quantiles }: Walked): Float64Array {
  const levels = forecast.quantiles.length;
  const at = medianIndex(forecast.quantiles);
  return quantiles.filter((_, i) => i % levels === at);
}
