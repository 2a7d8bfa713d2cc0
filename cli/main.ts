/**
 * Main: argv in, a command run, an exit code out. The only file that knows the command line.
 */
import { Command, InvalidArgumentError, Option } from 'commander';
import { settings } from '../scheduler/queue/admission.ts';
import { DAY, type DurationMs, type Instant, parseDuration, parseInstant, toIso } from '../units/time.ts';
import { runAgent } from './agent.ts';
import { dataCommand } from './data.ts';
import { forecastCommand } from './forecast.ts';
import { jobsCommand } from './jobs.ts';
import { keyCommand } from './key.ts';
import { logFormats, logLevels } from './log.ts';
import { meterCommand } from './meter.ts';
import { oracleCommand } from './oracle.ts';
import { keepMonths } from './retention.ts';
import { serve } from './serve.ts';
import { simCommand } from './sim.ts';
import { start } from './start.ts';

const duration = (text: string): DurationMs => {
  const parsed = parseDuration(text);
  if (!parsed) throw new InvalidArgumentError('expected a duration such as 90m, 2d or P7D');
  return parsed;
};
/** The demo year has no more days. */
const lengthMsMax: DurationMs = 366 * DAY;
const length = (text: string): DurationMs => {
  const parsed = duration(text);
  if (parsed > lengthMsMax) throw new InvalidArgumentError('expected at most 366d');
  return parsed;
};
const instant = (text: string): Instant => {
  const parsed = parseInstant(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00Z` : text);
  if (parsed === undefined || parsed < 0 || parsed % 3_600_000 !== 0)
    throw new InvalidArgumentError('expected a day from 1970 on such as 2022-06-06, or a whole hour in RFC 3339 with its offset');
  return parsed;
};
const number = (min: number, max: number) => (text: string) => {
  const parsed = Number(text);
  if (!(parsed >= min && parsed <= max)) throw new InvalidArgumentError(`expected a number from ${min} to ${max}`);
  return parsed;
};

const whole = (min: number, max: number) => (text: string) => {
  const parsed = Number(text);
  if (!/^\d+$/.test(text) || parsed < min || parsed > max) throw new InvalidArgumentError(`expected a whole number from ${min} to ${max}`);
  return parsed;
};

/** When an orderly stop takes longer than this, the process ends and its leashes end the rest. */
const stopMsMax = 4_500;

/** Ctrl-C and SIGTERM ask for an orderly stop; a second one, or too slow a one, ends it. */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  const ask = () => {
    if (controller.signal.aborted) process.exit(0);
    controller.abort();
    process.stderr.write('\nstopping…\n');
    setTimeout(() => process.exit(0), stopMsMax).unref();
  };
  process.on('SIGINT', ask);
  process.on('SIGTERM', ask);
  return controller.signal;
}

/** Where the demo year begins. */
const demoStart: Instant = Date.UTC(2026, 5, 1);

const program = new Command('sunward')
  .description('Moves AI work to where and when power is green and cheap, accounts for it, and pays for it.')
  .showHelpAfterError();

program
  .command('start')
  .description('run the whole river on this machine: six sites, real jobs, a demo year on a virtual clock')
  .option('--speed <factor>', 'virtual time per wall time', number(1, 100_000), 600)
  .option(
    '--for <duration>',
    'run so long in virtual time (at most 366d) as fast as the machine allows, print the summary and exit',
    length,
  )
  .option('--from <day>', `first instant of the run (default: ${toIso(demoStart).slice(0, 10)})`, instant)
  .option('--grid <folder>', 'replay recorded prices, carbon intensity and weather instead of the generated year')
  .option('--jobs <file>', 'replay a recorded job trace (CSV: arrival_time,length,cpus in seconds) instead of the example jobs')
  .addOption(new Option('--optimize <setting>', 'what traced jobs minimise').choices(Object.keys(settings)).default('balanced'))
  .option('--data <folder>', 'where everything is kept (default: .sunward; a temporary folder with --for)')
  .option('--port <port>', 'of the page and the API', whole(0, 65_535), 7070)
  .option('--seed <seed>', 'of everything that is drawn', whole(0, 2 ** 31), 7)
  .option('--json', 'with --for: print nothing but the summary as JSON', false)
  .action((options, command: Command) => {
    if (options.json && options.for === undefined)
      command.error("error: option '--json' prints the summary of a run that ends; give --for too");
    if (options.jobs === undefined && command.getOptionValueSource('optimize') === 'cli')
      command.error("error: option '--optimize' is for traced jobs; give --jobs too, or write it into the job file (policy.optimize)");
    return start({ ...options, from: options.from ?? demoStart, lengthMs: options.for, env: process.env, stop: stopSignal() });
  });

program
  .command('serve')
  .description('run oracle and scheduler live, for the sites of a fleet file')
  .requiredOption('--fleet <file>', 'sites, feeds and currency (YAML)')
  .option('--data <folder>', 'where embedded engines keep everything', '.sunward-live')
  .option('--host <address>', 'that the page and the API listen on', '127.0.0.1')
  .option('--port <port>', 'of the page and the API', whole(0, 65_535), 7070)
  .option('--tls-cert <file>', 'certificate of the API and of the broker’s outer address (PEM)')
  .option('--tls-key <file>', 'the key of the certificate (PEM)')
  .option('--broker-listen <address:port>', 'where the embedded broker takes sites, over TLS (default: this machine alone)')
  .option('--client-ca <file>', 'authority of sites’ certificates (PEM): a certificate’s name is the site')
  .option('--credentials <file>', 'hashes of sites’ passwords (default: beside the fleet file)')
  .option('--require-keys', 'ask for API keys on a loopback address too')
  .option('--insecure', 'start although strangers could come in; says what is open')
  .addOption(new Option('--log-format <format>', 'lines for people or for programs').choices(logFormats).default('text'))
  .addOption(new Option('--log-level <level>', 'least that is told').choices(logLevels).default('info'))
  .option('--log-file <file>', 'append the log to a file (default: standard error)')
  .option('--retrain <cron>', 'when forecast models are trained anew, UTC (default: every night at 02:20)')
  .option('--keep-months <months>', 'months of raw readings to keep before this one', whole(1, 1_200), keepMonths)
  .action((options) => serve({ ...options, env: process.env, stop: stopSignal() }));

program
  .command('agent')
  .description('run at a site: take leases from a broker, run and meter them')
  .requiredOption('--site <id>', 'as in the fleet file')
  .requiredOption('--mqtt <url>', 'the broker')
  .requiredOption('--key <file>', 'the site’s secret key, made by `sunward key`')
  .option('--data <folder>', 'jobs, checkpoints and journal', '.sunward-agent')
  .action((options) => runAgent({ ...options, stop: stopSignal() }));

program.addCommand(keyCommand());
program.addCommand(jobsCommand());
program.addCommand(simCommand(stopSignal));
program.addCommand(dataCommand());
program.addCommand(oracleCommand(stopSignal));
program.addCommand(meterCommand(stopSignal));
forecastCommand(program);

program.parseAsync().then(
  () => process.exit(process.exitCode ?? 0),
  (fault: unknown) => {
    process.stderr.write(`sunward: ${fault instanceof Error ? fault.message : String(fault)}\n`);
    if (process.env['SUNWARD_DEBUG'] && fault instanceof Error) process.stderr.write(`${fault.stack}\n`);
    process.exit(1);
  },
);
