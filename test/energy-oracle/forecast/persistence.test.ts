/** Persistence: sane quantiles, no peeking, a cold start from the sky, prices as published. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ForecastRequest, History } from '../../../energy-oracle/forecast/forecaster.ts';
import { createPersistence } from '../../../energy-oracle/forecast/persistence.ts';
import type { Series } from '../../../units/series.ts';
import { DAY, HOUR, type Instant, MINUTE, SLOT } from '../../../units/time.ts';
import { noon, siteOf } from '../telemetry/messages.ts';

const DAY_SLOTS = DAY / SLOT;
const issuedAt = noon + 7 * MINUTE;
const begin = noon - 8 * DAY;
/** A series from eight days ago; `ahead` slots reach past noon. */
const series = (at: (slot: number) => number | undefined, ahead = 0): Series => ({
  start: begin,
  stepMs: SLOT,
  values: Array.from({ length: 8 * DAY_SLOTS + ahead }, (_, index) => at(index - 8 * DAY_SLOTS)),
});
const nothing: Series = { start: begin, stepMs: SLOT, values: new Array(8 * DAY_SLOTS).fill(undefined) };
const historyOf = (changes: Partial<History> = {}): History => ({
  pvKw: nothing,
  loadKw: nothing,
  importPrice: nothing,
  carbonIntensity: nothing,
  marginalIntensity: undefined,
  ...changes,
});
const forecast = (
  history: Partial<History>,
  changes: Partial<ForecastRequest> = {},
  clearSkyKw = (_: unknown, at: Instant) => (at < noon + 6 * HOUR ? 10 : 0),
) =>
  createPersistence({ clearSkyKw }).forecast({
    site: siteOf(1),
    issuedAt,
    start: noon,
    stepMs: SLOT,
    steps: 2 * DAY_SLOTS,
    history: historyOf(history),
    ...changes,
  });
/** Which day a slot lies in, and its place in the day. */
const dayOf = (slot: number) => Math.floor(slot / DAY_SLOTS);
const sure = (value: number) => ({ p10: value, p50: value, p90: value });

describe('a forecast by persistence', () => {
  test('is the same hour of the newest day that was over, with the spread of a week', async () => {
    const slots = await forecast({ pvKw: series((slot) => 10 + dayOf(slot)), loadKw: series(() => 1) });
    expect(slots[0]?.surplusKw).toEqual({ p10: 2, p50: 8, p90: 8 }); // noon's slot is not over: yesterday's, and the six days before it
    expect(slots[1]?.surplusKw).toEqual({ p10: 2, p50: 8, p90: 8 });
    expect(slots[DAY_SLOTS]?.surplusKw).toEqual({ p10: 2, p50: 8, p90: 8 }); // tomorrow's noon: today's is not over either
  });

  test('does not call a fan narrow because it knows one day: physics widens it', async () => {
    const slots = await forecast({ pvKw: series((slot) => (dayOf(slot) === -1 ? 6 : undefined)), loadKw: series(() => 1) });
    expect(slots[1]?.surplusKw).toEqual({ p10: 0.5, p50: 5, p90: 8.5 });
  });

  test('leaves gaps out, and knows nothing of a day of which one half is missing', async () => {
    const slots = await forecast({
      pvKw: series((slot) => (dayOf(slot) === -1 ? undefined : 10 + dayOf(slot))),
      loadKw: series((slot) => (dayOf(slot) === -2 ? undefined : 1)),
    });
    expect(slots[1]?.surplusKw).toEqual({ p10: 2, p50: 6, p90: 6 });
  });

  test('clips what is below zero', async () => {
    const slots = await forecast({ pvKw: series((slot) => (dayOf(slot) === -2 ? 5 : 0)), loadKw: series(() => 2) });
    expect(slots[1]?.surplusKw).toEqual({ p10: 0, p50: 0, p90: 3 });
  });

  test('has quantiles that never cross and surplus that is never below zero, of any history with gaps', async () => {
    const known = fc.option(fc.double({ min: -2, max: 30, noNaN: true }), { nil: undefined, freq: 4 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(known, { minLength: 60, maxLength: 60 }),
        fc.array(known, { minLength: 60, maxLength: 60 }),
        fc.nat(14),
        async (pv, load, minute) => {
          const slots = await forecast(
            {
              pvKw: series((slot) => pv.at(slot % 60)),
              loadKw: series((slot) => load.at(slot % 60)),
              importPrice: series((slot) => load.at((slot * 7) % 60), 40),
              carbonIntensity: series((slot) => pv.at((slot * 7) % 60)),
            },
            { issuedAt: noon + minute * MINUTE, steps: 120 },
          );
          for (const { surplusKw, importPrice, carbonIntensity } of slots) {
            for (const each of [surplusKw, importPrice, carbonIntensity])
              if (each) expect(each.p10 <= each.p50 && each.p50 <= each.p90).toBe(true);
            if (surplusKw) expect(surplusKw.p10).toBeGreaterThanOrEqual(0);
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  test('never uses a value of a slot that was not over when it was issued, even one that is there', async () => {
    const PLANTED = 1_000;
    const past = (slot: number) => 5 + (slot & 3);
    const planted = (slot: number) => (slot >= 0 ? PLANTED : past(slot));
    const honest = { pvKw: series(past), loadKw: series(() => 1), carbonIntensity: series(past), marginalIntensity: series(past) };
    const tempting = {
      pvKw: series(planted, 200),
      loadKw: series((slot) => (slot >= 0 ? -PLANTED : 1), 200),
      carbonIntensity: series(planted, 200),
      marginalIntensity: series(planted, 200),
    };
    expect(await forecast(tempting)).toEqual(await forecast(honest));
    const cold = (at: (slot: number) => number | undefined) => series((slot) => (slot < -2 ? undefined : at(slot)), 200);
    const thin = { loadKw: cold((slot) => (slot >= 0 ? PLANTED : 1)), carbonIntensity: cold(planted) };
    const [first] = await forecast(thin);
    expect(first?.surplusKw?.p50).toBe(10 * 0.6 - 1);
    expect(first?.carbonIntensity?.p90).toBeLessThan(PLANTED);
  });

  test('passes a published day-ahead price through, and repeats the hour beyond it', async () => {
    const slots = await forecast({ importPrice: series((slot) => (slot >= 0 ? 200 + slot : 80), 30) });
    expect(slots[0]?.importPrice).toEqual(sure(200));
    expect(slots[29]?.importPrice).toEqual(sure(229));
    expect(slots[30]?.importPrice).toEqual(sure(80));
  });

  test('says nothing of the marginal intensity where no feed does', async () =>
    expect((await forecast({}))[0]?.marginalIntensity).toBeUndefined());
});

describe('a cold start', () => {
  test('is some of the clear sky less the newest load, and nothing at night', async () => {
    const slots = await forecast({ loadKw: series((slot) => (slot === -3 ? 2 : undefined)) });
    expect(slots[0]?.surplusKw).toEqual({ p10: 0, p50: 4, p90: 7.5 });
    expect(slots[40]?.surplusKw).toEqual(sure(0));
  });

  test('without one reading says nothing, rather than zero', async () => {
    const slots = await forecast({});
    expect(slots).toHaveLength(2 * DAY_SLOTS);
    expect(slots.every(({ surplusKw, importPrice, carbonIntensity }) => !surplusKw && !importPrice && !carbonIntensity)).toBe(true);
  });

  test('of a signal is its newest value', async () => {
    const slots = await forecast({ carbonIntensity: series((slot) => (slot === -2 ? 400 : slot === -1 ? 410 : undefined)) });
    expect(slots[5]?.carbonIntensity).toEqual(sure(410));
  });
});
