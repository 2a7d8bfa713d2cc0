/**
 * Meter run: a site's gateway on its real clock, disk and brokers.
 *
 * Composes `createGateway` as `serve.ts` composes the oracle. Either broker may be away at any time, the start included;
 * only a spool that cannot be read, a folder that is taken and a bug end it.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createGateway } from '../energy-oracle/gateway/gateway.ts';
import { createFileSpool } from '../energy-oracle/store/file-spool.ts';
import { createTranslator } from '../energy-oracle/telemetry/dialects/dialect-translator.ts';
import { type LocalBroker, openLocalBroker } from '../energy-oracle/telemetry/dialects/mqtt-local-broker.ts';
import type { LocalMessage, Translator } from '../energy-oracle/telemetry/dialects/translator.ts';
import { createMqttUplink } from '../energy-oracle/telemetry/mqtt-telemetry.ts';
import { createSender } from '../energy-oracle/telemetry/sender.ts';
import { wallClock } from '../units/clock.ts';
import { type DurationMs, MINUTE, SECOND, toIso } from '../units/time.ts';
import type { MeterFile } from './meter-file.ts';
import type { MeterLog } from './meter-log.ts';
import { claimMeterFolder } from './meter-state.ts';

export interface MeterRunOptions {
  readonly file: MeterFile;
  readonly data: string;
  readonly log: MeterLog;
  readonly stop: AbortSignal;
}

/** Messages without a receipt at once: one at first, so that sites that come back together do not pour. */
const window = { min: 8, max: 500 };
const stateEveryMs: DurationMs = 5 * SECOND;
const againMsMax: DurationMs = MINUTE;

/** Folder of the spool within the data folder. */
export const spoolFolder = (data: string): string => join(data, 'spool');
export const senderName = ({ provider, site }: Pick<MeterFile, 'provider' | 'site'>): string => `${provider}/${site}`;

/** Runs until `stop`. @throws SpoolFault, MeterBusyFault */
export async function runMeter({ file, data, log, stop }: MeterRunOptions): Promise<void> {
  const name = senderName(file);
  const stateFile = claimMeterFolder(data);
  const spool = await createFileSpool({ folder: spoolFolder(data), sender: name, bytesMax: file.spoolBytesMax });
  const pause = async (durationMs: DurationMs) =>
    void (await sleep(durationMs, undefined, { signal: stop, ref: false }).catch(() => undefined));
  const sender = createSender({
    name,
    spool,
    uplink: createMqttUplink({
      root: file.key ? 'energy/v1' : 'unsigned/v1',
      line: { ...file.upstream, onFault: (fault) => log.sayOnce('warn', 'upstream', `${fault.message}; readings wait in the spool`) },
    }),
    retryMs: file.retryMs,
    wait: pause,
    window,
    onReceipt: (receipt) => gateway.received(receipt),
  });
  let broker: LocalBroker | undefined;
  const translator = createTranslator({ mapping: file.mapping });
  const gateway = createGateway({
    ...file,
    translator,
    spool,
    sender,
    say: (messages) => broker?.publish(messages),
    listenTo: (filters) => broker?.subscribe(filters),
    wall: wallClock,
    monotonicMs: () => performance.now(),
    tell: log.event,
  });
  const { entries } = spool.size();
  log.say(
    'info',
    'start',
    `gateway of ${name}, ${file.plans.length} streams every ${file.intervalMs / SECOND} s, ${entries} messages in the spool`,
  );
  const writeState = () => {
    const { spoolFault, lastReceiptAt, aheadMs, gaps, refusals, ...state } = gateway.state();
    stateFile.write({
      ...state,
      writtenAt: toIso(wallClock.now()),
      sender: name,
      intervalMs: file.intervalMs,
      spoolBytesMax: file.spoolBytesMax,
      spoolFault: spoolFault ?? null,
      lastReceiptAt: lastReceiptAt === undefined ? null : toIso(lastReceiptAt),
      aheadMs: aheadMs ?? null,
      gaps: [...gaps],
      refusals: { ...refusals },
    });
  };
  const untilOpen = async (part: string, open: () => Promise<void>) => {
    for (let againMs = SECOND; !stop.aborted; againMs = Math.min(againMsMax, againMs * 2)) {
      try {
        await open();
        log.say('info', part, 'the broker is there');
        return;
      } catch (fault) {
        log.sayOnce('warn', part, `${(fault as Error).message}; it is tried again for ever`);
        await pause(againMs * (0.5 + Math.random() / 2));
      }
    }
  };
  const opening = [
    untilOpen('upstream', () => sender.open()),
    untilOpen('local', async () => {
      broker = await listen(file, translator, gateway.hear, log);
    }),
  ];
  const tickMs = Math.min(SECOND, file.intervalMs / 5);
  try {
    for (let writtenAt = Number.NEGATIVE_INFINITY; !stop.aborted; await pause(tickMs)) {
      await gateway.tick();
      if (performance.now() - writtenAt < stateEveryMs) continue;
      writtenAt = performance.now();
      writeState();
    }
  } finally {
    writeState();
    await Promise.race([Promise.all(opening), sleep(SECOND, undefined, { ref: false })]);
    await broker?.close();
    await sender.close();
    log.say('info', 'stop', `${spool.size().entries} messages stay in the spool`);
  }
}

/** Opens the local broker. @throws LineFault */
export const listen = (
  { local }: Pick<MeterFile, 'local'>,
  translator: Translator,
  hear: (message: LocalMessage) => void,
  log: MeterLog,
): Promise<LocalBroker> =>
  openLocalBroker({
    ...local,
    clock: wallClock,
    filters: () => translator.filters,
    onMessage: hear,
    onFault: (fault) => log.sayOnce('warn', 'local', fault.message),
  });
