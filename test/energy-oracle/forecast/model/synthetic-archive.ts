/** Made records of panels under made clouds, small enough to learn from within a second; equal seeds, equal records. */
import { createChance } from '../../../../energy-oracle/forecast/model/seeded.ts';
import type { PooledFitConfig } from '../../../../energy-oracle/forecast/model/tfjs-pooled-fit.ts';
import type { Archive, Dense } from '../../../../energy-oracle/forecast/target.ts';
import { clearSkyGlobal } from '../../../../energy-oracle/sun/clear-sky.ts';
import { sunPosition } from '../../../../energy-oracle/sun/position.ts';
import { DAY, HOUR } from '../../../../units/time.ts';

export const begin = Date.UTC(2021, 2, 1);

export interface Made {
  readonly days?: number;
  readonly stepMs?: number;
  readonly seed?: number;
  readonly peakKw?: number;
  readonly id?: string;
  /** Without it history and geometry are all there is. */
  readonly hasWeather?: boolean;
}

/** Generation in kW that follows the light, which was forecast almost rightly; day by day another cloud. */
export function madeArchive({
  days = 60,
  stepMs = HOUR,
  seed = 1,
  peakKw = 10,
  id = `roof ${seed}`,
  hasWeather = true,
}: Made = {}): Archive {
  const chance = createChance(seed);
  const [latitude, longitude] = [48 + seed / 10, 9];
  const clouds = Array.from({ length: days + 5 }, () => 0.3 + 0.7 * chance.uniform());
  const light = (at: number) =>
    clearSkyGlobal(sunPosition(at + stepMs / 2, latitude, longitude)) * (clouds[Math.floor((at - begin) / DAY)] ?? 0.6);
  const dense = (count: number, valueAt: (at: number) => number): Dense => ({
    start: begin,
    stepMs,
    values: Float64Array.from({ length: count }, (_, i) => valueAt(begin + i * stepMs)),
  });
  const perDay = DAY / stepMs;
  return {
    target: { id, kind: 'pv', latitude, longitude, pv: [{ peakKw, tiltDeg: 30, azimuthDeg: 180 }], ceiling: peakKw, floor: 0 },
    history: dense(days * perDay, (at) => Math.min(peakKw, (light(at) / 1_000) * peakKw * (0.9 + 0.1 * chance.uniform()))),
    signals: hasWeather
      ? {
          shortwave_radiation: dense((days + 4) * perDay, light),
          temperature_2m: dense((days + 4) * perDay, (at) => 12 + 5 * Math.sin(((at / DAY) % 1) * 2 * Math.PI)),
        }
      : {},
    companions: {},
  };
}

/** Two nets of eight units on two thousand rows: enough to be wrong in every way that matters. */
export const tinyFit: PooledFitConfig = {
  kind: 'pv',
  quantiles: [0.1, 0.5, 0.9],
  horizonMs: 2 * DAY,
  strideMs: 6 * HOUR,
  rowsMax: 2_000,
  seeds: [1, 2],
  net: { hidden: [8], epochs: 2, batchRows: 128, learningRate: 1e-2, weightDecay: 0.1 },
  lambda: 1e-3,
  coldShare: 0.2,
  outageShare: 0.1,
  soonWeight: 1,
  isWeatherUsed: true,
};
