/**
 * Rates: a site's newest outlook as evcc reads tariffs: price per kWh, gCO2eq per kWh, surplus in watts, P50.
 *
 * Only slots that have not ended. A slot that the outlook does not say is left out, never 0.
 */
import { type Instant, toIso } from '../../../units/time.ts';
import type { Outlook, OutlookSlot } from '../../outlook.ts';
import type { Site } from '../../site.ts';

export type Tariff = 'grid' | 'feedin' | 'co2' | 'solar';

export interface Rate {
  readonly start: string;
  readonly end: string;
  readonly value: number;
}

/** MWh to kWh, without the float noise of the division. */
const perKwh = (perMwh: number): number => Math.round(perMwh * 1_000) / 1_000_000;

/** `solar` is what the site has above its own load: that is what a charger behind its meter can take. */
export function ratesOf(
  tariff: Tariff,
  { start, stepMs, slots }: Outlook,
  { feedInTariff }: Pick<Site, 'feedInTariff'>,
  now: Instant,
): Rate[] {
  const saidOf: Readonly<Record<Tariff, (slot: OutlookSlot) => number | undefined>> = {
    grid: ({ importPrice }) => (importPrice === undefined ? undefined : perKwh(importPrice.p50)),
    feedin: () => perKwh(feedInTariff),
    co2: ({ carbonIntensity }) => (carbonIntensity === undefined ? undefined : Math.round(carbonIntensity.p50 * 10) / 10),
    solar: ({ surplusKw }) => (surplusKw === undefined ? undefined : Math.round(surplusKw.p50 * 1_000)),
  };
  return slots.flatMap((slot, i) => {
    const from = start + i * stepMs;
    const value = from + stepMs > now ? saidOf[tariff](slot) : undefined;
    return value === undefined ? [] : [{ start: toIso(from), end: toIso(from + stepMs), value }];
  });
}
