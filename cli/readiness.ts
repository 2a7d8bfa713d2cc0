/**
 * Readiness: names what is missing for a live server to do its work; empty when nothing is.
 *
 * Asks the engines, the broker with our own credential, the age of each site's outlook, and the disk. Answers are kept for
 * a few seconds, so that whoever probes does not load what is probed.
 */
import { statfs } from 'node:fs/promises';
import { connect } from 'mqtt';
import type { OracleView } from '../energy-oracle/outlook.ts';
import type { Site } from '../energy-oracle/site.ts';
import type { Clock } from '../units/clock.ts';
import { type DurationMs, HOUR, MINUTE, SECOND } from '../units/time.ts';
import type { BrokerLine } from './mqtt-line.ts';

export interface ReadinessPorts {
  readonly clock: Clock;
  readonly sites: readonly Pick<Site, 'id'>[];
  readonly view: Pick<OracleView, 'outlook'>;
  readonly line: BrokerLine;
  /** Where everything is kept. */
  readonly folder: string;
  readonly engines: () => Promise<readonly string[]>;
}

/** Outlooks are issued by the hour. */
const outlookAgeMsMax: DurationMs = 2 * HOUR;
/** Free space below which a database is about to stop, bytes. */
const freeBytesMin = 256 * 2 ** 20;
const keptMs: DurationMs = 3 * SECOND;
const brokerMsMax: DurationMs = 2 * SECOND;
/** Sites that are named; of more, how many. */
const namedMax = 5;

export function createReadiness({ clock, sites, view, line, folder, engines }: ReadinessPorts): () => Promise<readonly string[]> {
  let kept: { readonly at: number; readonly answer: Promise<readonly string[]> } | undefined;
  const outlooks = async (): Promise<readonly string[]> => {
    const now = clock.now();
    const ages = await Promise.all(
      sites.map(async ({ id }) => {
        const outlook = await view.outlook(id, now);
        if (!outlook) return [`outlook of ${id}: none was issued`];
        const age = now - outlook.issuedAt;
        return age > outlookAgeMsMax ? [`outlook of ${id}: ${Math.floor(age / MINUTE)} min old`] : [];
      }),
    );
    const old = ages.flat();
    return old.length > namedMax ? [...old.slice(0, namedMax), `outlooks of ${old.length - namedMax} more sites`] : old;
  };
  const disk = async (): Promise<readonly string[]> => {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize < freeBytesMin ? [`disk: ${Math.floor((bavail * bsize) / 2 ** 20)} MiB free in ${folder}`] : [];
  };
  const broker = async (): Promise<readonly string[]> => ((await answers(line)) ? [] : ['broker']);
  const ask = async () => {
    const parts = { engines, broker, outlooks, disk };
    const told = await Promise.all(Object.entries(parts).map(([name, part]) => part().catch(() => [name])));
    return told.flat();
  };
  return () => {
    if (!kept || performance.now() - kept.at > keptMs) kept = { at: performance.now(), answer: ask() };
    return kept.answer;
  };
}

/** Whether the broker lets us in. */
function answers({ url, ...line }: BrokerLine): Promise<boolean> {
  const client = connect(url, { ...line, reconnectPeriod: 0, connectTimeout: brokerMsMax });
  return new Promise<boolean>((resolve) => {
    client.once('connect', () => resolve(true));
    client.on('error', () => resolve(false));
    client.once('close', () => resolve(false));
  }).finally(() => client.end(true));
}
