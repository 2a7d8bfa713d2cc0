/**
 * Recipe: how a kind of target is normalised, and what of its past, its drivers and its companions a model looks at.
 *
 * One machine serves every kind; only these tables differ. What was tried and what it gave stands in
 * `docs/forecasting.md`.
 */

import type { TargetKind } from '../target.ts';
import type { LocalRegressionConfig } from './local-regression.ts';

/** What is measured beside a target: how it is read. */
export interface Companion {
  readonly name: string;
  readonly regression: LocalRegressionConfig | undefined;
  /** It shares the target's unit and is divided by its scale; else it is of order one already. */
  readonly isScaled: boolean;
  /** Its own mean of the last week is taken off: what is usual differs from grid to grid. */
  readonly isCentred?: boolean;
}

export interface Recipe {
  /** `log` for what is positive and judged by relative error. */
  readonly transform: 'linear' | 'log';
  /**
   * `peak`: divided by the 99th percentile of the last 30 days, so that night is 0 and a clear noon near 1.
   * `spread`: less its mean and divided by its standard deviation of the last 14 days.
   * `level`: less its mean of the last 14 days, undivided: for logarithms.
   */
  readonly scale: 'peak' | 'spread' | 'level';
  /** The target against its drivers, by time of day. The first is also watched for recent errors. */
  readonly regressions: readonly LocalRegressionConfig[];
  /** Companions against the same drivers: what the sun and the wind will do to a zone's intensity. */
  readonly companions: readonly Companion[];
  /** Whether the days of the week matter. */
  readonly isWeekly: boolean;
  /** Drivers as they stand at the step. */
  readonly at: readonly string[];
  /** Drivers less their mean over the seven reference days, and less their value on the newest reference day. */
  readonly change: readonly string[];
  /** Drivers some hours before and after the step. */
  readonly around: readonly { readonly driver: string; readonly hours: readonly number[] }[];
}

const regress = (halfLifeDays: number, ridge: number, intercept: boolean, ...drivers: string[]): LocalRegressionConfig => ({
  drivers,
  halfLifeDays,
  ridge,
  intercept,
});

/** What the sun gives, and a site's surplus, which follows it. */
const sun: Recipe = {
  transform: 'linear',
  scale: 'peak',
  regressions: [regress(20, 0.03, false, 'clear', 'irradiance'), regress(12, 0.01, false, 'clear')],
  companions: [],
  isWeekly: false,
  at: ['clear', 'sine', 'irradiance', 'clearness', 'clearnessDay', 'temperature', 'dryness', 'wind', 'rain', 'rainDay'],
  change: ['clearness', 'temperature', 'dryness', 'irradiance'],
  around: [{ driver: 'clear', hours: [-1] }],
};

/**
 * A region's panels: curtailed when wind is plenty and people draw little, which the rest of the grid tells; under other
 * weather than the one place that is forecast, which the hours before and after tell, for clouds travel.
 */
const fleet: Recipe = {
  ...sun,
  at: [...sun.at, 'clearnessBefore', 'clearnessAfter'],
  companions: [
    { name: 'wind', regression: regress(30, 0.03, true, 'wind', 'windSquare'), isScaled: false, isCentred: true },
    { name: 'total', regression: regress(25, 0.1, true, 'temperature', 'heating', 'cooling'), isScaled: false, isCentred: true },
    { name: 'fossil', regression: undefined, isScaled: false, isCentred: true },
  ],
};

/** A site's surplus: the sun less what people draw. */
const net: Recipe = {
  ...sun,
  regressions: [regress(20, 0.03, true, 'clear', 'irradiance'), regress(20, 0.03, true, 'clear')],
  companions: [
    { name: 'pv', regression: regress(12, 0.01, false, 'clear'), isScaled: true },
    { name: 'load', regression: regress(20, 0.03, true, 'temperature'), isScaled: true },
  ],
  isWeekly: true,
};

/** What a grid does: people by the clock and the week, wind and sun by the weather. */
const grid: Omit<Recipe, 'transform' | 'scale'> = {
  regressions: [regress(25, 0.1, true, 'wind', 'irradiance', 'temperature', 'heating', 'cooling'), regress(12, 0.1, true, 'clear')],
  companions: [
    { name: 'solar', regression: regress(20, 0.03, false, 'clear', 'irradiance'), isScaled: false },
    { name: 'wind', regression: regress(30, 0.03, true, 'wind', 'windSquare'), isScaled: false },
    { name: 'fossil', regression: undefined, isScaled: false },
    { name: 'coal', regression: undefined, isScaled: false },
    { name: 'steady', regression: undefined, isScaled: false },
    { name: 'total', regression: undefined, isScaled: false },
  ],
  at: ['clear', 'irradiance', 'clearnessDay', 'temperature', 'heating', 'cooling', 'dryness', 'wind'],
  change: ['wind', 'temperature', 'irradiance', 'heating', 'cooling'],
  around: [],
  isWeekly: true,
};

/** Drivers that are read through others, never as they are. */
const throughOthers = ['windSquare'];

const recipes: Readonly<Record<TargetKind, Recipe>> = {
  net,
  pv: sun,
  renewables: fleet,
  load: { ...grid, transform: 'linear', scale: 'spread' },
  'import-price': { ...grid, transform: 'linear', scale: 'spread' },
  'carbon-intensity': { ...grid, transform: 'log', scale: 'level' },
};

/** Every driver that some recipe names: what else is there was named by whoever sent it, and is looked at as it stands. */
const named = new Set(
  [fleet, net, grid].flatMap(({ at, change, regressions }) => [...at, ...change, ...regressions.flatMap(({ drivers }) => drivers)]),
);

/**
 * The recipe of a kind for the drivers and companions there are: what asks for others is left out, and drivers that no
 * recipe names (a market's own load forecast, another model's cloud water) are looked at at the step, around it and by their change.
 */
export function recipeFor(kind: TargetKind, drivers: readonly string[], companions: readonly string[]): Recipe {
  const recipe = recipes[kind];
  const has = (name: string) => drivers.includes(name);
  const whole = ({ drivers: asked }: LocalRegressionConfig) => asked.every(has);
  const others = drivers.filter((name) => !named.has(name) && !throughOthers.includes(name)).sort();
  return {
    ...recipe,
    regressions: recipe.regressions.filter(whole),
    companions: recipe.companions
      .filter(({ name }) => companions.includes(name))
      .map((companion) => ({
        ...companion,
        regression: companion.regression && whole(companion.regression) ? companion.regression : undefined,
      })),
    at: [...recipe.at.filter(has), ...others],
    change: [...recipe.change.filter(has), ...others],
    around: recipe.around.filter(({ driver }) => has(driver)),
  };
}
