/**
 * What-if: a zone otherwise than it was: more sun and wind, batteries, shocks, heat, outages, calls on demand.
 *
 * Owns the list of changes as plain values and what each does to a zone. The order of the list is the order of events: a
 * battery goes by the zone as the changes before it left it. Nothing is cleared here; `outcome.ts` tells what became of it.
 */
import { marketDay, utcOffset } from '../../energy-oracle/grid/price.ts';
import { DAY, HOUR, type Instant, type Interval, overlap } from '../../units/time.ts';
import { type Battery, batteryDay } from './battery.ts';
import { positionOf, priceOf } from './clearing.ts';
import type { Source } from './emission-factors.ts';
import type { Supply, Zone } from './zone.ts';

/** When a change holds; always when absent. A step that is partly inside is changed for its part. */
interface During {
  readonly interval?: Interval | undefined;
}

export type WhatIf =
  /** Sun or wind offer `by` times as much, by ≥ 0. */
  | ({ readonly kind: 'scale'; readonly source: 'solar' | 'wind'; readonly by: number } & During)
  | ({ readonly kind: 'battery' } & Battery & During)
  /** The price times `by` (≥ 0), then plus `add`, currency per MWh. */
  | ({ readonly kind: 'price-shock'; readonly by: number; readonly add: number } & During)
  /** Demand up by `demandShare` at 17:00 local time, less before and after, nothing at 05:00; sun down by `solarDerate`, 0 to 1. */
  | { readonly kind: 'heat-wave'; readonly demandShare: number; readonly solarDerate: number; readonly interval: Interval }
  /** So much capacity of a source out of order. */
  | ({ readonly kind: 'outage'; readonly source: Source; readonly mw: number } & During)
  /** An outage told by what it does to the signals: currency per MWh, gCO2eq/kWh. */
  | ({ readonly kind: 'signal-outage'; readonly priceAdder: number; readonly carbonAdder: number } & During)
  /** Everyone draws at most this share (0 to 1) of what they would, and pays so much more; what is not drawn is not drawn later either. */
  | { readonly kind: 'demand-response'; readonly maxDrawShare?: number; readonly priceAdder?: number; readonly interval: Interval };

export type Changed =
  | { readonly kind: 'changed'; readonly zone: Zone }
  /** `index` of the change in the list. */
  | { readonly kind: 'refused'; readonly index: number; readonly reason: string };

/** Local time at which a heat wave draws most. */
const hottest = 17 * HOUR;

/** The values with `change` applied to every step that meets the interval; `part` of the step lies in it, 0 < part ≤ 1. */
function during(
  { start, stepMs }: Zone,
  interval: Interval | undefined,
  values: Float64Array,
  change: (value: number, part: number, at: Instant, hour: number) => number,
): Float64Array {
  return values.map((value, hour) => {
    const at = start + hour * stepMs;
    const part = interval ? overlap({ start: at, end: at + stepMs }, interval) / stepMs : 1;
    return part > 0 ? change(value, part, at, hour) : value;
  });
}

/** Share of the hottest hour's load that a heat wave adds at a local time, 0 to 1: a raised cosine about 17:00. */
export const heatAt = (timeZone: string, at: Instant): number =>
  (1 + Math.cos((2 * Math.PI * (at + utcOffset(timeZone, at) - hottest)) / DAY)) / 2;

/** A battery through every market day of the zone that begins in the interval, by prices where there are any, else by residual load. */
function withBattery(zone: Zone, supply: Supply, battery: Battery, interval: Interval | undefined): Supply {
  const { start, stepMs, count, trace } = zone;
  const [charge, stored, discharge] = [supply.chargeMw.slice(), supply.storedMw.slice(), supply.dischargeMw.slice()];
  const hasPrice = zone.price.some((price) => !Number.isNaN(price));
  for (let hour = 0; hour < count; ) {
    const { end } = marketDay(trace.timeZone, start + hour * stepMs);
    const hours = Math.min(count, Math.ceil((end - start) / stepMs)) - hour;
    const first = hour;
    hour += hours;
    const from = start + first * stepMs;
    if (interval && !(from >= interval.start && from < interval.end)) continue;
    const positions = Array.from({ length: hours }, (_, h) => positionOf(supply, first + h));
    const priceAt = (h: number, drawMw: number): number => {
      const position = positions[h] as (typeof positions)[number];
      if (hasPrice) return priceOf(zone, position, drawMw);
      const residual = position.fromMw + position.shiftMw + drawMw;
      return -(position.shiftMw + drawMw) > position.downMw ? Math.min(0, residual) : residual;
    };
    const day = batteryDay(battery, hours, priceAt);
    for (let h = 0; h < hours; h++) {
      const [drawn, given] = [day.chargeMw[h] as number, day.dischargeMw[h] as number];
      charge[first + h] = (charge[first + h] as number) + drawn;
      stored[first + h] = (stored[first + h] as number) + drawn * battery.roundTrip;
      discharge[first + h] = (discharge[first + h] as number) + given;
    }
  }
  return { ...supply, chargeMw: charge, storedMw: stored, dischargeMw: discharge };
}

/** So much of a source out of order: sun and wind offer less, in proportion; others may be asked for less. */
function withOutage(zone: Zone, supply: Supply, { source, mw, interval }: Extract<WhatIf, { kind: 'outage' }>): Supply {
  if (source === 'solar' || source === 'wind') {
    const offered = source === 'solar' ? supply.solarMw : supply.windMw;
    const most = supply.order.heldMostMw[source] ?? offered.reduce((a, b) => Math.max(a, b), 0);
    const left = during(zone, interval, offered, (value, part) => value * (1 - (part * Math.min(mw, most)) / most));
    return source === 'solar' ? { ...supply, solarMw: left } : { ...supply, windMw: left };
  }
  const out = during(zone, interval, supply.outageMw[source] ?? new Float64Array(zone.count), (value, part) => value + part * mw);
  return { ...supply, outageMw: { ...supply.outageMw, [source]: out } };
}

/** What a change is refused for; `undefined` when it can be made. */
function refusalOf({ supply }: Zone, change: WhatIf): string | undefined {
  const source = change.kind === 'scale' || change.kind === 'outage' ? change.source : undefined;
  if (supply)
    return source && !supply.mix.bySource[source]
      ? `the zone has no ${source}; it has ${Object.keys(supply.mix.bySource).join(', ')}`
      : undefined;
  const needsMix = 'only price and carbon of the zone are known: this change needs its generation by source';
  switch (change.kind) {
    case 'price-shock':
    case 'signal-outage':
      return undefined;
    case 'demand-response':
      return change.maxDrawShare === undefined ? undefined : `${needsMix}; a call by price can be made`;
    case 'outage':
      return `${needsMix}; an outage can be told by what it adds to price and carbon`;
    default:
      return needsMix;
  }
}

function changed(zone: Zone, change: WhatIf): Zone {
  const { supply } = zone;
  const on = (values: Float64Array, to: Parameters<typeof during>[3]) => during(zone, change.interval, values, to);
  switch (change.kind) {
    case 'price-shock': {
      const { by, add } = change;
      const factorOf = (part: number) => 1 + part * (by - 1);
      return {
        ...zone,
        priceFactor: on(zone.priceFactor, (value, part) => value * factorOf(part)),
        priceAdder: on(zone.priceAdder, (value, part) => value * factorOf(part) + part * add),
      };
    }
    case 'signal-outage':
      return {
        ...zone,
        priceAdder: on(zone.priceAdder, (value, part) => value + part * change.priceAdder),
        carbonAdder: on(zone.carbonAdder, (value, part) => value + part * change.carbonAdder),
      };
    case 'demand-response': {
      const { interval, maxDrawShare, priceAdder = 0 } = change;
      const priced = {
        ...zone,
        calls: [...zone.calls, { interval, maxDrawShare, priceAdder: change.priceAdder }],
        priceAdder: on(zone.priceAdder, (value, part) => value + part * priceAdder),
      };
      if (!supply || maxDrawShare === undefined) return priced;
      return { ...priced, supply: { ...supply, demandMw: on(supply.demandMw, (value, part) => value * (1 - part * (1 - maxDrawShare))) } };
    }
    default:
      return supply ? { ...zone, supply: resupplied(zone, supply, change) } : zone;
  }
}

/** Changes of the generating side. */
function resupplied(zone: Zone, supply: Supply, change: Extract<WhatIf, { kind: 'scale' | 'battery' | 'outage' | 'heat-wave' }>): Supply {
  const on = (values: Float64Array, to: Parameters<typeof during>[3]) => during(zone, change.interval, values, to);
  switch (change.kind) {
    case 'scale': {
      const scaled = (values: Float64Array) => on(values, (value, part) => value * (1 + part * (change.by - 1)));
      return change.source === 'solar' ? { ...supply, solarMw: scaled(supply.solarMw) } : { ...supply, windMw: scaled(supply.windMw) };
    }
    case 'battery':
      return withBattery(zone, supply, change, change.interval);
    case 'outage':
      return withOutage(zone, supply, change);
    case 'heat-wave': {
      const { demandShare, solarDerate } = change;
      const middle = zone.stepMs / 2;
      return {
        ...supply,
        demandMw: on(supply.demandMw, (mw, part, at) => mw * (1 + part * demandShare * heatAt(zone.trace.timeZone, at + middle))),
        solarMw: on(supply.solarMw, (mw, part) => mw * (1 - part * solarDerate)),
      };
    }
    default:
      return change satisfies never;
  }
}

/**
 * The zone with every change made, in order; the given zone is left as it is.
 *
 * A day of battery foresight is O(hours × levels × power steps); all else is linear in hours.
 */
export function applyWhatIfs(zone: Zone, changes: readonly WhatIf[]): Changed {
  let now = zone;
  for (const [index, change] of changes.entries()) {
    const reason = refusalOf(now, change);
    if (reason) return { kind: 'refused', index, reason };
    now = changed(now, change);
  }
  return { kind: 'changed', zone: now };
}
