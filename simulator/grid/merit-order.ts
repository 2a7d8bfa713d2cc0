/**
 * Merit order: which sources answer when the residual load of a zone moves, learned from what they did.
 *
 * Owns the fit and the dispatch of one hour. Residual load is what the responding sources carry together: generation less
 * solar, wind, nuclear and geothermal, which follow the weather or stand. What is learned is statistics of an hour's
 * change, not a list of plants: hydro answers an hour's change, though the year's water is what it is.
 */
import type { Source } from './emission-factors.ts';
import { addTo, type GenerationMix, sourcesOf } from './generation-mix.ts';

export interface MeritOrder {
  /** Sources that answer; every table below has one column for each, in this order. */
  readonly responding: readonly Source[];
  /** Bounds of the bins of residual load, MW, rising; the outer bins reach beyond them without end. */
  readonly edgesMw: readonly number[];
  /** By bin: the part of one more MW that each source carries, ≥ 0, summing to 1. */
  readonly shares: readonly (readonly number[])[];
  /** What each source does not go below, and what it can give, MW. */
  readonly leastMw: readonly number[];
  readonly mostMw: readonly number[];
  /** The most seen of the sources that do not answer, MW: what an outage of them is a part of. */
  readonly heldMostMw: Readonly<Partial<Record<Source, number>>>;
}

/** Sources that do not answer to load unless said otherwise. */
export const heldByDefault: readonly Source[] = ['solar', 'wind', 'nuclear', 'geothermal'];
/** What sources that answer can give above the most they were seen to: NERC's reference reserve margin of thermal systems. */
export const defaultReserveShare = 0.15;
const binsMax = 12;
/** Fewest changes in a bin. */
const perBin = 200;
/** Hours below this share of all do not say what a source can go down to. */
const leastQuantile = 0.005;

/** Value at a share of the sorted known numbers; NaN for none. */
export function quantileOf(values: Iterable<number>, share: number): number {
  const known = Float64Array.from([...values].filter((value) => !Number.isNaN(value))).sort();
  return known[Math.min(known.length - 1, Math.floor(share * known.length))] ?? Number.NaN;
}

/** Output of several sources together, MW by hour. */
export function outputMw(mix: GenerationMix, of: readonly Source[]): Float64Array {
  const total = new Float64Array(mix.count);
  for (const source of of) addTo(total, mix.bySource[source] ?? new Float64Array(mix.count));
  return total;
}

/**
 * Learns how the sources of a zone answer: Δg_s = β_s(R)·ΔR by least squares through the origin over changes from hour to
 * hour, in bins of the residual load R at the middle of the change (Hawkes 2010, doi:10.1016/j.enpol.2010.05.053; Siler-Evans, Azevedo and
 * Morgan 2012, doi:10.1021/es300145v). As ΣΔg_s = ΔR the β of a bin sum to 1; a negative one is set to 0 and the others scaled.
 *
 * What a source can give is not in a record: it is taken to be the most that was seen and a reserve on top.
 *
 * @param held  sources that do not answer; all others do
 * @param reserveShare  capacity above the most that was seen, over it, ≥ 0
 * @throws RangeError when no source of the mix answers or no hour follows another
 */
export function fitMeritOrder(
  mix: GenerationMix,
  { held = heldByDefault, reserveShare = defaultReserveShare }: { readonly held?: readonly Source[]; readonly reserveShare?: number } = {},
): MeritOrder {
  const all = sourcesOf(mix);
  const responding = all.filter((source) => !held.includes(source));
  if (responding.length === 0) throw new RangeError(`no source answers to load; there are ${all.join(', ')}`);
  const outputs = responding.map((source) => mix.bySource[source] as Float64Array);
  const residual = outputMw(mix, responding);
  const changes = changesOf(residual);
  if (changes.length === 0) throw new RangeError('a merit order is learned from hours that follow each other, found none');
  const bins = Math.min(binsMax, Math.max(1, Math.floor(changes.length / perBin)));
  const bound = (bin: number) => Math.min(changes.length - 1, Math.floor((bin * changes.length) / bins));
  const slopes = (from: number, to: number) => {
    const part = changes.slice(from, to);
    const along = (mw: Float64Array) =>
      part.reduce((sum, { hour, movedMw }) => sum + movedMw * ((mw[hour] as number) - (mw[hour - 1] as number)), 0);
    return outputs.map((mw) => Math.max(0, along(mw)));
  };
  const overall =
    shareOf(slopes(0, changes.length)) ?? shareOf(outputs.map((mw) => Math.max(0, quantileOf(mw, 0.5)))) ?? evenly(responding.length);
  const extremes = (source: Source, share: number) => quantileOf(mix.bySource[source] as Float64Array, share);
  return {
    responding,
    edgesMw: Array.from({ length: bins + 1 }, (_, bin) => changes[bound(bin)]?.atMw as number),
    shares: Array.from({ length: bins }, (_, bin) => shareOf(slopes(bound(bin), bound(bin + 1))) ?? overall),
    leastMw: responding.map((source) => extremes(source, leastQuantile)),
    mostMw: responding.map((source) => extremes(source, 1) * (1 + reserveShare)),
    heldMostMw: Object.fromEntries(all.filter((source) => !responding.includes(source)).map((source) => [source, extremes(source, 1)])),
  };
}

/** Changes from hour to hour, by the residual load at their middle. */
function changesOf(residual: Float64Array): { readonly atMw: number; readonly movedMw: number; readonly hour: number }[] {
  const changes: { atMw: number; movedMw: number; hour: number }[] = [];
  for (let hour = 1; hour < residual.length; hour++) {
    const [before, after] = [residual[hour - 1] as number, residual[hour] as number];
    if (!Number.isNaN(before + after)) changes.push({ atMw: (before + after) / 2, movedMw: after - before, hour });
  }
  return changes.sort((a, b) => a.atMw - b.atMw || a.hour - b.hour);
}

const evenly = (count: number): number[] => new Array<number>(count).fill(1 / count);

/** Parts of a whole; `undefined` when the whole is nothing. */
function shareOf(parts: readonly number[]): number[] | undefined {
  const whole = parts.reduce((sum, part) => sum + part, 0);
  return whole > 0 ? parts.map((part) => part / whole) : undefined;
}

/** What each source adds when the residual load goes from `fromMw` to `toMw`, MW: ∫ β_s dR; never falls with `toMw`. */
export function answerMw({ edgesMw, shares, responding }: MeritOrder, fromMw: number, toMw: number): number[] {
  const [low, high] = fromMw <= toMw ? [fromMw, toMw] : [toMw, fromMw];
  const widths = shares.map((_, bin) => {
    const from = bin === 0 ? Number.NEGATIVE_INFINITY : (edgesMw[bin] as number);
    const to = bin === shares.length - 1 ? Number.POSITIVE_INFINITY : (edgesMw[bin + 1] as number);
    return Math.max(0, Math.min(high, to) - Math.max(low, from));
  });
  const sign = fromMw <= toMw ? 1 : -1;
  return responding.map((_, s) => sign * widths.reduce((sum, width, bin) => sum + width * (shares[bin]?.[s] as number), 0));
}

export interface Dispatch {
  /** Output of the responding sources, MW. */
  readonly outputMw: readonly number[];
  /** Generation that nobody draws, MW: beyond what the responding sources can go down by. */
  readonly surplusMw: number;
  /** Load that nobody carries, MW. */
  readonly unservedMw: number;
}

/**
 * Moves the responding sources of one hour by `shiftMw`: each by its answer, within its bounds; what a source cannot
 * do the others do in proportion to the room they have. Sum of output + unserved − surplus = sum before + shift.
 *
 * @param fromMw  residual load of the hour as recorded, MW
 * @param before  output to start from, MW, that of the record less what an outage took
 * @param mostMw  the most that each source can give now, MW; `before` may be above it and then stays
 */
export function dispatch(order: MeritOrder, fromMw: number, before: readonly number[], shiftMw: number, mostMw = order.mostMw): Dispatch {
  if (shiftMw === 0) return { outputMw: before, surplusMw: 0, unservedMw: 0 };
  const answer = answerMw(order, fromMw, fromMw + shiftMw);
  const isUp = shiftMw > 0;
  const bound = before.map((mw, s) => (isUp ? Math.max(mw, mostMw[s] as number) : Math.min(mw, order.leastMw[s] as number)));
  const own = before.map((mw, s) => (isUp ? Math.min : Math.max)(mw + (answer[s] as number), bound[s] as number));
  const room = own.map((mw, s) => Math.abs((bound[s] as number) - mw));
  const left = Math.abs(shiftMw) - own.reduce((sum, mw, s) => sum + Math.abs(mw - (before[s] as number)), 0);
  const allRoom = room.reduce((sum, mw) => sum + mw, 0);
  if (left <= 1e-9 * Math.abs(shiftMw)) return { outputMw: own, surplusMw: 0, unservedMw: 0 };
  const used = allRoom > 0 ? Math.min(1, left / allRoom) : 0;
  const beyond = Math.max(0, left - allRoom);
  return {
    outputMw: own.map((mw, s) => mw + (isUp ? 1 : -1) * used * (room[s] as number)),
    surplusMw: isUp ? 0 : beyond,
    unservedMw: isUp ? beyond : 0,
  };
}
