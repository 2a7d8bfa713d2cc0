/**
 * Gateway event: what a gateway says of itself, once and again when it changes. How it is written is the shell's.
 */
import type { DurationMs, Instant, Interval } from '../../units/time.ts';
import type { Stream } from '../telemetry/reading.ts';

export type GatewayEvent =
  /** Durable in the spool, under these numbers of their streams. */
  | {
      readonly kind: 'told';
      readonly metered: Interval;
      readonly values: Readonly<Partial<Record<Stream, number>>>;
      readonly pending: number;
    }
  | { readonly kind: 'gap'; readonly stream: Stream; readonly metered: Interval; readonly missing: readonly string[] }
  | { readonly kind: 'gap-over'; readonly stream: Stream; readonly metered: Interval }
  | { readonly kind: 'spool-refuses'; readonly why: string; readonly reason: 'full' | 'failed' }
  /** Readings of intervals in `lost` were dropped while the spool refused them. */
  | { readonly kind: 'spool-takes'; readonly droppedReadings: number; readonly lost: Interval }
  | { readonly kind: 'clock-jumped'; readonly jumpMs: DurationMs }
  /** Nothing is told until the clock passes what was told before. */
  | { readonly kind: 'clock-behind'; readonly until: Instant; readonly behindMs: DurationMs }
  | { readonly kind: 'clock-unset'; readonly now: Instant }
  | { readonly kind: 'clock-right'; readonly now: Instant }
  /** The oracle refused readings of its future; `aheadMs` is `undefined` when it did not say what time it has. */
  | { readonly kind: 'clock-ahead'; readonly aheadMs: DurationMs | undefined }
  | { readonly kind: 'refused'; readonly stream: string; readonly seq: number; readonly reason: string }
  | { readonly kind: 'not-understood'; readonly why: string }
  /** Heard, and not in the configuration. */
  | { readonly kind: 'not-used'; readonly device: string; readonly stream: Stream };

/** What a gateway knows of itself at this moment. */
export interface GatewayState {
  readonly toldReadings: number;
  readonly droppedReadings: number;
  readonly spoolFault: string | undefined;
  readonly committed: number;
  readonly refusals: Readonly<Record<string, number>>;
  readonly notUnderstood: number;
  readonly gaps: readonly Stream[];
  readonly lastReceiptAt: Instant | undefined;
  readonly clock: 'right' | 'behind' | 'unset' | 'ahead';
  /** This clock minus the oracle's at the last receipt that told its time, ms, the way of the receipt included. */
  readonly aheadMs: DurationMs | undefined;
}
