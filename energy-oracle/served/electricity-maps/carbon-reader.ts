/**
 * Carbon reader: intensities of a zone with estimates in their gaps, and the newest of them.
 *
 * Reads from the store through the zone reader; `carbon.ts` makes points of it. An estimate is the forecast that was in
 * force when the first gap began.
 */
import type { Clock } from '../../../units/clock.ts';
import { DAY, type DurationMs, HOUR, type Instant, type Interval } from '../../../units/time.ts';
import { type Answer, refuse } from '../route.ts';
import { forecastSteps, provenanceText, type ZoneReader } from '../zone-signal.ts';
import { type CarbonBody, carbonPoints, estimatedBody, firstGap, measuredBody } from './carbon.ts';

/** A feed by the hour is out within two; an older value is not the latest any more. */
const latestBehindMs: DurationMs = 2 * HOUR;

/** Measured points with estimates in their gaps. */
export function carbonReader({ clock, reader }: { readonly clock: Clock; readonly reader: ZoneReader }) {
  type Told<T> = { readonly body: T; readonly headers?: Answer['headers'] };
  async function points(
    zone: string,
    interval: Interval,
    stepMs: DurationMs,
    isMeasuredOnly: boolean,
  ): Promise<Told<readonly CarbonBody[]>> {
    const now = clock.now();
    const measured = await reader.measured(zone, 'carbon_intensity', interval, stepMs, now);
    const gap = isMeasuredOnly ? undefined : firstGap(measured, interval, stepMs);
    if (gap === undefined) return { body: carbonPoints(measured, undefined, interval, stepMs) };
    const inForce = (asOf: Instant) => reader.forecast(zone, 'carbon_intensity', { start: gap, end: interval.end }, asOf);
    const estimate = (await inForce(Math.min(gap, now))) ?? (await inForce(now));
    const body = carbonPoints(measured, estimate, interval, stepMs);
    return estimate ? { body, headers: { 'X-Sunward-Provenance': provenanceText(estimate.provenance) } } : { body };
  }
  async function latest(zone: string, stepMs: DurationMs, isMeasuredOnly: boolean): Promise<Told<CarbonBody>> {
    const now = clock.now();
    const measured = await reader.measured(zone, 'carbon_intensity', { start: now - DAY, end: now }, stepMs, now);
    const last = measured.at(-1);
    if (last && (isMeasuredOnly || now - last.end < latestBehindMs)) return { body: measuredBody(last) };
    const start = Math.floor(now / stepMs) * stepMs;
    const estimate = isMeasuredOnly ? undefined : await reader.forecast(zone, 'carbon_intensity', { start, end: start + stepMs }, now);
    const [step] = estimate ? forecastSteps(estimate, { start, end: start + stepMs }, stepMs) : [];
    if (step && estimate)
      return {
        body: estimatedBody(start, step.value, estimate.provenance.issuedAt),
        headers: { 'X-Sunward-Provenance': provenanceText(estimate.provenance) },
      };
    return last ? { body: measuredBody(last) } : refuse(404, `no recent data for zone ${zone}`);
  }
  return { points, latest };
}
