/**
 * Electricity Maps v3: the JSON of its carbon-intensity and power-breakdown answers as signals.
 *
 * Owns their shapes (`history`, `data`, `forecast`, or one bare value), the estimated flag, and the names of its modes.
 * Only what is produced in the zone is read of a breakdown. A null is a gap; a value below zero is what storage takes in.
 */
import { z } from 'zod';
import { type DurationMs, HOUR, type Instant, MINUTE, parseInstant } from '../../units/time.ts';
import { type Fuel, generationSignal } from '../grid/grid-feed.ts';
import { parseJson } from '../telemetry/reading.ts';
import { type DecodedSignals, type SignalStep, unreadable } from './signal-source.ts';

/** The API's words for how long a value is. */
export const granularities = { '5_minutes': 5 * MINUTE, '15_minutes': 15 * MINUTE, hourly: HOUR } as const;
export type Granularity = keyof typeof granularities;

const stamp = z.string().transform((text, context): Instant => {
  const instant = parseInstant(text);
  if (instant !== undefined) return instant;
  context.addIssue({ code: 'custom', message: `a stamp with its offset, found ${text.slice(0, 40)}` });
  return z.NEVER;
});

const point = z.object({
  datetime: stamp,
  zone: z.string().optional(),
  updatedAt: stamp.optional(),
  isEstimated: z.boolean().nullish(),
  emissionFactorType: z.string().nullish(),
  carbonIntensity: z.number().nullish(),
  powerProductionBreakdown: z.record(z.string(), z.number().nullable()).nullish(),
});
type Point = z.infer<typeof point>;
const points = z.array(point).max(5_000);
const listed = z.object({
  zone: z.string(),
  history: points.optional(),
  data: points.optional(),
  forecast: points.optional(),
  updatedAt: stamp.optional(),
});
const single = point.extend({ zone: z.string() });

const fuelOf: Readonly<Record<string, Fuel>> = {
  biomass: 'biomass',
  coal: 'coal',
  gas: 'gas',
  geothermal: 'geothermal',
  hydro: 'hydro',
  nuclear: 'nuclear',
  oil: 'oil',
  solar: 'solar',
  wind: 'wind',
  unknown: 'unknown',
  'hydro discharge': 'hydro_storage',
  'battery discharge': 'battery_storage',
};

export interface ElectricityMapsAsked {
  readonly zone: string;
  readonly basis: 'lifecycle' | 'direct';
  readonly stepMs: DurationMs;
}

/** Refuses, with the reason: what is not the API's JSON, another zone, another kind of factor. */
export function decodeElectricityMaps(bytes: Uint8Array, asked: ElectricityMapsAsked): DecodedSignals {
  const message = parseJson(bytes);
  if (!message) return unreadable('not-json', 'the answer is not UTF-8 JSON');
  const lists = listed.safeParse(message.json);
  const list = lists.success ? (lists.data.history ?? lists.data.data ?? lists.data.forecast) : undefined;
  const one = list === undefined ? single.safeParse(message.json) : undefined;
  const found = list ?? (one?.success ? [one.data] : undefined);
  if (!found) return unreadable('schema', z.prettifyError((lists.error ?? one?.error) as z.ZodError));
  const zone = lists.success ? lists.data.zone : one?.data?.zone;
  if (zone !== asked.zone) return unreadable('schema', `asked was zone ${asked.zone}, the answer is of ${zone}`);
  const other = found.find(({ emissionFactorType }) => typeof emissionFactorType === 'string' && emissionFactorType !== asked.basis);
  if (other) return unreadable('schema', `asked were ${asked.basis} factors, the answer has ${other.emissionFactorType}`);
  const issues = [...found.map(({ updatedAt }) => updatedAt), lists.data?.updatedAt].filter((at) => at !== undefined);
  const isForecast = lists.data?.forecast !== undefined && lists.data.history === undefined;
  const steps = (valueIn: (each: Point) => number | null | undefined): SignalStep[] =>
    found.flatMap((each): SignalStep[] => {
      const value = valueIn(each);
      if (value === null || value === undefined || value < 0) return [];
      return [
        {
          start: each.datetime,
          end: each.datetime + asked.stepMs,
          value,
          ...(each.isEstimated ? { estimated: true } : {}),
          ...(isForecast ? { forecast: true } : {}),
        },
      ];
    });
  const carbon = steps(({ carbonIntensity }) => carbonIntensity);
  const generation = Object.entries(fuelOf).flatMap(([name, fuel]) => {
    const told = steps(({ powerProductionBreakdown }) => powerProductionBreakdown?.[name]);
    return told.length > 0 ? [{ signal: generationSignal(fuel), unit: 'MW', unitFound: 'MW', steps: told }] : [];
  });
  return {
    kind: 'signals',
    issuedAt: issues.length > 0 ? Math.max(...issues) : undefined,
    series:
      carbon.length > 0
        ? [{ signal: 'carbon_intensity', unit: 'gCO2eq/kWh', unitFound: 'gCO2eq/kWh', steps: carbon }, ...generation]
        : generation,
  };
}
