/** Which meters are not believed: a fault is remembered after it has become usual, and until it is undone. */
import { describe, expect, test } from 'vitest';
import type { History } from '../../../../energy-oracle/forecast/forecaster.ts';
import { believed, type Findings, findingsAfter, held, suspicionsOf } from '../../../../energy-oracle/forecast/trust/suspicion.ts';
import { DAY, HOUR, type Instant, SLOT } from '../../../../units/time.ts';
import { fleet, pastOf, today } from '../small-fleet.ts';

const site = fleet[0] as (typeof fleet)[number];
/** A load meter that speaks in other units from one instant to another. */
const historyAt = (asOf: Instant, factor: number, from: Instant, until: Instant): History => {
  const past = pastOf(site, asOf, 45);
  const values = past.loadKw.values.map((kw, i) => {
    const at = past.loadKw.start + i * SLOT;
    return kw !== undefined && at >= from && at < until ? kw * factor : kw;
  });
  return { ...past, loadKw: { ...past.loadKw, values } };
};
/** Looks every six hours, from a day before the fault on. */
function watched(days: number, factor: number, until = Number.POSITIVE_INFINITY): { readonly at: Instant; readonly findings: Findings }[] {
  const looks: { at: Instant; findings: Findings }[] = [];
  let findings: Findings = [];
  for (let at = today - DAY; at <= today + days * DAY; at += 6 * HOUR) {
    findings = findingsAfter(findings, site, historyAt(at, factor, today, until), at);
    looks.push({ at, findings });
  }
  return looks;
}
const heldAt = (looks: ReturnType<typeof watched>, at: Instant) =>
  held(looks.find((look) => look.at === at)?.findings ?? []).map(({ kind }) => kind);

describe('a meter', () => {
  test('is believed while nothing is wrong', () => {
    expect(watched(3, 1).at(-1)?.findings).toEqual([]);
  });

  test('whose unit changed is not believed, and still not once the fault fills the days before', () => {
    const looks = watched(9, 1_000);
    expect(heldAt(looks, today)).toEqual([]);
    expect(heldAt(looks, today + 6 * HOUR)).toEqual(['unit-change']);
    expect(heldAt(looks, today + 9 * DAY)).toEqual(['unit-change']);
    const [finding] = looks.at(-1)?.findings ?? [];
    expect(finding).toMatchObject({ stream: 'load', kind: 'unit-change', since: today });
  });

  test('is believed again when the unit changed back, and nobody learns from the time between', () => {
    const looks = watched(8, 1_000, today + 4 * DAY);
    expect(heldAt(looks, today + 4 * DAY)).toEqual(['unit-change']);
    expect(heldAt(looks, today + 8 * DAY)).toEqual([]);
    const { findings = [] } = looks.at(-1) ?? {};
    const [suspicion, ...rest] = suspicionsOf(findings, today + 8 * DAY);
    expect(rest).toEqual([]);
    expect(suspicion).toMatchObject({ stream: 'load', start: today });
    expect(suspicion?.end).toBeGreaterThanOrEqual(today + 4 * DAY);
    expect(suspicion?.end).toBeLessThanOrEqual(today + 5.5 * DAY);
  });

  test('that was stuck is believed as soon as it moves', () => {
    let findings: Findings = [];
    const stuckAt = (at: Instant): History => {
      const past = historyAt(at, 1, today, today);
      const values = past.loadKw.values.map((kw, i) => {
        const slot = past.loadKw.start + i * SLOT;
        return slot >= today && slot < today + DAY ? 4 : kw;
      });
      return { ...past, loadKw: { ...past.loadKw, values } };
    };
    findings = findingsAfter(findings, site, stuckAt(today + DAY), today + DAY);
    expect(held(findings).map(({ kind }) => kind)).toEqual(['stuck']);
    findings = findingsAfter(findings, site, stuckAt(today + DAY + HOUR), today + DAY + HOUR);
    expect(held(findings)).toEqual([]);
  });
});

describe('a believed history', () => {
  test('has gaps where a stream is suspected, and only there', () => {
    const history = historyAt(today, 1, today, today);
    const [start, end] = [today - 2 * HOUR, today - HOUR];
    const { pvKw, loadKw } = believed(history, [{ stream: 'load', start, end }]);
    expect(pvKw).toEqual(history.pvKw);
    expect(loadKw.values.slice(-9)).toEqual(history.loadKw.values.slice(-9).map((kw, i) => (i >= 1 && i < 5 ? undefined : kw)));
    expect(believed(history, [])).toBe(history);
  });
});
