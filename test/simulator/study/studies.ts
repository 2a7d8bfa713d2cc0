/** Studies small enough to work out by hand, and random ones. */
import type { Study, StudySite, Workload } from '../../../simulator/study/study.ts';
import { HOUR } from '../../../units/time.ts';

/** A job as a test writes it; slots count from the start. */
export interface PlainJob {
  readonly release: number;
  readonly length: number;
  /** One past the last slot. */
  readonly end: number;
  readonly accelerators?: number;
  readonly isInterruptible?: boolean;
  readonly home?: number;
  readonly gigabytes?: number;
}

/** A site as a test writes it; signals by slot. */
export interface PlainSite {
  readonly accelerators?: number;
  readonly price?: readonly number[];
  readonly carbonIntensity: readonly number[];
  readonly marginalIntensity?: readonly number[];
  readonly netKw?: readonly number[];
  readonly exportLimitKw?: number;
  readonly feedInTariff?: number;
  readonly isDayAhead?: boolean;
}

export const columnsOf = (jobs: readonly PlainJob[]): Workload => ({
  count: jobs.length,
  id: jobs.map((_, at) => `job-${at}`),
  release: Int32Array.from(jobs, ({ release }) => release),
  length: Int32Array.from(jobs, ({ length }) => length),
  end: Int32Array.from(jobs, ({ end }) => end),
  accelerators: Int32Array.from(jobs, ({ accelerators = 1 }) => accelerators),
  isInterruptible: Uint8Array.from(jobs, ({ isInterruptible = false }) => (isInterruptible ? 1 : 0)),
  home: Int32Array.from(jobs, ({ home = 0 }) => home),
  gigabytes: Float64Array.from(jobs, ({ gigabytes = 0 }) => gigabytes),
});

export interface PlainStudy {
  readonly sites: readonly PlainSite[];
  /** In order of release. */
  readonly jobs: readonly PlainJob[];
  readonly seed?: number;
  readonly lead?: number;
  /** Of the slots that sites have signals for: those in which the last jobs run. */
  readonly tail?: number;
  readonly horizonSlots?: number;
  readonly graceSlots?: number;
  readonly cycleSlots?: number;
  readonly terms?: Partial<Study['terms']>;
}

/** Hourly slots from 2023-06-12T00Z; one accelerator draws 1 kW; carbon is all that counts unless told otherwise. */
export function studyOf({ sites, jobs, seed = 1, lead = 0, tail = 0, terms, ...rest }: PlainStudy): Study {
  const slots = Math.max(...sites.map(({ carbonIntensity }) => carbonIntensity.length));
  const column = (of: (site: PlainSite) => readonly number[] | undefined, missing: number) =>
    Float64Array.from(sites.flatMap((site) => Array.from({ length: slots }, (_, slot) => of(site)?.[slot] ?? missing)));
  return {
    name: 'by hand',
    seed,
    start: Date.UTC(2023, 5, 12),
    slotMs: HOUR,
    slots: slots - lead - tail,
    tail,
    cycleSlots: rest.cycleSlots ?? 1,
    horizonSlots: rest.horizonSlots ?? slots - lead,
    graceSlots: rest.graceSlots ?? 0,
    currency: 'EUR',
    sites: sites.map(
      ({ accelerators = 1_000, exportLimitKw = 0, feedInTariff = 0, isDayAhead = false }, at): StudySite => ({
        id: `site-${at}`,
        zone: `zone-${at}`,
        accelerators,
        kwPerAccelerator: 1,
        exportLimitKw,
        feedInTariff,
        askPerAcceleratorHour: 0,
        plant: { latitude: 0, longitude: 0, pv: [] },
        market: { timeZone: 'Europe/Berlin', priceIsDayAhead: isDayAhead },
      }),
    ),
    truth: {
      lead,
      slots,
      price: column(({ price }) => price, 0),
      carbonIntensity: column(({ carbonIntensity }) => carbonIntensity, Number.NaN),
      marginalIntensity: column(({ marginalIntensity }) => marginalIntensity, Number.NaN),
      netKw: column(({ netKw }) => netKw, 0),
    },
    workload: columnsOf(jobs),
    terms: {
      weights: { carbonPricePerKg: 1, waitPricePerHour: 0 },
      transferPricePerGb: 0,
      transferGPerGb: 0,
      restartCost: 0,
      embodiedGPerAcceleratorHour: 0,
      ...terms,
    },
  };
}
