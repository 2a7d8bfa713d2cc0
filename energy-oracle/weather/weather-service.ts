/**
 * Weather service: where the oracle may ask for the weather of a place, as a port.
 *
 * One method that fetches an answer as it is, to be kept as evidence; what it means is the decoder's. None is the
 * default: without a service nothing is ever asked. Failing is a fault of the outside world, never a reason to stop.
 */
import type { RawMessage } from '../telemetry/telemetry-source.ts';

export interface WeatherService {
  /** Stands as the provider of what was fetched: `open-meteo`. No site's provider may be called so. */
  readonly name: string;
  /** The newest answer for a place, with the address (without secrets) as its topic. @throws WeatherFault */
  fetch(place: { readonly latitude: number; readonly longitude: number }): Promise<RawMessage>;
}

/** The service did not answer, or not with a forecast. */
export class WeatherFault extends Error {
  /** Address without secrets. */
  readonly address: string;
  readonly attempts: number;
  /** HTTP status of the last attempt; `undefined` when there was no answer. */
  readonly status: number | undefined;
  constructor(fault: { address: string; attempts: number; status?: number | undefined; what: string }, cause?: unknown) {
    super(`${fault.address}: ${fault.what} (attempt ${fault.attempts})`, cause === undefined ? undefined : { cause });
    this.name = 'WeatherFault';
    this.address = fault.address;
    this.attempts = fault.attempts;
    this.status = fault.status;
  }
}
