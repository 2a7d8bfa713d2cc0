/**
 * Signal: intensities in WattTime's words: which of ours a signal type is, in which unit, and where a value ranks.
 */
import type { Instant } from '../../../units/time.ts';
import type { Signal } from '../../grid/grid-feed.ts';

export type SignalType = 'co2_moer' | 'co2_aoer' | 'health_damage';

/** Marginal and average are never taken for one another; harm to health nobody here knows. */
export const signalOf: Readonly<Record<SignalType, Signal | undefined>> = {
  co2_moer: 'carbon_intensity_marginal',
  co2_aoer: 'carbon_intensity',
  health_damage: undefined,
};

export const units = 'lbs_co2_per_mwh';

/** Grams in an international avoirdupois pound: exact by definition. */
const gramsPerPound = 453.59237;

/** g/kWh into lbs/MWh, to a tenth: 1 g/kWh is 1,000 g/MWh. */
export const poundsPerMwh = (gramsPerKwh: number): number => Math.round(((gramsPerKwh * 1_000) / gramsPerPound) * 10) / 10;

/** As the original writes it: with `+00:00`, without milliseconds. */
export const stampOf = (instant: Instant): string => new Date(instant).toISOString().replace(/\.\d{3}Z$/, '+00:00');

/**
 * Where a value ranks among those of the coming day, 0 (none is cleaner) to 100 (none is dirtier): the share that lies
 * below it, ties counted half. 50 where all are the same.
 */
export function percentile(value: number, among: readonly number[]): number {
  if (among.length === 0) return 50;
  const below = among.filter((other) => other < value).length;
  const same = among.filter((other) => other === value).length;
  return Math.round((100 * (below + same / 2)) / among.length);
}
