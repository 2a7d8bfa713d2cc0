/**
 * Detect: which format a record is in, from its beginning.
 *
 * Owns the signs of each format. One must fit alone: none or several is a fault that lists the formats. The file's name
 * is asked only then, and only where it is as telling as `.epw`.
 */
import { type FormatName, formatNames, formats } from './formats.ts';
import { ImportFault, plain } from './import-note.ts';
import { ownJobColumns } from './own-jobs.ts';
import { ownColumnOf } from './own-series.ts';
import { paiColumns, paiStatuses } from './pai-jobs.ts';

/** So much of a text is looked at, characters. */
const openingMax = 65_536;

interface Opening {
  readonly text: string;
  readonly lines: readonly string[];
  /** Names of the first line as a header, plain. */
  readonly names: readonly string[];
  readonly isJson: boolean;
}

const has =
  (...wanted: string[]) =>
  ({ names }: Opening) =>
    wanted.every((name) => names.includes(name));
const hasLike = ({ names }: Opening, pattern: RegExp) => names.some((name) => pattern.test(name));
const says = ({ text, isJson }: Opening, ...keys: string[]) => isJson && keys.every((key) => text.includes(`"${key}"`));

const signs: Readonly<Record<FormatName, (opening: Opening) => boolean>> = {
  'electricity-maps': (opening) => has('datetime (utc)', 'zone id')(opening) && hasLike(opening, /^carbon intensity/),
  watttime: (opening) => has('point_time', 'value')(opening) || says(opening, 'point_time', 'value'),
  'half-hourly-carbon': has('time', 'carbon intensity'),
  'wholesale-price': (opening) => has('datetime')(opening) && hasLike(opening, /^price \(.+\/mwh\)$/),
  'utc-price': (opening) => has('datetime (utc)')(opening) && hasLike(opening, /^price \(.+\/mwh\)$/),
  'entsoe-price': (opening) => hasLike(opening, /^mtu\b/) && hasLike(opening, /^day-ahead price\b/),
  'eia-930': has('balancing authority', 'utc time at end of hour'),
  'open-meteo': (opening) => says(opening, 'utc_offset_seconds', 'hourly'),
  pvgis: (opening) => says(opening, 'inputs', 'outputs') && (says(opening, 'hourly') || says(opening, 'tmy_hourly')),
  tmy3: ({ lines }) => /^date \(mm\/dd\/yyyy\),time \(hh:mm\)/i.test(lines[1] ?? ''),
  epw: ({ lines }) => /^LOCATION,/.test(lines[0] ?? ''),
  swf: ({ lines }) => {
    const first = lines.find((line) => line.trim() !== '' && !line.startsWith(';'));
    return first !== undefined && /^\s*(-?\d+(\.\d+)?\s+){17}-?\d+(\.\d+)?\s*$/.test(first);
  },
  pai: ({ names, lines }) =>
    names.length === paiColumns.length &&
    (names[0] === paiColumns[0] || paiStatuses.includes((lines[0] ?? '').split(',')[3]?.trim() ?? '')),
  openb: has('num_gpu', 'gpu_milli', 'creation_time', 'deletion_time'),
  gaia: has('arrival_time', 'length', 'cpus'),
  vessim: (opening) => opening.names[0] === 'time' && opening.names.length > 1 && !has('time', 'carbon intensity')(opening),
  'own-series': ({ names }) => names[0] === 'start' && ownColumnOf(names[1]) !== undefined,
  'own-jobs': has(...ownJobColumns),
};

/** Ends of file names that are a format's own. */
const fileNames: Partial<Record<FormatName, RegExp>> = { swf: /\.swf$/i, epw: /\.epw$/i, pai: /pai_task_table/i };

/** The format that fits alone. An ImportFault that lists the formats when none does, or several. */
export function detectFormat(text: string, fileName = ''): FormatName {
  const opening = text.slice(0, openingMax).replace(/^\ufeff/, '');
  const lines = opening.split(/\r?\n/);
  const names = (lines[0] ?? '').split(',').map((name) => plain(name.replace(/^\s*"|"\s*$/g, '')));
  const fitting = formatNames.filter((name) => signs[name]({ text: opening, lines, names, isJson: /^\s*[[{]/.test(opening) }));
  if (fitting.length === 1) return fitting[0] as FormatName;
  const bare = fileName.replace(/\.gz$/i, '');
  const byName = (fitting.length > 0 ? fitting : formatNames).filter((name) => fileNames[name]?.test(bare));
  if (byName.length === 1) return byName[0] as FormatName;
  const found =
    fitting.length > 1
      ? `its beginning fits ${fitting.join(' and ')}`
      : `its beginning is of no format: ${JSON.stringify(lines[0]?.slice(0, 100))}`;
  const list = formatNames.map((name) => `  ${name.padEnd(20)}${formats[name].title}`).join('\n');
  throw new ImportFault('unknown', 0, `${found}. There are:\n${list}`, undefined, 'format');
}
