/**
 * Summary: what an outcome of a zone comes to over its hours.
 *
 * Owns means, sums and quantiles for tables; hours with a gap count nowhere. Means of carbon go by energy drawn, means of
 * price by hours, as a price-duration curve does.
 */
import { HOUR } from '../../units/time.ts';
import { type Source, sources } from './emission-factors.ts';
import { quantileOf } from './merit-order.ts';
import type { GridOutcome } from './outcome.ts';

export interface GridSummary {
  /** Hours that are known. */
  readonly hours: number;
  /** Currency per MWh, mean of hours; `undefined` where no price is known, like the quantiles. */
  readonly meanPrice: number | undefined;
  /** Price that is exceeded in this share of hours, by share. */
  readonly priceExceededIn: Readonly<Record<string, number | undefined>>;
  /** gCO2eq/kWh, by energy drawn. */
  readonly averageIntensity: number | undefined;
  readonly marginalIntensity: number | undefined;
  /** Hydro, solar, wind, biomass and geothermal in generation, 0 to 1; absent without a mix, like what follows. */
  readonly renewableShare: number | undefined;
  /** MWh by source. */
  readonly generationMwh: Readonly<Partial<Record<Source, number>>>;
  readonly emissionsTonnes: number | undefined;
  readonly curtailedMwh: number;
  readonly unservedMwh: number;
  readonly chargedMwh: number;
  readonly dischargedMwh: number;
}

const renewable: readonly Source[] = ['hydro', 'solar', 'wind', 'biomass', 'geothermal'];
const exceeded = [0.01, 0.1, 0.5, 0.9, 0.99];

const sum = (values: Iterable<number>): number => {
  let total = 0;
  for (const value of values) if (!Number.isNaN(value)) total += value;
  return total;
};

/** Mean of values by weight; `undefined` when none is known. */
function weighted(values: readonly (number | undefined)[], weightAt: (hour: number) => number): number | undefined {
  let [total, weights] = [0, 0];
  values.forEach((value, hour) => {
    const weight = weightAt(hour);
    if (value === undefined || Number.isNaN(weight)) return;
    total += value * weight;
    weights += weight;
  });
  return weights > 0 ? total / weights : undefined;
}

export function summaryOf(outcome: GridOutcome): GridSummary {
  const { mix, price, carbonIntensity, marginalIntensity, demandMw, unservedMw, chargeMw, dischargeMw } = outcome;
  const hoursOfStep = price.stepMs / HOUR;
  const prices = price.values.filter((value) => value !== undefined);
  const servedMw = (hour: number) => (demandMw?.[hour] ?? 1) - (unservedMw[hour] as number);
  const generationMwh: Partial<Record<Source, number>> = {};
  for (const source of sources) if (mix?.bySource[source]) generationMwh[source] = sum(mix.bySource[source]) * hoursOfStep;
  const generated = sum(Object.values(generationMwh));
  const drawnOf = (hour: number) => {
    const fromMix = sources.reduce((total, source) => total + (mix?.bySource[source]?.[hour] ?? 0), 0);
    return fromMix + (dischargeMw[hour] as number) - (chargeMw[hour] as number);
  };
  const kilograms = carbonIntensity.values.map((value, hour) => (value === undefined ? Number.NaN : value * drawnOf(hour)));
  return {
    hours: carbonIntensity.values.filter((value) => value !== undefined).length,
    meanPrice: weighted(price.values, () => 1),
    priceExceededIn: Object.fromEntries(
      exceeded.map((share) => [`${share * 100}%`, prices.length > 0 ? quantileOf(prices, 1 - share) : undefined]),
    ),
    averageIntensity: weighted(carbonIntensity.values, servedMw),
    marginalIntensity: marginalIntensity && weighted(marginalIntensity.values, servedMw),
    renewableShare: mix && generated > 0 ? sum(renewable.map((source) => generationMwh[source] ?? 0)) / generated : undefined,
    generationMwh,
    emissionsTonnes: mix && (sum(kilograms) * hoursOfStep) / 1_000,
    curtailedMwh: sum(outcome.curtailedMw) * hoursOfStep,
    unservedMwh: sum(unservedMw) * hoursOfStep,
    chargedMwh: sum(chargeMw) * hoursOfStep,
    dischargedMwh: sum(dischargeMw) * hoursOfStep,
  };
}
