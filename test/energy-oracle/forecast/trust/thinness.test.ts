/** Thinness: when a history is refused, when it is merely new, and what the refusal says. */
import { describe, expect, test } from 'vitest';
import type { Known, Target } from '../../../../energy-oracle/forecast/target.ts';
import { historyRefusal } from '../../../../energy-oracle/forecast/trust/thinness.ts';
import { sunPosition } from '../../../../energy-oracle/sun/position.ts';
import { DAY, HOUR, type Instant } from '../../../../units/time.ts';

const issuedAt = Date.parse('2021-03-20T00:00Z');
const panels = [{ peakKw: 10, tiltDeg: 30, azimuthDeg: 180 }];
const load: Target = { id: 'berlin', kind: 'load', latitude: 52.5, longitude: 13.4, pv: [], ceiling: undefined, floor: 0 };
const pv: Target = { ...load, kind: 'pv', pv: panels, ceiling: 10 };
const isUp = (at: Instant) => sunPosition(at + HOUR / 2, 52.5, 13.4).elevationDeg > 0;
/** 14 days up to the issue; an hour is 1 where it is present, by its age in hours and its start. */
const known = (target: Target, isPresent: (age: number, at: Instant) => boolean, hours = 14 * 24): Known => ({
  target,
  issuedAt,
  history: {
    start: issuedAt - hours * HOUR,
    stepMs: HOUR,
    values: Float64Array.from({ length: hours }, (_, i) => (isPresent(hours - i, issuedAt - (hours - i) * HOUR) ? 1 : Number.NaN)),
  },
  signals: {},
  companions: {},
});

describe('a history', () => {
  test.each([
    { name: 'that is whole is enough', of: known(load, () => true), refused: false },
    { name: 'of 60 % of the last week is enough', of: known(load, (age) => age % 5 < 3), refused: false },
    { name: 'of less is refused', of: known(load, (age) => age % 7 < 4), refused: true },
    { name: 'that was whole until two days ago is enough', of: known(load, (age) => age > 48), refused: false },
    { name: 'that ended three days ago is refused', of: known(load, (age) => age > 72), refused: true },
    { name: 'of the week before the last does not count', of: known(load, (age) => age > 7 * 24), refused: true },
    { name: 'that begins within the week is thin for what no physics replaces', of: known(load, () => true, 48), refused: true },
    { name: 'of nothing is refused where no physics replaces it', of: known(load, () => false), refused: true },
    { name: 'of nothing is a cold start where there are panels', of: known(pv, () => false), refused: false },
    { name: 'of two days is young, not thin, where there are panels', of: known(pv, () => true, 48), refused: false },
    { name: 'of two days full of holes is thin even there', of: known(pv, (age) => age % 5 < 2, 48), refused: true },
    { name: 'of an inverter that sleeps at night is whole', of: known(pv, (_, at) => isUp(at)), refused: false },
    { name: 'of nights only says nothing of panels', of: known(pv, (_, at) => !isUp(at)), refused: true },
    { name: 'of a load that is missing at night is thin', of: known(load, (_, at) => isUp(at)), refused: true },
  ])('$name', ({ of, refused }) => expect(historyRefusal(of)?.kind).toBe(refused ? 'refused' : undefined));

  test('does not count what lies after the issue', () => {
    const whole = known(load, () => true);
    const shifted = { ...whole, history: { ...whole.history, start: whole.history.start + 4 * DAY + 7 * DAY } };
    expect(historyRefusal(shifted)?.kind).toBe('refused');
  });

  test('is refused with its share, its age and what was needed', () =>
    expect(historyRefusal(known(load, (age) => age > 84))).toEqual({
      kind: 'refused',
      reason: 'thin-history',
      detail:
        'berlin (load): 84 of 168 values of the last 7 days before 2021-03-20T00:00:00Z are present (50 %), at least 60 % are needed; ' +
        'the newest ended at 2021-03-16T12:00:00Z, 84 h before',
    }));
});
