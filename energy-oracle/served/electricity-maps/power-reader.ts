/**
 * Power reader: a zone's generation by fuel and its load, step by step, measured or as its feed expects it.
 */
import type { Clock } from '../../../units/clock.ts';
import type { DurationMs, Instant, Interval } from '../../../units/time.ts';
import { type Fuel, fuels, generationSignal } from '../../grid/grid-feed.ts';
import { forecastSteps, type KnownStep, type ZoneReader } from '../zone-signal.ts';
import { stampOf } from './carbon.ts';
import { type Mix, powerBody } from './power.ts';

/** Breakdowns of the steps of which any fuel is known. */
export function powerReader({ clock, reader }: { readonly clock: Clock; readonly reader: ZoneReader }) {
  type Step = Interval & { readonly value: number } & Partial<Pick<KnownStep, 'createdAt' | 'updatedAt'>>;
  /** O(fuels × steps). */
  function bodies(
    byFuel: readonly (readonly [Fuel, readonly Step[]])[],
    loads: readonly Step[],
    told: { readonly at?: Instant; readonly isEstimated: boolean },
  ) {
    const mixes = new Map<Instant, { generation: Partial<Record<Fuel, number>>; createdAt: Instant; updatedAt: Instant }>();
    for (const [fuel, steps] of byFuel)
      for (const { start, end, value, createdAt = told.at ?? end, updatedAt = told.at ?? end } of steps) {
        const mix = mixes.get(start) ?? { generation: {}, createdAt, updatedAt };
        mix.generation[fuel] = value;
        mixes.set(start, { ...mix, createdAt: Math.min(mix.createdAt, createdAt), updatedAt: Math.max(mix.updatedAt, updatedAt) });
      }
    const loadAt = new Map(loads.map(({ start, value }) => [start, value]));
    return [...mixes]
      .sort(([a], [b]) => a - b)
      .map(([start, { generation, createdAt, updatedAt }]) => ({
        datetime: stampOf(start),
        updatedAt: stampOf(updatedAt),
        createdAt: stampOf(createdAt),
        ...powerBody({ generation, load: loadAt.get(start) } satisfies Mix),
        isEstimated: told.isEstimated,
        estimationMethod: told.isEstimated ? 'FEED_FORECAST' : null,
      }));
  }
  return {
    points: async (zone: string, interval: Interval, stepMs: DurationMs) => {
      const now = clock.now();
      const [loads, ...byFuel] = await Promise.all([
        reader.measured(zone, 'grid_load', interval, stepMs, now),
        ...fuels.map((fuel) => reader.measured(zone, generationSignal(fuel), interval, stepMs, now)),
      ]);
      return bodies(
        fuels.map((fuel, i) => [fuel, byFuel[i] ?? []] as const),
        loads,
        { isEstimated: false },
      );
    },
    forecast: async (zone: string, interval: Interval, stepMs: DurationMs) => {
      const now = clock.now();
      const said = await Promise.all([
        reader.forecast(zone, 'grid_load', interval, now),
        ...fuels.map((fuel) => reader.forecast(zone, generationSignal(fuel), interval, now)),
      ]);
      const [loads = [], ...byFuel] = said.map((forecast) => (forecast ? forecastSteps(forecast, interval, stepMs) : []));
      const issuedAt = Math.max(0, ...said.map((forecast) => forecast?.provenance.issuedAt ?? 0));
      return {
        issuedAt,
        points: bodies(
          fuels.map((fuel, i) => [fuel, byFuel[i] ?? []] as const),
          loads,
          { at: issuedAt, isEstimated: true },
        ),
      };
    },
  };
}
