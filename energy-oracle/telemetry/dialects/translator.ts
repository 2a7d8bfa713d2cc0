/**
 * Translator: what a meter that knows nothing of us says, in our streams, units and signs. A port.
 *
 * A dialect is data (`dialect.ts`); a translator holds what of it must be remembered between messages: aliases of a
 * session, which phases were heard, when a keepalive is due. It does no I/O: what it wants said, it returns. Nothing is
 * guessed: a message it cannot read is refused by name.
 */
import type { Instant } from '../../../units/time.ts';
import type { Stream } from '../reading.ts';
import type { RawMessage } from '../telemetry-source.ts';

/** One value of one device: power of a moment, a register's stand or a state of charge. */
export interface Observation {
  /** `<dialect>/<device>`: two devices of one site may both tell of a stream. */
  readonly device: string;
  readonly stream: Stream;
  /** In the stream's base unit and sign (W, Wh, %; grid + import, battery + discharge), phases summed. */
  readonly value: number;
  /** When it was so: what the device said, or when the message came. */
  readonly at: Instant;
}

/** A message that the dialect wants published, to its own broker. */
export interface Outgoing {
  readonly topic: string;
  readonly payload: Uint8Array;
}

/** A message of a local broker; `retained` when the broker had kept it, so that nobody knows how old it is. */
export interface LocalMessage extends RawMessage {
  readonly retained?: boolean;
}

export interface Heard {
  readonly observations: readonly Observation[];
  /** What could not be understood, and why; empty for a message that merely says nothing of energy. */
  readonly refusals: readonly string[];
  /** Asked for at once: a Sparkplug rebirth after a gap. */
  readonly replies: readonly Outgoing[];
  /** Topic filters to subscribe to from now on: where a device that made itself known publishes. */
  readonly subscribe: readonly string[];
}

export interface Translator {
  /** MQTT topic filters to subscribe to, on every connect; what was asked for since is among them. */
  readonly filters: readonly string[];
  /** Never throws, whatever the bytes. */
  hear(message: LocalMessage): Heard;
  /** What is due to be said at this instant, Victron's keepalive for one; call it every ten seconds or so. */
  due(now: Instant): readonly Outgoing[];
}
