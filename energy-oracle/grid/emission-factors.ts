/**
 * Emission factors: grams of CO2eq for a kWh of each fuel, over the life cycle and at the stack, each with its source.
 *
 * One table for the world: plants of one zone may be better or worse by a third (a lignite plant emits 1,000 at the stack).
 * What is taken from storage has no factor: it carries what charged it, which a mix does not tell. Sources:
 * [1] Schlömer et al. 2014, IPCC AR5 WG3 Annex III, table A.III.2, medians (solar: of rooftop 41 and utility 48);
 * [2] not in [1]: as CarbonCast (Maji, Shenoy, Sitaraman, BuildSys 2022) and the records of its authors use it.
 */
import type { GramsPerKilowattHour } from '../../units/quantity.ts';
import { gramsPerKilowattHour as g } from '../../units/quantity.ts';
import type { Fuel } from './grid-feed.ts';

export type FactorBasis = 'lifecycle' | 'direct';
export type StorageFuel = 'hydro_storage' | 'battery_storage';
export type SourceFuel = Exclude<Fuel, StorageFuel>;

export interface EmissionFactor {
  /** Construction, fuel supply, operation and end of life. */
  readonly lifecycle: GramsPerKilowattHour;
  /** At the stack; that of biomass is counted where it grew. */
  readonly direct: GramsPerKilowattHour;
  /** Of the header. */
  readonly source: '[1]' | '[2]';
}

export const emissionFactors: Readonly<Record<SourceFuel, EmissionFactor>> = {
  biomass: { lifecycle: g(230), direct: g(0), source: '[1]' },
  coal: { lifecycle: g(820), direct: g(760), source: '[1]' },
  gas: { lifecycle: g(490), direct: g(370), source: '[1]' },
  geothermal: { lifecycle: g(38), direct: g(0), source: '[1]' },
  hydro: { lifecycle: g(24), direct: g(0), source: '[1]' },
  nuclear: { lifecycle: g(12), direct: g(0), source: '[1]' },
  oil: { lifecycle: g(650), direct: g(406), source: '[2]' },
  solar: { lifecycle: g(45), direct: g(0), source: '[1]' },
  wind: { lifecycle: g(11), direct: g(0), source: '[1]' },
  unknown: { lifecycle: g(700), direct: g(575), source: '[2]' },
};
export const sourceFuels = Object.keys(emissionFactors) as readonly SourceFuel[];

/** What burns: the plants that follow the load. */
export const fossilFuels: readonly SourceFuel[] = ['coal', 'gas', 'oil'];
