/**
 * GEFCom plant: the power of a solar farm as a share of its nameplate, beside a day-ahead weather forecast.
 *
 * Stamps end their hour and are turned into starts. Radiation and rain are sums since the run's midnight and are taken
 * apart by the day; what is no usual weather variable stays a driver of its own, of order one.
 */
import type { Archive, Dense } from '../../../energy-oracle/forecast/target.ts';
import { HOUR } from '../../../units/time.ts';
import { importHourlyTable } from './hourly-table.ts';

/** Eastern Australia, where the farms stand, degrees. */
const place = { latitude: -35.3, longitude: 149 };
const secondsPerHour = 3_600;
const kelvin = 273.15;

/** @param id  names the target; the table has ECMWF's `VAR…` columns and `POWER` */
export function importGefcomPlant(text: string, id: string): Archive {
  const table = importHourlyTable(text);
  const column = (name: string): Dense => {
    const found = table[name];
    if (!found) throw new RangeError(`${id}: no column ${name}; there are ${Object.keys(table).join(', ')}`);
    return { ...found, start: found.start - HOUR };
  };
  const mapped = (name: string, convert: (value: number) => number): Dense => {
    const dense = column(name);
    return { ...dense, values: dense.values.map(convert) };
  };
  /** Part of each hour in a sum that begins anew every day. */
  const hourly = (name: string, factor: number): Dense => {
    const { start, stepMs, values } = column(name);
    const isFirst = (i: number) => ((start + i * stepMs) / HOUR) % 24 === 0;
    return { start, stepMs, values: values.map((sum, i) => Math.max(0, factor * (isFirst(i) ? sum : sum - (values[i - 1] ?? 0)))) };
  };
  const east = column('VAR165');
  const north = column('VAR166').values;
  const water = (kgPerM2: number) => Math.log1p(1_000 * kgPerM2) / 5;
  return {
    target: { id, kind: 'pv', ...place, pv: [], ceiling: 1, floor: 0 },
    history: column('POWER'),
    signals: {
      shortwave_radiation: hourly('VAR169', 1 / secondsPerHour),
      temperature_2m: mapped('VAR167', (value) => value - kelvin),
      wind_speed_10m: { ...east, values: east.values.map((u, i) => Math.hypot(u, north[i] as number)) },
      precipitation: hourly('VAR228', 1_000),
      cloud: column('VAR164'),
      humidity: mapped('VAR157', (percent) => percent / 100),
      liquid: mapped('VAR78', water),
      ice: mapped('VAR79', water),
      thermal: hourly('VAR175', 1 / secondsPerHour / 400),
    },
    companions: {},
  };
}
