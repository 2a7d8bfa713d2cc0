/**
 * Meter command: a site's gateway. `sunward meter` runs it, `--check` says what it would do, `status` what it does.
 */
import { Command, InvalidArgumentError } from 'commander';
import { wallClock } from '../units/clock.ts';
import { type DurationMs, MINUTE, parseDuration } from '../units/time.ts';
import { checkMeter, checkText } from './meter-check.ts';
import { readMeterFile } from './meter-file.ts';
import { createMeterLog } from './meter-log.ts';
import { runMeter } from './meter-run.ts';
import { meterStatus, statusText } from './meter-status.ts';

const defaultData = '.sunward-meter';

const duration = (text: string): DurationMs => {
  const parsed = parseDuration(text);
  if (!parsed) throw new InvalidArgumentError('expected a duration such as 60s or 5m');
  return parsed;
};

interface MeterOptions {
  readonly config?: string;
  readonly data: string;
  readonly check: boolean;
  readonly for: DurationMs;
  readonly json: boolean;
}

/** @param stop  made when a command begins that can be stopped */
export function meterCommand(stop: () => AbortSignal): Command {
  const meter = new Command('meter')
    .description('run at a site: read its meters in any dialect, sign, keep and publish what they say')
    .option('--config <file>', 'the meter file (YAML); docs/gateway.md shows one')
    .option('--data <folder>', 'where the spool is kept', defaultData)
    .option('--check', 'say what would be read, signed and published, and publish nothing upstream', false)
    .option('--for <duration>', 'with --check: how long to listen', duration, MINUTE)
    .option('--json', 'log lines as JSON; with --check: the report', false)
    .action(async ({ config, data, check, json, ...options }: MeterOptions, command: Command) => {
      if (config === undefined) return command.error("error: option '--config <file>' is missing");
      const log = createMeterLog({ isJson: json, now: () => wallClock.now(), write: (line) => process.stderr.write(`${line}\n`) });
      const file = readMeterFile(config, process.env);
      if (check) {
        const report = await checkMeter({ file, data, lengthMs: options.for, log, isJson: json, stop: stop() });
        process.stdout.write(`${json ? JSON.stringify(report) : checkText(report)}\n`);
        return;
      }
      if (file.plans.length === 0)
        return command.error(
          `error: ${config} names no streams; \`sunward meter --config ${config} --check\` shows what the devices tell of`,
        );
      await runMeter({ file, data, log, stop: stop() });
    });
  meter
    .command('status')
    .description('what a gateway holds, and how it fares')
    .option('--data <folder>', 'where the spool is kept')
    .option('--json', 'print JSON', false)
    .action(async (_, command: Command) => {
      const { data, json } = command.optsWithGlobals<{ data?: string; json: boolean }>();
      const status = await meterStatus(data ?? defaultData);
      process.stdout.write(`${json ? JSON.stringify(status) : statusText(status)}\n`);
    });
  return meter;
}
