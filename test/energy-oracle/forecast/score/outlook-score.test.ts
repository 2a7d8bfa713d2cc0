/** Scores of issued outlooks: the same steps for model and yardsticks, once each, and the same figures however they are come by. */
import { describe, expect, test } from 'vitest';
import { createMemoryModelStore } from '../../../../energy-oracle/forecast/model-store.ts';
import { emptyPage, familyOf, judgedPage, type ScorePage } from '../../../../energy-oracle/forecast/score/outlook-score.ts';
import { scoreReport } from '../../../../energy-oracle/forecast/score/score-report.ts';
import { createScorekeeper } from '../../../../energy-oracle/forecast/score/scorekeeper.ts';
import type { Outlook, OutlookSlot, Quantiles, SlotFacts } from '../../../../energy-oracle/outlook.ts';
import { createMemorySeriesStore } from '../../../../energy-oracle/store/memory-series-store.ts';
import { DAY, HOUR, type Instant, type Interval, SLOT, slotsTouching, toIso } from '../../../../units/time.ts';
import { siteOf } from '../../telemetry/messages.ts';

const site = siteOf(1);
const midnight = Date.UTC(2026, 5, 21);
const flat = (p10: number, p50: number, p90: number): Quantiles<number> => ({ p10, p50, p90 });
const sources = {
  surplus: { model: 'pooled-net@2026-06-20#abcd0123' },
  'import-price': { model: 'persistence-1', reason: 'no import-price model has been trained yet' },
  'carbon-intensity': { model: 'persistence-1', reason: 'no carbon-intensity model has been trained yet' },
};
/** Says 10 kW of surplus at any hour, when CLIPER says 14 and yesterday was 20; a certain price, an uncertain one from the second day on. */
function outlookOf(issuedAt: Instant): Outlook {
  const slots = Array.from(
    { length: (4 * DAY) / SLOT },
    (_, i): OutlookSlot => ({
      surplusKw: flat(8, 10, 13),
      importPrice: i < DAY / SLOT ? flat(50, 50, 50) : flat(40, 50, 70),
      carbonIntensity: flat(200, 300, 400),
      marginalIntensity: undefined,
    }),
  );
  const steps = slots.length;
  const surplus = {
    start: issuedAt,
    stepMs: SLOT,
    cliper: Array.from({ length: steps }, () => [11, 14, 17]).flat(),
    repeated: new Array(steps).fill(20),
  };
  const id = `${site.id}@${toIso(issuedAt)}`;
  return {
    id,
    site: site.id,
    issuedAt,
    model: sources.surplus.model,
    start: issuedAt,
    stepMs: SLOT,
    slots,
    sources,
    notes: [],
    baselines: { surplus },
  };
}
/** 12 kW, 55 a MWh, 250 g at any hour; nothing known at the instants given. */
const factsOf = (interval: Interval, isGap: (slot: Instant) => boolean = () => false): SlotFacts[] =>
  slotsTouching(interval).map((slot) => ({
    site: site.id,
    slot,
    surplusWh: isGap(slot) ? undefined : 3_000,
    curtailedWh: undefined,
    importPrice: 55,
    carbonIntensity: 250,
    marginalIntensity: undefined,
  }));
const evidence = (leadDay: number, outlooks: readonly Outlook[]) => ({
  leadDay,
  outlooks,
  facts: factsOf({ start: midnight - DAY, end: midnight + 10 * DAY }),
  until: midnight + HOUR,
});
const rowOf = (page: ScorePage, signal: string, judged: string) =>
  page.rows.find((row) => row.signal === signal && row.judged === judged)?.sums.overall;

describe('a page of scores', () => {
  test('judges model, CLIPER and SN24 on the same steps', () => {
    const page = judgedPage(emptyPage(site.id, '2026-06'), site, evidence(0, [outlookOf(midnight)]));
    const [issued, cliper, repeated] = ['issued', 'cliper', 'repeated'].map((judged) => rowOf(page, 'surplus', judged));
    expect([issued?.count, cliper?.count, repeated?.count]).toEqual([issued?.count, issued?.count, issued?.count]);
    const count = issued?.count as number;
    expect(issued?.sumAbsError).toBeCloseTo(2 * count);
    expect(cliper?.sumAbsError).toBeCloseTo(2 * count);
    expect(repeated?.sumAbsError).toBeCloseTo(8 * count);
    // truth 12: (0.1 × 4 + 0.5 × 2 + 0.1 × 1) ÷ 3, and a line at 20: (0.9 + 0.5 + 0.1) × 8 ÷ 3
    expect(issued?.sumPinball).toBeCloseTo(0.5 * count);
    expect(repeated?.sumPinball).toBeCloseTo(4 * count);
    expect([issued?.inside, repeated?.inside]).toEqual([count, 0]);
  });

  test('judges a surplus by day only: about sixteen and a half hours at 52° N in June', () => {
    const page = judgedPage(emptyPage(site.id, '2026-06'), site, evidence(1, [outlookOf(midnight)]));
    const surplus = page.rows.find((row) => row.signal === 'surplus' && row.judged === 'issued')?.sums;
    expect(surplus?.overall.count).toBeGreaterThan(16 * 4);
    expect(surplus?.overall.count).toBeLessThan(17 * 4);
    expect(surplus?.hourBand.map(([band]) => band)).toEqual(['afternoon', 'midday', 'morning']);
    expect(rowOf(page, 'carbon-intensity', 'issued')?.count).toBe(96);
  });

  test('takes no credit for a price that was published', () => {
    const first = judgedPage(emptyPage(site.id, '2026-06'), site, evidence(0, [outlookOf(midnight)]));
    expect(rowOf(first, 'import-price', 'issued')).toBeUndefined();
    const second = judgedPage(first, site, evidence(1, [outlookOf(midnight)]));
    expect(rowOf(second, 'import-price', 'issued')?.count).toBe(96);
  });

  test('is counted by lead day, under the kind of the model without its date', () => {
    let page = emptyPage(site.id, '2026-06');
    for (const leadDay of [0, 1, 2, 3]) page = judgedPage(page, site, evidence(leadDay, [outlookOf(midnight)]));
    const surplus = page.rows.find((row) => row.signal === 'surplus' && row.judged === 'issued');
    expect(surplus?.model).toBe('pooled-net');
    expect(surplus?.sums.leadDay.map(([day]) => day)).toEqual([1, 2, 3, 4]);
    expect(familyOf('cliper/pooled-net@2026-06-20#abcd')).toBe('cliper/pooled-net');
  });

  test('is plain JSON, and goes on from it', () => {
    const [a, b] = [outlookOf(midnight), outlookOf(midnight + HOUR)];
    const first = judgedPage(emptyPage(site.id, '2026-06'), site, evidence(0, [a]));
    const apart = judgedPage(JSON.parse(JSON.stringify(first)), site, evidence(0, [b]));
    expect(apart).toEqual(judgedPage(emptyPage(site.id, '2026-06'), site, evidence(0, [a, b])));
  });
});

async function keeperOf(
  isGap: (slot: Instant) => boolean = () => false,
  issues: readonly Instant[] = [0, 6, 30].map((h) => midnight + h * HOUR),
) {
  const [store, pages] = [createMemorySeriesStore(), createMemoryModelStore()];
  for (const issuedAt of issues) await store.putOutlook(outlookOf(issuedAt));
  const asked: Interval[] = [];
  const facts = async (_site: string, interval: Interval) => {
    asked.push(interval);
    return factsOf(interval, isGap);
  };
  return { pages, asked, keeper: createScorekeeper({ sites: [site], store, facts, pages }) };
}
const countOf = async (pages: Awaited<ReturnType<typeof keeperOf>>['pages']) =>
  (await pages.scores()).reduce((sum, page) => sum + (rowOf(page, 'carbon-intensity', 'issued')?.count ?? 0), 0);

describe('the scorekeeper', () => {
  test('judges a lead day once it is over and its signals have come, and every step once', async () => {
    const { keeper, pages } = await keeperOf();
    await keeper.scoreDue(midnight + DAY + HOUR);
    expect(await countOf(pages)).toBe(0);
    await keeper.scoreDue(midnight + DAY + 3 * HOUR);
    expect(await countOf(pages)).toBe(96);
    await keeper.scoreDue(midnight + DAY + 3 * HOUR);
    expect(await countOf(pages)).toBe(96);
    for (let hour = 24; hour <= 9 * 24; hour += 5) await keeper.scoreDue(midnight + hour * HOUR);
    expect(await countOf(pages)).toBe(3 * 4 * 96);
  });

  test('comes to the same page at once as hour by hour, and anew after a late reading', async () => {
    const late = (slot: Instant) => slot >= midnight + DAY && slot < midnight + 2 * DAY;
    let isLate = true;
    const [slow, quick] = [await keeperOf((slot) => isLate && late(slot)), await keeperOf()];
    for (let hour = 0; hour <= 9 * 24; hour++) await slow.keeper.scoreDue(midnight + hour * HOUR);
    await quick.keeper.scoreDue(midnight + 9 * DAY);
    const figures = async ({ pages }: typeof slow) => scoreReport((await pages.scores()).filter(({ month }) => month === '2026-06'));
    expect(await figures(slow)).not.toEqual(await figures(quick)); // the gap was skipped
    isLate = false;
    await slow.keeper.rescore(site.id, '2026-06', midnight + 9 * DAY);
    expect(await figures(slow)).toEqual(await figures(quick));
  });

  test('files an outlook under the month of its issue, wherever its days fall', async () => {
    const { keeper, pages } = await keeperOf(undefined, [Date.UTC(2026, 5, 29)]);
    await keeper.scoreDue(Date.UTC(2026, 6, 4));
    const rows = (await pages.scores()).map(({ month, rows }) => [month, rows.length > 0]);
    expect(rows).toEqual([
      ['2026-05', false],
      ['2026-06', true],
      ['2026-07', false],
    ]);
    expect(await countOf(pages)).toBe(4 * 96);
  });

  test('says which sites there are when asked for another', async () => {
    const { keeper } = await keeperOf();
    await expect(keeper.rescore('nowhere', '2026-06', midnight)).rejects.toThrow('unknown site nowhere; sites: site-1');
  });
});

describe('the score report', () => {
  test('shows figures beside the yardsticks, merged over the months, and says what was not kept', async () => {
    const page = judgedPage(emptyPage(site.id, '2026-06'), site, evidence(0, [outlookOf(midnight)]));
    const [carbon, surplus] = scoreReport([page, { ...page, month: '2026-07' }]);
    expect(surplus).toMatchObject({ site: site.id, signal: 'surplus', model: 'pooled-net' });
    const [day] = surplus?.leadDays ?? [];
    expect(day?.count).toBe(2 * (rowOf(page, 'surplus', 'issued')?.count as number));
    expect(day?.issued.nmaePercent).toBeCloseTo((100 * 2) / 12);
    expect(day?.cliper?.pinballPercent).toBeCloseTo((100 * (0.1 * 1 + 0.5 * 2 + 0.1 * 5)) / 3 / 12);
    expect(day?.repeated?.nmaePercent).toBeCloseTo((100 * 8) / 12);
    expect([day?.issued.cov80, day?.cliper?.cov80]).toEqual([1, 1]);
    expect(carbon?.leadDays[0]).toMatchObject({ cliper: null, repeated: null });
    expect(surplus?.hourBands.map(({ hourBand }) => hourBand)).toEqual(['morning', 'midday', 'afternoon']);
  });
});
