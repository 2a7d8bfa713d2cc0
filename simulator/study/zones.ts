/**
 * Zones: the grids of a study after all that was asked of them.
 *
 * Owns how a zone's records become what sites see: a zone with its generation by source is cleared by merit order, learned
 * from the year about the study; of the others the signals alone can be changed. Zones come back for whoever moves them.
 */

import type { FieldRefusal } from '../../scheduler/queue/field.ts';
import { resample, type Series } from '../../units/series.ts';
import type { Interval } from '../../units/time.ts';
import type { FactorBasis, Source } from '../grid/emission-factors.ts';
import { type MixRecord, recordWithin } from '../grid/generation-mix.ts';
import { outcomeOf } from '../grid/outcome.ts';
import { applyWhatIfs, type WhatIf } from '../grid/what-if.ts';
import { type DemandResponseCall, yearAbout, type Zone, zoneOfRecord, zoneOfSignals, zoneWithin } from '../grid/zone.ts';
import type { GridTrace } from '../traces/grid-trace.ts';

/** What is recorded of a zone. */
export interface ZoneRecords {
  /** With a region its carbon may be absent: the region's record tells it. */
  readonly trace: Omit<GridTrace, 'carbonIntensity'> & { readonly carbonIntensity?: Series };
  readonly region?: {
    readonly record: MixRecord;
    readonly basis: FactorBasis;
    readonly held: readonly Source[] | undefined;
  };
}

/** A zone as sites see it, with the calls on their demand. */
export type ZoneTrace = GridTrace & { readonly calls?: readonly DemandResponseCall[] };

export type Asked =
  | {
      readonly kind: 'asked';
      readonly traces: readonly ZoneTrace[];
      /** Those that load can move, by name. */
      readonly zones: ReadonlyMap<string, Zone>;
    }
  | { readonly kind: 'refused'; readonly fields: readonly FieldRefusal[] };

/**
 * The zones after their what-ifs; every zone whose change cannot be made is refused by the change's path.
 *
 * A zone of signals to which nothing is changed is its record. O(hours × sources), and as `applyWhatIfs`.
 *
 * @param whatIfs  by zone
 * @param span  the hours that the study needs, history and tail with them
 * @throws RangeError for a region too short to learn from
 */
export function zonesAsked(records: readonly ZoneRecords[], whatIfs: Readonly<Record<string, readonly WhatIf[]>>, span: Interval): Asked {
  const fields: FieldRefusal[] = [];
  const traces: ZoneTrace[] = [];
  const zones = new Map<string, Zone>();
  for (const record of records) {
    const { zone: name } = record.trace;
    const changes = whatIfs[name] ?? [];
    if (!record.region && changes.length === 0) {
      traces.push(record.trace as GridTrace);
      continue;
    }
    const changed = applyWhatIfs(zoneOf(record, span), changes);
    if (changed.kind === 'refused') {
      const { index, reason } = changed;
      fields.push({ path: `what_if.${name}.${index}`, found: changes[index]?.kind ?? '', allowed: reason });
      continue;
    }
    if (changed.zone.supply) zones.set(name, changed.zone);
    traces.push(traceOf(changed.zone));
  }
  return fields.length > 0 ? { kind: 'refused', fields } : { kind: 'asked', traces, zones };
}

/** A zone as its sites see it, under the load of a fleet when one is given. @param extraMw  by hour of the zone */
export const traceOf = (zone: Zone, extraMw?: ArrayLike<number>): ZoneTrace => outcomeOf(zone, extraMw);

function zoneOf({ trace, region }: ZoneRecords, span: Interval): Zone {
  if (!region) return zoneOfSignals(trace as GridTrace);
  const { zone, timeZone, priceCurrency, priceIsDayAhead, cloudCover } = trace;
  const { mix, carbon } = recordWithin(region.record, yearAbout(span));
  const own = trace.carbonIntensity && resample(trace.carbonIntensity, mix.start, mix.stepMs, mix.count);
  const told = own ? Float64Array.from(own.values, (value) => value ?? Number.NaN) : carbon;
  const options = { zone, timeZone, priceCurrency, priceIsDayAhead, basis: region.basis, held: region.held };
  const learned = zoneWithin(zoneOfRecord({ mix, carbon: told }, trace.price, options), span);
  return cloudCover ? { ...learned, trace: { ...learned.trace, cloudCover } } : learned;
}
