/** Made-up zones for tests: one to reckon with by hand, and any there could be. */
import fc from 'fast-check';
import { emissionFactors } from '../../../simulator/grid/emission-factors.ts';
import type { GenerationMix } from '../../../simulator/grid/generation-mix.ts';
import { fitMeritOrder, type MeritOrder } from '../../../simulator/grid/merit-order.ts';
import { neverFalling, type PriceCurve } from '../../../simulator/grid/price-curve.ts';
import type { Changed } from '../../../simulator/grid/what-if.ts';
import { type Zone, zoneOfSupply } from '../../../simulator/grid/zone.ts';
import { HOUR } from '../../../units/time.ts';

export const start = Date.UTC(2022, 5, 6);
export const hourAt = (hour: number) => start + hour * HOUR;
/** The hours [from, to) of the zone. */
export const hours = (from: number, to: number) => ({ start: hourAt(from), end: hourAt(to) });
export const all = (count: number, value: number) => new Float64Array(count).fill(value);

/** Coal carries the first 100 MW of residual load, gas what is above; each can give 200 MW, coal no less than 40. */
export const coalThenGas: MeritOrder = {
  responding: ['coal', 'gas'],
  edgesMw: [0, 100, 400],
  shares: [
    [1, 0],
    [0, 1],
  ],
  leastMw: [40, 0],
  mostMw: [200, 200],
  heldMostMw: { nuclear: 100, solar: 80, wind: 20 },
};

/** 20 currency/MWh at no residual load, 60 at 200 MW, 140 at 300 MW and on with that slope. */
const curve = (count: number): PriceCurve => ({ knotsMw: [0, 200, 300], relative: [0.5, 1.5, 3.5], level: all(count, 40) });

/** A day of coal 100, gas 50, nuclear 100, wind 20 and, from 08:00 to 16:00, solar 80 MW at 40 currency/MWh, by life-cycle factors. */
export function handZone(count = 24, withCurve = true): Zone {
  const bySource = {
    coal: all(count, 100),
    gas: all(count, 50),
    nuclear: all(count, 100),
    wind: all(count, 20),
    solar: all(count, 0).map((_, h) => (h % 24 >= 8 && h % 24 < 16 ? 80 : 0)),
  };
  const mix: GenerationMix = { start, stepMs: HOUR, count, bySource };
  return zoneOfSupply(
    { mix, carbon: all(count, Number.NaN) },
    all(count, withCurve ? 40 : Number.NaN),
    { order: coalThenGas, factors: emissionFactors['life-cycle'], curve: withCurve ? curve(count) : undefined },
    { zone: 'HAND', timeZone: 'UTC', priceCurrency: 'EUR' },
  );
}

export function zoneAfter(changed: Changed): Zone {
  if (changed.kind === 'refused') throw new RangeError(changed.reason);
  return changed.zone;
}

export const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0);

const megawatts = (count: number, max: number) =>
  fc
    .array(fc.double({ min: 0, max, noNaN: true }), { minLength: count, maxLength: count })
    .map((values) => Float64Array.from(values, (value) => value + 0)); // no -0

const anyShares = fc
  .tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 9 }), fc.integer({ min: 1, max: 9 }))
  .map((parts) => parts.map((part) => part / sum(parts)));

/** Any zone of two days: any parts in four bins, any curve that never falls, its own carbon or that of its mix. */
export const anyZone: fc.Arbitrary<Zone> = fc
  .record({
    coal: megawatts(48, 200),
    gas: megawatts(48, 300),
    hydro: megawatts(48, 60),
    nuclear: megawatts(48, 100),
    solar: megawatts(48, 150),
    wind: megawatts(48, 150),
    price: fc.array(fc.double({ min: -50, max: 200, noNaN: true }), { minLength: 48, maxLength: 48 }),
    carbon: fc.array(fc.oneof(fc.constant(Number.NaN), fc.double({ min: 0, max: 900, noNaN: true })), { minLength: 48, maxLength: 48 }),
  })
  .chain((record) =>
    fc.record({
      record: fc.constant(record),
      shares: fc.array(anyShares, { minLength: 4, maxLength: 4 }),
      relative: fc.array(fc.double({ min: -1, max: 5, noNaN: true }), { minLength: 6, maxLength: 6 }).map(neverFalling),
    }),
  )
  .map(({ record: { price: prices, carbon, ...bySource }, shares, relative }) => {
    const mix: GenerationMix = { start, stepMs: HOUR, count: 48, bySource };
    const order = { ...fitMeritOrder(mix), edgesMw: [0, 100, 200, 300, 400], shares };
    const price = Float64Array.from(prices, (value) => value + 0);
    const curve = { knotsMw: [0, 100, 200, 300, 400, 500], relative, level: price.map((_, h) => 20 + h) };
    return zoneOfSupply(
      { mix, carbon: Float64Array.from(carbon, (value) => value + 0) },
      price,
      { order, factors: emissionFactors['life-cycle'], curve },
      { zone: 'ANY', timeZone: 'America/Los_Angeles', priceCurrency: 'USD' },
    );
  });
