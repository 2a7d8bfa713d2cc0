/**
 * MQTT dispatch: leases out and reports in over any MQTT 3.1.1 broker, QoS 1, JSON on `dispatch/v1/<site>/<what>`.
 *
 * `lease` and `stop` go to the site, `lease-taken` and `report` come from it, `receipt` answers a report. Sessions are
 * clean on purpose: a lease that waited in a broker would be stale, and a report is repeated until its receipt. What a
 * site says counts only with its key's signature; what the scheduler says is as trustworthy as the broker's access
 * list, so only the scheduler may publish `lease`, `stop` and `receipt` there. All limits are on the wall's clock.
 */
import { connect, type MqttClient } from 'mqtt';
import { z } from 'zod';
import { type AgentLink, DispatchFault, type DispatchLink } from './dispatch-link.ts';
import type { Lease, ReportReceipt } from './lease.ts';
import { readReport } from './report.ts';

const KEEPALIVE_S = 15;
const RECONNECT_MS = 250;
const OPEN_MS_MAX = 15_000;
const OFFER_MS_MAX = 5_000;
const REPORT_REPEAT_MS = 2_000;
const REPORT_MS_MAX = 10_000;
/** Longest lease that goes out, bytes; a script beyond it belongs in a file that the job fetches. */
const LEASE_BYTES_MAX = 65_536;

/** Where the broker is and who is asking. */
export interface DispatchLine {
  /** `mqtt://host:port` or `mqtts://…`. */
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  /** PEM of the authority that signed the broker's certificate, when it is not a public one. */
  readonly ca?: string;
  /** PEM of our own certificate and its key, for a broker that knows us by it. */
  readonly cert?: string;
  readonly key?: string;
}

const topicOf = (site: string, what: 'lease' | 'lease-taken' | 'stop' | 'report' | 'receipt') => `dispatch/v1/${site}/${what}`;
const instant = z.int().nonnegative();
const leaseWire = z
  .strictObject({
    run: z.string().min(1).max(256),
    job: z.string().min(1).max(200),
    fence: z.int().nonnegative(),
    site: z.string(),
    model: z.string(),
    accelerators: z.int().positive(),
    drawKw: z.number().nonnegative(),
    remaining: z.number().nonnegative(),
    script: z.string().optional(),
    envs: z.record(z.string(), z.string()),
    until: instant,
  })
  .transform((lease): Lease => ({ ...lease, script: lease.script }));
const stopWire = z.strictObject({ run: z.string() });
const takenWire = z.strictObject({ run: z.string(), refused: z.string().optional() });
const receiptWire = z.strictObject({
  site: z.string(),
  seq: instant,
  renewals: z.array(z.strictObject({ run: z.string(), until: instant })),
  stop: z.array(z.string()),
});

export interface MqttDispatchOptions {
  readonly line: DispatchLine;
  /** Public key of a site's meter in hex; `undefined` for a site that is not enrolled. */
  readonly keyOf: (site: string) => string | undefined;
  /** Told of every message that was not believed and got no receipt, and why. */
  readonly onRefused?: (reason: string) => void;
  readonly onFault?: (fault: Error) => void;
  /** How long an offer waits for its answer, wall ms; 5 s unless told. */
  readonly offerMsMax?: number;
}

/**
 * The scheduler's end.
 *
 * An offer that was not answered in time is followed by a stop of its run, in case the agent comes to it later.
 *
 * @throws DispatchFault from `open` when the broker is not there within 15 s, from `offer` see the port
 */
export function createMqttDispatchLink({ line, keyOf, onRefused, onFault, offerMsMax = OFFER_MS_MAX }: MqttDispatchOptions): DispatchLink {
  let client: MqttClient | undefined;
  const offers = new Map<string, { readonly site: string; answer(refused: string | undefined): void }>();
  const publish = async (site: string, what: 'lease' | 'stop' | 'receipt', body: unknown) => {
    if (!client?.connected) throw new DispatchFault(site, 'the broker is away');
    await client.publishAsync(topicOf(site, what), JSON.stringify(body), { qos: 1 });
  };
  const onTaken = (site: string, text: string) => {
    const taken = parsed(takenWire, text);
    if (!taken) return onRefused?.(`${site} lease-taken: schema`);
    const offer = offers.get(taken.run);
    if (offer?.site === site) offer.answer(taken.refused);
  };
  return {
    async open(onReport) {
      const onReportText = async (site: string, text: string) => {
        const read = readReport(text, keyOf);
        if (read.kind === 'refused') return onRefused?.(`${site} report: ${read.reason}: ${read.detail}`);
        if (read.report.site !== site) return onRefused?.(`${site} report: it is ${read.report.site}'s`);
        const receipt = await onReport(read.report);
        if (receipt) await publish(site, 'receipt', receipt);
        else onRefused?.(`${site} report ${read.report.seq}: not accepted`);
      };
      client = await subscribed(line, [topicOf('+', 'report'), topicOf('+', 'lease-taken')], onFault, (topic, text) => {
        const [, , site = '', what] = topic.split('/');
        if (what === 'lease-taken') return onTaken(site, text);
        onReportText(site, text).catch(onFault ?? (() => undefined)); // no receipt: the agent says it again
      });
    },
    async offer(lease) {
      const { site, run } = lease;
      if (Buffer.byteLength(JSON.stringify(lease)) > LEASE_BYTES_MAX)
        throw new DispatchFault(site, `the lease of ${run} is over ${LEASE_BYTES_MAX} bytes`);
      let timer: NodeJS.Timeout | undefined;
      const answered = new Promise<void>((resolve, reject) => {
        const answer = (refused: string | undefined) =>
          refused === undefined ? resolve() : reject(new DispatchFault(site, `the agent refused ${run}: ${refused}`));
        offers.set(run, { site, answer });
        timer = setTimeout(() => {
          reject(new DispatchFault(site, `no agent took ${run} within ${offerMsMax} ms`));
          publish(site, 'stop', { run }).catch(onFault ?? (() => undefined)); // the lease's end is the guarantee
        }, offerMsMax);
      });
      answered.catch(() => undefined); // awaited below, unless publishing fails first
      try {
        await Promise.race([publish(site, 'lease', lease), answered]);
        await answered;
      } finally {
        clearTimeout(timer);
        offers.delete(run);
      }
    },
    stop: (site, run) => publish(site, 'stop', { run }),
    async close() {
      await client?.endAsync(true);
      client = undefined;
    },
  };
}

/**
 * The agent's end: says a report again every 2 s until its receipt, and gives up after 10 s.
 *
 * @throws DispatchFault from `open` when the broker is not there within 15 s, from `report` when no receipt came
 */
export function createMqttAgentLink({ line, onFault }: Pick<MqttDispatchOptions, 'line' | 'onFault'>): AgentLink {
  let client: MqttClient | undefined;
  const awaited = new Map<number, (receipt: ReportReceipt) => void>();
  const publish = (site: string, what: 'lease-taken' | 'report', text: string) => {
    if (!client?.connected) return; // said again by whoever waits for an answer
    client.publishAsync(topicOf(site, what), text, { qos: 1 }).catch(onFault ?? (() => undefined));
  };
  const unread = (site: string, what: string) => onFault?.(new DispatchFault(site, `a ${what} message cannot be read`));
  return {
    async open(site, handlers) {
      const onLease = async (text: string) => {
        const lease = parsed(leaseWire, text);
        if (!lease) return unread(site, 'lease');
        const refused = await handlers.onLease(lease).then(
          () => undefined,
          (fault) => (fault instanceof Error ? fault.message : String(fault)),
        );
        publish(site, 'lease-taken', JSON.stringify({ run: lease.run, refused }));
      };
      const filters = [topicOf(site, 'lease'), topicOf(site, 'stop'), topicOf(site, 'receipt')];
      client = await subscribed(line, filters, onFault, (topic, text) => {
        const what = topic.split('/')[3];
        if (what === 'lease') return void onLease(text);
        if (what === 'stop') {
          const stop = parsed(stopWire, text);
          if (!stop) return unread(site, 'stop');
          return void handlers.onStop(stop.run).catch(onFault ?? (() => undefined));
        }
        const receipt = parsed(receiptWire, text);
        if (receipt?.site !== site) return unread(site, 'receipt');
        awaited.get(receipt.seq)?.(receipt);
      });
    },
    async report(report) {
      const { site, seq } = report;
      const text = JSON.stringify(report);
      let repeat: NodeJS.Timeout | undefined;
      let limit: NodeJS.Timeout | undefined;
      try {
        return await new Promise<ReportReceipt>((resolve, reject) => {
          awaited.set(seq, resolve);
          repeat = setInterval(() => publish(site, 'report', text), REPORT_REPEAT_MS);
          limit = setTimeout(
            () => reject(new DispatchFault(site, `no receipt for report ${seq} within ${REPORT_MS_MAX} ms`)),
            REPORT_MS_MAX,
          );
          publish(site, 'report', text);
        });
      } finally {
        clearInterval(repeat);
        clearTimeout(limit);
        awaited.delete(seq);
      }
    },
    async close() {
      const closing = client;
      client = undefined;
      await closing?.endAsync(true);
    },
  };
}

function parsed<Shape>(schema: z.ZodType<Shape>, text: string): Shape | undefined {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return undefined; // the caller says which message could not be read
  }
}

/** A client that is connected and subscribed, and becomes so again after every loss of the connection. */
function subscribed(
  line: DispatchLine,
  filters: string[],
  onFault: ((fault: Error) => void) | undefined,
  onMessage: (topic: string, text: string) => void,
): Promise<MqttClient> {
  const { url, username, password, ca, cert, key } = line;
  const client = connect(url, {
    protocolVersion: 4,
    clean: true,
    clientId: `sunward-${crypto.randomUUID().slice(0, 12)}`,
    keepalive: KEEPALIVE_S,
    reconnectPeriod: RECONNECT_MS,
    resubscribe: false, // done below on every connect
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  });
  return new Promise((resolve, reject) => {
    let last: unknown;
    const limit = setTimeout(() => {
      client.end(true);
      reject(new DispatchFault(url, `no broker that lets us subscribe within ${OPEN_MS_MAX} ms`, last));
    }, OPEN_MS_MAX);
    client.on('connect', () => {
      client.subscribe(filters, { qos: 1 }, (error, grants) => {
        if (error || grants?.some(({ qos }) => qos >= 128)) {
          last = error ?? new Error(`the broker refused ${filters.join(', ')}`);
          onFault?.(last as Error);
          return;
        }
        clearTimeout(limit);
        resolve(client);
      });
    });
    client.on('error', (error) => {
      last = error;
      onFault?.(error);
    });
    client.on('message', (topic, payload) => onMessage(topic, payload.toString('utf8')));
  });
}
