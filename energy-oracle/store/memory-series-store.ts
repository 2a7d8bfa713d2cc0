/**
 * Memory series store: the reference of the series store's port, which says what the adapters must do.
 *
 * Keeps everything in maps by key and in order by series, so that a question costs what it is about and not what there
 * is; forgets it all with the process. Good for tests and for worlds in simulation.
 */
import { hash } from 'node:crypto';
import { type Instant, type Interval, slotInterval } from '../../units/time.ts';
import type { Curve } from '../grid/grid-feed.ts';
import type { Outlook } from '../outlook.ts';
import { batchStream } from '../telemetry/batch.ts';
import type { CurveBody } from '../telemetry/curve-message.ts';
import { numberedAs, type Reading, type Stream } from '../telemetry/reading.ts';
import type { WeatherForecast } from '../weather/weather-feed.ts';
import { fleetSum, mergeImport, rollUpLong, slotEnergy, spanOfImport, stepEnergies, stepOf } from './energy-steps.ts';
import { type InOrder, inOrder, type Ordered } from './in-order.ts';
import {
  type Accepted,
  type BannedSlot,
  type BatchMark,
  checkBatch,
  type EnergyStep,
  energyStepMs,
  everStored,
  type Quarantined,
  quarantinedBytesMax,
  quarantinedMax,
  type Rollup,
  type Sample,
  type SequenceHead,
  type SeriesStore,
  weatherAvailableAt,
} from './series-store.ts';

/** The reference: the same promises, without the disk. */
export function createMemorySeriesStore(): SeriesStore {
  const readings = new Map<string, Accepted<Reading>>();
  const readingsOf = shelves(byMetered); // by site and stream
  const batches = new Map<string, Accepted<BatchMark>>();
  const banned = new Map<string, BannedSlot>(); // by site and slot
  const streamsOf = new Map<string, { readonly site: string; readonly stream: Stream }>(); // every site and stream that was read
  const curves = new Map<string, Accepted<Curve>>();
  const curvesOf = shelves(byIssue); // by zone and signal
  const weather = new Map<string, Accepted<WeatherForecast>>();
  const weatherOf = shelves(byForecast); // by site
  const quarantined = new Map<string, Quarantined>();
  const passing = new Map<string, { readonly keys: string[]; bytes: number }>(); // by sender and reason, what may give way
  const byReason: Record<string, number> = {};
  const rollupsOf = shelves(bySlot); // by site and stream
  const sitesOf = new Map<Stream, Set<string>>(); // that rollups of a stream are of
  const outlooks = new Map<string, Outlook>();
  const outlooksOf = shelves(byOutlook); // by site
  const heads = new Map<string, SequenceHead>();

  /** Lets the oldest of a message's sender and reason go when there are too many. */
  const makeRoom = (key: string, { sender = '', reason, evidence }: Quarantined) => {
    const shelf = passing.get(keyOf(sender, reason)) ?? { keys: [], bytes: 0 };
    passing.set(keyOf(sender, reason), shelf);
    shelf.keys.push(key);
    shelf.bytes += evidence.payload.length;
    while (shelf.keys.length > quarantinedMax || (shelf.bytes > quarantinedBytesMax && shelf.keys.length > 1)) {
      const oldest = shelf.keys.shift() as string;
      shelf.bytes -= quarantined.get(oldest)?.evidence.payload.length ?? 0;
      quarantined.delete(oldest);
    }
  };
  const lead = (head: SequenceHead) => {
    const key = keyOf(head.sender, head.stream);
    if (head.seq > (heads.get(key)?.seq ?? -1)) heads.set(key, head);
  };
  const keep = (accepted: Accepted<Reading>) => {
    const { provider, site, stream, seq, metered, signature } = accepted.value;
    const sender = `${provider}/${site}`;
    const numbered = numberedAs(accepted.value);
    const key = keyOf(sender, numbered, seq);
    if (readings.has(key)) return;
    readings.set(key, accepted);
    readingsOf(keyOf(site, stream)).put(accepted);
    streamsOf.set(keyOf(site, stream), { site, stream });
    lead({ sender, stream: numbered, seq, end: metered.end, signature });
  };
  const shelve = (rollup: Rollup) => {
    rollupsOf(keyOf(rollup.site, rollup.stream)).put(rollup, true);
    sitesOf.set(rollup.stream, (sitesOf.get(rollup.stream) ?? new Set()).add(rollup.site));
  };
  const received = (site: string, stream: Stream, interval: Interval, asOf: Instant) =>
    readingsOf(keyOf(site, stream))
      .meeting(interval, Number.POSITIVE_INFINITY)
      .filter(({ evidence }) => evidence.receivedAt <= asOf);
  const energy = (site: string, stream: Stream, { start, end }: Interval, step: EnergyStep, asOf: Instant) => {
    const whole = end > start ? { start: stepOf(start, step), end: stepOf(end - 1, step) + energyStepMs[step] } : { start, end };
    const slots = rollupsOf(keyOf(site, stream)).meeting(whole, Number.POSITIVE_INFINITY);
    return stepEnergies(slots.filter(({ availableAt }) => availableAt <= asOf).map(slotEnergy), step);
  };
  return {
    async commit(batch) {
      checkBatch(batch);
      for (const accepted of batch.readings) keep(accepted);
      for (const accepted of batch.batches ?? []) {
        const { provider, site, seq, end, signature } = accepted.value;
        const sender = `${provider}/${site}`;
        const key = keyOf(sender, batchStream, seq);
        if (batches.has(key)) continue;
        batches.set(key, accepted);
        lead({ sender, stream: batchStream, seq, end, signature });
      }
      for (const slot of batch.banned ?? []) banned.set(keyOf(slot.site, slot.slot), slot);
      for (const accepted of batch.curves) {
        const { zone, signal, seq, issuedAt, signature } = accepted.value;
        const key = keyOf(zone, signal, seq);
        if (curves.has(key)) continue;
        curves.set(key, accepted);
        curvesOf(keyOf(zone, signal)).put(accepted.value);
        if (signature !== '') lead({ sender: zone, stream: signal, seq, end: issuedAt, signature });
      }
      for (const accepted of batch.weather) {
        const { provider, site, variable, seq, issuedAt, signature } = accepted.value;
        const sender = `${provider}/${site}`;
        const key = keyOf(sender, variable, seq);
        if (weather.has(key)) continue;
        weather.set(key, accepted);
        weatherOf(site).put(accepted);
        lead({ sender, stream: variable, seq, end: issuedAt, signature });
      }
      for (const message of batch.quarantined) {
        const { topic, payload, receivedAt } = message.evidence;
        const key = keyOf(receivedAt, message.reason, topic, hash('sha256', payload));
        if (quarantined.has(key)) continue;
        quarantined.set(key, message);
        byReason[message.reason] = (byReason[message.reason] ?? 0) + 1;
        if (!message.lasting) makeRoom(key, message);
      }
    },
    signatureOf: async (sender, stream, seq) => {
      const key = keyOf(sender, stream, seq);
      return (readings.get(key) ?? batches.get(key) ?? curves.get(key) ?? weather.get(key))?.value.signature;
    },
    bannedSlots: async () => [...banned.values()].sort((a, b) => compare(a.site, b.site) || a.slot - b.slot),
    heads: async () => [...heads.values()].sort((a, b) => compare(a.sender, b.sender) || compare(a.stream, b.stream)),
    readings: async (site, stream, interval, asOf) => received(site, stream, interval, asOf).map(({ value }) => value),
    samples: async (site, stream, interval, asOf) => received(site, stream, interval, asOf).map(sampleOf),
    async latest(asOf) {
      const named = [...streamsOf.values()].sort((a, b) => compare(a.site, b.site) || compare(a.stream, b.stream));
      return named.flatMap(({ site, stream }) => received(site, stream, ever, asOf).slice(-1).map(sampleOf));
    },
    async importReadings(imported) {
      const { site, stream, availableAt } = imported;
      const stored = received(site, stream, spanOfImport(imported), everStored).map(({ value }) => value);
      const { fresh, whole } = mergeImport(imported, stored);
      const accepted = fresh.map((value) => ({ value, evidence: { topic: '', payload: new Uint8Array(), receivedAt: availableAt } }));
      checkBatch({ readings: accepted, curves: [], weather: [], quarantined: [] });
      for (const each of accepted) keep(each);
      if (fresh.length > 0) for (const rollup of rollUpLong({ site, stream, readings: whole }, availableAt)) shelve(rollup);
      return fresh.length;
    },
    async putRollups(added) {
      for (const rollup of added) shelve(rollup);
    },
    rollups: async (site, stream, interval, asOf) =>
      rollupsOf(keyOf(site, stream))
        .meeting(interval, Number.POSITIVE_INFINITY)
        .filter(({ availableAt }) => availableAt <= asOf),
    energy: async (site, stream, interval, step, asOf) => energy(site, stream, interval, step, asOf),
    async fleetEnergy(stream, interval, step, asOf) {
      const sites = [...(sitesOf.get(stream) ?? [])].sort(compare);
      return fleetSum(sites.map((site) => energy(site, stream, interval, step, asOf)));
    },
    curves: async (zone, signal, interval, asOf) => curvesOf(keyOf(zone, signal)).meeting(interval, asOf),
    weather: async (site, interval, asOf) =>
      weatherOf(site)
        .meeting(interval, asOf)
        .filter((accepted) => weatherAvailableAt(accepted) <= asOf)
        .map(({ value }) => value),
    async putOutlook(outlook) {
      if (outlooks.has(outlook.id)) return;
      outlooks.set(outlook.id, outlook);
      outlooksOf(outlook.site).put(outlook);
    },
    outlook: async (site, asOf) => outlooksOf(site).last(asOf),
    outlooks: async (site, issued) => outlooksOf(site).within(issued),
    async counts() {
      return { readings: readings.size, curves: curves.size, weather: weather.size, quarantined: { ...byReason } };
    },
    quarantine: async (limit, reason) =>
      [...quarantined.values()]
        .filter((message) => reason === undefined || message.reason === reason)
        .reverse() // a stable sort then leaves the newest first among those of one instant
        .sort((a, b) => b.evidence.receivedAt - a.evidence.receivedAt)
        .slice(0, limit),
  };
}

/** One series a name. */
function shelves<Item>(order: Ordered<Item>): (name: string) => InOrder<Item> {
  const series = new Map<string, InOrder<Item>>();
  return (name) => {
    const found = series.get(name) ?? inOrder(order);
    series.set(name, found);
    return found;
  };
}

const keyOf = (...parts: readonly (string | number)[]): string => JSON.stringify(parts);

/** By code unit: the order of a database with the C collation, the same on every machine. */
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const spanOfSteps = ({ start, stepMs, values }: CurveBody): Interval => ({ start, end: start + stepMs * values.length });

const ever: Interval = { start: Number.NEGATIVE_INFINITY, end: Number.POSITIVE_INFINITY };

const sampleOf = ({ value: { site, stream, metered, value }, evidence }: Accepted<Reading>): Sample => ({
  site,
  stream,
  metered,
  value,
  availableAt: evidence.receivedAt,
});

const byMetered: Ordered<Accepted<Reading>> = {
  placeOf: ({ value }) => value.metered.start,
  spanOf: ({ value }) => value.metered,
  compare: ({ value: a }, { value: b }) => a.metered.start - b.metered.start || a.seq - b.seq || compare(a.provider, b.provider),
};
const byIssue: Ordered<Curve> = {
  placeOf: ({ issuedAt }) => issuedAt,
  spanOf: spanOfSteps,
  compare: (a, b) => a.issuedAt - b.issuedAt || a.seq - b.seq,
};
const byForecast: Ordered<Accepted<WeatherForecast>> = {
  placeOf: ({ value }) => value.issuedAt,
  spanOf: ({ value }) => spanOfSteps(value),
  compare: ({ value: a }, { value: b }) =>
    a.issuedAt - b.issuedAt || compare(a.provider, b.provider) || compare(a.variable, b.variable) || a.seq - b.seq,
};
const bySlot: Ordered<Rollup> = {
  placeOf: ({ slot }) => slot,
  spanOf: ({ slot }) => slotInterval(slot),
  compare: (a, b) => a.slot - b.slot,
};
const byOutlook: Ordered<Outlook> = {
  placeOf: ({ issuedAt }) => issuedAt,
  spanOf: ({ start, stepMs, slots }) => ({ start, end: start + stepMs * slots.length }),
  compare: (a, b) => a.issuedAt - b.issuedAt || compare(a.id, b.id),
};
