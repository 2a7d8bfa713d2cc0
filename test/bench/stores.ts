/**
 * Stores under measure: a year of 100 series at 5 minutes in PostgreSQL and InfluxDB side by side, five questions of each.
 *
 * Readings go in as an operator would back-fill them: `importReadings` into PostgreSQL; the lines and writes of the drain
 * into InfluxDB. Both hold raw readings and energy by slot, hour and day. Every question is asked through the port, and
 * the two answers must agree. Then a backlog is drained. Progress goes to stderr; rates are of this machine and moment.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { startPostgres } from '../../cli/embedded/postgres.ts';
import { mergeImport, rollUpLong, slotEnergy, stepEnergies } from '../../energy-oracle/store/energy-steps.ts';
import { createInfluxClient, type InfluxClient, rollupsPolicy } from '../../energy-oracle/store/influx-client.ts';
import { startDrain } from '../../energy-oracle/store/influx-drain.ts';
import { energyLine, readingLine } from '../../energy-oracle/store/influx-lines.ts';
import { createInfluxOutbox, outboxSchema } from '../../energy-oracle/store/influx-outbox.ts';
import { createInfluxSeriesStore } from '../../energy-oracle/store/influx-series-store.ts';
import { createPostgresSeriesStore, seriesSchema } from '../../energy-oracle/store/postgres-series-store.ts';
import type { ImportedReadings, SeriesStore, StepEnergy } from '../../energy-oracle/store/series-store.ts';
import type { Reading } from '../../energy-oracle/telemetry/reading.ts';
import { wallClock } from '../../units/clock.ts';
import { DAY, HOUR, type Interval, MINUTE, SECOND } from '../../units/time.ts';
import { startTestInflux } from '../fixtures/influxd.ts';
import type { Bar } from './main.ts';

const year = { start: Date.UTC(2025, 0, 1), end: Date.UTC(2026, 0, 1) };
const stepMs = 5 * MINUTE;
const stream = 'load_power';
const linesMax = 10_000;
const repeats = 15;
const questionMsMax = 1_000;
/** Readings of the backlog, in commits of a thousand, and how fast they would come live. */
const backlogCommits = 50;
const liveRate = 2_000;

const siteOf = (i: number) => `site-${String(i).padStart(3, '0')}`;

/** A year of a load that is never the same twice: a daily wave, another for every site, W with a decimal. */
function yearOf(i: number): ImportedReadings {
  const samples = Array.from({ length: (year.end - year.start) / stepMs }, (_, step) => {
    const start = year.start + step * stepMs;
    const wave = Math.sin((2 * Math.PI * (start % DAY)) / DAY + i) + 0.3 * Math.sin(step * 0.7 + i);
    return { metered: { start, end: start + stepMs }, value: Math.round((5_000 + 100 * i + 3_000 * wave) * 10) / 10 };
  });
  return { site: siteOf(i), stream, samples, availableAt: year.end };
}

async function importIntoInflux(influx: InfluxClient, imported: ImportedReadings): Promise<void> {
  const { site, availableAt } = imported;
  const evidence = { topic: '', payload: new Uint8Array(), receivedAt: availableAt };
  const readings = mergeImport(imported, []).fresh;
  const slots = rollUpLong({ site, stream, readings }, availableAt).map(slotEnergy);
  const energy = (['slot', 'hour', 'day'] as const).flatMap((step) =>
    stepEnergies(slots, step).map((sum) => energyLine(step, { ...sum, site, stream })),
  );
  const write = async (lines: readonly string[], policy?: string) => {
    for (let at = 0; at < lines.length; at += linesMax) await influx.write(lines.slice(at, at + linesMax).join('\n'), policy);
  };
  await write(readings.map((value) => readingLine({ value, evidence })));
  await write(energy, rollupsPolicy);
}

/** Mean power by month, kW, of daily energy over all sites. */
function monthlyMeanKw(days: readonly StepEnergy[]): readonly number[] {
  const months = Array.from({ length: 12 }, () => ({ wh: 0, ms: 0 }));
  for (const { start, energyWh, coveredMs } of days) {
    const month = months[new Date(start).getUTCMonth()];
    if (month) [month.wh, month.ms] = [month.wh + energyWh, month.ms + coveredMs];
  }
  return months.map(({ wh, ms }) => (wh / (ms / HOUR)) * 1e-3);
}

const asOf = year.end + MINUTE;
const within = (start: number, lengthMs: number): Interval => ({ start, end: start + lengthMs });
/** The digits in which two engines that add in different orders agree. */
const digits = (value: number) => Number(value.toPrecision(11));

type Ask = (store: SeriesStore, turn: number) => Promise<readonly (number | string)[]>;

/** What is asked, another site each time, and what of the answer must be the same in both engines. */
const questionsOf = (sites: number): Readonly<Record<string, Ask>> => ({
  'last value of all series': async (store) => (await store.latest(asOf)).map(({ site, value }) => `${site} ${value}`),
  'one series, a day, raw': async (store, turn) =>
    (await store.samples(siteOf(turn % sites), stream, within(year.start + 200 * DAY, DAY), asOf)).map(({ value }) => value),
  'one series, a month, hourly': async (store, turn) =>
    (await store.energy(siteOf(turn % sites), stream, within(year.start + 181 * DAY, 31 * DAY), 'hour', asOf)).map(({ energyWh }) =>
      digits(energyWh),
    ),
  'one series, a year, daily': async (store, turn) =>
    (await store.energy(siteOf(turn % sites), stream, year, 'day', asOf)).map(({ energyWh }) => digits(energyWh)),
  'mean of all series, a year, by month': async (store) => monthlyMeanKw(await store.fleetEnergy(stream, year, 'day', asOf)).map(digits),
});

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

async function askBoth(engines: Readonly<Record<string, SeriesStore>>, sites: number, progress: (line: string) => void): Promise<Bar[]> {
  const bars: Bar[] = [];
  let differing = 0;
  for (const [question, ask] of Object.entries(questionsOf(sites))) {
    const tookMs = new Map<string, number[]>();
    for (let turn = 0; turn < repeats; turn++) {
      const answers: string[] = [];
      for (const [engine, store] of Object.entries(engines)) {
        const begun = performance.now();
        const answer = await ask(store, turn);
        tookMs.set(engine, [...(tookMs.get(engine) ?? []), performance.now() - begun]);
        if (answer.length === 0) throw new Error(`${engine} knows nothing of "${question}"`);
        answers.push(JSON.stringify(answer));
      }
      if (new Set(answers).size > 1) differing += 1;
    }
    for (const [engine, took] of tookMs) {
      const value = Math.round(median(took) * 10) / 10;
      bars.push({ bar: `${engine}: ${question}, median`, value, unit: 'ms', target: `< ${questionMsMax}`, holds: value < questionMsMax });
      progress(`stores: ${engine}: ${question}: ${value} ms, longest ${Math.round(Math.max(...took))} ms`);
    }
  }
  bars.push({ bar: 'answers in which the engines differ', value: differing, unit: 'answers', target: '0', holds: differing === 0 });
  return bars;
}

/** How fast what waited goes to InfluxDB once it is back. */
async function drainRate(pool: pg.Pool, influx: InfluxClient, progress: (line: string) => void): Promise<Bar> {
  const outbox = createInfluxOutbox(pool);
  await pool.query(outboxSchema);
  await pool.query(`insert into influx_target (name) values ('bench')`);
  const store = createPostgresSeriesStore(pool, outbox.beside);
  const begun = performance.now();
  for (let commit = 0; commit < backlogCommits; commit++) {
    const readings = Array.from({ length: 1_000 }, (_, i) => {
      const start = year.end + commit * SECOND;
      const value: Reading = {
        ...{ provider: 'p', site: `live-${i}`, stream, metered: { start, end: start + SECOND }, value: commit + i / 7 },
        ...{ seq: commit, quality: 'measured', signature: 'x'.repeat(88) },
      };
      return { value, evidence: { topic: `energy/v1/p/live-${i}/${stream}`, payload: new Uint8Array(200), receivedAt: start } };
    });
    await store.commit({ readings, curves: [], weather: [], quarantined: [] });
  }
  const points = backlogCommits * 1_000;
  progress(`stores: ${points} readings committed with their outbox at ${Math.round((points * 1_000) / (performance.now() - begun))}/s`);
  const start = performance.now();
  const wait = async (durationMs: number) => void (await sleep(durationMs, undefined, { ref: false }));
  const drain = startDrain({ pool, outbox, influx, clock: wallClock, wait });
  await drain.drained();
  const rate = Math.round((points * 1_000) / (performance.now() - start));
  await drain.stop();
  const target = `≥ ${5 * liveRate} (5 × ${liveRate} live)`;
  return { bar: 'a backlog drains into InfluxDB', value: rate, unit: 'readings/s', target, holds: rate >= 5 * liveRate };
}

/** Bars of both engines. */
export async function benchStores({ sites = 100 }: { sites?: number } = {}): Promise<Bar[]> {
  const progress = (line: string) => void process.stderr.write(`${line}\n`);
  const folder = mkdtempSync(join(tmpdir(), 'sunward-bench-stores-'));
  const [postgres, influxd] = await Promise.all([startPostgres({ folder: join(folder, 'postgres') }), startTestInflux()]);
  const pool = new pg.Pool({ connectionString: postgres.url, max: 4 });
  pool.on('error', () => undefined);
  try {
    await pool.query(seriesSchema);
    const books = createPostgresSeriesStore(pool);
    const influx = createInfluxClient(influxd.target('sunward'));
    await influx.reach();
    const tookMs = { postgres: 0, influx: 0 };
    let points = 0;
    for (let i = 0; i < sites; i++) {
      const imported = yearOf(i);
      points += imported.samples.length;
      const begun = performance.now();
      await books.importReadings(imported);
      const between = performance.now();
      await importIntoInflux(influx, imported);
      tookMs.postgres += between - begun;
      tookMs.influx += performance.now() - between;
      if ((i + 1) % 5 === 0) {
        const rate = (ms: number) => `${Math.round(points / ms)}k/s`;
        progress(`stores: ${points} readings; PostgreSQL ${rate(tookMs.postgres)}, InfluxDB ${rate(tookMs.influx)}`);
      }
    }
    await pool.query('analyze');
    const waitsForNothing = {
      backlog: async () => ({ entries: 0, points: 0, days: 0, refused: 0, refusal: undefined, span: undefined }),
      rawFloor: async () => 0,
    };
    const untold = async () => {
      throw new Error('InfluxDB is away');
    };
    const onlyHeads = { ...books, latest: untold, samples: untold, energy: untold, fleetEnergy: untold };
    const series = createInfluxSeriesStore({ books: onlyHeads, outbox: waitsForNothing, influx, onWritten: () => {} });
    const bars = await askBoth({ PostgreSQL: books, InfluxDB: series }, sites, progress);
    const { rows } = await pool.query<{ bytes: number }>('select pg_database_size(current_database())::float8 as bytes');
    const disk = {
      PostgreSQL: (rows[0]?.bytes ?? 0) / 1e6,
      InfluxDB: Number(execFileSync('du', ['-sk', influxd.folder]).toString().split('\t')[0]) / 1e3,
    };
    const told = (bar: string, value: number, unit: string): Bar => ({
      bar,
      value: Math.round(value),
      unit,
      target: 'told',
      holds: value > 0,
    });
    return [
      told('readings in each engine, with energy by slot, hour and day', points, 'readings'),
      told('PostgreSQL: load', (points * 1_000) / tookMs.postgres, 'readings/s'),
      told('InfluxDB: load', (points * 1_000) / tookMs.influx, 'readings/s'),
      told('PostgreSQL: disk', disk.PostgreSQL, 'MB'),
      told('InfluxDB: disk', disk.InfluxDB, 'MB'),
      ...bars,
      await drainRate(pool, influx, progress),
    ];
  } finally {
    await pool.end();
    await Promise.all([postgres.stop(), influxd.stop()]);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
