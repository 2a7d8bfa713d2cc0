/**
 * Dialect translator: messages of any dialect become observations in our streams, units and signs.
 *
 * One interpreter serves the gateway, which wants observations, and `sniff`, which shows how each came about. An owner's
 * assignment wins over a dialect; nothing is guessed; what cannot be used carries its reason.
 */
import type { Instant } from '../../../units/time.ts';
import type { Stream } from '../reading.ts';
import { builtInDialects } from './built-in-dialects.ts';
import { type Assignment, type Dialect, DialectFault, type Mapping } from './dialect.ts';
import { forSite, type SiteDialect } from './dialect-rules.ts';
import { createDiscoverySession } from './discovery-session.ts';
import { createKeepalive, type Keepalive } from './keepalive.ts';
import { baseOf, unitRefusal } from './meter-unit.ts';
import { createPartSums, type PartSums } from './part-sum.ts';
import { boundedMap, type Said, type Session } from './said.ts';
import { createSparkplugSession } from './sparkplug-session.ts';
import { parsePattern, rendered, type TopicPattern, type Variables, widest } from './topic-pattern.ts';
import type { Heard, LocalMessage, Outgoing, Translator } from './translator.ts';

/** What was made of one number, taken or not. */
export interface Finding {
  readonly dialect: string;
  /** `<dialect>/<device>`. */
  readonly device: string;
  readonly measure: string;
  readonly topic: string;
  /** `undefined`: only the owner knows. */
  readonly stream: Stream | undefined;
  /** As the device or the dialect says; `undefined` when neither does. */
  readonly unit: string | undefined;
  /** `-`: what came was turned around. */
  readonly sign: '+' | '-';
  /** In W, Wh or % and the stream's sign; as it came when the unit is not known. */
  readonly value: number;
  readonly at: Instant;
  readonly timed: 'device' | 'received';
  /** Why it is not taken; `undefined` when it is. */
  readonly refusal: string | undefined;
  /** Nothing is wrong: other parts of the sum are still to come. */
  readonly waits: boolean;
  /** The owner has spoken of this device and measure. */
  readonly assigned: boolean;
}

export interface Understood {
  readonly findings: readonly Finding[];
  /** Of the message as a whole. */
  readonly refusals: readonly { readonly dialect: string; readonly reason: string }[];
  readonly replies: readonly Outgoing[];
  readonly subscribe: readonly string[];
  /** False for a topic that no dialect has. */
  readonly isKnown: boolean;
}

export interface Interpreter {
  readonly filters: readonly string[];
  understand(message: LocalMessage): Understood;
  due(now: Instant): readonly Outgoing[];
}

/** Filters that devices may ask for beside the dialects' own. */
const askedFiltersMax = 2_048;
const assignmentCacheMax = 4_096;
const settleAfterMs = 30_000;
/** Names of devices come from topics, and are remembered: longer ones are nobody's. */
const topicLengthMax = 1_024;

/** @throws DialectFault for a mapping that names what is not there */
export function createTranslator({ mapping }: { mapping: Mapping }): Translator {
  const interpreter = createInterpreter({ mapping });
  return {
    get filters() {
      return interpreter.filters;
    },
    hear: (message): Heard => {
      const { findings, refusals, replies, subscribe } = interpreter.understand(message);
      return {
        observations: findings.flatMap(({ device, stream, value, at, refusal }) =>
          refusal === undefined && stream !== undefined ? [{ device, stream, value, at }] : [],
        ),
        refusals: [
          ...refusals.map(({ dialect, reason }) => `${dialect}: ${message.topic}: ${reason}`),
          ...findings.flatMap((finding) =>
            isWorthTelling(finding, mapping) ? [`${finding.device} ${finding.measure}: ${finding.refusal}`] : [],
          ),
        ],
        replies,
        subscribe,
      };
    },
    due: (now) => interpreter.due(now),
  };
}

/** A share of something unnamed is a humidity; and who has said what counts need not be told of the rest. */
const isWorthTelling = ({ refusal, waits, assigned, stream, unit }: Finding, { others }: Mapping): boolean =>
  refusal !== undefined && !waits && (assigned || others === 'take') && (stream !== undefined || assigned || unit !== '%');

interface Speaker {
  readonly site: SiteDialect;
  readonly session: Session | undefined;
  readonly sums: PartSums;
  readonly settle: { readonly topic: TopicPattern; readonly device: string } | undefined;
  readonly keepalive:
    | { readonly topics: readonly TopicPattern[]; readonly rule: { readonly topic: string }; readonly state: Keepalive }
    | undefined;
}

/** @throws DialectFault for a mapping that names what is not there */
export function createInterpreter({ mapping }: { mapping: Mapping }): Interpreter {
  const speakers = dialectsOf(mapping).map((dialect) => speakerOf(dialect, mapping.variables[dialect.name]));
  const assignmentOf = assignmentsOf(mapping.devices);
  const asked = new Set<string>();
  const own = speakers.flatMap(({ site, session, settle, keepalive }) => [
    ...site.filters,
    ...(session?.filters ?? []),
    ...(settle ? [settle.topic.filter] : []),
    ...(keepalive?.topics.map(({ filter }) => filter) ?? []),
  ]);

  const conclude = (speaker: Speaker, said: Said, message: LocalMessage): Finding | undefined => {
    const { dialect } = speaker.site;
    const device = `${dialect.name}/${said.device}`;
    const assigned = assignmentOf(device, said.measure);
    if (assigned?.ignore) return undefined;
    const unit = assigned?.unit ?? said.unit;
    const base = unit === undefined ? undefined : baseOf(unit);
    if (unit !== undefined && !base && !assigned) return undefined; // of another kind: a temperature, a voltage
    const stream = assigned?.stream ?? (mapping.others === 'take' ? said.stream : undefined);
    const sign = (assigned?.sign ?? '+') === said.sign ? '+' : '-';
    const factor = (base?.factor ?? 1) * said.scale * (assigned?.scale ?? 1) * (sign === '-' ? -1 : 1);
    const key = `${device} ${said.measure}`;
    const number = numberIn(said.value, dialect.absent);
    if (number === undefined) {
      if (said.part !== undefined) speaker.sums.drop(key, said.part, message.receivedAt);
      return undefined;
    }
    const finding = {
      dialect: dialect.name,
      device,
      measure: said.measure,
      topic: message.topic,
      stream,
      unit,
      sign,
      at: said.at,
    } as const;
    const rest = { ...finding, timed: said.timed, waits: false, assigned: assigned !== undefined };
    if (Number.isNaN(number)) return { ...rest, value: number, refusal: `${JSON.stringify(said.value)?.slice(0, 40)} is no number` };
    const own = number * factor || 0; // no negative zero
    const value = said.part === undefined ? own : speaker.sums.put(key, said.part, own, message.receivedAt);
    if (value === undefined) return { ...rest, value: own, waits: true, refusal: `waits for the other parts, ${said.part} is one` };
    return { ...rest, value, refusal: refusalOf(speaker, said, rest, value, message) };
  };

  return {
    get filters() {
      return widest([...own, ...asked]);
    },
    understand: (message) => {
      const findings: Finding[] = [];
      const refusals: { dialect: string; reason: string }[] = [];
      const replies: Outgoing[] = [];
      const subscribe: string[] = [];
      let isKnown = false;
      for (const speaker of message.topic.length > topicLengthMax ? [] : speakers) {
        const { name } = speaker.site.dialect;
        const met = speaker.settle?.topic.match(message.topic);
        if (met && speaker.settle)
          speaker.sums.settle(`${name}/${rendered(speaker.settle.device, { ...speaker.site.variables, ...met })} `);
        const alive = speaker.keepalive && firstMatch(speaker.keepalive.topics, message.topic);
        if (met || alive) isKnown = true;
        if (alive && speaker.keepalive)
          speaker.keepalive.state.know(rendered(speaker.keepalive.rule.topic, { ...speaker.site.variables, ...alive }));
        for (const heard of [speaker.site.find(message), speaker.session?.hear(message)]) {
          if (!heard) continue;
          isKnown = true;
          for (const reason of heard.refusals) refusals.push({ dialect: name, reason });
          for (const said of heard.said) {
            const finding = conclude(speaker, said, message);
            if (finding) findings.push(finding);
          }
          replies.push(...heard.replies);
          for (const filter of heard.subscribe)
            if (!asked.has(filter) && asked.size < askedFiltersMax) {
              asked.add(filter);
              subscribe.push(filter);
            }
        }
      }
      return { findings, refusals, replies, subscribe, isKnown };
    },
    due: (now) => speakers.flatMap(({ keepalive }) => keepalive?.state.due(now) ?? []),
  };
}

function firstMatch(patterns: readonly TopicPattern[], topic: string): Variables | undefined {
  for (const pattern of patterns) {
    const found = pattern.match(topic);
    if (found) return found;
  }
  return undefined;
}

function refusalOf(
  { site }: Speaker,
  said: Said,
  { stream, unit }: Pick<Finding, 'stream' | 'unit'>,
  value: number,
  message: LocalMessage,
): string | undefined {
  if (unit === undefined) return 'no unit is said; give it one: {device, measure, stream, unit}';
  if (stream === undefined) return 'which stream it is, only its owner knows: {device, measure, stream}';
  const wrong = unitRefusal(stream, unit);
  if (wrong) return wrong;
  if (!Number.isFinite(value)) return 'beyond all numbers';
  if (!site.isAvailable(said.device)) return 'the device says that it is away';
  if (message.retained && said.timed === 'received') return 'kept by the broker, and nothing says since when; the next one counts';
  return undefined;
}

const numeral = /^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?\s*$/;

/** `undefined` for "no value", NaN for what is no number. */
function numberIn(value: unknown, absent: readonly string[]): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number') return Number.isFinite(value) ? value : Number.NaN;
  if (typeof value !== 'string' || value.length > 64) return Number.NaN;
  const text = value.trim();
  if (text === '' || absent.some((each) => each.toLowerCase() === text.toLowerCase())) return undefined;
  return numeral.test(text) ? Number(text) : Number.NaN;
}

function dialectsOf({ use, dialects, variables }: Mapping): readonly Dialect[] {
  const own = new Set(dialects.map(({ name }) => name));
  if (own.size < dialects.length) throw new DialectFault('dialects: two have one name');
  const all = [...builtInDialects.filter(({ name }) => !own.has(name)), ...dialects];
  const names = all.map(({ name }) => name);
  for (const [at, name] of [
    ...(use ?? []).map((each) => ['use', each] as const),
    ...Object.keys(variables).map((each) => [`variables.${each}`, each] as const),
  ])
    if (!names.includes(name)) throw new DialectFault(`${at}: no dialect ${JSON.stringify(name)}; there are ${names.join(', ')}`);
  return use ? all.filter(({ name }) => use.includes(name)) : all;
}

function speakerOf(dialect: Dialect, given: Readonly<Record<string, string>> | undefined): Speaker {
  const site = forSite(dialect, given);
  const { settle, keepalive, session } = dialect;
  const pattern = (text: string) => parsePattern(rendered(text, site.variables));
  const speaker: Speaker = {
    site,
    session: session && sessionOf(session, site.variables),
    sums: createPartSums(settle?.after ?? settleAfterMs),
    settle: settle?.match && settle.device ? { topic: pattern(settle.match), device: settle.device } : undefined,
    keepalive: keepalive && { topics: keepalive.match.map(pattern), rule: keepalive, state: createKeepalive(keepalive) },
  };
  const known = keepalive && rendered(keepalive.topic, site.variables);
  if (known !== undefined && !known.includes('{')) speaker.keepalive?.state.know(known);
  return speaker;
}

function sessionOf(session: NonNullable<Dialect['session']>, variables: Variables): Session {
  switch (session.kind) {
    case 'home-assistant-discovery':
      return createDiscoverySession({ prefix: rendered(session.prefix, variables) });
    case 'sparkplug-b':
      return createSparkplugSession({ namespace: rendered(session.namespace, variables) });
    default:
      return session satisfies never;
  }
}

/** The first entry that meets a device and measure; remembered, for the same ones come again and again. */
function assignmentsOf(entries: readonly Assignment[]): (device: string, measure: string) => Assignment | undefined {
  const ready = entries.map((entry) => ({ entry, device: glob(entry.device), measure: glob(entry.measure) }));
  const cache = boundedMap<Assignment | undefined>(assignmentCacheMax);
  return (device, measure) => {
    if (ready.length === 0) return undefined;
    const key = `${device} ${measure}`;
    if (!cache.has(key)) cache.set(key, ready.find((each) => each.device.test(device) && each.measure.test(measure))?.entry);
    return cache.get(key);
  };
}

const glob = (text: string): RegExp =>
  new RegExp(
    `^${text
      .split('*')
      .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}$`,
    's',
  );
