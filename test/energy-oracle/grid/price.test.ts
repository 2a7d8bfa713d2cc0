/** Market days, publication of day-ahead prices, and one currency. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  dayAheadPublication,
  inCurrency,
  instantsOfLocal,
  marketDay,
  rateOf,
  seriesInCurrency,
} from '../../../energy-oracle/grid/price.ts';
import { HOUR, toIso } from '../../../units/time.ts';

const at = (iso: string) => Date.parse(iso);
const zones = [
  'Europe/Berlin',
  'Europe/London',
  'America/Los_Angeles',
  'Australia/Melbourne',
  'Africa/Johannesburg',
  'Asia/Kolkata',
  'America/Sao_Paulo',
];

describe('a market day', () => {
  test.each([
    { zone: 'Europe/Berlin', noon: '2022-03-27T12:00Z', start: '2022-03-26T23:00:00Z', hours: 23 },
    { zone: 'Europe/Berlin', noon: '2022-10-30T12:00Z', start: '2022-10-29T22:00:00Z', hours: 25 },
    { zone: 'Europe/Berlin', noon: '2022-06-06T12:00Z', start: '2022-06-05T22:00:00Z', hours: 24 },
    { zone: 'America/Los_Angeles', noon: '2022-03-13T20:00Z', start: '2022-03-13T08:00:00Z', hours: 23 },
    { zone: 'America/Los_Angeles', noon: '2022-11-06T20:00Z', start: '2022-11-06T07:00:00Z', hours: 25 },
    { zone: 'Australia/Brisbane', noon: '2022-10-02T02:00Z', start: '2022-10-01T14:00:00Z', hours: 24 },
    { zone: 'Asia/Kolkata', noon: '2022-06-06T06:30Z', start: '2022-06-05T18:30:00Z', hours: 24 },
    { zone: 'America/Sao_Paulo', noon: '2018-11-04T15:00Z', start: '2018-11-04T03:00:00Z', hours: 23 }, // its clocks skipped midnight itself
  ])('in $zone at $noon starts at $start and has $hours hours', ({ zone, noon, start, hours }) => {
    const day = marketDay(zone, at(noon));
    expect(toIso(day.start)).toBe(start);
    expect((day.end - day.start) / HOUR).toBe(hours);
  });

  test('contains its instant, and the next one begins where it ends', () =>
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.integer({ min: at('2015-01-01T00:00Z'), max: at('2030-01-01T00:00Z') }),
        (zone, instant) => {
          const day = marketDay(zone, instant);
          expect(day.start).toBeLessThanOrEqual(instant);
          expect(day.end).toBeGreaterThan(instant);
          expect(marketDay(zone, day.end).start).toBe(day.end);
          expect(marketDay(zone, day.end - 1)).toEqual(day);
        },
      ),
    ));

  test('refuses a zone that nobody knows', () => expect(() => marketDay('Mars/Olympus', 0)).toThrow(/IANA name/));
});

describe('a local time', () => {
  test('happens once on a common day', () =>
    expect(instantsOfLocal('Europe/Berlin', at('2022-06-06T08:00Z'))).toEqual([at('2022-06-06T06:00Z')]));
  test('never happens in the hour that clocks skip', () => expect(instantsOfLocal('Europe/Berlin', at('2022-03-27T02:30Z'))).toEqual([]));
  test('happens twice in the hour that clocks repeat', () =>
    expect(instantsOfLocal('Europe/Berlin', at('2022-10-30T02:00Z'))).toEqual([at('2022-10-30T00:00Z'), at('2022-10-30T01:00Z')]));
  test('around them happens once', () => {
    expect(instantsOfLocal('Europe/Berlin', at('2022-03-27T03:00Z'))).toEqual([at('2022-03-27T01:00Z')]);
    expect(instantsOfLocal('Europe/Berlin', at('2022-10-30T01:59Z'))).toEqual([at('2022-10-29T23:59Z')]);
    expect(instantsOfLocal('Europe/Berlin', at('2022-10-30T03:00Z'))).toEqual([at('2022-10-30T02:00Z')]);
  });
});

describe('day-ahead prices', () => {
  test.each([
    { day: '2022-06-06T12:00Z', publication: '2022-06-05T10:45:00Z' },
    { day: '2022-01-15T12:00Z', publication: '2022-01-14T11:45:00Z' },
    { day: '2022-03-28T12:00Z', publication: '2022-03-27T10:45:00Z' }, // published on the short day itself
    { day: '2022-03-27T12:00Z', publication: '2022-03-26T11:45:00Z' },
  ])('of $day are known in Germany at $publication, 12:45 on the day before', ({ day, publication }) =>
    expect(toIso(dayAheadPublication('Europe/Berlin', marketDay('Europe/Berlin', at(day))))).toBe(publication),
  );
});

describe('a currency', () => {
  const rates = { accounting: 'EUR', perUnit: { USD: 0.5, AUD: 0.25 } };
  test('is converted at the given rate, sign kept', () => expect(inCurrency(-40, 'USD', rates)).toBe(-20));
  test('of account needs no rate', () => expect(rateOf('EUR', rates)).toBe(1));
  test('without a rate is refused, never taken at par', () =>
    expect(() => inCurrency(1, 'GBP', rates)).toThrow(/no rate from GBP to EUR; given: USD, AUD/));
  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('with a rate of %d is refused', (rate) =>
    expect(() => rateOf('XXX', { accounting: 'EUR', perUnit: { XXX: rate } })).toThrow(RangeError),
  );
  test('of a series leaves gaps as gaps', () =>
    expect(seriesInCurrency({ start: 0, stepMs: HOUR, values: [8, undefined, -4] }, 'AUD', rates).values).toEqual([2, undefined, -1]));
});
