/**
 * Market: one clearing as plain columns of numbers. What sites offer, slot by slot, and what requests ask of them.
 *
 * Two things are scarce: accelerators of a *pool* (one model at one site) and the surplus energy of a site. Everything
 * else in this folder is a function over these columns. Index of a (row, slot) cell is `row * slots + slot`; an
 * unknown signal is a closed slot, never a number. Nothing here knows job files, outlooks or clocks.
 */

/** What the sites and their pools offer. Rows are sites or pools, cells are row × slot. */
export interface Offers {
  /** Slots of the horizon, and the hours of one. */
  readonly slots: number;
  readonly slotHours: number;
  readonly siteCount: number;
  /** Site × slot, kW ≥ 0 on average over the slot: surplus that cannot be exported (opportunity price 0) and that can. */
  readonly curtailedKw: Float64Array;
  readonly exportableKw: Float64Array;
  /** Site × slot: grid energy, accounting currency per MWh (may be negative) and gCO2eq/kWh. */
  readonly importPrice: Float64Array;
  readonly carbonIntensity: Float64Array;
  /** By site, accounting currency per MWh: the opportunity price of exportable surplus. */
  readonly feedInTariff: Float64Array;
  /** Site × slot: 1 where price and intensity are known; a slot with 0 is closed to the market. */
  readonly known: Uint8Array;
  readonly poolCount: number;
  readonly poolSite: Int32Array;
  /** Pool × slot: accelerators that nobody holds, ≥ 0. */
  readonly capacity: Int32Array;
  /** By pool, accounting currency per accelerator-hour ≥ 0: what the provider asks beside its energy. */
  readonly ask: Float64Array;
}

/** How a request may be served; the value is its code in `Requests.kind`. */
export const requestKinds = { contiguous: 0, interruptible: 1, elastic: 2 } as const;

/**
 * What is asked, one row a request. A request takes exactly one of its options, or none at `unplacedCost`.
 *
 * Options of request r are rows `firstOption[r]` to `firstOption[r + 1]`, exclusive.
 */
export interface Requests {
  readonly count: number;
  readonly kind: Uint8Array;
  /** Index into `carbonPricePerKg`: requests of one class order energy alike. */
  readonly weightClass: Uint8Array;
  /** By class, accounting currency per kg CO2eq ≥ 0. */
  readonly carbonPricePerKg: Float64Array;
  /** What computing costs beside the energy, accounting currency per MWh that is drawn, whatever its source; 0 when absent. */
  readonly computePrice?: number;
  /** Accounting currency per slot of waiting ≥ 0; waiting is how much later than in a run at `release` its slots lie on average. */
  readonly waitPrice: Float64Array;
  /** First slot it could use anywhere. */
  readonly release: Int32Array;
  /** What leaving it out costs, accounting currency; above anything a placement may cost. */
  readonly unplacedCost: Float64Array;
  /** Most money it may cost, accounting currency; Infinity when it did not say. */
  readonly budget: Float64Array;
  readonly firstOption: Int32Array;
  readonly options: Options;
}

/** Where a request could go, one row an option. */
export interface Options {
  readonly count: number;
  readonly pool: Int32Array;
  /** Slots it needs there; of an elastic request the work in accelerator-slots at speed 1. */
  readonly length: Int32Array;
  /** First slot it may use, and one past the last: it lies in [earliest, end). */
  readonly earliest: Int32Array;
  readonly end: Int32Array;
  /** Accelerators it holds while it runs; of an elastic request the most it may hold. */
  readonly accelerators: Int32Array;
  /** Draw of one held accelerator at the grid connection, kW. */
  readonly kwPerAccelerator: Float64Array;
  /** Transfer of its data, part by part: accounting currency, gCO2eq. */
  readonly transferCost: Float64Array;
  readonly transferG: Float64Array;
  /** Interruptible: what each interruption costs, accounting currency; 0 otherwise. */
  readonly restartCost: Float64Array;
  /** Interruptible: how often it may be interrupted; as often as it pays when absent. */
  readonly breaksMax?: Int32Array;
  /** Elastic: speed with a accelerators is a ** exponent, 0 < exponent ≤ 1; 1 otherwise. */
  readonly speedExponent: Float64Array;
}

export interface Market {
  readonly offers: Offers;
  readonly requests: Requests;
}

/** Who runs where and when. */
export interface Assignment {
  /** By request: the row of the option it takes, −1 when it is left out. */
  readonly option: Int32Array;
  /** By request: the first slot it holds; meaningless where the option is −1. */
  readonly start: Int32Array;
  /**
   * By request: accelerators held slot by slot from `start`, first and last above 0; `undefined` when it holds all its
   * accelerators in `length` slots without a break (every contiguous request does).
   */
  readonly pattern: (Uint16Array | undefined)[];
}

/** What is scarce has a price, ≥ 0 each. */
export interface Prices {
  /** Pool × slot, accounting currency per accelerator-slot, above the ask. */
  readonly accelerator: Float64Array;
  /** Site × slot, accounting currency per MWh: what a MWh of surplus is worth there, above nothing. */
  readonly surplus: Float64Array;
}

/** Nobody placed. */
export const nobody = (count: number): Assignment => ({
  option: new Int32Array(count).fill(-1),
  start: new Int32Array(count),
  pattern: new Array(count).fill(undefined),
});

/** Prices that may be changed without changing these. */
export const copyOf = ({ accelerator, surplus }: Prices): Prices => ({ accelerator: accelerator.slice(), surplus: surplus.slice() });
