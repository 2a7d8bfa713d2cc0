/**
 * Honest senders and their messages, for tests and benchmarks: keys from seeds, readings of one minute, nothing random.
 */
import { type Curve, encodeCurve } from '../../../energy-oracle/grid/grid-feed.ts';
import { type SigningKey, type Site, signingKey } from '../../../energy-oracle/site.ts';
import type { IngestBatch, SequenceHead } from '../../../energy-oracle/store/series-store.ts';
import { batchStream, batchTopic, encodeBatch } from '../../../energy-oracle/telemetry/batch.ts';
import {
  encodeReading,
  encodeUnsigned,
  numberedAs,
  type Reading,
  readingTopic,
  unsignedTopic,
} from '../../../energy-oracle/telemetry/reading.ts';
import type { RawMessage } from '../../../energy-oracle/telemetry/telemetry-source.ts';
import { encodeWeather, type WeatherForecast, weatherTopic } from '../../../energy-oracle/weather/weather-feed.ts';
import { type Instant, MINUTE } from '../../../units/time.ts';

export const noon: Instant = Date.UTC(2026, 5, 21, 12);

const keys = new Map<number, SigningKey>();
export function keyOf(number: number): SigningKey {
  const key = keys.get(number) ?? signingKey(new Uint8Array(32).fill(number + 1));
  keys.set(number, key);
  return key;
}

export const siteOf = (number: number): Site => ({
  id: `site-${number}`,
  name: `Site ${number}`,
  provider: `provider-${number % 3}`,
  zone: 'DE',
  latitude: 52,
  longitude: 13,
  accelerators: [{ model: 'A100', count: 8, drawKw: 0.4 }],
  idleKw: 0.05,
  pue: 1.2,
  pv: [{ peakKw: 100, tiltDeg: 30, azimuthDeg: 180 }],
  exportLimitKw: 60,
  feedInTariff: 80,
  meterKey: keyOf(number).publicKey,
  payoutAccount: `0x${'0'.repeat(39)}${number % 10}`,
});

/** The reading of minute `seq` after noon. */
export const readingOf = (number: number, seq: number, change: Partial<Omit<Reading, 'signature'>> = {}): Omit<Reading, 'signature'> => ({
  provider: siteOf(number).provider,
  site: siteOf(number).id,
  stream: 'pv_power',
  metered: { start: noon + seq * MINUTE, end: noon + (seq + 1) * MINUTE },
  value: 50_000 + seq,
  seq,
  quality: 'measured',
  ...change,
});

export const signed = (reading: Omit<Reading, 'signature'>, key: SigningKey): RawMessage => ({
  topic: readingTopic(reading.provider, reading.site, reading.stream),
  payload: encodeReading(reading, key),
  receivedAt: reading.metered.end + 1_000,
});

export const messageOf = (number: number, seq: number, change: Partial<Omit<Reading, 'signature'>> = {}): RawMessage =>
  signed(readingOf(number, seq, change), keyOf(number));

/** As `messageOf`, without a signature, on the site's own topic for that. */
export const unsignedMessage = (number: number, seq: number, change: Partial<Omit<Reading, 'signature'>> = {}): RawMessage => {
  const reading = readingOf(number, seq, change);
  return {
    topic: unsignedTopic(reading.provider, reading.site, reading.stream),
    payload: encodeUnsigned(reading),
    receivedAt: reading.metered.end + 1_000,
  };
};

/** The batch `seq` of a site: its readings `seq * size` to `(seq + 1) * size − 1`, or those given, signed with its key or another. */
export const batchMessage = (
  number: number,
  seq: number,
  {
    size = 3,
    readings = Array.from({ length: size }, (_, i) => readingOf(number, seq * size + i)),
    key = keyOf(number),
  }: { size?: number; readings?: readonly Omit<Reading, 'signature'>[]; key?: SigningKey } = {},
): RawMessage => {
  const { provider, id } = siteOf(number);
  return {
    topic: batchTopic(provider, id),
    payload: encodeBatch({ provider, site: id, seq, readings }, key),
    receivedAt: Math.max(...readings.map(({ metered }) => metered.end)) + 1_000,
  };
};

export const feedKey = keyOf(99);
export const curveOf = (seq: number, change: Partial<Omit<Curve, 'signature'>> = {}): Omit<Curve, 'signature'> => ({
  zone: 'DE-LU',
  signal: 'day_ahead_price',
  issuedAt: noon + seq * MINUTE,
  start: noon + 12 * 60 * MINUTE,
  stepMs: 15 * MINUTE,
  values: [80.5, -3, undefined, 0],
  unit: 'EUR/MWh',
  seq,
  ...change,
});
export const curveMessage = (curve: Omit<Curve, 'signature'>): RawMessage => ({
  topic: `grid/v1/${curve.zone}/${curve.signal}`,
  payload: encodeCurve(curve, feedKey),
  receivedAt: curve.issuedAt + 1_000,
});

/** The forecast of issue `seq`, an hour after another: cover of the four hours from noon on. */
export const weatherOf = (
  number: number,
  seq: number,
  change: Partial<Omit<WeatherForecast, 'signature'>> = {},
): Omit<WeatherForecast, 'signature'> => ({
  provider: siteOf(number).provider,
  site: siteOf(number).id,
  variable: 'cloud_cover',
  issuedAt: noon + (seq - 1) * 60 * MINUTE,
  start: noon,
  stepMs: 60 * MINUTE,
  values: [0.25, 0.5, undefined, 1],
  unit: '1',
  seq,
  ...change,
});
export const weatherMessage = (forecast: Omit<WeatherForecast, 'signature'>, key: SigningKey): RawMessage => ({
  topic: weatherTopic(forecast.provider, forecast.site, forecast.variable),
  payload: encodeWeather(forecast, key),
  receivedAt: forecast.issuedAt + 1_000,
});

/** What ingest needs of a store, in memory, with a switch to make it fail. */
export function createIngestStore() {
  const batches: IngestBatch[] = [];
  let faults = 0;
  const stored = () => batches.flatMap(({ readings }) => readings.map(({ value }) => value));
  return {
    batches,
    stored,
    failNext: (count: number) => {
      faults = count;
    },
    commit: async (batch: IngestBatch) => {
      await Promise.resolve();
      if (faults-- > 0) throw new Error('the disk is full');
      batches.push(batch);
    },
    signatureOf: async (sender: string, stream: string, seq: number) =>
      [
        ...stored().map((each) => ({ ...each, stream: numberedAs(each) })),
        ...batches.flatMap((batch) => (batch.batches ?? []).map(({ value }) => ({ ...value, stream: batchStream }))),
      ].find((each) => `${each.provider}/${each.site}` === sender && each.stream === stream && each.seq === seq)?.signature,
    bannedSlots: async () => batches.flatMap(({ banned }) => banned ?? []),
    readings: async (site: string, stream: string, { start, end }: { start: Instant; end: Instant }) =>
      stored().filter((each) => each.site === site && each.stream === stream && each.metered.start < end && each.metered.end > start),
    heads: async (): Promise<SequenceHead[]> => {
      const heads = new Map<string, SequenceHead>();
      const lead = (head: SequenceHead) => {
        const key = `${head.sender}/${head.stream}`;
        if ((heads.get(key)?.seq ?? -1) < head.seq) heads.set(key, head);
      };
      for (const reading of stored()) {
        const { provider, site, seq, metered, signature } = reading;
        lead({ sender: `${provider}/${site}`, stream: numberedAs(reading), seq, end: metered.end, signature });
      }
      for (const { value } of batches.flatMap((batch) => batch.batches ?? []))
        lead({
          sender: `${value.provider}/${value.site}`,
          stream: batchStream,
          seq: value.seq,
          end: value.end,
          signature: value.signature,
        });
      return [...heads.values()];
    },
  };
}
