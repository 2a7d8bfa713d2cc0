/**
 * WattTime v3: the JSON of its `historical` and `forecast` answers as signals.
 *
 * Owns the unit (pounds of CO2 a megawatt-hour, 453.59237 g a pound), the stamps (its clients write a space where RFC 3339
 * has a T) and that a region's answer is of that region. `co2_moer` is marginal, `co2_aoer` average.
 */
import { z } from 'zod';
import { type Instant, parseInstant, SECOND } from '../../units/time.ts';
import { parseJson } from '../telemetry/reading.ts';
import { type DecodedSignals, unreadable } from './signal-source.ts';

export const wattTimeTypes = { carbon_intensity_marginal: 'co2_moer', carbon_intensity: 'co2_aoer' } as const;

/** lb/MWh to g/kWh: a pound is 453.59237 g (international avoirdupois), a MWh 1,000 kWh. */
const gramsPerKwhPerLbPerMwh = 0.45359237;

/** A stamp with a `T` or a space before the time, and with or without a colon in its offset. */
export function wattTimeInstant(text: string): Instant | undefined {
  return parseInstant(text.replace(/^(\d{4}-\d\d-\d\d) /, '$1T').replace(/([+-]\d\d)(\d\d)$/, '$1:$2'));
}
const stamp = z.string().transform((text, context): Instant => {
  const instant = wattTimeInstant(text);
  if (instant !== undefined) return instant;
  context.addIssue({ code: 'custom', message: `a stamp with its offset, found ${text.slice(0, 40)}` });
  return z.NEVER;
});
const answer = z.object({
  data: z.array(z.object({ point_time: stamp, value: z.number().nullable() })).max(20_000),
  meta: z.object({
    region: z.string(),
    signal_type: z.string(),
    units: z.string(),
    data_point_period_seconds: z.number().positive().max(86_400),
    generated_at: stamp.nullish(),
  }),
});

/** Refuses, with the reason: what is not the API's JSON, another region or signal, a unit that is not pounds a megawatt-hour. */
export function decodeWattTime(
  bytes: Uint8Array,
  asked: { readonly region: string; readonly signal: keyof typeof wattTimeTypes; readonly isForecast: boolean },
): DecodedSignals {
  const message = parseJson(bytes);
  if (!message) return unreadable('not-json', 'the answer is not UTF-8 JSON');
  const parsed = answer.safeParse(message.json);
  if (!parsed.success) return unreadable('schema', z.prettifyError(parsed.error));
  const { data, meta } = parsed.data;
  if (meta.region !== asked.region || meta.signal_type !== wattTimeTypes[asked.signal])
    return unreadable('schema', `asked was ${wattTimeTypes[asked.signal]} of ${asked.region}, found ${meta.signal_type} of ${meta.region}`);
  if (meta.units !== 'lbs_co2_per_mwh')
    return unreadable('schema', `expected lbs_co2_per_mwh, found ${JSON.stringify(meta.units.slice(0, 40))}`);
  const stepMs = meta.data_point_period_seconds * SECOND;
  const steps = data.flatMap(({ point_time: start, value }) =>
    value === null
      ? []
      : [{ start, end: start + stepMs, value: value * gramsPerKwhPerLbPerMwh, ...(asked.isForecast ? { forecast: true } : {}) }],
  );
  return {
    kind: 'signals',
    issuedAt: meta.generated_at ?? undefined,
    series: [{ signal: asked.signal, unit: 'gCO2eq/kWh', unitFound: meta.units, steps: steps.sort((a, b) => a.start - b.start) }],
  };
}
