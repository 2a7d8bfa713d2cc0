import { describe, expect, test } from 'vitest';
import { decodeCurve } from '../../../energy-oracle/grid/grid-feed.ts';
import { curveBytesMax } from '../../../energy-oracle/telemetry/curve-message.ts';
import { curveMessage, curveOf } from '../telemetry/messages.ts';

const honest = curveMessage(curveOf(0));
const json = new TextDecoder().decode(honest.payload);

describe('a curve', () => {
  test('comes back from its message as it went in, gaps too', () => {
    expect(decodeCurve(honest.topic, honest.payload)).toEqual({ kind: 'curve', curve: { ...curveOf(0), signature: expect.any(String) } });
    const long = curveMessage(curveOf(1, { values: Array.from({ length: 1_000 }, (_, i) => -1_234.567891 - i) }));
    expect(decodeCurve(long.topic, long.payload).kind).toBe('curve');
  });

  test.each([
    { name: 'white space', payload: json.replace('[', '[ '), reason: 'not-canonical' },
    { name: 'a decimal of zero', payload: json.replace('80.5', '80.50'), reason: 'not-canonical' },
    { name: 'an unknown field', payload: json.replace('{', '{"more":1,'), reason: 'schema' },
    { name: 'no values', payload: json.replace(/\[.*\]/, '[]'), reason: 'schema' },
    { name: 'a step of nothing', payload: json.replace('PT15M', 'PT0S'), reason: 'schema' },
    { name: 'a step above a day', payload: json.replace('PT15M', 'P2D'), reason: 'schema' },
    { name: 'a price per kWh', payload: json.replace('EUR/MWh', 'EUR/kWh'), reason: 'schema' },
    { name: 'an instant without offset', payload: json.replace('12:00:00Z', '12:00:00'), reason: 'schema' },
    { name: 'size', payload: json.replace('[', `[${'1,'.repeat(curveBytesMax)}`), reason: 'oversized' },
    { name: 'half a message', payload: json.slice(0, 50), reason: 'not-json' },
  ])('is refused for $name', ({ payload, reason }) => {
    expect(payload).not.toBe(json);
    expect(decodeCurve(honest.topic, new TextEncoder().encode(payload))).toMatchObject({ kind: 'undecodable', reason });
  });

  test.each(['grid/v1/DE-LU/receipt', 'grid/v1/de-lu/day_ahead_price', 'energy/v1/a/b/day_ahead_price'])(
    'is refused under the topic %j',
    (topic) => {
      expect(decodeCurve(topic, honest.payload)).toMatchObject({ kind: 'undecodable', reason: 'topic' });
    },
  );
});
