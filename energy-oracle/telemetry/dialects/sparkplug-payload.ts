/**
 * Sparkplug payload: the protobuf of Sparkplug B as plain values, by the message classes of npm `sparkplug-payload`.
 *
 * Its own `decodePayload` gives `null` for a metric without a datatype, and the specification (3.0, 6.4.15) has datatypes
 * left out of everything but births. So the message is read below that, and a number by what a birth said it is.
 */
import proto from 'sparkplug-payload/lib/sparkplugPayloadProto.js';

const { Payload } = proto.org.eclipse.tahu.protobuf;
type Long = { toNumber(): number; toSigned(): Long };

/** The datatypes that a number may have. */
const int8 = 1;
const int16 = 2;
const int32 = 3;
const int64 = 4;
const boolean = 11;

const nameLengthMax = 256;

export interface Metric {
  readonly name: string | undefined;
  readonly alias: number | undefined;
  /** Epoch ms. */
  readonly timestamp: number | undefined;
  readonly datatype: number | undefined;
  readonly engUnit: string | undefined;
  /** The number by this datatype; `null` for none at present, `undefined` for what is no number. */
  number(datatype: number | undefined): number | null | undefined;
}

export interface SparkplugPayload {
  readonly timestamp: number | undefined;
  readonly seq: number | undefined;
  readonly metrics: readonly Metric[];
}

const has = (message: object, field: string): boolean => Object.hasOwn(message, field);
/** 64-bit numbers come as objects; what exceeds 2^53 was no time and no number of ours. */
const plain = (value: unknown): number | undefined =>
  typeof value === 'number' ? value : typeof value === 'object' && value !== null ? (value as Long).toNumber() : undefined;

/** `undefined` for bytes that are no Sparkplug B payload. Never throws. */
export function decodeSparkplug(bytes: Uint8Array): SparkplugPayload | undefined {
  try {
    const payload = Payload.decode(bytes);
    return {
      timestamp: has(payload, 'timestamp') ? plain(payload.timestamp) : undefined,
      seq: has(payload, 'seq') ? plain(payload.seq) : undefined,
      metrics: payload.metrics.map((metric) => ({
        name: has(metric, 'name') && metric.name ? String(metric.name).slice(0, nameLengthMax) : undefined,
        alias: has(metric, 'alias') ? plain(metric.alias) : undefined,
        timestamp: has(metric, 'timestamp') ? plain(metric.timestamp) : undefined,
        datatype: has(metric, 'datatype') ? (metric.datatype ?? undefined) : undefined,
        engUnit: unitIn(metric.properties),
        number: (datatype) => (metric.isNull ? null : numberOf(metric, datatype)),
      })),
    };
  } catch {
    return undefined; // not of this protobuf: the caller refuses it by name
  }
}

interface Properties {
  readonly keys?: readonly string[] | null;
  readonly values?: readonly { readonly stringValue?: string | null }[] | null;
}

function unitIn(properties: Properties | null | undefined): string | undefined {
  const at = properties?.keys?.findIndex((key) => key.toLowerCase() === 'engunit') ?? -1;
  const unit = properties?.values?.[at]?.stringValue;
  return unit && unit.length <= 32 ? unit : undefined;
}

interface Valued {
  readonly value?: string;
  readonly intValue?: number | null;
  readonly longValue?: unknown;
  readonly floatValue?: number | null;
  readonly doubleValue?: number | null;
}

function numberOf(metric: Valued, datatype: number | undefined): number | undefined {
  switch (metric.value) {
    case 'intValue': {
      const bits = metric.intValue ?? 0; // signed numbers come as their two's complement, of 32 bits or of their own width
      if (datatype === int8) return (bits << 24) >> 24;
      if (datatype === int16) return (bits << 16) >> 16;
      return datatype === int32 ? bits | 0 : bits;
    }
    case 'longValue': {
      const long = metric.longValue;
      return plain(datatype === int64 && typeof long === 'object' && long !== null ? (long as Long).toSigned() : long);
    }
    case 'floatValue':
      return Number((metric.floatValue ?? 0).toPrecision(7)); // what a 32-bit float can tell
    case 'doubleValue':
      return metric.doubleValue ?? 0;
    default:
      return undefined;
  }
}

/** A command that asks an edge node to be born again. */
export function rebirthRequest(timestamp: number): Uint8Array {
  const metric = { name: 'Node Control/Rebirth', timestamp, datatype: boolean, booleanValue: true };
  return Uint8Array.from(Payload.encode(Payload.create({ timestamp, metrics: [metric] })).finish());
}
