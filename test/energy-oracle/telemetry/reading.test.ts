import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeReading, encodeReading, payloadBytesMax, readingTopic, streams } from '../../../energy-oracle/telemetry/reading.ts';
import { keyOf, messageOf, readingOf } from './messages.ts';

const honest = messageOf(0, 0);
const json = new TextDecoder().decode(honest.payload);
const bytes = (text: string) => new TextEncoder().encode(text);
const signature = JSON.parse(json).sig as string;

describe('a reading', () => {
  test('comes back from its message as it went in', () => {
    const wh = fc.record({
      stream: fc.constantFrom(...streams),
      value: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
      seq: fc.nat(),
      start: fc.integer({ min: 0, max: 4e12 }),
      durationMs: fc.integer({ min: 1, max: 3_600_000 }),
    });
    fc.assert(
      fc.property(wh, ({ stream, value, seq, start, durationMs }) => {
        const reading = { ...readingOf(0, seq), stream, value: value === 0 ? 0 : value, metered: { start, end: start + durationMs } };
        const payload = encodeReading(reading, keyOf(0));
        const decoded = decodeReading(readingTopic(reading.provider, reading.site, stream), payload);
        expect(decoded).toEqual({ kind: 'reading', reading: { ...reading, signature: expect.any(String) } });
      }),
      { numRuns: 200 },
    );
  });

  test.each([
    { name: 'white space', payload: json.replace(':', ': '), reason: 'not-canonical' },
    { name: 'a trailing newline', payload: `${json}\n`, reason: 'not-canonical' },
    { name: 'a double key', payload: json.replace('"seq":0', '"seq":1,"seq":0'), reason: 'not-canonical' },
    { name: 'another field order', payload: json.replace('"value":50000,"unit":"W"', '"unit":"W","value":50000'), reason: 'not-canonical' },
    { name: 'an exponent', payload: json.replace('50000', '5e4'), reason: 'not-canonical' },
    { name: 'a decimal of zero', payload: json.replace('50000', '50000.0'), reason: 'not-canonical' },
    { name: 'more digits than a double holds', payload: json.replace('50000', '50000.00000000000000001'), reason: 'not-canonical' },
    { name: 'a negative zero', payload: json.replace('50000', '-0'), reason: 'not-canonical' },
    { name: 'a number in a string', payload: json.replace('50000', '"50000"'), reason: 'schema' },
    { name: 'an infinite number', payload: json.replace('50000', '1e999'), reason: 'schema' },
    { name: 'a fractional number of sequence', payload: json.replace('"seq":0', '"seq":0.5'), reason: 'schema' },
    { name: 'a number of sequence no double can count', payload: json.replace('"seq":0', '"seq":9007199254740993'), reason: 'schema' },
    { name: 'an escape for a letter', payload: json.replace('measured', '\\u006deasured'), reason: 'not-canonical' },
    { name: 'a byte order mark', payload: `\uFEFF${json}`, reason: 'not-json' },
    { name: 'an unknown field', payload: json.replace('{', '{"__proto__":{},'), reason: expect.stringMatching(/schema|not-canonical/) },
    { name: 'an offset instead of Z', payload: json.replace('12:00:00Z', '14:00:00+02:00'), reason: 'not-canonical' },
    { name: 'a day that no calendar has', payload: json.replace('06-21', '06-31'), reason: 'schema' },
    { name: 'seconds for a minute', payload: json.replace('PT1M', 'PT60S'), reason: 'not-canonical' },
    { name: 'a duration of nothing', payload: json.replace('PT1M', 'PT0S'), reason: 'schema' },
    { name: 'a duration above an hour', payload: json.replace('PT1M', 'PT61M'), reason: 'schema' },
    { name: 'another unit', payload: json.replace('"W"', '"Wh"'), reason: 'schema' },
    { name: 'half a message', payload: json.slice(0, 80), reason: 'not-json' },
    { name: 'a list', payload: '[]', reason: 'schema' },
    { name: 'depth', payload: '['.repeat(2_000) + ']'.repeat(2_000), reason: 'schema' },
    { name: 'nothing', payload: '', reason: 'not-json' },
    { name: 'size', payload: json.replace('measured', 'm'.repeat(payloadBytesMax)), reason: 'oversized' },
  ])('is refused for $name', ({ payload, reason }) => {
    expect(payload).not.toBe(json);
    expect(decodeReading(honest.topic, bytes(payload))).toMatchObject({ kind: 'undecodable', reason });
  });

  test('is refused for bytes that are not UTF-8', () => {
    const payload = honest.payload.slice();
    payload[10] = 0xff;
    expect(decodeReading(honest.topic, payload)).toMatchObject({ kind: 'undecodable', reason: 'not-json' });
  });

  test.each([
    'energy/v1/provider-0/site-0/receipt',
    'energy/v1/provider-0/site-0/pv_power/',
    'energy/v1/provider-0/../pv_power',
    'energy/v1/Provider-0/site-0/pv_power',
    'energy/v2/provider-0/site-0/pv_power',
    'energy/v1/provider-0/site-0/pv_power\n',
    'energy/v1/provider-0/ѕite-0/pv_power',
    '',
  ])('is refused under the topic %j', (topic) => {
    expect(decodeReading(topic, honest.payload)).toMatchObject({ kind: 'undecodable', reason: 'topic' });
  });

  test('has one text: no single changed byte leaves a reading with the same signature', () => {
    for (let i = 0; i < honest.payload.length; i++)
      for (const bit of [1, 2, 4, 8, 16, 32]) {
        const payload = honest.payload.slice();
        payload[i] = (payload[i] ?? 0) ^ bit;
        const decoded = decodeReading(honest.topic, payload);
        if (decoded.kind === 'reading' && decoded.reading.signature === signature)
          expect(decoded.reading).not.toMatchObject({ ...readingOf(0, 0) });
      }
  });
});
