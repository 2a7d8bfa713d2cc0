/**
 * Weather desk: what a site's provider says its sky will be, honestly imperfect, signed and sent as forecasts are.
 *
 * Owns the error. Every six hours an issue tells 96 hours of cloud cover and of the light under it: the plant's own sky
 * plus an error whose standard deviation grows with the square root of the lead, from 0.12 of the sky at once to 0.37
 * after four days, before covers below 0 or above 1 are cut off. Half of its variance belongs to the hour that is
 * forecast, so that issues agree with each other more than with what comes; half belongs to the issue. Both change over
 * six hours, as weather does. Light follows the wrong sky. A pure function of seed, site and issue; where the sky is not
 * known there is a gap. The plant has no temperature and no wind, so nothing is said of them.
 */
import type { SigningKey, Site } from '../../energy-oracle/site.ts';
import { irradianceAt } from '../../energy-oracle/sun/clear-sky.ts';
import type { Draft, Sender } from '../../energy-oracle/telemetry/sender.ts';
import { encodeWeather, type WeatherVariable, weatherTopic, weatherUnits } from '../../energy-oracle/weather/weather-feed.ts';
import type { Series } from '../../units/series.ts';
import { type DurationMs, HOUR, type Instant, type Interval, SLOT } from '../../units/time.ts';
import { randomStream } from '../kernel/random.ts';

export const issueEveryMs: DurationMs = 6 * HOUR;
const horizonHours = 96;
/** Standard deviation of the cover's error: at once, and what four days add. */
const errorAtOnce = 0.12;
const errorAdded = 0.25;
/** Hours between independent errors; straight lines between them. */
const knotHours = 6;

export type SkySite = Pick<Site, 'id' | 'latitude' | 'longitude'>;

/** Standard deviation of the error of cloud cover at a lead, before cutting off at 0 and 1. */
export const coverErrorAt = (leadMs: DurationMs): number =>
  errorAtOnce + errorAdded * Math.sqrt(Math.max(0, leadMs) / (horizonHours * HOUR));

export interface SkyIssue {
  readonly issuedAt: Instant;
  /** Hourly from `issuedAt` on, share of the sky; a gap where the sky is not known. */
  readonly cloudCover: Series;
  /** Light on a level plane, W/m2. */
  readonly shortwaveRadiation: Series;
}

/** Issues that fall in `[start, end)`, oldest first. `cloudCoverAt` is the true sky, 0 to 1. */
export function skyIssuesIn(
  site: SkySite,
  { start, end }: Interval,
  cloudCoverAt: (instant: Instant) => number | undefined,
  seed: number,
): SkyIssue[] {
  const issues: SkyIssue[] = [];
  for (let at = Math.ceil(start / issueEveryMs) * issueEveryMs; at < end; at += issueEveryMs)
    issues.push(skyIssue(site, at, cloudCoverAt, seed));
  return issues;
}

function skyIssue(site: SkySite, issuedAt: Instant, cloudCoverAt: (instant: Instant) => number | undefined, seed: number): SkyIssue {
  const common = (knot: number) => randomStream(seed, `sky/${site.id}/${knot}`).normal();
  const own = (knot: number) => randomStream(seed, `sky/${site.id}/${issuedAt}/${knot}`).normal();
  const [commonAt, ownAt] = [between(issuedAt, common), between(issuedAt, own)];
  const covers = Array.from({ length: horizonHours }, (_, hour) => {
    const centre = issuedAt + (hour + 0.5) * HOUR;
    const truth = cloudCoverAt(centre);
    if (truth === undefined) return undefined;
    const error = coverErrorAt(centre - issuedAt) * Math.SQRT1_2 * (commonAt(centre) + ownAt(centre));
    return Math.round(Math.max(0, Math.min(1, truth + error)) * 1_000) / 1_000; // also hides the last bit of a logarithm
  });
  const light = covers.map((cover, hour) => (cover === undefined ? undefined : lightOver(site, issuedAt + hour * HOUR, cover)));
  const series = (values: readonly (number | undefined)[]): Series => ({ start: issuedAt, stepMs: HOUR, values });
  return { issuedAt, cloudCover: series(covers), shortwaveRadiation: series(light) };
}

/** Normals at knots that lie on a grid of hours for all issues, straight lines between, scaled to keep their variance. */
function between(from: Instant, normalAt: (knot: number) => number): (instant: Instant) => number {
  const first = Math.floor(from / (knotHours * HOUR));
  const knots = Array.from({ length: horizonHours / knotHours + 2 }, (_, i) => normalAt(first + i));
  return (instant) => {
    const place = instant / (knotHours * HOUR) - first;
    const knot = Math.floor(place);
    const part = place - knot;
    const line = (knots[knot] ?? 0) * (1 - part) + (knots[knot + 1] ?? 0) * part;
    return line / Math.sqrt(part ** 2 + (1 - part) ** 2);
  };
}

/** Mean light of an hour under one cover, W/m2 in tenths: the sun of the centre of each of its slots. */
function lightOver({ latitude, longitude }: SkySite, start: Instant, cover: number): number {
  let sum = 0;
  for (let slot = start; slot < start + HOUR; slot += SLOT) sum += irradianceAt(slot + SLOT / 2, latitude, longitude, cover).global;
  return Math.round((sum * SLOT * 10) / HOUR) / 10;
}

export interface WeatherDesk {
  open(): Promise<void>;
  /** Sends every issue of the interval; resolves when the oracle's receipts have come. Told before, it tells nothing. */
  tell(issued: Interval): Promise<void>;
  close(): Promise<void>;
}

export function createWeatherDesk({
  site,
  key,
  seed,
  cloudCoverAt,
  sender,
}: {
  readonly site: Site;
  readonly key: SigningKey;
  readonly seed: number;
  readonly cloudCoverAt: (instant: Instant) => number | undefined;
  readonly sender: Sender;
}): WeatherDesk {
  const { id, provider } = site;
  const draft = (variable: WeatherVariable, issuedAt: Instant, series: Series): Draft => ({
    stream: variable,
    topic: weatherTopic(provider, id, variable),
    end: issuedAt,
    encode: (seq) => encodeWeather({ provider, site: id, variable, issuedAt, ...series, unit: weatherUnits[variable], seq }, key),
  });
  return {
    open: () => sender.open(),
    tell: async (issued) => {
      const issues = skyIssuesIn(site, issued, cloudCoverAt, seed);
      if (issues.length === 0) return;
      await sender.send([
        ...issues.map(({ issuedAt, cloudCover }) => draft('cloud_cover', issuedAt, cloudCover)),
        ...issues.map(({ issuedAt, shortwaveRadiation }) => draft('shortwave_radiation', issuedAt, shortwaveRadiation)),
      ]);
    },
    close: () => sender.close(),
  };
}
