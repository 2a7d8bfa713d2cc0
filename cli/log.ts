/**
 * Log: what a server tells its operator, one event a line, on standard error or into a file.
 *
 * People read text, programs read JSON lines; both say the same. Every line passes the scrub, so that a secret in a
 * fault of somebody else's library stays a secret. Results of commands are not logged; they are printed.
 */
import pino from 'pino';

/** Every event there is, and what it tells. A line's `event` is one of these and nothing else. */
export const logEvents = {
  'server.start': 'the server listens, or begins to stop',
  'server.insecure': 'something was allowed that should not be open to others',
  engine: 'an embedded or external engine spoke',
  'broker.client': 'a connection was refused, limited, closed, or failed',
  'http.request': 'a request was answered: id, method, path, status, duration, key id',
  'http.refused': 'a request was turned away at the door: no key, no right, too many, too large',
  reading: 'readings or the line they come over',
  quarantine: 'a message was not believed, and why',
  outlook: 'outlooks, scores and what models learned',
  job: 'a job changed its state',
  plan: 'a plan was made',
  run: 'a run began, ended or was metered',
  ledger: 'entries were booked',
  settlement: 'a period was settled',
  claim: 'a provider was paid',
  system: 'everything else that the river tells of itself',
} as const satisfies Record<string, string>;
export type LogEvent = keyof typeof logEvents;

export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];
export const logFormats = ['text', 'json'] as const;
export type LogFormat = (typeof logFormats)[number];

type Fields = Readonly<Record<string, string | number | boolean | undefined>>;
export type Log = Readonly<Record<LogLevel, (event: LogEvent, text: string, fields?: Fields) => void>>;

export interface LogOptions {
  readonly format?: LogFormat;
  readonly level?: LogLevel;
  /** Appended to; standard error without it. */
  readonly file?: string | undefined;
  readonly scrub: (text: string) => string;
}

/** A log; `write` takes lines instead of standard error or the file, for whoever wants to look at them. */
export function createLog({ format = 'text', level = 'info', file, scrub }: LogOptions, write?: (line: string) => void): Log {
  const lines = write ? { write } : pino.destination({ dest: file ?? 2, append: true, mkdir: true, sync: true });
  const sink = format === 'json' ? lines : { write: (line: string) => void lines.write(`${textLine(line)}\n`) };
  const pen = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      messageKey: 'text',
    },
    sink,
  );
  const at =
    (severity: LogLevel): Log[LogLevel] =>
    (event, text, fields = {}) => {
      if (!pen.isLevelEnabled(severity)) return;
      const clean = Object.entries(fields).map(([name, value]) => [name, typeof value === 'string' ? scrub(value) : value]);
      pen[severity]({ event, ...Object.fromEntries(clean) }, scrub(text));
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** Instant, event, text, and the fields behind it. */
function textLine(json: string): string {
  const { time, level, event, text, ...fields } = JSON.parse(json) as Record<string, string>;
  const loud = level === 'warn' || level === 'error' ? `${level}: ` : '';
  const rest = Object.entries(fields).map(([name, value]) => `  ${name}=${value}`);
  return `${time}  ${event?.padEnd(10)} ${loud}${text?.replaceAll('\n', ' ⏎ ')}${rest.join('')}`;
}
