/**
 * Zone: a recorded zone with all that was asked to be otherwise, ready to be cleared.
 *
 * Owns the state that what-ifs change: what is offered and drawn, what is out of order, what is laid on the signals. The
 * record itself never changes, so that with nothing asked every hour is the record. Arrays are by hour, on one grid, NaN
 * for a gap; a zone of which only price and carbon are known has no `supply`. Never mutated: a change is a new zone.
 */
import { denseOf } from '../../energy-oracle/forecast/target.ts';
import { resample, type Series } from '../../units/series.ts';
import { DAY, type DurationMs, type Instant, type Interval } from '../../units/time.ts';
import type { GridTrace } from '../traces/grid-trace.ts';
import { emissionFactors, type FactorBasis, type Source } from './emission-factors.ts';
import { addTo, demandMw, type GenerationMix, generationMw, type MixRecord, recordWithin, sourcesOf } from './generation-mix.ts';
import { fitMeritOrder, type MeritOrder, outputMw } from './merit-order.ts';
import { fitPriceCurve, type PriceCurve } from './price-curve.ts';

/** The generating side of a zone, MW. */
export interface Supply {
  readonly mix: GenerationMix;
  readonly order: MeritOrder;
  /** Absent where no price is known. */
  readonly curve: PriceCurve | undefined;
  /** gCO2eq/kWh. */
  readonly factors: Readonly<Record<Source, number>>;
  readonly recordedDemandMw: Float64Array;
  readonly demandMw: Float64Array;
  /** What sun and wind offer, before curtailment; zero where the zone has none. */
  readonly solarMw: Float64Array;
  readonly windMw: Float64Array;
  /** What batteries draw, what of it they can give back, and what they give. */
  readonly chargeMw: Float64Array;
  readonly storedMw: Float64Array;
  readonly dischargeMw: Float64Array;
  /** Capacity out of order, by source; sun and wind offer less instead. */
  readonly outageMw: Readonly<Partial<Record<Source, Float64Array>>>;
}

/** A call on everyone in the zone, sites among them. */
export interface DemandResponseCall {
  readonly interval: Interval;
  /** Draw at most this share of what would be drawn; absent when the call is by price alone. */
  readonly maxDrawShare?: number | undefined;
  /** Added to the price, currency per MWh. */
  readonly priceAdder?: number | undefined;
}

export interface Zone {
  readonly start: Instant;
  readonly stepMs: DurationMs;
  readonly count: number;
  /** Names, time zone and currency; its series are the record's. */
  readonly trace: GridTrace;
  readonly price: Float64Array;
  readonly carbon: Float64Array;
  /** The price told is price × factor + adder; factors ≥ 0. */
  readonly priceFactor: Float64Array;
  readonly priceAdder: Float64Array;
  /** Added to both intensities, gCO2eq/kWh. */
  readonly carbonAdder: Float64Array;
  readonly calls: readonly DemandResponseCall[];
  /** Least price of an hour in which load goes unserved, currency per MWh. */
  readonly scarcityPrice: number;
  readonly supply?: Supply;
}

/** The harmonised maximum clearing price of European day-ahead auctions until May 2022 (ACER decision 04/2017), EUR/MWh. */
export const defaultScarcityPrice = 3_000;

export interface ZoneOptions {
  readonly zone: string;
  /** IANA name: batteries and heat waves go by its days. */
  readonly timeZone: string;
  /** ISO 4217. */
  readonly priceCurrency: string;
  readonly priceIsDayAhead?: boolean;
  readonly basis?: FactorBasis;
  /** Sources that do not answer to load. */
  readonly held?: readonly Source[] | undefined;
  /** Capacity of those that do, above the most that was seen, over it. */
  readonly reserveShare?: number | undefined;
  readonly scarcityPrice?: number;
}

/** Values of a series on another grid, NaN where it has none. */
function onGrid(series: Series | undefined, { start, stepMs, count }: { start: Instant; stepMs: DurationMs; count: number }): Float64Array {
  return series ? denseOf(resample(series, start, stepMs, count)).values : new Float64Array(count).fill(Number.NaN);
}

const seriesOf = (start: Instant, stepMs: DurationMs, values: Float64Array): Series => ({
  start,
  stepMs,
  values: Array.from(values, (value) => (Number.isNaN(value) ? undefined : value)),
});

/** What nothing was asked of yet. */
const asRecorded = (count: number, scarcityPrice = defaultScarcityPrice) => ({
  priceFactor: new Float64Array(count).fill(1),
  priceAdder: new Float64Array(count),
  carbonAdder: new Float64Array(count),
  calls: [],
  scarcityPrice,
});

/**
 * A zone with its generation: merit order and price curve are learned from the whole record, so cut the record to the
 * times that are alike, and the zone to the hours that are asked for (`zoneWithin`).
 *
 * Hours whose carbon the record does not tell have that of their mix.
 *
 * @throws RangeError for a record too short to learn from
 */
export function zoneOfRecord({ mix, carbon }: MixRecord, price: Series | undefined, options: ZoneOptions): Zone {
  const { zone, timeZone, priceCurrency, priceIsDayAhead = false, basis = 'life-cycle', held, reserveShare, scarcityPrice } = options;
  const order = fitMeritOrder(mix, { ...(held && { held }), ...(reserveShare === undefined ? {} : { reserveShare }) });
  const factors = emissionFactors[basis];
  const prices = onGrid(price, mix);
  return zoneOfSupply(
    { mix, carbon },
    prices,
    { order, factors, curve: price && fitPriceCurve(prices, outputMw(mix, order.responding)) },
    { zone, timeZone, priceCurrency, priceIsDayAhead, ...(scarcityPrice === undefined ? {} : { scarcityPrice }) },
  );
}

/** A zone whose merit order and price curve are given, not learned. */
export function zoneOfSupply(
  { mix, carbon }: MixRecord,
  price: Float64Array,
  { order, factors, curve }: Pick<Supply, 'order' | 'factors' | 'curve'>,
  { zone, timeZone, priceCurrency, priceIsDayAhead = false, scarcityPrice }: Omit<ZoneOptions, 'basis' | 'held' | 'reserveShare'>,
): Zone {
  const { start, stepMs, count } = mix;
  const drawn = demandMw(mix);
  const generated = generationMw(mix);
  const emitted = new Float64Array(count);
  for (const source of sourcesOf(mix)) addTo(emitted, mix.bySource[source] as Float64Array, factors[source]);
  const ofMix = emitted.map((kg, h) => (generated[h] === 0 ? 0 : kg / (generated[h] as number)));
  const told = carbon.map((value, h) => (Number.isNaN(value) ? (ofMix[h] as number) : value));
  const none = () => new Float64Array(count);
  return {
    ...asRecorded(count, scarcityPrice),
    start,
    stepMs,
    count,
    trace: {
      zone,
      timeZone,
      priceCurrency,
      priceIsDayAhead,
      price: seriesOf(start, stepMs, price),
      carbonIntensity: seriesOf(start, stepMs, told),
    },
    price,
    carbon: told,
    supply: {
      mix,
      order,
      curve,
      factors,
      recordedDemandMw: drawn,
      demandMw: drawn,
      solarMw: mix.bySource.solar ?? none(),
      windMw: mix.bySource.wind ?? none(),
      chargeMw: none(),
      storedMw: none(),
      dischargeMw: none(),
      outageMw: {},
    },
  };
}

/** A zone of which only price and carbon are known: its load moves neither. */
export function zoneOfSignals(trace: GridTrace, scarcityPrice?: number): Zone {
  const { start, stepMs, values } = trace.price;
  const grid = { start, stepMs, count: values.length };
  return {
    ...asRecorded(grid.count, scarcityPrice),
    ...grid,
    trace,
    price: onGrid(trace.price, grid),
    carbon: onGrid(trace.carbonIntensity, grid),
  };
}

/** Merit order and price curve are learned from so much about the hours that are asked for. */
const learnedMs = 365 * DAY;

/** The year about an interval, or the interval where it is longer: what a zone of those hours is learned from. */
export function yearAbout({ start, end }: Interval): Interval {
  const beside = Math.max(0, learnedMs - (end - start)) / 2;
  return { start: start - beside, end: end + beside };
}

/** The hours of a zone that lie in the interval, with all that was learned from the others. */
export function zoneWithin(zone: Zone, interval: Interval): Zone {
  const { start, stepMs, trace, supply } = zone;
  const from = Math.min(zone.count, Math.max(0, Math.ceil((interval.start - start) / stepMs)));
  const to = Math.max(from, Math.min(zone.count, Math.floor((interval.end - start) / stepMs)));
  const cut = (values: Float64Array) => values.slice(from, to);
  const cutSeries = (series: Series) => resample(series, start + from * stepMs, stepMs, to - from);
  return {
    ...zone,
    start: start + from * stepMs,
    count: to - from,
    trace: { ...trace, price: cutSeries(trace.price), carbonIntensity: cutSeries(trace.carbonIntensity) },
    price: cut(zone.price),
    carbon: cut(zone.carbon),
    priceFactor: cut(zone.priceFactor),
    priceAdder: cut(zone.priceAdder),
    carbonAdder: cut(zone.carbonAdder),
    ...(supply && {
      supply: {
        ...supply,
        mix: recordWithin({ mix: supply.mix, carbon: zone.carbon }, interval).mix,
        curve: supply.curve && { ...supply.curve, level: cut(supply.curve.level) },
        recordedDemandMw: cut(supply.recordedDemandMw),
        demandMw: cut(supply.demandMw),
        solarMw: cut(supply.solarMw),
        windMw: cut(supply.windMw),
        chargeMw: cut(supply.chargeMw),
        storedMw: cut(supply.storedMw),
        dischargeMw: cut(supply.dischargeMw),
        outageMw: Object.fromEntries(Object.entries(supply.outageMw).map(([source, mw]) => [source, cut(mw)])),
      },
    }),
  };
}
