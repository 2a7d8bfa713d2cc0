/**
 * Outages: when a site is without power and when it is cut off, given or drawn.
 *
 * A pure function of seed, site and time: asked at any instant, in any order, before or after a restart, the answer is
 * the same. Starts and ends fall on whole metering steps, so that between two steps a site is either up or down.
 */
import type { DurationMs, Instant, Interval } from '../../units/time.ts';
import { randomStream } from '../kernel/random.ts';
import { isHazard, type Mishaps, type Outage, type OutageHazard, type OutageKind } from '../mishaps.ts';

export interface Outages {
  /** True while the site is out in this way: from the start of an outage up to, and not at, its end. */
  isOut(kind: OutageKind, instant: Instant): boolean;
  /** True when any outage of the kind meets the interval. */
  meets(kind: OutageKind, interval: Interval): boolean;
}

/** All outages of one site from `start` on, edges moved outwards to the grid of `stepMs`. Linear in the outages so far. */
export function outagesOf(
  site: string,
  { outages }: Pick<Mishaps, 'outages'>,
  { seed, start, stepMs }: { readonly seed: number; readonly start: Instant; readonly stepMs: DurationMs },
): Outages {
  const onGrid = ({ start: from, end }: Interval): Interval => ({
    start: Math.floor(from / stepMs) * stepMs,
    end: Math.ceil(end / stepMs) * stepMs,
  });
  const given = outages.filter((outage): outage is Outage => !isHazard(outage) && outage.site === site);
  const drawn = outages.flatMap((outage, index) =>
    isHazard(outage) && (outage.sites?.includes(site) ?? true)
      ? [{ kind: outage.kind, until: drawing(outage, randomStream(seed, `outage/${site}/${index}`).uniform, start) }]
      : [],
  );
  const meets = (kind: OutageKind, interval: Interval): boolean => {
    const touches = (outage: Interval) => outage.start < interval.end && outage.end > interval.start;
    return (
      given.some((outage) => outage.kind === kind && touches(onGrid(outage))) ||
      drawn.some((source) => source.kind === kind && source.until(interval.end).some((outage) => touches(onGrid(outage))))
    );
  };
  return { meets, isOut: (kind, instant) => meets(kind, { start: instant, end: instant + 1 }) };
}

/** The outages of one hazard that start before an instant, and perhaps the next; drawn once, kept. */
function drawing({ meanTimeBetween, duration }: OutageHazard, uniform: () => number, start: Instant) {
  const known: Interval[] = [];
  return (instant: Instant): readonly Interval[] => {
    for (let last = known.at(-1)?.end ?? start; (known.at(-1)?.start ?? Number.NEGATIVE_INFINITY) < instant; ) {
      const from = last + exponential(meanTimeBetween, uniform());
      last = from + duration;
      known.push({ start: from, end: last });
    }
    return known;
  };
}

/** A time drawn from an exponential distribution by one uniform number, whole ms; rounding hides the last bit of a logarithm. */
export const exponential = (meanMs: DurationMs, uniform: number): DurationMs => Math.round(-Math.log(1 - uniform) * meanMs);
