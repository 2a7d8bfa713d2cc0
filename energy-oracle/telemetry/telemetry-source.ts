/**
 * Telemetry source: where signed messages come in and receipts go out, as a port.
 *
 * One shape serves meters (`energy/v1/<provider>/<site>/<stream>`) and grid feeds (`grid/v1/<zone>/<signal>`).
 * Delivery may repeat and reorder. No delivery means "stored": a sender keeps what it sent until a receipt names it.
 * `TelemetryUplink` is the sender's end of the same line.
 */
import type { Instant } from '../../units/time.ts';

/** A message as it arrived; kept whole as evidence. */
export interface RawMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly receivedAt: Instant;
}

/** Says what became of messages: `committed` is stored for good, `refused` is in quarantine for good. */
export interface Receipt {
  /** `<provider>/<site>` of a meter, `<zone>` of a feed. */
  readonly sender: string;
  readonly committed: readonly { readonly stream: string; readonly seq: number }[];
  readonly refused: readonly { readonly stream: string; readonly seq: number; readonly reason: string }[];
}

/** The oracle's end. */
export interface TelemetrySource {
  /** Starts delivering; resolves once subscribed. `onMessage` must not throw. */
  open(onMessage: (message: RawMessage) => void): Promise<void>;
  /** Publishes a receipt to its sender; resolves when the broker has it. */
  acknowledge(receipt: Receipt): Promise<void>;
  close(): Promise<void>;
}

/** The sender's end: a meter or a feed. */
export interface TelemetryUplink {
  open(sender: string, onReceipt: (receipt: Receipt) => void): Promise<void>;
  /** Resolves when the broker has it, which is not yet a receipt. */
  send(topic: string, payload: Uint8Array): Promise<void>;
  close(): Promise<void>;
}
