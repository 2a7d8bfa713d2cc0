/**
 * Feed: a zone's market and grid operator. Publishes what becomes known, when it becomes known, signed.
 *
 * The trace holds the future; only the curves issued in the interval asked for leave this file.
 */
import { type Curve, curveTopic, encodeCurve, type Signal } from '../../energy-oracle/grid/grid-feed.ts';
import type { SigningKey } from '../../energy-oracle/site.ts';
import type { Draft, Sender } from '../../energy-oracle/telemetry/sender.ts';
import type { Interval } from '../../units/time.ts';
import { carbonIssuedIn, type GridTrace, type IssuedCurve, marginalIssuedIn, pricesIssuedIn } from '../traces/grid-trace.ts';

export interface Feed {
  open(): Promise<void>;
  /** Publishes everything that became known in the interval; resolves when the oracle's receipts have come. */
  tell(issued: Interval): Promise<void>;
  close(): Promise<void>;
}

export function createFeed({ trace, key, sender }: { readonly trace: GridTrace; readonly key: SigningKey; readonly sender: Sender }): Feed {
  const draft = (signal: Signal, unit: string, { issuedAt, start, stepMs, values }: IssuedCurve): Draft => ({
    stream: signal,
    topic: curveTopic(trace.zone, signal),
    end: issuedAt,
    encode: (seq) =>
      encodeCurve({ zone: trace.zone, signal, issuedAt, start, stepMs, values, unit, seq } satisfies Omit<Curve, 'signature'>, key),
  });
  return {
    open: () => sender.open(),
    tell: (issued) =>
      sender.send([
        ...pricesIssuedIn(trace, issued).map((curve) => draft('day_ahead_price', `${trace.priceCurrency}/MWh`, curve)),
        ...carbonIssuedIn(trace, issued).map((curve) => draft('carbon_intensity', 'gCO2eq/kWh', curve)),
        ...marginalIssuedIn(trace, issued).map((curve) => draft('carbon_intensity_marginal', 'gCO2eq/kWh', curve)),
      ]),
    close: () => sender.close(),
  };
}
