/**
 * UK Carbon Intensity over HTTP: Great Britain or one of its regions, in half hours, without a key.
 *
 * A question may span fourteen days at most; a longer one is asked in parts.
 */
import { DAY, type Instant, type Interval, MINUTE, toIso } from '../../units/time.ts';
import type { RawMessage } from '../telemetry/telemetry-source.ts';
import { type HttpAsker, httpUrl } from './http-asker.ts';
import { answerOf, type SignalSource } from './signal-source.ts';
import { decodeUkCarbonIntensity } from './uk-carbon-intensity.ts';

export const ukCarbonIntensityUrl = 'https://api.carbonintensity.org.uk';
const rangeMsMax = 14 * DAY;
const freshMs = 10 * MINUTE;

export interface UkCarbonIntensityPorts {
  readonly name: string;
  readonly url?: string;
  readonly asker: HttpAsker;
  readonly now: () => Instant;
  /** 1 to 17; `undefined` is Great Britain. */
  readonly regionId: number | undefined;
}

/** @throws RangeError for what is no HTTP URL */
export function createHttpUkCarbonIntensity({ name, url, asker, now, regionId }: UkCarbonIntensityPorts): SignalSource {
  const base = httpUrl(url ?? ukCarbonIntensityUrl).href.replace(/\/$/, '');
  const questionOf = ({ start, end }: Interval) => {
    const [from, to] = [minuteStamp(start), minuteStamp(end)];
    const path = regionId === undefined ? `/intensity/${from}/${to}` : `/regional/intensity/${from}/${to}/regionid/${regionId}`;
    return { url: new URL(`${base}${path}`), address: `${base}${path}`, freshUntil: () => now() + freshMs };
  };
  return {
    name,
    topics: ['carbon_intensity'],
    async ask(asked) {
      const evidence: RawMessage[] = [];
      for (let start = asked.interval.start; start < asked.interval.end; start += rangeMsMax)
        evidence.push(await asker.ask(questionOf({ start, end: Math.min(asked.interval.end, start + rangeMsMax) })));
      const decoded = evidence.map(({ payload }) => decodeUkCarbonIntensity(payload, { regionId, now: now() }));
      return answerOf(name, asked, decoded, evidence);
    },
  };
}

/** Its own form: no seconds. */
const minuteStamp = (instant: Instant): string => `${toIso(instant).slice(0, 16)}Z`;
