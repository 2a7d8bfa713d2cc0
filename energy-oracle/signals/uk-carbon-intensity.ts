/**
 * UK Carbon Intensity: the JSON of its national and regional answers as carbon intensity.
 *
 * Owns its stamps (no seconds), the two wrappings of regional answers, and what is measured: nationally `actual`, which is
 * null until it is known; a region has a forecast only. Of time that is over, a forecast is an estimate.
 */
import { z } from 'zod';
import { type Instant, parseInstant } from '../../units/time.ts';
import { parseJson } from '../telemetry/reading.ts';
import { type DecodedSignals, type SignalStep, unreadable } from './signal-source.ts';

const stamp = z.string().transform((text, context): Instant => {
  const instant = parseInstant(text);
  if (instant !== undefined) return instant;
  context.addIssue({ code: 'custom', message: `a stamp such as 2018-01-20T12:00Z, found ${text.slice(0, 40)}` });
  return z.NEVER;
});
const period = z.object({
  from: stamp,
  to: stamp,
  intensity: z.object({ forecast: z.number().nullish(), actual: z.number().nullish() }),
});
const periods = z.array(period).max(2_000);
const region = z.object({ regionid: z.int(), data: periods });
const answer = z.union([
  z.object({ data: periods }).transform(({ data }) => ({ regionId: undefined, periods: data })),
  z.object({ data: z.union([region, z.tuple([region])]) }).transform(({ data }) => {
    const { regionid, data: periods } = Array.isArray(data) ? data[0] : data;
    return { regionId: regionid, periods };
  }),
]);

/**
 * Refuses, with the reason: what is not its JSON, another region, a period without length.
 *
 * @param now  what began later is a forecast; earlier, a value that is not actual is an estimate
 */
export function decodeUkCarbonIntensity(
  bytes: Uint8Array,
  { regionId, now }: { readonly regionId: number | undefined; readonly now: Instant },
): DecodedSignals {
  const message = parseJson(bytes);
  if (!message) return unreadable('not-json', 'the answer is not UTF-8 JSON');
  const parsed = answer.safeParse(message.json);
  if (!parsed.success) return unreadable('schema', z.prettifyError(parsed.error));
  if (parsed.data.regionId !== regionId)
    return unreadable('schema', `asked was region ${regionId ?? 'GB'}, the answer is of ${parsed.data.regionId ?? 'GB'}`);
  const steps: SignalStep[] = [];
  for (const { from, to, intensity } of parsed.data.periods) {
    if (to <= from) return unreadable('schema', `a period ends at ${to}, which is not after its start ${from}`);
    const value = intensity.actual ?? intensity.forecast;
    if (value === null || value === undefined) continue;
    const guess = to > now ? { forecast: true } : { estimated: true };
    steps.push({ start: from, end: to, value, ...(typeof intensity.actual === 'number' ? {} : guess) });
  }
  return {
    kind: 'signals',
    issuedAt: undefined,
    series: [{ signal: 'carbon_intensity', unit: 'gCO2eq/kWh', unitFound: 'gCO2/kWh', steps: steps.sort((a, b) => a.start - b.start) }],
  };
}
