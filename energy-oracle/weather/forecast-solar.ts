/**
 * Forecast.Solar: the JSON of its `estimate` as average power over steps.
 *
 * Owns what its maps stand for: `watt_hours_period` is the energy since the stamp before, so a step ends at its stamp and
 * power is energy over its length; the first stamp of a day is sunrise, with nothing before it, and the last is sunset. The
 * night between is told as nothing by the sun itself: it is zero there.
 */
import { z } from 'zod';
import { HOUR, type Instant, parseInstant } from '../../units/time.ts';
import type { SignalStep } from '../signals/signal-source.ts';
import { parseJson } from '../telemetry/reading.ts';
import type { DecodedPv } from './pv-forecast-source.ts';

const answer = z.object({
  result: z.object({ watt_hours_period: z.record(z.string().max(40), z.number().nonnegative()) }),
  message: z.object({
    code: z.int(),
    text: z.string().optional(),
    info: z.object({ time_utc: z.string().optional() }).optional(),
  }),
});
/** No stamp of a day is further from the one before: a longer pause is the night. */
const stepMsMax = 2 * HOUR;

/** Refuses, with the reason: what is not its JSON, an error in its message, a stamp without its offset. */
export function decodeForecastSolar(bytes: Uint8Array): DecodedPv {
  const refuse = (reason: 'not-json' | 'schema', detail: string): DecodedPv => ({ kind: 'unreadable', reason, detail });
  const message = parseJson(bytes);
  if (!message) return refuse('not-json', 'the answer is not UTF-8 JSON');
  const parsed = answer.safeParse(message.json);
  if (!parsed.success) return refuse('schema', z.prettifyError(parsed.error));
  const { code, text, info } = parsed.data.message;
  if (code !== 0) return refuse('schema', `error ${code}: ${(text ?? '').replace(/[^\x20-\x7e]/g, ' ').slice(0, 200)}`);
  const told: { readonly at: Instant; readonly wattHours: number }[] = [];
  for (const [stamp, wattHours] of Object.entries(parsed.data.result.watt_hours_period)) {
    const at = parseInstant(stamp);
    if (at === undefined) return refuse('schema', `stamps have their offset (ask with time=utc), found ${stamp}`);
    told.push({ at, wattHours });
  }
  told.sort((a, b) => a.at - b.at);
  const steps: SignalStep[] = [];
  for (const [i, { at, wattHours }] of told.entries()) {
    const before = told[i - 1]?.at;
    if (before === undefined || at <= before) continue;
    const isNight = at - before > stepMsMax;
    steps.push({ start: before, end: at, value: isNight ? 0 : (wattHours * HOUR) / (at - before), forecast: true });
  }
  return { kind: 'pv', steps, issuedAt: info?.time_utc === undefined ? undefined : parseInstant(info.time_utc) };
}
