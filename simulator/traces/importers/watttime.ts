/**
 * WattTime: marginal operating emissions of a region, from its CSV, its API's older list and the answer of version 3.
 *
 * Owns the unit (pounds of CO2 per MWh) and the basis: a MOER is what one more kWh makes, not what the average one made.
 * Other signals of the API, health damage for one, are refused by name. Stamps are UTC starts of five minutes, as a rule.
 */
import { z } from 'zod';
import type { Instant } from '../../../units/time.ts';
import {
  gapsOf,
  type Imported,
  ImportFault,
  leastStep,
  onGrid,
  readJson,
  readNumber,
  readStamp,
  readTable,
  tallied,
} from './import-note.ts';

const what = 'carbon-intensity' as const;
/** One avoirdupois pound is 453.59237 g (international yard and pound agreement, 1959); per MWh that is a thousandth in g/kWh. */
export const gramsPerKwhOfPoundsPerMwh = 0.45359237;

const point = z.object({
  point_time: z.string(),
  value: z.number().nullable(),
  ba: z.string().optional(),
  datatype: z.string().optional(),
});
const answer = z.object({
  data: z.array(point),
  meta: z.object({ region: z.string().optional(), signal_type: z.string().optional(), units: z.string().optional() }).optional(),
});
/** Names of the unit, and of the signals that are in it. */
const unitName = 'lbs_co2_per_mwh';
const bases: Readonly<Record<string, 'average' | 'marginal'>> = {
  co2_moer: 'marginal',
  moer: 'marginal',
  co2_aoer: 'average',
  aoer: 'average',
};

interface Points {
  readonly stamps: readonly (readonly [stamp: string | undefined, value: number | undefined])[];
  /** Names that the points give; one of each at most is fit to be read. */
  readonly regions: readonly string[];
  readonly signals: readonly string[];
  /** Line of the first point; 0 in JSON. */
  readonly line: number;
}

/** Carbon intensity, gCO2eq/kWh ≥ 0, marginal unless the record says `co2_aoer`; hours are kept as the record steps. An ImportFault for anything else. */
export function importWattTime(text: string, zone = ''): Imported {
  const { stamps, regions, signals, line } = /^\ufeff?\s*[[{]/.test(text) ? pointsOfJson(text) : pointsOfTable(text);
  const [region = '', signal = 'co2_moer'] = [theOne('region', regions), theOne('signal', signals)?.toLowerCase()];
  const basis = Object.hasOwn(bases, signal) ? bases[signal] : undefined;
  if (!basis) throw new ImportFault(what, 0, `expected the signal ${Object.keys(bases).join(', ')}, found ${JSON.stringify(signal)}`);
  const values = new Map<Instant, number | undefined>();
  let [repeated, naive] = [0, 0];
  stamps.forEach(([stamp, pounds], i) => {
    const at = line > 0 ? i + line : 0;
    const { wallMs, offsetMs } = readStamp(what, stamp, at);
    if (offsetMs === undefined) naive++;
    if (pounds !== undefined && pounds < 0) throw new ImportFault(what, at, `expected an intensity ≥ 0, found ${pounds}`);
    const instant = wallMs - (offsetMs ?? 0);
    if (values.has(instant)) repeated++;
    values.set(instant, pounds === undefined ? undefined : pounds * gramsPerKwhOfPoundsPerMwh);
  });
  const series = onGrid(what, values, leastStep(what, values.keys()));
  const corrections = [
    `pounds of CO2 per MWh times ${gramsPerKwhOfPoundsPerMwh}`,
    ...(basis === 'marginal' ? ['marginal: what one more kWh makes; not to be compared with averages'] : []),
    ...(signals.length === 0 ? ['the record names no signal; read as co2_moer'] : []),
    ...tallied([naive, 'stamps without an offset were read as UTC'], [repeated, 'stamps came twice; the later row was kept']),
  ];
  const note = {
    what,
    zone: zone || region,
    unit: 'gCO2eq/kWh',
    basis,
    timeZone: 'UTC',
    resolutionMs: series.stepMs,
    records: stamps.length,
  };
  return { series, note: { ...note, gaps: gapsOf(series), corrections } };
}

function pointsOfJson(text: string): Points {
  const json = readJson(what, text);
  const parsed = answer.safeParse(Array.isArray(json) ? { data: json } : json);
  if (!parsed.success) throw new ImportFault(what, 0, z.prettifyError(parsed.error));
  const { data, meta } = parsed.data;
  if (meta?.units !== undefined && meta.units !== unitName)
    throw new ImportFault(what, 0, `expected units ${unitName}, found ${meta.units}`);
  return {
    stamps: data.map(({ point_time, value }) => [point_time, value ?? undefined]),
    regions: meta?.region === undefined ? data.flatMap(({ ba }) => ba ?? []) : [meta.region],
    signals: meta?.signal_type === undefined ? data.flatMap(({ datatype }) => datatype ?? []) : [meta.signal_type],
    line: 0,
  };
}

function pointsOfTable(text: string): Points {
  const { rows, column, columnIfAny } = readTable(what, text);
  const [stampColumn, valueColumn] = [column('point_time'), column('value')];
  const cellsOf = (at: number | undefined) => (at === undefined ? [] : rows.map((row) => row[at] ?? '').filter((cell) => cell !== ''));
  return {
    stamps: rows.map((row, i) => [row[stampColumn], readNumber(what, row[valueColumn], i + 2)]),
    regions: cellsOf(columnIfAny('region', 'ba')),
    signals: cellsOf(columnIfAny('signal_type', 'datatype')),
    line: 2,
  };
}

/** The name that all points share; `undefined` when they give none. */
function theOne(title: string, names: readonly string[]): string | undefined {
  const found = [...new Set(names)];
  if (found.length > 1) throw new ImportFault(what, 0, `expected one ${title}, found ${found.slice(0, 20).join(', ')}`);
  return found[0];
}
