/**
 * Meter: the site's own witness. Reads the plant for an interval, signs, and tells the oracle until it has a receipt.
 *
 * Owns which streams a demo site meters. Numbering, spooling and resending are the sender's; the truth is the plant's.
 */
import type { SigningKey, Site } from '../../energy-oracle/site.ts';
import { encodeReading, readingTopic, type Stream } from '../../energy-oracle/telemetry/reading.ts';
import type { Sender } from '../../energy-oracle/telemetry/sender.ts';
import type { Kilowatts } from '../../units/quantity.ts';
import type { Interval } from '../../units/time.ts';

export interface Plant {
  /** Average power over the interval, kW ≥ 0. */
  pvKw(interval: Interval): Kilowatts;
  loadKw(interval: Interval): Kilowatts;
}

export interface Meter {
  open(): Promise<void>;
  /** Tells of one interval; resolves when the oracle's receipts for it have come. Told before, it tells nothing. */
  tell(interval: Interval): Promise<void>;
  close(): Promise<void>;
}

export function createMeter({
  site,
  key,
  plant,
  sender,
}: {
  readonly site: Site;
  readonly key: SigningKey;
  readonly plant: Plant;
  readonly sender: Sender;
}): Meter {
  const draft = (stream: Stream, powerKw: Kilowatts, metered: Interval) => ({
    stream,
    topic: readingTopic(site.provider, site.id, stream),
    end: metered.end,
    encode: (seq: number) =>
      encodeReading(
        { provider: site.provider, site: site.id, stream, metered, value: Math.round(powerKw * 1_000), seq, quality: 'measured' },
        key,
      ),
  });
  return {
    open: () => sender.open(),
    tell: (interval) =>
      sender.send([draft('pv_power', plant.pvKw(interval), interval), draft('load_power', plant.loadKw(interval), interval)]),
    close: () => sender.close(),
  };
}
