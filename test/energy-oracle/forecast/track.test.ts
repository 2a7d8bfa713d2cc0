/** Track: what is learned when, who speaks after a drift, and that it goes on from JSON. */
import { describe, expect, test } from 'vitest';
import type { MemberForecast } from '../../../energy-oracle/forecast/model/member-forecast.ts';
import type { Dense, Target } from '../../../energy-oracle/forecast/target.ts';
import { type Calibrating, createTrack, type TrackState } from '../../../energy-oracle/forecast/track.ts';
import { DAY, HOUR, type Instant } from '../../../units/time.ts';

const start = Date.UTC(2022, 5, 1);
const target: Target = { id: 'roof', kind: 'pv', latitude: 48, longitude: 10, pv: [], ceiling: 100, floor: 0 };
const quantiles = [0.1, 0.5, 0.9];
const steps = 48;

/** CLIPER says 10 to 30, the net `said` around its middle. */
function forecastAt(issuedAt: Instant, said = 20): MemberForecast {
  const rows = (...row: number[]) => Float64Array.from({ length: steps * 3 }, (_, i) => row[i % 3] as number);
  const members = { cliper: rows(10, 20, 30), net: rows(said - 5, said, said + 5) };
  const repeated = new Float64Array(steps).fill(20);
  const isLit = new Uint8Array(steps).fill(1);
  return { target, issuedAt, start: issuedAt, stepMs: HOUR, steps, quantiles, members, repeated, scale: 20, isLit };
}

const truth = (hours: number, value: (hour: number) => number = () => 20): Dense => ({
  start,
  stepMs: HOUR,
  values: Float64Array.from({ length: hours }, (_, hour) => value(hour)),
});

/** Remembers what it was taught; its state is how much that was. */
function pupil(from: unknown = 0): Calibrating & { readonly taught: [issuedAt: Instant, step: number, asOf: Instant][] } {
  const taught: [Instant, number, Instant][] = [];
  return {
    taught,
    apply: ({ members }) => members.net as Float64Array,
    learn: ({ issuedAt }, actual, asOf) => {
      for (const [step, value] of actual.entries()) if (!Number.isNaN(value)) taught.push([issuedAt, step, asOf]);
    },
    toJSON: () => (from as number) + taught.length,
  };
}

const learnEveryMs = 6 * HOUR;

describe('a track', () => {
  test('learns a step when it is over, and once', () => {
    const calibrator = pupil();
    const track = createTrack({ calibrator, learnEveryMs });
    track.issue(forecastAt(start));
    for (const hour of [0, 1, 1, 2.5, 48, 60]) track.learn(truth(60), start + hour * HOUR);
    expect(calibrator.taught.filter(([, , asOf]) => asOf <= start + 2.5 * HOUR).map(([, step]) => step)).toEqual([0, 1]);
    expect(calibrator.taught.map(([, step]) => step)).toEqual(Array.from({ length: 48 }, (_, step) => step));
  });

  test('learns a step whose truth comes late, within a day', () => {
    const calibrator = pupil();
    const track = createTrack({ calibrator, learnEveryMs });
    track.issue(forecastAt(start));
    track.learn(
      truth(48, (hour) => (hour === 7 ? Number.NaN : 20)),
      start + 48 * HOUR,
    );
    expect(calibrator.taught).not.toContainEqual([start, 7, start + 48 * HOUR]);
    track.learn(truth(60), start + 60 * HOUR);
    expect(calibrator.taught.at(-1)).toEqual([start, 7, start + 60 * HOUR]);
  });

  test('keeps no forecast a day after its end, and none off its grid', () => {
    const track = createTrack({ calibrator: pupil(), learnEveryMs });
    for (let hour = 0; hour < 300; hour++) {
      track.learn(truth(300), start + hour * HOUR);
      track.issue(forecastAt(start + hour * HOUR));
      expect(track.toJSON().pending.length).toBeLessThanOrEqual((48 + 24) / 6 + 1);
      expect(track.toJSON().pending.every(({ issuedAt }) => issuedAt % learnEveryMs === 0)).toBe(true);
    }
  });

  /** Issues every 6 h; the net is off by 30 from the first to the last of the bad days. */
  function live(badDays: readonly [number, number], days: number, from?: TrackState) {
    const track = createTrack({ calibrator: pupil(from?.calibrator), learnEveryMs }, target, from);
    const by: string[] = [];
    const first = from ? 12 : 0;
    for (let day = first; day < days; day += 0.25) {
      const now = start + day * DAY;
      track.learn(truth(24 * days), now);
      const isBad = day >= badDays[0] && day < badDays[1];
      const issued = track.issue(forecastAt(now, isBad ? 50 : 20));
      by.push(issued.by);
      if (issued.by === 'cliper') expect([...issued.quantiles.subarray(0, 3)]).toEqual([10, 20, 30]);
    }
    return { track, by };
  }

  test('lets CLIPER speak after three lost days, with the reason, and the model again when it wins', () => {
    const { track, by } = live([5, 9], 20);
    const first = by.indexOf('cliper') / 4;
    const last = by.lastIndexOf('cliper') / 4;
    expect(first).toBeGreaterThanOrEqual(8);
    expect(first).toBeLessThan(9.5);
    expect(last).toBeLessThan(14);
    expect(by.at(-1)).toBe('model');
    const { track: lost } = live([5, 20], 20);
    const issued = lost.issue(forecastAt(start + 20 * DAY, 50));
    expect(issued).toMatchObject({ by: 'cliper', reason: expect.stringMatching(/lost to CLIPER on 3 days in a row/) });
    expect(track.drift.kind).toBe('steady');
  });

  test('is not thrown by the two days that one bad day reaches', () => expect(live([5, 6], 20).by).not.toContain('cliper'));

  test('goes on from JSON as if it had never stopped', () => {
    const whole = live([5, 20], 16);
    const state = JSON.parse(JSON.stringify(live([5, 20], 12).track)) as TrackState;
    const rest = live([5, 20], 16, state);
    expect(rest.by).toEqual(whole.by.slice(-rest.by.length));
    expect(rest.track.toJSON()).toEqual(whole.track.toJSON());
  });
});
