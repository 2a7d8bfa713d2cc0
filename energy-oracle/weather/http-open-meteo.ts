/**
 * Open-Meteo over HTTP: asks a forecast API, public or self-hosted, for the weather of a place.
 *
 * Owns the question, its limits (time, size, attempts) and waiting between attempts; `Retry-After` is kept to when it is
 * short. What cannot get better by asking again (a 4xx) is not asked again. Parameters in the given URL, such as an
 * `apikey`, go along and never appear in a fault.
 */
import type { Clock } from '../../units/clock.ts';
import { type DurationMs, SECOND } from '../../units/time.ts';
import { answerBytesMax, openMeteoNames } from './open-meteo.ts';
import { WeatherFault, type WeatherService } from './weather-service.ts';

export const attemptsMax = 3;
const answerMsMax: DurationMs = 10 * SECOND;
const backoffMsMin: DurationMs = SECOND;
/** A service that wants to be left alone for longer is asked at the next hour. */
const backoffMsMax: DurationMs = 30 * SECOND;
/** From 00:00 UTC of the day: at its last hour still five whole days ahead. */
const forecastDays = 6;
const detailMax = 200;

export interface HttpOpenMeteoPorts {
  /** `https://api.open-meteo.com/v1/forecast` or a server of one's own. */
  readonly url: string;
  readonly clock: Clock;
  readonly wait: (durationMs: DurationMs) => Promise<void>;
  /** How long one answer may take, ms; 10 s unless told. */
  readonly timeoutMs?: DurationMs;
}

/** A service that is asked anew at each call. @throws RangeError for what is no HTTP URL */
export function createHttpOpenMeteo({ url, clock, wait, timeoutMs = answerMsMax }: HttpOpenMeteoPorts): WeatherService {
  if (!/^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : ''))
    throw new RangeError(`the weather service needs an http or https URL, found ${JSON.stringify(url)}`);
  return {
    name: 'open-meteo',
    async fetch(place) {
      const question = questionOf(url, place);
      const address = withoutSecrets(question);
      for (let attempt = 1; ; attempt++) {
        const asked = await ask(question, timeoutMs);
        if (asked.kind === 'answer') return { topic: address, payload: asked.bytes, receivedAt: clock.now() };
        const { status, what, retryAfterMs, cause } = asked;
        const waitMs = Math.max(retryAfterMs ?? 0, backoffMsMin * 2 ** (attempt - 1));
        if (!asked.mayPass || attempt >= attemptsMax || waitMs > backoffMsMax)
          throw new WeatherFault({ address, attempts: attempt, status, what }, cause);
        await wait(waitMs);
      }
    },
  };
}

function questionOf(url: string, { latitude, longitude }: { readonly latitude: number; readonly longitude: number }): URL {
  const question = new URL(url);
  const asked = {
    latitude: latitude.toFixed(4),
    longitude: longitude.toFixed(4),
    hourly: openMeteoNames.join(','),
    wind_speed_unit: 'ms',
    timeformat: 'unixtime',
    forecast_days: String(forecastDays),
    past_days: '0',
  };
  for (const [name, value] of Object.entries(asked)) question.searchParams.set(name, value);
  return question;
}

/** Scheme, host, path and place: enough to find the question, nothing that was entrusted. */
const withoutSecrets = ({ origin, pathname, searchParams }: URL): string =>
  `${origin}${pathname}?latitude=${searchParams.get('latitude')}&longitude=${searchParams.get('longitude')}`;

type Asked =
  | { readonly kind: 'answer'; readonly bytes: Uint8Array }
  | {
      readonly kind: 'failed';
      /** True when the same question may be answered later. */
      readonly mayPass: boolean;
      readonly what: string;
      readonly status?: number;
      readonly retryAfterMs?: DurationMs;
      readonly cause?: unknown;
    };

async function ask(question: URL, timeoutMs: DurationMs): Promise<Asked> {
  try {
    const response = await fetch(question, { signal: AbortSignal.timeout(timeoutMs), headers: { accept: 'application/json' } });
    const { status } = response;
    const bytes = await bodyOf(response);
    if (!bytes) return { kind: 'failed', mayPass: false, status, what: `the answer is longer than ${answerBytesMax} bytes` };
    if (response.ok) return { kind: 'answer', bytes };
    const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
    return {
      kind: 'failed',
      mayPass: status === 429 || status >= 500,
      status,
      what: `HTTP ${status}${reasonIn(bytes)}`,
      ...(seconds >= 0 ? { retryAfterMs: seconds * SECOND } : {}),
    };
  } catch (cause) {
    const timedOut = cause instanceof Error && cause.name === 'TimeoutError';
    return { kind: 'failed', mayPass: true, what: timedOut ? `no answer within ${timeoutMs} ms` : 'cannot be reached', cause };
  }
}

/** The whole body; `undefined` when it is longer than anything that would be looked at. */
async function bodyOf(response: Response): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    length += part.length;
    if (length > answerBytesMax) return undefined; // leaving the loop cancels the rest
    parts.push(part);
  }
  return Uint8Array.from(Buffer.concat(parts));
}

/** What the API says of its refusal, shortened; the body is a stranger's text. */
function reasonIn(bytes: Uint8Array): string {
  try {
    const { reason } = JSON.parse(Buffer.from(bytes).toString('utf8')) as { reason?: unknown };
    return typeof reason === 'string' ? `: ${reason.replace(/[^\x20-\x7e]/g, ' ').slice(0, detailMax)}` : '';
  } catch {
    return ''; // no JSON: the status has to do
  }
}
