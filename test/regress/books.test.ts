/** What the books once got wrong: an outage of a feed or a meter that looked like a saving. */
import { describe, expect, test } from 'vitest';
import type { SlotFacts } from '../../energy-oracle/outlook.ts';
import { book } from '../../scheduler/ledger/book.ts';
import { HOUR, SLOT } from '../../units/time.ts';
import { factsOf, jobOf, noon, runOf, siteOf, tariff } from '../scheduler/nouns.ts';

const booked = (facts: Partial<SlotFacts>, home: Partial<SlotFacts>) =>
  book(
    {
      metered: { run: 'a#1', job: 'a', site: 'rhine', slot: noon, energyWh: 400, reportedAt: noon + SLOT },
      run: runOf('a', 1),
      job: jobOf('a'),
      site: siteOf('rhine'),
      homeSite: siteOf('bay'),
      facts: factsOf('rhine', noon, facts),
      homeFacts: factsOf('bay', noon, home),
    },
    { actual: new Map(), counterfactual: new Map() },
    tariff,
    noon + HOUR,
  );
const savedMg = ({ actual, counterfactual }: ReturnType<typeof booked>) => counterfactual.locationMg - actual.locationMg;
const savedMicros = ({ actual, counterfactual }: ReturnType<typeof booked>) => counterfactual.energyCost - actual.energyCost;

describe('a saving', () => {
  test('is claimed where both worlds are known', () => {
    expect(savedMg(booked({ carbonIntensity: 100 }, { carbonIntensity: 500 }))).toBe(400 * 400);
    expect(savedMicros(booked({ importPrice: 50 }, { importPrice: 150 }))).toBe(400n * 100n);
    expect(savedMg(booked({ surplusWh: 400, carbonIntensity: undefined }, { carbonIntensity: 500 }))).toBe(400 * 500); // no grid energy to know of
  });

  test.each([
    { name: 'the carbon of the run is unknown', facts: { carbonIntensity: undefined }, home: { carbonIntensity: 500 } },
    { name: 'the carbon at home is unknown', facts: { carbonIntensity: 100 }, home: { carbonIntensity: undefined } },
    { name: 'nobody metered the sun at home', facts: { carbonIntensity: 100 }, home: { carbonIntensity: 500, surplusWh: undefined } },
  ])('of carbon is neither claimed nor denied when $name', ({ facts, home }) => expect(savedMg(booked(facts, home))).toBe(0));

  test.each([
    { name: 'the price of the run is unknown', facts: { importPrice: undefined }, home: { importPrice: 150 } },
    { name: 'the price at home is unknown', facts: { importPrice: 50 }, home: { importPrice: undefined } },
    { name: 'nobody metered the sun at home', facts: { importPrice: 50 }, home: { importPrice: 150, surplusWh: undefined } },
  ])('of money is neither claimed nor denied when $name', ({ facts, home }) => expect(savedMicros(booked(facts, home))).toBe(0n));
});
