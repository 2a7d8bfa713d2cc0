/**
 * Series store on InfluxDB 1.x, beside the books in PostgreSQL.
 *
 * The books (keys, proofs, heads, quarantine, curves, outlooks, and the readings and rollups that facts rest on) stay in
 * PostgreSQL, for InfluxDB knows neither a unique key nor a commit. What people chart is asked of InfluxDB: samples, last
 * values, energy by step. What still waits in the outbox, and everything while InfluxDB is away, comes from the books, so
 * an answer never depends on how far the drain has come.
 */
import { escape as quote } from 'influx';
import { DAY, HOUR, type Instant, type Interval, toIso } from '../../units/time.ts';
import { meteredMsMax, type Stream, streams } from '../telemetry/reading.ts';
import { fleetSum, stepEnergies, stepOf } from './energy-steps.ts';
import { type InfluxClient, InfluxFault, type InfluxRow, rollupsPolicy } from './influx-client.ts';
import type { InfluxOutbox } from './influx-outbox.ts';
import { type EnergyStep, energyStepMs, type Sample, type SeriesStore, type StepEnergy } from './series-store.ts';

export interface InfluxSeriesPorts {
  /** Writes the outbox's entries beside its own. */
  readonly books: SeriesStore;
  readonly outbox: Pick<InfluxOutbox, 'backlog' | 'rawFloor'>;
  readonly influx: InfluxClient;
  /** The outbox has something new. */
  readonly onWritten: () => void;
}

/** Last values are first looked for so far back; who was silent for longer is asked for one by one. */
const recentMs = DAY;

export function createInfluxSeriesStore({ books, outbox, influx, onWritten }: InfluxSeriesPorts): SeriesStore {
  const written = async <T>(work: Promise<T>): Promise<T> => {
    const done = await work;
    onWritten();
    return done;
  };
  /** The answer of InfluxDB, given the span it must not be asked about; of the books alone while it is away. */
  async function answer<T>(fromBoth: (waiting: Interval) => Promise<T>, fromBooks: () => Promise<T>): Promise<T> {
    if (influx.away() !== undefined) return fromBooks();
    const { span } = await outbox.backlog();
    try {
      return await fromBoth(span ?? { start: 0, end: 0 });
    } catch (fault) {
      if (fault instanceof InfluxFault) return fromBooks();
      throw fault;
    }
  }
  return {
    ...books,
    commit: (batch) => written(books.commit(batch)),
    putRollups: (rollups) => written(books.putRollups(rollups)),
    putOutlook: (outlook) => written(books.putOutlook(outlook)),
    importReadings: (imported) => written(books.importReadings(imported)),
    samples: (site, stream, interval, asOf) =>
      answer(
        async (waiting) => {
          const [told, held] = await Promise.all([
            readSamples(influx, { site, stream, interval, asOf }),
            meets(interval, waiting) ? books.samples(site, stream, common(interval, waiting), asOf) : [],
          ]);
          const isWaiting = ({ metered }: Sample) => metered.start >= waiting.start && metered.start < waiting.end;
          return [...told.filter((sample) => !isWaiting(sample)), ...held.filter(isWaiting)].sort(
            (a, b) => a.metered.start - b.metered.start,
          );
        },
        async () => {
          const floor = await outbox.rawFloor();
          if (interval.start < floor)
            throw new InfluxFault(
              `InfluxDB is away (${influx.away()}); readings before ${toIso(floor)} are nowhere else, ask again later`,
              false,
            );
          return books.samples(site, stream, interval, asOf);
        },
      ),
    latest: (asOf) =>
      answer(
        async (waiting) => (waiting.end > waiting.start ? books.latest(asOf) : readLatest(influx, await knownSeries(books), asOf)),
        () => books.latest(asOf),
      ),
    energy: (site, stream, interval, step, asOf) =>
      answer(
        (waiting) =>
          besidesWaiting({
            ...{ interval, waiting, step },
            told: (part) => readEnergy(influx, { site, stream, interval: part, step, asOf }),
            held: (part) => books.energy(site, stream, part, step, asOf),
          }),
        () => books.energy(site, stream, interval, step, asOf),
      ),
    fleetEnergy: (stream, interval, step, asOf) =>
      answer(
        (waiting) =>
          besidesWaiting({
            ...{ interval, waiting, step },
            told: (part) => readFleetEnergy(influx, { stream, interval: part, step, asOf }),
            held: (part) => books.fleetEnergy(stream, part, step, asOf),
          }),
        () => books.fleetEnergy(stream, interval, step, asOf),
      ),
  };
}

const meets = (a: Interval, b: Interval): boolean => a.start < b.end && b.start < a.end;
const common = (a: Interval, b: Interval): Interval => ({ start: Math.max(a.start, b.start), end: Math.min(a.end, b.end) });

/** Steps before and after the waiting days as InfluxDB tells them, those of the waiting days from the books. */
async function besidesWaiting({
  interval: { start, end },
  waiting,
  step,
  told,
  held,
}: {
  readonly interval: Interval;
  readonly waiting: Interval;
  readonly step: EnergyStep;
  readonly told: (part: Interval) => Promise<readonly StepEnergy[]>;
  readonly held: (part: Interval) => Promise<readonly StepEnergy[]>;
}): Promise<readonly StepEnergy[]> {
  if (end <= start) return [];
  const whole = { start: stepOf(start, step), end: stepOf(end - 1, step) + energyStepMs[step] };
  const days = {
    start: stepOf(waiting.start, 'day'),
    end: waiting.end > waiting.start ? stepOf(waiting.end - 1, 'day') + DAY : waiting.start,
  };
  if (days.end <= days.start || !meets(whole, days)) return told(whole);
  const within = common(whole, days);
  const parts = await Promise.all([
    whole.start < within.start ? told({ start: whole.start, end: within.start }) : [],
    held(within),
    within.end < whole.end ? told({ start: within.end, end: whole.end }) : [],
  ]);
  return parts.flat();
}

interface SeriesQuestion {
  readonly site: string;
  readonly stream: Stream;
  readonly interval: Interval;
  readonly step: EnergyStep;
  readonly asOf: Instant;
}

const ofSeries = ({ site, stream }: Pick<SeriesQuestion, 'site' | 'stream'>) => `site = ${quote.stringLit(site)} and stream = '${stream}'`;
const startsIn = ({ start, end }: Interval) => `time >= ${Math.max(0, start)}ms and time < ${Math.max(0, end)}ms`;
const number = (row: InfluxRow, column: string): number => Number(row[column]);

function sampleFrom(row: InfluxRow): Sample {
  const start = number(row, 'time');
  return {
    site: String(row['site']),
    stream: String(row['stream']) as Stream,
    metered: { start, end: start + number(row, 'duration_ms') },
    value: number(row, 'value'),
    availableAt: number(row, 'received_ms'),
  };
}

const sampleFields = 'value, duration_ms, received_ms';

async function readSamples(
  influx: InfluxClient,
  { site, stream, interval, asOf }: Omit<SeriesQuestion, 'step'>,
): Promise<readonly Sample[]> {
  if (interval.end <= interval.start) return [];
  const reach = { start: interval.start - meteredMsMax + 1, end: interval.end };
  const rows = await influx.query(
    `select ${sampleFields} from readings where ${ofSeries({ site, stream })} and ${startsIn(reach)} and received_ms <= ${asOf} group by provider`,
  );
  return rows
    .filter((row) => number(row, 'time') + number(row, 'duration_ms') > interval.start)
    .sort((a, b) => number(a, 'time') - number(b, 'time')) // of one ms they come in the order of their numbers
    .map((row) => sampleFrom({ ...row, site, stream }));
}

/** Site and stream of every sender of readings. */
async function knownSeries(books: SeriesStore): Promise<readonly Pick<Sample, 'site' | 'stream'>[]> {
  const known = new Map<string, Pick<Sample, 'site' | 'stream'>>();
  for (const { sender, stream } of await books.heads()) {
    const [, site] = sender.split('/');
    const named = streams.find((name) => stream === name || stream === `unsigned/${name}`);
    if (site !== undefined && named) known.set(`${site}/${named}`, { site, stream: named });
  }
  return [...known.values()];
}

/** The span of last values is bounded: without a bound every shard there is would be opened. */
async function readLatest(
  influx: InfluxClient,
  known: readonly Pick<Sample, 'site' | 'stream'>[],
  asOf: Instant,
): Promise<readonly Sample[]> {
  const now = Math.min(asOf, 8.64e15 / 2) + HOUR; // a reading may claim to start so long after it was received
  const last = async (where: string) => {
    const rows = await influx.query(
      `select ${sampleFields} from readings where ${where} and received_ms <= ${asOf} group by provider, site, stream order by time desc limit 1`,
    );
    return rows.map(sampleFrom);
  };
  const found = new Map<string, Sample>();
  const keep = (samples: readonly Sample[]) => {
    for (const sample of samples) {
      const key = `${sample.site}/${sample.stream}`;
      const other = found.get(key);
      if (!other || sample.metered.start > other.metered.start) found.set(key, sample);
    }
  };
  const newest = Math.min(now, influxEnd);
  keep(await last(startsIn({ start: newest - HOUR - recentMs, end: newest })));
  const silent = known.filter(({ site, stream }) => !found.has(`${site}/${stream}`));
  for (const series of silent) keep(await last(`${ofSeries(series)} and ${startsIn({ start: 0, end: newest })}`));
  const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  return [...found.values()].sort((a, b) => order(a.site, b.site) || order(a.stream, b.stream));
}

/** Its times end in 2262. */
const influxEnd: Instant = Date.UTC(2262, 0, 1);

const energyFrom = (row: InfluxRow): StepEnergy => ({
  start: number(row, 'time'),
  energyWh: number(row, 'energy_wh'),
  coveredMs: number(row, 'covered_ms'),
  signedMs: number(row, 'signed_ms'),
  availableAt: number(row, 'available_ms'),
});

const energyIn = (step: EnergyStep) => `${rollupsPolicy}.energy_${step}`;
const energyFields = 'energy_wh, covered_ms, signed_ms, available_ms';

async function readEnergy(influx: InfluxClient, { site, stream, interval, step, asOf }: SeriesQuestion): Promise<readonly StepEnergy[]> {
  const read = async (of: EnergyStep, span: Interval) =>
    (await influx.query(`select ${energyFields} from ${energyIn(of)} where ${ofSeries({ site, stream })} and ${startsIn(span)}`)).map(
      energyFrom,
    );
  const sums = await read(step, interval);
  const known = sums.filter(({ availableAt }) => availableAt <= asOf);
  const late = sums.filter(({ availableAt }) => availableAt > asOf).map(({ start }) => start);
  if (late.length === 0 || step === 'slot') return known;
  const span = { start: late[0] as Instant, end: (late.at(-1) as Instant) + energyStepMs[step] };
  const slots = (await read('slot', span)).filter(({ start, availableAt }) => availableAt <= asOf && late.includes(stepOf(start, step)));
  return [...known, ...stepEnergies(slots, step)].sort((a, b) => a.start - b.start);
}

async function readFleetEnergy(
  influx: InfluxClient,
  { stream, interval, step, asOf }: Omit<SeriesQuestion, 'site'>,
): Promise<readonly StepEnergy[]> {
  const where = `stream = '${stream}' and ${startsIn(interval)}`;
  const known = await influx.query(
    `select sum(energy_wh) as energy_wh, sum(covered_ms) as covered_ms, sum(signed_ms) as signed_ms, max(available_ms) as available_ms
     from ${energyIn(step)} where ${where} and available_ms <= ${asOf} group by time(${energyStepMs[step]}ms) fill(none)`,
  );
  const sums = known.map(energyFrom);
  if (step === 'slot') return sums;
  const late = await influx.query(`select available_ms from ${energyIn(step)} where ${where} and available_ms > ${asOf} group by site`);
  if (late.length === 0) return sums;
  const sites = [...new Set(late.map((row) => String(row['site'])))].sort();
  const lateSums = await Promise.all(
    sites.map(async (site) => {
      const starts = new Set(late.filter((row) => row['site'] === site).map((row) => number(row, 'time')));
      const parts = await readEnergy(influx, { site, stream, interval, step, asOf });
      return parts.filter(({ start }) => starts.has(start));
    }),
  );
  return fleetSum([sums, ...lateSums]);
}
