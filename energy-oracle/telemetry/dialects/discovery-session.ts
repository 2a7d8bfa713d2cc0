/**
 * Discovery session: sensors that made themselves known to Home Assistant, and what they say since.
 *
 * A config asks for subscriptions to the topics that it names; an empty one takes its sensors away. While a device says
 * that it is away, nothing of it is taken. Entities are bounded.
 */
import { payloadBytesMax, textOf } from './dialect-rules.ts';
import { type Availability, type DiscoveredEntity, readDiscovery } from './discovery-config.ts';
import { boundedMap, type Said, type Session, type SessionHeard } from './said.ts';
import type { LocalMessage } from './translator.ts';

const configsMax = 1_024;
const statesMax = 2_048;

export function createDiscoverySession({ prefix }: { prefix: string }): Session {
  const entities = boundedMap<readonly DiscoveredEntity[]>(configsMax); // by the topic of their config
  const byTopic = new Map<string, DiscoveredEntity[]>();
  const states = boundedMap<'online' | 'offline'>(statesMax); // by what an availability asks of its topic
  const lastOf = boundedMap<'online' | 'offline'>(statesMax); // by entity

  const reindex = () => {
    byTopic.clear();
    for (const each of entities.values())
      for (const entity of each)
        for (const topic of new Set([entity.stateTopic, ...entity.availability.map((one) => one.topic)]))
          byTopic.set(topic, [...(byTopic.get(topic) ?? []), entity]);
  };

  const configure = (message: LocalMessage, names: NonNullable<ReturnType<typeof configNames>>): SessionHeard => {
    const json = message.payload.length === 0 ? undefined : jsonOf(message.payload);
    const read = json === undefined ? { entities: [], refusals: [] } : readDiscovery(json.value, names.isBundle, names);
    const before = entities.get(message.topic) !== undefined;
    if (read.entities.length > 0) entities.set(message.topic, read.entities);
    else entities.delete(message.topic);
    if (before || read.entities.length > 0) reindex();
    const topics = read.entities.flatMap(({ stateTopic, availability }) => [stateTopic, ...availability.map(({ topic }) => topic)]);
    const refusals = json && json.value === undefined ? ['a config is JSON'] : read.refusals;
    return { said: [], refusals, replies: [], subscribe: [...new Set(topics)] };
  };

  const isAway = (entity: DiscoveredEntity): boolean => {
    const known = entity.availability.flatMap((each) => states.get(stateKey(each)) ?? []);
    if (known.length === 0) return false;
    if (entity.availabilityMode === 'all') return known.includes('offline');
    if (entity.availabilityMode === 'any') return !known.includes('online');
    return lastOf.get(entityKey(entity)) === 'offline';
  };

  return {
    filters: ['device', 'sensor'].flatMap((kind) => [`${prefix}/${kind}/+/config`, `${prefix}/${kind}/+/+/config`]),
    hear: (message) => {
      const names = configNames(message.topic, prefix);
      if (names) return configure(message, names);
      const concerned = byTopic.get(message.topic);
      if (!concerned) return undefined;
      if (message.payload.length > payloadBytesMax)
        return { ...nothing, refusals: [`${message.payload.length} bytes, at most ${payloadBytesMax}`] };
      const text = textOf(message.payload);
      if (text === undefined) return { ...nothing, refusals: ['not UTF-8'] };
      const said: Said[] = [];
      const refusals: string[] = [];
      for (const entity of concerned) {
        for (const each of entity.availability) {
          if (each.topic !== message.topic || each.template.kind !== 'template') continue;
          const state = stateOf(each, each.template.read(text));
          if (!state) continue;
          states.set(stateKey(each), state);
          lastOf.set(entityKey(entity), state);
        }
        if (entity.stateTopic !== message.topic || entity.template.kind !== 'template') continue;
        const value = entity.template.read(text);
        if (isAway(entity)) refusals.push(`${entity.device} ${entity.measure}: the device says that it is away`);
        else said.push(saidOf(entity, value, message));
      }
      return { ...nothing, said, refusals };
    },
  };
}

const nothing: SessionHeard = { said: [], refusals: [], replies: [], subscribe: [] };
const stateKey = ({ topic, online, offline }: Availability): string => `${topic}\n${online}\n${offline}`;
const entityKey = ({ device, measure }: DiscoveredEntity): string => `${device}\n${measure}`;
const stateOf = ({ online, offline }: Availability, value: unknown): 'online' | 'offline' | undefined => {
  if (String(value) === online) return 'online';
  return String(value) === offline ? 'offline' : undefined;
};

const saidOf = ({ device, measure, unit }: DiscoveredEntity, value: unknown, { receivedAt }: LocalMessage): Said => ({
  device,
  measure,
  value,
  unit,
  scale: 1,
  sign: '+',
  stream: undefined,
  at: receivedAt,
  timed: 'received',
  part: undefined,
});

function configNames(topic: string, prefix: string): { isBundle: boolean; node: string | undefined; object: string } | undefined {
  if (!topic.startsWith(`${prefix}/`) || !topic.endsWith('/config')) return undefined;
  const [kind, first, second, last, ...rest] = topic.slice(prefix.length + 1).split('/');
  if ((kind !== 'device' && kind !== 'sensor') || !first || rest.length > 0) return undefined;
  if (second === 'config' && last === undefined) return { isBundle: kind === 'device', node: undefined, object: first };
  return second && last === 'config' ? { isBundle: kind === 'device', node: first, object: second } : undefined;
}

/** `value` is `undefined` for what is no JSON. */
function jsonOf(payload: Uint8Array): { readonly value: unknown } {
  const text = payload.length > payloadBytesMax ? undefined : textOf(payload);
  try {
    return { value: text === undefined ? undefined : JSON.parse(text) };
  } catch {
    return { value: undefined };
  }
}
