/**
 * PV forecast source: where the oracle may ask what a site's panels will give, as a port.
 *
 * Another's word on the sun, beside the oracle's own: average power over steps, with when it was issued and fetched, the unit
 * it was found in, and the raw answers. Failing is a fault of the outside world, never a reason to stop.
 */
import type { Instant } from '../../units/time.ts';
import type { SignalStep, UnreadableAnswer } from '../signals/signal-source.ts';
import type { Site } from '../site.ts';
import type { RawMessage } from '../telemetry/telemetry-source.ts';

export interface PvForecast {
  readonly kind: 'pv-forecast';
  readonly source: string;
  readonly site: string;
  readonly issuedAt: Instant | undefined;
  readonly fetchedAt: Instant;
  readonly unitFound: string;
  /** Average power of all arrays, W, in order; a time that no step covers was not told. */
  readonly steps: readonly SignalStep[];
  readonly evidence: readonly RawMessage[];
}

export interface PvForecastSource {
  readonly name: string;
  /** `undefined` of a site without fixed panels. @throws SignalFault */
  ask(site: Pick<Site, 'id' | 'latitude' | 'longitude' | 'pv'>): Promise<PvForecast | UnreadableAnswer | undefined>;
}

export type DecodedPv =
  | { readonly kind: 'pv'; readonly steps: readonly SignalStep[]; readonly issuedAt: Instant | undefined }
  | { readonly kind: 'unreadable'; readonly reason: UnreadableAnswer['reason']; readonly detail: string };

/** The power of several arrays together: told only where each of them is. */
export function sumOfArrays(arrays: readonly (readonly SignalStep[])[]): SignalStep[] {
  const [first = [], ...others] = arrays;
  const byStart = others.map((steps) => new Map(steps.map((step) => [step.start, step])));
  return first.flatMap((step) => {
    const beside = byStart.map((steps) => steps.get(step.start));
    if (beside.some((other) => other?.end !== step.end)) return [];
    return [{ ...step, value: beside.reduce((sum, other) => sum + (other?.value ?? 0), step.value) }];
  });
}
