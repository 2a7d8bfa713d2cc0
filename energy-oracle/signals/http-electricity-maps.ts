/**
 * Electricity Maps over HTTP: carbon intensity and generation of a zone, with the `auth-token` header.
 *
 * The last 24 hours are its `history`, which every plan may read; more is asked of `past-range`, ten days at a time.
 */
import { DAY, HOUR, type Instant, type Interval, MINUTE, toIso } from '../../units/time.ts';
import { decodeElectricityMaps, type Granularity, granularities } from './electricity-maps.ts';
import { type HttpAsker, httpUrl } from './http-asker.ts';
import { answerOf, type SignalSource } from './signal-source.ts';

export const electricityMapsUrl = 'https://api.electricitymaps.com/v3';
/** The longest span of `past-range` by the hour. */
const rangeMsMax = 10 * DAY;
/** A value is published some minutes after its step; asking more often tells nothing new. */
const freshMs = 5 * MINUTE;

export interface ElectricityMapsPorts {
  readonly name: string;
  readonly url?: string;
  readonly asker: HttpAsker;
  readonly now: () => Instant;
  readonly token: string | undefined;
  /** Its name of the zone: `DE`, `US-CAL-CISO`. */
  readonly zone: string;
  readonly basis?: 'lifecycle' | 'direct';
  readonly granularity?: Granularity;
}

/** @throws RangeError for what is no HTTP URL */
export function createHttpElectricityMaps(ports: ElectricityMapsPorts): SignalSource {
  const { name, asker, now, token, zone, basis = 'lifecycle', granularity = 'hourly' } = ports;
  const base = httpUrl(ports.url ?? electricityMapsUrl);
  const question = (path: string, more: Readonly<Record<string, string>>) => {
    const url = new URL(`${base.href.replace(/\/$/, '')}/${path}`);
    const asked = { zone, emissionFactorType: basis, temporalGranularity: granularity, ...more };
    for (const [key, value] of Object.entries(asked)) url.searchParams.set(key, value);
    return {
      url,
      address: url.href,
      ...(token === undefined ? {} : { headers: { 'auth-token': token } }),
      freshUntil: () => now() + freshMs,
    };
  };
  return {
    name,
    topics: ['carbon_intensity', 'generation'],
    async ask(asked) {
      const kind = asked.topic === 'generation' ? 'power-breakdown' : 'carbon-intensity';
      const behind: Interval = { start: asked.interval.start, end: Math.min(asked.interval.end, now()) };
      const questions =
        behind.start > now() - DAY - HOUR // its newest value is up to an hour old, and so is its oldest
          ? [question(`${kind}/history`, {})]
          : rangesOf(behind).map(({ start, end }) => question(`${kind}/past-range`, { start: toIso(start), end: toIso(end) }));
      if (asked.interval.end > now() && kind === 'carbon-intensity') questions.push(question(`${kind}/forecast`, {}));
      const evidence = [];
      for (const each of questions) evidence.push(await asker.ask(each));
      const decoded = evidence.map(({ payload }) => decodeElectricityMaps(payload, { zone, basis, stepMs: granularities[granularity] }));
      return answerOf(name, asked, decoded, evidence);
    },
  };
}

function rangesOf({ start, end }: Interval): Interval[] {
  const ranges: Interval[] = [];
  for (let from = start; from < end; from += rangeMsMax) ranges.push({ start: from, end: Math.min(end, from + rangeMsMax) });
  return ranges;
}
