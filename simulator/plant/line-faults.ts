/**
 * Line faults: a site's lines to the world when they are away, or when somebody else speaks on them.
 *
 * Wraps the ends that a site holds (telemetry uplink, sender, agent link). A line that is away loses what is sent and
 * delivers nothing; the sender's spool and the agent's journal keep it. What a stranger sends comes before the honest
 * message on the same line, so whoever waits for the honest receipt has waited for the stranger's fate too.
 */
import type { SigningKey } from '../../energy-oracle/site.ts';
import { decodeReading, encodeReading } from '../../energy-oracle/telemetry/reading.ts';
import type { Sender } from '../../energy-oracle/telemetry/sender.ts';
import { LineFault, type TelemetryUplink } from '../../energy-oracle/telemetry/telemetry-source.ts';
import { type AgentLink, DispatchFault } from '../../scheduler/dispatch/dispatch-link.ts';
import { noiseAt } from '../kernel/random.ts';

/** Messages that faults made of one site's line: what the oracle must account for. */
export interface Injected {
  /** Honest ones that had to wait in the spool while the line was away. */
  held: number;
  replayed: number;
  forged: number;
}

/** Who speaks on the line beside its owner, now; 0 for nobody. */
export interface Stranger {
  /** Old messages sent again before each new one. */
  copies(): number;
  /** What a forger multiplies values by. */
  factor(): number;
  readonly key: SigningKey;
  readonly seed: number;
}

/** Honest messages that a replayer has overheard. */
const overheardMax = 2_000;

/** Opens its inner end once; while the line is away every send is a LineFault. */
export function severableUplink(uplink: TelemetryUplink, isCut: () => boolean): TelemetryUplink {
  let opened: Promise<void> | undefined;
  return {
    open: (sender, onReceipt) => {
      opened ??= uplink.open(sender, onReceipt);
      return opened;
    },
    send: async (topic, payload) => {
      if (isCut()) throw new LineFault(topic, 'the line is away');
      await uplink.send(topic, payload);
    },
    close: () => uplink.close(),
  };
}

/** An uplink on which a stranger may forge and replay. */
export function overheardUplink(uplink: TelemetryUplink, { copies, factor, key, seed }: Stranger, injected: Injected): TelemetryUplink {
  const overheard: { readonly topic: string; readonly payload: Uint8Array }[] = [];
  return {
    ...uplink,
    send: async (topic, payload) => {
      const sent: Promise<void>[] = [];
      for (let copy = copies(); copy > 0 && overheard.length > 0; copy--) {
        const old = overheard[Math.floor(noiseAt(seed, `replay/${topic}`, injected.replayed++) * overheard.length)];
        if (old) sent.push(uplink.send(old.topic, old.payload));
      }
      const forged = factor() > 0 ? forgedFrom(topic, payload, factor(), key) : undefined;
      if (forged) {
        injected.forged += 1;
        sent.push(uplink.send(topic, forged));
      }
      overheard.push({ topic, payload });
      if (overheard.length > overheardMax) overheard.shift();
      sent.push(uplink.send(topic, payload));
      await Promise.all(sent);
    },
  };
}

/** The same reading with another value, signed by a stranger; `undefined` for what is no reading. */
function forgedFrom(topic: string, payload: Uint8Array, factor: number, key: SigningKey): Uint8Array | undefined {
  const decoded = decodeReading(topic, payload);
  if (decoded.kind !== 'reading') return undefined;
  return encodeReading({ ...decoded.reading, value: Math.round(decoded.reading.value * factor) }, key);
}

/** While the line is away it is enough that drafts are durable: nobody waits for receipts that cannot come. */
export const patientSender = (sender: Sender, isCut: () => boolean, injected: Injected): Sender => ({
  ...sender,
  send: async (drafts) => {
    if (!isCut()) return sender.send(drafts);
    injected.held += drafts.length;
    await sender.spool(drafts);
  },
  flush: async () => {
    if (!isCut()) await sender.flush();
  },
});

/** While it is cut neither leases nor reports pass. */
export const severableLink = (link: AgentLink, isCut: () => boolean): AgentLink => ({
  open: (site, { onLease, onStop }) =>
    link.open(site, {
      onLease: async (lease) => {
        if (isCut()) throw new DispatchFault(site, 'the line is away');
        await onLease(lease);
      },
      onStop: async (run) => {
        if (!isCut()) await onStop(run);
      },
    }),
  report: async (report) => {
    if (isCut()) throw new DispatchFault(report.site, 'the line is away');
    return link.report(report);
  },
  close: () => link.close(),
});
