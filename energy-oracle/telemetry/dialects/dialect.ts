/**
 * Dialect: how a kind of meter speaks over MQTT, as data that a person can write down, and its check.
 *
 * A rule finds one number in a message (`match`, `path`), says what it is in (`unit`, `scale`, `sign`) and which stream it
 * is, where the dialect knows that. Where only the owner knows (a plug may be a panel or a heater) an assignment says it,
 * with the same fields. Nothing here reads a message: that is `dialect-translator.ts`.
 */
import { z } from 'zod';
import { type DurationMs, parseDuration } from '../../../units/time.ts';
import { type Stream, streams } from '../reading.ts';
import { parsePath } from './json-path.ts';
import { baseOf } from './meter-unit.ts';
import { parsePattern } from './topic-pattern.ts';

const duration = z.string().transform((text, context): DurationMs => {
  const ms = parseDuration(text);
  if (ms !== undefined && ms > 0) return ms;
  context.addIssue({ code: 'custom', message: `a duration such as 30s, found ${JSON.stringify(text)}` });
  return z.NEVER;
});

/** Refused by what `parse` says of it. */
const parsedBy = (parse: (text: string) => unknown, example: string) =>
  z.string().superRefine((text, context) => {
    try {
      parse(text);
    } catch (fault) {
      context.addIssue({ code: 'custom', message: `${(fault as Error).message}; such as ${example}` });
    }
  });

const pattern = parsedBy(parsePattern, 'tele/{device}/SENSOR');
const path = parsedBy(parsePath, "ENERGY.Power or params['em:{channel}'].act_power");
/** Text with variables of the match or the path: `{device}/switch:{channel}`. */
const template = z.string().min(1).max(256);
const unit = z
  .string()
  .refine((text) => baseOf(text) !== undefined, { error: 'one of W, kW, MW, GW, mW, Wh, kWh, MWh, GWh, mWh, J, kJ, MJ, GJ, %' });
const sign = z.enum(['+', '-']);
const scale = z.number().refine((value) => Number.isFinite(value) && value > 0, { error: 'above 0; a direction is a sign' });
const stream = z.enum(streams);

/** Where a message says when its value was so. */
const time = z.strictObject({
  path,
  /** `iso`: RFC 3339, or local time of the variable `timezone` when it has no offset. */
  form: z.enum(['iso', 'unix-s', 'unix-ms']),
});

const rule = z.strictObject({
  /** Topic; `{name}` stands for one level, or a part of one, `{name*}` for one or more. */
  match: pattern,
  /** Where in a JSON payload the number is; absent for a payload that is the number. `{name}` stands for a key. */
  path: path.optional(),
  /** Which device it is of, by variables. */
  device: template,
  /** What it is called where a stream is assigned to it. */
  measure: template.default('power'),
  /** The unit, or where the meter says it: in the payload, or on another topic. */
  unit: z.union([unit, z.strictObject({ path }), z.strictObject({ topic: pattern })]),
  scale: scale.default(1),
  /** `-`: the meter counts against the stream's direction. */
  sign: sign.default('+'),
  /** Absent: only the owner knows. A variable names it where the topic does. */
  stream: z.union([stream, z.literal('{stream}')]).optional(),
  time: time.optional(),
  /** Length of the interval that a value covers: registers stand at its end. */
  duration: path.optional(),
  /** A message with something at this path is not meant: it is signed already, for one. */
  unless: path.optional(),
  /** Names this number as one part of the device's measure; the parts are summed. */
  part: template.optional(),
  /** `sum`: an array of numbers is told as its sum, and each of them as `<measure>.1` and so on. */
  array: z.literal('sum').optional(),
});

/** When all parts of a device's sums have been heard: at a message, or so long after the first. */
const settle = z.strictObject({ match: pattern.optional(), device: template.optional(), after: duration });

const keepalive = z.strictObject({
  /** Topics that tell which devices there are. */
  match: z.array(pattern).min(1),
  topic: template,
  /** Asks for everything. */
  wake: z.string(),
  /** Asks for what changes. */
  stay: z.string(),
  every: duration,
  /** `wake` is sent again so often, for what does not change is not repeated. */
  refresh: duration,
});

const available = z.strictObject({
  match: pattern,
  path: path.optional(),
  device: template,
  online: z.string(),
  offline: z.string(),
});

const variable = z.strictObject({ default: z.string().max(256).optional(), about: z.string() });

const dialectSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]{1,32}$/, 'lower-case letters, digits and dashes'),
  about: z.string().default(''),
  /** Where this is documented. */
  source: z.string().default(''),
  /** What differs from one site to the next. `timezone` is known to every dialect. */
  variables: z.record(z.string().regex(/^[a-z][a-zA-Z]{0,31}$/, 'letters'), variable).default({}),
  payload: z.enum(['json', 'text']).default('json'),
  /** Texts that stand for "no value". */
  absent: z.array(z.string()).default([]),
  /** Topics that are none of it although a rule's pattern meets them. */
  except: z.array(pattern).default([]),
  rules: z.array(rule).default([]),
  available: z.array(available).default([]),
  settle: settle.optional(),
  keepalive: keepalive.optional(),
  /** Messages that say themselves what they mean need more than rules: a session that is remembered. */
  session: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('home-assistant-discovery'), prefix: template }),
      z.strictObject({ kind: z.literal('sparkplug-b'), namespace: template }),
    ])
    .optional(),
});

const assignment = z
  .strictObject({
    /** `<dialect>/<device>`; `*` stands for anything. */
    device: z.string().min(1).max(256),
    measure: z.string().min(1).max(256).default('power'),
    stream: stream.optional(),
    sign: sign.default('+'),
    scale: scale.default(1),
    /** Stands in for a unit that the meter does not say, and wins over one that it says wrongly. */
    unit: unit.optional(),
    /** Never taken, whatever the dialect makes of it. */
    ignore: z.literal(true).optional(),
  })
  .refine(({ stream, ignore }) => (stream === undefined) === (ignore === true), {
    error: 'either a stream or `ignore: true`',
    path: ['stream'],
  });

const mappingSchema = z.strictObject({
  /** Dialects to listen for; all that are built in, and the file's own, unless said. */
  use: z.array(z.string()).optional(),
  /** Values of the variables, by dialect. */
  variables: z.record(z.string(), z.record(z.string(), z.string().max(256))).default({}),
  /** The owner's word on what is what; the first that meets a device and measure wins. */
  devices: z.array(assignment).default([]),
  /** What a dialect understands by itself and no entry of `devices` names. */
  others: z.enum(['take', 'ignore']).default('take'),
  /** The owner's own dialects; one with a built-in name stands in for it. */
  dialects: z.array(dialectSchema).default([]),
});

export type Dialect = z.infer<typeof dialectSchema>;
/** As it is written down: what has a default may be left out. */
export type DialectData = z.input<typeof dialectSchema>;
export type Rule = z.infer<typeof rule>;
export type Assignment = z.infer<typeof assignment>;
/** What a mapping file holds, checked. */
export type Mapping = z.infer<typeof mappingSchema>;

/** A mapping or a dialect that cannot be used; the message names every path, what was found and what is allowed. */
export class DialectFault extends Error {
  override readonly name = 'DialectFault';
}

/** A mapping file's content, checked. @throws DialectFault */
export const readMapping = (found: unknown): Mapping => checked(mappingSchema, found ?? {});

/** A dialect's data, checked. @throws DialectFault */
export const readDialect = (data: DialectData): Dialect => checked(dialectSchema, data);

/** Nothing said: every built-in dialect, with the streams that it knows by itself. */
export const defaultMapping: Mapping = readMapping({});

function checked<T extends z.ZodType>(schema: T, found: unknown): z.output<T> {
  const parsed = schema.safeParse(found);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map(({ path: at, message }) => `${at.length > 0 ? z.core.toDotPath(at) : 'the file'}: ${message}`);
  throw new DialectFault(lines.join('\n'));
}

export const isStream = (text: string): text is Stream => (streams as readonly string[]).includes(text);
