/**
 * Sparkplug session: which edge nodes are born, what their aliases stand for, and when one must be asked to be born again.
 *
 * After a gap in the sequence a birth may have been missed, and with it what the aliases mean now: until the node is born
 * again only metrics that carry their name are believed. Nodes and their metrics are bounded.
 */
import { type DurationMs, type Instant, MINUTE } from '../../../units/time.ts';
import { deviceTime } from './device-time.ts';
import { payloadBytesMax } from './dialect-rules.ts';
import { boundedMap, type Said, type Session, type SessionHeard } from './said.ts';
import { decodeSparkplug, type Metric, rebirthRequest, type SparkplugPayload } from './sparkplug-payload.ts';
import type { LocalMessage } from './translator.ts';

/** A node that does not answer is asked again after this. */
export const askAgainMs: DurationMs = MINUTE;
const nodesMax = 128;
/** Of one node: a birth of thousands fits. */
const metricsMax = 8_192;
/** Of all nodes, names and aliases counted apart; the node that was born first is forgotten beyond it. */
const definitionsMax = 100_000;

interface Definition {
  readonly name: string;
  readonly datatype: number | undefined;
  readonly engUnit: string | undefined;
}

interface Node {
  isBorn: boolean;
  /** It has more metrics than are remembered: being born again would not help. */
  isTooLarge: boolean;
  /** A birth may have been missed. */
  isDoubtful: boolean;
  bdSeq: number | undefined;
  seq: number | undefined;
  askedAt: Instant | undefined;
  /** By `<device>/<name>`, and by `#<alias>`, which is one across the node. */
  readonly metrics: Map<string, Definition>;
  readonly devices: Set<string>;
}

interface Address {
  readonly group: string;
  readonly type: string;
  readonly edge: string;
  readonly device: string | undefined;
}

const types = ['NBIRTH', 'NDATA', 'NDEATH', 'DBIRTH', 'DDATA', 'DDEATH'];
/** What a node says of itself. */
const ofItself = /^(bdSeq$|Node Control\/|Device Control\/|Properties\/)/;

export function createSparkplugSession({ namespace }: { namespace: string }): Session {
  const nodes = boundedMap<Node>(nodesMax);

  const makeRoom = () => {
    let total = 0;
    for (const { metrics } of nodes.values()) total += metrics.size;
    for (const [key, { metrics }] of nodes) {
      if (total <= definitionsMax || nodes.size === 1) return;
      total -= metrics.size;
      nodes.delete(key);
    }
  };

  const ask = (node: Node, { group, edge }: Address, now: Instant): SessionHeard['replies'] => {
    if (node.askedAt !== undefined && now - node.askedAt < askAgainMs && now >= node.askedAt) return [];
    node.askedAt = now;
    return [{ topic: `${namespace}/${group}/NCMD/${edge}`, payload: rebirthRequest(now) }];
  };

  return {
    filters: types.map((type) => `${namespace}/+/${type}/${type.startsWith('N') ? '+' : '+/+'}`),
    hear: (message) => {
      const address = addressOf(message.topic, namespace);
      if (!address) return undefined;
      const payload = message.payload.length > payloadBytesMax ? undefined : decodeSparkplug(message.payload);
      if (!payload) return { ...nothing, refusals: ['no Sparkplug B payload'] };
      const key = `${address.group}/${address.edge}`;
      const node: Node = nodes.get(key) ?? unborn();
      nodes.set(key, node);
      if (address.type === 'NBIRTH') {
        const reborn = { ...unborn(), isBorn: true, seq: payload.seq ?? 0, bdSeq: bdSeqIn(payload) };
        nodes.delete(key);
        nodes.set(key, reborn); // the newest
        const { said, refusals } = tell(reborn, address, payload, message, true);
        makeRoom();
        return { ...nothing, said, refusals };
      }
      if (address.type === 'NDEATH') {
        const died = bdSeqIn(payload); // the will of an earlier session may come after the birth of the next
        if (died === undefined || node.bdSeq === undefined || died === node.bdSeq) nodes.delete(key);
        return nothing;
      }
      if (!node.isBorn) return { ...nothing, refusals: ['no birth was heard yet'], replies: ask(node, address, message.receivedAt) };
      const refusals: string[] = [];
      const gap = node.seq !== undefined && payload.seq !== undefined && payload.seq !== (node.seq + 1) % 256;
      if (gap) {
        node.isDoubtful = true;
        refusals.push(`number ${payload.seq} after ${node.seq}: a message is missing`);
      }
      if (payload.seq !== undefined) node.seq = payload.seq;
      if (address.type === 'DDEATH') node.devices.delete(address.device ?? '');
      const told = address.type === 'DDEATH' ? untold : tell(node, address, payload, message, address.type === 'DBIRTH');
      if (address.type === 'DBIRTH') makeRoom();
      const replies = gap || (told.isUnknown && !node.isTooLarge) ? ask(node, address, message.receivedAt) : [];
      return { said: told.said, refusals: [...refusals, ...told.refusals], replies, subscribe: [] };
    },
  };
}

const nothing: SessionHeard = { said: [], refusals: [], replies: [], subscribe: [] };
const untold: Told = { said: [], refusals: [], isUnknown: false };
const unborn = (): Node => ({
  isBorn: false,
  isTooLarge: false,
  isDoubtful: false,
  bdSeq: undefined,
  seq: undefined,
  askedAt: undefined,
  metrics: new Map(),
  devices: new Set(),
});

function addressOf(topic: string, namespace: string): Address | undefined {
  if (!topic.startsWith(`${namespace}/`)) return undefined;
  const [group, type, edge, device, ...rest] = topic.slice(namespace.length + 1).split('/');
  if (!group || !type || !edge || rest.length > 0 || !types.includes(type)) return undefined;
  return type.startsWith('D') === (device !== undefined) ? { group, type, edge, device } : undefined;
}

const bdSeqIn = ({ metrics }: SparkplugPayload): number | undefined =>
  metrics.find(({ name }) => name === 'bdSeq')?.number(undefined) ?? undefined;

interface Told extends Pick<SessionHeard, 'said' | 'refusals'> {
  /** Something is told of that was never born. */
  readonly isUnknown: boolean;
}

/** Defines what a birth names, and tells the numbers. */
function tell(
  node: Node,
  { group, edge, device }: Address,
  payload: SparkplugPayload,
  { receivedAt }: LocalMessage,
  isBirth: boolean,
): Told {
  const said: Said[] = [];
  const refusals = new Set<string>();
  if (isBirth && device !== undefined) node.devices.add(device);
  let isUnknown = device !== undefined && !node.devices.has(device);
  if (isUnknown) refusals.add(`no birth of ${device} was heard yet`);
  for (const metric of isUnknown ? [] : payload.metrics) {
    const definition = definitionOf(node, device ?? '', metric, isBirth);
    if (!definition) {
      refusals.add(`alias ${metric.alias} is of no metric that was born${node.isDoubtful ? ', or it may have moved' : ''}`);
      isUnknown = true;
      continue;
    }
    const value = metric.number(metric.datatype ?? definition.datatype);
    if (ofItself.test(definition.name) || value === undefined) continue;
    const time = deviceTime(metric.timestamp ?? payload.timestamp ?? receivedAt, 'unix-ms', undefined, receivedAt);
    if (time.kind !== 'at') {
      if (time.kind === 'refused') refusals.add(time.reason);
      continue;
    }
    said.push({
      device: device === undefined ? `${group}/${edge}` : `${group}/${edge}/${device}`,
      measure: definition.name,
      value,
      unit: metric.engUnit ?? definition.engUnit,
      scale: 1,
      sign: '+',
      stream: undefined,
      at: time.at,
      timed: metric.timestamp === undefined && payload.timestamp === undefined ? 'received' : 'device',
      part: undefined,
    });
  }
  return { said, refusals: [...refusals], isUnknown };
}

function definitionOf(node: Node, device: string, metric: Metric, isBirth: boolean): Definition | undefined {
  const { name, alias, datatype, engUnit } = metric;
  if (name !== undefined) {
    const known = node.metrics.get(`${device}/${name}`);
    const definition = { name, datatype: datatype ?? known?.datatype, engUnit: engUnit ?? known?.engUnit };
    if (isBirth && node.metrics.size >= 2 * metricsMax) node.isTooLarge = true;
    else if (isBirth) {
      node.metrics.set(`${device}/${name}`, definition);
      if (alias !== undefined) node.metrics.set(`#${alias}`, definition);
    }
    return definition;
  }
  return alias === undefined || node.isDoubtful ? undefined : node.metrics.get(`#${alias}`);
}
