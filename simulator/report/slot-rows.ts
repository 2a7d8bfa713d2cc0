/**
 * Slot rows: a run slot by slot and site by site, as lines of CSV; the first column is `time`, as tools expect it.
 *
 * Power is the average over the slot that begins at `time` (UTC). A gap of a record is an empty cell. Rows reach to the end of
 * the study, and on for as long as jobs of this run still run.
 */
import { HOUR, toIso } from '../../units/time.ts';
import type { StudyRun } from '../study/run.ts';
import { endOf, type Study, slotStart } from '../study/study.ts';

/** What a column of a file of results holds. */
export interface ColumnMeaning {
  readonly name: string;
  /** Empty for names and flags. */
  readonly unit: string;
  readonly meaning: string;
}

/** The columns of `slotRows`, in order. */
export const slotColumns = (currency: string): readonly ColumnMeaning[] => [
  { name: 'time', unit: 'UTC', meaning: 'start of the slot' },
  { name: 'policy', unit: '', meaning: 'policy of the run' },
  { name: 'seed', unit: '', meaning: 'seed of the run' },
  { name: 'site', unit: '', meaning: 'id of the site' },
  { name: 'zone', unit: '', meaning: 'zone of price and carbon that the site lies in' },
  { name: 'draw_kw', unit: 'kW', meaning: 'draw of the jobs at the grid connection, PUE included' },
  { name: 'curtailed_kw', unit: 'kW', meaning: 'part of the draw served by surplus that could not be exported' },
  { name: 'exportable_kw', unit: 'kW', meaning: 'part of the draw served by surplus that could be exported' },
  { name: 'grid_kw', unit: 'kW', meaning: 'part of the draw served by the grid' },
  { name: 'curtailable_kw', unit: 'kW', meaning: 'surplus that could not be exported, used or not' },
  { name: 'net_kw', unit: 'kW', meaning: 'generation less own load of the site, before jobs; above 0 is surplus' },
  { name: 'accelerators_held', unit: '1', meaning: 'accelerators that jobs hold' },
  { name: 'starts', unit: '1', meaning: 'jobs that start' },
  { name: `price_${currency.toLowerCase()}_per_mwh`, unit: `${currency}/MWh`, meaning: 'price of grid energy' },
  { name: 'carbon_intensity_g_per_kwh', unit: 'gCO2eq/kWh', meaning: 'average intensity of grid energy' },
  { name: 'marginal_intensity_g_per_kwh', unit: 'gCO2eq/kWh', meaning: 'marginal intensity of grid energy; empty where nobody knows it' },
  { name: 'carbon_g', unit: 'gCO2eq', meaning: 'grid energy of the slot × average intensity; transfer stands with the jobs' },
];

/** One line, ended. */
export const csvLine = (cells: readonly string[]): string => `${cells.map(quoted).join(',')}\n`;

const quoted = (cell: string): string => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

/** Rounded to a millionth of its unit; a gap is empty. */
const cell = (value: number): string => (Number.isNaN(value) ? '' : String(Math.round(value * 1e6) / 1e6 + 0));

/** One past the last slot of the study that a run has to tell of. O(jobs). */
export function slotsTold({ slots, workload }: Study, { runs }: StudyRun): number {
  let end = slots;
  for (let job = 0; job < workload.count; job++) if ((runs.site[job] as number) >= 0) end = Math.max(end, endOf(workload, runs, job));
  return end;
}

/** The rows of a run, by time and then by site, in pieces of a slot. O(sites × slots). */
export function* slotRows(study: Study, run: StudyRun): Generator<string> {
  const { sites, truth, slotMs } = study;
  const width = study.slots + study.tail;
  const hours = slotMs / HOUR;
  const { held, starts, curtailedKw, exportableKw, gridKw, curtailableKw } = run.accounts.slots;
  const [policy, seed] = [quoted(run.policy), String(run.seed)];
  const names = sites.map(({ id, zone }) => `${policy},${seed},${quoted(id)},${quoted(zone)}`);
  for (let slot = 0, end = slotsTold(study, run); slot < end; slot++) {
    const time = toIso(slotStart(study, slot));
    let piece = '';
    for (let site = 0; site < sites.length; site++) {
      const [at, true_] = [site * width + slot, site * truth.slots + truth.lead + slot];
      const intensity = truth.carbonIntensity[true_] as number;
      const grid = gridKw[at] as number;
      piece += `${time},${names[site]},${cell((curtailedKw[at] as number) + (exportableKw[at] as number) + grid)},${cell(curtailedKw[at] as number)},${cell(exportableKw[at] as number)},${cell(grid)},${cell(curtailableKw[at] as number)},${cell(truth.netKw[true_] as number)},${held[at]},${starts[at]},${cell(truth.price[true_] as number)},${cell(intensity)},${cell(truth.marginalIntensity[true_] as number)},${cell(grid === 0 ? 0 : grid * hours * intensity)}\n`;
    }
    yield piece;
  }
}
