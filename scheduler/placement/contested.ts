/**
 * Contested surplus: what of a run's surplus the others at its site would have used.
 *
 * Who uses surplus that nobody else wants pays what it could be sold for elsewhere; who takes it from others pays what they
 * lose by that. Looks at one slot of one site under the merit order of `cost.ts`.
 */
import { serveFrom } from './cost.ts';
import type { Load } from './load.ts';
import type { Offers } from './market.ts';

/**
 * The part of its surplus that a run takes from others in a cell, 0 to 1: what they would use if it were not there. O(classes).
 *
 * @param kw  its draw, > 0, part of what `load` says of its rank; a class shares evenly among its runs
 */
export function contestedPart({ classes, drawKw, gridPrice }: Load, offers: Offers, cell: number, rank: number, kw: number): number {
  const tariff = offers.feedInTariff[Math.floor(cell / offers.slots)] as number;
  const row = cell * classes;
  let curtailed = offers.curtailedKw[cell] as number;
  let exportable = offers.exportableKw[cell] as number;
  let [curtailedWithout, exportableWithout] = [curtailed, exportable];
  let own = 0;
  let contested = 0;
  for (let at = 0; at < classes; at++) {
    const draw = drawKw[row + at] as number;
    if (draw <= 0) continue;
    const grid = gridPrice[row + at] as number;
    const others = at === rank ? Math.max(0, draw - kw) : draw;
    const served = serveFrom(curtailed, exportable, tariff, grid, draw);
    const without = serveFrom(curtailedWithout, exportableWithout, tariff, grid, others);
    const surplusKw = served.curtailedKw + served.exportableKw;
    curtailed -= served.curtailedKw;
    exportable -= served.exportableKw;
    curtailedWithout -= without.curtailedKw;
    exportableWithout -= without.exportableKw;
    if (at === rank) own = (surplusKw * kw) / draw;
    contested += without.curtailedKw + without.exportableKw - surplusKw * (others / draw);
  }
  return own > 0 ? Math.min(1, Math.max(0, contested / own)) : 0;
}
