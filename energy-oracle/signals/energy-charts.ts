/**
 * Energy-Charts: the columnar JSON of its `price` and `public_power` as signals.
 *
 * Owns its names of fuels, its unix seconds and its nulls. The length of a step is what most of its stamps are apart; one
 * that is followed by a hole is no longer than that. A null is a gap, and so is power below zero: that is storage filling.
 */
import { z } from 'zod';
import { type DurationMs, HOUR, type Instant, SECOND } from '../../units/time.ts';
import { type Fuel, generationSignal, type Signal } from '../grid/grid-feed.ts';
import { parseJson } from '../telemetry/reading.ts';
import { type DecodedSignals, type SignalSeries, type SignalStep, unreadable } from './signal-source.ts';

const column = z.array(z.number().nullable()).max(40_000);
const seconds = z.array(z.int().positive().max(8.64e12)).max(40_000);
const answer = z.object({
  unix_seconds: seconds.nullable(),
  price: column.nullish(),
  unit: z.string().nullish(),
  production_types: z.array(z.object({ name: z.string().max(100), data: column })).nullish(),
});

/** In lower case, without what is not a letter. */
const fuelOf: Readonly<Record<string, Fuel>> = {
  biomass: 'biomass',
  fossilbrowncoallignite: 'coal',
  fossilhardcoal: 'coal',
  fossilpeat: 'coal',
  fossiloilshale: 'coal',
  fossilgas: 'gas',
  fossilcoalderivedgas: 'gas',
  fossiloil: 'oil',
  geothermal: 'geothermal',
  hydrorunofriver: 'hydro',
  hydrowaterreservoir: 'hydro',
  hydropumpedstorage: 'hydro_storage',
  battery: 'battery_storage',
  batterydischarge: 'battery_storage',
  nuclear: 'nuclear',
  solar: 'solar',
  windonshore: 'wind',
  windoffshore: 'wind',
  waste: 'unknown',
  others: 'unknown',
  otherrenewables: 'unknown',
};

/** Refuses, with the reason: what is not its JSON, columns of several lengths, stamps out of order, a unit that is no currency a MWh. */
export function decodeEnergyCharts(bytes: Uint8Array): DecodedSignals {
  const message = parseJson(bytes);
  if (!message) return unreadable('not-json', 'the answer is not UTF-8 JSON');
  const parsed = answer.safeParse(message.json);
  if (!parsed.success) return unreadable('schema', z.prettifyError(parsed.error));
  const { unix_seconds, price, unit: unitFound, production_types = [] } = parsed.data;
  const starts = (unix_seconds ?? []).map((second) => second * SECOND);
  const columns = [...(price ? [price] : []), ...(production_types ?? []).map(({ data }) => data)];
  const odd = columns.find((each) => each.length !== starts.length);
  if (odd) return unreadable('schema', `expected ${starts.length} values in each column, found ${odd.length}`);
  if (starts.some((start, i) => i > 0 && start <= (starts[i - 1] as Instant))) return unreadable('schema', 'unix_seconds are out of order');
  const stepMs = usualStep(starts);
  const stepsOf = (values: readonly (number | null)[], isPower: boolean): SignalStep[] =>
    starts.flatMap((start, i) => {
      const value = values[i];
      if (value === null || value === undefined || (isPower && value < 0)) return [];
      return [{ start, end: Math.min(start + stepMs, starts[i + 1] ?? Number.POSITIVE_INFINITY), value }];
    });
  const series: SignalSeries[] = [];
  if (price) {
    const found = /^([A-Za-z]{3})\s*\/\s*MWh$/.exec(unitFound ?? '');
    if (!found) return unreadable('schema', `expected a unit such as EUR / MWh, found ${JSON.stringify(unitFound ?? null)}`);
    const unit = `${(found[1] as string).toUpperCase()}/MWh`;
    series.push({ signal: 'day_ahead_price', unit, unitFound: unitFound ?? unit, steps: stepsOf(price, false) });
  }
  const power = new Map<Signal, (number | null)[]>();
  for (const { name, data } of production_types ?? []) {
    const key = name.toLowerCase().replace(/[^a-z]/g, '');
    const fuel = Object.hasOwn(fuelOf, key) ? fuelOf[key] : undefined;
    const signal = fuel ? generationSignal(fuel) : key === 'load' ? 'grid_load' : undefined;
    if (!signal) continue; // shares, sums and trade
    const before = power.get(signal);
    power.set(signal, before ? before.map((sum, i) => sumOf(sum, data[i] ?? null)) : [...data]);
  }
  for (const [signal, values] of power) series.push({ signal, unit: 'MW', unitFound: 'MW', steps: stepsOf(values, true) });
  return { kind: 'signals', issuedAt: undefined, series };
}

/** Two columns of one fuel: known only where both are. */
const sumOf = (a: number | null, b: number | null): number | null => (a === null || b === null ? null : a + b);

/** What most neighbouring stamps are apart; an hour when there is one stamp. */
function usualStep(starts: readonly Instant[]): DurationMs {
  const count = new Map<DurationMs, number>();
  for (const [i, start] of starts.entries()) {
    if (i === 0) continue;
    const apart = start - (starts[i - 1] as Instant);
    count.set(apart, (count.get(apart) ?? 0) + 1);
  }
  const [most] = [...count].sort(([a, m], [b, n]) => n - m || a - b);
  return Math.min(most?.[0] ?? HOUR, HOUR);
}
