/**
 * Saved mapping: what was sniffed, as the YAML that the gateway takes. A person reads it before it counts.
 */
import { stringify } from 'yaml';
import type { SniffedRow } from '../energy-oracle/telemetry/dialects/sniffing.ts';
import { type Instant, toIso } from '../units/time.ts';

/** @param content  what the file that was sniffed with said; its dialects, variables and devices are kept as they are */
export function savedMapping({ content, rows, at }: { content: unknown; rows: readonly SniffedRow[]; at: Instant }): string {
  const given = (content ?? {}) as Readonly<Record<string, unknown>>;
  const kept = ['variables', 'dialects'].filter((key) => given[key] !== undefined);
  const own = Array.isArray(given['devices']) ? given['devices'] : [];
  const [understood, open] = [
    distinct(rows.filter(({ refusal }) => refusal === undefined)),
    distinct(rows.filter(({ refusal }) => refusal !== undefined)),
  ];
  const named = (device: string, measure: string) =>
    own.some(
      (each) => (each as { device?: unknown }).device === device && ((each as { measure?: unknown }).measure ?? 'power') === measure,
    );
  const fresh = understood.filter(({ device, measure }) => !named(device ?? '', measure ?? ''));
  const use = [...new Set(rows.flatMap(({ dialect, device }) => (dialect !== undefined && device !== undefined ? [dialect] : [])))].sort();
  const entry = ({ device, measure, stream, guess }: SniffedRow) => flow({ device, measure, stream: stream ?? guess ?? '?' });
  const undecided = open.filter(({ device, stream }) => device !== undefined && stream === undefined);
  const lines = [
    `# What was heard until ${toIso(at)}, by sunward oracle sniff. Read it, then give it to sunward meter --dialects.`,
    ...(use.length > 0 ? [`use: ${flow(use)}`] : []),
    '# Only what is listed below is metered.',
    'others: ignore',
    'devices:',
    ...own.map((each) => `  - ${flow(each)}`),
    ...fresh.map((row) => `  - ${entry(row)} # ${comment(row)}`),
    ...(own.length + fresh.length === 0 ? ['  []'] : []),
    ...(undecided.length > 0 ? ['  # Only their owner knows which stream these are; what stands there is a guess by the name, or ?.'] : []),
    ...undecided.map((row) => `  # - ${entry(row)} # ${comment(row)}`),
  ];
  return `${[...lines, ...kept.map((key) => stringify({ [key]: given[key] }).trimEnd())].join('\n')}\n`;
}

const flow = (value: unknown): string => stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trim();
const comment = ({ value, unit, topic, refusal }: SniffedRow): string =>
  `${value === undefined ? 'no value' : `last ${Number(value.toFixed(3))}`}${unit ? `, said in ${unit}` : ', no unit said'}, on ${JSON.stringify(topic)}${
    refusal && !unit ? '; give it a unit' : ''
  }`;

/** One a device and measure: several topics may tell of it. */
function distinct(rows: readonly SniffedRow[]): readonly SniffedRow[] {
  const byName = new Map(rows.map((row) => [`${row.device} ${row.measure}`, row]));
  return [...byName.values()];
}
