/**
 * Laws of every dialect: nothing throws, memory ends, a unit and a sign undo themselves.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { builtInDialects } from '../../../../energy-oracle/telemetry/dialects/built-in-dialects.ts';
import { baseOf } from '../../../../energy-oracle/telemetry/dialects/meter-unit.ts';
import { boundedMap } from '../../../../energy-oracle/telemetry/dialects/said.ts';
import { covers, parsePattern, rendered, widest } from '../../../../energy-oracle/telemetry/dialects/topic-pattern.ts';
import { parseTemplate } from '../../../../energy-oracle/telemetry/dialects/value-template.ts';
import { heard, message, noon, type Spoken, translator } from './hearing.ts';

const level = fc.oneof(
  fc.constantFrom(
    'evcc',
    'site',
    'pvPower',
    'N',
    'abc',
    'system',
    '0',
    'Ac',
    'Grid',
    'L1',
    'Power',
    'homeassistant',
    'sensor',
    'device',
    'config',
    'tele',
    'SENSOR',
    'status',
    'em:0',
    'spBv1.0',
    'NBIRTH',
    'DDATA',
    'zigbee2mqtt',
    'energy',
    'v1',
    'state',
  ),
  fc.string({ maxLength: 8 }),
);
const topic = fc.array(level, { minLength: 1, maxLength: 8 }).map((levels) => levels.join('/'));
const word = fc.constantFrom(
  'value',
  'power',
  'ENERGY',
  'Power',
  'params',
  'em:0',
  'total_act_power',
  'cmps',
  'dev',
  'ids',
  'p',
  'dev_cla',
  'unit_of_meas',
  'stat_t',
  'val_tpl',
  'avty',
  '~',
  '__proto__',
  'constructor',
);
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.double(),
    fc.string(),
    fc.constantFrom('power', 'W', 'sensor', '{{ value_json.p }}', null, true),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(word, tie('value'), { maxKeys: 5 }),
  ),
})).value;
const payload = fc.oneof(fc.uint8Array({ maxLength: 64 }), json, fc.string());
const spoken: fc.Arbitrary<Spoken> = fc
  .tuple(topic, payload, fc.record({ retained: fc.boolean(), receivedAt: fc.constant(noon) }))
  .map(([name, body, rest]): Spoken => [name, body === undefined ? '' : body, rest]);
/** Topics that the rules meet, with their variables filled in at random. */
const met = fc
  .tuple(
    fc.constantFrom(...builtInDialects.flatMap(({ rules }) => rules.map(({ match }) => match))),
    fc.string({ minLength: 1, maxLength: 5 }),
    payload,
  )
  .map(([match, fill, body]): Spoken => [match.replace(/\{[^}]*\}/g, () => fill), body]);

describe('a translator', () => {
  test('never throws, whatever the topic and the bytes, and tells only numbers', () => {
    const ear = translator({ devices: [{ device: '*', measure: '*', stream: 'pv_power' }] });
    fc.assert(
      fc.property(fc.oneof(spoken, met), (each) => {
        const { observations, refusals } = ear.hear(message(each));
        for (const { value, at } of observations)
          expect([Number.isFinite(value), Number.isSafeInteger(at), Object.is(value, -0)]).toEqual([true, true, false]);
        for (const refusal of refusals) expect(typeof refusal).toBe('string');
        ear.due(noon);
      }),
      { numRuns: 3_000 },
    );
  });
  test('turns a sign and a scale back by the same again', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: -1e9, max: 1e9 }),
        fc.constantFrom('+', '-'),
        fc.integer({ min: -6, max: 6 }),
        (value, sign, exponent) => {
          const scale = 2 ** exponent;
          const through = (number: number, factor: number) =>
            heard([['zigbee2mqtt/m', { power: number }]], {
              devices: [{ device: 'zigbee2mqtt/m', stream: 'grid_power', sign, scale: factor }],
            }).observations[0]?.value ?? Number.NaN;
          expect(through(through(value, scale), 1 / scale)).toBe(value || 0);
        },
      ),
      { numRuns: 50 },
    ));
  test('forgets the oldest of what strangers make it remember', () => {
    const ear = translator();
    const config = (i: number): Spoken => [`homeassistant/sensor/s${i}/config`, { stat_t: `s/${i}`, dev_cla: 'power', unit_of_meas: 'W' }];
    for (let i = 0; i < 3_000; i++) ear.hear(message(config(i)));
    expect(ear.filters.length).toBeLessThan(2_200);
    expect(ear.hear(message(['s/0', '1'])).refusals).toEqual([]); // forgotten
    expect(ear.hear(message(['s/2999', '1'])).refusals).toHaveLength(1); // known, and nobody said which stream
  });
});

describe('a bounded table', () => {
  test('never holds more than it may, and keeps the newest', () =>
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 3 })), fc.integer({ min: 1, max: 5 }), (keys, max) => {
        const table = boundedMap<number>(max);
        for (const [i, key] of keys.entries()) {
          table.set(key, i);
          expect(table.size).toBeLessThanOrEqual(max);
          expect(table.get(key)).toBe(i);
        }
      }),
    ));
});

describe('a unit', () => {
  test.each([
    ['W', 'W', 1],
    ['mW', 'W', 1e-3],
    ['MW', 'W', 1e6],
    ['kWh', 'Wh', 1e3],
    ['GJ', 'Wh', 1e9 / 3_600],
    ['J', 'Wh', 1 / 3_600],
    ['KWH', 'Wh', 1e3],
    ['%', '%', 1],
  ])('%s is in %s, times %d', (unit, base, factor) => {
    expect(baseOf(unit)?.base).toBe(base);
    expect(baseOf(unit)?.factor).toBeCloseTo(factor, 9);
  });
  test.each(['mw', 'Mwh', 'VA', 'var', '°C', '', 'constructor', 'kW/h'])('%s is none of energy', (unit) =>
    expect(baseOf(unit)).toBeUndefined(),
  );
});

describe('a topic pattern', () => {
  const name = fc.stringMatching(/^[a-z0-9:_-]{1,6}$/);
  test('finds again what was filled in', () =>
    fc.assert(
      fc.property(name, name, name, (a, b, c) => {
        const pattern = parsePattern('x/{a}/em:{b}/{c*}');
        const filled = rendered(pattern.text, { a, b }).replace('{c*}', `${c}/${c}`);
        expect(pattern.match(filled)).toEqual({ a, b, c: `${c}/${c}` });
        expect(covers(pattern.filter, filled)).toBe(true);
      }),
    ));
  test.each([
    { filters: ['a/#', 'a/b', 'a'], want: ['a/#'] },
    { filters: ['a/+', 'a/b', 'a/+/c', 'a/b'], want: ['a/+', 'a/+/c'] },
    { filters: ['a/+/c', 'a/b/+'], want: ['a/+/c', 'a/b/+'] },
  ])('$filters need $want', ({ filters, want }) => expect(widest(filters)).toEqual(want));
  test.each(['', '/a', 'a/+/b', 'a/#', '{a}/{a}', '{a*}/{b*}', 'a/x{b*}', 'a/{b'])('%j is none', (text) =>
    expect(() => parsePattern(text)).toThrow(RangeError),
  );
});

describe('a value template', () => {
  test('never throws', () =>
    fc.assert(
      fc.property(fc.string(), fc.string(), (text, body) => {
        for (const each of [text, `{{ ${text} }}`, `{{ value_json${text} }}`]) {
          const template = parseTemplate(each);
          if (template.kind === 'template') template.read(body);
        }
      }),
    ));
});
