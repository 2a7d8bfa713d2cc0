/**
 * Truth: what the sites of a study truly have, slot by slot, from the records of their zones and their plants.
 *
 * Prices come in the accounting currency by rates that the user gives. A slot that a record covers in part is a gap.
 */
import { type ExchangeRates, seriesInCurrency } from '../../energy-oracle/grid/price.ts';
import { meanOver, type Series } from '../../units/series.ts';
import type { DurationMs, Instant, Interval } from '../../units/time.ts';
import type { GridTrace } from '../traces/grid-trace.ts';
import type { Truth } from './study.ts';

/** Generation less own load of a site over an interval, kW; `undefined` where nobody can say. */
export type NetKw = (interval: Interval) => number | undefined;

export interface TruthOf {
  readonly start: Instant;
  readonly slotMs: DurationMs;
  readonly lead: number;
  /** Slots from the start on, the tail with them. */
  readonly slots: number;
  /** By site: the record of its zone, and its plant. */
  readonly sites: readonly { readonly trace: GridTrace; readonly netKw: NetKw }[];
  readonly rates: ExchangeRates;
}

/** Lays every record on the grid of the study; O(sites × slots). A RangeError for a currency without a rate. */
export function truthOf({ start, slotMs, lead, slots, sites, rates }: TruthOf): Truth {
  const width = lead + slots;
  const columns = () => new Float64Array(sites.length * width).fill(Number.NaN);
  const truth = { lead, slots: width, price: columns(), carbonIntensity: columns(), marginalIntensity: columns(), netKw: columns() };
  sites.forEach(({ trace, netKw }, site) => {
    const price = seriesInCurrency(trace.price, trace.priceCurrency, rates);
    for (let slot = 0; slot < width; slot++) {
      const from = start + (slot - lead) * slotMs;
      const interval = { start: from, end: from + slotMs };
      const at = site * width + slot;
      truth.price[at] = meanOver(price, interval) ?? Number.NaN;
      truth.carbonIntensity[at] = meanOver(trace.carbonIntensity, interval) ?? Number.NaN;
      truth.marginalIntensity[at] = meanOf(trace.marginalIntensity, interval);
      truth.netKw[at] = netKw(interval) ?? Number.NaN;
    }
  });
  return truth;
}

const meanOf = (series: Series | undefined, interval: Interval): number => (series && meanOver(series, interval)) ?? Number.NaN;
