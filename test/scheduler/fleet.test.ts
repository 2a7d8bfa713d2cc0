/** Fleet: which models run a job and how fast, what it draws there, and whether the site's terms suit it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SiteOffer } from '../../energy-oracle/site.ts';
import { drawKw, firmnessAdmits, fittingModels, nameplateKw } from '../../scheduler/fleet.ts';
import { speedOf } from '../../scheduler/job.ts';
import { HOUR, MINUTE } from '../../units/time.ts';
import { siteOf, specOf } from './nouns.ts';

const mixed = siteOf('rhine', {
  accelerators: [
    { model: 'H100', count: 4, drawKw: 0.7 },
    { model: 'A100', count: 8, drawKw: 0.4 },
    { model: 'L4', count: 2, drawKw: 0.072 },
  ],
});

describe('the models that run a job', () => {
  test.each([
    { name: 'stand by nameplate when none is faster', speeds: {}, want: ['L4 1', 'A100 1', 'H100 1'] },
    { name: 'stand by energy, not by power', speeds: { H100: 2 }, want: ['L4 1', 'H100 2', 'A100 1'] },
    { name: 'may be slower than the spec says', speeds: { L4: 0.1, H100: 1.5 }, want: ['A100 1', 'H100 1.5', 'L4 0.1'] },
    {
      name: 'stand by name where their energy is alike',
      speeds: { H100: 0.7, A100: 0.4, L4: 0.072 },
      want: ['A100 0.4', 'H100 0.7', 'L4 0.072'],
    },
  ])('$name', ({ speeds, want }) =>
    expect(
      fittingModels(mixed, specOf({ accelerators: [], acceleratorsPerNode: 1, speeds })).map(({ model, speed }) => `${model} ${speed}`),
    ).toEqual(want),
  );

  test('have speed 1 unless it was said, whatever they are called', () =>
    expect(['A100', 'constructor', 'toString'].map((model) => speedOf({ speeds: { H100: 3 } }, model))).toEqual([1, 1, 1]));

  test('of an elastic job are those that have one to spare', () =>
    expect(
      fittingModels(mixed, specOf({ acceleratorsPerNode: 1, elastic: { acceleratorsMax: 16, speedExponent: 0.9 } })).map(
        ({ needed }) => needed,
      ),
    ).toEqual([1]));
});

describe('the planned draw', () => {
  test.each([
    { name: 'counts stated power above idle only', power: 0.01, want: 4 * 0.03 * 1.25 },
    { name: 'is what was stated between idle and nameplate', power: 0.2, want: 0.2 * 1.25 },
    { name: 'is never above the nameplate', power: 9, want: 4 * 0.4 * 1.25 },
    { name: 'is the nameplate when nothing was stated', power: undefined, want: 4 * 0.4 * 1.25 },
  ])('$name', ({ power, want }) => expect(drawKw({ ...mixed, pue: 1.25 }, specOf({ power }), 'A100')).toBeCloseTo(want, 12));

  test('lies between idle and nameplate, whatever is stated', () =>
    fc.assert(
      fc.property(fc.double({ min: 0, max: 100, noNaN: true }), fc.integer({ min: 1, max: 8 }), (power, acceleratorsPerNode) => {
        const spec = specOf({ power, acceleratorsPerNode });
        const draw = drawKw(mixed, spec, 'A100');
        expect(draw).toBeGreaterThanOrEqual(mixed.idleKw * acceleratorsPerNode);
        expect(draw).toBeLessThanOrEqual(nameplateKw(mixed, spec, 'A100'));
      }),
    ));

  test('is the nameplate where idle is written above it', () =>
    expect(drawKw({ ...mixed, idleKw: 3 }, specOf({ power: 0.1 }), 'A100')).toBeCloseTo(1.6, 12));
});

describe('a site that lets its accelerators', () => {
  const offers: Readonly<Record<string, SiteOffer | undefined>> = {
    'without a word': undefined,
    firmly: { askPerAcceleratorHour: 0.4, noticeMs: 0, firmness: 'firm' },
    'with 15 minutes’ notice': { askPerAcceleratorHour: 0.2, noticeMs: 15 * MINUTE, firmness: 'reclaimable' },
    'with two hours’ notice': { askPerAcceleratorHour: 0.3, noticeMs: 2 * HOUR, firmness: 'reclaimable' },
    opportunistically: { askPerAcceleratorHour: 0, noticeMs: 2 * HOUR, firmness: 'opportunistic' },
  };
  const specs = {
    firm: specOf({ promise: 'firm' }),
    'saved every 15 min': specOf({ checkpoint: { every: 15 * MINUTE, restoreCost: 0 } }),
    'saved every 16 min': specOf({ checkpoint: { every: 16 * MINUTE, restoreCost: 0 } }),
    '1 h unbroken': specOf({ interruptible: false, checkpoint: undefined, maxDuration: HOUR }),
    '1 h unbroken, with a checkpoint': specOf({ interruptible: false, maxDuration: HOUR }),
    '3 h unbroken': specOf({ interruptible: false, checkpoint: undefined, maxDuration: 3 * HOUR }),
    '3 h unbroken at speed 1.5': specOf({ interruptible: false, maxDuration: 3 * HOUR, speeds: { A100: 1.5 } }),
    '1 h unbroken at speed 0.4': specOf({ interruptible: false, maxDuration: HOUR, speeds: { A100: 0.4 } }),
  };
  const all = Object.keys(specs);
  test.each([
    { terms: 'without a word', takes: all },
    { terms: 'firmly', takes: all },
    { terms: 'with 15 minutes’ notice', takes: ['saved every 15 min'] },
    {
      terms: 'with two hours’ notice',
      takes: ['saved every 15 min', 'saved every 16 min', '1 h unbroken', '1 h unbroken, with a checkpoint', '3 h unbroken at speed 1.5'],
    },
    { terms: 'opportunistically', takes: ['saved every 15 min', 'saved every 16 min'] },
  ])('$terms takes $takes', ({ terms, takes }) =>
    expect(
      Object.entries(specs)
        .filter(([, spec]) => firmnessAdmits(siteOf('rhine', { offer: offers[terms] }), spec))
        .map(([name]) => name),
    ).toEqual(takes),
  );

  test.each(['a model that is too slow', 'the slowest of its models'])('on notice counts the run on %s', (which) => {
    const models = which === 'the slowest of its models' ? ['A100', 'H100'] : ['A100'];
    const spec = specOf({ accelerators: models, interruptible: false, maxDuration: HOUR, speeds: { A100: 0.4 } });
    expect(firmnessAdmits({ ...mixed, offer: offers['with two hours’ notice'] }, spec)).toBe(false);
  });
});
