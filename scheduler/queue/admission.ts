/**
 * Admission: a job file becomes a spec, or a refusal that names each field, what was found and what is allowed.
 *
 * Owns the job file's grammar (SkyPilot's names plus `policy`) and its defaults. Relative instants are made absolute
 * here, once, against the instant of submission; after this page a job has no unknowns. Never stores anything.
 */
import { z } from 'zod';
import { kilowatts } from '../../units/quantity.ts';
import { DAY, type DurationMs, HOUR, type Instant, parseDuration, parseInstant, toIso, toIsoDuration } from '../../units/time.ts';
import { type JobSpec, speedOf, type Weights } from '../job.ts';
import { duration, type FieldRefusal, issue, quantity, refusalsOf, shown } from './field.ts';

export type Admission =
  | { readonly kind: 'admitted'; readonly spec: JobSpec }
  | { readonly kind: 'refused'; readonly fields: readonly FieldRefusal[] };

/** What each `optimize` setting pays for carbon and for waiting, in the accounting currency. */
export const settings: Readonly<Record<Exclude<JobSpec['optimize'], 'custom'>, Weights>> = {
  cost: { carbonPricePerKg: 0, waitPricePerHour: 0.0005 },
  carbon: { carbonPricePerKg: 1, waitPricePerHour: 0.0005 },
  surplus: { carbonPricePerKg: 0.3, waitPricePerHour: 0.0005 },
  balanced: { carbonPricePerKg: 0.1, waitPricePerHour: 0.005 },
};

/** Longest run a job may ask for, and the deadline it gets when it names none. */
export const maxDurationMsMax: DurationMs = 14 * DAY;
const defaultSlack: DurationMs = DAY;
const speedMax = 100;
/** Most accelerators an elastic job may grow to. */
const elasticMax = 4_096;
const jobFileBytesMax = 65_536;
/** Script and environment as JSON, bytes: they travel in one lease, which is bounded, with room for the rest of it. */
const leasedBytesMax = 60_000;

const model = '[A-Za-z0-9-]{1,32}';
const modelAndCount = new RegExp(`^(${model})(?::(\\d{1,4}))?$`);
/** `A100:8`, `A100`, or several by `|`; count is per node. */
const accelerators = z.string().transform((text, context) => {
  const parts = text.split('|').map((part) => modelAndCount.exec(part.trim()));
  const counts = new Set(parts.map((part) => Number(part?.[2] ?? 1)));
  if (parts.some((part) => !part) || counts.size !== 1 || counts.has(0))
    return issue(context, text, '`MODEL`, `MODEL:COUNT`, or `A:2|B:2` with one count');
  return { models: parts.map((part) => part?.[1] ?? ''), count: [...counts][0] ?? 1 };
});

const glob = z.string().regex(/^[A-Za-z0-9*-]{1,64}$/, 'a zone or site, with * for any part, e.g. eu-*');
const place = z.string().regex(/^[A-Za-z0-9-]{1,64}$/, 'a zone or site, e.g. DE-LU');
const globs = z.array(glob).max(64);
/** SkyPilot's `16` and `16+`; kept for the file's sake, every site has enough. */
const number = 'a number above 0, or a number with + for at least';
const speedAllowed = `a number above 0, at most ${speedMax}`;
const atLeast = z.union([z.string().regex(/^\d+(\.\d+)?\+?$/, number), z.number().positive(number)], number);

const jobFile = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, '1 to 64 letters, digits, dots, dashes or underscores'),
  num_nodes: z.int().min(1).max(1_000).default(1),
  resources: z
    .strictObject({
      accelerators: accelerators.optional(),
      speed: z
        .record(
          z.string().regex(new RegExp(`^${model}$`), 'a model of accelerator'),
          z.number(speedAllowed).positive(speedAllowed).max(speedMax, speedAllowed),
        )
        .default({}),
      cpus: atLeast.optional(),
      memory: atLeast.optional(),
      infra: glob.optional(),
    })
    .default({ speed: {} }),
  envs: z
    .record(
      z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'a shell variable name'),
      z.union([z.string(), z.number(), z.boolean()], 'text, a number, true or false'),
    )
    .default({}),
  run: z.string().max(jobFileBytesMax).optional(),
  max_duration: duration(`a duration above 0 such as 90m, 6h or PT6H, at most ${maxDurationMsMax / DAY}d`, {
    min: 1,
    max: maxDurationMsMax,
  }),
  elastic: z
    .strictObject({
      max: z.int().min(1).max(elasticMax),
      speed_exponent: z.number().positive().max(1),
    })
    .optional(),
  data: z
    .strictObject({
      size: quantity('MB, GB or TB', { MB: 0.001, GB: 1, TB: 1_000 }),
      at: place.optional(),
    })
    .optional(),
  energy: z
    .strictObject({
      power: quantity('W, kW or MW', { W: 0.001, kW: 1, MW: 1_000 }).optional(),
      estimate: quantity('Wh, kWh or MWh', { Wh: 0.001, kWh: 1, MWh: 1_000 }).optional(),
    })
    .default({}),
  policy: z
    .strictObject({
      optimize: z
        .union(
          [
            z.enum(['cost', 'carbon', 'surplus', 'balanced']),
            z.strictObject({ carbon_price_per_kg: z.number().min(0), wait_price_per_hour: z.number().min(0) }),
          ],
          'cost, carbon, surplus, balanced, or {carbon_price_per_kg, wait_price_per_hour}, both at least 0',
        )
        .default('balanced'),
      not_before: z.string().optional(),
      deadline: z.string().optional(),
      interruptible: z.boolean().default(false),
      latency: z.strictObject({ from: place, round_trip: quantity('ms or s', { ms: 1, s: 1_000 }) }).optional(),
      promise: z.enum(['firm', 'best-effort'], 'firm or best-effort').default('best-effort'),
      max_price: z.string().optional(),
      regions: z.strictObject({ allow: globs.default([]), deny: globs.default([]) }).default({ allow: [], deny: [] }),
    })
    .default({ optimize: 'balanced', interruptible: false, promise: 'best-effort', regions: { allow: [], deny: [] } }),
  checkpoint: z
    .strictObject({
      every: duration('a duration above 0 such as 15m', { min: 1, max: maxDurationMsMax }),
      restore_cost: duration('a duration such as 2m', { min: 0, max: maxDurationMsMax }).default(0),
    })
    .optional(),
});

type JobFile = z.infer<typeof jobFile>;
type Refuse = (path: string, found: unknown, allowed: string) => void;

/** Speeds of models that the job would not take, and an elastic job that is not made so. */
function judgeSpeeds({ num_nodes, resources, elastic, policy }: JobFile, refuse: Refuse): void {
  const { accelerators: asked, speed } = resources;
  for (const [named, value] of Object.entries(speed))
    if (asked && !asked.models.includes(named))
      refuse(`resources.speed.${named}`, value, `a model of resources.accelerators: ${asked.models.join(', ')}`);
  if (!elastic) return;
  if (!policy.interruptible)
    refuse('policy.interruptible', false, 'true for an elastic job, which changes its accelerators at a checkpoint');
  if (num_nodes !== 1) refuse('num_nodes', num_nodes, '1 for an elastic job');
  if (asked && asked.count !== 1)
    refuse(
      'resources.accelerators',
      asked.models.map((each) => `${each}:${asked.count}`).join('|'),
      'a count of 1; elastic.max says the most',
    );
}

/** Run time where the job is fastest, ms: on the best of its models, and with as many accelerators as it can use. */
function shortestRun({ max_duration, resources, elastic }: JobFile): DurationMs {
  const { accelerators: asked, speed: speeds } = resources;
  const fastest = asked ? Math.max(...asked.models.map((each) => speedOf({ speeds }, each))) : Math.max(1, ...Object.values(speeds));
  return Math.ceil(max_duration / fastest / (elastic ? elastic.max ** elastic.speed_exponent : 1));
}

/**
 * Reads a parsed job file (from YAML or JSON).
 *
 * @param currency  accounting currency; `max_price` must name it, nothing is converted silently
 */
export function admit(
  file: unknown,
  { owner, submittedAt, currency }: { readonly owner: string; readonly submittedAt: Instant; readonly currency: string },
): Admission {
  const parsed = jobFile.safeParse(file, { reportInput: true });
  if (!parsed.success) return { kind: 'refused', fields: refusalsOf(parsed.error, 'see docs/job-file.md for the fields there are') };
  const { name, num_nodes, resources, envs, run, max_duration, elastic, data, energy, policy, checkpoint } = parsed.data;
  const fields: FieldRefusal[] = [];
  const refuse: Refuse = (path, found, allowed) => fields.push({ path, found: shown(found), allowed });
  const shortest = Math.min(shortestRun(parsed.data), maxDurationMsMax);
  if (shortestRun(parsed.data) > maxDurationMsMax)
    refuse('max_duration', toIsoDuration(max_duration), `at most ${maxDurationMsMax / DAY}d on the fastest model of resources.speed`);
  const named = instantOf(policy.not_before ?? '+0s', submittedAt);
  const notBefore = named === undefined ? undefined : Math.max(named, submittedAt); // what is past cannot be waited for
  if (notBefore === undefined) refuse('policy.not_before', policy.not_before, 'RFC 3339 with an offset, or +duration');
  const deadline =
    policy.deadline === undefined
      ? (notBefore ?? submittedAt) + Math.max(max_duration, shortest) + defaultSlack
      : instantOf(policy.deadline, submittedAt);
  if (deadline === undefined) refuse('policy.deadline', policy.deadline, 'RFC 3339 with an offset, or +duration');
  if (deadline !== undefined && notBefore !== undefined && notBefore + shortest > deadline) {
    refuse(
      'policy.deadline',
      toIso(deadline),
      `at least ${shortest === max_duration ? 'max_duration' : 'the shortest run'} after ${toIso(notBefore)}, that is ${toIso(notBefore + shortest)} or later`,
    );
  }
  if ((policy.interruptible || elastic) && !checkpoint)
    refuse('checkpoint', undefined, 'required when policy.interruptible is true: `checkpoint: {every: 15m}`');
  judgeSpeeds(parsed.data, refuse);
  if (new TextEncoder().encode(JSON.stringify({ run, envs })).length > leasedBytesMax)
    refuse(
      'run',
      run,
      `script and envs of at most ${leasedBytesMax} bytes as JSON; a longer script belongs in a file that the job fetches`,
    );
  if (energy.power !== undefined && energy.estimate !== undefined) refuse('energy', energy, 'either power or estimate, not both');
  const [, amount, unit] = /^(\d{1,12}(?:\.\d{1,6})?) ([A-Z]{3})$/.exec(policy.max_price ?? '') ?? [];
  if (policy.max_price !== undefined && unit !== currency)
    refuse('policy.max_price', policy.max_price, `an amount in ${currency}, e.g. "12 ${currency}"`);
  if (fields.length > 0 || notBefore === undefined || deadline === undefined) return { kind: 'refused', fields };
  const power = energy.power ?? (energy.estimate === undefined ? undefined : energy.estimate / (max_duration / HOUR));
  const weights =
    typeof policy.optimize === 'string'
      ? settings[policy.optimize]
      : { carbonPricePerKg: policy.optimize.carbon_price_per_kg, waitPricePerHour: policy.optimize.wait_price_per_hour };
  return {
    kind: 'admitted',
    spec: {
      name,
      owner,
      nodes: num_nodes,
      accelerators: resources.accelerators?.models ?? [],
      acceleratorsPerNode: resources.accelerators?.count ?? 1,
      envs: Object.fromEntries(Object.entries(envs).map(([key, value]) => [key, String(value)])),
      run,
      speeds: resources.speed,
      maxDuration: max_duration,
      elastic: elastic && { acceleratorsMax: elastic.max, speedExponent: elastic.speed_exponent },
      data: data && { gigabytes: data.size, at: data.at },
      power: power === undefined ? undefined : kilowatts(power),
      optimize: typeof policy.optimize === 'string' ? policy.optimize : 'custom',
      weights,
      notBefore,
      deadline,
      interruptible: policy.interruptible,
      latency: policy.latency && { from: policy.latency.from, roundTripMsMax: policy.latency.round_trip },
      promise: policy.promise,
      maxPrice: amount === undefined ? undefined : BigInt(Math.round(Number(amount) * 1e6)),
      regions: { within: resources.infra, ...policy.regions },
      checkpoint: checkpoint && { every: checkpoint.every, restoreCost: checkpoint.restore_cost },
    },
  };
}

/** No job waits longer; what lies further off has no date. */
const aheadMsMax: DurationMs = 3_660 * DAY;

/** `+24h` counts from submission, at most ten years; anything else must be RFC 3339 with an offset. */
function instantOf(text: string, submittedAt: Instant): Instant | undefined {
  if (!text.startsWith('+')) return parseInstant(text);
  const ahead = parseDuration(text.slice(1));
  return ahead === undefined || ahead > aheadMsMax ? undefined : submittedAt + ahead;
}
