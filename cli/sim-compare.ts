/**
 * Sim compare: results of `sim run` and `sim sweep` beside each other, paired by seed.
 *
 * One study (a folder of `sim run`) is compared within: every policy against one of them. Of several (folders, and the
 * variants of a sweep) the first is the reference, and each policy is compared with itself there.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { ScenarioFile } from '../simulator/scenario-file.ts';
import { type Arm, type Difference, differencesOf, unpairedIn } from '../simulator/study/compare.ts';
import type { RunMetrics } from '../simulator/study/run.ts';
import { labelOf } from '../simulator/sweep.ts';
import { table } from './table.ts';

export interface SimCompareOptions {
  /** Only this policy; within one study the one the others are compared with. */
  readonly policy?: string;
  readonly json: boolean;
}

/** Results that cannot be compared: which, and why. */
export class CompareFault extends Error {
  override readonly name = 'CompareFault';
}

/** A study's runs as a summary keeps them. */
interface Study {
  readonly label: string;
  readonly scenario: ScenarioFile;
  readonly inputs: Readonly<Record<string, string>>;
  readonly runs: readonly RunMetrics[];
}

const ran = z.object({
  scenario: z.looseObject({ baseline: z.string(), currency: z.string() }),
  inputs: z.record(z.string(), z.string()),
  runs: z.array(
    z.object({
      policy: z.string(),
      forecaster: z.string(),
      seed: z.number(),
      metrics: z.record(
        z.string(),
        z
          .number()
          .nullable()
          .transform((value) => value ?? Number.NaN),
      ), // JSON has no NaN
    }),
  ),
});
const summary = z.union([
  ran.transform((run) => [{ ...run, settings: {} as Record<string, unknown> }]),
  z.object({ variants: z.array(ran.extend({ settings: z.record(z.string(), z.unknown()) })) }).transform(({ variants }) => variants),
]);

/** @throws CompareFault for a folder without results */
function studiesIn(folder: string): Study[] {
  const file = join(folder, 'summary.json');
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new CompareFault(`no results in ${file}: ${(cause as Error).message}; sim run and sim sweep write them`, { cause });
  }
  const parsed = summary.safeParse(json);
  if (!parsed.success) throw new CompareFault(`${file} is no summary of sim run or sim sweep`, { cause: parsed.error });
  return parsed.data.map(({ settings, scenario, inputs, runs }) => ({
    label: [folder, labelOf(settings)].filter((part) => part !== '').join(': '),
    scenario: scenario as unknown as ScenarioFile,
    inputs,
    runs: runs as unknown as RunMetrics[],
  }));
}

interface Compared {
  readonly reference: string;
  readonly arm: string;
  readonly differences: readonly Difference[];
}

/** `sunward sim compare`. @throws CompareFault that says what differs or is missing */
export function simCompare(folders: readonly string[], { policy, json }: SimCompareOptions): void {
  const studies = folders.flatMap(studiesIn);
  const [first] = studies;
  if (!first) throw new CompareFault('nothing to compare: the summary has no variants');
  const pairs = studies.length === 1 ? withinOne(first, policy ?? first.scenario.baseline) : betweenStudies(studies, policy);
  const compared = pairs.map(([reference, arm]): Compared => {
    const unpaired = unpairedIn(reference, arm);
    if (unpaired.length > 0)
      throw new CompareFault(
        `${arm.label} cannot be paired with ${reference.label}, seed by seed:\n  ${unpaired
          .map(({ what, reference: ours, other }) => `${what} differ: ${ours} and ${other}`)
          .join('\n  ')}`,
      );
    return { reference: reference.label, arm: arm.label, differences: differencesOf(reference, arm) };
  });
  process.stdout.write(json ? `${JSON.stringify(compared, null, 2)}\n` : `${compared.map(comparedTable).join('\n\n')}\n`);
}

const armOf = ({ label, scenario, inputs, runs }: Study, policy: string): Arm => ({
  label: `${label}, ${policy}`,
  scenario,
  inputs,
  runs: runs.filter((run) => run.policy === policy),
});
const policiesOf = ({ runs }: Study): string[] => [...new Set(runs.map(({ policy }) => policy))];

function withinOne(study: Study, reference: string): (readonly [Arm, Arm])[] {
  const policies = policiesOf(study);
  if (!policies.includes(reference)) throw new CompareFault(`no policy ${reference} in ${study.label}; there are: ${policies.join(', ')}`);
  if (policies.length === 1) throw new CompareFault(`${study.label} has one policy alone; name another folder to compare it with`);
  return policies.filter((policy) => policy !== reference).map((policy) => [armOf(study, reference), armOf(study, policy)] as const);
}

function betweenStudies(studies: readonly Study[], only: string | undefined): (readonly [Arm, Arm])[] {
  const [first, ...others] = studies as [Study, ...Study[]];
  const inAll = policiesOf(first).filter((policy) => others.every((study) => policiesOf(study).includes(policy)));
  const policies = only === undefined ? inAll : inAll.filter((policy) => policy === only);
  if (policies.length === 0)
    throw new CompareFault(
      `no policy ${only === undefined ? '' : `${only} `}in all of them: ${studies.map((study) => `${study.label} has ${policiesOf(study).join(', ')}`).join('; ')}`,
    );
  return others.flatMap((study) => policies.map((policy) => [armOf(first, policy), armOf(study, policy)] as const));
}

/** Sums in another order differ by less; people are shown 0. */
const roundingMax = 1e-9;

function comparedTable({ reference, arm, differences }: Compared): string {
  const short = (value: number) => {
    if (Math.abs(value) < roundingMax) return '0';
    return Math.abs(value) >= 100 ? value.toFixed(1) : value.toPrecision(3);
  };
  const signed = (value: number) => (value >= roundingMax ? `+${short(value)}` : short(value));
  const rows = differences
    .filter(({ reference: base, mean }) => !Number.isNaN(base) && !Number.isNaN(mean))
    .map(({ metric, reference: base, mean, difference, percent, isClear }) => [
      metric,
      short(base),
      short(mean),
      signed(difference.mean),
      difference.seeds > 1 ? `[${signed(difference.low)}, ${signed(difference.high)}]` : '',
      Number.isNaN(percent) ? '' : `${signed(percent)} %`,
      isClear ? 'yes' : '',
    ]);
  const seeds = differences[0]?.difference.seeds ?? 0;
  const note = seeds > 1 ? `paired over ${seeds} seeds, Student’s t` : 'one seed: no intervals';
  const heads = ['METRIC', '>REFERENCE', '>THIS', '>DIFFERENCE', '>[95 %]', '>OF REFERENCE', 'CLEAR'];
  return `${arm}\nagainst ${reference}\n\n${table(heads, rows)}\n${note}`;
}
