/**
 * Cells: a scenario as single runs, each one variant with one seed under one policy, and the running of one.
 *
 * A cell depends on what its key is made of and on nothing else: not on the process that runs it, nor on what ran before.
 * The key covers the variant, the seed, the policy with the text of an own one, and the bytes of every record that is read.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { createMemoryModelStore } from '../energy-oracle/forecast/model-store.ts';
import { filesOf } from '../simulator/grid-file.ts';
import { runAsRiver } from '../simulator/river-run.ts';
import type { ScenarioFile } from '../simulator/scenario-file.ts';
import type { Forecaster } from '../simulator/study/belief.ts';
import { policies as named } from '../simulator/study/policy.ts';
import type { Prepared } from '../simulator/study/prepare.ts';
import { runMoving, type SettledRun } from '../simulator/study/price-maker-run.ts';
import { clairvoyant, type RunMetrics, runClairvoyant, runStudy, type StudyRun } from '../simulator/study/run.ts';
import type { Study } from '../simulator/study/study.ts';
import type { Variant } from '../simulator/sweep.ts';
import { learningEngine } from './learning.ts';
import { policyMark } from './own-policy-file.ts';
import { type LoadedScenario, loadScenario, policyPath, readScenarioYaml, ScenarioFault } from './scenario-yaml.ts';

/** One run that is asked for; plain data, so that it can be sent to a worker. */
export interface Cell {
  /** Place among the cells of its plan. */
  readonly index: number;
  readonly variant: number;
  readonly seed: number;
  readonly policy: string;
  /** Name of its file: readable, and another one for another result. */
  readonly key: string;
}

/** All cells of a scenario file in order: by variant, then seed, then policy, the baseline first. */
export interface CellPlan {
  readonly file: string;
  readonly scenario: ScenarioFile;
  readonly variants: readonly PlannedVariant[];
  readonly cells: readonly Cell[];
}

export interface PlannedVariant extends Variant {
  /** Marks of the bytes of the records it reads, by their paths as they are written. */
  readonly inputs: Readonly<Record<string, string>>;
}

/** Names this program's results: another version's are not taken for ours. */
const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

/** @throws ScenarioFault or an error of the file system for an input that is not there */
export function planCells(file: string, options: { readonly clairvoyant: boolean; readonly sweep: boolean }): CellPlan {
  const { scenario, variants: swept } = readScenarioYaml(file);
  const marks = new Map<string, string>();
  const variants = (options.sweep ? swept : [{ settings: {}, scenario }]).map((variant) => ({
    ...variant,
    inputs: inputsOf(variant.scenario, file, marks),
  }));
  if (options.clairvoyant && variants.some(({ scenario: own }) => own.depth === 'river'))
    throw new ScenarioFault(file, [
      'depth: found river beside --clairvoyant; allowed: study, whose truth a plan can know ahead; nobody foresees meters, leases and mishaps',
    ]);
  const compared = scenario.policies.filter((name) => name !== scenario.baseline);
  const policies = [scenario.baseline, ...compared, ...(options.clairvoyant ? [clairvoyant] : [])];
  const policyMarks = new Map(policies.map((name) => [name, policyMarkOf(name, file)]));
  const cells = variants.flatMap(({ scenario: own, inputs }, variant) => {
    const mark = variantMark(own, inputs);
    return scenario.seeds.flatMap((seed) =>
      policies.map((policy) => ({ variant, seed, policy, key: keyOf(policy, seed, [version, mark, policyMarks.get(policy)]) })),
    );
  });
  return { file, scenario, variants, cells: cells.map((cell, index) => ({ index, ...cell })) };
}

const digestOf = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex');

const keyOf = (policy: string, seed: number, marks: unknown): string =>
  `${policy.replace(/[^A-Za-z0-9-]+/g, '-').replace(/^-+/, '')}-seed${seed}-${digestOf(JSON.stringify([policy, seed, marks])).slice(0, 20)}`;

const policyMarkOf = (name: string, file: string): string =>
  name === clairvoyant || named.has(name) ? name : policyMark(policyPath(name, file));

/** What a variant's results depend on: its fields but those that only say which cells there are, and the records it reads. */
const variantMark = (
  { name: _n, policies: _p, baseline: _b, seeds: _s, sweep: _w, ...fields }: ScenarioFile,
  inputs: PlannedVariant['inputs'],
): string => digestOf(JSON.stringify([fields, inputs]));

/** @param known  by absolute path; what is read for one variant is not read again */
function inputsOf({ jobs, grid }: ScenarioFile, file: string, known: Map<string, string>): Record<string, string> {
  const inputs: Record<string, string> = {};
  for (const path of [jobs.file, grid.records, ...filesOf(grid.zones)]) {
    if (path === undefined) continue;
    const at = resolve(dirname(file), path);
    const mark = known.get(at) ?? inputMark(at);
    known.set(at, mark);
    inputs[path] = mark;
  }
  return inputs;
}

/** A mark of a file's bytes, or of all files of a folder; of nothing when it is not there, which whoever reads it will tell. */
function inputMark(path: string): string {
  const found = [path, `${path}.gz`].find((each) => statSync(each, { throwIfNoEntry: false }));
  if (found === undefined) return 'nothing';
  if (!statSync(found).isDirectory()) return digestOf(readFileSync(found));
  const files = readdirSync(found, { recursive: true, encoding: 'utf8' }).filter((each) => statSync(join(found, each)).isFile());
  return digestOf(
    files
      .sort()
      .map((each) => `${each} ${digestOf(readFileSync(join(found, each)))}`)
      .join('\n'),
  );
}

/** What came of a cell, and the study it ran: under its own load where the fleet moves its signals. */
export interface CellRun extends SettledRun {
  /** Jobs that no site is wide enough for. */
  readonly tooWide: number;
}

/** Runs cells of a plan one after another; what it prepared for the last one serves the next of the same variant and seed. */
export interface CellRunner {
  /** Resolves to nothing for a river that was stopped on its way. */
  run(
    cell: Pick<Cell, 'variant' | 'seed' | 'policy'>,
    options?: { readonly progress?: (share: number) => void; readonly stop?: AbortSignal },
  ): Promise<CellRun | undefined>;
}

/** @throws as `loadScenario`; PolicyFault for a policy that breaks */
export function createCellRunner({ file, variants }: { readonly file: string; readonly variants: readonly Variant[] }): CellRunner {
  let loaded: { readonly variant: number; readonly scenario: LoadedScenario } | undefined;
  let last:
    | { readonly variant: number; readonly seed: number; readonly prepared: Prepared; readonly forecaster: Forecaster | undefined }
    | undefined;
  return {
    run: async ({ variant, seed, policy }, { progress, stop } = {}) => {
      if (loaded?.variant !== variant) {
        const { scenario } = variants[variant] as Variant;
        loaded = { variant, scenario: await loadScenario(file, scenario) };
      }
      const { scenario } = loaded;
      if (last?.variant !== variant || last.seed !== seed) {
        const prepared = await scenario.studyOf(seed);
        last = { variant, seed, prepared, forecaster: undefined };
      }
      const { prepared } = last;
      if (scenario.scenario.depth === 'river') {
        const learning = scenario.scenario.forecaster === 'trained' ? riverLearning() : undefined;
        const stopped = () => stop?.aborted ?? false;
        const done = await runAsRiver(scenario.scenario, prepared, policy, { ...(learning && { learning }), stopped, progress });
        return done && { ...done, tooWide: prepared.tooWide };
      }
      const forecaster = last.forecaster ?? (await scenario.forecasterOf(prepared.study));
      last = { ...last, forecaster };
      const { study } = prepared;
      const told = progress && ((slots: number) => progress(slots / study.slots));
      const own = policy === clairvoyant ? undefined : await scenario.policyOf(policy);
      const place = (on: Study) => (own ? runStudy(on, own, forecaster, told) : runClairvoyant(on));
      const { making, tooWide } = prepared;
      return { tooWide, ...(making ? runMoving(study, making, place) : { study, run: place(study) }) };
    },
  };
}

/** Models are trained anew in each cell: nothing is handed from one to the next. */
const riverLearning = () => ({ ...learningEngine(() => {}), models: createMemoryModelStore() });

/** What of a run is kept when its jobs and slots are not. */
export const keptOf = ({ policy, forecaster, seed, metrics, convergence }: StudyRun): RunMetrics => ({
  policy,
  forecaster,
  seed,
  metrics,
  ...(convergence ? { convergence } : {}),
});
