/**
 * A small fleet with an invented past: three sites in two zones, seventy days of clouds, households, prices and carbon.
 *
 * Everything is a function of a seed. The model is as small as a model can be: what it knows is not what is tested.
 */
import type { History } from '../../../energy-oracle/forecast/forecaster.ts';
import { createChance } from '../../../energy-oracle/forecast/model/seeded.ts';
import { openBackend } from '../../../energy-oracle/forecast/model/tfjs-backend.ts';
import { fitPooledModel, pooledFitDefaults, type StoredModel } from '../../../energy-oracle/forecast/model/tfjs-pooled-fit.ts';
import type { LiveKind } from '../../../energy-oracle/forecast/records.ts';
import type { Archive } from '../../../energy-oracle/forecast/target.ts';
import type { Site } from '../../../energy-oracle/site.ts';
import { pvPower } from '../../../energy-oracle/sun/pv.ts';
import { DAY, HOUR, type Instant, SLOT } from '../../../units/time.ts';
import { siteOf } from '../telemetry/messages.ts';

/** Midnight of an issue; the past begins `pastDays` before. */
export const today: Instant = Date.UTC(2026, 5, 21);
export const pastDays = 70;

export const fleet: readonly Site[] = [
  { ...siteOf(1), zone: 'DE' },
  { ...siteOf(2), zone: 'DE', latitude: 50, pv: [{ peakKw: 40, tiltDeg: 20, azimuthDeg: 200 }], exportLimitKw: 30 },
  { ...siteOf(3), zone: 'PT', latitude: 38, longitude: -8, pv: [{ peakKw: 60, tiltDeg: 30, azimuthDeg: 180 }] },
];

/** A site's past up to an instant; prices are known to the end of its day. */
export function pastOf(site: Site, asOf: Instant = today, days = pastDays): History {
  const chance = createChance(site.id.charCodeAt(5) + 100);
  const all = Math.round(((pastDays + 10) * DAY) / SLOT);
  const begin = today - pastDays * DAY;
  const clear = Array.from({ length: pastDays + 11 }, () => 0.3 + 0.7 * chance.uniform());
  const whole = Array.from({ length: all }, (_, i) => {
    const at = begin + i * SLOT;
    const day = Math.floor((at - begin) / DAY);
    const flicker = 0.9 + 0.1 * chance.uniform();
    const hour = (at % DAY) / HOUR;
    return {
      pv: pvPower(site, at + SLOT / 2, 0) * (clear[day] as number) * flicker,
      load: 4 + 2 * Math.sin((hour / 24) * 2 * Math.PI) + chance.uniform(),
      price: 80 - 30 * Math.cos((Math.floor(hour) / 12) * Math.PI) + 10 * (clear[day] as number),
      carbon: 300 + 80 * Math.cos((Math.floor(hour) / 12) * Math.PI) - 60 * (clear[day] as number),
    };
  });
  const start = asOf - days * DAY;
  const from = Math.round((start - begin) / SLOT);
  const until = Math.round((asOf - begin) / SLOT);
  const published = until + Math.round((DAY - (asOf % DAY)) / SLOT);
  const series = (key: 'pv' | 'load' | 'price' | 'carbon', end = until) => ({
    start,
    stepMs: SLOT,
    values: whole.slice(Math.max(0, from), end).map((slot) => slot[key]) as (number | undefined)[],
  });
  return {
    pvKw: series('pv'),
    loadKw: series('load'),
    importPrice: series('price', published),
    carbonIntensity: series('carbon'),
    marginalIntensity: undefined,
  };
}

/** Trains the smallest model of a kind there can be. */
export async function smallModel(kind: LiveKind, archives: readonly Archive[]): Promise<StoredModel> {
  await openBackend({ force: 'cpu' });
  return fitPooledModel(archives, {
    ...pooledFitDefaults(kind, 0),
    rowsMax: 2_000,
    strideMs: 24 * HOUR,
    seeds: [1],
    net: { hidden: [6], epochs: 2, batchRows: 256, learningRate: 5e-3, weightDecay: 1 },
  });
}
