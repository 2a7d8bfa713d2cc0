/**
 * Asked span: the zone and the time that a query of Electricity Maps means, or the refusal.
 *
 * Owns the limits of a range and how long a step is. Of several ways to name a place the first that is there counts.
 */
import type { Clock } from '../../../units/clock.ts';
import { DAY, type DurationMs, HOUR, type Instant, type Interval, MINUTE, toIso } from '../../../units/time.ts';
import type { Found, Places, ServedZone } from '../places.ts';
import { refuse } from '../route.ts';
import type { PlaceAsked } from './schema.ts';

export const stepMsOf: Readonly<Record<'5_minutes' | '15_minutes' | 'hourly' | 'daily', DurationMs>> = {
  '5_minutes': 5 * MINUTE,
  '15_minutes': 15 * MINUTE,
  hourly: HOUR,
  daily: DAY,
};
type Granularity = keyof typeof stepMsOf;

const horizonMsDefault: DurationMs = DAY;
const rangeMsMax = (granularity: Granularity): DurationMs => (granularity === 'daily' ? 100 * DAY : 10 * DAY);

/** The zone a query means, by whichever of its fields are there. @throws RefusedError */
export function zoneAsked(places: Places, { zone, lat, lon, dataCenterProvider, dataCenterRegion, countryCode }: PlaceAsked): ServedZone {
  const found = ((): Found | undefined => {
    if (zone !== undefined) return places.zone(zone);
    if (lat !== undefined && lon !== undefined) return places.at(lat, lon);
    if (dataCenterProvider !== undefined && dataCenterRegion !== undefined) return places.dataCentre(dataCenterProvider, dataCenterRegion);
    return countryCode === undefined ? undefined : places.country(countryCode);
  })();
  if (found === undefined)
    return refuse(400, 'name a place: zone, or lat and lon, or dataCenterProvider and dataCenterRegion, or countryCode');
  return found.kind === 'zone' ? found.zone : refuse(404, found.why);
}

/** @throws RefusedError for factors that no feed publishes */
export const lifecycleOnly = (asked: 'lifecycle' | 'direct'): void => {
  if (asked === 'direct')
    refuse(400, 'emissionFactorType: found direct; allowed: lifecycle, for feeds publish one intensity and it is taken as that');
};

/** From the hour that has begun, as far ahead as is asked for. */
export const ahead = (
  clock: Clock,
  asked: { readonly horizonHours?: number | undefined; readonly horizon_hours?: number | undefined },
): Interval => {
  const start = Math.floor(clock.now() / HOUR) * HOUR;
  const hours = asked.horizonHours ?? asked.horizon_hours;
  return { start, end: start + (hours === undefined ? horizonMsDefault : hours * HOUR) };
};

/** The step that holds the instant. @throws RefusedError for what is still to come */
export function past(clock: Clock, at: Instant, stepMs: DurationMs): Interval {
  if (at > clock.now()) refuse(400, `datetime: found ${toIso(at)}; allowed: up to now, ${toIso(clock.now())}`);
  const start = Math.floor(at / stepMs) * stepMs;
  return { start, end: start + stepMs };
}

/** @throws RefusedError for a range that is empty, too long or still to come */
export function range(
  clock: Clock,
  { start, end, temporalGranularity }: { start: Instant; end: Instant; temporalGranularity: Granularity },
): Interval {
  const max = rangeMsMax(temporalGranularity);
  if (end <= start) refuse(400, `end: found ${toIso(end)}; allowed: after start, ${toIso(start)}`);
  if (end - start > max)
    refuse(400, `found ${((end - start) / DAY).toFixed(1)} days; allowed: at most ${max / DAY} days at ${temporalGranularity}`);
  const stepMs = stepMsOf[temporalGranularity];
  const last = Math.floor(clock.now() / stepMs) * stepMs + stepMs;
  const whole = {
    start: Math.floor(start / stepMs) * stepMs,
    end: Math.min(last, Math.ceil(end / stepMs) * stepMs, Math.floor(start / stepMs) * stepMs + max),
  };
  return whole.end > whole.start ? whole : refuse(400, `start: found ${toIso(start)}; allowed: up to now, ${toIso(clock.now())}`);
}
