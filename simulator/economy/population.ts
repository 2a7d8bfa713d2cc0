/**
 * Population: the providers of a simulated year, those of the first day and those who come later. Drawn, then fixed.
 *
 * Three kinds: homes with a few accelerators behind a roof, farms, data halls. The figures are made up in the order of
 * magnitude of 2025 and stand here in one table; nothing of them is measured. Each provider has a stream of its own, so that
 * one more never changes another, and a shock meets the same people.
 */
import type { Site } from '../../energy-oracle/site.ts';
import { kilowatts, pricePerMegawattHour } from '../../units/quantity.ts';
import { type RandomStream, randomStream } from '../kernel/random.ts';

export type ProviderKind = 'home' | 'farm' | 'hall';

export interface Provider {
  readonly kind: ProviderKind;
  /** As the scheduler knows it: one site each, with its payout account. */
  readonly site: Site;
  readonly accelerators: number;
  /** Draw of one accelerator at the grid connection, kW. */
  readonly kwEach: number;
  readonly peakKw: number;
  /** Own load, kW, the same at every hour. */
  readonly loadKw: number;
  /** Grid fees and taxes on top of the market's price, EUR/MWh. */
  readonly importMarkup: number;
  /** What an accelerator-hour is worth to it otherwise: wear, attention, EUR. */
  readonly reservePerHour: number;
  /** What it pays whether it works or not: depreciation, rent, insurance, EUR/day. */
  readonly fixedPerDay: number;
  /** So many days in a row on which it earns less than it spends, on average, and it leaves. */
  readonly patienceDays: number;
  /** Comes when its kind earned so much more than it spent, as a part of what it spent. */
  readonly entryMargin: number;
  /** Buys its own jobs for what is left of its surplus. */
  readonly isWashTrader: boolean;
}

/** Place of the panels of a zone: the middle of where people live. */
export const economyZones = [
  { zone: 'DE-LU', latitude: 50.1, longitude: 8.7 },
  { zone: 'FR', latitude: 46.6, longitude: 2.4 },
  { zone: 'ES', latitude: 40.2, longitude: -3.7 },
] as const;

type Range = readonly [low: number, high: number];

interface KindFigures {
  readonly share: number;
  readonly accelerators: Range;
  readonly drawKw: number;
  readonly pue: number;
  readonly peakKw: Range;
  readonly loadKw: Range;
  readonly exportLimitOfPeak: number;
  readonly feedInTariff: Range;
  readonly importMarkup: Range;
  readonly reservePerHour: Range;
  readonly fixedPerSiteDay: Range;
  readonly fixedPerAcceleratorDay: Range;
  readonly patienceDays: Range;
}

export const kindFigures: Readonly<Record<ProviderKind, KindFigures>> = {
  home: {
    share: 0.6,
    accelerators: [1, 3],
    drawKw: 0.35,
    pue: 1,
    peakKw: [5, 12],
    loadKw: [0.3, 0.6],
    exportLimitOfPeak: 0.6,
    feedInTariff: [70, 85],
    importMarkup: [130, 190],
    reservePerHour: [0.08, 0.35],
    fixedPerSiteDay: [0.1, 0.4],
    fixedPerAcceleratorDay: [0.4, 1.6],
    patienceDays: [60, 180],
  },
  farm: {
    share: 0.3,
    accelerators: [4, 17],
    drawKw: 0.4,
    pue: 1.05,
    peakKw: [30, 150],
    loadKw: [1, 6],
    exportLimitOfPeak: 0.5,
    feedInTariff: [55, 70],
    importMarkup: [80, 120],
    reservePerHour: [0.08, 0.3],
    fixedPerSiteDay: [1, 4],
    fixedPerAcceleratorDay: [0.8, 2],
    patienceDays: [30, 120],
  },
  hall: {
    share: 0.1,
    accelerators: [24, 97],
    drawKw: 0.5,
    pue: 1.2,
    peakKw: [50, 400],
    loadKw: [5, 20],
    exportLimitOfPeak: 0.5,
    feedInTariff: [45, 60],
    importMarkup: [40, 70],
    reservePerHour: [0.1, 0.25],
    fixedPerSiteDay: [15, 40],
    fixedPerAcceleratorDay: [0.8, 2],
    patienceDays: [14, 60],
  },
};

/** Draws are rounded, so that the last place of a float decides nothing. */
const rounded = (value: number): number => Math.round(value * 1e4) / 1e4;
const between = (draw: RandomStream, [low, high]: Range): number => rounded(low + (high - low) * draw.uniform());

/** Rare, dear and patient people are in every kind: thresholds are drawn as 5 % to 45 % above costs. */
const entryMargins: Range = [0.05, 0.45];

/** The n-th provider of a seed, n from 0: its kind, its site, its costs. */
export function drawProvider(seed: number, index: number, washShare: number): Provider {
  const draw = randomStream(seed, `economy/provider/${index}`);
  const kind = kindOf(draw.uniform());
  const figures = kindFigures[kind];
  const accelerators = draw.int(figures.accelerators[0], figures.accelerators[1]);
  const place = draw.pick(economyZones);
  const peakKw = between(draw, figures.peakKw);
  const id = `${kind}-${String(index + 1).padStart(4, '0')}`;
  return {
    kind,
    site: {
      id,
      name: id,
      provider: id,
      ...place,
      accelerators: [{ model: 'A100', count: accelerators, drawKw: kilowatts(figures.drawKw) }],
      idleKw: kilowatts(0),
      pue: figures.pue,
      pv: [{ peakKw: kilowatts(peakKw), ...panels }],
      exportLimitKw: kilowatts(rounded(figures.exportLimitOfPeak * peakKw)),
      feedInTariff: pricePerMegawattHour(between(draw, figures.feedInTariff)),
      meterKey: '00'.repeat(32),
      payoutAccount: `0x${(index + 1).toString(16).padStart(40, '0')}`,
    },
    accelerators,
    kwEach: figures.drawKw * figures.pue,
    peakKw,
    loadKw: between(draw, figures.loadKw),
    importMarkup: between(draw, figures.importMarkup),
    reservePerHour: between(draw, figures.reservePerHour),
    fixedPerDay: rounded(between(draw, figures.fixedPerSiteDay) + accelerators * between(draw, figures.fixedPerAcceleratorDay)),
    patienceDays: Math.round(between(draw, figures.patienceDays)),
    entryMargin: between(draw, entryMargins),
    isWashTrader: draw.uniform() < washShare,
  };
}

/** South, at 30°: every roof alike. */
export const panels = { tiltDeg: 30, azimuthDeg: 180 } as const;

function kindOf(uniform: number): ProviderKind {
  if (uniform < kindFigures.home.share) return 'home';
  return uniform < kindFigures.home.share + kindFigures.farm.share ? 'farm' : 'hall';
}
