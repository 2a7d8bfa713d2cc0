/**
 * Auction: prices that lean on the load of the moment, what a run costs at them, and who would answer what.
 *
 * The price of an accelerator rises with what is held above capacity, the price of surplus is where its supply meets
 * the classes that have no cheaper energy. Between passes the prices stand; `settle` makes what was paid the price.
 * Owned by `prices.ts` and `mixture.ts`, which differ in how requests answer.
 */
import { transferOf } from './bound.ts';
import { unpricedCost } from './cost.ts';
import { cheapestShares } from './elastic.ts';
import { emptyLoad, type Load } from './load.ts';
import { type Assignment, type Market, type Prices, requestKinds } from './market.ts';
import { noRates, priceSlots, type Rates, writeRates } from './rates.ts';
import { type Answer, anySearch, cheapestRun, cheapestSlots, noAnswer, type Search } from './response.ts';

/** How steeply a price leans on load: so many times the cost of a typical slot when twice the capacity is held. */
const leanPerLoad = 0.5;

/** Everything an ascent moves. */
export interface Auction {
  readonly market: Market;
  readonly load: Load;
  readonly rates: Rates;
  readonly accelerator: Float64Array;
  readonly surplus: Float64Array;
  /** Lean per accelerator held, by pool, and per kW drawn, by site. */
  readonly acceleratorLean: Float64Array;
  readonly surplusLean: Float64Array;
  /** Clearing price of surplus at the load of the moment, site × slot. */
  readonly clearing: Float64Array;
  /** One past the last slot that anybody may hold or that has a price: behind it prices are 0 and stay so. */
  readonly reach: number;
}

/** How prices lean in an auction: by pool, per accelerator held, and by site, per kW drawn. O(options + sites × slots × classes). */
export function leansOf(
  { offers, requests }: Market,
  { gridPrice, classes }: Load,
): {
  accelerator: Float64Array;
  surplus: Float64Array;
  /** What an accelerator's energy for a slot typically costs, accounting currency above 0. */
  typical: number;
} {
  const { slots, siteCount, poolCount, poolSite, capacity, slotHours } = offers;
  const { options } = requests;
  let kw = 0;
  for (const own of options.kwPerAccelerator) kw += own / options.count;
  let price = 0;
  let open = 0;
  for (let cell = 0; cell < gridPrice.length; cell++) {
    if (offers.known[Math.floor(cell / classes)] !== 1) continue;
    price += Math.abs(gridPrice[cell] as number);
    open++;
  }
  price = price / Math.max(open, 1) + 1; // a market whose energy is free still needs prices that move
  const typical = (price * kw * slotHours) / 1_000;
  const accelerator = new Float64Array(poolCount);
  const siteKw = new Float64Array(siteCount);
  for (let pool = 0; pool < poolCount; pool++) {
    let most = 1;
    for (let slot = 0; slot < slots; slot++) most = Math.max(most, capacity[pool * slots + slot] as number);
    accelerator[pool] = (leanPerLoad * typical) / most;
    siteKw[poolSite[pool] as number] = (siteKw[poolSite[pool] as number] as number) + most * kw;
  }
  return { accelerator, typical, surplus: siteKw.map((most) => (leanPerLoad * price) / Math.max(most, 1e-9)) };
}

/** An auction at these prices, nothing held. */
export function openAuction(market: Market, from: Prices | undefined): Auction {
  const { slots, siteCount, poolCount } = market.offers;
  const load = emptyLoad(market);
  const leans = leansOf(market, load);
  return {
    market,
    load,
    rates: noRates(market),
    accelerator: from ? from.accelerator.slice() : new Float64Array(poolCount * slots),
    surplus: from ? from.surplus.slice() : new Float64Array(siteCount * slots),
    acceleratorLean: leans.accelerator,
    surplusLean: leans.surplus,
    clearing: new Float64Array(siteCount * slots),
    reach: reachOf(market, from),
  };
}

function reachOf({ offers: { slots }, requests: { options } }: Market, from: Prices | undefined): number {
  let reach = 0;
  for (let at = 0; at < options.count; at++) reach = Math.max(reach, options.end[at] as number);
  for (const column of from ? [from.accelerator, from.surplus] : [])
    for (let cell = 0; cell < column.length; cell++) if (column[cell] !== 0 && cell % slots >= reach) reach = (cell % slots) + 1;
  return Math.min(reach, slots);
}

/** What an accelerator of the cell costs at the load of the moment. */
function repriceAccelerator({ market: { offers }, load, rates, accelerator, acceleratorLean }: Auction, pool: number, cell: number): void {
  const lean = (acceleratorLean[pool] as number) * ((load.accelerators[cell] as number) - (offers.capacity[cell] as number));
  const price = (accelerator[cell] as number) + lean;
  const isOpen =
    (offers.capacity[cell] as number) > 0 && offers.known[(offers.poolSite[pool] as number) * offers.slots + (cell % offers.slots)] === 1;
  rates.accelerator[cell] = isOpen ? Math.max(price, 0) + (offers.ask[pool] as number) * offers.slotHours : Number.POSITIVE_INFINITY;
}

/**
 * What surplus of the cell costs at the load of the moment: where supply, leaning on the price so far, meets the
 * classes that have no cheaper energy, dearest first. Writes what each class then pays. O(classes).
 */
function repriceEnergy({ market, load, rates, surplus, surplusLean, clearing }: Auction, site: number, cell: number): void {
  const { offers } = market;
  const { computePrice = 0 } = market.requests;
  const { classes, drawKw, gridPrice } = load;
  const row = cell * classes;
  const base = surplus[cell] as number;
  const lean = surplusLean[site] as number;
  const tariff = offers.feedInTariff[site] as number;
  const curtailed = offers.curtailedKw[cell] as number;
  const both = curtailed + (offers.exportableKw[cell] as number);
  let price = leaning(base, lean, 0, curtailed, both, tariff);
  let used = 0;
  for (let rank = 0; rank < classes; rank++) {
    const grid = gridPrice[row + rank] as number;
    if (grid <= price) break;
    const draw = drawKw[row + rank] as number;
    if (draw <= 0) continue;
    used += draw;
    price = leaning(base, lean, used, curtailed, both, tariff);
    if (price >= grid) {
      price = grid; // this class takes a part, and is indifferent
      break;
    }
  }
  clearing[cell] = price;
  const cells = offers.siteCount * offers.slots;
  for (let rank = 0; rank < classes; rank++) {
    const grid = gridPrice[row + rank] as number;
    rates.energy[rank * cells + cell] = ((Math.min(price, grid) + computePrice) * offers.slotHours) / 1_000;
  }
}

/** The price at which `used` kW meet the supply of two tiers that lean on it, accounting currency per MWh ≥ 0. */
function leaning(base: number, lean: number, used: number, curtailed: number, both: number, tariff: number): number {
  const above = base + lean * (used - both);
  if (above >= tariff) return above;
  const below = base + lean * (used - curtailed);
  if (below >= tariff) return tariff;
  return Math.max(below, 0);
}

/** Reprices the cells of a run. */
export function repriceRun(auction: Auction, option: number, first: number, shape: Uint16Array | undefined): void {
  if (option < 0) return;
  const { offers, requests } = auction.market;
  const pool = requests.options.pool[option] as number;
  const site = offers.poolSite[pool] as number;
  const end = first + (shape?.length ?? (requests.options.length[option] as number));
  for (let slot = first; slot < end; slot++) {
    repriceAccelerator(auction, pool, pool * offers.slots + slot);
    repriceEnergy(auction, site, site * offers.slots + slot);
  }
}

export function repriceAll(auction: Auction): void {
  const { slots, poolCount, siteCount } = auction.market.offers;
  const { reach } = auction;
  for (let pool = 0; pool < poolCount; pool++)
    for (let slot = 0; slot < reach; slot++) repriceAccelerator(auction, pool, pool * slots + slot);
  for (let site = 0; site < siteCount; site++) for (let slot = 0; slot < reach; slot++) repriceEnergy(auction, site, site * slots + slot);
}

/** Sets the rates to the prices themselves, whatever the load. */
export const pinPrices = ({ market, load, rates, accelerator, surplus }: Auction): void =>
  writeRates(rates, market, load, { accelerator, surplus });

/** Makes prices lean so many times more. */
export function steepen({ acceleratorLean, surplusLean }: Auction, times: number): void {
  for (let pool = 0; pool < acceleratorLean.length; pool++) acceleratorLean[pool] = (acceleratorLean[pool] as number) * times;
  for (let site = 0; site < surplusLean.length; site++) surplusLean[site] = (surplusLean[site] as number) * times;
}

/** The dual step: what was paid at the end of the pass becomes the price, and a part of its last move is made again. */
export function settle(auction: Auction, last: Prices, momentum: number): void {
  const { market, load, rates, accelerator, surplus, clearing, reach } = auction;
  const { slots, poolCount, siteCount, ask, slotHours } = market.offers;
  for (let pool = 0; pool < poolCount; pool++) {
    const asked = (ask[pool] as number) * slotHours;
    for (let cell = pool * slots; cell < pool * slots + reach; cell++) {
      const paid = (rates.accelerator[cell] as number) - asked;
      const next = paid === Number.POSITIVE_INFINITY ? 0 : paid;
      const on = next + momentum * (next - (last.accelerator[cell] as number));
      accelerator[cell] = Math.max(on, 0);
      last.accelerator[cell] = next;
    }
  }
  for (let site = 0; site < siteCount; site++)
    for (let cell = site * slots; cell < site * slots + reach; cell++) {
      const dearest = Math.max(0, load.gridPrice[cell * load.classes] as number);
      const next = Math.min(clearing[cell] as number, dearest);
      const on = next + momentum * (next - (last.surplus[cell] as number));
      surplus[cell] = on < 0 ? 0 : Math.min(on, dearest);
      last.surplus[cell] = next;
    }
}

/** Writes the cheapest run of a request at the rates of the moment into an assignment; its comparable cost, transfer and all. */
export type Answerer = (assignment: Assignment, request: number) => number;

/**
 * Answers requests one by one; O(options × horizon) each.
 *
 * @param isRough  restarts are forgotten, which is near enough while prices are far off
 */
export function answerer({ market, load, rates }: Auction, isRough = false): Answerer {
  const { offers, requests } = market;
  const { options } = requests;
  const { slots, siteCount, poolSite } = offers;
  const price = new Float64Array(slots);
  const transfer = transferOf(market);
  const search: Search = anySearch();
  const answer: Answer = noAnswer();
  const room = { pool: 0 };
  const free = (slot: number) => offers.capacity[room.pool * slots + slot] as number;
  return (assignment, request) => {
    const rank = load.rank[requests.weightClass[request] as number] as number;
    const kind = requests.kind[request] as number;
    search.release = requests.release[request] as number;
    answer.cost = requests.unplacedCost[request] as number;
    answer.start = -1;
    answer.pattern = undefined;
    const before = assignment.option[request] as number;
    const first = requests.firstOption[request] as number;
    const end = requests.firstOption[request + 1] as number;
    let taken = -1;
    for (let next = before < 0 ? first : first - 1; next < end; next++) {
      if (next === before) continue;
      const at = next < first ? before : next; // where it was comes first: what costs more is soon seen
      const held = options.accelerators[at] as number;
      const fixed = transfer[at] as number;
      const pool = options.pool[at] as number;
      search.from = options.earliest[at] as number;
      search.to = options.end[at] as number;
      search.length = options.length[at] as number;
      search.accelerators = held;
      const isElastic = kind === requestKinds.elastic;
      const waiting = isElastic ? 0 : (requests.waitPrice[request] as number) / held;
      const below = priceSlots(
        price,
        rates,
        pool * slots,
        (rank * siteCount + (poolSite[pool] as number)) * slots,
        options.kwPerAccelerator[at] as number,
        search.from,
        search.to,
        search.level,
        waiting / search.length,
        search.release,
      );
      if (isElastic) {
        search.fixed = fixed;
        search.waitPrice = requests.waitPrice[request] as number;
        room.pool = pool;
        if (cheapestShares(price, search, held, options.speedExponent[at] as number, free, answer)) taken = at;
        continue;
      }
      const whole = answer.cost;
      search.fixed = fixed / held - (waiting * (search.length - 1)) / 2;
      answer.cost = whole / held;
      if (search.fixed + search.length * search.level + below < answer.cost) {
        search.waitPrice = 0; // it is in what each slot costs
        search.restartCost = isRough ? 0 : (options.restartCost[at] as number) / held;
        search.breaksMax = isRough ? Number.POSITIVE_INFINITY : (options.breaksMax?.[at] ?? Number.POSITIVE_INFINITY);
        if (kind === requestKinds.interruptible ? cheapestSlots(price, search, answer) : cheapestRun(price, search, answer)) taken = at;
      }
      answer.cost = taken === at ? answer.cost * held : whole;
    }
    assignment.option[request] = taken;
    assignment.start[request] = answer.start;
    assignment.pattern[request] = answer.pattern;
    return answer.cost;
  };
}

/** What a run costs a request at the rates of the moment, accounting currency; left out, what that costs. O(slots held). */
export function runCost(
  { market, load, rates }: Auction,
  transfer: Float64Array,
  request: number,
  option: number,
  start: number,
  shape: Uint16Array | undefined,
): number {
  const { offers, requests } = market;
  if (option < 0) return requests.unplacedCost[request] as number;
  const { options } = requests;
  const { slots, siteCount, poolSite } = offers;
  const pool = options.pool[option] as number;
  const poolCell = pool * slots + start;
  const siteCell =
    ((load.rank[requests.weightClass[request] as number] as number) * siteCount + (poolSite[pool] as number)) * slots + start;
  const kw = options.kwPerAccelerator[option] as number;
  const all = options.accelerators[option] as number;
  const length = shape?.length ?? (options.length[option] as number);
  let cost = unpricedCost(market, transfer, request, option, start, shape);
  for (let i = 0; i < length; i++) {
    const held = shape ? (shape[i] as number) : all;
    if (held > 0) cost += held * ((rates.accelerator[poolCell + i] as number) + kw * (rates.energy[siteCell + i] as number));
  }
  return cost;
}
