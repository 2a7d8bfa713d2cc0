/**
 * A small oracle whose every number is known, behind the served APIs on a real port.
 *
 * Measured: DE tells 200 + 10 × hour of the day, g/kWh, an hour at a time, five minutes late; GB by the half hour 100 + half
 * hour of the day, average, and twice that marginal, with its load and generation. Forecast: outlooks every hour, whose P50 is 300 + the slot's
 * number for DE and 150 + it for GB.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type RequestHandler } from 'express';
import type { Curve, Signal } from '../../../energy-oracle/grid/grid-feed.ts';
import type { Outlook, Quantiles } from '../../../energy-oracle/outlook.ts';
import { servedApis } from '../../../energy-oracle/served/api.ts';
import type { Authenticate } from '../../../energy-oracle/served/route.ts';
import { createServed, type Served, type ServedConfig } from '../../../energy-oracle/served/served-apis.ts';
import type { Site } from '../../../energy-oracle/site.ts';
import { createMemorySeriesStore } from '../../../energy-oracle/store/memory-series-store.ts';
import type { SeriesStore } from '../../../energy-oracle/store/series-store.ts';
import { type Clock, manualClock } from '../../../units/clock.ts';
import { gramsPerKilowattHour, kilowatts, pricePerMegawattHour } from '../../../units/quantity.ts';
import { DAY, type DurationMs, HOUR, type Instant, MINUTE, SLOT, toIso } from '../../../units/time.ts';

export const now: Instant = Date.UTC(2026, 5, 21, 12, 20);
const midnight: Instant = Date.UTC(2026, 5, 21);

const site = (id: string, zone: string, latitude: number, longitude: number): Site => ({
  id,
  name: id,
  provider: 'sunny',
  zone,
  latitude,
  longitude,
  accelerators: [],
  idleKw: kilowatts(0),
  pue: 1,
  pv: [],
  exportLimitKw: kilowatts(100),
  feedInTariff: pricePerMegawattHour(82),
  meterKey: '',
  payoutAccount: '',
});

export const berlin = site('berlin', 'DE', 52.52, 13.4);
export const london = site('london', 'GB', 51.5, -0.12);
export const sites: readonly Site[] = [berlin, london];

const flat = <Q extends number>(value: Q): Quantiles<Q> => ({ p10: value, p50: value, p90: value });

/** 96 hours of slots; DE's 300 + i. */
const outlook = ({ id, zone }: Site, issuedAt: Instant): Outlook => ({
  id: `${id}@${toIso(issuedAt)}`,
  site: id,
  issuedAt,
  model: 'test-1',
  start: Math.floor(issuedAt / SLOT) * SLOT,
  stepMs: SLOT,
  slots: Array.from({ length: 384 }, (_, i) => ({
    surplusKw: i === 3 ? undefined : flat(kilowatts(2.5)),
    importPrice: flat(pricePerMegawattHour(123.4)),
    carbonIntensity: flat(gramsPerKilowattHour((zone === 'DE' ? 300 : 150) + i)),
    marginalIntensity: zone === 'GB' ? flat(gramsPerKilowattHour(400 + i)) : undefined,
  })),
});

async function tell(
  store: SeriesStore,
  zone: string,
  signal: Signal,
  stepMs: DurationMs,
  days: number,
  value: (start: Instant) => number,
): Promise<void> {
  const curves: Curve[] = [];
  for (let start = midnight - days * DAY, seq = 0; start + stepMs + 5 * MINUTE <= now; start += stepMs, seq++) {
    const unit = signal.startsWith('carbon') ? 'gCO2eq/kWh' : 'MW';
    curves.push({ zone, signal, issuedAt: start + stepMs + 5 * MINUTE, start, stepMs, values: [value(start)], unit, seq, signature: '' });
  }
  const evidence = { topic: '', payload: new Uint8Array(), receivedAt: now };
  await store.commit({ readings: [], curves: curves.map((one) => ({ value: one, evidence })), weather: [], quarantined: [] });
}

const hourOf = (start: Instant) => Math.floor((start % DAY) / HOUR);
const halfHourOf = (start: Instant) => Math.floor((start % DAY) / (HOUR / 2));

export async function knownStore(): Promise<SeriesStore> {
  const store = createMemorySeriesStore();
  await tell(store, 'DE', 'carbon_intensity', HOUR, 5, (start) => 200 + 10 * hourOf(start));
  await tell(store, 'GB', 'carbon_intensity', HOUR / 2, 2, (start) => 100 + halfHourOf(start));
  await tell(store, 'GB', 'carbon_intensity_marginal', HOUR / 2, 2, (start) => 2 * (100 + halfHourOf(start)));
  await tell(store, 'GB', 'grid_load', HOUR / 2, 2, () => 30_000);
  await tell(store, 'GB', 'generation_wind', HOUR / 2, 2, () => 12_000);
  await tell(store, 'GB', 'generation_nuclear', HOUR / 2, 2, () => 4_000);
  await tell(store, 'GB', 'generation_gas', HOUR / 2, 2, () => 8_000);
  for (let issuedAt = midnight - DAY; issuedAt <= now; issuedAt += HOUR)
    for (const one of sites) await store.putOutlook(outlook(one, issuedAt));
  return store;
}

export interface ServedWorld {
  readonly url: string;
  readonly served: Served;
  readonly store: SeriesStore;
  readonly clock: Clock & { set(instant: Instant): void };
  close(): Promise<void>;
}

export interface WorldOptions {
  readonly store?: SeriesStore;
  readonly sites?: readonly Site[];
  readonly authenticate?: Authenticate;
  readonly config?: ServedConfig;
  /** Stands before the routes. */
  readonly before?: (served: Served) => readonly RequestHandler[];
  /** Stands behind them. */
  readonly after?: (app: express.Express) => void;
}

export async function startServedWorld(options: WorldOptions = {}): Promise<ServedWorld> {
  const clock = manualClock(now);
  const store = options.store ?? (await knownStore());
  let drawn = 0;
  const randomHex = (bytes: number) => String(++drawn).padStart(2 * bytes, '0');
  const { authenticate, config } = options;
  const served = createServed({ clock, sites: options.sites ?? sites, store, randomHex, authenticate, config });
  const app = express();
  for (const handler of options.before?.(served) ?? []) app.use(handler);
  app.use(servedApis({ clock, apis: served.apis, authenticate, keyBehind: served.sessions.keyBehind }));
  options.after?.(app);
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, served, store, clock, close: () => closed(server) };
}

const closed = (server: Server): Promise<void> => {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
};

/** Status, headers and body of a GET. */
export async function get(url: string, headers: Record<string, string> = {}): Promise<{ status: number; headers: Headers; body: unknown }> {
  return read(await fetch(url, { headers }));
}

export async function post(url: string, body: unknown): Promise<{ status: number; headers: Headers; body: unknown }> {
  return read(await fetch(url, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }));
}

async function read(response: Response): Promise<{ status: number; headers: Headers; body: unknown }> {
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') ?? false;
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
}
