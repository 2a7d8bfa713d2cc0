/**
 * Sniff: listens to a broker and shows what its messages would be understood as, before anything is saved.
 *
 * It publishes nothing unless `--keepalive` asks for it, and writes nothing unless `--save` names a file. What is saved is
 * a mapping that the gateway takes as it is: what was understood stands in it, what was not is a comment with its reason.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import { createInterpreter } from '../energy-oracle/telemetry/dialects/dialect-translator.ts';
import { type LocalBroker, openLocalBroker } from '../energy-oracle/telemetry/dialects/mqtt-local-broker.ts';
import { createSniffing, type SniffedRow } from '../energy-oracle/telemetry/dialects/sniffing.ts';
import { wallClock } from '../units/clock.ts';
import { type DurationMs, type Instant, MINUTE, parseDuration, SECOND, toIso } from '../units/time.ts';
import { dialectFileContent, mappingIn } from './dialect-file.ts';
import { savedMapping } from './saved-mapping.ts';
import { table } from './table.ts';

export interface SniffOptions {
  readonly mqtt: string;
  readonly ca?: string;
  readonly dialects?: string;
  readonly for: DurationMs;
  readonly json: boolean;
  readonly save?: string;
  readonly keepalive: boolean;
  readonly all: boolean;
  readonly stop: AbortSignal;
}

/** How often what is due is said, and the live table drawn. */
const tickMs = 1_000;
const progressEveryMs = 5_000;
/** Topics that no dialect knows are named up to this many, unless all are asked for. */
const strangersShown = 10;

const duration = (text: string): DurationMs => {
  const parsed = parseDuration(text);
  if (!parsed) throw new InvalidArgumentError('expected a duration such as 60s or 5m');
  return parsed;
};

/** @param stop  made when the command begins */
export function sniffCommand(stop: () => AbortSignal): Command {
  return new Command('sniff')
    .description('listen to a broker and show what its messages would be understood as; nothing is saved or said unless asked for')
    .requiredOption('--mqtt <url>', 'the broker: mqtt://user:password@host:1883 or mqtts://…')
    .option('--ca <file>', 'PEM of the authority that signed the broker’s certificate')
    .option('--dialects <file>', 'your own mapping: dialects, variables, which device is which stream (YAML)')
    .addOption(new Option('--for <duration>', 'how long to listen').argParser(duration).default(MINUTE, '60s'))
    .option('--save <file>', 'write what was understood as a mapping for the gateway; a file is never written over')
    .option(
      '--keepalive',
      'also send what devices must be told to go on: Victron’s keepalive, Sparkplug’s rebirth; without it nothing is published',
      false,
    )
    .option('--all', 'name every topic that no dialect knows', false)
    .option('--json', 'print the rows as JSON, when the time is over', false)
    .action((options) => sniff({ ...options, stop: stop() }));
}

/** Listens until the time is over or it is stopped. @throws LineFault, DialectFault, RangeError for a file that is there */
export async function sniff(options: SniffOptions): Promise<void> {
  const { save, stop } = options;
  if (save !== undefined && existsSync(save))
    throw new RangeError(`${save} is there already; a mapping is never written over, name another file`);
  const content = dialectFileContent(options.dialects);
  const interpreter = createInterpreter({ mapping: mappingIn(content, options.dialects) });
  const sniffing = createSniffing({ interpreter });
  const faults = new Set<string>();
  let broker: LocalBroker | undefined;
  broker = await openLocalBroker({
    url: options.mqtt,
    ...(options.ca === undefined ? {} : { ca: readFileSync(options.ca, 'utf8') }),
    clock: wallClock,
    filters: () => ['#'],
    onMessage: (message) => {
      const { replies } = sniffing.hear(message);
      if (options.keepalive) broker?.publish(replies); // the first may come while it is still being opened
    },
    onFault: ({ message }) => {
      if (!faults.has(message) && faults.size < 20) process.stderr.write(`${message}\n`);
      faults.add(message);
    },
  });
  if (broker.refused.includes('#')) broker.subscribe(interpreter.filters); // it lets only some topics be heard
  const began = wallClock.now();
  const isWatched = process.stdout.isTTY === true && !options.json;
  let told = began;
  let asks: readonly string[] = [];
  while (!stop.aborted && wallClock.now() - began < options.for) {
    const now = wallClock.now();
    const due = interpreter.due(now);
    if (options.keepalive) broker.publish(due);
    else if (due.length > 0) asks = [...new Set([...asks, ...due.map(({ topic }) => topic)])].slice(0, 8);
    const left = Math.ceil((began + options.for - now) / SECOND);
    if (isWatched)
      process.stdout.write(`\u001b[2J\u001b[H${sniffedText(sniffing.rows(), now, options.all)}\n\n${left} s left; Ctrl-C ends\n`);
    else if (now - told >= progressEveryMs) {
      told = now;
      process.stderr.write(`${sniffing.rows().length} rows, ${left} s left\n`);
    }
    await sleep(Math.min(tickMs, Math.max(0, began + options.for - now)), undefined, { signal: stop }).catch(() => undefined);
  }
  await broker.close();
  const rows = sniffing.rows();
  const now = wallClock.now();
  if (isWatched) process.stdout.write('\u001b[2J\u001b[H');
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ rows: rows.map((row) => wired(row, now)) }, null, 2)}\n`
      : `${sniffedText(rows, now, options.all)}\n`,
  );
  if (asks.length > 0)
    process.stderr.write(
      `a device may need to be told to go on (${asks.join(', ')}); --keepalive does that, without it nothing was published\n`,
    );
  if (save === undefined) return;
  writeFileSync(save, savedMapping({ content, rows, at: now }), { flag: 'wx' });
  process.stderr.write(`${save} written; sunward meter --dialects ${save} takes it\n`);
}

/** One row on the wire; instants in ISO 8601. */
const wired = ({ at, ...row }: SniffedRow, now: Instant) => ({
  ...Object.fromEntries(Object.entries(row).map(([key, value]) => [key, value ?? null])),
  at: toIso(at),
  ageS: Math.round((now - at) / SECOND),
});

/** The rows as tables: taken, not taken and why, and topics that no dialect knows. */
export function sniffedText(rows: readonly SniffedRow[], now: Instant, all: boolean): string {
  const age = ({ at, timed }: SniffedRow) => `${Math.round((now - at) / SECOND)} s${timed === 'device' ? '' : ' *'}`;
  const value = (row: SniffedRow) => (row.value === undefined ? '' : String(Number(row.value.toFixed(3))));
  const taken = rows.filter(({ refusal }) => refusal === undefined);
  const refused = rows.filter(({ refusal, dialect }) => refusal !== undefined && dialect !== undefined);
  const strangers = rows.filter(({ dialect }) => dialect === undefined);
  const shown = all ? strangers : strangers.slice(0, strangersShown);
  const parts = [
    taken.length === 0
      ? 'Nothing was understood so far.'
      : table(
          ['DEVICE', 'MEASURE', 'STREAM', '>W, Wh, %', 'SAID IN', 'SIGN', '>AGE', 'TOPIC'],
          taken.map((row) => [
            row.device ?? '',
            row.measure ?? '',
            row.stream ?? '',
            value(row),
            row.unit ?? '',
            row.sign ?? '',
            age(row),
            row.topic,
          ]),
        ),
    ...(refused.length === 0
      ? []
      : [
          `Not taken:\n${table(
            ['DEVICE', 'MEASURE', '>LAST', 'SAID IN', 'GUESS', 'WHY NOT', 'TOPIC'],
            refused.map((row) => [
              row.device ?? row.dialect ?? '',
              row.measure ?? '',
              value(row),
              row.unit ?? '',
              row.guess ? `${row.guess}?` : '',
              row.refusal ?? '',
              row.topic,
            ]),
          )}`,
        ]),
    ...(strangers.length === 0
      ? []
      : [
          `${strangers.length} topics that no dialect knows${shown.length < strangers.length ? ', --all names them' : ''}: ${shown.map(({ topic }) => topic).join(', ')}`,
        ]),
    ...(rows.some(({ timed, dialect }) => dialect !== undefined && timed === 'received')
      ? ['* counted from when the message came; its device says no time']
      : []),
  ];
  return parts.join('\n\n');
}
