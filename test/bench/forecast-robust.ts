/**
 * What forecasts withstand: holes in the record, an outage before the issue, a meter whose clock or unit has changed.
 *
 * Faults are planted into the records of the four grids, by a seed; the truth that is scored against stays whole.
 */
import type { PooledModel } from '../../energy-oracle/forecast/model/pooled-model.ts';
import { createChance } from '../../energy-oracle/forecast/model/seeded.ts';
import { type Known, knownAt } from '../../energy-oracle/forecast/target.ts';
import { type SymptomKind, symptomsOf } from '../../energy-oracle/forecast/trust/symptoms.ts';
import { DAY, HOUR } from '../../units/time.ts';
import { lossesOf, mean, rounded, type TestedGrid, type Walked, walk } from './forecast-grids.ts';
import type { Bar } from './main.ts';

const holeShare = 0.3;
const lossMax = 5;
const outageHours = 48;
const detectedMin = 95;
/** Between planted faults: an odd number of hours, so that they begin at every hour of the day. */
const onsetEveryMs = 4 * DAY + 7 * HOUR;
/** Hours after a fault at which somebody looks. */
const lookHours = [6, 12, 18, 24];

export function robustBars(model: PooledModel, grids: readonly TestedGrid[], seed: number): Bar[] {
  const whole = grids.map((grid) => walk(model, grid));
  return [holes(model, grids, whole, seed), ...outage(model, grids, whole), ...faults(grids)];
}

function holes(model: PooledModel, grids: readonly TestedGrid[], whole: readonly Walked[][], seed: number): Bar {
  const rows = grids.map((grid, k) => {
    const chance = createChance(seed + k);
    const isHole = grid.archive.history.values.map(() => (chance.uniform() < holeShare ? 1 : 0));
    const torn = walk(model, grid, {
      see: (known) => ({
        ...known,
        history: { ...known.history, values: known.history.values.map((value, i) => (isHole[i] ? Number.NaN : value)) },
      }),
    });
    const issues = new Set(torn.map(({ issuedAt }) => issuedAt));
    const same = (whole[k] as Walked[]).filter(({ issuedAt }) => issues.has(issuedAt));
    const lossOf = (walked: readonly Walked[], said: (one: Walked) => Float64Array) => lossesOf(grid.archive, walked, said).pinball;
    const line = ({ forecast }: Walked, name: 'cliper' | 'ridge') => forecast.members[name] as Float64Array;
    const change = (said: (one: Walked) => Float64Array) => 100 * (lossOf(torn, said) / lossOf(same, said) - 1);
    return {
      name: grid.name,
      ours: change(({ quantiles }) => quantiles),
      cliper: change((one) => line(one, 'cliper')),
      ridge: change((one) => line(one, 'ridge')),
      repeated: change(({ forecast }) => forecast.repeated),
    };
  });
  const value = mean(rows.map(({ ours }) => ours));
  const beside = `CLIPER ${mean(rows.map(({ cliper }) => cliper)).toFixed(1)}, ridge ${mean(rows.map(({ ridge }) => ridge)).toFixed(1)}, SN24 ${mean(rows.map(({ repeated }) => repeated)).toFixed(1)}`;
  return {
    bar: `${100 * holeShare} % of the record missing at random: more pinball loss (${rows.map(({ name, ours }) => `${name} ${ours.toFixed(1)}`).join(', ')}; ${beside})`,
    value: rounded(value),
    unit: '%',
    target: `<= +${lossMax}`,
    holds: value <= lossMax,
  };
}

function outage(model: PooledModel, grids: readonly TestedGrid[], whole: readonly Walked[][]): Bar[] {
  let [steps, invalid] = [0, 0];
  const wider = grids.map((grid, k) => {
    const cut = walk(model, grid, {
      see: (known) => {
        const { values } = known.history;
        const silent = values.slice();
        silent.fill(Number.NaN, Math.max(0, values.length - (outageHours * HOUR) / known.history.stepMs));
        return { ...known, history: { ...known.history, values: silent } };
      },
    });
    for (const one of cut) {
      steps += one.forecast.steps;
      invalid += invalidSteps(one);
    }
    return widthOf(cut) / widthOf(whole[k] as Walked[]);
  });
  const width = mean(wider);
  return [
    {
      bar: `${outageHours} h of silence before the issue: steps not finite, not in order or out of bounds, of ${steps}`,
      value: invalid,
      unit: 'steps',
      target: '0',
      holds: invalid === 0 && steps > 0,
    },
    {
      bar: `the same: P90 − P10 over that without (${grids.map(({ name }, k) => `${name} ${(wider[k] as number).toFixed(3)}`).join(', ')})`,
      value: rounded(width, 3),
      unit: '×',
      target: '> 1',
      holds: width > 1,
    },
  ];
}

function invalidSteps({ forecast, quantiles }: Walked): number {
  const levels = forecast.quantiles.length;
  const { floor = Number.NEGATIVE_INFINITY, ceiling = Number.POSITIVE_INFINITY } = forecast.target;
  let count = 0;
  for (let step = 0; step < forecast.steps; step++) {
    const row = quantiles.subarray(step * levels, (step + 1) * levels);
    if (row.some((value, j) => !Number.isFinite(value) || value < floor || value > ceiling || (j > 0 && value < (row[j - 1] as number))))
      count++;
  }
  return count;
}

function widthOf(walked: readonly Walked[]): number {
  let [sum, count] = [0, 0];
  for (const { forecast, quantiles } of walked) {
    const levels = forecast.quantiles.length;
    for (let step = 0; step < forecast.steps; step++, count++)
      sum += (quantiles[(step + 1) * levels - 1] as number) - (quantiles[step * levels] as number);
  }
  return sum / count;
}

interface Fault {
  readonly name: string;
  readonly symptom: SymptomKind;
  /** What the meter says of a step from the onset on. */
  readonly told: (values: Float64Array, i: number) => number;
}

const kinds: readonly Fault[] = [
  { name: 'a clock 1 h late', symptom: 'clock-shift', told: (values, i) => values[i - 1] ?? Number.NaN },
  { name: 'a clock 1 h early', symptom: 'clock-shift', told: (values, i) => values[i + 1] ?? Number.NaN },
  { name: 'values × 1000', symptom: 'unit-change', told: (values, i) => 1_000 * (values[i] as number) },
  { name: 'values ÷ 1000', symptom: 'unit-change', told: (values, i) => (values[i] as number) / 1_000 },
];

/** Share of onsets that are told within 24 h, by kind of fault, beside how often a sound record is suspected of the same. */
function faults(grids: readonly TestedGrid[]): Bar[] {
  return kinds.map(({ name, symptom, told }) => {
    let [onsets, detected, alarms] = [0, 0, 0];
    for (const { archive, from, to } of grids) {
      const { start, stepMs, values } = archive.history;
      for (let onset = from; onset + DAY <= to; onset += onsetEveryMs) {
        const first = Math.round((onset - start) / stepMs);
        const faulty = values.slice(0, first + DAY / stepMs);
        for (let i = first; i < faulty.length; i++) faulty[i] = told(values, i);
        const sees = (record: Float64Array, at: number) => {
          const known: Known = knownAt({ ...archive, history: { start, stepMs, values: record } }, at);
          return symptomsOf(known).some(({ kind }) => kind === symptom);
        };
        onsets++;
        if (lookHours.some((hours) => sees(faulty, onset + hours * HOUR))) detected++;
        if (sees(values, onset)) alarms++;
      }
    }
    const value = (100 * detected) / onsets;
    return {
      bar: `${name}: told within 24 h, of ${onsets} onsets (a sound record suspected at ${((100 * alarms) / onsets).toFixed(1)} % of looks)`,
      value: rounded(value, 1),
      unit: '%',
      target: `>= ${detectedMin}`,
      holds: value >= detectedMin,
    };
  });
}
