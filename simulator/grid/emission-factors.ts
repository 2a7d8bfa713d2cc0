/**
 * Emission factors: gCO2eq per kWh generated, by source.
 *
 * Owns the sources that a generation mix knows and two tables of factors. They are world medians of plants, not measured:
 * records that were computed with other factors are met by a ratio per hour (`zone.ts`), so that nothing changes where
 * nothing is asked.
 */

/** Sources of a generation mix. `other` is what a record calls other, unknown or mixed. */
export const sources = ['coal', 'gas', 'oil', 'nuclear', 'hydro', 'solar', 'wind', 'biomass', 'geothermal', 'other'] as const;
export type Source = (typeof sources)[number];

/** Of the whole life cycle, or of combustion alone. */
export type FactorBasis = 'life-cycle' | 'direct';

/**
 * Life cycle: medians of IPCC AR5 WG3 Annex III, table A.III.2 (coal PC, gas combined cycle, dedicated biomass, hydro,
 * nuclear, wind onshore; solar between its rooftop 41 and utility 48). Oil: 650, Electricity Maps after UK POST 383 (2011).
 * `other`: 700, what Electricity Maps takes for unknown generation.
 *
 * Direct: the same table's direct emissions of coal and gas; oil 406 and unknown 575 are those that the records of
 * `regions-2019-21` were computed with (all other factors of both tables agree with theirs to a gram).
 */
export const emissionFactors: Readonly<Record<FactorBasis, Readonly<Record<Source, number>>>> = {
  'life-cycle': {
    coal: 820,
    gas: 490,
    oil: 650,
    nuclear: 12,
    hydro: 24,
    solar: 45,
    wind: 11,
    biomass: 230,
    geothermal: 38,
    other: 700,
  },
  direct: { coal: 760, gas: 370, oil: 406, nuclear: 0, hydro: 0, solar: 0, wind: 0, biomass: 0, geothermal: 0, other: 575 },
};
