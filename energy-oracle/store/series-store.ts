/**
 * Series store: everything the oracle was told and what it made of it, as a port.
 *
 * Owns readings, curves, weather forecasts, quarantine, 15-minute rollups and issued outlooks. Writing is idempotent by key and durable
 * when the promise resolves. Every question about what was measured says `asOf`: a value counts only from the instant it was available.
 * What the books rest on (`readings`, `rollups`) and what people chart (`latest`, `samples`, `energy`) are asked for apart, because an
 * adapter may answer the second from another engine.
 */
import { DAY, HOUR, type Instant, type Interval, SLOT } from '../../units/time.ts';
import type { Curve, Signal } from '../grid/grid-feed.ts';
import type { Outlook } from '../outlook.ts';
import { meteredMsMax, type Reading, type Stream } from '../telemetry/reading.ts';
import type { RawMessage } from '../telemetry/telemetry-source.ts';
import type { WeatherForecast } from '../weather/weather-feed.ts';

/** A reading, curve or forecast that passed, with the message it came in as evidence. */
export interface Accepted<T> {
  readonly value: T;
  readonly evidence: RawMessage;
}

/** A message that did not pass: why, and the whole message. Counted for ever; kept as long as there is room for it. */
export interface Quarantined {
  readonly evidence: RawMessage;
  readonly reason: string;
  readonly detail: string;
  /** The enrolled sender that the topic names; absent: none. */
  readonly sender?: string | undefined;
  /** It is the evidence of a ban, and kept for ever. */
  readonly lasting?: boolean;
}

/**
 * So many messages in quarantine, and so many bytes of their payloads, are kept of one sender and reason, beside those that
 * last; the oldest give way, and stay in the counts.
 */
export const quarantinedMax = 200;
export const quarantinedBytesMax = 256 * 1_024;

/** A batch of readings that was opened: its number, signature and the end of what it tells of. */
export interface BatchMark {
  readonly provider: string;
  readonly site: string;
  readonly seq: number;
  /** Its members' are `<signature>.<index>`. */
  readonly signature: string;
  readonly end: Instant;
}

/** One commit: all or nothing. */
export interface IngestBatch {
  readonly readings: readonly Accepted<Reading>[];
  readonly curves: readonly Accepted<Curve>[];
  readonly weather: readonly Accepted<WeatherForecast>[];
  readonly quarantined: readonly Quarantined[];
  /** Batches that the readings came in; the message of a batch is kept once, however many members it has. */
  readonly batches?: readonly Accepted<BatchMark>[];
  /** Slots that are banned from now on. */
  readonly banned?: readonly BannedSlot[];
}

/** A slot for which a site signed two different things; nothing of it may be certified. */
export interface BannedSlot {
  readonly site: string;
  readonly slot: Instant;
}

/** @throws RangeError for what verification should not have let pass: no length, longer than `meteredMsMax`, no whole number */
export function checkBatch({ readings, curves, weather, batches = [] }: IngestBatch): void {
  for (const { value } of readings) {
    const length = value.metered.end - value.metered.start;
    if (!(length > 0 && length <= meteredMsMax))
      throw new RangeError(
        `a metered interval lasts (0, ${meteredMsMax}] ms, found ${length} in ${value.site}/${value.stream}#${value.seq}`,
      );
  }
  for (const { value } of [...readings, ...curves, ...weather, ...batches])
    if (!Number.isSafeInteger(value.seq) || value.seq < 0)
      throw new RangeError(`a sequence number is a whole number ≥ 0, found ${value.seq}`);
}

/** Energy of one stream in one slot, conserved from its readings. */
export interface Rollup {
  readonly site: string;
  readonly stream: Stream;
  readonly slot: Instant;
  /** Wh, may be fractional: rounding down happens once, at certification. */
  readonly energyWh: number;
  /** Share of the slot that readings cover, ms; equals the slot when nothing is missing. */
  readonly coveredMs: number;
  /** Share of the slot that signed readings cover, ms ≤ `coveredMs`: only what is signed can be certified. */
  readonly signedMs: number;
  readonly availableAt: Instant;
}

/** The newest sequence number stored for a sender's stream: what a restarted verifier starts from. Curves that nobody signed raise none. */
export interface SequenceHead {
  /** `<provider>/<site>` or `<zone>`. */
  readonly sender: string;
  readonly stream: string;
  readonly seq: number;
  /** End of the metered interval (or `issuedAt` of the curve or forecast). */
  readonly end: Instant;
  readonly signature: string;
}

/** Steps that energy is summed over, ms of UTC. */
export const energyStepMs = { slot: SLOT, hour: HOUR, day: DAY } as const;
export type EnergyStep = keyof typeof energyStepMs;

/** Energy of one stream over one step, of one site or of all: the sum of its slots, in order. */
export interface StepEnergy extends Pick<Rollup, 'energyWh' | 'coveredMs' | 'signedMs' | 'availableAt'> {
  readonly start: Instant;
}

/** A reading as people chart it: without what proves it. */
export interface Sample extends Pick<Reading, 'site' | 'stream' | 'metered' | 'value'> {
  /** When it was received. */
  readonly availableAt: Instant;
}

/** Readings of before Sunward was there, of one site and stream: unsigned, without messages, they earn nothing. */
export interface ImportedReadings extends Pick<Reading, 'site' | 'stream'> {
  /** Without overlap, by start. */
  readonly samples: readonly Pick<Reading, 'metered' | 'value'>[];
  /** When they became known here. */
  readonly availableAt: Instant;
}

/** Sender's name of what was imported; its numbers are the starts of metering, ms. */
export const importProvider = 'import';

/** `asOf` of a question about all that is stored. */
export const everStored: Instant = Number.MAX_SAFE_INTEGER;

/** When a forecast could be known here: a model's run is old when it arrives, and a late message was not there before. */
export const weatherAvailableAt = ({ value, evidence }: Accepted<WeatherForecast>): Instant =>
  Math.max(value.issuedAt, evidence.receivedAt);

export interface SeriesStore {
  /**
   * Keys are (sender, stream, seq) for readings, batches (stream `batch`), curves and forecasts, and (receivedAt, reason, topic,
   * payload) in quarantine; the first message of a key stands, a repeat changes nothing. Unsigned readings have keys of their own.
   */
  commit(batch: IngestBatch): Promise<void>;
  /**
   * Signature of the stored message with this number, to tell a repeat from an equivocation; `undefined` if none. Batches are
   * numbered under `batch`, unsigned readings under `unsigned/<stream>`.
   */
  signatureOf(sender: string, stream: string, seq: number): Promise<string | undefined>;
  /** By sender, then stream. */
  heads(): Promise<readonly SequenceHead[]>;
  /** Every banned slot, by site, then slot. */
  bannedSlots(): Promise<readonly BannedSlot[]>;
  /** Readings received by `asOf` whose metered interval meets the interval, by start, then seq. */
  readings(site: string, stream: Stream, interval: Interval, asOf: Instant): Promise<readonly Reading[]>;
  /** The same as samples. */
  samples(site: string, stream: Stream, interval: Interval, asOf: Instant): Promise<readonly Sample[]>;
  /** The sample of every site and stream that starts last among those received by `asOf`; by site, then stream. */
  latest(asOf: Instant): Promise<readonly Sample[]>;
  /**
   * Takes readings of the past in bulk and rolls them up; one that meets a stored reading of its stream is left out, so
   * that an import may be repeated. All of it or nothing. @returns how many were new
   */
  importReadings(imported: ImportedReadings): Promise<number>;
  /** Writes rollups; the same (site, stream, slot) again replaces it. Sums over hours and days follow in the same commit. */
  putRollups(rollups: readonly Rollup[]): Promise<void>;
  rollups(site: string, stream: Stream, interval: Interval, asOf: Instant): Promise<readonly Rollup[]>;
  /**
   * Energy per step that meets the interval, in order; steps are those of UTC. A step counts the slots that were
   * available at `asOf`; one without any is left out.
   */
  energy(site: string, stream: Stream, interval: Interval, step: EnergyStep, asOf: Instant): Promise<readonly StepEnergy[]>;
  /** The same over all sites: energy, `coveredMs` and `signedMs` are sums over the sites. */
  fleetEnergy(stream: Stream, interval: Interval, step: EnergyStep, asOf: Instant): Promise<readonly StepEnergy[]>;
  /** Curves of a zone's signal that meet the interval and were issued at or before `asOf`, oldest issue first. */
  curves(zone: string, signal: Signal, interval: Interval, asOf: Instant): Promise<readonly Curve[]>;
  /**
   * Every forecast of every variable of a site that meets the interval and was available at `asOf`, oldest issue first, so
   * that of two for one step the last given is the newest.
   */
  weather(site: string, interval: Interval, asOf: Instant): Promise<readonly WeatherForecast[]>;
  /** The same id again changes nothing: what was believed is never rewritten. */
  putOutlook(outlook: Outlook): Promise<void>;
  /** The newest outlook issued at or before `asOf`. */
  outlook(site: string, asOf: Instant): Promise<Outlook | undefined>;
  /** Every outlook of a site issued within the interval, oldest first. */
  outlooks(site: string, issued: Interval): Promise<readonly Outlook[]>;
  /** Totals for the books: accepted readings, curves and forecasts apart, and quarantined messages by reason. */
  counts(): Promise<{
    readonly readings: number;
    readonly curves: number;
    readonly weather: number;
    readonly quarantined: Readonly<Record<string, number>>;
  }>;
  /** The newest quarantined messages, newest first; of one reason, when it is given. */
  quarantine(limit: number, reason?: string): Promise<readonly Quarantined[]>;
}
