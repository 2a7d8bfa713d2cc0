/**
 * Pooled model: one model for all targets of a kind, and what its members say of what is known.
 *
 * It sees targets only through normalised rows, so it speaks of a site that it never learned from. A step whose weather
 * is known is answered by the variant that learned with weather, any other by the blind one. Training is left to
 * `tfjs-pooled-fit.ts`, calibration to `calibrator.ts`.
 */
import { DAY, type DurationMs, type Instant } from '../../../units/time.ts';
import { type CalibrationPrior, coldPrior } from '../calibration/calibration-prior.ts';
import type { Known, Target, TargetKind } from '../target.ts';
import { type HistoryRefusal, historyRefusal } from '../trust/thinness.ts';
import { drivenBy, type Ground, groundOf } from './ground.ts';
import type { MemberForecast, MemberName } from './member-forecast.ts';
import type { FeatureRows, QuantileModel } from './quantile-rows.ts';
import { featureNames, Recent } from './recent.ts';
import type { Recipe } from './recipe.ts';
import { type ResidualTable, residualRow } from './residual-table.ts';
import type { Ridge } from './ridge.ts';
import { cliperOf } from './training-set.ts';
import type { Normal } from './walker.ts';

/** A model that needs certain drivers. */
export interface Variant {
  readonly recipe: Recipe;
  /** CLIPER's weight of the newest day, per lead day. */
  readonly persistenceWeights: readonly number[];
  readonly net: QuantileModel;
  readonly ridge: Ridge;
  readonly residuals: { readonly cliper: ResidualTable; readonly ridge: ResidualTable };
  /** Where calibrators of its targets start; absent where nothing was held out of the fit. */
  readonly prior?: CalibrationPrior;
}

export interface PooledModel {
  /** Kind, end of what was learned from, and a digest of the weights. */
  readonly id: string;
  readonly kind: TargetKind;
  readonly quantiles: readonly number[];
  readonly horizonMs: DurationMs;
  /** Nothing later was learned from. */
  readonly trainedUntil: Instant;
  /** The one that asks for most comes first, the last asks for nothing. */
  readonly variants: readonly Variant[];
}

/** Where a calibrator of the model starts: with the variant that sees the weather, or with the blind one. */
export const priorOf = ({ variants, quantiles }: PooledModel, seesWeather: boolean): CalibrationPrior =>
  variants.at(seesWeather ? 0 : -1)?.prior ?? coldPrior(quantiles);

export interface Ask {
  readonly known: Known;
  /** Steps from the issue on. */
  readonly steps: number;
}

/** History that is walked over for a forecast: older days would hardly weigh. */
const lookBackDays = 32;

/** Asks that go through the nets together: enough to fill them, few enough to stay in the cache. */
const asksAtOnce = 32;

/** What the members say, in order; a refusal where history is too thin. O(days walked over + steps) an ask, under 1 ms for 96 steps. */
export function forecastMembers(model: PooledModel, asks: readonly Ask[]): (MemberForecast | HistoryRefusal)[] {
  const answers: (MemberForecast | HistoryRefusal)[] = [];
  for (let first = 0; first < asks.length; first += asksAtOnce) answers.push(...answersTo(model, asks.slice(first, first + asksAtOnce)));
  return answers;
}

function answersTo(model: PooledModel, asks: readonly Ask[]): (MemberForecast | HistoryRefusal)[] {
  const drafts = asks.map((ask) => historyRefusal(ask.known) ?? draftOf(ask, model.quantiles));
  for (const variant of model.variants) answerBy(model, variant, drafts.filter(isDraft));
  return drafts.map((draft) => (isDraft(draft) ? draft.forecast : draft));
}

interface Draft {
  readonly kind: 'draft';
  readonly ground: Ground;
  /** Index of the step at the issue. */
  readonly issue: number;
  /** 1 for a step that no variant has answered yet. */
  readonly isOpen: Uint8Array;
  readonly forecast: MemberForecast & { readonly members: Record<MemberName, Float64Array>; scale: number };
}

const isDraft = (draft: Draft | HistoryRefusal): draft is Draft => draft.kind === 'draft';

function draftOf({ known, steps }: Ask, quantiles: readonly number[]): Draft {
  const { target, issuedAt, history } = known;
  const { stepMs } = history;
  const end = Math.min(history.values.length, Math.floor((issuedAt - history.start) / stepMs));
  const first = Math.max(0, end - Math.round((lookBackDays * DAY) / stepMs));
  const window = { start: history.start + first * stepMs, stepMs, values: history.values.subarray(first, end) };
  const start = Math.floor(issuedAt / stepMs) * stepMs;
  const missing = Math.round((start - window.start) / stepMs) - window.values.length; // a history that ends before the issue
  const ground = groundOf({ ...known, history: window }, (Math.max(0, missing) + steps) * stepMs);
  const room = () => new Float64Array(steps * quantiles.length);
  return {
    kind: 'draft',
    ground,
    issue: window.values.length + Math.max(0, missing),
    isOpen: new Uint8Array(steps).fill(1),
    forecast: {
      target,
      issuedAt,
      start,
      stepMs,
      steps,
      quantiles,
      members: { cliper: room(), ridge: room(), net: room() },
      repeated: new Float64Array(steps),
      scale: 1,
      isLit: new Uint8Array(steps).fill(1),
    },
  };
}

interface Answer {
  readonly draft: Draft;
  readonly recent: Recent;
  readonly normal: Normal;
  readonly leads: readonly number[];
}

/** Fills in every open step that the variant has the drivers for. */
function answerBy({ variants }: PooledModel, variant: Variant, drafts: readonly Draft[]): void {
  const { recipe } = variant;
  const isLast = variant === variants.at(-1);
  const answers = drafts.flatMap((draft): Answer[] => {
    const leads: number[] = [];
    const isDriven = drivenBy(draft.ground, recipe);
    for (let lead = 0; lead < draft.isOpen.length; lead++) {
      if (!draft.isOpen[lead] || !(isLast || isDriven(draft.issue + lead))) continue;
      leads.push(lead);
      draft.isOpen[lead] = 0;
    }
    if (leads.length === 0) return [];
    const recent = new Recent(draft.ground, recipe);
    recent.absorbTo(draft.issue);
    const normal = recent.normal();
    return normal ? [{ draft, recent, normal, leads }] : [];
  });
  const width = featureNames(recipe).length + 1;
  const count = answers.reduce((sum, { leads }) => sum + leads.length, 0);
  if (count === 0) return;
  const rows: FeatureRows = { count, width, features: new Float32Array(count * width) };
  let row = 0;
  for (const { recent, normal, leads, draft } of answers)
    for (const lead of leads) {
      const at = row++ * width;
      recent.write(lead, normal, rows.features, at);
      rows.features[at + width - 1] = baseOf(rows, at, leadDayOf(draft, lead), variant);
    }
  const said = { net: variant.net.predict(rows), ridge: variant.ridge.predict(rows) };
  row = 0;
  for (const answer of answers) {
    answer.draft.forecast.scale = variant.recipe.transform === 'log' ? Math.exp(answer.normal.centre) : answer.normal.scale; // a log has no unit of its own
    for (const lead of answer.leads) write(answer, variant, lead, rows, said, row++);
  }
}

const leadDayOf = ({ forecast }: Draft, lead: number): number => Math.floor((lead * forecast.stepMs) / DAY);
const baseOf = ({ features }: FeatureRows, at: number, leadDay: number, { persistenceWeights }: Variant): number =>
  cliperOf(features[at] as number, features[at + 3] as number, leadDay, persistenceWeights);

/** A normalised number in the target's own unit, within its bounds. */
function own({ transform }: Recipe, { floor, ceiling }: Target, { centre, scale }: Normal, z: number): number {
  const u = centre + scale * z;
  const y = transform === 'log' ? Math.exp(u) : u;
  return Math.max(floor ?? Number.NEGATIVE_INFINITY, Math.min(ceiling ?? Number.POSITIVE_INFINITY, y));
}

/** One step of all members, in the target's own unit. */
function write(
  { draft, recent, normal }: Answer,
  { recipe, residuals }: Variant,
  lead: number,
  { features, width }: FeatureRows,
  said: { readonly net: Float32Array; readonly ridge: Float32Array },
  row: number,
): void {
  const { forecast, ground, issue } = draft;
  const { target, start, stepMs, members, quantiles } = forecast;
  const levels = quantiles.length;
  const base = features[row * width + width - 1] as number;
  const line = base + (said.ridge[row] as number);
  const cell = residualRow(residuals.cliper, start + (lead + 0.5) * stepMs, target.longitude, leadDayOf(draft, lead));
  for (let j = 0; j < levels; j++) {
    const at = lead * levels + j;
    members.net[at] = own(recipe, target, normal, base + (said.net[row * levels + j] as number));
    members.ridge[at] = own(recipe, target, normal, line + (residuals.ridge.values[cell + j] as number));
    members.cliper[at] = own(recipe, target, normal, base + (residuals.cliper.values[cell + j] as number));
  }
  const newest = recent.newest(lead);
  forecast.repeated[lead] = recipe.transform === 'log' ? Math.exp(newest) : newest;
  if (recipe.scale !== 'peak') return;
  const clear = ground.drivers['clear'] as Float64Array;
  forecast.isLit[lead] = (clear[issue + lead] as number) > 0 ? 1 : 0;
}
