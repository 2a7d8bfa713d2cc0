/**
 * CityLearn homes: groups of measured houses as sites with panels of their own.
 *
 * Reads `load_kw_N` and `pv_kw_N` of an hourly table in UTC. A site is the sum of its homes: its net is the target, its
 * PV and load are the companions. Stamps are hours' starts.
 */
import type { Archive, Dense } from '../../../energy-oracle/forecast/target.ts';
import { type HourlyTable, importHourlyTable } from './hourly-table.ts';

/** Inland southern California, where the homes stand, degrees. */
const place = { latitude: 34.1, longitude: -117.4 };
/** Nameplate of a home's panels, kW. */
const homePeakKw = 4;

/** One archive of `net` kind per group of house numbers, in the order of the groups; kW. */
export function importCityLearnSites(text: string, groups: readonly (readonly number[])[]): Archive[] {
  const table = importHourlyTable(text);
  return groups.map((homes) => {
    const pv = sumOf(table, homes, 'pv_kw_');
    const load = sumOf(table, homes, 'load_kw_');
    const net = { ...pv, values: pv.values.map((kw, i) => kw - (load.values[i] as number)) };
    const ceiling = homePeakKw * homes.length;
    return {
      target: { id: `homes ${homes.join('+')}`, kind: 'net', ...place, pv: [], ceiling, floor: undefined },
      history: net,
      signals: {},
      companions: { pv, load },
    };
  });
}

function sumOf(table: HourlyTable, homes: readonly number[], prefix: string): Dense {
  const columns = homes.map((home) => {
    const column = table[`${prefix}${home}`];
    if (!column) throw new RangeError(`no column ${prefix}${home}; there are ${Object.keys(table).join(', ')}`);
    return column;
  });
  const [{ start, stepMs, values }] = columns as [Dense];
  return { start, stepMs, values: values.map((_, i) => columns.reduce((sum, column) => sum + (column.values[i] as number), 0)) };
}
