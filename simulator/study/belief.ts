/**
 * Belief: what a policy is told of the slots ahead, by those who see everything and by those who do not.
 *
 * A port and its plain forecasters. Published day-ahead prices are known to all alike; of everything else the past is
 * known, up to the slot that ends now. `perfect` exists only here: outside the simulator nobody knows the future.
 */
import { dayAheadPublication, marketDay } from '../../energy-oracle/grid/price.ts';
import { DAY } from '../../units/time.ts';
import { randomStream } from '../kernel/random.ts';
import { type Study, slotStart } from './study.ts';

export const signals = ['price', 'carbonIntensity', 'netKw'] as const;
export type Signal = (typeof signals)[number];

/**
 * Fills `told` with a signal of a site from slot `now` on, in its own unit; NaN where nothing can be said.
 *
 * @param now  slot of the study at whose start it is told
 */
export type Belief = (signal: Signal, site: number, now: number, told: Float64Array) => void;

/** A forecaster by name; made once for a study. */
export interface Forecaster {
  readonly name: string;
  of(study: Study): Belief;
}

/**
 * Slot up to which a signal is known at the start of slot `now`: prices as they are published, everything else as it ends.
 *
 * Calendars are slow, so what they say is kept by time zone and slot.
 */
export function knownUntilIn(study: Study): (signal: Signal, site: number, now: number) => number {
  const ends = new Map<string, Map<number, number>>();
  return (signal, site, now) => {
    const { timeZone, priceIsDayAhead } = (study.sites[site] as Study['sites'][number]).market;
    if (signal !== 'price' || !priceIsDayAhead) return now;
    const known = ends.get(timeZone) ?? new Map<number, number>();
    const end = known.get(now) ?? publishedUntil(study, timeZone, now);
    ends.set(timeZone, known.set(now, end));
    return end;
  };
}

function publishedUntil(study: Study, timeZone: string, now: number): number {
  const at = slotStart(study, now);
  const today = marketDay(timeZone, at);
  const tomorrow = marketDay(timeZone, today.end);
  const end = dayAheadPublication(timeZone, tomorrow) <= at ? tomorrow.end : today.end;
  return Math.floor((end - study.start) / study.slotMs);
}

/** The truth of slots `[now, now + told.length)`; NaN beyond the record. */
function tellTruth({ truth }: Study, signal: Signal, site: number, now: number, told: Float64Array): void {
  const row = site * truth.slots;
  const from = truth.lead + now;
  const count = Math.max(0, Math.min(told.length, truth.slots - from));
  told.set(truth[signal].subarray(row + from, row + from + count));
  told.fill(Number.NaN, count);
}

/** Sees everything. */
export const perfect: Forecaster = {
  name: 'perfect',
  of: (study) => (signal, site, now, told) => tellTruth(study, signal, site, now, told),
};

/**
 * The truth with a normal error on every slot that is not yet known, of standard deviation `share` × the signal's mean size.
 *
 * As in Wiesner et al., "Let's Wait Awhile" (Middleware 2021), §5.1: independent errors, 5 % of the yearly mean there. A slot's
 * error is drawn once and told in every forecast, so policies are compared on the same errors. Intensity stays ≥ 0.
 */
export const noisy = (share: number): Forecaster => ({
  name: `noise ${+(100 * share).toFixed(2)} %`,
  of: (study) => {
    const { truth } = study;
    const knownUntil = knownUntilIn(study);
    const errors = new Map<Signal, Float64Array>();
    for (const signal of signals) {
      const values = truth[signal];
      const error = new Float64Array(values.length);
      for (let site = 0; site < study.sites.length; site++) {
        const random = randomStream(study.seed, `noise/${signal}/${study.sites[site]?.id}`);
        const [from, to] = [site * truth.slots, (site + 1) * truth.slots];
        let [sum, count] = [0, 0];
        for (let at = from; at < to; at++)
          if (!Number.isNaN(values[at] as number)) {
            sum += Math.abs(values[at] as number);
            count++;
          }
        const sigma = count === 0 ? 0 : (share * sum) / count;
        for (let at = from; at < to; at++) error[at] = sigma * random.normal();
      }
      errors.set(signal, error);
    }
    return (signal, site, now, told) => {
      tellTruth(study, signal, site, now, told);
      const error = errors.get(signal) as Float64Array;
      const at = site * truth.slots + truth.lead + now;
      for (let i = knownUntil(signal, site, now) - now; i < told.length; i++) {
        const value = (told[i] as number) + (error[at + i] as number);
        told[i] = signal === 'carbonIntensity' ? Math.max(0, value) : value;
      }
    };
  },
});

/** How many days persistence looks back for an hour that is not a gap. */
const daysBackMax = 7;

/** The same time of the newest day that is known; of a gap there the day before it, up to a week. */
export const persistence: Forecaster = {
  name: 'persistence',
  of: (study) => {
    const { truth, slotMs } = study;
    const knownUntil = knownUntilIn(study);
    const day = Math.round(DAY / slotMs);
    return (signal, site, now, told) => {
      tellTruth(study, signal, site, now, told);
      const values = truth[signal];
      const row = site * truth.slots + truth.lead;
      const until = knownUntil(signal, site, now);
      for (let i = Math.max(0, until - now); i < told.length; i++) {
        const slot = now + i;
        told[i] = Number.NaN;
        for (let back = Math.ceil((slot + 1 - until) / day), last = back + daysBackMax; back < last; back++) {
          const seen = slot - back * day;
          if (seen < -truth.lead) break;
          const value = values[row + seen] as number;
          if (Number.isNaN(value)) continue;
          told[i] = value;
          break;
        }
      }
    };
  },
};
