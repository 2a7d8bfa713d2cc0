/**
 * Battery: a zone's battery through one market day.
 *
 * Owns the cheapest course of charge from empty to empty, with the day's prices known and moved by the battery itself. It
 * gives back no more than the round trip leaves of what it drew (law 9). What stands for a price is the caller's.
 */

export interface Battery {
  /** The most it draws from and gives to the grid, MW > 0. */
  readonly powerMw: number;
  /** What it can give back when full, MWh > 0. */
  readonly energyMwh: number;
  /** Given back over drawn, 0 < … ≤ 1. */
  readonly roundTrip: number;
}

export interface BatteryDay {
  /** Drawn from the grid, MW ≥ 0 by hour. */
  readonly chargeMw: Float64Array;
  /** Given to the grid, MW ≥ 0 by hour. */
  readonly dischargeMw: Float64Array;
}

/** Parts that what an hour can store, or the whole energy where that is less, is told apart in, at least. */
const stepsOfPower = 20;
const hoursMax = 25;

/**
 * The cheapest course for hourly steps, by dynamic programming over the state of charge (Bellman 1957): perfect foresight
 * within the day, empty at its start and end, no wear. O(hours × levels × power steps), about 24 × 90 × 40 for four hours
 * of storage. Power is used in whole parts of the energy, which may leave up to a twentieth of it unused.
 *
 * @param priceAt  price of the next MWh in an hour when the battery draws so many MW (negative: gives); never falls with
 *   them. NaN bars an hour
 */
export function batteryDay(battery: Battery, hours: number, priceAt: (hour: number, drawMw: number) => number): BatteryDay {
  const { powerMw, roundTrip } = battery;
  const usable = Math.min(battery.energyMwh, hoursMax * powerMw * roundTrip);
  const levels = Math.max(stepsOfPower, Math.ceil((usable * stepsOfPower) / (powerMw * roundTrip)));
  const step = usable / levels; // MWh that can be given back
  const most = (mwh: number) => Math.min(levels, Math.floor(mwh / step + 1e-9));
  const [up, down] = [most(powerMw * roundTrip), most(powerMw)];
  const moves = down + 1 + up; // move m changes the level by m - down
  const cost = new Float64Array(hours * moves);
  for (let h = 0; h < hours; h++) costsOf(cost.subarray(h * moves, (h + 1) * moves), down, step, roundTrip, (drawMw) => priceAt(h, drawMw));
  // `after` holds the least cost from the next hour on, by level; the day ends empty
  const choice = new Int16Array(hours * (levels + 1));
  let after = new Float64Array(levels + 1).fill(Number.POSITIVE_INFINITY);
  after[0] = 0;
  for (let h = hours - 1; h >= 0; h--) {
    const before = new Float64Array(levels + 1);
    for (let level = 0; level <= levels; level++) {
      let best = after[level] as number; // standing still is free, and stands on a tie
      let bestMove = 0;
      for (let move = -Math.min(down, level); move <= Math.min(up, levels - level); move++) {
        const total = (cost[h * moves + down + move] as number) + (after[level + move] as number);
        if (total < best) [best, bestMove] = [total, move];
      }
      before[level] = best;
      choice[h * (levels + 1) + level] = bestMove;
    }
    after = before;
  }
  const day = { chargeMw: new Float64Array(hours), dischargeMw: new Float64Array(hours) };
  let level = 0;
  for (let h = 0; h < hours; h++) {
    const move = choice[h * (levels + 1) + level] as number;
    if (move > 0) day.chargeMw[h] = (move * step) / roundTrip;
    if (move < 0) day.dischargeMw[h] = -move * step;
    level += move;
  }
  return day;
}

/** Money of every move of one hour: the price summed along the way, which the battery moves; standing still costs nothing. */
function costsOf(into: Float64Array, down: number, step: number, roundTrip: number, priceAt: (drawMw: number) => number): void {
  const drawn = step / roundTrip;
  into[down] = 0;
  for (let move = 1; down + move < into.length; move++)
    into[down + move] = (into[down + move - 1] as number) + barred(priceAt((move - 0.5) * drawn)) * drawn;
  for (let move = 1; move <= down; move++)
    into[down - move] = (into[down - move + 1] as number) - barred(priceAt(-(move - 0.5) * step), -1) * step;
}

/** A price that is not known makes every move of its hour too dear. */
const barred = (price: number, sign = 1): number => (Number.isNaN(price) ? sign * 1e12 : price);
