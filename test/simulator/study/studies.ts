/** Studies for beliefs, rolls and laws: wide sites told signal by signal, where carbon is all that counts. */
import type { Study, StudySite } from '../../../simulator/study/study.ts';
import { type TinyJob, type TinyStudy, tinyStudy } from '../../fixtures/study.ts';

/** A site as a test writes it; signals by slot, lead included. */
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

export interface PlainStudy extends Omit<TinyStudy, 'sites' | 'slots' | 'price' | 'carbonIntensity' | 'marginalIntensity' | 'netKw'> {
  readonly sites: readonly PlainSite[];
  /** In order of release. */
  readonly jobs: readonly TinyJob[];
}

/** As many slots as the signals have, less lead and tail; 1,000 accelerators of 1 kW a site and no price, unless told. */
export function studyOf({ sites, lead = 0, tail = 0, graceSlots = 0, terms, ...rest }: PlainStudy): Study {
  const slots = Math.max(...sites.map(({ carbonIntensity }) => carbonIntensity.length)) - lead - tail;
  const siteOf = ({ accelerators = 1_000, exportLimitKw = 0, feedInTariff = 0, isDayAhead = false }: PlainSite): Partial<StudySite> => ({
    accelerators,
    exportLimitKw,
    feedInTariff,
    market: { timeZone: 'Europe/Berlin', priceIsDayAhead: isDayAhead },
  });
  return tinyStudy({
    ...rest,
    sites: sites.map(siteOf),
    slots,
    lead,
    tail,
    graceSlots,
    price: sites.map(({ price = [0] }) => price),
    carbonIntensity: sites.map(({ carbonIntensity }) => carbonIntensity),
    marginalIntensity: sites.map(({ marginalIntensity = [] }) => marginalIntensity),
    netKw: sites.map(({ netKw = [0] }) => netKw),
    terms: { weights: { carbonPricePerKg: 1, waitPricePerHour: 0 }, ...terms },
  });
}
