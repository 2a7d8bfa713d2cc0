/**
 * Sites that never stop: real senders with their spools, one reading of each stream a second, for the parent's campaign.
 *
 * Remembers every number that a receipt called committed, which is all that an oracle ever promised. On `stop` no more
 * is measured; `told` is answered with what was sent and acknowledged, `flush` when nothing is pending.
 */
import { createMemorySpool } from '../../energy-oracle/store/spool.ts';
import { createMqttUplink } from '../../energy-oracle/telemetry/mqtt-telemetry.ts';
import { encodeReading, readingTopic, type Stream } from '../../energy-oracle/telemetry/reading.ts';
import { createSender } from '../../energy-oracle/telemetry/sender.ts';
import type { TelemetryUplink } from '../../energy-oracle/telemetry/telemetry-source.ts';
import { SECOND } from '../../units/time.ts';
import { keyOf, siteOf } from '../energy-oracle/telemetry/messages.ts';

export interface SendersTold {
  readonly measured: number;
  /** `<sender>/<stream>#<seq>` of every receipt. */
  readonly acknowledged: readonly string[];
  readonly refused: number;
  readonly pending: number;
}

const streams: readonly Stream[] = ['pv_power', 'load_power', 'grid_power', 'battery_power'];
const [url = '', sites = '0'] = process.argv.slice(2);
const acknowledged = new Set<string>();
let [measured, refused, measuring] = [0, 0, true];
const wait = (durationMs: number) => new Promise<void>((resolve) => setTimeout(resolve, durationMs));

/** The line, with an ear on the receipts. */
function overheard(uplink: TelemetryUplink): TelemetryUplink {
  return {
    ...uplink,
    open: (sender, onReceipt) =>
      uplink.open(sender, (receipt) => {
        for (const { stream, seq } of receipt.committed) acknowledged.add(`${sender}/${stream}#${seq}`);
        refused += receipt.refused.length;
        onReceipt(receipt);
      }),
  };
}

const meters = Array.from({ length: Number(sites) }, (_, number) => {
  const { provider, id } = siteOf(number);
  const spool = createMemorySpool();
  const uplink = overheard(createMqttUplink({ line: { url } }));
  return { number, provider, id, spool, sender: createSender({ name: `${provider}/${id}`, spool, uplink, retryMs: 2 * SECOND, wait }) };
});
const pending = () => meters.reduce((sum, { spool }) => sum + spool.pending().length, 0);

function measure(at: number): void {
  const metered = { start: at - SECOND, end: at };
  for (const { number, provider, id, sender } of meters) {
    const drafts = streams.map((stream) => ({
      stream,
      topic: readingTopic(provider, id, stream),
      end: metered.end,
      encode: (seq: number) =>
        encodeReading({ provider, site: id, stream, metered, value: 1_000 + (seq % 7_919), seq, quality: 'measured' }, keyOf(number)),
    }));
    measured += drafts.length;
    void sender.spool(drafts);
  }
}

process.on('message', async (word: 'stop' | 'told' | 'flush') => {
  if (word === 'stop') measuring = false;
  if (word === 'flush') while (pending() > 0) await wait(50);
  process.send?.({ measured, acknowledged: word === 'told' ? [...acknowledged] : [], refused, pending: pending() } satisfies SendersTold);
});
process.once('disconnect', () => process.exit(0));

await Promise.all(meters.map(({ sender }) => sender.open()));
process.send?.('ready');
for (let at = Math.ceil(Date.now() / SECOND) * SECOND; ; at += SECOND) {
  await wait(Math.max(0, at - Date.now()));
  if (measuring) measure(at);
}
