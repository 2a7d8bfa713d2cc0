/**
 * ENTSO-E: the XML documents of the Transparency Platform as signals.
 *
 * Owns document types A44 (prices), A75 (generation by type), A65 (load) and A69 (forecast of wind and sun), codes of
 * production types, curve type A03 (a point that repeats the one before is left out), resolutions of a quarter, half and
 * whole hour, and acknowledgements. Stamps are UTC, so a market day of 23 or 25 hours needs no calendar here. An
 * acknowledgement that nothing matches is an answer without values.
 */
import { XMLParser } from 'fast-xml-parser';
import { z } from 'zod';
import { type DurationMs, HOUR, type Instant, MINUTE, parseDuration, parseInstant } from '../../units/time.ts';
import { type Fuel, generationSignal, type Signal } from '../grid/grid-feed.ts';
import { type DecodedSignals, type SignalSeries, type SignalStep, unreadable } from './signal-source.ts';

/** Code of a production type to ours. Waste, other and other renewable are not known; peat and oil shale are solid fuels. */
const fuelOf: Readonly<Record<string, Fuel>> = {
  B01: 'biomass',
  B02: 'coal',
  B03: 'gas',
  B04: 'gas',
  B05: 'coal',
  B06: 'oil',
  B07: 'coal',
  B08: 'coal',
  B09: 'geothermal',
  B10: 'hydro_storage',
  B11: 'hydro',
  B12: 'hydro',
  B13: 'hydro',
  B14: 'nuclear',
  B15: 'unknown',
  B16: 'solar',
  B17: 'unknown',
  B18: 'wind',
  B19: 'wind',
  B20: 'unknown',
  B25: 'battery_storage',
};

const parser = new XMLParser({
  ignoreAttributes: true,
  removeNSPrefix: true,
  parseTagValue: false,
  processEntities: false, // a document that defines entities of its own is not one of theirs
  isArray: (name) => ['TimeSeries', 'Period', 'Point', 'Reason'].includes(name),
});

const resolutions: readonly DurationMs[] = [15 * MINUTE, 30 * MINUTE, HOUR];
const stamp = z.string().transform((text, context): Instant => {
  const instant = parseInstant(text);
  if (instant !== undefined) return instant;
  context.addIssue({ code: 'custom', message: `a stamp such as 2026-03-28T23:00Z, found ${text.slice(0, 40)}` });
  return z.NEVER;
});
const number = z.string().transform((text, context) => {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  context.addIssue({ code: 'custom', message: `a number, found ${text.slice(0, 40)}` });
  return z.NEVER;
});
const resolution = z.string().transform((text, context): DurationMs => {
  const ms = parseDuration(text);
  if (ms !== undefined && resolutions.includes(ms)) return ms;
  context.addIssue({ code: 'custom', message: `PT15M, PT30M or PT60M, found ${text.slice(0, 40)}` });
  return z.NEVER;
});
const period = z.object({
  timeInterval: z.object({ start: stamp, end: stamp }),
  resolution,
  Point: z
    .array(z.object({ position: number, 'price.amount': number.optional(), quantity: number.optional() }))
    .max(10_000)
    .default([]),
});
type Period = z.infer<typeof period>;
const timeSeries = z.object({
  curveType: z.string().default('A01'),
  'currency_Unit.name': z.string().optional(),
  'price_Measure_Unit.name': z.string().optional(),
  'quantity_Measure_Unit.name': z.string().optional(),
  'outBiddingZone_Domain.mRID': z.unknown().optional(),
  'inBiddingZone_Domain.mRID': z.unknown().optional(),
  'classificationSequence_AttributeInstanceComponent.position': z.string().optional(),
  MktPSRType: z.object({ psrType: z.string() }).optional(),
  Period: z.array(period).max(2_000),
});
type TimeSeries = z.infer<typeof timeSeries>;
const document = z.object({
  type: z.string(),
  'process.processType': z.string().optional(),
  createdDateTime: stamp.optional(),
  TimeSeries: z.array(timeSeries).max(2_000).default([]),
});
const acknowledgement = z.object({ Reason: z.array(z.object({ code: z.string(), text: z.string().default('') })).default([]) });

/** What a page of an answer holds: whether another may follow is told by the number of its time series. */
export type DecodedEntsoe = DecodedSignals & { readonly timeSeries?: number };

/** Refuses, with the reason: what is not its XML, an acknowledgement of anything but missing data, an unknown unit or resolution. */
export function decodeEntsoe(bytes: Uint8Array): DecodedEntsoe {
  let root: Record<string, unknown>;
  try {
    root = parser.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as Record<string, unknown>;
  } catch {
    return unreadable('not-xml', 'the answer is not UTF-8 XML');
  }
  const acknowledged = acknowledgement.safeParse(root['Acknowledgement_MarketDocument']);
  if (acknowledged.success) return readAcknowledgement(acknowledged.data.Reason);
  const found = root['Publication_MarketDocument'] ?? root['GL_MarketDocument'];
  if (found === undefined) return unreadable('schema', 'neither a publication, a generation and load, nor an acknowledgement document');
  const parsed = document.safeParse(found);
  if (!parsed.success) return unreadable('schema', z.prettifyError(parsed.error));
  const { type, createdDateTime, TimeSeries } = parsed.data;
  const isForecast = type === 'A69' || (type === 'A65' && parsed.data['process.processType'] === 'A01');
  const series = type === 'A44' ? pricesOf(TimeSeries) : powerOf(TimeSeries, type, isForecast);
  if (typeof series === 'string') return unreadable('schema', series);
  return { kind: 'signals', issuedAt: createdDateTime, series, timeSeries: TimeSeries.length };
}

function readAcknowledgement(reasons: readonly { readonly code: string; readonly text: string }[]): DecodedEntsoe {
  if (reasons.some(({ text }) => /no matching data found/i.test(text)))
    return { kind: 'signals', issuedAt: undefined, series: [], timeSeries: 0 };
  const said = reasons.map(({ code, text }) => `${code} ${text}`.replace(/[^\x20-\x7e]/g, ' ').slice(0, 200));
  return unreadable('schema', `acknowledgement without data: ${said.join('; ') || 'no reason'}`);
}

/** The steps of a period; what curve type A03 leaves out is the point before again, up to the period's end. */
function stepsOf(
  { timeInterval: { start, end }, resolution: stepMs, Point }: Period,
  curveType: string,
  isForecast: boolean,
): SignalStep[] {
  const told = new Map<number, number>();
  for (const { position, 'price.amount': price, quantity } of Point) {
    const value = price ?? quantity;
    if (value !== undefined) told.set(position, value);
  }
  const steps: SignalStep[] = [];
  let last: number | undefined;
  for (let position = 1, at = start; at + stepMs <= end; position++, at += stepMs) {
    const value = told.get(position) ?? (curveType === 'A03' ? last : undefined);
    last = value;
    if (value !== undefined) steps.push({ start: at, end: at + stepMs, value, ...(isForecast ? { forecast: true } : {}) });
  }
  return steps;
}

/** Of several auctions the first one counts; of several resolutions of one time the finest. */
function pricesOf(all: readonly TimeSeries[]): readonly SignalSeries[] | string {
  const sequence = 'classificationSequence_AttributeInstanceComponent.position';
  const given = all.filter((each) => (each[sequence] ?? '1') === '1');
  const units = new Set<string>();
  const steps: SignalStep[] = [];
  for (const each of given) {
    units.add(`${each['currency_Unit.name'] ?? '?'}/${each['price_Measure_Unit.name'] ?? '?'}`);
    for (const part of each.Period) steps.push(...stepsOf(part, each.curveType, false));
  }
  if (given.length === 0) return [];
  const [unitFound = ''] = units;
  if (units.size > 1 || !/^[A-Z]{3}\/MWH$/.test(unitFound))
    return `expected one currency a MWH, found ${[...units].join(', ').slice(0, 80)}`;
  return [{ signal: 'day_ahead_price', unit: `${unitFound.slice(0, 3)}/MWh`, unitFound, steps: withoutOverlap(steps) }];
}

function withoutOverlap(steps: readonly SignalStep[]): SignalStep[] {
  const taken = new Set<Instant>();
  const quarter = 15 * MINUTE;
  const kept: SignalStep[] = [];
  for (const step of [...steps].sort((a, b) => a.end - a.start - (b.end - b.start) || a.start - b.start)) {
    const quarters = Array.from({ length: (step.end - step.start) / quarter }, (_, i) => step.start + i * quarter);
    if (quarters.some((at) => taken.has(at))) continue;
    for (const at of quarters) taken.add(at);
    kept.push(step);
  }
  return kept.sort((a, b) => a.start - b.start);
}

/** Power by signal; codes of one fuel are summed, and a step counts only where each of them has it. What a zone takes in is no generation. */
function powerOf(all: readonly TimeSeries[], type: string, isForecast: boolean): readonly SignalSeries[] | string {
  const byCode = new Map<string, { readonly signal: Signal; readonly steps: Map<Instant, SignalStep> }>();
  for (const each of all) {
    const unit = each['quantity_Measure_Unit.name'];
    if (unit !== undefined && unit !== 'MAW') return `power is in MAW, found ${unit.slice(0, 16)}`;
    const code = each.MktPSRType?.psrType ?? '';
    const fuel = Object.hasOwn(fuelOf, code) ? fuelOf[code] : undefined;
    const isTakenIn = type === 'A75' && each['inBiddingZone_Domain.mRID'] === undefined && each['outBiddingZone_Domain.mRID'] !== undefined;
    const signal = type === 'A65' ? 'grid_load' : fuel && generationSignal(fuel);
    if (!signal || isTakenIn) continue;
    const known = byCode.get(code) ?? { signal, steps: new Map<Instant, SignalStep>() };
    byCode.set(code, known);
    for (const part of each.Period)
      for (const step of stepsOf(part, each.curveType, isForecast)) if (!known.steps.has(step.start)) known.steps.set(step.start, step);
  }
  const bySignal = new Map<Signal, Map<Instant, SignalStep>[]>();
  for (const { signal, steps } of byCode.values()) bySignal.set(signal, [...(bySignal.get(signal) ?? []), steps]);
  return [...bySignal].map(([signal, parts]) => {
    const [first, ...others] = parts as [Map<Instant, SignalStep>, ...Map<Instant, SignalStep>[]];
    const steps = [...first.values()].flatMap((step): SignalStep[] => {
      const beside = others.map((part) => part.get(step.start));
      if (beside.some((other) => other?.end !== step.end)) return [];
      return [{ ...step, value: beside.reduce((sum, other) => sum + (other?.value ?? 0), step.value) }];
    });
    return { signal, unit: 'MW', unitFound: 'MAW', steps: steps.sort((a, b) => a.start - b.start) };
  });
}
