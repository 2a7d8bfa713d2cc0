/**
 * Outcome: the traces of a zone after all that was asked of it, and how it answers to load.
 *
 * Owns the hours' account: price, average and marginal carbon, curtailed and unserved energy, and the carbon that batteries
 * carry from the hour they charge in to the hours they give it back (law 9). With nothing asked, price, carbon and mix are
 * the record's to the last bit.
 */
import { resample, type Series } from '../../units/series.ts';
import type { Instant } from '../../units/time.ts';
import type { GridTrace } from '../traces/grid-trace.ts';
import { type Cleared, clear, type Position, positionOf } from './clearing.ts';
import type { Source } from './emission-factors.ts';
import { type GenerationMix, sourcesOf } from './generation-mix.ts';
import type { DemandResponseCall, Zone } from './zone.ts';

/** A grid trace after what-ifs; MW are averages of the hours, 0 in gaps. */
export interface GridOutcome extends GridTrace {
  /** What is generated and used; absent for a zone of price and carbon alone. */
  readonly mix?: GenerationMix | undefined;
  /** What was drawn, extra load included and batteries apart, NaN in gaps; absent like the mix. */
  readonly demandMw?: Float64Array | undefined;
  /** Sun and wind thrown away. */
  readonly curtailedMw: Float64Array;
  /** Load that nobody could carry. */
  readonly unservedMw: Float64Array;
  readonly chargeMw: Float64Array;
  readonly dischargeMw: Float64Array;
  readonly calls: readonly DemandResponseCall[];
}

/** The answer of a zone to a load more at one hour. */
export interface Response {
  /** Currency per MWh above the price without it; `undefined` where no price is known. */
  readonly priceDelta: number | undefined;
  /** Carbon of the extra load over its energy, gCO2eq/kWh; of the next MW when there is none; `undefined` where nobody can carry it or tell. */
  readonly marginalIntensity: number | undefined;
  /** Of all that is drawn then, gCO2eq/kWh. */
  readonly averageIntensity: number | undefined;
  /** Part of the load that nobody can carry, kW. */
  readonly unservedKw: number;
}

/** Load by which the marginal source is found, MW. */
const probeMw = 1;

/** Energy in batteries that can be given back, and the carbon that came with it. */
interface Stored {
  readonly mwh: number;
  readonly kg: number;
}
const emptied = 1e-6;
type Values = (number | undefined)[];

/** Intensity of what is drawn, gCO2eq/kWh: generation, and what batteries give with what charged it. */
function averageOf({ emissionsKg, generationMw }: Cleared, dischargeMw: number, storedIntensity: number): number {
  const drawn = generationMw + dischargeMw;
  return drawn > 0 ? (emissionsKg + dischargeMw * storedIntensity) / drawn : 0;
}

/** Carbon of `moreMw` of load above `extraMw`, gCO2eq/kWh of what is served of it. */
function marginalOf(zone: Zone, position: Position, at: Cleared, extraMw: number, moreMw: number): number | undefined {
  const beyond = clear(zone, position, extraMw + moreMw);
  const served = beyond ? moreMw - (beyond.unservedMw - at.unservedMw) : 0;
  if (!beyond || Math.abs(served) < 1e-9) return undefined;
  return Math.max(0, (beyond.emissionsKg - at.emissionsKg) / served);
}

const told = (value: number): number | undefined => (Number.isNaN(value) ? undefined : value);
const withAdder = (value: number | undefined, adder: number | undefined): number | undefined =>
  value === undefined ? undefined : Math.max(0, value + (adder ?? 0));

/** A zone of price and carbon alone: its signals with what was laid on them. */
function signalsAlone({ trace, start, stepMs, count, ...zone }: Zone): GridOutcome {
  const series = (valueAt: (hour: number) => number | undefined): Series => ({
    start,
    stepMs,
    values: Array.from({ length: count }, (_, hour) => valueAt(hour)),
  });
  const none = new Float64Array(count);
  const marginal = trace.marginalIntensity && resample(trace.marginalIntensity, start, stepMs, count);
  return {
    ...trace,
    ...(marginal && { marginalIntensity: series((h) => withAdder(marginal.values[h], zone.carbonAdder[h])) }),
    price: series((h) => told((zone.price[h] as number) * (zone.priceFactor[h] as number) + (zone.priceAdder[h] as number))),
    carbonIntensity: series((h) => withAdder(told(zone.carbon[h] as number), zone.carbonAdder[h])),
    curtailedMw: none,
    unservedMw: none,
    chargeMw: none,
    dischargeMw: none,
    calls: zone.calls,
  };
}

/** The outcome, and the intensity of what batteries hold at each hour, gCO2eq/kWh. */
function account(
  zone: Zone,
  extraMw: ArrayLike<number> | undefined,
): { readonly outcome: GridOutcome; readonly storedIntensity: Float64Array } {
  const { trace, start, stepMs, count, supply } = zone;
  const storedIntensity = new Float64Array(count);
  if (!supply) return { outcome: signalsAlone(zone), storedIntensity };
  const bySource: Partial<Record<Source, Float64Array>> = {};
  for (const source of sourcesOf(supply.mix)) bySource[source] = new Float64Array(count).fill(Number.NaN);
  const [price, average, marginal] = [[], [], []] as [Values, Values, Values];
  const [demandMw, curtailedMw, unservedMw] = [supply.demandMw.slice(), new Float64Array(count), new Float64Array(count)];
  let stored: Stored = { mwh: 0, kg: 0 };
  for (let hour = 0; hour < count; hour++) {
    const extra = extraMw?.[hour] ?? 0;
    const position = positionOf(supply, hour);
    const cleared = clear(zone, position, extra);
    demandMw[hour] = (demandMw[hour] as number) + extra;
    if (!cleared) {
      for (const values of [price, average, marginal]) values.push(undefined);
      continue;
    }
    for (const source of sourcesOf(supply.mix)) (bySource[source] as Float64Array)[hour] = cleared.bySource[source] as number;
    curtailedMw[hour] = cleared.curtailedMw;
    unservedMw[hour] = cleared.unservedMw;
    const [charge, discharge] = [supply.chargeMw[hour] as number, supply.dischargeMw[hour] as number];
    const ofMix = cleared.generationMw > 0 ? cleared.emissionsKg / cleared.generationMw : 0;
    const held = stored.mwh > emptied ? stored.kg / stored.mwh : ofMix;
    storedIntensity[hour] = held;
    const mean = position.isAsRecorded && extra === 0 ? (zone.carbon[hour] as number) : averageOf(cleared, discharge, held);
    const mwh = stored.mwh + (supply.storedMw[hour] as number) - discharge;
    stored = mwh > emptied ? { mwh, kg: stored.kg + charge * ofMix - discharge * held } : { mwh: 0, kg: 0 };
    price.push(told(cleared.price));
    average.push(withAdder(mean, zone.carbonAdder[hour]));
    marginal.push(withAdder(marginalOf(zone, position, cleared, extra, probeMw), zone.carbonAdder[hour]));
  }
  const series = (values: Values): Series => ({ start, stepMs, values });
  const { chargeMw, dischargeMw } = supply;
  const mix = { start, stepMs, count, bySource, netImportMw: supply.mix.netImportMw };
  const signals = { price: series(price), carbonIntensity: series(average), marginalIntensity: series(marginal) };
  return {
    outcome: { ...trace, ...signals, mix, demandMw, curtailedMw, unservedMw, chargeMw, dischargeMw, calls: zone.calls },
    storedIntensity,
  };
}

/**
 * The traces of a zone, with the load of a fleet on top when one is given. O(hours × sources).
 *
 * @param extraMw  by hour of the zone; negative is load less
 */
export const outcomeOf = (zone: Zone, extraMw?: ArrayLike<number>): GridOutcome => account(zone, extraMw).outcome;

/**
 * How a zone answers to load at an hour, given all that was asked of it.
 *
 * A zone of price and carbon alone does not move, and says what it knows.
 *
 * @returns a function of an instant of the zone and extra kW, negative for load less; the price never falls with the load;
 *   a RangeError outside the zone
 */
export function responseOf(zone: Zone): (at: Instant, extraKw: number) => Response {
  const { outcome, storedIntensity } = account(zone, undefined);
  return (at, extraKw) => {
    const hour = Math.floor((at - zone.start) / zone.stepMs);
    if (!(hour >= 0 && hour < zone.count)) throw new RangeError(`an instant of the zone's ${zone.count} hours, found hour ${hour}`);
    const before = outcome.price.values[hour];
    const average = outcome.carbonIntensity.values[hour];
    const { supply } = zone;
    const still = { priceDelta: before === undefined ? undefined : 0, averageIntensity: average, unservedKw: 0 };
    if (!supply) return { ...still, marginalIntensity: withAdder(zone.trace.marginalIntensity?.values[hour], zone.carbonAdder[hour]) };
    if (extraKw === 0) return { ...still, marginalIntensity: outcome.marginalIntensity?.values[hour] };
    const position = positionOf(supply, hour);
    const [base, moved] = [clear(zone, position, 0), clear(zone, position, extraKw / 1_000)];
    if (!base || !moved) return { ...still, marginalIntensity: undefined };
    const adder = zone.carbonAdder[hour];
    return {
      priceDelta: before === undefined ? undefined : moved.price - before,
      marginalIntensity: withAdder(marginalOf(zone, position, base, 0, extraKw / 1_000), adder),
      averageIntensity: withAdder(averageOf(moved, supply.dischargeMw[hour] as number, storedIntensity[hour] as number), adder),
      unservedKw: (moved.unservedMw - base.unservedMw) * 1_000,
    };
  };
}
