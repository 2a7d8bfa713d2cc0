/**
 * Signals file: the `signals` section of a fleet file, read and checked: per zone, whom to ask for what.
 *
 * Keys are never written here, only where they are: the name of a variable of the environment, or a file. What is left out
 * has a default for its signal. `signal-sources.ts` makes sources of it.
 */
import { z } from 'zod';
import { type CombineRule, toleratedOf } from '../energy-oracle/signals/combine.ts';
import type { PanelRule } from '../energy-oracle/signals/panel.ts';
import type { SignalTopic } from '../energy-oracle/signals/signal-source.ts';
import { type DurationMs, HOUR, MINUTE, parseDuration } from '../units/time.ts';

const secret = z.union([
  z.strictObject({ env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'the name of a variable') }),
  z.strictObject({ file: z.string().min(1) }),
]);
export type SecretPlace = z.infer<typeof secret>;

const shared = {
  name: z
    .string()
    .regex(/^[a-z0-9-]{1,32}$/)
    .optional(),
  url: z.url({ protocol: /^https?$/ }).optional(),
};
const basis = z.enum(['lifecycle', 'direct']).default('lifecycle');
const source = z.discriminatedUnion('from', [
  z.strictObject({
    from: z.literal('electricity-maps'),
    ...shared,
    key: secret.optional(),
    zone: z.string().min(1).max(40),
    basis,
    granularity: z.enum(['5_minutes', '15_minutes', 'hourly']).default('hourly'),
  }),
  z.strictObject({ from: z.literal('watttime'), ...shared, user: secret, password: secret, region: z.string().min(1).max(60) }),
  z.strictObject({
    from: z.literal('entsoe'),
    ...shared,
    key: secret,
    domain: z.string().regex(/^[0-9A-Z-]{16}$/, 'an EIC code of 16 characters'),
    basis,
  }),
  z.strictObject({ from: z.literal('uk-carbon-intensity'), ...shared, region: z.int().min(1).max(17).optional() }),
  z.strictObject({ from: z.literal('awattar'), ...shared }),
  z.strictObject({
    from: z.literal('energy-charts'),
    ...shared,
    bzn: z.string().max(40).optional(),
    country: z.string().max(8).optional(),
    basis,
  }),
  z.strictObject({
    from: z.literal('octopus'),
    ...shared,
    product: z.string().min(1).max(60),
    tariff: z.string().min(1).max(60),
    vat: z.enum(['inc', 'exc']).default('exc'),
    payment: z.string().max(40).default('DIRECT_DEBIT'),
  }),
]);
export type SourceEntry = z.infer<typeof source>;

const duration = (min: DurationMs, max: DurationMs) =>
  z.string().transform((text, context): DurationMs => {
    const ms = parseDuration(text);
    if (ms !== undefined && ms >= min && ms <= max) return ms;
    context.addIssue({ code: 'custom', message: `a duration from ${min / MINUTE} m to ${max / HOUR} h, such as 15m` });
    return z.NEVER;
  });

const panel = z
  .strictObject({
    sources: z.array(source).min(1).max(16),
    step: z.enum(['15m', '30m', '60m', '1h']).optional(),
    /** How many may lie; f of n ≥ 3f + 1 unless told. */
    tolerated: z.int().min(0).max(5).optional(),
    deviation: z.strictObject({ absolute: z.number().nonnegative(), relative: z.number().min(0).max(10) }).optional(),
    heartbeat: duration(MINUTE, 72 * HOUR).optional(),
    stale: duration(MINUTE, 168 * HOUR).optional(),
    leaveOut: duration(MINUTE, 168 * HOUR).optional(),
    belowQuorum: z.enum(['gap', 'mark']).default('gap'),
  })
  .refine(({ sources, tolerated }) => tolerated === undefined || sources.length >= 2 * tolerated + 1, {
    path: ['tolerated'],
    message: 'with f that may lie a value needs 2f + 1 sources; list more of them, or tolerate fewer',
  });
export type PanelEntry = z.infer<typeof panel>;

/** One zone: where its market days are, its price's currency, and the sources of each signal. */
const zone = z.strictObject({
  timeZone: z.string().refine(isTimeZone, 'an IANA name such as Europe/Berlin'),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/, 'an ISO 4217 code')
    .optional(),
  day_ahead_price: panel.optional(),
  carbon_intensity: panel.optional(),
  carbon_intensity_marginal: panel.optional(),
  grid_load: panel.optional(),
  generation: panel.optional(),
});
export const signalsSection = z.record(z.string().regex(/^[A-Z0-9-]{1,32}$/, 'a zone such as DE-LU'), zone);
export type SignalsSection = z.infer<typeof signalsSection>;

/** Whom to ask what a site's panels will give. */
export const pvForecastSection = z.strictObject({
  sources: z
    .array(
      z.discriminatedUnion('from', [
        z.strictObject({ from: z.literal('forecast-solar'), url: shared.url, key: secret.optional() }),
        z.strictObject({ from: z.literal('open-meteo'), url: shared.url }),
      ]),
    )
    .min(1)
    .refine((sources) => new Set(sources.map(({ from }) => from)).size === sources.length, 'each service once'),
});
export type PvForecastSection = z.infer<typeof pvForecastSection>;

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

type RuleDefaults = Pick<PanelRule, 'stepMs' | 'deviation' | 'heartbeatMs' | 'staleMs'>;
/** A price is published once a day and is the same everywhere; what is measured comes within hours and by several methods. */
const defaults: Readonly<Record<SignalTopic, RuleDefaults>> = {
  day_ahead_price: { stepMs: HOUR, deviation: { absolute: 2, relative: 0.05 }, heartbeatMs: 8 * HOUR, staleMs: 30 * HOUR },
  carbon_intensity: { stepMs: HOUR, deviation: { absolute: 60, relative: 0.35 }, heartbeatMs: 2 * HOUR, staleMs: 6 * HOUR },
  carbon_intensity_marginal: { stepMs: HOUR, deviation: { absolute: 150, relative: 0.5 }, heartbeatMs: 2 * HOUR, staleMs: 6 * HOUR },
  grid_load: { stepMs: HOUR, deviation: { absolute: 500, relative: 0.25 }, heartbeatMs: 2 * HOUR, staleMs: 6 * HOUR },
  generation: { stepMs: HOUR, deviation: { absolute: 500, relative: 0.25 }, heartbeatMs: 2 * HOUR, staleMs: 6 * HOUR },
};
const leaveOutMsDefault = 6 * HOUR;

/** The rule of a panel: what the file says, and the defaults of its signal. */
export function ruleOf(topic: SignalTopic, entry: PanelEntry): PanelRule {
  const { stepMs, deviation, heartbeatMs, staleMs } = defaults[topic];
  const rule: CombineRule = {
    stepMs: entry.step === undefined ? stepMs : (parseDuration(entry.step) as DurationMs),
    tolerated: entry.tolerated ?? toleratedOf(entry.sources.length),
    deviation: entry.deviation ?? deviation,
    belowQuorum: entry.belowQuorum,
  };
  const heartbeat = entry.heartbeat ?? Math.min(heartbeatMs, entry.stale ?? heartbeatMs);
  return {
    ...rule,
    heartbeatMs: heartbeat,
    staleMs: Math.max(heartbeat, entry.stale ?? staleMs),
    leaveOutMs: entry.leaveOut ?? leaveOutMsDefault,
  };
}
