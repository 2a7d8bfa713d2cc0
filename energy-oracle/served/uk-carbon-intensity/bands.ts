/**
 * Bands: from which intensity on a half hour of Great Britain counts as low, moderate, high or very high, by year.
 *
 * The bands narrow every year towards 2030. The rows from 2021 on are those that published clients of the API carry; values
 * that the API gave in 2026 agree with its row (168 g/kWh moderate, 170 high). Earlier years take the row of 2018, which the
 * API's own examples show (266 g/kWh moderate). Later years than the last row take the last.
 */
import type { Instant } from '../../../units/time.ts';

export type Index = 'very low' | 'low' | 'moderate' | 'high' | 'very high';

type Row = readonly [low: number, moderate: number, high: number, veryHigh: number];

const firstYear = 2021;
const early: Row = [80, 180, 280, 380];
const rows: readonly Row[] = [
  [50, 140, 220, 330],
  [45, 130, 210, 310],
  [40, 120, 200, 290],
  [35, 110, 190, 270],
  [30, 100, 180, 250],
  [25, 90, 170, 230],
  [20, 80, 160, 210],
  [15, 70, 150, 190],
  [10, 60, 140, 170],
  [5, 50, 130, 150],
];

const indices: readonly Index[] = ['very low', 'low', 'moderate', 'high', 'very high'];

/** Index of an intensity, g/kWh, in the year of an instant (UTC). */
export function indexOf(intensity: number, at: Instant): Index {
  const year = new Date(at).getUTCFullYear();
  const row = year < firstYear ? early : (rows[Math.min(year - firstYear, rows.length - 1)] as Row);
  const rounded = Math.round(intensity);
  return indices[row.filter((from) => rounded >= from).length] as Index;
}
