/**
 * Scenario file: what a researcher writes, checked field by field and given its defaults.
 *
 * Owns the grammar of `sunward sim run`'s YAML and nothing of what it means: records are read and sites are built by
 * others. Units stand in the values (`400W`, `15m`) or in the names. A bad value is refused with its path, what was found
 * and what is allowed.
 */
import { z } from 'zod';
import { settings } from '../scheduler/queue/admission.ts';
import { duration, type FieldRefusal, issue, quantity, refusalsOf } from '../scheduler/queue/field.ts';
import { DAY, type DurationMs, HOUR, type Instant, MINUTE, parseDuration, parseInstant, SLOT, toIsoDuration } from '../units/time.ts';
import { depths, judgeDepth, withDepth } from './depth.ts';
import { judgeGrid, priceMakerSchema, whatIfsSchema, zonesSchema } from './grid-file.ts';
import { batterySchema, mishapsSchema } from './mishaps.ts';
import { demoZones } from './scenario.ts';
import { jobAcceleratorsMax } from './study/workload.ts';
import { jobFormatNames } from './traces/importers/formats.ts';

const watts = { W: 0.001, kW: 1, MW: 1_000, GW: 1_000_000 };
const power = quantity('W, kW, MW or GW', watts);
const zeroOr = <Schema extends z.ZodType<number>>(schema: Schema) => z.union([z.literal(0), schema]);
const text = (allowed: string) => z.string(allowed).min(1, allowed).max(200, allowed);
const currency = z.string().regex(/^[A-Z]{3}$/, 'an ISO 4217 code such as EUR');
const positive = z.number('a number above 0').positive('a number above 0');
const instant = z.union([z.string(), z.date()]).transform((value, context): Instant => {
  const written = value instanceof Date ? value.toISOString() : value;
  const at = parseInstant(/^\d{4}-\d\d-\d\d$/.test(written) ? `${written}T00:00:00Z` : written);
  return at ?? issue(context, written, 'a day such as 2023-06-12, or RFC 3339 with an offset');
});
/** `5%` or `0.05`; a bare number above 1 may be meant as either, and is refused. */
const percent = (most: number) =>
  z.union([z.string(), z.number()]).transform((value, context): number => {
    const [, written, sign] = /^(\d+(?:\.\d+)?)\s*(%?)$/.exec(String(value)) ?? [];
    const found = Number(written) / (sign ? 100 : 1);
    return found <= (sign ? most : 1) ? found : issue(context, String(value), `a share such as 5% or 0.05, at most ${100 * most}%`);
  });

const accelerators = z.string().transform((value, context) => {
  const [, model = '', count] = /^([A-Za-z0-9-]{1,32}):(\d{1,6})$/.exec(value) ?? [];
  return count === undefined || Number(count) === 0
    ? issue(context, value, 'MODEL:COUNT such as A100:64, one model a site')
    : { model, count: Number(count) };
});

const site = z.strictObject({
  id: z.string().regex(/^[A-Za-z0-9-]{1,64}$/, '1 to 64 letters, digits or dashes'),
  zone: z.string().regex(/^[A-Za-z0-9-]{1,64}$/, 'a zone such as DE-LU'),
  /** Degrees north and east; needed for panels and own load. */
  place: z.tuple([z.number().min(-90).max(90), z.number().min(-180).max(180)], 'latitude and longitude, [50.1, 8.7]').optional(),
  accelerators,
  draw: power.default(0.4),
  pue: z.number('a number from 1').min(1, 'a number from 1').default(1.2),
  pv: z
    .array(z.strictObject({ peak: power, tilt: z.number().min(0).max(90).default(30), azimuth: z.number().min(0).max(360).default(180) }))
    .default([]),
  load: z.strictObject({ shape: z.enum(['home', 'farm', 'datacentre']), mean: power }).optional(),
  export_limit: zeroOr(power).default(0),
  feed_in_tariff: z.number().min(0).default(0),
  ask: z.number().min(0).default(0),
  battery: batterySchema.optional(),
});

const length = duration('a duration above 0, at most 14d', { min: MINUTE, max: 14 * DAY });
/** More jobs an hour than this no study holds. */
const perHourMax = 100_000;
const drawnWork = z.strictObject({
  per_hour: positive.max(perHourMax, `a number above 0, at most ${perHourMax}`).default(6),
  length: length.default(HOUR),
  length_spread: z.number().min(0).max(3).default(1),
  length_max: length.default(DAY),
  accelerators: z.array(z.int().min(1).max(jobAcceleratorsMax)).min(1).default([1, 1, 2, 4]),
});
const wait = duration('a duration such as 6h, at most 30d', { min: 0, max: 30 * DAY });
const jobs = z
  .strictObject({
    file: text('a path').optional(),
    format: z.enum(jobFormatNames, `one of ${jobFormatNames.join(', ')}`).optional(),
    /** Of a file whose times do not say their unit. */
    unit: z.enum(['seconds', 'minutes', 'hours']).optional(),
    drawn: drawnWork.optional(),
    /** Jobs shorter than `short_under` may wait `short`, the others `long`: GAIA's rule (ASPLOS 2024). */
    slack: z
      .strictObject({ short_under: wait.default(2 * HOUR), short: wait.default(6 * HOUR), long: wait.default(DAY) })
      .default({ short_under: 2 * HOUR, short: 6 * HOUR, long: DAY }),
    interruptible: percent(1).default(0),
    data: z
      .strictObject({ median_gb: z.number().min(0), spread: z.number().min(0).max(3).default(1) })
      .default({ median_gb: 0, spread: 0 }),
    homes: z.enum(['drawn', 'first']).default('drawn'),
  })
  .refine(({ file, drawn }) => file === undefined || drawn === undefined, 'either file or drawn, not both');

const optimize = z.union(
  [
    z.enum(['cost', 'carbon', 'surplus', 'balanced']).transform((name) => settings[name]),
    z
      .strictObject({ carbon_price_per_kg: z.number().min(0), wait_price_per_hour: z.number().min(0) })
      .transform((own) => ({ carbonPricePerKg: own.carbon_price_per_kg, waitPricePerHour: own.wait_price_per_hour })),
  ],
  'cost, carbon, surplus, balanced, or {carbon_price_per_kg, wait_price_per_hour}, both at least 0',
);

const forecaster = z.union(
  [z.enum(['perfect', 'persistence', 'trained']), z.strictObject({ noise: percent(10) })],
  'perfect, persistence, trained, or {noise: 5%}',
);

const path = z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_]*(\.[a-zA-Z0-9][a-zA-Z0-9_]*)*$/, 'the path of a field such as jobs.slack.long');
/** Columns of seeds are 32 bits wide in the files that are written. */
const seedMax = 2 ** 31 - 1;
const seed = z.int('whole numbers from 0').min(0, 'whole numbers from 0').max(seedMax, `whole numbers up to ${seedMax}`);
const slot = z.string().transform((value, context): DurationMs => {
  const ms = parseDuration(value);
  return ms !== undefined && [SLOT, 2 * SLOT, HOUR].includes(ms) ? ms : issue(context, value, '15m, 30m or 1h');
});
const defaultFrom: Instant = Date.UTC(2023, 5, 12);
/** The grammar itself; `docs/scenario-file.md` tells every field of it. */
export const scenarioFile = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, '1 to 64 letters, digits, dots, dashes or underscores'),
  /** What a cell runs: decisions and energy, or the whole river. */
  depth: z.enum(depths, 'study or river').default('study'),
  from: instant.default(defaultFrom),
  for: duration('a duration of at least 1h, at most 366d', { min: HOUR, max: 366 * DAY }).default(7 * DAY),
  slot: slot.default(SLOT),
  /** How often what waits is planned. */
  cycle: duration('a duration from one slot to 1d', { min: SLOT, max: DAY }).default(HOUR),
  seeds: z.array(seed).min(1).max(1_000).default([1, 2, 3]),
  currency: currency.default('EUR'),
  /** Accounting currency per unit of another one. */
  rates: z.record(currency, positive).default({}),
  grid: z
    .strictObject({
      records: text('a folder of records').optional(),
      zones: zonesSchema,
    })
    .default({ zones: {} }),
  /** Changes to a zone's grid. */
  what_if: whatIfsSchema,
  /** Whether the fleet's own load moves price and carbon: everywhere it can, or in these zones. */
  price_maker: priceMakerSchema,
  sites: z.union([z.literal('demo'), z.array(site).min(1).max(10_000)], 'demo, or a list of sites').default('demo'),
  jobs: jobs.prefault({}),
  optimize: optimize.prefault('carbon'),
  policies: z
    .array(text('a policy’s name or the path of a file'))
    .min(1)
    .max(100)
    .default(['run-now', 'lowest-window', 'greenest-now', 'planner']),
  baseline: text('a policy’s name').default('run-now'),
  forecaster: forecaster.default('persistence'),
  network: z
    .strictObject({ price_per_gb: z.number().min(0).default(0.02), g_per_gb: z.number().min(0).default(2) })
    .default({ price_per_gb: 0.02, g_per_gb: 2 }),
  restart_cost: z.number().min(0).default(0.004),
  embodied_g_per_accelerator_hour: z.number().min(0).default(0),
  mishaps: mishapsSchema(defaultFrom).optional(),
  /** Values that fields take, by dotted path: what `sim sweep` combines. */
  sweep: z.record(path, z.array(z.unknown(), 'a list of values').min(1, 'a list of values').max(1_000)).default({}),
});

export type ScenarioFile = z.infer<typeof scenarioFile>;
export type SiteFile = Exclude<ScenarioFile['sites'], string>[number];

export type Reading =
  | { readonly kind: 'read'; readonly scenario: ScenarioFile }
  | { readonly kind: 'refused'; readonly fields: readonly FieldRefusal[] };

/** The grammar of a file; mishaps count from the instant at which it starts. */
function grammarOf(file: unknown): typeof scenarioFile {
  const { from, mishaps } = (file ?? {}) as Record<string, unknown>;
  if (mishaps === undefined) return scenarioFile;
  const start = instant.safeParse(from);
  return start.success ? scenarioFile.extend({ mishaps: mishapsSchema(start.data).optional() }) : scenarioFile;
}

/** Reads a parsed scenario file; every field that is refused is told. */
export function readScenarioFile(file: unknown): Reading {
  const parsed = grammarOf(file).safeParse(file ?? {}, { reportInput: true });
  if (!parsed.success) return { kind: 'refused', fields: refusalsOf(parsed.error, 'see docs/scenario-file.md for the fields there are') };
  const scenario: ScenarioFile = withDepth(parsed.data, file);
  const fields: FieldRefusal[] = [];
  const refuse = (path: string, found: string, allowed: string) => fields.push({ path, found, allowed });
  const { slot, cycle, sites } = scenario;
  if (cycle % slot !== 0) refuse('cycle', toIsoDuration(cycle), `whole slots of ${toIsoDuration(slot)}`);
  if (scenario.for % slot !== 0) refuse('for', toIsoDuration(scenario.for), `whole slots of ${toIsoDuration(slot)}`);
  if (scenario.from % HOUR !== 0) refuse('from', new Date(scenario.from).toISOString(), 'a whole hour');
  if (!scenario.policies.includes(scenario.baseline))
    refuse('baseline', scenario.baseline, `one of policies: ${scenario.policies.join(', ')}`);
  for (const name of scenario.policies.filter((each, at) => scenario.policies.indexOf(each) !== at))
    refuse('policies', name, 'each policy once');
  for (const seed of scenario.seeds.filter((each, at) => scenario.seeds.indexOf(each) !== at)) refuse('seeds', `${seed}`, 'each seed once');
  if (sites !== 'demo') judgeSites(sites, refuse);
  fields.push(...judgeGrid(scenario, sites === 'demo' ? demoZones : [...new Set(sites.map(({ zone }) => zone))]));
  judgeDepth(scenario, refuse);
  return fields.length > 0 ? { kind: 'refused', fields } : { kind: 'read', scenario };
}

function judgeSites(sites: readonly SiteFile[], refuse: (path: string, found: string, allowed: string) => void): void {
  const ids = sites.map(({ id }) => id);
  sites.forEach(({ id, pv, load, place }, at) => {
    if (ids.indexOf(id) !== at) refuse(`sites.${at}.id`, id, 'an id that no other site has');
    if (!place && (pv.length > 0 || load)) refuse(`sites.${at}.place`, 'nothing', 'latitude and longitude, for the panels and the load');
  });
}
