/**
 * Drain: tells InfluxDB what waits in the outbox, in order, until nothing waits; tries again while it is away.
 *
 * Telling twice is harmless: the same series and time is the same point. What InfluxDB will not have is set aside with its
 * reason, so that one odd point holds nothing up. Days are copied from the books when no entry waits.
 */
import type pg from 'pg';
import type { Clock } from '../../units/clock.ts';
import { DAY, type DurationMs, type Instant, MINUTE, SECOND } from '../../units/time.ts';
import type { Reading } from '../telemetry/reading.ts';
import { type InfluxClient, InfluxFault, rollupsPolicy } from './influx-client.ts';
import { backlogLine, energyLine, readingLine } from './influx-lines.ts';
import type { InfluxOutbox, OutboxEntry } from './influx-outbox.ts';
import type { SeriesEnergy } from './postgres-beside.ts';
import type { EnergyStep } from './series-store.ts';

/** Entries in one write; each is a commit of at most a thousand readings, or 5,000 lines. */
const entriesMax = 20;
/** Lines in one write of a copied day. */
const linesMax = 10_000;
const idleMs: DurationMs = SECOND;
const backoffMsMin: DurationMs = 100;
const backoffMsMax: DurationMs = 5 * SECOND;
const tellBacklogMs: DurationMs = MINUTE;

export interface DrainPorts {
  readonly pool: pg.Pool;
  readonly outbox: InfluxOutbox;
  readonly influx: InfluxClient;
  readonly clock: Clock;
  readonly wait: (durationMs: DurationMs) => Promise<void>;
  /** Said once when it goes away, comes back, or will not have a point. */
  readonly tell?: (text: string) => void;
}

export interface Drain {
  /** There is something new. */
  wake(): void;
  /** Resolves when nothing waits but what was refused. Never, while InfluxDB stays away. */
  drained(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts at once. */
export function startDrain({ pool, outbox, influx, clock, wait, tell = () => {} }: DrainPorts): Drain {
  let stopped = false;
  let isAsked = false;
  /** Ends the pause between two turns. */
  let goOn: (() => void) | undefined;
  const waiters = new Set<() => void>();
  let toldBacklogAt = Number.NEGATIVE_INFINITY;

  async function tellBacklog(): Promise<void> {
    const now = clock.now();
    if (now < toldBacklogAt + tellBacklogMs) return;
    const { entries, points } = await outbox.backlog();
    await influx.write(backlogLine({ entries, points }, now));
    toldBacklogAt = now;
  }
  async function turn(): Promise<void> {
    if (influx.away() !== undefined) await influx.reach();
    await tellBacklog();
    for (let drained = false; !stopped && !drained; ) {
      const entries = await outbox.take(entriesMax);
      if (entries.length > 0) await deliver(entries);
      else {
        const next = await outbox.nextDay();
        if (next === undefined) drained = true;
        else {
          await copyDay(pool, influx, next.day);
          await outbox.dayDone(next);
        }
      }
    }
  }
  async function deliver(entries: readonly OutboxEntry[]): Promise<void> {
    for (const run of byPolicy(entries))
      try {
        await influx.write(run.map(({ lines }) => lines).join('\n'), run[0]?.policy ?? undefined);
        await outbox.done(run);
      } catch (fault) {
        if (!(fault instanceof InfluxFault && fault.isRefusal)) throw fault;
        if (run.length > 1) for (const entry of run) await deliver([entry]);
        else {
          await outbox.refuse(run[0] as OutboxEntry, fault.message);
          tell(`InfluxDB will not have ${run[0]?.points} points: ${fault.message}`);
        }
      }
  }
  async function run(): Promise<void> {
    let failures = 0;
    while (!stopped) {
      isAsked = false;
      const waiting = [...waiters]; // who asks during this turn waits for the next one
      try {
        await turn();
        if (failures > 0) tell('InfluxDB answers again and has what waited');
        failures = 0;
        for (const resolve of waiting) {
          waiters.delete(resolve);
          resolve();
        }
      } catch (fault) {
        if (failures === 0) tell(`what InfluxDB should have waits: ${fault instanceof Error ? fault.message : String(fault)}`);
        failures += 1;
        await outbox.bound().catch(() => undefined); // the database is away too: nothing is added meanwhile
      }
      if (stopped || (isAsked && failures === 0)) continue;
      const pauseMs = failures === 0 ? idleMs : Math.min(backoffMsMax, backoffMsMin * 2 ** Math.min(failures - 1, 10));
      await new Promise<void>((resolve) => {
        goOn = () => {
          if (stopped || failures === 0) resolve();
        };
        void wait(pauseMs).then(resolve);
      });
    }
  }
  const wake = () => {
    isAsked = true;
    goOn?.();
  };
  const running = run();
  return {
    wake,
    drained: () =>
      new Promise((resolve) => {
        waiters.add(resolve);
        wake();
      }),
    stop: async () => {
      stopped = true;
      goOn?.();
      await running;
    },
  };
}

/** Entries in order, cut where the policy changes. */
function byPolicy(entries: readonly OutboxEntry[]): readonly (readonly OutboxEntry[])[] {
  const runs: OutboxEntry[][] = [];
  for (const entry of entries) {
    const run = runs.at(-1);
    if (run && run[0]?.policy === entry.policy) run.push(entry);
    else runs.push([entry]);
  }
  return runs;
}

const seriesOf = `(select distinct split_part(sender, '/', 2) as site, stream from sequence_heads where sender like '%/%'
  union select distinct site, stream from energy_days) k`;

/** Readings and energy that start within a day, from the books as they are now. */
async function copyDay(pool: pg.Pool, influx: InfluxClient, day: Instant): Promise<void> {
  const writeAll = async (lines: readonly string[], policy?: string) => {
    for (let at = 0; at < lines.length; at += linesMax) await influx.write(lines.slice(at, at + linesMax).join('\n'), policy);
  };
  const { rows: readings } = await pool.query<Omit<Reading, 'metered'> & { start: Instant; end: Instant; receivedAt: Instant }>(
    `select r.provider, r.site, r.stream, r.seq::float8, r.start_ms::float8 as start, r.end_ms::float8 as end, r.value, r.quality,
            r.signature, r.received_at_ms::float8 as "receivedAt"
     from ${seriesOf} join readings r on r.site = k.site and r.stream = k.stream and r.start_ms >= $1 and r.start_ms < $1::bigint + ${DAY}`,
    [day],
  );
  await writeAll(
    readings.map(({ start, end, receivedAt, ...rest }) =>
      readingLine({ value: { ...rest, metered: { start, end } }, evidence: { topic: '', payload: new Uint8Array(), receivedAt } }),
    ),
  );
  const tables: readonly (readonly [EnergyStep, string, string])[] = [
    ['slot', 'rollups', 'slot_ms'],
    ['hour', 'energy_hours', 'start_ms'],
    ['day', 'energy_days', 'start_ms'],
  ];
  for (const [step, table, start] of tables) {
    const { rows } = await pool.query<SeriesEnergy>(
      `select e.site, e.stream, e.${start}::float8 as start, e.energy_wh as "energyWh", e.covered_ms::float8 as "coveredMs",
              e.signed_ms::float8 as "signedMs", e.available_at_ms::float8 as "availableAt"
       from ${seriesOf} join ${table} e on e.site = k.site and e.stream = k.stream and e.${start} >= $1 and e.${start} < $1::bigint + ${DAY}`,
      [day],
    );
    await writeAll(
      rows.map((row) => energyLine(step, row)),
      rollupsPolicy,
    );
  }
}
