/**
 * Sparkplug B: births, aliases, gaps and deaths, in payloads that npm `sparkplug-payload` itself encodes.
 *
 * Rules: Sparkplug 3.0, chapter 6: datatypes and names come with births, data may carry aliases alone.
 */
import { get } from 'sparkplug-payload';
import proto from 'sparkplug-payload/lib/sparkplugPayloadProto.js';
import { describe, expect, test } from 'vitest';
import type { Instant } from '../../../../units/time.ts';
import { heard, lines, type MappingData, message, noon, type Spoken, translator } from './hearing.ts';

const codec = get('spBv1.0') ?? expect.fail('no codec');
type UPayload = Parameters<typeof codec.encodePayload>[0];
type Metric = NonNullable<UPayload['metrics']>[number];
const { Payload } = proto.org.eclipse.tahu.protobuf;

const said = (type: string, seq: number | undefined, metrics: readonly Metric[], rest: { device?: string; at?: Instant } = {}): Spoken => [
  `spBv1.0/plant/${type}/edge1${rest.device ? `/${rest.device}` : ''}`,
  codec.encodePayload({ timestamp: rest.at ?? noon, metrics: [...metrics], ...(seq === undefined ? {} : { seq }) }),
];
const bdSeq = (value: number): Metric => ({ name: 'bdSeq', type: 'UInt64', value });
const power = (value: number, unit = 'kW'): Metric => ({
  name: 'PV/Power',
  alias: 7,
  type: 'Float',
  value,
  properties: { engUnit: { type: 'String', value: unit } },
});
const nbirth = said('NBIRTH', 0, [bdSeq(1), { name: 'Node Control/Rebirth', type: 'Boolean', value: false }]);
const dbirth = said('DBIRTH', 1, [power(1.5)], { device: 'inv' });
/** As the specification asks for it: an alias and a value, no name, no datatype. */
const bare = (seq: number, fields: object): Spoken => [
  'spBv1.0/plant/DDATA/edge1/inv',
  Uint8Array.from(Payload.encode(Payload.create({ timestamp: noon, seq, metrics: [{ alias: 7, timestamp: noon, ...fields }] })).finish()),
];
const pv: MappingData = {
  use: ['sparkplug'],
  others: 'ignore',
  devices: [{ device: 'sparkplug/plant/edge1/inv', measure: 'PV/Power', stream: 'pv_power' }],
};
const told = (value: number) => `sparkplug/plant/edge1/inv pv_power ${value}`;

describe('Sparkplug B', () => {
  test('learns units and datatypes at a birth, and reads data that carries an alias alone', () =>
    expect(lines(heard([nbirth, dbirth, bare(2, { floatValue: 2.5 }), bare(3, { floatValue: 0.1 })], pv))).toEqual([
      told(1_500),
      told(2_500),
      told(100),
    ]));
  test.each([
    { type: 'Int8', fields: { intValue: 0xfb }, want: -5_000 },
    { type: 'Int16', fields: { intValue: 0xfffb }, want: -5_000 },
    { type: 'Int32', fields: { intValue: 0xfffffffb }, want: -5_000 },
    { type: 'UInt16', fields: { intValue: 65_535 }, want: 65_535_000 },
    { type: 'UInt32', fields: { intValue: 4_000_000_000 }, want: 4_000_000_000_000 },
    { type: 'Double', fields: { doubleValue: -1.25 }, want: -1_250 },
  ] as const)('reads $type by its birth', ({ type, fields, want }) => {
    const birth = said('DBIRTH', 1, [{ ...power(0), type, value: 0 }], { device: 'inv' });
    expect(lines(heard([nbirth, birth, bare(2, fields)], pv)).at(-1)).toBe(told(want));
  });
  test('reads a negative Int64 as the library sends it', () =>
    expect(lines(heard([nbirth, said('DBIRTH', 1, [{ ...power(0), type: 'Int64', value: -5 }], { device: 'inv' })], pv))).toEqual([
      told(-5_000),
    ]));
  test('counts from the metric’s own time, also when it is historical', () => {
    const old = { ...power(1), timestamp: noon - 3_600_000, isHistorical: true } as Metric;
    expect(heard([nbirth, said('DBIRTH', 1, [old], { device: 'inv' })], pv).observations[0]?.at).toBe(noon - 3_600_000);
  });
  test('says nothing of a null', () =>
    expect(
      heard([nbirth, dbirth, said('DDATA', 2, [{ ...power(1), value: null, isNull: true } as Metric], { device: 'inv' })], pv).observations,
    ).toHaveLength(1));
  test('wraps its numbers at 256', () => {
    const ear = translator(pv);
    heard([nbirth, dbirth], pv, ear);
    for (let seq = 2; seq < 600; seq++) {
      const { refusals, replies } = ear.hear(message(bare(seq % 256, { floatValue: 1 })));
      expect([refusals, replies]).toEqual([[], []]);
    }
  });

  const rebirths = (replies: readonly { topic: string; payload: Uint8Array }[]) =>
    replies.map(({ topic, payload }) => [topic, codec.decodePayload(payload).metrics?.map(({ name, value }) => [name, value])]);
  const asked = ['spBv1.0/plant/NCMD/edge1', [['Node Control/Rebirth', true]]];

  test('after a gap asks once to be born again, and believes no alias until then', () => {
    const ear = translator(pv);
    const before = heard([nbirth, dbirth, bare(4, { floatValue: 9 }), bare(5, { floatValue: 9 })], pv, ear);
    expect(lines(before)).toEqual([told(1_500)]);
    expect(rebirths(before.replies)).toEqual([asked]);
    expect(before.refusals.join('\n')).toMatch(
      /number 4 after 1: a message is missing\n.*alias 7 is of no metric that was born, or it may have moved/,
    );
    expect(lines(heard([nbirth, dbirth, bare(2, { floatValue: 2 })], pv, ear))).toEqual([told(1_500), told(2_000)]);
  });
  test('after a gap still believes what carries its name', () =>
    expect(lines(heard([nbirth, dbirth, said('DDATA', 9, [power(3)], { device: 'inv' })], pv))).toEqual([told(1_500), told(3_000)]));
  test('asks for a birth that it came too late for, again after a minute', () => {
    const late = (seconds: number): Spoken => [
      ...(bare(5, { floatValue: 1 }).slice(0, 2) as [string, Uint8Array]),
      { receivedAt: noon + seconds * 1_000 },
    ];
    const { replies, observations } = heard([late(0), late(1), late(59), late(60)], pv);
    expect(observations).toEqual([]);
    expect(rebirths(replies)).toEqual([asked, asked]);
  });
  test('ends with a death of its own session, not of an earlier one', () => {
    const data = bare(2, { floatValue: 2 });
    expect(lines(heard([nbirth, dbirth, said('NDEATH', undefined, [bdSeq(0)]), data], pv))).toEqual([told(1_500), told(2_000)]);
    expect(lines(heard([nbirth, dbirth, said('NDEATH', undefined, [bdSeq(1)]), data], pv))).toEqual([told(1_500)]);
  });
  test('takes nothing of a device that died', () =>
    expect(lines(heard([nbirth, dbirth, said('DDEATH', 2, [], { device: 'inv' }), bare(3, { floatValue: 2 })], pv))).toEqual([
      told(1_500),
    ]));
  test('without engUnit takes the owner’s word, and refuses without it', () => {
    const plain = said('DBIRTH', 1, [{ name: 'PV/Power', type: 'Float', value: 2 }], { device: 'inv' });
    const refused = heard([nbirth, plain], pv);
    expect([refused.observations, refused.refusals.join()]).toEqual([[], expect.stringContaining('no unit is said')]);
    const [assignment] = pv.devices ?? [];
    expect(lines(heard([nbirth, plain], { ...pv, devices: [{ ...assignment, unit: 'MW' }] }))).toEqual([told(2_000_000)]);
  });
  test('forgets the node that was born first when there are more than it remembers', () => {
    const ear = translator(pv);
    heard([nbirth, dbirth], pv, ear);
    const others = Array.from({ length: 128 }, (_, i): Spoken => [`spBv1.0/plant/NBIRTH/other${i}`, nbirth[1]]);
    expect(heard(others, pv, ear).replies).toEqual([]);
    expect(rebirths(heard([bare(2, { floatValue: 2 })], pv, ear).replies)).toEqual([asked]);
  });
  test('does not ask a node again and again whose metrics are too many', () => {
    const many = (from: number): Metric[] =>
      Array.from({ length: 3_000 }, (_, i) => ({ name: `m${from + i}`, alias: 100 + from + i, type: 'Float', value: 1 }));
    const births = [0, 3_000, 6_000].map((from, i) => said('DBIRTH', i + 1, many(from), { device: `d${i}` }));
    const ear = translator(pv);
    heard([nbirth, ...births], pv, ear);
    const strange: Spoken = [
      'spBv1.0/plant/DDATA/edge1/d2',
      Uint8Array.from(Payload.encode(Payload.create({ seq: 4, metrics: [{ alias: 9_090, floatValue: 1 }] })).finish()),
    ];
    const { replies, refusals } = heard([strange], pv, ear);
    expect([replies, refusals.join()]).toEqual([[], expect.stringContaining('alias 9090 is of no metric that was born')]);
  });
  test('refuses what is no payload of its kind', () =>
    expect(heard([['spBv1.0/plant/NDATA/edge1', '{"power":1}']], pv).refusals).toEqual([
      'sparkplug: spBv1.0/plant/NDATA/edge1: no Sparkplug B payload',
    ]));
  test('leaves commands and host states alone', () =>
    expect(heard([said('NCMD', undefined, []), ['spBv1.0/STATE/host', '{"online":true}']], pv)).toEqual({
      observations: [],
      refusals: [],
      replies: [],
      subscribe: [],
    }));
});
