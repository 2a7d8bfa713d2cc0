/** What policies are told, by hand on days of hours. */
import { describe, expect, test } from 'vitest';
import { knownUntilIn, noisy, perfect, persistence, type Signal } from '../../../simulator/study/belief.ts';
import { studyOf } from './studies.ts';

const days = 4;
/** Two days before the start, one of study, one of tail; hour h of day d is 100 d + h. */
const counted = Array.from({ length: 24 * days }, (_, slot) => 100 * Math.floor(slot / 24) + (slot % 24));
const site = { carbonIntensity: counted, price: counted, netKw: counted };
const shape = { jobs: [], lead: 48, tail: 24 };
const told = (forecaster: typeof perfect, signal: Signal, now: number, length: number, isDayAhead = false, values = site) => {
  const out = new Float64Array(length);
  forecaster.of(studyOf({ ...shape, sites: [{ ...values, isDayAhead }] }))(signal, 0, now, out);
  return [...out];
};

describe('who sees everything', () => {
  test('tells the truth from the slot at hand on', () => {
    expect(told(perfect, 'carbonIntensity', 3, 3)).toEqual([203, 204, 205]);
  });
  test('tells nothing beyond the record', () => {
    expect(told(perfect, 'price', 46, 4)).toEqual([322, 323, Number.NaN, Number.NaN]);
  });
});

describe('persistence', () => {
  test('repeats the newest day that is over, hour by hour', () => {
    expect(told(persistence, 'carbonIntensity', 0, 3)).toEqual([100, 101, 102]);
    expect(told(persistence, 'carbonIntensity', 5, 3)).toEqual([105, 106, 107]);
  });
  test('repeats it twice for what lies more than a day ahead', () => {
    const ahead = told(persistence, 'netKw', 2, 30);
    expect([ahead[21], ahead[22], ahead[23], ahead[24]]).toEqual([123, 200, 201, 102]);
  });
  test('goes another day back over a gap, and says nothing when there is none', () => {
    const gap = counted.map((value, slot) => (slot === 24 ? Number.NaN : value));
    expect(told(persistence, 'carbonIntensity', 0, 1, false, { ...site, carbonIntensity: gap })).toEqual([0]);
    const never = counted.map((value, slot) => (slot % 24 === 0 ? Number.NaN : value));
    expect(told(persistence, 'carbonIntensity', 0, 2, false, { ...site, carbonIntensity: never })).toEqual([Number.NaN, 101]);
  });
  test('knows day-ahead prices to the end of the market day, and tomorrow’s once they are out', () => {
    // 2023-06-12 in Berlin is UTC+2: the market day ends with the hour 21:00Z; prices of the next are out at 12:45 local time
    const morning = told(persistence, 'price', 0, 24, true);
    expect(morning.slice(0, 22)).toEqual(counted.slice(48, 70));
    expect(morning.slice(22)).toEqual([122, 123]);
    expect(told(persistence, 'price', 11, 24, true)).toEqual(counted.slice(59, 83));
  });
});

describe('known until', () => {
  test('is now for what is measured, and the end of a published market day for its prices', () => {
    const until = knownUntilIn(studyOf({ ...shape, sites: [{ ...site, isDayAhead: true }] }));
    expect([until('carbonIntensity', 0, 7), until('price', 0, 7), until('price', 0, 10), until('price', 0, 11)]).toEqual([7, 22, 22, 46]);
  });
});

describe('noise', () => {
  const flat = Array.from({ length: 24 * days }, () => 200);
  const values = { carbonIntensity: flat, price: flat, netKw: flat };

  test('errs by its share of the mean, without a lean', () => {
    const long = Array.from({ length: 24 * 400 }, () => 200);
    const out = new Float64Array(24 * 399);
    noisy(0.05).of(studyOf({ jobs: [], sites: [{ carbonIntensity: long }] }))('carbonIntensity', 0, 1, out);
    const mean = out.reduce((sum, value) => sum + value, 0) / out.length;
    const deviation = Math.sqrt(out.reduce((sum, value) => sum + (value - mean) ** 2, 0) / out.length);
    expect(mean).toBeCloseTo(200, 0);
    expect(deviation / 200).toBeCloseTo(0.05, 2);
  });
  test('tells a slot alike whenever it is asked, and otherwise with another seed', () => {
    const early = told(noisy(0.1), 'netKw', 0, 6, false, values);
    const late = told(noisy(0.1), 'netKw', 3, 3, false, values);
    expect(late).toEqual(early.slice(3));
    const out = new Float64Array(6);
    noisy(0.1).of(studyOf({ ...shape, seed: 2, sites: [values] }))('netKw', 0, 0, out);
    expect([...out]).not.toEqual(early);
  });
  test('leaves published prices as they are, and intensity at 0 or above', () => {
    expect(told(noisy(0.5), 'price', 0, 22, true, values)).toEqual(flat.slice(0, 22));
    expect(Math.min(...told(noisy(3), 'carbonIntensity', 0, 24, false, values))).toBe(0);
  });
});
