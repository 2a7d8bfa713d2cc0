/**
 * Site forecast: one site's slots put together from what was answered for each of its signals.
 *
 * Owns the last bounds (a surplus is never negative and never above the nameplate, a published price is certain), who is
 * named as the source of what, and the yardsticks kept beside it. Who answers is decided before (`learned.ts`).
 */
import { gramsPerKilowattHour, type Kilowatts, kilowatts, pricePerMegawattHour, type Quantity } from '../../units/quantity.ts';
import { valueAt } from '../../units/series.ts';
import type { OutlookBaseline, OutlookSignal, OutlookSlot, OutlookSource, Quantiles } from '../outlook.ts';
import type { ForecastRequest, SiteForecast } from './forecaster.ts';
import type { PooledModel } from './model/pooled-model.ts';
import { peakOfSite } from './records.ts';
import type { Issued } from './track.ts';

/** What one target gets to hear. Nobody answers in the stead of a model that refused a surplus; of a price somebody must. */
export type Answer =
  | { readonly kind: 'issued'; readonly issued: Issued; readonly model: PooledModel }
  | { readonly kind: 'unanswered'; readonly reason: string; readonly isRefused: boolean };

export interface SiteAnswers {
  readonly request: ForecastRequest;
  /** What stands where no model answered. */
  readonly cold: { readonly model: string; readonly slots: readonly OutlookSlot[] };
  readonly surplus: Answer;
  readonly price: Answer;
  readonly carbon: Answer;
  /** What else people should know, in sentences. */
  readonly notes: readonly string[];
}

/** The forecast of a site. O(slots). */
export function siteForecast({ request, cold, surplus, price, carbon, notes }: SiteAnswers): SiteForecast {
  const { site, start, stepMs, steps, history } = request;
  const peakKw = peakOfSite(site);
  const bounded = (kw: number) => Math.max(0, Math.min(peakKw, kw));
  const surplusOf = (answer: Answer, at: number, stand: Quantiles<Kilowatts> | undefined) => {
    if (answer.kind === 'issued') return triple(answer, at, bounded, kilowatts);
    if (answer.isRefused || !stand || peakKw === 0) return answer.isRefused ? undefined : stand;
    return { p10: kilowatts(bounded(stand.p10)), p50: kilowatts(bounded(stand.p50)), p90: kilowatts(bounded(stand.p90)) };
  };
  const slots = Array.from({ length: steps }, (_, i): OutlookSlot => {
    const at = start + i * stepMs;
    const stand = cold.slots[i];
    const isPublished = valueAt(history.importPrice, at) !== undefined;
    return {
      surplusKw: surplusOf(surplus, at, stand?.surplusKw),
      importPrice: (isPublished ? undefined : triple(price, at, same, pricePerMegawattHour)) ?? stand?.importPrice,
      carbonIntensity: triple(carbon, at, positive, gramsPerKilowattHour) ?? stand?.carbonIntensity,
      marginalIntensity: stand?.marginalIntensity,
    };
  });
  const sources: Record<OutlookSignal, OutlookSource> = {
    surplus:
      surplus.kind === 'unanswered' && surplus.isRefused ? { model: 'refused', reason: surplus.reason } : sourceOf(surplus, cold.model),
    'import-price': sourceOf(price, cold.model),
    'carbon-intensity': sourceOf(carbon, cold.model),
  };
  const baselines: Partial<Record<OutlookSignal, OutlookBaseline>> = {};
  if (surplus.kind === 'issued') baselines.surplus = baselineOf(surplus.issued, bounded);
  if (price.kind === 'issued') baselines['import-price'] = baselineOf(price.issued, same);
  if (carbon.kind === 'issued') baselines['carbon-intensity'] = baselineOf(carbon.issued, positive);
  return { model: sources.surplus.model, slots, sources, notes, baselines };
}

const same = (value: number) => value;
const positive = (value: number) => Math.max(0, value);

const levels = [0.1, 0.5, 0.9] as const;

/** Columns of P10, P50 and P90: those levels, else the nearest there are. */
const columnsOf = (quantiles: readonly number[]): readonly number[] =>
  levels.map((level) =>
    quantiles.reduce((best, q, i) => (Math.abs(q - level) < Math.abs((quantiles[best] as number) - level) ? i : best), 0),
  );

/** The row of the step that holds the instant; `undefined` outside the forecast, or without one. */
function triple<Q extends Quantity<string>>(
  answer: Answer,
  at: number,
  bounded: (value: number) => number,
  brand: (value: number) => Q,
): Quantiles<Q> | undefined {
  if (answer.kind === 'unanswered') return undefined;
  const { forecast, quantiles } = answer.issued;
  const step = Math.floor((at - forecast.start) / forecast.stepMs);
  if (step < 0 || step >= forecast.steps) return undefined;
  const [p10, p50, p90] = columnsOf(forecast.quantiles).map((column) =>
    brand(bounded(quantiles[step * forecast.quantiles.length + column] as number)),
  ) as [Q, Q, Q];
  return { p10, p50, p90 };
}

function sourceOf(answer: Answer, cold: string): OutlookSource {
  if (answer.kind === 'unanswered') return { model: cold, reason: answer.reason };
  const { by, reason } = answer.issued;
  return by === 'model' ? { model: answer.model.id } : { model: `cliper/${answer.model.id}`, reason: reason ?? 'the model has drifted' };
}

/** Five significant digits: yardsticks are kept for every outlook. */
const rounded = (value: number) => Number(value.toPrecision(5));

function baselineOf({ forecast }: Issued, bounded: (value: number) => number): OutlookBaseline {
  const { start, stepMs, steps, members, repeated, quantiles } = forecast;
  const columns = columnsOf(quantiles);
  const cliper = Array.from({ length: steps }, (_, step) =>
    columns.map((column) => rounded(bounded(members.cliper?.[step * quantiles.length + column] ?? repeated[step] ?? 0))),
  );
  return { start, stepMs, cliper: cliper.flat(), repeated: Array.from(repeated, (value) => rounded(bounded(value))) };
}
