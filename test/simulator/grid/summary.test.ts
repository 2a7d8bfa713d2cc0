/** Summaries of a zone: by hand. */
import { describe, expect, test } from 'vitest';
import { outcomeOf } from '../../../simulator/grid/outcome.ts';
import { summaryOf } from '../../../simulator/grid/summary.ts';
import { applyWhatIfs } from '../../../simulator/grid/what-if.ts';
import { zoneOfSignals } from '../../../simulator/grid/zone.ts';
import { handZone, hours, zoneAfter } from './zones.ts';

describe('the summary of a zone', () => {
  test('adds up its day', () => {
    const night = 100 * 820 + 50 * 490 + 100 * 12 + 20 * 11;
    const tonnes = (24 * night + 8 * 80 * 45) / 1_000;
    const drawn = 24 * 270 + 8 * 80;
    expect(summaryOf(outcomeOf(handZone()))).toEqual({
      hours: 24,
      meanPrice: 40,
      priceExceededIn: { '1%': 40, '10%': 40, '50%': 40, '90%': 40, '99%': 40 },
      averageIntensity: expect.closeTo((tonnes * 1_000) / drawn, 9),
      marginalIntensity: expect.closeTo(490, 6),
      renewableShare: (24 * 20 + 8 * 80) / drawn,
      generationMwh: { coal: 2_400, gas: 1_200, nuclear: 2_400, solar: 640, wind: 480 },
      emissionsTonnes: expect.closeTo(tonnes, 9),
      curtailedMwh: 0,
      unservedMwh: 0,
      chargedMwh: 0,
      dischargedMwh: 0,
    });
  });
  test('tells how dear the dearest hours are', () => {
    const zone = zoneAfter(applyWhatIfs(handZone(), [{ kind: 'price-shock', by: 1, add: 100, interval: hours(3, 5) }]));
    expect(summaryOf(outcomeOf(zone))).toMatchObject({
      meanPrice: 40 + 200 / 24,
      priceExceededIn: { '1%': 140, '10%': 40, '50%': 40 },
    });
  });
  test('leaves out gaps, and what is not known', () => {
    const { trace } = handZone();
    const values = trace.price.values.map((value, h) => (h < 12 ? value : undefined));
    const summary = summaryOf(
      outcomeOf(zoneOfSignals({ ...trace, price: { ...trace.price, values }, carbonIntensity: { ...trace.price, values } })),
    );
    expect(summary).toMatchObject({ hours: 12, meanPrice: 40, averageIntensity: 40, generationMwh: {}, curtailedMwh: 0 });
    expect([summary.marginalIntensity, summary.renewableShare, summary.emissionsTonnes]).toEqual([undefined, undefined, undefined]);
  });
});
