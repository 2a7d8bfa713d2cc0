/**
 * Mishaps: everything that goes wrong in a scenario, as one plain value, and how it is written in a file.
 *
 * Owns the words and their limits; what each does is told in `plant/`. A scenario without mishaps has none of their
 * machinery. Names and durations are written as in the job file; `from` is RFC 3339 or counts from the scenario's start.
 */
import { z } from 'zod';
import { duration, issue, quantity } from '../scheduler/queue/field.ts';
import { kilowattHours, kilowatts } from '../units/quantity.ts';
import { DAY, type DurationMs, HOUR, type Instant, type Interval, MINUTE, parseDuration, parseInstant } from '../units/time.ts';
import { batteryControllers, type PlantBattery } from './plant/battery.ts';

/**
 * `grid`: the site has no power: its agent and its meters are silent, and what ran there falls back to its last checkpoint.
 * `network`: work goes on, but nobody hears of it: readings wait in the spool, and leases may run out.
 */
export const outageKinds = ['grid', 'network'] as const;
export type OutageKind = (typeof outageKinds)[number];

/** An outage at a known time. */
export interface Outage extends Interval {
  readonly site: string;
  readonly kind: OutageKind;
}

/** Outages that come by chance: times between are exponential, each lasts equally long. */
export interface OutageHazard {
  /** Absent: every site, each by its own dice. */
  readonly sites?: readonly string[] | undefined;
  readonly kind: OutageKind;
  /** From the end of one to the start of the next, ms > 0. */
  readonly meanTimeBetween: DurationMs;
  readonly duration: DurationMs;
}

/** What surplus is made of. */
const surplusStreams = ['pv_power', 'load_power'] as const;
export type SurplusStream = (typeof surplusStreams)[number];

/** A meter, or its line, that does not tell the truth for a while. */
export type TelemetryFault = Interval & { readonly site: string } & (
    | /** The line to the oracle is away; the spool keeps what was metered. */ { readonly fault: 'gap' }
    /** The meter's clock runs ahead by so much (behind if negative), and its readings grow by so many percent a day. */
    | { readonly fault: 'drift'; readonly clockMs: number; readonly gainPercentPerDay: number }
    /** Somebody sends `copies` old signed messages before each new one. */
    | { readonly fault: 'replay'; readonly copies: number }
    /** Somebody without the meter's key sends, before each message, the same with `factor` times its value. */
    | { readonly fault: 'forgery'; readonly factor: number }
    /** The provider lies: the stream times `factor`, signed by the meter's own key. */
    | { readonly fault: 'scale'; readonly stream: SurplusStream; readonly factor: number }
    /** The sensor stands still at what it showed when the fault began. */
    | { readonly fault: 'stuck'; readonly stream: SurplusStream }
  );

export interface Mishaps {
  readonly outages: readonly (Outage | OutageHazard)[];
  /** Mean time to failure of one accelerator that works, ms; `undefined` never. */
  readonly meanTimeToFailure: DurationMs | undefined;
  readonly telemetry: readonly TelemetryFault[];
}

/** An outage that is drawn, not given. */
export const isHazard = (outage: Outage | OutageHazard): outage is OutageHazard => 'meanTimeBetween' in outage;

/** Sites that mishaps name, each once. */
export const sitesNamed = ({ outages, telemetry }: Mishaps): readonly string[] => [
  ...new Set([
    ...outages.flatMap((outage) => (isHazard(outage) ? (outage.sites ?? []) : [outage.site])),
    ...telemetry.map(({ site }) => site),
  ]),
];

const siteName = z.string().regex(/^[A-Za-z0-9-]{1,64}$/, 'a site');
const lasting = duration('a duration of at least 5m, such as 4h', { min: 5 * MINUTE, max: 366 * DAY });
const kind = z.enum(outageKinds).default('grid');
const stream = z.enum(surplusStreams).default('pv_power');
const factor = z.number().positive().max(100);

/** `20kWh`, `8kW`, 0.9: a site's battery as a file has it. */
export const batterySchema = z
  .strictObject({
    energy: quantity('Wh, kWh or MWh', { Wh: 0.001, kWh: 1, MWh: 1_000 }).transform(kilowattHours),
    power: quantity('W, kW or MW', { W: 0.001, kW: 1, MW: 1_000 }).transform(kilowatts),
    round_trip: z.number().positive().max(1).default(0.9),
    self_discharge_per_day: z.number().min(0).max(1).default(0),
    controller: z.enum(batteryControllers).default('self-consumption'),
  })
  .transform(
    ({ energy, power, round_trip, self_discharge_per_day, controller }): PlantBattery => ({
      capacityKwh: energy,
      powerKw: power,
      roundTripEfficiency: round_trip,
      selfDischargePerDay: self_discharge_per_day,
      controller,
    }),
  );

/** The section `mishaps` of a scenario file; every part may be left out. `+6h` counts from `start`. */
export function mishapsSchema(start: Instant) {
  const from = z.string().transform((text, context) => {
    const ahead = text.startsWith('+') ? parseDuration(text.slice(1)) : undefined;
    return (ahead === undefined ? parseInstant(text) : start + ahead) ?? issue(context, text, 'RFC 3339 with an offset, or +duration');
  });
  const when = { from, for: lasting };
  const span = (begin: Instant, lengthMs: DurationMs): Interval => ({ start: begin, end: begin + lengthMs });
  const outage = z.union(
    [
      z
        .strictObject({ site: siteName, kind, ...when })
        .transform(({ site, kind: how, from: begin, for: lengthMs }): Outage => ({ site, kind: how, ...span(begin, lengthMs) })),
      z.strictObject({ sites: z.array(siteName).min(1).optional(), kind, mean_time_between: lasting, duration: lasting }).transform(
        ({ sites, kind: how, mean_time_between, duration: lengthMs }): OutageHazard => ({
          sites,
          kind: how,
          meanTimeBetween: mean_time_between,
          duration: lengthMs,
        }),
      ),
    ],
    '{site, from, for, kind} or {mean_time_between, duration, kind, sites}; kind is grid or network',
  );
  const place = { site: siteName, ...when };
  const clockMs = z
    .string()
    .transform((text, context) => {
      const ms = parseDuration(text.replace(/^[+-]/, ''));
      return ms === undefined || ms > HOUR
        ? issue(context, text, 'a duration up to 1h, with - when the clock is behind')
        : text.startsWith('-')
          ? -ms
          : ms;
    })
    .default(0);
  const fault = z.discriminatedUnion('fault', [
    z.strictObject({ ...place, fault: z.literal('gap') }),
    z.strictObject({ ...place, fault: z.literal('drift'), clock: clockMs, gain_per_day: z.number().min(-100).max(100).default(0) }),
    z.strictObject({ ...place, fault: z.literal('replay'), copies: z.int().min(1).max(100).default(1) }),
    z.strictObject({ ...place, fault: z.literal('forgery'), factor: factor.default(2) }),
    z.strictObject({ ...place, fault: z.literal('scale'), stream, factor }),
    z.strictObject({ ...place, fault: z.literal('stuck'), stream }),
  ]);
  return z
    .strictObject({
      outages: z.array(outage).default([]),
      job_failures: z
        .strictObject({ mean_time_to_failure: duration('a duration of at least 1m, such as 500h', { min: MINUTE, max: 36_600 * DAY }) })
        .optional(),
      telemetry: z.array(fault).default([]),
    })
    .transform(
      ({ outages, job_failures, telemetry }): Mishaps => ({
        outages,
        meanTimeToFailure: job_failures?.mean_time_to_failure,
        telemetry: telemetry.map((one): TelemetryFault => {
          const { site, from: begin, for: lengthMs, ...rest } = one;
          const base = { site, ...span(begin, lengthMs) };
          if (rest.fault !== 'drift') return { ...base, ...rest };
          return { ...base, fault: 'drift', clockMs: rest.clock, gainPercentPerDay: rest.gain_per_day };
        }),
      }),
    );
}
