/**
 * German day-ahead: auction prices beside the forecasts of load and renewables, and the fuels, that bidders knew.
 *
 * Stamps are the market's wall clock: the hour that spring skips is no hour and is left out, of the doubled hour of
 * autumn the second one is a gap. Fuels are told by the close of two days before delivery, the last before the auction.
 */
import type { Archive, Dense } from '../../../energy-oracle/forecast/target.ts';
import { instantsOfLocal } from '../../../energy-oracle/grid/price.ts';
import { DAY } from '../../../units/time.ts';
import { importHourlyTable } from './hourly-table.ts';

/** The market's day begins at midnight here. */
export const germanMarketTimeZone = 'Europe/Berlin';
const place = { latitude: 51, longitude: 10 };
/** The auction's harmonised limit of those years, EUR/MWh. */
const floor = -500;
/** Days that a fuel's close is older than the delivery it is known for. */
const fuelLagDays = 2;
const megawattsPerUnit = 10_000;

/** Price in EUR/MWh as an archive; load, renewables and what is left between them as signals of order one. */
export function importGermanDayAhead(text: string): Archive {
  const table = importHourlyTable(text, (wallMs) => instantsOfLocal(germanMarketTimeZone, wallMs)[0]);
  const column = (name: string): Dense => {
    const found = table[name];
    if (!found) throw new RangeError(`no column ${name}; there are ${Object.keys(table).join(', ')}`);
    return found;
  };
  const load = column('Load_DA_Forecast');
  const renewables = column('Renewables_DA_Forecast');
  const scaled = ({ values, ...grid }: Dense, factor: number): Dense => ({ ...grid, values: values.map((value) => value * factor) });
  const fuel = (name: string, factor: number): Dense => {
    const dense = scaled(column(name), factor);
    return { ...dense, start: dense.start + fuelLagDays * DAY };
  };
  return {
    target: { id: 'DE/day-ahead', kind: 'import-price', ...place, pv: [], ceiling: undefined, floor },
    history: column('Price'),
    signals: {
      loadForecast: scaled(load, 1 / megawattsPerUnit),
      renewablesForecast: scaled(renewables, 1 / megawattsPerUnit),
      residualForecast: scaled(
        { ...load, values: load.values.map((mw, i) => mw - (renewables.values[i] as number)) },
        1 / megawattsPerUnit,
      ),
      carbonPrice: fuel('EUA', 1 / 10),
      coalPrice: fuel('API2_Coal', 1 / 50),
      gasPrice: fuel('TTF_Gas', 1 / 20),
    },
    companions: {},
  };
}
