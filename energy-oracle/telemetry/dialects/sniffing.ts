/**
 * Sniffing: what a broker's messages would be understood as, row by row, before anything is saved.
 *
 * A row is one number of one device, or a topic that means nothing to any dialect, with the reason. Guesses are made from
 * names and units, are marked as such, and never count: they only spare their owner some typing.
 */
import type { Instant } from '../../../units/time.ts';
import type { Stream } from '../reading.ts';
import type { Finding, Interpreter, Understood } from './dialect-translator.ts';
import { baseOf } from './meter-unit.ts';
import { boundedMap } from './said.ts';
import type { LocalMessage } from './translator.ts';

export interface SniffedRow {
  readonly topic: string;
  readonly dialect: string | undefined;
  readonly device: string | undefined;
  readonly measure: string | undefined;
  readonly stream: Stream | undefined;
  /** What its name suggests where nobody has said; never taken. */
  readonly guess: Stream | undefined;
  readonly unit: string | undefined;
  readonly sign: '+' | '-' | undefined;
  /** W, Wh or % once the unit is known. */
  readonly value: number | undefined;
  readonly at: Instant;
  readonly timed: 'device' | 'received';
  readonly messages: number;
  /** Why it is not taken; `undefined` when it is. */
  readonly refusal: string | undefined;
}

export interface Sniffing {
  hear(message: LocalMessage): Understood;
  /** Understood first, then refused, then topics that no dialect knows; each by name. */
  rows(): readonly SniffedRow[];
}

const rowsMax = 5_000;

export function createSniffing({ interpreter }: { interpreter: Interpreter }): Sniffing {
  const rows = boundedMap<SniffedRow>(rowsMax);
  const strangers = boundedMap<SniffedRow>(rowsMax);
  const put = (table: Map<string, SniffedRow>, key: string, row: Omit<SniffedRow, 'messages'>) =>
    table.set(key, { ...row, messages: (table.get(key)?.messages ?? 0) + 1 });
  return {
    hear: (message) => {
      const understood = interpreter.understand(message);
      const nothing = {
        device: undefined,
        measure: undefined,
        stream: undefined,
        guess: undefined,
        unit: undefined,
        sign: undefined,
        value: undefined,
      };
      const received = { topic: message.topic, at: message.receivedAt, timed: 'received' as const };
      for (const finding of understood.findings) put(rows, `${finding.device} ${finding.measure} ${finding.topic}`, rowOf(finding));
      for (const { dialect, reason } of understood.refusals)
        put(rows, `${dialect} ${message.topic}`, { ...nothing, ...received, dialect, refusal: reason });
      if (!understood.isKnown)
        put(strangers, message.topic, { ...nothing, ...received, dialect: undefined, refusal: 'no dialect knows this topic' });
      return understood;
    },
    rows: () =>
      [...rows.values(), ...strangers.values()].sort(
        (a, b) => rank(a) - rank(b) || compare(a.device, b.device) || compare(a.measure, b.measure) || compare(a.topic, b.topic),
      ),
  };
}

const rank = ({ refusal, dialect }: SniffedRow): number => (refusal === undefined ? 0 : dialect === undefined ? 2 : 1);
const compare = (a = '', b = ''): number => (a < b ? -1 : a > b ? 1 : 0);

function rowOf({ dialect, device, measure, topic, stream, unit, sign, value, at, timed, refusal }: Finding): Omit<SniffedRow, 'messages'> {
  const guess = stream === undefined ? guessedStream(`${device} ${measure}`, unit) : undefined;
  return { dialect, device, measure, topic, stream, guess, unit, sign, value: Number.isNaN(value) ? undefined : value, at, timed, refusal };
}

const named: readonly (readonly [RegExp, Stream, 'W' | 'Wh' | '%'])[] = [
  [/soc|state.?of.?charge/i, 'battery_soc', '%'],
  [/batter|akku|powerwall/i, 'battery_power', 'W'],
  [/\b(pv|solar|sun|roof|panel|dach)|photovolt|inverter|balkon/i, 'pv_power', 'W'],
  [/grid|mains|netz|smart.?meter|\bem:0/i, 'grid_power', 'W'],
  [/load|house|home|consum|heater|plug|switch|haus/i, 'load_power', 'W'],
  [/return|export|feed.?in|einspeis|produced/i, 'energy_export', 'Wh'],
  [/import|bezug|total_act\b|consumed|\bem:0 energy/i, 'energy_import', 'Wh'],
];

/** By the first word of its name that says something; `undefined` where none does. */
export function guessedStream(name: string, unit: string | undefined): Stream | undefined {
  const base = unit === undefined ? undefined : baseOf(unit)?.base;
  return base === undefined ? undefined : named.find(([word, , of]) => of === base && word.test(name))?.[1];
}
