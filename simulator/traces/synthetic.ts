/**
 * Synthetic: years of price, carbon intensity and cloud that never were, drawn from fitted statistics.
 *
 * Owns the drawing; what is drawn from is `statistics.json` (see `statistics.ts`). Each calendar month of a zone has
 * exactly its fitted distribution, whatever the seed: chance decides the order in which mild and harsh hours come, not
 * how many there are. A month does not depend on how much of it is asked for. Zones are drawn apart: real neighbours
 * share weather, these do not, so gains from moving work between neighbours are on the high side.
 */
import { DAY, HOUR, type Instant } from '../../units/time.ts';
import { type RandomStream, randomStream } from '../kernel/random.ts';
import type { GridTrace } from './grid-trace.ts';
import calibration from './statistics.json' with { type: 'json' };
import {
  type GridStatistics,
  type LocalCalendar,
  localCalendar,
  parseStatistics,
  probabilities,
  type SignalStatistics,
  seasonOf,
  type TariffStatistics,
  type ZoneStatistics,
} from './statistics.ts';

/** The statistics that ship with the simulator: twelve zones. Parsed at each call; keep the result. */
export const calibratedStatistics = (): GridStatistics => parseStatistics(calibration);

export interface SyntheticYear {
  /** Zones in the order wanted; all that have statistics when absent. */
  readonly zones?: readonly string[];
  /** First hour; a whole hour of UTC. */
  readonly start: Instant;
  readonly days: number;
  readonly seed: number;
  readonly statistics: GridStatistics;
}

/** A drawn trace; unlike an imported one it always knows its clouds and has no gap. */
export interface SyntheticTrace extends GridTrace {
  readonly cloudCover: NonNullable<GridTrace['cloudCover']>;
}

/**
 * One trace a zone: hourly price (market currency per MWh), life-cycle carbon intensity (gCO2eq/kWh), cloud cover [0, 1].
 *
 * The same seed gives the same values, whichever other zones are drawn. Refuses an unknown zone, a start off the hour
 * or less than one day with a RangeError. O(hours log hours) a zone.
 */
export function syntheticYear({ zones, start, days, seed, statistics }: SyntheticYear): SyntheticTrace[] {
  if (!(Number.isSafeInteger(days) && days > 0)) throw new RangeError(`days must be a whole number above 0, found ${days}`);
  const known = new Map(statistics.zones.map((zone) => [zone.zone, zone]));
  return (zones ?? [...known.keys()]).map((name) => {
    const zone = known.get(name);
    if (!zone) throw new RangeError(`no statistics for zone ${name}; known are ${[...known.keys()].join(', ')}`);
    return drawZone(zone, start, days * 24, randomStream(seed, `grid/${name}`));
  });
}

/** More than the longest month: how far around the span to look for its months' ends. */
const MONTH_MARGIN_DAYS = 32;

function drawZone(zone: ZoneStatistics, start: Instant, hours: number, random: RandomStream): SyntheticTrace {
  const margin = MONTH_MARGIN_DAYS * 24;
  const around = localCalendar(zone.timeZone, start - MONTH_MARGIN_DAYS * DAY, hours + 2 * margin);
  const from = around.month.indexOf(around.month[margin] as number);
  const to = around.month.lastIndexOf(around.month[margin + hours - 1] as number) + 1;
  const calendar: LocalCalendar = {
    month: around.month.subarray(from, to),
    hour: around.hour.subarray(from, to),
    dayKind: around.dayKind.subarray(from, to),
  };
  const weathers = [zone.price.kind === 'weather' ? zone.price : zone.carbonIntensity, zone.carbonIntensity, zone.cloudCover] as const;
  const [priceRest, carbonRest, cloudRest] = drawRests(weathers, zone.coupling, to - from, random);
  const series = (values: number[]) => ({ start, stepMs: HOUR, values: values.slice(margin - from, margin - from + hours) });
  return {
    zone: zone.zone,
    timeZone: zone.timeZone,
    priceCurrency: zone.priceCurrency,
    priceIsDayAhead: zone.priceIsDayAhead,
    price: series(zone.price.kind === 'tariff' ? tariffValues(zone.price, calendar) : weatherValues(zone.price, priceRest, calendar)),
    carbonIntensity: series(weatherValues(zone.carbonIntensity, carbonRest, calendar)),
    cloudCover: series(weatherValues(zone.cloudCover, cloudRest, calendar)),
  };
}

type Triple<Value> = readonly [Value, Value, Value];

/** Hours drawn and thrown away, so that a span does not begin calm. */
const WARM_UP_HOURS = 480;

/** The standardised rest of three signals: a smooth slow part (AR(1) of an AR(1)) and a fast one, variances adding to one, driven together. */
function drawRests(
  signals: Triple<SignalStatistics>,
  { slow, fast }: ZoneStatistics['coupling'],
  hours: number,
  random: RandomStream,
): Triple<Float64Array> {
  const drawSlow = correlatedNormals(slow, random);
  const drawFast = correlatedNormals(fast, random);
  const parts = signals.map(({ slowShare, slowPersistence, fastPersistence }) => ({
    slowPersistence,
    fastPersistence,
    slowScale: Math.sqrt((slowShare * (1 - slowPersistence ** 2) ** 3) / (1 + slowPersistence ** 2)),
    fastScale: Math.sqrt((1 - slowShare) * (1 - fastPersistence ** 2)),
    driver: 0,
    slow: 0,
    fast: 0,
    rest: new Float64Array(hours),
  }));
  for (let i = -WARM_UP_HOURS; i < hours; i++) {
    const slowStep = drawSlow();
    const fastStep = drawFast();
    for (let k = 0; k < 3; k++) {
      const part = parts[k] as (typeof parts)[number];
      part.driver = part.slowPersistence * part.driver + part.slowScale * (slowStep[k] as number);
      part.slow = part.slowPersistence * part.slow + part.driver;
      part.fast = part.fastPersistence * part.fast + part.fastScale * (fastStep[k] as number);
      if (i >= 0) part.rest[i] = part.slow + part.fast;
    }
  }
  return parts.map((part) => part.rest) as unknown as Triple<Float64Array>;
}

/** Draws three correlated standard normals (Cholesky); correlations that no three variables can have are shrunk until they can. */
function correlatedNormals(correlations: Triple<number>, random: RandomStream): () => Float64Array {
  let [xy, xz, yz] = correlations;
  while (1 - xy * xy - xz * xz - yz * yz + 2 * xy * xz * yz < 1e-6) [xy, xz, yz] = [xy * 0.95, xz * 0.95, yz * 0.95];
  const secondOwn = Math.sqrt(1 - xy * xy);
  const thirdSecond = (yz - xy * xz) / secondOwn;
  const thirdOwn = Math.sqrt(1 - xz * xz - thirdSecond * thirdSecond);
  const drawn = new Float64Array(3);
  return () => {
    const [first, second, third] = [random.normal(), random.normal(), random.normal()];
    drawn[0] = first;
    drawn[1] = xy * first + secondOwn * second;
    drawn[2] = xz * first + thirdSecond * second + thirdOwn * third;
    return drawn;
  };
}

/** Values of a signal: score each hour, rank the scores within their month, read the month's quantile at the rank. */
function weatherValues({ quantiles, shape, weekend, spread }: SignalStatistics, rest: Float64Array, calendar: LocalCalendar): number[] {
  const values = new Array<number>(rest.length);
  for (let monthStart = 0; monthStart < rest.length; ) {
    const month = calendar.month[monthStart] as number;
    let monthEnd = monthStart;
    while (monthEnd < rest.length && calendar.month[monthEnd] === month) monthEnd++;
    const calendarMonth = month % 12;
    const monthShape = shape[calendarMonth] as number[];
    const monthSpread = spread[seasonOf(calendarMonth)] as number[];
    const hourlyMeans = meansByHour(rest, calendar.hour, monthStart, monthEnd);
    const scores = new Float64Array(monthEnd - monthStart);
    for (let i = 0; i < scores.length; i++) {
      const hour = calendar.hour[monthStart + i] as number;
      const daily = (monthShape[hour] as number) + (calendar.dayKind[monthStart + i] === 0 ? 0 : (weekend[hour] as number));
      scores[i] = daily + (monthSpread[hour] as number) * ((rest[monthStart + i] as number) - (hourlyMeans[hour] as number));
    }
    const sorted = scores.slice().sort();
    const valueOfRank = ranksToValues(quantiles[calendarMonth] as number[], scores.length);
    for (let i = 0; i < scores.length; i++) values[monthStart + i] = valueOfRank[rankOf(sorted, scores[i] as number)] as number;
    monthStart = monthEnd;
  }
  return values;
}

/** Mean of the rest at each local hour of a month; the fit left none, so the drawing takes it out. */
function meansByHour(rest: Float64Array, hours: Uint8Array, from: number, to: number): Float64Array {
  const sums = new Float64Array(24);
  const counts = new Float64Array(24);
  for (let i = from; i < to; i++) {
    const hour = hours[i] as number;
    sums[hour] = (sums[hour] as number) + (rest[i] as number);
    counts[hour] = (counts[hour] as number) + 1;
  }
  return sums.map((sum, hour) => sum / (counts[hour] as number));
}

/** Index of the first sorted value that is not below the one sought. */
function rankOf(sorted: Float64Array, sought: number): number {
  let low = 0;
  let high = sorted.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as number) < sought) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The value of each rank of a month of `count` hours, linear between quantiles, in hundredths. */
function ranksToValues(quantiles: readonly number[], count: number): number[] {
  let segment = 1;
  return Array.from({ length: count }, (_, rank) => {
    const probability = (rank + 0.5) / count;
    while ((probabilities[segment] as number) < probability) segment++;
    const low = probabilities[segment - 1] as number;
    const part = (probability - low) / ((probabilities[segment] as number) - low);
    const below = quantiles[segment - 1] as number;
    return Math.round((below + part * ((quantiles[segment] as number) - below)) * 100) / 100 + 0; // + 0 turns −0 into 0
  });
}

function tariffValues({ levels, schedule }: TariffStatistics, { month, hour, dayKind }: LocalCalendar): number[] {
  return Array.from(month, (monthNumber, i) => {
    const letters = schedule[monthNumber % 12]?.[dayKind[i] as number] as string;
    return levels[letters.charCodeAt(hour[i] as number) - 97] as number;
  });
}
