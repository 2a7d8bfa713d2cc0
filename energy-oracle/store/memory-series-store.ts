/**
 * Memory series store: the reference of the series store's port, which says what the adapters must do.
 *
 * Keeps everything in maps by key; forgets it all with the process. Good for tests and for worlds in simulation.
 */
import { type Interval, overlap, SLOT } from '../../units/time.ts';
import type { Curve } from '../grid/grid-feed.ts';
import type { Outlook } from '../outlook.ts';
import type { CurveBody } from '../telemetry/curve-message.ts';
import type { Reading } from '../telemetry/reading.ts';
import type { WeatherForecast } from '../weather/weather-feed.ts';
import {
  type Accepted,
  checkBatch,
  type Quarantined,
  type Rollup,
  type SequenceHead,
  type SeriesStore,
  weatherAvailableAt,
} from './series-store.ts';

/** The reference: the same promises, without the disk. */
export function createMemorySeriesStore(): SeriesStore {
  const readings = new Map<string, Accepted<Reading>>();
  const bySeries = new Map<string, Reading[]>(); // by site and stream, as they came
  const curves = new Map<string, Accepted<Curve>>();
  const weather = new Map<string, Accepted<WeatherForecast>>();
  const weatherOf = new Map<string, Accepted<WeatherForecast>[]>(); // by site, as they came
  const quarantined = new Map<string, Quarantined>();
  const rollups = new Map<string, Rollup>();
  const outlooks = new Map<string, Outlook>();
  const heads = new Map<string, SequenceHead>();

  const lead = (head: SequenceHead) => {
    const key = keyOf(head.sender, head.stream);
    if (head.seq > (heads.get(key)?.seq ?? -1)) heads.set(key, head);
  };
  return {
    async commit(batch) {
      checkBatch(batch);
      for (const accepted of batch.readings) {
        const { provider, site, stream, seq, metered, signature } = accepted.value;
        const sender = `${provider}/${site}`;
        const key = keyOf(sender, stream, seq);
        if (readings.has(key)) continue;
        readings.set(key, accepted);
        const series = bySeries.get(keyOf(site, stream)) ?? [];
        bySeries.set(keyOf(site, stream), series);
        series.push(accepted.value);
        lead({ sender, stream, seq, end: metered.end, signature });
      }
      for (const accepted of batch.curves) {
        const { zone, signal, seq, issuedAt, signature } = accepted.value;
        const key = keyOf(zone, signal, seq);
        if (curves.has(key)) continue;
        curves.set(key, accepted);
        lead({ sender: zone, stream: signal, seq, end: issuedAt, signature });
      }
      for (const accepted of batch.weather) {
        const { provider, site, variable, seq, issuedAt, signature } = accepted.value;
        const sender = `${provider}/${site}`;
        const key = keyOf(sender, variable, seq);
        if (weather.has(key)) continue;
        weather.set(key, accepted);
        const forecasts = weatherOf.get(site) ?? [];
        weatherOf.set(site, forecasts);
        forecasts.push(accepted);
        lead({ sender, stream: variable, seq, end: issuedAt, signature });
      }
      for (const message of batch.quarantined) {
        const { topic, payload, receivedAt } = message.evidence;
        const key = keyOf(receivedAt, message.reason, topic, Buffer.from(payload).toString('base64'));
        if (!quarantined.has(key)) quarantined.set(key, message);
      }
    },
    signatureOf: async (sender, stream, seq) => {
      const key = keyOf(sender, stream, seq);
      return (readings.get(key) ?? curves.get(key) ?? weather.get(key))?.value.signature;
    },
    heads: async () => [...heads.values()].sort((a, b) => compare(a.sender, b.sender) || compare(a.stream, b.stream)),
    readings: async (site, stream, interval) =>
      (bySeries.get(keyOf(site, stream)) ?? [])
        .filter(({ metered }) => overlap(metered, interval) > 0)
        .sort((a, b) => a.metered.start - b.metered.start || a.seq - b.seq || compare(a.provider, b.provider)),
    async putRollups(added) {
      for (const rollup of added) rollups.set(keyOf(rollup.site, rollup.stream, rollup.slot), rollup);
    },
    rollups: async (site, stream, interval, asOf) =>
      [...rollups.values()]
        .filter((rollup) => rollup.site === site && rollup.stream === stream && rollup.availableAt <= asOf)
        .filter(({ slot }) => overlap({ start: slot, end: slot + SLOT }, interval) > 0)
        .sort((a, b) => a.slot - b.slot),
    curves: async (zone, signal, interval, asOf) =>
      [...curves.values()]
        .map(({ value }) => value)
        .filter((curve) => curve.zone === zone && curve.signal === signal && curve.issuedAt <= asOf)
        .filter((curve) => overlap(spanOfCurve(curve), interval) > 0)
        .sort((a, b) => a.issuedAt - b.issuedAt || a.seq - b.seq),
    weather: async (site, interval, asOf) =>
      (weatherOf.get(site) ?? [])
        .filter((accepted) => weatherAvailableAt(accepted) <= asOf)
        .map(({ value }) => value)
        .filter((forecast) => overlap(spanOfCurve(forecast), interval) > 0)
        .sort((a, b) => a.issuedAt - b.issuedAt || compare(a.provider, b.provider) || compare(a.variable, b.variable) || a.seq - b.seq),
    async putOutlook(outlook) {
      if (!outlooks.has(outlook.id)) outlooks.set(outlook.id, outlook);
    },
    outlook: async (site, asOf) =>
      [...outlooks.values()]
        .filter((outlook) => outlook.site === site && outlook.issuedAt <= asOf)
        .sort((a, b) => b.issuedAt - a.issuedAt || compare(b.id, a.id))[0],
    outlooks: async (site, { start, end }) =>
      [...outlooks.values()]
        .filter(({ site: own, issuedAt }) => own === site && issuedAt >= start && issuedAt < end)
        .sort((a, b) => a.issuedAt - b.issuedAt || compare(a.id, b.id)),
    async counts() {
      const byReason: Record<string, number> = {};
      for (const { reason } of quarantined.values()) byReason[reason] = (byReason[reason] ?? 0) + 1;
      return { readings: readings.size, curves: curves.size, weather: weather.size, quarantined: byReason };
    },
    quarantine: async (limit, reason) =>
      [...quarantined.values()]
        .filter((message) => reason === undefined || message.reason === reason)
        .reverse() // a stable sort then leaves the newest first among those of one instant
        .sort((a, b) => b.evidence.receivedAt - a.evidence.receivedAt)
        .slice(0, limit),
  };
}

const keyOf = (...parts: readonly (string | number)[]): string => JSON.stringify(parts);

/** By code unit: the order of a database with the C collation, the same on every machine. */
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const spanOfCurve = ({ start, stepMs, values }: CurveBody): Interval => ({ start, end: start + stepMs * values.length });
