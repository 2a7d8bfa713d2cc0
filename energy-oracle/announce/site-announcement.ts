/**
 * Site announcement: what the oracle says of a site, in words that home systems know.
 *
 * A device bundle and a state for Home Assistant, and forecasts as evcc rates. Composition only: it is published by
 * `mqtt-announcer.ts`. What is not known is `null` or left out, never 0. Power in W, prices per kWh.
 */
import { type DurationMs, HOUR, type Instant, SLOT, toIso } from '../../units/time.ts';
import type { Outlook, OutlookSlot, Quantiles } from '../outlook.ts';
import type { Site } from '../site.ts';
import { ownOrigin } from '../telemetry/dialects/discovery-config.ts';

/** A message that the broker keeps for whoever comes later. */
export interface Retained {
  readonly topic: string;
  readonly payload: string;
}

/** The newest that is known of a site, W averaged over a slot; per kWh of the accounting currency; gCO2eq/kWh. */
export interface SiteNow {
  readonly pvW: number | undefined;
  readonly loadW: number | undefined;
  readonly surplusW: number | undefined;
  readonly pricePerKwh: number | undefined;
  readonly carbonIntensity: number | undefined;
}

export interface SiteNews {
  readonly site: Pick<Site, 'id' | 'name' | 'provider'>;
  readonly now: SiteNow;
  readonly outlook: Outlook | undefined;
  readonly at: Instant;
}

export interface AnnouncementSettings {
  /** Home Assistant's discovery prefix. */
  readonly prefix: string;
  readonly currency: string;
}

/** `online` while somebody announces, `offline` by will. */
export const statusTopic = 'sunward/status';
export const stateTopic = ({ provider, id }: SiteNews['site']): string => `sunward/${provider}/${id}/state`;
/** Forecasts of a site lie below its readings; nobody takes them for readings. */
export const forecastTopic = ({ provider, id }: SiteNews['site'], stream: ForecastStream): string =>
  `energy/v1/${provider}/${id}/forecast/${stream}`;

export const forecastStreams = ['surplus_power', 'surplus_power_p10', 'surplus_power_p90', 'price', 'carbon_intensity'] as const;
export type ForecastStream = (typeof forecastStreams)[number];

const leads: readonly DurationMs[] = [0, HOUR, 3 * HOUR, 6 * HOUR];
const quantiles = ['p10', 'p50', 'p90'] as const;

interface Sensor {
  readonly key: string;
  readonly name: string;
  readonly unit?: string;
  readonly deviceClass?: string;
  readonly precision?: number;
  readonly icon?: string;
  read(news: SiteNews): number | string | undefined;
}

const power = { unit: 'W', deviceClass: 'power', precision: 0 } as const;

function sensorsOf(currency: string): readonly Sensor[] {
  return [
    { key: 'pv_power', name: 'PV', ...power, read: ({ now }) => rounded(now.pvW, 1) },
    { key: 'load_power', name: 'Load', ...power, read: ({ now }) => rounded(now.loadW, 1) },
    { key: 'surplus_power', name: 'Surplus', ...power, read: ({ now }) => rounded(now.surplusW, 1) },
    ...leads.flatMap((lead) =>
      quantiles.map(
        (quantile): Sensor => ({
          key: `surplus_${lead / HOUR}h_${quantile}`,
          name: `Surplus ${lead === 0 ? 'now' : `in ${lead / HOUR} h`}, ${quantile.toUpperCase()}`,
          ...power,
          read: ({ outlook, at }) => rounded(watts(slotAt(outlook, at + lead)?.surplusKw?.[quantile]), 1),
        }),
      ),
    ),
    {
      key: 'price',
      name: 'Price',
      unit: `${currency}/kWh`,
      precision: 4,
      icon: 'mdi:cash',
      read: ({ now }) => rounded(now.pricePerKwh, 6),
    },
    {
      key: 'carbon_intensity',
      name: 'Carbon intensity',
      unit: 'gCO2eq/kWh',
      precision: 0,
      icon: 'mdi:molecule-co2',
      read: ({ now }) => rounded(now.carbonIntensity, 1),
    },
    { key: 'issued_at', name: 'Forecast issued', deviceClass: 'timestamp', read: ({ outlook }) => outlook && toIso(outlook.issuedAt) },
  ];
}

/** Everything that is to be kept of a site: its bundle, its state, its forecasts. O(slots of the outlook). */
export function announcement(news: SiteNews, { prefix, currency }: AnnouncementSettings): Retained[] {
  const { site, outlook, at } = news;
  const sensors = sensorsOf(currency);
  const id = `sunward_${site.id}`;
  const bundle = {
    device: { identifiers: [id], name: site.name, manufacturer: ownOrigin, model: 'Site' },
    origin: { name: ownOrigin },
    components: Object.fromEntries(sensors.map((sensor) => [sensor.key, componentOf(sensor, id)])),
    state_topic: stateTopic(site),
    availability: [{ topic: statusTopic, payload_available: 'online', payload_not_available: 'offline' }],
    qos: 1,
  };
  const state = Object.fromEntries(sensors.map((sensor) => [sensor.key, sensor.read(news) ?? null]));
  return [
    { topic: `${prefix}/device/${id}/config`, payload: JSON.stringify(bundle) },
    { topic: stateTopic(site), payload: JSON.stringify(state) },
    ...(outlook
      ? forecastStreams.map((stream) => ({ topic: forecastTopic(site, stream), payload: JSON.stringify(evccRates(outlook, stream, at)) }))
      : []),
  ];
}

const componentOf = ({ key, name, unit, deviceClass, precision, icon }: Sensor, id: string) => ({
  platform: 'sensor',
  unique_id: `${id}_${key}`,
  name,
  value_template: `{{ value_json.${key} }}`,
  ...(unit === undefined ? {} : { unit_of_measurement: unit, state_class: 'measurement' }),
  ...(deviceClass === undefined ? {} : { device_class: deviceClass }),
  ...(precision === undefined ? {} : { suggested_display_precision: precision }),
  ...(icon === undefined ? {} : { icon }),
});

export interface EvccRate {
  readonly start: string;
  readonly end: string;
  readonly value: number;
}

/** The slots of an outlook that are not over at `at`, as evcc reads them: W, currency/kWh or gCO2eq/kWh; unknown slots are left out. */
export function evccRates({ start, stepMs, slots }: Outlook, stream: ForecastStream, at: Instant): EvccRate[] {
  return slots.flatMap((slot, i) => {
    const from = start + i * stepMs;
    const value = rateValue(slot, stream);
    return value === undefined || from + stepMs <= at ? [] : [{ start: toIso(from), end: toIso(from + stepMs), value }];
  });
}

function rateValue({ surplusKw, importPrice, carbonIntensity }: OutlookSlot, stream: ForecastStream): number | undefined {
  switch (stream) {
    case 'surplus_power':
      return rounded(watts(surplusKw?.p50), 1);
    case 'surplus_power_p10':
      return rounded(watts(surplusKw?.p10), 1);
    case 'surplus_power_p90':
      return rounded(watts(surplusKw?.p90), 1);
    case 'price':
      return rounded(perKwh(importPrice), 6);
    case 'carbon_intensity':
      return rounded(carbonIntensity?.p50, 1);
    default:
      return stream satisfies never;
  }
}

const watts = (kw: number | undefined): number | undefined => (kw === undefined ? undefined : kw * 1_000);
const perKwh = (price: Quantiles<number> | undefined): number | undefined => price && price.p50 / 1_000;
const slotAt = (outlook: Outlook | undefined, at: Instant): OutlookSlot | undefined =>
  outlook?.slots[Math.floor((at - outlook.start) / outlook.stepMs)];

function rounded(value: number | undefined, digits: number): number | undefined {
  return value === undefined ? undefined : Number(value.toFixed(digits)) || 0;
}

/** W averaged over what is covered of a slot. Wh, ms → W. */
export const averageW = ({ energyWh, coveredMs }: { readonly energyWh: number; readonly coveredMs: number }): number =>
  (energyWh * HOUR) / coveredMs;

/** W of whole Wh over a slot. */
export const slotW = (wattHours: number): number => (wattHours * HOUR) / SLOT;
