/**
 * Factors and fuels: what the UK Carbon Intensity API calls a fuel, and the grams that its method counts for each.
 *
 * The factors are those of its published method (Staffell 2017 and the GridCarbon project), whole gCO2/kWh; they are shown and
 * not used: what is answered as intensity is the feed's.
 */
import { type Fuel, fuels } from '../../grid/grid-feed.ts';

export const factors: Readonly<Record<string, number>> = {
  Biomass: 120,
  Coal: 937,
  'Dutch Imports': 474,
  'French Imports': 53,
  'Gas (Combined Cycle)': 394,
  'Gas (Open Cycle)': 651,
  Hydro: 0,
  'Irish Imports': 458,
  Nuclear: 0,
  Oil: 935,
  Other: 300,
  'Pumped Storage': 0,
  Solar: 0,
  Wind: 0,
};

const names = ['biomass', 'coal', 'imports', 'gas', 'nuclear', 'other', 'hydro', 'solar', 'wind'] as const;
type Name = (typeof names)[number];

const nameOf: Readonly<Record<Fuel, Name>> = {
  biomass: 'biomass',
  coal: 'coal',
  gas: 'gas',
  geothermal: 'other',
  hydro: 'hydro',
  nuclear: 'nuclear',
  oil: 'other',
  solar: 'solar',
  wind: 'wind',
  unknown: 'other',
  hydro_storage: 'other',
  battery_storage: 'other',
};

/** Shares of generation, percent to a tenth; what the load exceeds generation by is imports. Empty when nothing is known. */
export function generationMix(
  generation: Readonly<Partial<Record<Fuel, number>>>,
  load: number | undefined,
): readonly { readonly fuel: Name; readonly perc: number }[] {
  const megawatts = new Map<Name, number>();
  for (const fuel of fuels) {
    const own = generation[fuel];
    if (own !== undefined) megawatts.set(nameOf[fuel], (megawatts.get(nameOf[fuel]) ?? 0) + own);
  }
  const produced = [...megawatts.values()].reduce((sum, value) => sum + value, 0);
  if (load !== undefined && megawatts.size > 0) megawatts.set('imports', Math.max(0, load - produced));
  const total = [...megawatts.values()].reduce((sum, value) => sum + value, 0);
  if (total <= 0) return [];
  return names.map((fuel) => ({ fuel, perc: Math.round((1_000 * (megawatts.get(fuel) ?? 0)) / total) / 10 }));
}
