/**
 * Truth: what the sites of a study truly have, slot by slot, from the records of their zones and their plants.
 *
 * Prices come in the accounting currency by rates that the user gives. A slot that a record covers in part is a gap.
 */
import { type ExchangeRates, seriesInCurrency } from '../../energy-oracle/grid/price.ts';
import { meanOver, type Series } from '../../units/series.ts';
import type { DurationMs, Instant, Interval } from '../../units/time.ts';
import type { GridTrace } from '../traces/grid-trace.ts';
import type { Study, Truth } from './study.ts';

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

type Grid = Pick<TruthOf, 'start' | 'slotMs' | 'rates'> & Pick<Truth, 'lead' | 'slots'>;

/** Writes a zone's signals into the row of a site. */
function layOn({ price, carbonIntensity, marginalIntensity }: Signals, trace: GridTrace, site: number, grid: Grid): void {
  const { start, slotMs, lead, slots, rates } = grid;
  const inCurrency = seriesInCurrency(trace.price, trace.priceCurrency, rates);
  for (let slot = 0; slot < slots; slot++) {
    const from = start + (slot - lead) * slotMs;
    const interval = { start: from, end: from + slotMs };
    const at = site * slots + slot;
    price[at] = meanOver(inCurrency, interval) ?? Number.NaN;
    carbonIntensity[at] = meanOver(trace.carbonIntensity, interval) ?? Number.NaN;
    marginalIntensity[at] = meanOf(trace.marginalIntensity, interval);
  }
}
type Signals = Pick<Truth, 'price' | 'carbonIntensity' | 'marginalIntensity'>;

/**
 * The study with other signals at the sites of some zones; all else is shared with the study given. O(sites × slots).
 *
 * @throws RangeError for a currency without a rate
 */
export function withSignals(study: Study, traces: readonly GridTrace[], rates: ExchangeRates): Study {
  const { truth, start, slotMs, sites } = study;
  const { lead, slots } = truth;
  const moved = {
    price: truth.price.slice(),
    carbonIntensity: truth.carbonIntensity.slice(),
    marginalIntensity: truth.marginalIntensity.slice(),
  };
  const firstOf = new Map<string, number>();
  sites.forEach(({ zone }, site) => {
    const trace = traces.find((each) => each.zone === zone);
    if (!trace) return;
    const like = firstOf.get(zone);
    if (like === undefined) {
      layOn(moved, trace, site, { start, slotMs, lead, slots, rates });
      firstOf.set(zone, site);
    } else for (const column of Object.values(moved)) column.copyWithin(site * slots, like * slots, (like + 1) * slots);
  });
  return { ...study, truth: { ...truth, ...moved } };
}

/** Lays every record on the grid of the study; O(sites × slots). A RangeError for a currency without a rate. */
export function truthOf({ start, slotMs, lead, slots, sites, rates }: TruthOf): Truth {
  const width = lead + slots;
  const columns = () => new Float64Array(sites.length * width).fill(Number.NaN);
  const truth = { lead, slots: width, price: columns(), carbonIntensity: columns(), marginalIntensity: columns(), netKw: columns() };
  sites.forEach(({ trace, netKw }, site) => {
    layOn(truth, trace, site, { start, slotMs, lead, slots: width, rates });
    for (let slot = 0; slot < width; slot++) {
      const from = start + (slot - lead) * slotMs;
      truth.netKw[site * width + slot] = netKw({ start: from, end: from + slotMs }) ?? Number.NaN;
    }
  });
  return truth;
}

const meanOf = (series: Series | undefined, interval: Interval): number => (series && meanOver(series, interval)) ?? Number.NaN;
