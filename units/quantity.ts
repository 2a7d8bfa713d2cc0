/**
 * Quantities: what a number means, checked by the compiler and free at run time.
 *
 * Owns the base units (kW, kWh, gCO2eq/kWh, money per MWh) and every product between them. Accounts keep
 * whole numbers: watt-hours and milligrams as integers, money as `bigint` micros. Physics keeps floats in
 * the base units. Nothing outside this file multiplies two quantities.
 */

declare const unit: unique symbol;
/** A number that knows its unit; the unit exists for the compiler only. */
export type Quantity<Unit extends string> = number & { readonly [unit]?: Unit };

export type Kilowatts = Quantity<'kW'>;
export type KilowattHours = Quantity<'kWh'>;
/** Whole watt-hours, rounded down: the unit of every energy account. */
export type WattHours = Quantity<'Wh'>;
export type GramsPerKilowattHour = Quantity<'gCO2eq/kWh'>;
/** Whole milligrams of CO2eq: the unit of every carbon account (1 g/kWh × 1 Wh = 1 mg). */
export type Milligrams = Quantity<'mgCO2eq'>;
/** Energy price in the currency of the context, per MWh. May be negative. */
export type PricePerMegawattHour = Quantity<'1/MWh'>;
/** Money in millionths of the accounting currency: 1 EUR/MWh × 1 Wh = 1 µEUR. */
export type Micros = bigint;

export const kilowatts = (value: number): Kilowatts => value as Kilowatts;
export const kilowattHours = (value: number): KilowattHours => value as KilowattHours;
export const gramsPerKilowattHour = (value: number): GramsPerKilowattHour => value as GramsPerKilowattHour;
export const pricePerMegawattHour = (value: number): PricePerMegawattHour => value as PricePerMegawattHour;

/** Whole watt-hours of a positive energy, rounded down, so that no account ever holds more than was measured. */
export function wattHours(value: number): WattHours {
  if (!Number.isFinite(value) || value < 0) throw new RangeError(`watt-hours must be finite and ≥ 0, found ${value}`);
  return Math.floor(value + 1e-9) as WattHours; // 1e-9 Wh forgives the float noise of a sum of parts, not a reading
}

/** Energy drawn at a constant power for a duration. kW × ms → kWh. */
export const energyOver = (power: Kilowatts, durationMs: number): KilowattHours => kilowattHours((power * durationMs) / 3_600_000);

/** Carbon of a whole-Wh energy at an intensity. Wh × g/kWh → mg, rounded to the nearest milligram. */
export const carbonOf = (energy: WattHours, intensity: GramsPerKilowattHour): Milligrams => Math.round(energy * intensity) as Milligrams;

/** Money of a whole-Wh energy at a price. Wh × money/MWh → micros, rounded to nearest; negative when the price is. */
export const moneyOf = (energy: WattHours, price: PricePerMegawattHour): Micros => BigInt(Math.round(energy * price));
