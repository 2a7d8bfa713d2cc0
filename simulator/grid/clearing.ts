/**
 * Clearing: one hour of a zone with some load more: who generates, what is thrown away or missing, price and carbon.
 *
 * Owns the balance: generation + net import + discharge + unserved = demand + charge + extra load. The record is the
 * starting point and only the difference from it is modelled. Flows over the border stay as recorded.
 */
import type { Source } from './emission-factors.ts';
import { sourcesOf } from './generation-mix.ts';
import { dispatch } from './merit-order.ts';
import { priceChange } from './price-curve.ts';
import type { Supply, Zone } from './zone.ts';

/** Where an hour stands before any extra load. */
export interface Position {
  readonly hour: number;
  /** Residual load as recorded, MW. */
  readonly fromMw: number;
  /** What it is moved by so far, MW; NaN in a gap. */
  readonly shiftMw: number;
  /** Output of the responding sources less what outages took, and the most they can give, MW. */
  readonly beforeMw: readonly number[];
  readonly mostMw: readonly number[];
  /** How far they can go down and up together, MW. */
  readonly downMw: number;
  readonly upMw: number;
  /** Output of what does not answer, sun and wind apart, less what outages took, MW. */
  readonly heldMw: ReadonlyMap<Source, number>;
  readonly isAsRecorded: boolean;
}

/** What is nearer to balance than this is balanced: the noise of sums of floats, MW. */
const balancedMw = 1e-6;

/** Generation that an outage takes: as much of it as the fleet was running, of the most it ever runs. */
const lostMw = (mw: number, outMw: number, mostMw: number): number => (mostMw > 0 ? mw * Math.min(1, outMw / mostMw) : 0);

export function positionOf({ mix, order, ...supply }: Supply, hour: number): Position {
  const at = (values: Float64Array | undefined) => values?.[hour] ?? 0;
  let [fromMw, lost, downMw, upMw] = [0, 0, 0, 0];
  const mostMw: number[] = [];
  const beforeMw = order.responding.map((source, s) => {
    const [mw, out, most] = [at(mix.bySource[source]), at(supply.outageMw[source]), order.mostMw[s] as number];
    const gone = lostMw(mw, out, Math.max(most, mw));
    fromMw += mw;
    lost += gone;
    mostMw.push(Math.max(0, most - out));
    downMw += Math.max(0, mw - gone - (order.leastMw[s] as number));
    upMw += Math.max(0, most - out - (mw - gone));
    return mw - gone;
  });
  const heldMw = new Map<Source, number>();
  for (const source of sourcesOf(mix)) {
    if (source === 'solar' || source === 'wind' || order.responding.includes(source)) continue;
    const mw = at(mix.bySource[source]);
    const gone = lostMw(mw, at(supply.outageMw[source]), order.heldMostMw[source] ?? mw);
    lost += gone;
    heldMw.set(source, mw - gone);
  }
  const demand = at(supply.demandMw) - at(supply.recordedDemandMw);
  const solar = at(supply.solarMw) - at(mix.bySource.solar);
  const wind = at(supply.windMw) - at(mix.bySource.wind);
  const battery = at(supply.chargeMw) - at(supply.dischargeMw);
  const isAsRecorded = demand === 0 && solar === 0 && wind === 0 && battery === 0 && lost === 0;
  return { hour, fromMw, shiftMw: demand - solar - wind + battery + lost, beforeMw, mostMw, downMw, upMw, heldMw, isAsRecorded };
}

/**
 * Price of an hour with extra load, currency per MWh: the record's, moved along the curve, then factor and adder. At most
 * 0 where something is thrown away, at least the scarcity price where something is missing; so it never falls with load.
 */
export function priceOf(zone: Zone, { hour, fromMw, shiftMw, downMw, upMw }: Position, extraMw: number): number {
  const { curve } = zone.supply as Supply;
  const shift = shiftMw + extraMw;
  const moved = curve ? priceChange(curve, hour, fromMw, fromMw + shift) : 0;
  const price = ((zone.price[hour] as number) + moved) * (zone.priceFactor[hour] as number) + (zone.priceAdder[hour] as number);
  if (-shift > downMw + balancedMw) return Math.min(price, 0);
  return shift > upMw + balancedMw ? Math.max(price, zone.scarcityPrice) : price;
}

export interface Cleared {
  /** MW, by source of the mix. */
  readonly bySource: Readonly<Partial<Record<Source, number>>>;
  readonly generationMw: number;
  readonly curtailedMw: number;
  readonly unservedMw: number;
  /** NaN where the record has none. */
  readonly price: number;
  /** kg/h: MW × g/kWh, at the ratio of the record's carbon to that of its mix. */
  readonly emissionsKg: number;
}

/** Record's carbon over that of the mix by factors; 1 where the mix has none. */
function carbonRatio({ carbon }: Zone, { mix, factors }: Supply, hour: number): number {
  let [generated, emitted] = [0, 0];
  for (const source of sourcesOf(mix)) {
    const mw = mix.bySource[source]?.[hour] as number;
    generated += mw;
    emitted += mw * factors[source];
  }
  return emitted > 0 ? ((carbon[hour] as number) * generated) / emitted : 1;
}

/**
 * Clears an hour with so much load more.
 *
 * What the responding sources cannot go down by is curtailed, from sun and wind alike; where that is not enough, what
 * must run backs down too, in proportion.
 *
 * @returns `undefined` in a gap
 */
export function clear(zone: Zone, position: Position, extraMw: number): Cleared | undefined {
  const supply = zone.supply as Supply;
  const { hour, heldMw, shiftMw } = position;
  if (Number.isNaN(shiftMw + position.fromMw + (zone.carbon[hour] as number))) return undefined;
  const { outputMw, surplusMw, unservedMw } = dispatch(
    supply.order,
    position.fromMw,
    position.beforeMw,
    shiftMw + extraMw,
    position.mostMw,
  );
  const [solar, wind] = [supply.solarMw[hour] as number, supply.windMw[hour] as number];
  const renewables = solar + wind;
  const curtailed = Math.min(surplusMw, renewables);
  const kept = renewables > 0 ? 1 - curtailed / renewables : 1;
  const firm = outputMw.reduce((sum, mw) => sum + mw, 0) + [...heldMw.values()].reduce((sum, mw) => sum + mw, 0);
  const running = firm > 0 ? Math.max(0, 1 - (surplusMw - curtailed) / firm) : 1;
  const bySource: Partial<Record<Source, number>> = {};
  let [generation, emitted] = [0, 0];
  const give = (source: Source, mw: number) => {
    bySource[source] = mw;
    generation += mw;
    emitted += mw * supply.factors[source];
  };
  supply.order.responding.forEach((source, s) => void give(source, (outputMw[s] as number) * running));
  for (const [source, mw] of heldMw) give(source, mw * running);
  if (supply.mix.bySource.solar) give('solar', solar * kept);
  if (supply.mix.bySource.wind) give('wind', wind * kept);
  return {
    bySource,
    generationMw: generation,
    curtailedMw: curtailed,
    unservedMw,
    price: priceOf(zone, position, extraMw),
    emissionsKg: emitted * carbonRatio(zone, supply, hour),
  };
}
