/**
 * Mix source: a source of carbon intensity made of one that tells generation by fuel.
 *
 * Pure around another source: asks it for generation and computes the average intensity step by step, or the marginal one
 * from the four weeks before. Steps that are forecast stay forecast. What it was computed from is the evidence.
 */
import { DAY, HOUR, type Instant, type Interval } from '../../units/time.ts';
import type { FactorBasis, SourceFuel } from '../grid/emission-factors.ts';
import { averageIntensity, type Mix, marginalIntensity } from '../grid/mix-intensity.ts';
import { aligned } from './combine.ts';
import { type SignalAnswer, SignalFault, type SignalSource, type SignalStep } from './signal-source.ts';

/** What a marginal intensity is drawn from. */
const marginalWindowMs = 28 * DAY;
/** A mix of which only some fuels are told is none: at least this many must be. */
const fuelsMin = 2;

const unit = 'gCO2eq/kWh';

/** @throws RangeError when the inner source tells no generation */
export function createMixSource(inner: SignalSource, basis: FactorBasis): SignalSource {
  if (!inner.topics.includes('generation')) throw new RangeError(`${inner.name} tells no generation by fuel`);
  const unitFound = `MW by fuel, ${basis} factors`;
  return {
    name: inner.name,
    topics: ['carbon_intensity', 'carbon_intensity_marginal'],
    async ask(asked) {
      const isMarginal = asked.topic === 'carbon_intensity_marginal';
      const interval = isMarginal ? { start: asked.interval.end - marginalWindowMs, end: asked.interval.end } : asked.interval;
      const answer = await inner.ask({ ...asked, topic: 'generation', interval });
      if (answer.kind === 'unreadable') return answer;
      const steps = isMarginal ? marginalSteps(answer, asked.interval, basis) : averageSteps(answer, basis);
      if (steps === undefined)
        throw new SignalFault({
          source: inner.name,
          address: 'generation',
          attempts: 1,
          what: 'too little generation is told for a margin',
        });
      return { ...answer, series: [{ signal: asked.topic as 'carbon_intensity', unit, unitFound, steps }] };
    },
  };
}

interface MixStep extends Interval {
  readonly mix: Mix;
  readonly isForecast: boolean;
}

/** Generation by step. A fuel that is not told of one step but of others leaves that step out: its share would go to the rest. */
function mixesOf({ series }: SignalAnswer): MixStep[] {
  const told = series.flatMap(({ signal, steps }) => {
    const fuel = signal.slice('generation_'.length);
    return fuel.endsWith('_storage') || steps.length === 0 ? [] : [{ fuel: fuel as SourceFuel, steps }];
  });
  if (told.length < fuelsMin) return [];
  const byStep = new Map<string, { step: SignalStep; mix: Partial<Record<SourceFuel, number>>; count: number; isForecast: boolean }>();
  for (const { fuel, steps } of told)
    for (const step of steps) {
      const key = `${step.start}/${step.end}`;
      const known = byStep.get(key) ?? { step, mix: {}, count: 0, isForecast: false };
      byStep.set(key, known);
      known.mix[fuel] = step.value;
      known.count += 1;
      known.isForecast ||= step.forecast === true;
    }
  return [...byStep.values()]
    .filter(({ count }) => count === told.length)
    .map(({ step: { start, end }, mix, isForecast }) => ({ start, end, mix, isForecast }))
    .sort((a, b) => a.start - b.start);
}

const averageSteps = (answer: SignalAnswer, basis: FactorBasis): SignalStep[] =>
  mixesOf(answer).flatMap(({ start, end, mix, isForecast }) => {
    const value = averageIntensity(mix, basis);
    return value === undefined ? [] : [{ start, end, value, ...(isForecast ? { forecast: true } : {}) }];
  });

/** The slope of the window, told of every hour of the interval that is over; an estimate, for the window is longer than the hour. */
function marginalSteps(answer: SignalAnswer, interval: Interval, basis: FactorBasis): SignalStep[] | undefined {
  const mixes = mixesOf(answer).filter(({ isForecast }) => !isForecast);
  const [first, last] = [mixes[0], mixes.at(-1)];
  if (!first || !last) return undefined;
  const fit = marginalIntensity(hourly(mixes, { start: first.start, end: last.end }), basis);
  if (!fit) return undefined;
  const steps: SignalStep[] = [];
  const from = Math.ceil(interval.start / HOUR) * HOUR;
  for (let start: Instant = from; start + HOUR <= last.end; start += HOUR)
    steps.push({ start, end: start + HOUR, value: fit.intensity, estimated: true });
  return steps;
}

/** Mixes by the hour; an hour that is not covered whole is a gap. */
function hourly(mixes: readonly MixStep[], interval: Interval): (Mix | undefined)[] {
  const fuels = Object.keys(mixes[0]?.mix ?? {}) as SourceFuel[];
  const columns = fuels.map((fuel) => {
    const steps = mixes.map(({ start, end, mix }) => ({ start, end, value: mix[fuel] ?? 0 }));
    return { fuel, values: aligned({ source: fuel, steps }, interval, HOUR).values };
  });
  return (columns[0]?.values ?? []).map((value, i) =>
    value === undefined ? undefined : Object.fromEntries(columns.map(({ fuel, values }) => [fuel, values[i] ?? 0])),
  );
}
