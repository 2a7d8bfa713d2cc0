/**
 * Generation mix: what each source of a zone generated, hour by hour, and the demand that it met.
 *
 * Owns the mix and how it is read from a record of generation by source. NaN marks a gap inside this folder (decision 13);
 * an hour in which any source of the record is not known has no total. What crosses the border is known only where a
 * record has a column `net_import`.
 */
import type { Dense } from '../../energy-oracle/forecast/target.ts';
import type { DurationMs, Instant, Interval } from '../../units/time.ts';
import { type HourlyTable, importHourlyTable } from '../traces/importers/hourly-table.ts';
import { withoutSlips } from '../traces/importers/region-record.ts';
import { type FactorBasis, type Source, sources } from './emission-factors.ts';

export interface GenerationMix {
  readonly start: Instant;
  /** One hour, in records. */
  readonly stepMs: DurationMs;
  readonly count: number;
  /** Generation, MW ≥ 0, average of the step; a source that the zone does not have is absent. */
  readonly bySource: Readonly<Partial<Record<Source, Float64Array>>>;
  /** Import less export, MW; absent where the record does not say. */
  readonly netImportMw?: Float64Array | undefined;
}

export interface MixRecord {
  readonly mix: GenerationMix;
  /** Average carbon intensity as the record tells it, gCO2eq/kWh; NaN where it does not. */
  readonly carbon: Float64Array;
}

/** Columns of records, by what they are here. */
const columns: Readonly<Record<Source, readonly string[]>> = {
  coal: ['coal'],
  gas: ['nat_gas', 'gas'],
  oil: ['oil'],
  nuclear: ['nuclear'],
  hydro: ['hydro'],
  solar: ['solar'],
  wind: ['wind'],
  biomass: ['biomass'],
  geothermal: ['geothermal'],
  other: ['other', 'unknown'],
};
const carbonColumn: Readonly<Record<FactorBasis, string>> = { 'life-cycle': 'ci_lifecycle', direct: 'ci_direct' };

/** The sources a mix has, in the order of `sources`. */
export const sourcesOf = ({ bySource }: GenerationMix): Source[] => sources.filter((source) => bySource[source]);

/** Adds values to a total, in place; NaN stays NaN. */
export function addTo(total: Float64Array, values: Float64Array, factor = 1): void {
  for (let h = 0; h < total.length; h++) total[h] = (total[h] as number) + factor * (values[h] as number);
}

/** All generation of the zone, MW; NaN in a gap of any source. */
export function generationMw(mix: GenerationMix): Float64Array {
  const total = new Float64Array(mix.count);
  for (const source of sourcesOf(mix)) addTo(total, mix.bySource[source] as Float64Array);
  return total;
}

/** Generation and net import, MW: what the zone drew. Without a record of imports, its own generation. */
export function demandMw(mix: GenerationMix): Float64Array {
  const { netImportMw } = mix;
  const generated = generationMw(mix);
  return netImportMw ? generated.map((mw, h) => mw + (netImportMw[h] as number)) : generated;
}

/** Columns that are the same source, added up. */
function summed(table: HourlyTable, names: readonly string[], count: number): Float64Array | undefined {
  const found = names.flatMap((name) => table[name] ?? []).map(({ values }) => withoutSlips(values));
  if (found.length === 0) return undefined;
  return new Float64Array(count).map((_, h) => found.reduce((sum, values) => sum + (values[h] as number), 0));
}

/**
 * Reads a record of hourly generation by source (`t_utc,ci_direct,coal,nat_gas,…`), MW.
 *
 * Slips of the pen, beyond eight times what the source gives in its best tenth of hours, are gaps.
 *
 * @param isStampedAtEnd  whether a stamp ends its hour
 * @throws ImportFault for what is no table, RangeError for a table without any source
 */
export function importGenerationMix(
  text: string,
  { isStampedAtEnd = false, basis = 'life-cycle' }: { readonly isStampedAtEnd?: boolean; readonly basis?: FactorBasis } = {},
): MixRecord {
  const table = importHourlyTable(text);
  const [first] = Object.values(table) as [Dense | undefined];
  const count = first?.values.length ?? 0;
  const bySource: Partial<Record<Source, Float64Array>> = {};
  for (const source of sources) {
    const values = summed(table, columns[source], count);
    if (values) bySource[source] = values;
  }
  if (!first || Object.keys(bySource).length === 0)
    throw new RangeError(
      `a record of generation has a column such as coal, nat_gas or wind; found ${Object.keys(table).join(', ') || 'none'}`,
    );
  const { stepMs } = first;
  const start = isStampedAtEnd ? first.start - stepMs : first.start;
  const carbon = table[carbonColumn[basis]]?.values ?? new Float64Array(count).fill(Number.NaN);
  return { mix: { start, stepMs, count, bySource, netImportMw: table['net_import']?.values }, carbon };
}

/** The part of a record that lies in the interval, whole steps only. */
export function recordWithin({ mix, carbon }: MixRecord, { start, end }: Interval): MixRecord {
  const from = Math.min(mix.count, Math.max(0, Math.ceil((start - mix.start) / mix.stepMs)));
  const to = Math.max(from, Math.min(mix.count, Math.floor((end - mix.start) / mix.stepMs)));
  const bySource: Partial<Record<Source, Float64Array>> = {};
  for (const source of sourcesOf(mix)) bySource[source] = (mix.bySource[source] as Float64Array).slice(from, to);
  return {
    mix: {
      start: mix.start + from * mix.stepMs,
      stepMs: mix.stepMs,
      count: to - from,
      bySource,
      netImportMw: mix.netImportMw?.slice(from, to),
    },
    carbon: carbon.slice(from, to),
  };
}
