/** What becomes known of a grid trace, and when; and cuts of a job trace. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  carbonIssuedIn,
  cloudCoverOf,
  dayAheadCurve,
  type GridTrace,
  marginalIssuedIn,
  pricesIssuedIn,
} from '../../../simulator/traces/grid-trace.ts';
import { cutJobs } from '../../../simulator/traces/job-trace.ts';
import type { Series } from '../../../units/series.ts';
import { DAY, HOUR, MINUTE, toIso } from '../../../units/time.ts';

const at = (iso: string) => Date.parse(iso);
const start = at('2022-10-25T00:00Z');
const hourly = (hours: number): Series => ({ start, stepMs: HOUR, values: Array.from({ length: hours }, (_, i) => i) });
const trace: GridTrace = {
  zone: 'DE-LU',
  timeZone: 'Europe/Berlin',
  priceCurrency: 'EUR',
  price: hourly(240),
  carbonIntensity: hourly(240),
  cloudCover: { start, stepMs: HOUR, values: [0, 1, undefined] },
  priceIsDayAhead: true,
};

describe('a day-ahead curve', () => {
  test('is the whole market day, 25 hours of it in autumn, known at 12:45 on the day before', () => {
    const curve = dayAheadCurve(trace, at('2022-10-30T12:00Z'));
    expect(toIso(curve.start)).toBe('2022-10-29T22:00:00Z');
    expect(curve.values).toEqual(Array.from({ length: 25 }, (_, i) => 118 + i));
    expect(toIso(curve.issuedAt)).toBe('2022-10-29T10:45:00Z');
  });
  test('keeps gaps', () =>
    expect(dayAheadCurve({ ...trace, price: { ...trace.price, values: [] } }, start).values).toEqual(new Array(24).fill(undefined)));
});

describe('prices that become known', () => {
  test('are one curve on a day-ahead market, at the minute of publication', () => {
    expect(
      pricesIssuedIn(trace, { start: at('2022-10-27T10:45Z'), end: at('2022-10-27T10:46Z') }).map((curve) => toIso(curve.start)),
    ).toEqual(['2022-10-27T22:00:00Z']);
    expect(pricesIssuedIn(trace, { start: at('2022-10-27T10:46Z'), end: at('2022-10-28T10:45Z') })).toEqual([]);
  });
  test('are single hours, when they are over, on a real-time market', () => {
    const issued = pricesIssuedIn({ ...trace, priceIsDayAhead: false }, { start: start + HOUR, end: start + 3 * HOUR });
    expect(issued).toEqual([
      { issuedAt: start + HOUR, start, stepMs: HOUR, values: [0] },
      { issuedAt: start + 2 * HOUR, start: start + HOUR, stepMs: HOUR, values: [1] },
    ]);
  });
  test('of a market day without any are not issued', () =>
    expect(
      pricesIssuedIn({ ...trace, price: { ...trace.price, values: new Array(240).fill(undefined) } }, { start, end: start + 9 * DAY }),
    ).toEqual([]));
  test.each([true, false])('come once and in order however time is cut (day-ahead: %s)', (priceIsDayAhead) =>
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9 * 24 * 60 }), { maxLength: 12 }), (cuts) => {
        const market = { ...trace, priceIsDayAhead };
        const end = start + 9 * DAY;
        const edges = [start, ...cuts.map((minute) => start + minute * MINUTE).sort((a, b) => a - b), end];
        const pieces = edges.slice(1).flatMap((edge, i) => pricesIssuedIn(market, { start: edges[i] ?? 0, end: edge }));
        expect(pieces).toEqual(pricesIssuedIn(market, { start, end }));
        expect(pieces.length).toBe(priceIsDayAhead ? 9 : 9 * 24 - 1); // the last day holds what little the trace has of it
      }),
      { numRuns: 30 },
    ),
  );
});

describe('measured intensities', () => {
  test('are never known before their hour is over', () => {
    for (const curve of carbonIssuedIn(trace, { start, end: start + 2 * DAY })) expect(curve.issuedAt).toBe(curve.start + curve.stepMs);
    expect(carbonIssuedIn(trace, { start, end: start + HOUR })).toEqual([]);
  });
  test('with a gap are not issued, and none are where the trace has none', () => {
    const gappy = { ...trace, carbonIntensity: { start, stepMs: HOUR, values: [1, undefined, 3] } };
    expect(carbonIssuedIn(gappy, { start, end: start + DAY }).map((curve) => curve.values)).toEqual([[1], [3]]);
    expect(marginalIssuedIn(trace, { start, end: start + DAY })).toEqual([]);
  });
});

test('cloud cover is what the caller says where nobody looked', () => {
  const cover = cloudCoverOf(trace, 0.6);
  expect([cover(start), cover(start + HOUR), cover(start + 2 * HOUR), cover(start - 1)]).toEqual([0, 1, 0.6, 0.6]);
});

test('a cut of a job trace counts from its own start and keeps within limits', () => {
  const jobs = [
    { at: 0, lengthMs: HOUR, accelerators: 1 },
    { at: DAY, lengthMs: MINUTE, accelerators: 1 },
    { at: DAY, lengthMs: HOUR, accelerators: 8 },
    { at: DAY + HOUR, lengthMs: HOUR, accelerators: 2 },
    { at: 2 * DAY, lengthMs: HOUR, accelerators: 1 },
  ];
  expect(cutJobs(jobs, { from: DAY, until: 2 * DAY, lengthMsMin: HOUR, acceleratorsMax: 4 })).toEqual([
    { at: HOUR, lengthMs: HOUR, accelerators: 2 },
  ]);
  expect(cutJobs(jobs, {})).toEqual(jobs);
});
