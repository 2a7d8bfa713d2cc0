/**
 * Site announcement: the shape that Home Assistant and evcc document, and what is left out of it.
 */
import { describe, expect, test } from 'vitest';
import { announcement, evccRates, type SiteNews } from '../../../energy-oracle/announce/site-announcement.ts';
import type { Outlook, OutlookSlot } from '../../../energy-oracle/outlook.ts';
import { defaultMapping } from '../../../energy-oracle/telemetry/dialects/dialect.ts';
import { createTranslator } from '../../../energy-oracle/telemetry/dialects/dialect-translator.ts';
import { HOUR, SLOT } from '../../../units/time.ts';

const start = Date.UTC(2026, 10, 22, 12);
const slot = (kw: number | undefined, price = 80): OutlookSlot => ({
  surplusKw: kw === undefined ? undefined : { p10: kw / 2, p50: kw, p90: kw * 2 },
  importPrice: { p10: price, p50: price, p90: price },
  carbonIntensity: { p10: 200, p50: 302.04, p90: 400 },
  marginalIntensity: undefined,
});
const outlook: Outlook = {
  id: 'roof@x',
  site: 'roof',
  issuedAt: start - 60_000,
  model: 'm',
  start,
  stepMs: SLOT,
  slots: [slot(1), slot(undefined, -5), ...Array.from({ length: 30 }, (_, i) => slot(i + 2))],
};
const news: SiteNews = {
  site: { id: 'roof', name: 'Roof 1', provider: 'acme' },
  now: { pvW: 936.04, loadW: 400, surplusW: 536, pricePerKwh: 0.081234567, carbonIntensity: undefined },
  outlook,
  at: start,
};
const said = (over: Partial<SiteNews> = {}) =>
  new Map(
    announcement({ ...news, ...over }, { prefix: 'homeassistant', currency: 'EUR' }).map(({ topic, payload }) => [
      topic,
      JSON.parse(payload),
    ]),
  );

describe('a site’s announcement', () => {
  test('is a device bundle with all that Home Assistant requires of one', () => {
    const bundle = said().get('homeassistant/device/sunward_roof/config');
    expect(bundle).toMatchObject({
      device: { identifiers: ['sunward_roof'], name: 'Roof 1' },
      origin: { name: 'Sunward' },
      state_topic: 'sunward/acme/roof/state',
      availability: [{ topic: 'sunward/status', payload_available: 'online', payload_not_available: 'offline' }],
    });
    // DEVICE_DISCOVERY_SCHEMA of home-assistant/core components/mqtt/schemas.py knows these and refuses others
    const known = [
      'device',
      'origin',
      'components',
      'state_topic',
      'command_topic',
      'qos',
      'encoding',
      'availability',
      'availability_mode',
    ];
    expect(Object.keys(bundle).filter((key) => !known.includes(key))).toEqual([]);
    for (const [key, component] of Object.entries<Record<string, unknown>>(bundle.components)) {
      expect(component).toMatchObject({ platform: 'sensor', unique_id: `sunward_roof_${key}`, value_template: `{{ value_json.${key} }}` });
      expect(component['device_class'] === 'power').toBe(component['unit_of_measurement'] === 'W');
    }
    expect(bundle.components.price).toMatchObject({ unit_of_measurement: 'EUR/kWh', state_class: 'measurement' });
  });
  test('has a state for every sensor, and no other', () => {
    const all = said();
    expect(Object.keys(all.get('sunward/acme/roof/state')).sort()).toEqual(
      Object.keys(all.get('homeassistant/device/sunward_roof/config').components).sort(),
    );
  });
  test('tells W, prices per kWh, and what is not known as null', () =>
    expect(said().get('sunward/acme/roof/state')).toEqual({
      pv_power: 936,
      load_power: 400,
      surplus_power: 536,
      surplus_0h_p10: 500,
      surplus_0h_p50: 1_000,
      surplus_0h_p90: 2_000,
      surplus_1h_p10: 2_000,
      surplus_1h_p50: 4_000,
      surplus_1h_p90: 8_000,
      surplus_3h_p10: 6_000,
      surplus_3h_p50: 12_000,
      surplus_3h_p90: 24_000,
      surplus_6h_p10: 12_000,
      surplus_6h_p50: 24_000,
      surplus_6h_p90: 48_000,
      price: 0.081235,
      carbon_intensity: null,
      issued_at: '2026-11-22T11:59:00Z',
    }));
  test('before the first outlook tells no forecast', () => {
    const all = said({ outlook: undefined });
    expect([...all.keys()].filter((topic) => topic.includes('forecast'))).toEqual([]);
    expect(all.get('sunward/acme/roof/state')).toMatchObject({ surplus_1h_p50: null, issued_at: null });
  });
  test('has forecasts as evcc reads them, whole slots, none of them over, gaps left out', () => {
    const rates = said({ at: start + SLOT }).get('energy/v1/acme/roof/forecast/surplus_power');
    expect(rates[0]).toEqual({ start: '2026-11-22T12:30:00Z', end: '2026-11-22T12:45:00Z', value: 2_000 });
    const prices = evccRates(outlook, 'price', start);
    expect(prices.slice(0, 2).map(({ value }) => value)).toEqual([0.08, -0.005]);
    expect(evccRates(outlook, 'carbon_intensity', start)[0]?.value).toBe(302);
    for (const [i, { start: from, end }] of prices.entries()) {
      expect(Date.parse(end) - Date.parse(from)).toBe(SLOT);
      expect(from).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      if (i > 0) expect(from).toBe(prices[i - 1]?.end);
    }
  });
  test('is within what a small broker takes, four days ahead', () => {
    const long = { ...outlook, slots: Array.from({ length: (4 * 24 * HOUR) / SLOT }, () => slot(1_234.5678)) };
    for (const { payload } of announcement({ ...news, outlook: long }, { prefix: 'homeassistant', currency: 'EUR' }))
      expect(payload.length).toBeLessThan(60_000);
  });
  test('is no reading to whoever hears it', () => {
    const ear = createTranslator({ mapping: defaultMapping });
    for (const { topic, payload } of announcement(news, { prefix: 'homeassistant', currency: 'EUR' }))
      expect(ear.hear({ topic, payload: new TextEncoder().encode(payload), receivedAt: start })).toEqual({
        observations: [],
        refusals: [],
        replies: [],
        subscribe: [],
      });
  });
});
