/**
 * Exact: what the best plan of a market costs, by HiGHS and by trying everything.
 *
 * The outside truth for the planner: it shares no line with it. Owns the time-indexed model (LP and MIP), the cost of a
 * finished assignment, and brute force for tiny markets. A budget binds as the money of the run alone at its site, each
 * slot's energy taken in the order of money: what is excluded here is excluded under any sharing of surplus.
 */
import loadHighs, { type Highs } from 'highs';
import { type Assignment, type Market, requestKinds } from '../../../scheduler/placement/market.ts';

const at = (values: ArrayLike<number>, index: number): number => values[index] as number;
/** Slack of comparisons between sums of the same parts in another order. */
const roundOff = 1e-9;

/** An option as its row says it, with its request, site and class. */
interface OptionRow {
  readonly option: number;
  readonly request: number;
  readonly kind: number;
  readonly pool: number;
  readonly site: number;
  readonly weightClass: number;
  readonly length: number;
  readonly earliest: number;
  readonly end: number;
  readonly accelerators: number;
  readonly kw: number;
  readonly restartCost: number;
  readonly exponent: number;
  /** Transfer in accounting currency, money alone and with its carbon. */
  readonly transferMoney: number;
  readonly transferCost: number;
  /** Ask of one accelerator for one slot. */
  readonly askPerSlot: number;
}

function optionRow({ offers, requests }: Market, request: number, option: number): OptionRow {
  const { options } = requests;
  const [pool, weightClass] = [at(options.pool, option), at(requests.weightClass, request)];
  const transferMoney = at(options.transferCost, option);
  return {
    option,
    request,
    kind: at(requests.kind, request),
    pool,
    site: at(offers.poolSite, pool),
    weightClass,
    length: at(options.length, option),
    earliest: at(options.earliest, option),
    end: at(options.end, option),
    accelerators: at(options.accelerators, option),
    kw: at(options.kwPerAccelerator, option),
    restartCost: at(options.restartCost, option),
    exponent: at(options.speedExponent, option),
    transferMoney,
    transferCost: transferMoney + (at(requests.carbonPricePerKg, weightClass) * at(options.transferG, option)) / 1_000,
    askPerSlot: (at(offers.ask, pool) + ((requests.computePrice ?? 0) * at(options.kwPerAccelerator, option)) / 1_000) * offers.slotHours,
  };
}

function optionRows(market: Market): OptionRow[] {
  const { count, firstOption } = market.requests;
  return Array.from({ length: count }, (_, request) => request).flatMap((request) => {
    const first = at(firstOption, request);
    return Array.from({ length: at(firstOption, request + 1) - first }, (_, i) => optionRow(market, request, first + i));
  });
}

/** Accounting currency per kW held through one slot, of energy at a price per MWh. */
const perKwSlot = ({ offers }: Market, pricePerMwh: number) => (pricePerMwh * offers.slotHours) / 1_000;

/** What grid energy costs a class, per MWh: import price and its own weight of the intensity (g/kWh are kg/MWh). */
const gridPrice = ({ offers, requests }: Market, weightClass: number, cell: number) =>
  at(offers.importPrice, cell) + at(requests.carbonPricePerKg, weightClass) * at(offers.carbonIntensity, cell);

/** Tiers of surplus of a cell, cheapest first: price per MWh, kW. */
const tiersOf = ({ offers }: Market, site: number, cell: number) =>
  [
    { price: 0, kw: at(offers.curtailedKw, cell) },
    { price: at(offers.feedInTariff, site), kw: at(offers.exportableKw, cell) },
  ].sort((a, b) => a.price - b.price);

/** Cheapest supply of draws (kW, each with its own price of grid energy per MWh): the dearest grid is replaced first. */
function cheapestSupply(draws: readonly { readonly kw: number; readonly grid: number }[], tiers: { price: number; kw: number }[]): number {
  let cost = 0;
  let tier = 0;
  const left = tiers.map(({ kw }) => kw);
  for (const { kw, grid } of [...draws].sort((a, b) => b.grid - a.grid)) {
    let open = kw;
    while (tier < tiers.length && (tiers[tier] as { price: number }).price < grid && open > 0) {
      const taken = Math.min(open, at(left, tier));
      cost += taken * (tiers[tier] as { price: number }).price;
      open -= taken;
      left[tier] = at(left, tier) - taken;
      if (left[tier] === 0) tier++;
    }
    cost += open * grid;
  }
  return cost;
}

/** Least money that one slot of an option may cost, whoever else is there: its energy and its ask. */
function slotMoney(market: Market, row: OptionRow, slot: number): number {
  const cell = row.site * market.offers.slots + slot;
  const kw = row.accelerators * row.kw;
  const energy = cheapestSupply([{ kw, grid: at(market.offers.importPrice, cell) }], tiersOf(market, row.site, cell));
  return perKwSlot(market, energy) + row.accelerators * row.askPerSlot;
}

const isOpen = ({ offers }: Market, row: OptionRow, slot: number) => offers.known[row.site * offers.slots + slot] === 1;

/** Starts of an unbroken run with every slot known and within the budget. */
function startsOf(market: Market, row: OptionRow): number[] {
  const budget = at(market.requests.budget, row.request) + roundOff;
  const starts: number[] = [];
  for (let start = row.earliest; start + row.length <= row.end; start++) {
    let money = row.transferMoney;
    let open = true;
    for (let slot = start; open && slot < start + row.length; slot++) {
      open = isOpen(market, row, slot);
      if (open && budget < Number.POSITIVE_INFINITY) money += slotMoney(market, row, slot);
    }
    if (open && money <= budget) starts.push(start);
  }
  return starts;
}

/** Known slots of an option's window; none when they are too few. */
function slotsOf(market: Market, row: OptionRow): number[] {
  const slots = Array.from({ length: Math.max(0, row.end - row.earliest) }, (_, i) => row.earliest + i);
  const open = slots.filter((slot) => isOpen(market, row, slot));
  return open.length < row.length ? [] : open;
}

/** A linear program that grows column by column, in the compressed sparse columns that HiGHS takes. */
function emptyProgram() {
  const [rowLower, rowUpper]: [number[], number[]] = [[], []];
  const [colCost, colLower, colUpper, integrality]: [number[], number[], number[], number[]] = [[], [], [], []];
  const [starts, indices, values]: [number[], number[], number[]] = [[0], [], []];
  return {
    row(lower: number, upper: number): number {
      rowLower.push(lower);
      return rowUpper.push(upper) - 1;
    },
    /** @param entries  row, value, row, value, …; a row at most once */
    column(cost: number, upper: number, isBinary: boolean, entries: readonly number[]): number {
      colCost.push(cost);
      colLower.push(0);
      colUpper.push(upper);
      integrality.push(isBinary ? 1 : 0);
      for (let i = 0; i < entries.length; i += 2) {
        indices.push(at(entries, i));
        values.push(at(entries, i + 1));
      }
      starts.push(indices.length);
      return colCost.length - 1;
    },
    data(asMip: boolean) {
      const [numRows, numCols] = [rowLower.length, colCost.length];
      const matrix = {
        format: 'csc' as const,
        numRows,
        numCols,
        starts: Int32Array.from(starts),
        indices: Int32Array.from(indices),
        values: Float64Array.from(values),
      };
      const bounds = { rowLower: Float64Array.from(rowLower), rowUpper: Float64Array.from(rowUpper) };
      const columns = { colCost: Float64Array.from(colCost), colLower: Float64Array.from(colLower), colUpper: Float64Array.from(colUpper) };
      return { numRows, numCols, matrix, ...bounds, ...columns, ...(asMip && { integrality: Int32Array.from(integrality) }) };
    },
  };
}
type Program = ReturnType<typeof emptyProgram>;

/** A column that stands for a choice: the option, and the slot it starts or, when interruptible, holds. */
interface Choice {
  readonly row: OptionRow;
  readonly slot: number;
  readonly column: number;
}

const infinity = Number.POSITIVE_INFINITY;

/**
 * Entries of holding an option's accelerators from one slot to another, exclusive.
 *
 * Written out: in each slot, on the pool's capacity and the class's energy. As a flow: what a (pool, class, draw) holds
 * is what it held a slot before, plus what starts, less what ends; so a run of any length has two entries, and a day of
 * a hundred jobs is solved soon. The flow's equalities upset branch and bound (HiGHS 1.15 called feasible ones
 * infeasible), so it serves the relaxation alone.
 */
function holdings(program: Program, market: Market, asFlow: boolean) {
  const { slots, siteCount, poolCount, poolSite, capacity, curtailedKw, exportableKw, feedInTariff, known } = market.offers;
  const capacityRows = Array.from({ length: poolCount * slots }, (_, cell) => program.row(-infinity, at(capacity, cell)));
  const tierRows = [curtailedKw, exportableKw].map((kw) =>
    Array.from({ length: siteCount * slots }, (_, cell) => program.row(-infinity, at(kw, cell))),
  );
  const energyRows = new Map<number, number>(); // class × site: first of `slots` rows
  const energyOf = (weightClass: number, site: number): number => {
    const key = weightClass * siteCount + site;
    const found = energyRows.get(key);
    if (found !== undefined) return found;
    const first = Array.from({ length: slots }, () => program.row(0, 0))[0] as number;
    energyRows.set(key, first);
    for (let slot = 0; slot < slots; slot++) {
      const cell = site * slots + slot;
      if (!known[cell]) continue; // nothing is held there, and its prices mean nothing
      for (const [tier, price] of [0, at(feedInTariff, site)].entries()) {
        const row = at(tierRows[tier] as number[], cell);
        program.column(perKwSlot(market, price), infinity, false, [first + slot, -1, row, 1]);
      }
      program.column(perKwSlot(market, gridPrice(market, weightClass, cell)), infinity, false, [first + slot, -1]);
    }
    return first;
  };
  const groups = new Map<string, number>();
  const flowOf = ({ pool, weightClass, kw }: OptionRow): number => {
    const key = `${pool}/${weightClass}/${kw}`;
    const found = groups.get(key);
    if (found !== undefined) return found;
    const energy = energyOf(weightClass, at(poolSite, pool));
    const first = Array.from({ length: slots }, () => program.row(0, 0))[0] as number;
    groups.set(key, first);
    for (let slot = 0; slot < slots; slot++) {
      const carried = slot + 1 < slots ? [first + slot + 1, 1] : [];
      program.column(0, infinity, false, [first + slot, -1, ...carried, at(capacityRows, pool * slots + slot), 1, energy + slot, kw]);
    }
    return first;
  };
  return (row: OptionRow, from: number, to: number): number[] => {
    const { accelerators, kw } = row;
    if (asFlow) {
      const first = flowOf(row);
      return [first + from, accelerators, ...(to < slots ? [first + to, -accelerators] : [])];
    }
    const energy = energyOf(row.weightClass, row.site);
    const taken = Array.from({ length: to - from }, (_, i) => from + i);
    return taken.flatMap((slot) => [at(capacityRows, row.pool * slots + slot), accelerators, energy + slot, accelerators * kw]);
  };
}

/** The whole model; a RangeError for an elastic request, whose wait is no linear function. */
function modelOf(market: Market, asMip: boolean): { program: Program; choices: Choice[] } {
  const { requests } = market;
  const program = emptyProgram();
  const requestRows = Array.from({ length: requests.count }, () => program.row(1, 1));
  const held = holdings(program, market, !asMip);
  const choices: Choice[] = [];
  requestRows.forEach((row, request) => {
    program.column(at(requests.unplacedCost, request), 1, true, [row, 1]);
  });
  const contiguous = (row: OptionRow) => {
    for (const slot of startsOf(market, row)) {
      const wait = at(requests.waitPrice, row.request) * (slot - at(requests.release, row.request));
      const cost = row.transferCost + row.length * row.accelerators * row.askPerSlot + wait;
      const entries = [at(requestRows, row.request), 1, ...held(row, slot, slot + row.length)];
      choices.push({ row, slot, column: program.column(cost, 1, true, entries) });
    }
  };
  const interruptible = (row: OptionRow) => {
    const open = slotsOf(market, row);
    if (open.length === 0) return;
    const waitPrice = at(requests.waitPrice, row.request);
    const lengthRow = program.row(0, 0);
    const budget = at(requests.budget, row.request) + roundOff;
    const budgetRow = budget < infinity ? program.row(-infinity, 0) : undefined;
    const spends = (money: number) => (budgetRow === undefined ? [] : [budgetRow, money]);
    const taken = open.map((slot) => ({ slot, within: program.row(-infinity, 0), begins: program.row(0, infinity) }));
    const fixed = row.transferCost - (waitPrice * (row.length - 1)) / 2 - row.restartCost; // the first start is no restart
    const bounds = taken.flatMap(({ within }) => [within, -1]);
    program.column(fixed, 1, true, [
      at(requestRows, row.request),
      1,
      lengthRow,
      -row.length,
      ...bounds,
      ...spends(row.transferMoney - row.restartCost - budget),
    ]);
    taken.forEach(({ slot, within, begins }, i) => {
      const next = taken[i + 1];
      const cost = row.accelerators * row.askPerSlot + (waitPrice * (slot - at(requests.release, row.request))) / row.length;
      const before = next?.slot === slot + 1 ? [next.begins, 1] : [];
      const entries = [
        lengthRow,
        1,
        within,
        1,
        begins,
        -1,
        ...before,
        ...held(row, slot, slot + 1),
        ...spends(slotMoney(market, row, slot)),
      ];
      choices.push({ row, slot, column: program.column(cost, 1, true, entries) });
      program.column(row.restartCost, 1, false, [begins, 1, ...spends(row.restartCost)]);
    });
  };
  for (const row of optionRows(market)) {
    if (row.kind === requestKinds.elastic) throw new RangeError(`request ${row.request} is elastic: brute force alone knows those`);
    if (row.kind === requestKinds.interruptible) interruptible(row);
    else contiguous(row);
  }
  return { program, choices };
}

let loaded: Promise<Highs> | undefined;
/** The package's types describe its CommonJS half; as an ES module the default export is the loader itself. */
const highs = (): Promise<Highs> => {
  loaded ??= (loadHighs as unknown as typeof loadHighs.default)();
  return loaded;
};

/** Columns from which the interior point is faster than the simplex. */
const interiorPointColumnsMin = 5_000;

async function solve(program: Program, asMip: boolean, secondsMax: number): Promise<{ cost: number; values: Float64Array }> {
  const solver = await highs();
  const data = program.data(asMip);
  return solver.withModel(data, (model) => {
    model.options.set({ output_flag: false, time_limit: secondsMax });
    if (asMip) model.options.set({ mip_rel_gap: 0, mip_abs_gap: 1e-9 });
    else model.options.set({ primal_feasibility_tolerance: 1e-9, dual_feasibility_tolerance: 1e-9 });
    if (!asMip && data.numCols >= interiorPointColumnsMin) model.options.set({ solver: 'ipm', run_crossover: 'off' });
    model.run();
    const status = model.getModelStatus();
    if (status !== solver.constants.modelStatus.optimal) throw new Error(`HiGHS ended with model status ${status}, not optimal`);
    return { cost: model.getObjectiveValue(), values: model.getSolution().colValue };
  });
}

/**
 * Cost of the LP relaxation of the time-indexed model, accounting currency: no plan of contiguous and interruptible
 * requests costs less. An Error when HiGHS does not finish in time.
 */
export const lpBound = async (market: Market, { secondsMax = 300 }: { readonly secondsMax?: number } = {}): Promise<number> =>
  (await solve(modelOf(market, false).program, false, secondsMax)).cost;

export interface Optimum {
  /** Accounting currency, of the assignment; what is left out at its `unplacedCost`. */
  readonly cost: number;
  /** What the model says it costs: the same but for the solver's tolerances. */
  readonly objective: number;
  readonly assignment: Assignment;
}

const leftOut = (count: number): Assignment => ({
  option: new Int32Array(count).fill(-1),
  start: new Int32Array(count),
  pattern: new Array<Uint16Array | undefined>(count).fill(undefined),
});

/** A cheapest plan of contiguous and interruptible requests by branch and bound. An Error when HiGHS does not finish in time. */
export async function optimum(market: Market, { secondsMax = 60 }: { readonly secondsMax?: number } = {}): Promise<Optimum> {
  const { program, choices } = modelOf(market, true);
  const { cost: objective, values } = await solve(program, true, secondsMax);
  const assignment = leftOut(market.requests.count);
  const heldBy: Choice[][] = Array.from({ length: market.requests.count }, () => []);
  for (const choice of choices) if (at(values, choice.column) > 0.5) heldBy[choice.row.request]?.push(choice);
  for (const held of heldBy) if (held.length > 0) assign(assignment, held);
  return { cost: costOf(market, assignment), objective, assignment };
}

function assign(assignment: Assignment, held: readonly Choice[]): void {
  const { row } = held[0] as Choice;
  const { request } = row;
  const slots = held.map(({ slot }) => slot);
  const [start, last] = [Math.min(...slots), Math.max(...slots)];
  assignment.option[request] = row.option;
  assignment.start[request] = start;
  if (row.kind === requestKinds.contiguous || last - start + 1 === row.length) return;
  const pattern = new Uint16Array(last - start + 1);
  for (const slot of slots) pattern[slot - start] = row.accelerators;
  assignment.pattern[request] = pattern;
}

/** Accelerators an assigned run holds, slot by slot of the horizon. */
function heldSlots(row: OptionRow, start: number, pattern: ArrayLike<number> | undefined, slots: number): number[] {
  const held = new Array<number>(slots).fill(0);
  for (let i = 0; i < (pattern?.length ?? row.length); i++) held[start + i] = pattern ? at(pattern, i) : row.accelerators;
  return held;
}

/** Which law of its option a run breaks, in words; `undefined` when none. Capacity and budget are not asked here. */
function brokenLaw(market: Market, row: OptionRow, held: readonly number[]): string | undefined {
  const taken = held.flatMap((accelerators, slot) => (accelerators > 0 ? [slot] : []));
  const [first, last] = [taken[0] ?? 0, taken.at(-1) ?? -1];
  if (first < row.earliest || last >= row.end || held.length > market.offers.slots) return 'lies outside its window';
  if (taken.some((slot) => !isOpen(market, row, slot))) return 'holds a slot that is not known';
  if (row.kind === requestKinds.elastic) {
    if (held.some((accelerators) => accelerators > row.accelerators)) return 'holds more than its most';
    const done = held.reduce((sum, accelerators) => sum + (accelerators > 0 ? accelerators ** row.exponent : 0), 0);
    return done < row.length - roundOff ? 'does too little work' : undefined;
  }
  if (taken.length !== row.length || taken.some((slot) => held[slot] !== row.accelerators)) return 'holds not what it asked';
  if (row.kind === requestKinds.contiguous && last - first + 1 !== row.length) return 'is broken';
  return undefined;
}

/** Interruptions of a run; the gaps of an elastic one are none. */
const restartsOf = ({ kind }: OptionRow, held: readonly number[]): number =>
  kind === requestKinds.elastic ? 0 : held.filter((accelerators, slot) => accelerators > 0 && !(at(held, slot - 1) > 0)).length - 1;

/** Cost of a run beside its energy: ask, transfer, restarts and wait. */
function ownCost({ requests }: Market, row: OptionRow, held: readonly number[]): number {
  const isElastic = row.kind === requestKinds.elastic;
  const release = at(requests.release, row.request);
  let [acceleratorSlots, work, waited] = [0, 0, 0];
  held.forEach((accelerators, slot) => {
    if (accelerators === 0) return;
    const weight = isElastic ? accelerators ** row.exponent : 1;
    acceleratorSlots += accelerators;
    work += weight;
    waited += weight * (slot - release);
  });
  const wait = waited / work - (isElastic ? 0 : (row.length - 1) / 2);
  const restarts = restartsOf(row, held) * row.restartCost;
  return row.transferCost + acceleratorSlots * row.askPerSlot + restarts + at(requests.waitPrice, row.request) * wait;
}

interface Held {
  readonly row: OptionRow;
  readonly held: readonly number[];
}

/** Cost of the energy of runs together, cell by cell at least comparable cost. */
function energyCost(market: Market, runs: readonly Held[]): number {
  const { slots, siteCount } = market.offers;
  let cost = 0;
  for (let site = 0; site < siteCount; site++) {
    const here = runs.filter(({ row }) => row.site === site);
    for (let slot = 0; here.length > 0 && slot < slots; slot++) {
      const cell = site * slots + slot;
      const taking = here.filter(({ held }) => at(held, slot) > 0);
      if (taking.length === 0) continue;
      const draws = taking.map(({ row, held }) => ({ kw: at(held, slot) * row.kw, grid: gridPrice(market, row.weightClass, cell) }));
      cost += cheapestSupply(draws, tiersOf(market, site, cell));
    }
  }
  return perKwSlot(market, cost);
}

/**
 * Comparable cost of a plan, accounting currency, energy shared at least cost, what is left out at its `unplacedCost`.
 * A RangeError names the request or pool whose law is broken: window, unknown slot, what it asked, capacity. Budgets
 * are not asked: whose surplus it was decides them.
 */
export function costOf(market: Market, { option, start, pattern }: Assignment): number {
  const { offers, requests } = market;
  const runs: Held[] = [];
  let cost = 0;
  for (let request = 0; request < requests.count; request++) {
    const chosen = at(option, request);
    if (chosen < 0) {
      cost += at(requests.unplacedCost, request);
      continue;
    }
    if (chosen < at(requests.firstOption, request) || chosen >= at(requests.firstOption, request + 1))
      throw new RangeError(`request ${request} has no option ${chosen}`);
    const row = optionRow(market, request, chosen);
    const held = heldSlots(row, at(start, request), pattern[request], offers.slots);
    const broken = brokenLaw(market, row, held);
    if (broken) throw new RangeError(`request ${request} ${broken}: option ${chosen} from slot ${at(start, request)}`);
    cost += ownCost(market, row, held);
    runs.push({ row, held });
  }
  for (let pool = 0; pool < offers.poolCount; pool++)
    for (let slot = 0; slot < offers.slots; slot++) {
      const taken = runs.reduce((sum, { row, held }) => sum + (row.pool === pool ? at(held, slot) : 0), 0);
      const free = at(offers.capacity, pool * offers.slots + slot);
      if (taken > free) throw new RangeError(`pool ${pool} has ${free} accelerators in slot ${slot}, ${taken} are taken`);
    }
  return cost + energyCost(market, runs);
}

/** Every pattern of an option, as accelerators slot by slot of the horizon; elastic ones also such as do more than needed. */
function patternsOf(market: Market, row: OptionRow): number[][] {
  const { slots } = market.offers;
  const runOf = (start: number) => heldSlots(row, start, undefined, slots);
  if (row.kind === requestKinds.contiguous) return startsOf(market, row).map(runOf);
  const levels = row.kind === requestKinds.elastic ? Array.from({ length: row.accelerators + 1 }, (_, i) => i) : [0, row.accelerators];
  let patterns: number[][] = [[]];
  for (let slot = 0; slot < slots; slot++) {
    const isUsable = slot >= row.earliest && slot < row.end && isOpen(market, row, slot);
    patterns = patterns.flatMap((head) => (isUsable ? levels : [0]).map((accelerators) => [...head, accelerators]));
    if (patterns.length > plansMax) throw new RangeError(`too many patterns to try: a market for brute force has fewer slots`);
  }
  const budget = at(market.requests.budget, row.request) + roundOff;
  const moneyOf = (held: readonly number[]) =>
    held.reduce(
      (sum, accelerators, slot) => sum + (accelerators > 0 ? slotMoney(market, { ...row, accelerators }, slot) : 0),
      row.transferMoney + restartsOf(row, held) * row.restartCost,
    );
  return patterns.filter((held) => brokenLaw(market, row, held) === undefined && (budget === infinity || moneyOf(held) <= budget));
}

/** Plans that brute force tries at most. */
const plansMax = 2_000_000;

/** How many plans brute force would look at, capacity aside; a market with too many is refused. */
export const plansOf = (market: Market): number => {
  const choices = new Array<number>(market.requests.count).fill(1);
  for (const row of optionRows(market)) choices[row.request] = at(choices, row.request) + patternsOf(market, row).length;
  return choices.reduce((product, count) => product * count, 1);
};

/**
 * Cost of the cheapest plan by trying every one, accounting currency: all kinds, tiny markets. Time and patterns grow
 * exponentially; a RangeError beyond two million plans.
 */
export function bruteForce(market: Market): number {
  const plans = plansOf(market);
  if (plans > plansMax) throw new RangeError(`brute force tries ${plansMax} plans at most, found ${plans}`);
  const { offers, requests } = market;
  const choices: (Held & { own: number })[][] = Array.from({ length: requests.count }, () => []);
  for (const row of optionRows(market))
    for (const held of patternsOf(market, row)) choices[row.request]?.push({ row, held, own: ownCost(market, row, held) });
  const free = Int32Array.from(offers.capacity);
  const runs: Held[] = [];
  let best = infinity;
  const shift = ({ row, held }: Held, sign: number): boolean => {
    let fits = true;
    held.forEach((accelerators, slot) => {
      const cell = row.pool * offers.slots + slot;
      free[cell] = at(free, cell) + sign * accelerators;
      fits &&= at(free, cell) >= 0 || accelerators === 0;
    });
    return fits;
  };
  const tryFrom = (request: number, cost: number): void => {
    if (request === requests.count) {
      best = Math.min(best, cost + energyCost(market, runs));
      return;
    }
    tryFrom(request + 1, cost + at(requests.unplacedCost, request));
    for (const choice of choices[request] ?? []) {
      runs.push(choice);
      if (shift(choice, -1)) tryFrom(request + 1, cost + choice.own);
      shift(choice, 1);
      runs.pop();
    }
  };
  tryFrom(0, 0);
  return best;
}
