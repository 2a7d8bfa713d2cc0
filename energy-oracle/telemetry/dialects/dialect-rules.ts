/**
 * Dialect rules: a dialect's data made ready for a site, and what its rules find in one message.
 *
 * Site variables are filled in once. Finding is pure but for what a device says beside its numbers: units on topics of
 * their own, and whether it is there at all.
 */
import { type Instant, parseDuration } from '../../../units/time.ts';
import { utcOffset } from '../../grid/price.ts';
import { deviceTime } from './device-time.ts';
import { type Dialect, DialectFault, isStream, type Rule } from './dialect.ts';
import { type JsonPath, parsePath } from './json-path.ts';
import { boundedMap, type Said, type SessionHeard } from './said.ts';
import { parsePattern, rendered, type TopicPattern, type Variables } from './topic-pattern.ts';
import type { LocalMessage } from './translator.ts';

/** Longest payload that is looked at, bytes: a birth of a few thousand metrics. */
export const payloadBytesMax = 262_144;
const notesMax = 4_096;
/** Longest name of a unit, with its quotes. */
const noteBytesMax = 64;

export interface SiteDialect {
  readonly dialect: Dialect;
  readonly variables: Variables;
  readonly timeZone: string | undefined;
  readonly filters: readonly string[];
  /** `undefined` when no rule's pattern meets the topic. */
  find(message: LocalMessage): SessionHeard | undefined;
  /** False while the device says that it is away. */
  isAvailable(device: string): boolean;
}

interface Ready extends Rule {
  readonly at: JsonPath | undefined;
  readonly timeAt: JsonPath | undefined;
  readonly durationAt: JsonPath | undefined;
  readonly unitAt: JsonPath | undefined;
  readonly unitOn: string | undefined;
  readonly unlessAt: JsonPath | undefined;
}

/** @throws DialectFault for a variable that the dialect does not have, or a value that no topic can hold */
export function forSite(dialect: Dialect, given: Readonly<Record<string, string>> = {}): SiteDialect {
  const { variables, timeZone } = siteVariables(dialect, given);
  const pattern = (text: string): TopicPattern => {
    try {
      return parsePattern(rendered(text, variables));
    } catch (fault) {
      throw new DialectFault(`variables.${dialect.name}: ${text} becomes ${rendered(text, variables)}: ${(fault as Error).message}`);
    }
  };
  const except = dialect.except.map(pattern);
  const byTopic = new Map<string, { readonly topic: TopicPattern; readonly rules: Ready[] }>();
  const notes: TopicPattern[] = [];
  for (const rule of dialect.rules) {
    const topic = pattern(rule.match);
    const entry = byTopic.get(topic.text) ?? { topic, rules: [] };
    byTopic.set(topic.text, entry);
    entry.rules.push(ready(rule));
    if (typeof rule.unit === 'object' && 'topic' in rule.unit) notes.push(pattern(rule.unit.topic));
  }
  const matches = [...byTopic.values()];
  const available = dialect.available.map((each) => ({
    ...each,
    topic: pattern(each.match),
    at: each.path ? parsePath(each.path) : undefined,
  }));
  const noted = boundedMap<string>(notesMax);
  const away = boundedMap<true>(notesMax);

  const find: SiteDialect['find'] = (message) => {
    const { topic } = message;
    if (except.some((each) => each.match(topic))) return undefined;
    let met = false;
    for (const note of notes) {
      if (!note.match(topic)) continue;
      met = true;
      if (message.payload.length <= noteBytesMax) noted.set(topic, unquoted(textOf(message.payload) ?? ''));
    }
    for (const each of available) {
      const found = each.topic.match(topic);
      if (!found) continue;
      met = true;
      const state = stateIn(message.payload, each.at);
      const device = rendered(each.device, { ...variables, ...found });
      if (state === each.offline) away.set(device, true);
      else if (state === each.online) away.delete(device);
    }
    const said: Said[] = [];
    const refusals: string[] = [];
    for (const { topic: each, rules } of matches) {
      const found = each.match(topic);
      if (!found) continue;
      met = true;
      const body = bodyOf(message.payload, dialect.payload);
      if ('refusal' in body) {
        refusals.push(body.refusal);
        continue;
      }
      const site = { variables: { ...variables, ...found }, timeZone, noted };
      for (const rule of rules) applyRule(rule, body.value, message, site, said, refusals);
    }
    return met ? { said, refusals: [...new Set(refusals)], replies: [], subscribe: [] } : undefined;
  };
  return {
    dialect,
    variables,
    timeZone,
    filters: [...matches.map(({ topic }) => topic), ...notes, ...available.map(({ topic }) => topic)].map(({ filter }) => filter),
    find,
    isAvailable: (device) => {
      for (const name of away.keys()) if (device === name || device.startsWith(`${name}/`)) return false;
      return true;
    },
  };
}

function siteVariables(dialect: Dialect, given: Readonly<Record<string, string>>): { variables: Variables; timeZone: string | undefined } {
  const names = Object.keys(dialect.variables);
  const strange = Object.keys(given).find((name) => name !== 'timezone' && !names.includes(name));
  if (strange !== undefined)
    throw new DialectFault(`variables.${dialect.name}.${strange}: ${dialect.name} has ${[...names, 'timezone'].join(', ')}`);
  const { timezone: timeZone, ...own } = given;
  if (timeZone !== undefined)
    try {
      utcOffset(timeZone, 0);
    } catch (fault) {
      throw new DialectFault(`variables.${dialect.name}.timezone: ${(fault as Error).message}`);
    }
  const defaults = Object.entries(dialect.variables).flatMap(([name, { default: value }]) => (value === undefined ? [] : [[name, value]]));
  return { variables: { ...Object.fromEntries(defaults), ...own }, timeZone };
}

const ready = (rule: Rule): Ready => ({
  ...rule,
  at: rule.path === undefined ? undefined : parsePath(rule.path),
  timeAt: rule.time && parsePath(rule.time.path),
  durationAt: rule.duration === undefined ? undefined : parsePath(rule.duration),
  unitAt: typeof rule.unit === 'object' && 'path' in rule.unit ? parsePath(rule.unit.path) : undefined,
  unitOn: typeof rule.unit === 'object' && 'topic' in rule.unit ? rule.unit.topic : undefined,
  unlessAt: rule.unless === undefined ? undefined : parsePath(rule.unless),
});

interface SiteState {
  readonly variables: Variables;
  readonly timeZone: string | undefined;
  readonly noted: ReadonlyMap<string, string>;
}

function applyRule(rule: Ready, body: unknown, message: LocalMessage, site: SiteState, said: Said[], refusals: string[]): void {
  const isGone = message.payload.length === 0;
  if (isGone && rule.part === undefined) return;
  if (rule.unlessAt?.read(body).some(({ value }) => value !== '' && value !== null)) return;
  const found = rule.at && !isGone ? rule.at.read(body) : [{ value: body, variables: {} }];
  if (found.length === 0) return;
  const when = timeOf(rule, body, message, site.timeZone);
  if (typeof when === 'string') {
    refusals.push(when);
    return;
  }
  for (const { value, variables: keys } of found) {
    const variables = { ...site.variables, ...keys };
    const fill = (text: string) => rendered(text, variables);
    const stream = rule.stream === undefined ? undefined : fill(rule.stream);
    if (stream !== undefined && !isStream(stream)) continue; // a topic beside the streams
    const one: Omit<Said, 'value' | 'measure'> = {
      device: fill(rule.device),
      unit: unitOf(rule, body, fill, site.noted),
      scale: rule.scale,
      sign: rule.sign,
      stream,
      ...when,
      part: rule.part === undefined ? undefined : fill(rule.part),
    };
    const measure = fill(rule.measure);
    if (rule.array === 'sum' && Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'number')) {
      said.push({ ...one, measure, value: value.reduce((sum: number, each: number) => sum + each, 0) });
      for (const [i, each] of value.slice(0, 16).entries()) said.push({ ...one, measure: `${measure}.${i + 1}`, value: each });
    } else said.push({ ...one, measure, value });
  }
}

function unitOf(rule: Ready, body: unknown, fill: (text: string) => string, noted: ReadonlyMap<string, string>): string | undefined {
  if (typeof rule.unit === 'string') return rule.unit;
  if (rule.unitOn !== undefined) return noted.get(fill(rule.unitOn));
  const unit = rule.unitAt?.read(body)[0]?.value;
  return typeof unit === 'string' && unit.length <= 32 ? unit : undefined;
}

function timeOf(
  rule: Ready,
  body: unknown,
  { receivedAt }: LocalMessage,
  timeZone: string | undefined,
): { at: Instant; timed: Said['timed'] } | string {
  const received = { at: receivedAt, timed: 'received' } as const;
  const found = rule.timeAt?.read(body)[0];
  if (!rule.time || !found || found.value === null) return received;
  const time = deviceTime(found.value, rule.time.form, timeZone, receivedAt);
  if (time.kind === 'zoneless') return received; // it comes as it is measured; only its clock is of an unknown place
  if (time.kind === 'refused') return time.reason;
  const lasted = rule.durationAt?.read(body)[0]?.value;
  const durationMs = typeof lasted === 'string' ? (parseDuration(lasted) ?? 0) : 0;
  return { at: time.at + durationMs, timed: 'device' };
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The payload as text; `undefined` when it is none. */
export function textOf(payload: Uint8Array): string | undefined {
  try {
    return utf8.decode(payload);
  } catch {
    return undefined; // not UTF-8: whoever asked says so
  }
}

/** What a payload says. Zero bytes say that there is nothing any more. */
export function bodyOf(payload: Uint8Array, kind: Dialect['payload']): { readonly value: unknown } | { readonly refusal: string } {
  if (payload.length === 0) return { value: undefined };
  if (payload.length > payloadBytesMax) return { refusal: `${payload.length} bytes, at most ${payloadBytesMax}` };
  const text = textOf(payload);
  if (text === undefined) return { refusal: 'not UTF-8' };
  if (kind === 'text') return { value: text };
  try {
    return { value: JSON.parse(text) };
  } catch {
    return { refusal: `not JSON: ${JSON.stringify(text.slice(0, 40))}` };
  }
}

/** Attributes come as JSON text, states plainly: both are read as text. */
const unquoted = (text: string): string => {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === 'string' ? json : text;
  } catch {
    return text; // plain text is not JSON
  }
};

/** The state in a message of availability: plain, or at the path where it is JSON. */
function stateIn(payload: Uint8Array, at: JsonPath | undefined): string | undefined {
  const text = payload.length > payloadBytesMax ? undefined : textOf(payload);
  if (text === undefined || !at) return text;
  try {
    const found = at.read(JSON.parse(text))[0]?.value;
    return typeof found === 'string' ? found : text;
  } catch {
    return text; // older devices say it plainly
  }
}
