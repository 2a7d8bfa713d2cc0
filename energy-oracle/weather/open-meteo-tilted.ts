/**
 * Open-Meteo tilted: quarter hours of light on a tilted plane (`minutely_15.global_tilted_irradiance`) as power of an array.
 *
 * Light is of the quarter hour before its stamp. Power is the array's peak at 1,000 W/m2, less a performance ratio that
 * stands for heat, dirt, wires and the inverter; the oracle's own model learns these of a site, this one does not.
 */
import { z } from 'zod';
import { MINUTE, SECOND } from '../../units/time.ts';
import { parseJson } from '../telemetry/reading.ts';
import type { DecodedPv } from './pv-forecast-source.ts';

const stepMs = 15 * MINUTE;
/** Light under which a panel's peak power is stated, W/m2 (IEC 60904-3). */
const standardLight = 1_000;
/** Share of its peak that a roof's array gives over a year (IEA PVPS Task 13: 0.8 to 0.9 of new ones). */
export const performanceRatio = 0.85;
/** The most light that a tilted plane has for a quarter hour, W/m2. */
const lightMax = 1_600;

const answer = z.object({
  minutely_15_units: z.object({ time: z.literal('unixtime'), global_tilted_irradiance: z.literal('W/m²') }),
  minutely_15: z.object({
    time: z.array(z.int()).max(2_000),
    global_tilted_irradiance: z.array(z.number().min(0).max(lightMax).nullable()).max(2_000),
  }),
});

/** Refuses, with the reason: what is not its JSON, other units, lists of two lengths, light that no plane has. */
export function decodeOpenMeteoTilted(bytes: Uint8Array, peakKw: number): DecodedPv {
  const refuse = (reason: 'not-json' | 'schema', detail: string): DecodedPv => ({ kind: 'unreadable', reason, detail });
  const message = parseJson(bytes);
  if (!message) return refuse('not-json', 'the answer is not UTF-8 JSON');
  const parsed = answer.safeParse(message.json);
  if (!parsed.success) return refuse('schema', z.prettifyError(parsed.error));
  const { time, global_tilted_irradiance: light } = parsed.data.minutely_15;
  if (time.length !== light.length) return refuse('schema', `expected ${time.length} values, found ${light.length}`);
  const steps = time.flatMap((second, i) => {
    const end = second * SECOND;
    const value = light[i];
    if (value === null || value === undefined) return [];
    return [{ start: end - stepMs, end, value: (value / standardLight) * peakKw * 1_000 * performanceRatio, forecast: true }];
  });
  return { kind: 'pv', steps, issuedAt: undefined };
}
