/**
 * Markets to test with: small readable ones, and random ones for properties.
 *
 * Owns the way from a sketch (sites with their pools, requests with what they ask) to the columns of
 * `scheduler/placement/market.ts`, and the dice of random markets. What is optimal in them is told by `exact.ts`.
 */
import fc from 'fast-check';
import { type Market, type Options, type Requests, requestKinds } from '../../../scheduler/placement/market.ts';

/** One value for every slot, or one per slot; a slot beyond the list, or `undefined` in it, has none. */
export type PerSlot = number | readonly (number | undefined)[];

export interface PoolSketch {
  /** Free accelerators; default 1. A slot without a value has none. */
  readonly capacity?: PerSlot;
  /** Accounting currency per accelerator-hour; default 0. */
  readonly ask?: number;
}

export interface SiteOfferSketch {
  /** kW; default 0. */
  readonly curtailedKw?: PerSlot;
  readonly exportableKw?: PerSlot;
  /** Accounting currency per MWh, default 100, and gCO2eq/kWh, default 0. A slot without a value of either is closed. */
  readonly importPrice?: PerSlot;
  readonly carbonIntensity?: PerSlot;
  /** Accounting currency per MWh; default 0. */
  readonly feedInTariff?: number;
  /** Default: one pool of one accelerator. */
  readonly pools?: readonly PoolSketch[];
}

/** What an option says; what it does not say is as its request says, then as the default. */
export interface OptionTerms {
  /** Default 1. */
  readonly length?: number;
  /** Default 0, and the horizon's end. */
  readonly earliest?: number;
  readonly end?: number;
  /** Default 1. */
  readonly accelerators?: number;
  /** Default 1 kW. */
  readonly kwPerAccelerator?: number;
  /** Default 0. */
  readonly transferCost?: number;
  readonly transferG?: number;
  readonly restartCost?: number;
  /** Default 1. */
  readonly speedExponent?: number;
}

export interface RequestSketch extends OptionTerms {
  /** Default contiguous. */
  readonly kind?: keyof typeof requestKinds;
  /** Default 0. */
  readonly weightClass?: number;
  /** Accounting currency per slot; default 0. */
  readonly waitPrice?: number;
  /** Default: the earliest of its options. */
  readonly release?: number;
  /** Default 1000. */
  readonly unplacedCost?: number;
  /** Default Infinity. */
  readonly budget?: number;
  /** Where it may go; default: every pool. */
  readonly options?: readonly (OptionTerms & { readonly pool: number })[];
}

export interface MarketSketch {
  readonly slots: number;
  /** Default 1, so that an accelerator-slot of the default draw is a kWh. */
  readonly slotHours?: number;
  readonly sites: readonly SiteOfferSketch[];
  /** By class; default one class that pays nothing for carbon. */
  readonly carbonPricePerKg?: readonly number[];
  /** Default 0. */
  readonly computePrice?: number;
  readonly requests: readonly RequestSketch[];
}

/** Stands where the price is unknown: nobody may read it, and who does buys too much. */
const trapPrice = -500;

const valueAt = (values: PerSlot, slot: number): number | undefined => (typeof values === 'number' ? values : values[slot]);

/** The columns of a sketch. Pools are numbered through, site by site. A RangeError for an option of a pool there is not. */
export function marketOf({ slots, slotHours = 1, sites, carbonPricePerKg = [0], computePrice = 0, requests }: MarketSketch): Market {
  const cells = <Row>(rows: readonly Row[], at: (row: Row, slot: number) => number) =>
    rows.flatMap((row) => Array.from({ length: slots }, (_, slot) => at(row, slot)));
  const pools = sites.flatMap(({ pools = [{}] }, site) => pools.map(({ capacity = 1, ask = 0 }) => ({ site, capacity, ask })));
  const price = ({ importPrice = 100 }: SiteOfferSketch, slot: number) => valueAt(importPrice, slot);
  const intensity = ({ carbonIntensity = 0 }: SiteOfferSketch, slot: number) => valueAt(carbonIntensity, slot);
  const isKnown = (site: SiteOfferSketch, slot: number) => price(site, slot) !== undefined && intensity(site, slot) !== undefined;
  return {
    offers: {
      slots,
      slotHours,
      siteCount: sites.length,
      curtailedKw: Float64Array.from(cells(sites, ({ curtailedKw = 0 }, slot) => valueAt(curtailedKw, slot) ?? 0)),
      exportableKw: Float64Array.from(cells(sites, ({ exportableKw = 0 }, slot) => valueAt(exportableKw, slot) ?? 0)),
      importPrice: Float64Array.from(cells(sites, (site, slot) => price(site, slot) ?? trapPrice)),
      carbonIntensity: Float64Array.from(cells(sites, (site, slot) => intensity(site, slot) ?? 0)),
      feedInTariff: Float64Array.from(sites, ({ feedInTariff = 0 }) => feedInTariff),
      known: Uint8Array.from(cells(sites, (site, slot) => Number(isKnown(site, slot)))),
      poolCount: pools.length,
      poolSite: Int32Array.from(pools, ({ site }) => site),
      capacity: Int32Array.from(cells(pools, ({ capacity }, slot) => valueAt(capacity, slot) ?? 0)),
      ask: Float64Array.from(pools, ({ ask }) => ask),
    },
    requests: { ...requestColumns(requests, slots, pools.length, carbonPricePerKg), computePrice },
  };
}

function requestColumns(
  sketches: readonly RequestSketch[],
  slots: number,
  poolCount: number,
  carbonPricePerKg: readonly number[],
): Requests {
  const everywhere = Array.from({ length: poolCount }, (_, pool) => ({ pool }));
  const optionsOf = ({ options = everywhere, ...terms }: RequestSketch) => options.map((option) => ({ ...terms, ...option }));
  const rows = sketches.flatMap(optionsOf);
  if (rows.some(({ pool }) => !(pool >= 0 && pool < poolCount))) throw new RangeError(`an option names a pool; there are ${poolCount}`);
  const options: Options = {
    count: rows.length,
    pool: Int32Array.from(rows, ({ pool }) => pool),
    length: Int32Array.from(rows, ({ length = 1 }) => length),
    earliest: Int32Array.from(rows, ({ earliest = 0 }) => earliest),
    end: Int32Array.from(rows, ({ end = slots }) => end),
    accelerators: Int32Array.from(rows, ({ accelerators = 1 }) => accelerators),
    kwPerAccelerator: Float64Array.from(rows, ({ kwPerAccelerator = 1 }) => kwPerAccelerator),
    transferCost: Float64Array.from(rows, ({ transferCost = 0 }) => transferCost),
    transferG: Float64Array.from(rows, ({ transferG = 0 }) => transferG),
    restartCost: Float64Array.from(rows, ({ restartCost = 0 }) => restartCost),
    speedExponent: Float64Array.from(rows, ({ speedExponent = 1 }) => speedExponent),
  };
  const firstOption = new Int32Array(sketches.length + 1);
  sketches.forEach((sketch, i) => {
    firstOption[i + 1] = (firstOption[i] as number) + optionsOf(sketch).length;
  });
  const earliestOf = (sketch: RequestSketch) => Math.min(slots, ...optionsOf(sketch).map(({ earliest = 0 }) => earliest));
  return {
    count: sketches.length,
    kind: Uint8Array.from(sketches, ({ kind = 'contiguous' }) => requestKinds[kind]),
    weightClass: Uint8Array.from(sketches, ({ weightClass = 0 }) => weightClass),
    carbonPricePerKg: Float64Array.from(carbonPricePerKg),
    waitPrice: Float64Array.from(sketches, ({ waitPrice = 0 }) => waitPrice),
    release: Int32Array.from(sketches, (sketch) => sketch.release ?? earliestOf(sketch)),
    unplacedCost: Float64Array.from(sketches, ({ unplacedCost = 1_000 }) => unplacedCost),
    budget: Float64Array.from(sketches, ({ budget = Number.POSITIVE_INFINITY }) => budget),
    firstOption,
    options,
  };
}

/** Limits of random markets; each at least 1, what is left out has the default named. */
export interface RandomMarkets {
  /** Kinds that requests may be of; default contiguous alone. */
  readonly kinds?: readonly (keyof typeof requestKinds)[];
  /** Default 3 sites of at most 2 pools, 3 to 10 slots, 7 requests, 3 weight classes. */
  readonly sitesMax?: number;
  readonly poolsMax?: number;
  readonly slotsMin?: number;
  readonly slotsMax?: number;
  readonly requestsMax?: number;
  readonly classesMax?: number;
  /** Default true: one request in six names a budget, often too small. */
  readonly budgets?: boolean;
}

/** Whole multiples of a step, so that a counter-example is short to read. */
const stepped = (min: number, max: number, step: number) => fc.integer({ min, max }).map((count) => count * step);
const perSlot = <Value>(slots: number, value: fc.Arbitrary<Value>) => fc.array(value, { minLength: slots, maxLength: slots });
const mostly = <Value, Other>(value: fc.Arbitrary<Value>, otherwise: fc.Arbitrary<Other>) =>
  fc.oneof({ weight: 5, arbitrary: value }, { weight: 1, arbitrary: otherwise });

function arbitrarySite(slots: number, poolsMax: number): fc.Arbitrary<SiteOfferSketch> {
  const tier = fc.oneof(fc.constant(0), perSlot(slots, fc.oneof(fc.constant(0), stepped(1, 16, 0.25))));
  const gaps = fc.oneof(fc.constant(undefined), fc.constant(undefined), fc.integer({ min: 0, max: slots - 1 }));
  const signal = (values: fc.Arbitrary<number>) =>
    fc.tuple(perSlot(slots, values), gaps).map(([known, gap]) => known.map((value, slot) => (slot === gap ? undefined : value)));
  const free = fc.integer({ min: 2, max: 8 });
  const pool = fc.record({
    capacity: mostly(free, perSlot(slots, mostly(free, fc.integer({ min: 0, max: 1 })))),
    ask: fc.oneof(fc.constant(0), stepped(1, 20, 0.01)),
  });
  return fc.record({
    curtailedKw: tier,
    exportableKw: tier,
    importPrice: signal(stepped(-10, 40, 10)),
    carbonIntensity: signal(stepped(0, 9, 100)),
    feedInTariff: stepped(0, 10, 10),
    pools: fc.array(pool, { minLength: 1, maxLength: poolsMax }),
  });
}

interface RequestDice {
  readonly slots: number;
  readonly poolCount: number;
  readonly classes: number;
  readonly kinds: readonly (keyof typeof requestKinds)[];
  readonly budgets: boolean;
}

function arbitraryRequest({ slots, poolCount, classes, kinds, budgets }: RequestDice): fc.Arbitrary<RequestSketch> {
  const unlimited = fc.constant(Number.POSITIVE_INFINITY);
  const option = fc.record({
    /** Slots per slot of the fastest model. */
    speed: fc.constantFrom(1, 1, 1.5, 2),
    later: mostly(fc.constant(0), fc.integer({ min: 1, max: 3 })),
    transferCost: fc.oneof(fc.constant(0), stepped(1, 20, 0.01)),
    transferG: fc.oneof(fc.constant(0), stepped(1, 20, 10)),
    isAdmitted: mostly(fc.constant(true), fc.constant(false)),
  });
  return fc
    .record({
      kind: fc.constantFrom(...kinds),
      weightClass: fc.integer({ min: 0, max: classes - 1 }),
      waitPrice: fc.oneof(fc.constant(0), stepped(1, 20, 0.005)),
      release: fc.integer({ min: 0, max: Math.floor(slots / 2) }),
      /** Of a run on the fastest model; some fit nowhere. */
      length: mostly(fc.integer({ min: 1, max: Math.max(1, Math.floor(slots / 3)) }), fc.integer({ min: 1, max: slots })),
      slack: fc.integer({ min: 0, max: slots }),
      accelerators: fc.constantFrom(1, 1, 1, 2, 2, 3, 4),
      kwPerAccelerator: fc.constantFrom(0.4, 0.5, 1),
      restartCost: fc.oneof(fc.constant(0), stepped(1, 20, 0.01)),
      speedExponent: fc.constantFrom(0.5, 0.8, 1),
      unplacedCost: fc.constantFrom(1_000, 1_000, 1_500),
      budget: budgets ? mostly(unlimited, stepped(0, 20, 0.05)) : unlimited,
      places: fc.array(option, { minLength: poolCount, maxLength: poolCount }),
    })
    .map(({ places, slack, length, restartCost, speedExponent, ...request }) => {
      const { kind, release } = request;
      const options = places.flatMap(({ speed, later, isAdmitted, ...transfer }, pool) => {
        if (!isAdmitted) return [];
        const [needed, earliest] = [Math.ceil(length * speed), Math.min(slots, release + later)];
        return [{ pool, length: needed, earliest, end: Math.min(slots, release + length + slack), ...transfer }];
      });
      return {
        ...request,
        ...(kind === 'interruptible' && { restartCost }),
        ...(kind === 'elastic' && { speedExponent }),
        options: options.map((terms) => ({ ...terms, end: Math.max(terms.earliest, terms.end) })),
      };
    });
}

/**
 * Random small markets: paid and unpaid energy, no surplus, closed slots, slots without accelerators, requests that fit
 * nowhere (no option, too long, too wide), tight capacity, speeds that differ by pool. No placement costs 1000.
 */
export function arbitraryMarket(limits: RandomMarkets = {}): fc.Arbitrary<Market> {
  const { kinds = ['contiguous'], budgets = true } = limits;
  const { sitesMax = 3, poolsMax = 2, slotsMin = 3, slotsMax = 10, requestsMax = 7, classesMax = 3 } = limits;
  return fc
    .record({
      slots: fc.integer({ min: Math.min(slotsMin, slotsMax), max: slotsMax }),
      classes: fc.integer({ min: 1, max: classesMax }),
      siteCount: fc.integer({ min: 1, max: sitesMax }),
    })
    .chain(({ slots, classes, siteCount }) =>
      fc.record({
        slots: fc.constant(slots),
        slotHours: fc.constantFrom(0.25, 1),
        sites: fc.array(arbitrarySite(slots, poolsMax), { minLength: siteCount, maxLength: siteCount }),
        carbonPricePerKg: fc.array(fc.constantFrom(0, 0.05, 0.1, 0.3, 1), { minLength: classes, maxLength: classes }),
        computePrice: fc.constantFrom(0, 0, 300),
      }),
    )
    .chain(({ slots, slotHours, sites, carbonPricePerKg, computePrice }) => {
      const poolCount = sites.reduce((sum, { pools = [] }) => sum + pools.length, 0);
      const dice = { slots, poolCount, classes: carbonPricePerKg.length, kinds, budgets };
      return fc
        .array(arbitraryRequest(dice), { minLength: 1, maxLength: requestsMax })
        .map((requests) => marketOf({ slots, slotHours, sites, carbonPricePerKg, computePrice, requests }));
    });
}
