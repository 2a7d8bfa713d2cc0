/**
 * Telemetry source: where signed messages come in and receipts go out, as a port with its in-memory reference.
 *
 * One shape serves meters (`energy/v1/<provider>/<site>/<stream>`), grid feeds (`grid/v1/<zone>/<signal>`) and weather
 * forecasts (`weather/v1/<provider>/<site>/<variable>`).
 * Delivery may repeat and reorder. No delivery means "stored": a sender keeps what it sent until a receipt names it.
 * `TelemetryUplink` is the sender's end of the same line.
 */
import type { Clock } from '../../units/clock.ts';
import type { Instant } from '../../units/time.ts';

/** A message as it arrived; kept whole as evidence. */
export interface RawMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly receivedAt: Instant;
}

/** Says what became of messages: `committed` is stored for good, `refused` is in quarantine for good. */
export interface Receipt {
  /** `<provider>/<site>` of a meter or a forecast, `<zone>` of a feed. */
  readonly sender: string;
  readonly committed: readonly { readonly stream: string; readonly seq: number }[];
  readonly refused: readonly { readonly stream: string; readonly seq: number; readonly reason: string }[];
  /** What the oracle's clock said when it answered, where the line tells it. */
  readonly at?: Instant | undefined;
}

/** The oracle's end. */
export interface TelemetrySource {
  /** Starts delivering; resolves once subscribed. `onMessage` must not throw. */
  open(onMessage: (message: RawMessage) => void): Promise<void>;
  /** Publishes a receipt to its sender; resolves when the broker has it. @throws LineFault when the broker is away. */
  acknowledge(receipt: Receipt): Promise<void>;
  close(): Promise<void>;
}

/** The sender's end: a meter or a feed. */
export interface TelemetryUplink {
  open(sender: string, onReceipt: (receipt: Receipt) => void): Promise<void>;
  /** Resolves when the broker has it, which is not yet a receipt. May take as long as the broker is away. */
  send(topic: string, payload: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** The line between sender and oracle does not work now. Nothing is lost: the sender's spool still has it. */
export class LineFault extends Error {
  readonly line: string;
  constructor(line: string, what: string, cause?: unknown) {
    super(`${line}: ${what}`, { cause });
    this.name = 'LineFault';
    this.line = line;
  }
}

/** The reference: a line in memory, delivering in order and a microtask later. What is sent while no source is open is gone. */
export function createMemoryLine({ clock }: { clock: Clock }): { readonly source: TelemetrySource; uplink(): TelemetryUplink } {
  let deliver: ((message: RawMessage) => void) | undefined;
  const senders = new Map<string, (receipt: Receipt) => void>();
  const source: TelemetrySource = {
    open: async (onMessage) => {
      deliver = onMessage;
    },
    acknowledge: async (receipt) => queueMicrotask(() => senders.get(receipt.sender)?.(receipt)),
    close: async () => {
      deliver = undefined;
    },
  };
  const uplink = (): TelemetryUplink => {
    let name: string | undefined;
    return {
      open: async (sender, onReceipt) => {
        name = sender;
        senders.set(sender, onReceipt);
      },
      send: async (topic, payload) => {
        if (name === undefined) throw new LineFault('memory', 'the uplink is not open');
        queueMicrotask(() => deliver?.({ topic, payload: payload.slice(), receivedAt: clock.now() }));
      },
      close: async () => {
        if (name !== undefined) senders.delete(name);
        name = undefined;
      },
    };
  };
  return { source, uplink };
}
