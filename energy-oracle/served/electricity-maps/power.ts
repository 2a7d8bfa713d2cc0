/**
 * Power: a zone's generation by fuel in the words of Electricity Maps' power breakdown, MW.
 *
 * Owns the names of fuels, what counts as renewable and fossil-free, and what is said of consumption. Exchanges with
 * neighbours are not known one by one: what the load exceeds generation by is imported and of unknown source; where
 * generation exceeds the load, all sources are exported alike.
 */
import { type Fuel, fuels } from '../../grid/grid-feed.ts';

/** MW of a step; a fuel that is not told is absent. */
export interface Mix {
  readonly generation: Readonly<Partial<Record<Fuel, number>>>;
  readonly load: number | undefined;
}

const nameOf = (fuel: Fuel): string =>
  fuel === 'hydro_storage' ? 'hydro discharge' : fuel === 'battery_storage' ? 'battery discharge' : fuel;

/** Discharge is neither: where its energy came from is not told. */
const renewables: readonly Fuel[] = ['biomass', 'geothermal', 'hydro', 'solar', 'wind'];

type Breakdown = Record<string, number | null>;

export interface PowerBody {
  readonly powerConsumptionBreakdown: Breakdown;
  readonly powerProductionBreakdown: Breakdown;
  readonly powerImportBreakdown: Breakdown;
  readonly powerExportBreakdown: Breakdown;
  readonly fossilFreePercentage: number | null;
  readonly renewablePercentage: number | null;
  readonly powerConsumptionTotal: number | null;
  readonly powerProductionTotal: number | null;
  readonly powerImportTotal: number | null;
  readonly powerExportTotal: number | null;
}

/** The breakdown of one step, whole MW; percentages are of consumption. */
export function powerBody({ generation, load }: Mix): PowerBody {
  const produced = fuels.reduce((sum, fuel) => sum + (generation[fuel] ?? 0), 0);
  const imported = load === undefined ? undefined : Math.max(0, load - produced);
  const exported = load === undefined ? undefined : Math.max(0, produced - load);
  const kept = exported === undefined || produced === 0 ? 1 : 1 - exported / produced;
  const consumed = (fuel: Fuel): number | undefined => {
    const own = generation[fuel];
    if (fuel !== 'unknown') return own === undefined ? undefined : own * kept;
    return own === undefined && !imported ? undefined : (own ?? 0) * kept + (imported ?? 0);
  };
  const total = load ?? produced;
  const share = (these: readonly Fuel[]): number | null =>
    total > 0 ? Math.min(100, Math.round((100 * these.reduce((sum, fuel) => sum + (consumed(fuel) ?? 0), 0)) / total)) : null;
  return {
    powerConsumptionBreakdown: named(consumed),
    powerProductionBreakdown: named((fuel) => generation[fuel]),
    powerImportBreakdown: {},
    powerExportBreakdown: {},
    fossilFreePercentage: share([...renewables, 'nuclear']),
    renewablePercentage: share(renewables),
    powerConsumptionTotal: Math.round(total),
    powerProductionTotal: Math.round(produced),
    powerImportTotal: whole(imported),
    powerExportTotal: whole(exported),
  };
}

const whole = (value: number | undefined): number | null => (value === undefined ? null : Math.round(value));

const named = (wanted: (fuel: Fuel) => number | undefined): Breakdown =>
  Object.fromEntries(fuels.map((fuel) => [nameOf(fuel), whole(wanted(fuel))]));
