/**
 * Own record: any hourly table as a backtest of one of its columns.
 *
 * The first two thirds are learned from, the rest is the test. Columns named as signals are taken as forecasts that were
 * known before their hour; nobody can check that here.
 */
import type { Target, TargetKind } from '../../energy-oracle/forecast/target.ts';
import { DAY, HOUR } from '../../units/time.ts';
import { importHourlyTable } from '../traces/importers/hourly-table.ts';
import type { ForecastTask } from './forecast-tasks.ts';

export interface OwnRecord {
  readonly name: string;
  /** CSV with UTC stamps of hours' starts in the first column. */
  readonly text: string;
  readonly column: string;
  readonly kind: TargetKind;
  readonly latitude: number;
  readonly longitude: number;
  /** A nameplate, in the column's unit. */
  readonly ceiling?: number | undefined;
  readonly signals?: readonly string[];
}

/** A shorter record leaves too little to learn from after the first four weeks. */
const daysMin = 120;
const trainShare = 2 / 3;

/** @throws RangeError for a column that is not there or a record that is too short */
export function ownRecordTask({ name, text, column, kind, latitude, longitude, ceiling, signals = [] }: OwnRecord): ForecastTask {
  const records = importHourlyTable(text);
  const dense = (wanted: string) => {
    const found = records[wanted];
    if (!found) throw new RangeError(`${name} has no column ${wanted}; there are ${Object.keys(records).join(', ')}`);
    return found;
  };
  const history = dense(column);
  const days = Math.floor((history.values.length * history.stepMs) / DAY);
  if (days < daysMin) throw new RangeError(`${name} holds ${days} days, at least ${daysMin} are needed`);
  const floor = kind === 'net' || kind === 'import-price' ? undefined : 0;
  const target: Target = { id: column, kind, latitude, longitude, pv: [], ceiling, floor };
  const archive = { target, history, signals: Object.fromEntries(signals.map((signal) => [signal, dense(signal)])), companions: {} };
  const from = Math.ceil((history.start + trainShare * days * DAY) / DAY) * DAY;
  return {
    name,
    about: `${column} of ${name}, the last third of it`,
    quantiles: [0.1, 0.5, 0.9],
    horizonMs: 4 * DAY,
    issueEveryMs: 6 * HOUR,
    targets: [{ archive, from, to: history.start + history.values.length * history.stepMs }],
    learnFrom: [archive],
    refit: 'never',
    scoredAs: kind === 'net' ? 'surplus' : 'value',
    settings: { kind, rowsRoughly: 50 * history.values.length, but: { rowsMax: Math.min(150_000, 8 * history.values.length) } },
  };
}
